# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import date

import psycopg2
import ultravin
from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import AutoShopCommon

ACCORD = "1HGCM82633A004352"


class VehicleCommon(AutoShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.env["res.partner"].create({"name": "Rosa Delgado"})
        cls.vehicles = cls.env["customer.vehicle"].with_user(cls.staff)

    @classmethod
    def _create_vehicle(cls, **vals):
        return cls.vehicles.create({"owner_id": cls.owner.id, **vals})

    @classmethod
    def _as_outsider(cls, records):
        return records.with_user(cls.outsider).with_context(
            allowed_company_ids=cls.other_company.ids
        )

    @classmethod
    def _make(cls, name):
        return cls.env["vehicle.make"]._find_or_create([name])[name]

    @classmethod
    def _model(cls, make, name):
        make = cls._make(make)
        return cls.env["vehicle.model"]._find_or_create([(make, name)])[make, name]


@tagged("post_install", "-at_install")
class TestVehicle(VehicleCommon):
    def test_separator_alone_names_no_vehicle(self):
        """An import with an empty display name must not link any vehicle."""
        customer = self._create_customer(name="Lone Sign")
        self.env["customer.vehicle"].create({"owner_id": customer.id})
        for text in ("·", " · ", "Lone ·"):
            with self.subTest(text=text):
                self.assertFalse(
                    self.env["customer.vehicle"].search([("display_name", "=", text)])
                )

    def test_vin_and_plate_are_normalised_on_every_way_in(self):
        vehicle = self._create_vehicle(
            vin="1hg cm826-33a004352", license_plate="7abc  123"
        )
        self.assertEqual(vehicle.vin, ACCORD)
        self.assertEqual(vehicle.license_plate, "7ABC 123")
        self.assertEqual(vehicle.license_plate_key, "7ABC123")
        vehicle.write({"vin": " ", "license_plate": "tx-9"})
        self.assertEqual((vehicle.vin, vehicle.license_plate_key), (False, "TX9"))
        result = self.vehicles.load(
            ["owner_id/.id", "vin", "license_plate"],
            [[str(self.owner.id), "1hg-cm82633a004352", "q 1"]],
        )
        self.assertFalse(result["messages"])
        loaded = self.vehicles.browse(result["ids"])
        self.assertEqual((loaded.vin, loaded.license_plate_key), (ACCORD, "Q1"))

    def test_display_name(self):
        camry = self._model("Toyota", "Camry").id
        cases = [
            (
                {"year": 2019, "model_id": camry, "license_plate": "7abc123"},
                "2019 Toyota Camry · 7ABC123",
            ),
            ({"model_id": camry, "vin": ACCORD}, "Toyota Camry · 3A004352"),
            ({"year": 2019}, "2019"),
            ({"license_plate": "x1"}, "X1"),
            ({}, "Vehicle of Rosa Delgado"),
        ]
        for vals, expected in cases:
            with self.subTest(vals=vals):
                self.assertEqual(self._create_vehicle(**vals).display_name, expected)

    def test_display_name_queries_do_not_grow(self):
        camry = self._model("Toyota", "Camry").id
        vals = {"owner_id": self.owner.id, "model_id": camry, "year": 2019}
        counts = []
        for size in (5, 5, 100):
            vehicles = self.vehicles.create([dict(vals) for _i in range(size)])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            vehicles.mapped("display_name")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])
        self.assertLessEqual(counts[2], 6)

    def _search_names(self, text, operator="ilike"):
        """Ids found among the vehicles of this test; there may be others."""
        mine = [("owner_id", "=", self.owner.id)]
        found = self.vehicles.name_search(text, domain=mine, operator=operator)
        return [vehicle_id for vehicle_id, _name in found]

    def _search_mine(self, domain):
        return self.vehicles.search([("owner_id", "=", self.owner.id), *domain])

    def test_name_search(self):
        vehicle = self._create_vehicle(
            year=2019,
            model_id=self._model("Toyota", "Camry").id,
            license_plate="7ABC-123",
            vin=ACCORD,
            driver_id=self.env["res.partner"].create({"name": "Juan"}).id,
        )
        self._create_vehicle(license_plate="OTHER")
        found = [
            ACCORD,
            "1hg cm826 33a004352",
            "1hg-cm82633a004352",
            "004352",
            "3a004352",
            "7abc 123",
            "7ABC123",
            "7-abc-123",
            "camry toyota",
            "2019 camry",
            "delgado 7abc",
            "juan",
            vehicle.display_name,
        ]
        for text in found:
            with self.subTest(text=text):
                self.assertEqual(self._search_names(text), vehicle.ids)
        for text in ("004353", "camry honda", "7abd"):
            with self.subTest(text=text):
                self.assertFalse(self._search_names(text))
        self.assertEqual(len(self._search_names("")), 2)
        self.assertNotIn(
            vehicle, self._search_mine([("display_name", "not ilike", "camry")])
        )

    def test_exact_search_wants_the_whole(self):
        vehicle = self._create_vehicle(
            year=2019,
            model_id=self._model("Toyota", "Camry").id,
            license_plate="7ABC-123",
            vin=ACCORD,
        )
        no_plate = self._create_vehicle(year=2003, vin="5YJ3E1EA5KF328931")
        cases = [
            (ACCORD, vehicle),
            ("1hg cm82633a004352", vehicle),
            ("7abc 123", vehicle),
            (vehicle.display_name, vehicle),
            (no_plate.display_name, no_plate),
            ("004352", self.vehicles),
            ("7ABC", self.vehicles),
            ("2018 Toyota Camry · 7ABC-123", self.vehicles),
            ("2019 Toyota Camry · 7ABC", self.vehicles),
            ("-", self.vehicles),
        ]
        for text, expected in cases:
            with self.subTest(text=text):
                self.assertEqual(self._search_names(text, "="), expected.ids)
        search = [("display_name", "in", ["7abc123", no_plate.vin])]
        self.assertEqual(self._search_mine(search), no_plate + vehicle)
        search = [("display_name", "!=", "7abc123")]
        self.assertEqual(self._search_mine(search), no_plate)
        self.assertFalse(self._search_mine([("display_name", "=", False)]))

    def test_created_from_what_is_typed_into_an_order(self):
        vehicles = self.vehicles.with_context(default_owner_id=self.owner.id)
        by_vin = vehicles.browse(vehicles.name_create("1hg cm82633a004352")[0])
        self.assertEqual(by_vin.display_name, "2003 Honda Accord · 3A004352")
        by_plate = vehicles.browse(vehicles.name_create("7abc 123")[0])
        self.assertEqual(by_plate.license_plate, "7ABC 123")
        self.assertEqual(by_plate.owner_id, self.owner)
        unknown = vehicles.browse(vehicles.name_create("11111111111111111")[0])
        self.assertEqual((unknown.vin, unknown.year), ("1" * 17, 0))
        with self.assertRaisesRegex(UserError, "Choose the customer first"):
            self.vehicles.name_create("7ABC124")

    def test_what_belongs_to_the_vehicle_is_counted_and_opened(self):
        vehicle = self._create_vehicle()
        other = self._create_vehicle()
        common = {"vehicle_id": vehicle.id, "company_id": self.company.id}
        self.env["sale.order"].create([{**common, "partner_id": self.owner.id}] * 2)
        self.env["calendar.event"].create(
            {
                **common,
                "name": "Brakes",
                "start": "2026-11-23 15:00:00",
                "stop": "2026-11-23 16:00:00",
                "customer_id": self.owner.id,
                "shop_state": "booked",
            }
        )
        self.env["customer.interaction"].create(
            [{**common, "partner_id": self.owner.id, "channel": "memo"}] * 3
        )
        self.env["vehicle.deferred.work"].create(
            {"vehicle_id": vehicle.id, "description": "Brakes"}
        )
        journal = self.env["account.journal"].create(
            {
                "name": "Sales",
                "code": "VEHS",
                "type": "sale",
                "company_id": self.company.id,
            }
        )
        self.env["account.move"].create(
            [
                {"move_type": kind, "journal_id": journal.id, **common}
                for kind in ("out_invoice", "out_refund", "entry")
            ]
        )
        vehicles = vehicle | other
        vehicles.invalidate_recordset()
        cases = [
            ("order_count", "action_open_orders", 2),
            ("invoice_count", "action_open_invoices", 2),
            ("event_count", "action_open_appointments", 1),
            ("interaction_count", "action_open_interactions", 3),
            ("open_work_count", "action_open_deferred_work", 1),
        ]
        for name, method, count in cases:
            with self.subTest(name=name):
                self.assertEqual(vehicles.mapped(name), [count, 0])
                action = getattr(vehicle, method)()
                records = self.env[action["res_model"]].with_user(self.staff)
                self.assertEqual(records.search_count(action["domain"]), count)
                self.assertEqual([mode for _id, mode in action["views"]][:1], ["list"])
                self.assertTrue(action["name"])

    def test_from_the_customer_to_their_vehicles(self):
        driver = self.env["res.partner"].create({"name": "Joe"})
        own = self._create_vehicle(license_plate="X1")
        driven = self._create_vehicle(license_plate="X2", driver_id=driver.id)
        for partner, vehicles in ((self.owner, own | driven), (driver, driven)):
            with self.subTest(partner.name):
                action = partner.with_user(self.staff).action_view_vehicles()
                self.assertEqual(self.vehicles.search(action["domain"]), vehicles)
                new = self.vehicles.with_context(**action["context"]).new()
                self.assertEqual(new.owner_id._origin, partner)

    def test_search_follows_a_renamed_owner(self):
        vehicle = self._create_vehicle(license_plate="X1")
        self.owner.name = "Rosa Vega"
        self.assertEqual(
            self.vehicles.search([("display_name", "ilike", "vega")]), vehicle
        )
        self.assertFalse(self.vehicles.search([("display_name", "ilike", "delgado")]))

    def test_same_vin_twice_is_refused_and_names_the_card(self):
        first = self._create_vehicle(vin=ACCORD, license_plate="7ABC123")
        with self.assertRaisesRegex(
            ValidationError, f"{ACCORD}.*7ABC123.*Rosa Delgado"
        ):
            self._create_vehicle(vin=ACCORD.lower())
        second = self._create_vehicle()
        with self.assertRaisesRegex(ValidationError, "7ABC123"):
            second.vin = ACCORD
        with self.assertRaisesRegex(ValidationError, "comes twice"):
            self.vehicles.create(
                [
                    {"owner_id": self.owner.id, "vin": "5YJ3E1EA5KF328931"},
                    {"owner_id": self.owner.id, "vin": "5yj3e1ea5kf328931"},
                ]
            )
        with self.assertRaisesRegex(ValidationError, "7ABC123"):
            self._create_vehicle(vin=ACCORD, company_id=False)
        first.write({"vin": ACCORD, "color": "Red"})
        first.action_archive()
        second.vin = ACCORD
        with self.assertRaisesRegex(ValidationError, "already on the card"):
            first.action_unarchive()

    def test_same_vin_is_refused_by_the_database(self):
        self._create_vehicle(vin=ACCORD)
        second = self._create_vehicle()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
        ):
            self.env.cr.execute(
                "UPDATE customer_vehicle SET vin = %s WHERE id = %s",
                [ACCORD, second.id],
            )

    def test_same_vin_in_two_companies_is_allowed(self):
        self._create_vehicle(vin=ACCORD)
        other = self._as_outsider(self.vehicles).create(
            {"owner_id": self.owner.id, "vin": ACCORD}
        )
        self.assertEqual(other.company_id, self.other_company)

    def test_shared_card_takes_the_vin_for_every_location(self):
        self._create_vehicle(vin=ACCORD, company_id=False, license_plate="SHARED")
        with self.assertRaisesRegex(ValidationError, "SHARED"):
            self._create_vehicle(vin=ACCORD)

    def test_vin_warning(self):
        cases = [
            (False, False, False),
            (ACCORD, False, False),
            (ACCORD[:-1], "17 characters; this one has 16", False),
            ("1HGCM82633A0O4352", "I, O and Q", False),
            ("1HGCM82643A004352", "check digit", True),
        ]
        for vin, words, may_use_anyway in cases:
            with self.subTest(vin=vin):
                vehicle = self.vehicles.new({"vin": vin})
                if words:
                    self.assertIn(words, vehicle.vin_warning)
                else:
                    self.assertFalse(vehicle.vin_warning)
                self.assertEqual(vehicle.vin_lacks_check_digit, may_use_anyway)

    @freeze_time("2026-11-21")
    def test_year(self):
        for year in (1886, 1969, 2027, 2028, 0):
            with self.subTest(year=year):
                self.assertEqual(self._create_vehicle(year=year).year, year)
        for year in (19, 1885, 2029, 20199, -1):
            with (
                self.subTest(year=year),
                self.assertRaisesRegex(ValidationError, "no model year"),
            ):
                self._create_vehicle(year=year)

    def test_make_comes_with_the_model(self):
        camry = self._model("Toyota", "Camry")
        vehicle = self._create_vehicle(model_id=camry.id)
        self.assertEqual(vehicle.make_id, self._make("Toyota"))
        with self.assertRaisesRegex(ValidationError, "Camry is a model of Toyota"):
            vehicle.make_id = self._make("Honda")
        with Form(vehicle) as form:
            form.make_id = self._make("Honda")
            self.assertFalse(form.model_id)

    def test_register_visit_raises_and_never_lowers(self):
        vehicles = self._create_vehicle() | self._create_vehicle()
        vehicles[1]._register_visit(date(2026, 5, 1))
        vehicles._register_visit(date(2026, 3, 1))
        self.assertEqual(
            vehicles.mapped("last_visit_date"), [date(2026, 3, 1), date(2026, 5, 1)]
        )

    def test_register_visit_queries_do_not_grow(self):
        for count in (5, 50):
            vehicles = self.vehicles.create(
                [{"owner_id": self.owner.id} for _i in range(count)]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            with self.subTest(count=count), self.assertQueryCount(8):
                vehicles._register_visit(date(2026, 3, 1))
                self.env.flush_all()

    def test_order_is_new_cards_then_latest_visit(self):
        vehicles = self.vehicles.create([{"owner_id": self.owner.id}] * 4)
        vehicles[0]._register_visit(date(2026, 5, 1))
        vehicles[1]._register_visit(date(2026, 6, 1))
        self.assertEqual(
            self.vehicles.search([("owner_id", "=", self.owner.id)]),
            vehicles[3] + vehicles[2] + vehicles[1] + vehicles[0],
        )

    def test_merged_customers_keep_the_vehicles(self):
        double = self.env["res.partner"].create({"name": "R. Delgadillo"})
        vehicle = self._create_vehicle(
            owner_id=double.id, driver_id=double.id, vin=ACCORD
        )
        elsewhere = self._as_outsider(self.vehicles).create(
            {"owner_id": double.id, "vin": ACCORD}
        )
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((double | self.owner).ids, self.owner, extra_checks=False)
        self.assertFalse(double.exists())
        for card in (vehicle, elsewhere):
            self.assertEqual(card.owner_id, self.owner)
        self.assertEqual(vehicle.driver_id, self.owner)
        search = [("display_name", "ilike", "Rosa")]
        self.assertEqual(self.vehicles.search(search), vehicle)
        self.assertFalse(
            self.vehicles.search([("display_name", "ilike", "Delgadillo")])
        )

    def test_owner_with_vehicles_is_not_deleted(self):
        self._create_vehicle()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError),
        ):
            self.owner.unlink()

    def test_copy_leaves_out_what_belongs_to_one_vehicle(self):
        vehicle = self._create_vehicle(vin=ACCORD, license_plate="X1", year=2003)
        copy = vehicle.copy()
        self.assertEqual(
            (copy.vin, copy.license_plate, copy.year), (False, False, 2003)
        )


@tagged("post_install", "-at_install")
class TestVehicleDecode(VehicleCommon):
    def test_decode_fills_the_card(self):
        vehicle = self._create_vehicle(vin=ACCORD)
        action = vehicle.action_decode_vin()
        self.assertEqual(action["params"]["type"], "success")
        self.assertIn("2003 Honda Accord", action["params"]["message"])
        self.assertRecordValues(
            vehicle,
            [
                {
                    "year": 2003,
                    "make_id": self._make("honda").id,
                    "model_id": self._model("HONDA", "ACCORD").id,
                    "submodel": "EX-V6",
                    "engine": "3.0L V6 J30A4",
                }
            ],
        )
        self.assertEqual(vehicle.make_id.name, "Honda")

    def test_decode_overwrites_only_what_the_vin_tells(self):
        vehicle = self._create_vehicle(
            vin="5YJ3E1EA5KF328931",
            year=1999,
            model_id=self._model("Honda", "Accord").id,
            submodel="Long Range",
            engine="2.0L",
        )
        self.assertFalse(vehicle.vin_warning)
        vehicle.action_decode_vin()
        self.assertRecordValues(
            vehicle,
            [
                {
                    "year": 2019,
                    "make_id": self._make("Tesla").id,
                    "model_id": self._model("Tesla", "Model 3").id,
                    "submodel": "Long Range",
                    "engine": "Electric",
                }
            ],
        )

    def test_what_cannot_be_decoded_changes_nothing_and_says_why(self):
        cases = [
            (False, "no VIN"),
            (ACCORD[:-1], "17 characters"),
            ("1HGCM82633A0O4352", "I, O and Q"),
            ("1HGCM82643A004352", "check digit"),
            ("11111111111111111", "Nothing is known"),
        ]
        makes = self.env["vehicle.make"].search_count([])
        for vin, words in cases:
            with self.subTest(vin=vin):
                vehicle = self._create_vehicle(vin=vin, year=2001, engine="2.0L")
                with self.assertRaisesRegex(UserError, words):
                    vehicle.action_decode_vin()
                self.assertRecordValues(
                    vehicle,
                    [{"vin": vin, "year": 2001, "engine": "2.0L", "make_id": False}],
                )
        self.assertEqual(self.env["vehicle.make"].search_count([]), makes)

    def test_use_anyway_is_for_the_check_digit_alone(self):
        vehicle = self._create_vehicle(vin="1HGCM82643A004352")
        vehicle.action_decode_vin_anyway()
        self.assertEqual(vehicle.display_name, "2003 Honda Accord · 3A004352")
        self.assertIn("check digit", vehicle.vin_warning)
        european = self._create_vehicle(
            vin="WVWZZZ1KZAW123456", model_id=self._model("Honda", "Accord").id
        )
        action = european.action_decode_vin_anyway()
        self.assertEqual(action["params"]["type"], "warning")
        self.assertEqual(european.make_id.name, "Volkswagen")
        self.assertFalse(european.model_id, "the model was one of another make")
        for vin in ("1HGCM82633A0O4352", ACCORD[:-1], "VF7SXHMZ6ET500000"):
            with self.subTest(vin=vin), self.assertRaises(UserError):
                self._create_vehicle(vin=vin).action_decode_vin_anyway()

    def test_decode_many_reports_each(self):
        vehicles = self.vehicles.create(
            [
                {"owner_id": self.owner.id, "vin": ACCORD},
                {"owner_id": self.owner.id, "vin": "5YJ3E1EA5KF328931"},
                {"owner_id": self.owner.id, "license_plate": "NOVIN"},
                {"owner_id": self.owner.id, "vin": "SHORT1"},
            ]
        )
        action = vehicles.action_decode_vins()
        message = action["params"]["message"]
        self.assertEqual(vehicles.mapped("year"), [2003, 2019, 0, 0])
        self.assertIn("2 filled", message)
        self.assertIn("2 left as they were", message)
        self.assertRegex(message, "NOVIN: This card has no VIN")
        self.assertRegex(message, "SHORT1: A VIN has")
        self.assertEqual(action["params"]["type"], "warning")
        clean = vehicles[0].action_decode_vins()
        self.assertEqual(clean["params"]["type"], "success")

    def test_decode_many_queries_do_not_grow(self):
        counts = []
        for size, seed in ((40, 3), (400, 4)):
            vehicles = self._create_generated(size, seed)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            vehicles.action_decode_vins()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertTrue(all(vehicles.mapped("make_id")))
        # A constant, and one UPDATE per 100 rows and set of columns.
        self.assertLessEqual(counts[1], counts[0] + 20)

    def _create_generated(self, size, seed):
        vins = ultravin.generate(
            size, seed=seed, make="FORD", min_year=2000, invalid_rate=0
        )
        return self.vehicles.create(
            [{"owner_id": self.owner.id, "vin": vin} for vin in dict.fromkeys(vins)]
        )

    def test_makes_and_models_are_not_doubled(self):
        Make = self.env["vehicle.make"].with_user(self.staff)
        found = Make._find_or_create(
            ["HONDA", "honda ", "Zzyzx Motors", "ZZYZX MOTORS"]
        )
        self.assertEqual(len(set(found.values())), 2)
        self.assertEqual(found["HONDA"].name, "Honda")
        self.assertEqual(Make._find_or_create([""])[""], Make)
        self.assertEqual(Make.name_create("bmw")[1], "BMW")
        found["HONDA"].active = False
        self.assertEqual(Make._find_or_create(["Honda"])["Honda"], found["HONDA"])
        Model = self.env["vehicle.model"].with_user(self.staff)
        toyota = self._make("Toyota")
        names = [(toyota, "CAMRY"), (toyota, "Camry"), (found["HONDA"], "Camry")]
        models_ = Model._find_or_create(names)
        self.assertEqual(len(set(models_.values())), 2)
        self.assertEqual(
            Model.with_context(default_make_id=toyota.id).name_create("camry")[0],
            models_[toyota, "Camry"].id,
        )
        for model, vals in (
            (Make, {"name": "hOnda"}),
            (Model, {"name": " camry ", "make_id": toyota.id}),
        ):
            with (
                self.subTest(model=model._name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.UniqueViolation),
            ):
                model.create(vals)
