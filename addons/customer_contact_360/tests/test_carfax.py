# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common_feed import FeedCommon

VIN = "1HGCM82633A004352"
MISTYPED = "1HGCM82643A004352"


class CarfaxCommon(FeedCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setup.with_user(cls.manager)._create_feeds()
        cls.carfax = cls.setup.carfax_feed_id
        cls.carfax.write({"delivery": "none", "line_end": "lf"})

    def _agree(self):
        feed = self.carfax.with_user(self.manager)
        self._turn_on(feed)


@tagged("post_install", "-at_install")
class TestCarfaxFeed(CarfaxCommon):
    """What CARFAX is told, and what not."""

    def _file(self):
        run = self._run_feed(self.carfax)
        return run, self._read(run) or ""

    def test_a_row(self):
        self._agree()
        self.vehicle.write({"submodel": "EX", "engine": "2.4L I4", "odometer": 61000})
        self.vehicle.odometer_reading_ids.date = "2020-02-03"
        move = self._invoice()
        _run, text = self._file()
        header, row = text.splitlines()
        values = dict(zip(header.split("|"), row.split("|"), strict=True))
        self.assertEqual(
            values,
            {
                "VIN": VIN,
                "RO_CLOSE_DATE": "02/03/2020",
                "MILEAGE": "61000",
                "ODOMETER_MEASURE": "MI",
                "RO_INVOICE_NUMBER": move.name,
                "SERVICE_DESCRIPTION": "Oil change",
                "MAKE": self.vehicle.make_id.name,
                "MODEL": "",
                "SUBMODEL": "EX",
                "ENGINE": "2.4L I4",
                "MODEL_YEAR": "2003",
                "PLATE": "ABC 123",
                "PLATE_STATE": "TX",
                "LOCATION_NAME": "Main Street Auto",
                "ADDRESS": "1 Main Street",
                "CITY": "Austin",
                "STATE": "TX",
                "POSTAL_CODE": "78701",
                "PHONE": values["PHONE"],
            },
        )
        self.assertIn("555", values["PHONE"])

    def test_nothing_of_customers_nor_amounts(self):
        """Held against everything that the database knows of every customer."""
        self._agree()
        people = self.env["res.partner"].create(
            [
                {
                    "name": f"Quentin Zyx{number}",
                    "email": f"zyx{number}@example.net",
                    "phone": f"+1512555{7100 + number}",
                    "mobile": f"+1512555{7200 + number}",
                    "street": f"{9100 + number} Zyxway Lane",
                    "street2": f"Apt Zyx{number}",
                    "zip": f"7{9100 + number}",
                }
                for number in range(5)
            ]
        )
        labor = self.env["product.product"].create(
            {"name": "Zyx labor", "type": "service", "is_service_package": False}
        )
        part = self.env["product.product"].create(
            {"name": "Zyx brake pad", "type": "consu"}
        )
        for number, person in enumerate(people):
            vehicle = self._create_vehicle(
                person, vin=False, license_plate=f"P{number}", driver_id=people[0].id
            )
            move = self._invoice(vehicle=vehicle, price=1234.56 + number, ref="Zyx ref")
            move.button_draft()
            move.invoice_line_ids[0].name = "Oil change for Quentin Zyx"
            move.invoice_line_ids = [
                Command.create(
                    {"product_id": product.id, "quantity": 3, "price_unit": 987.65}
                )
                for product in (labor, part)
            ]
            self._post(move)
        run, text = self._file()
        self.assertEqual(run.row_count, 5)
        self.assertNotIn("zyx", text.lower())
        forbidden = set()
        for name in ("name", "email", "phone", "mobile", "street", "street2", "zip"):
            forbidden.update(people.mapped(name))
        moves = self.env["account.move"].search([("partner_id", "in", people.ids)])
        for name in ("amount_total", "amount_untaxed", "amount_tax"):
            forbidden.update(f"{amount:.2f}" for amount in moves.mapped(name) if amount)
        forbidden.update(
            f"{price:.2f}" for price in moves.invoice_line_ids.mapped("price_unit")
        )
        self.assertGreater(len(forbidden), 35)
        for value in forbidden:
            self.assertNotIn(str(value), text)

    def test_columns_cannot_hold_anything_else(self):
        self._agree()
        self._invoice()
        with self.assertRaisesRegex(ValidationError, "must not be passed on"):
            self.carfax.column_ids[0].with_user(self.manager).source = "customer_name"
        # However it got there, it does not get out.
        self.env.cr.execute(
            "UPDATE customer_data_feed_column SET source = 'customer_name'"
            " WHERE id = %s",
            [self.carfax.column_ids[0].id],
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "must not be passed on"):
            self.carfax._get_preview()
        run, text = self._file()
        self.assertNotIn("Ann", text)
        self.assertTrue(run.error)

    def test_what_is_left_out(self):
        cases = [
            # vin, plate, has a state, goes, VIN in the file
            (VIN, "ABC1", True, True, VIN),
            (VIN, False, False, True, VIN),
            (MISTYPED, "ABC2", True, True, ""),
            (MISTYPED, "ABC3", False, False, None),
            (MISTYPED, False, False, False, None),
            (False, "ABC4", True, True, ""),
            (False, "ABC5", False, False, None),
            (VIN[:-1], False, True, False, None),
        ]
        self._agree()
        for vin, plate, has_state, goes, in_file in cases:
            with self.subTest(vin=vin, plate=plate, has_state=has_state):
                self.env["customer.vehicle"].search([]).write({"active": False})
                vehicle = self._create_vehicle(
                    self.ann,
                    vin=vin,
                    license_plate=plate,
                    license_state_id=has_state and self.state_texas.id,
                )
                move = self._invoice(vehicle=vehicle)
                run, text = self._file()
                if goes:
                    row = text.splitlines()[1].split("|")
                    self.assertEqual((row[0], run.row_count), (in_file, 1))
                else:
                    self.assertEqual(run.row_count, 0)
                    left_out = self.carfax_omissions(move)
                    self.assertIn("check digit", left_out.reason)
                move.button_draft()
                self.carfax.entered_from = fields.Datetime.subtract(
                    fields.Datetime.now(), days=1
                )

    def carfax_omissions(self, move):
        return self.env["customer.data.feed.omission"].search(
            [("feed_id", "=", self.carfax.id), ("move_id", "=", move.id)]
        )

    def test_odometer_below_an_earlier_one(self):
        cases = [
            # earlier value and unit, this one, left out
            (50000, "mi", 60000, False),
            (60000, "mi", 60000, False),
            (60001, "mi", 60000, True),
            (96561, "km", 60000, False),
            (96563, "km", 60000, True),
        ]
        self._agree()
        for value, unit, this, left_out in cases:
            with self.subTest(value=value, unit=unit, this=this):
                self.vehicle.odometer_reading_ids.unlink()
                self.env["vehicle.odometer.reading"].create(
                    [
                        {
                            "vehicle_id": self.vehicle.id,
                            "date": date,
                            "value": reading,
                            "unit": reading_unit,
                        }
                        for date, reading, reading_unit in (
                            ("2020-01-01", value, unit),
                            ("2020-02-03", this, "mi"),
                        )
                    ]
                )
                move = self._invoice()
                run, _text = self._file()
                self.assertEqual(run.row_count, 0 if left_out else 1)
                self.assertEqual(bool(self.carfax_omissions(move)), left_out)
                move.button_draft()
                self.carfax.entered_from = fields.Datetime.subtract(
                    fields.Datetime.now(), days=1
                )

    def test_what_was_put_right_goes_with_the_next_file(self):
        self._agree()
        vehicle = self._create_vehicle(self.ann, vin=MISTYPED, license_plate=False)
        move = self._invoice(vehicle=vehicle)
        self.assertEqual(self._file()[0].row_count, 0)
        vehicle.license_plate = "FIXED1"
        with self._at(self.carfax.entered_from + timedelta(seconds=1)):
            run, text = self._file()
        self.assertEqual(run.row_count, 1)
        self.assertIn(move.name, text)
        self.assertEqual(self.carfax_omissions(move).sent_run_id, run)


@tagged("post_install", "-at_install")
class TestCarfaxTerms(CarfaxCommon):
    """Nothing goes without an agreement to the terms that hold."""

    def test_cannot_be_switched_on_without_agreeing(self):
        feed = self.carfax.with_user(self.manager)
        with self.assertRaises(ValidationError):
            feed.enabled = True
        self.setup.with_user(self.manager).write({"carfax_enabled": True})
        self.env.invalidate_all()
        self.assertFalse(self.carfax.enabled)

    def test_the_whole_text_is_shown_and_kept(self):
        terms = self.env.ref("customer_contact_360.customer_data_feed_terms_carfax_1")
        action = self.carfax.with_user(self.manager).action_turn_on()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(wizard.text, terms.text)
        with self.assertRaisesRegex(UserError, "Tick"):
            wizard.with_user(self.manager).action_agree()
        wizard.with_user(self.manager).write({"agreed": True})
        wizard.with_user(self.manager).action_agree()
        agreement = self.carfax.agreement_id
        self.assertEqual(
            (agreement.user_id, agreement.version, agreement.text),
            (self.manager, "1", terms.text),
        )
        self.assertTrue(agreement.agreed_at)
        self.assertEqual(self.carfax.status, "on")

    def test_a_new_version_asks_again(self):
        self._agree()
        self._invoice()
        self.env["customer.data.feed.terms"].with_user(self.manager).create(
            {
                "provider": "carfax",
                "version": "2",
                "effective_on": fields.Date.subtract(fields.Date.today(), days=1),
                "text": "New terms",
            }
        )
        self.env.invalidate_all()
        self.assertEqual(self.carfax.status, "agreement")
        self.assertFalse(self._run_feed(self.carfax))
        with self.assertRaisesRegex(UserError, "changed since"):
            self.carfax.with_user(self.manager).action_agree("1")
        self.carfax.with_user(self.manager).action_agree("2")
        self.assertEqual(self._run_feed(self.carfax).row_count, 1)
        self.assertEqual(
            self.carfax.agreement_ids.sorted("id").mapped("version"), ["1", "2"]
        )

    def test_a_version_of_the_future_does_not_ask_yet(self):
        self._agree()
        self.env["customer.data.feed.terms"].create(
            {
                "provider": "carfax",
                "version": "2",
                "effective_on": fields.Date.add(fields.Date.today(), days=10),
                "text": "New terms",
            }
        )
        self.assertEqual(self.carfax.status, "on")

    def test_agreed_terms_are_never_changed(self):
        terms = self.env.ref("customer_contact_360.customer_data_feed_terms_carfax_1")
        terms.with_user(self.manager).text = "Corrected before anybody agreed"
        self._agree()
        with self.assertRaisesRegex(UserError, "stays as it is"):
            terms.with_user(self.manager).text = "Something else"
        with self.assertRaisesRegex(UserError, "stays as it is"):
            terms.with_user(self.manager).unlink()

    def test_staff_sees_nothing_of_it(self):
        self.setup.write(
            {
                "carfax_product_data_id": "0123456789ABCDEF",
                "carfax_location_code": "AUSTIN1",
            }
        )
        setup = self.setup.with_user(self.staff)
        for name in ("carfax_product_data_id", "carfax_password", "carfax_feed_id"):
            with self.subTest(name), self.assertRaises(AccessError):
                setup.read([name])
        with self.assertRaises(AccessError):
            self.env["customer.data.feed.terms"].with_user(self.staff).search([])


class _QuickVin(BaseHTTPRequestHandler):
    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(etree.fromstring(content))
        status, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Say nothing on the console."""


def _answer(vin):
    return (
        "<carfax-response><quickvinplus><vin-info>"
        f"<vin>{vin}</vin></vin-info></quickvinplus></carfax-response>"
    ).encode()


@tagged("post_install", "-at_install")
class TestPlateLookup(CarfaxCommon):
    """Plate and state fetch the VIN, and the VIN fills the card."""

    def setUp(self):
        super().setUp()
        self.card = self._create_vehicle(
            self.ann, vin=False, license_plate="abc-987", year=0, make_id=False
        ).with_user(self.staff)

    @contextmanager
    def _server(self, body, status=200):
        with HTTPServer(("127.0.0.1", 0), _QuickVin) as server:
            server.requests, server.answer = [], (status, body)
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            self._set_url(server.server_port)
            try:
                yield server
            finally:
                server.shutdown()
                thread.join()

    def _set_url(self, port):
        self.env["ir.config_parameter"].set_param(
            "customer_contact_360.carfax_quickvin_url", f"http://127.0.0.1:{port}/1"
        )

    def _use_carfax(self, agree=True):
        self.setup.write(
            {
                "plate_lookup_provider": "carfax",
                "carfax_product_data_id": "0123456789ABCDEF",
                "carfax_location_code": "AUSTIN1",
            }
        )
        if agree:
            self._agree()

    def test_off_until_enabled(self):
        self.assertFalse(self.card.plate_lookup_enabled)
        with self.assertRaisesRegex(UserError, "is off"):
            self.card.action_lookup_plate()

    def test_sandbox(self):
        self.setup.plate_lookup_provider = "sandbox"
        self.assertTrue(self.card.plate_lookup_enabled)
        self.card.action_lookup_plate()
        self.assertEqual(len(self.card.vin), 17)
        self.assertEqual((self.card.make_id.name, self.card.year), ("Honda", 2003))
        vin = self.card.vin
        self.card.action_lookup_plate()
        self.assertEqual(self.card.vin, vin)

    def test_carfax(self):
        self._use_carfax()
        self.vehicle.active = False
        with self._server(_answer(VIN)) as server:
            self.card.action_lookup_plate()
        self.assertEqual((self.card.vin, self.card.make_id.name), (VIN, "Honda"))
        (request,) = server.requests
        self.assertEqual(
            {node.tag: node.text or "" for node in request},
            {
                "license-plate": "ABC987",
                "state": "TX",
                "vin": "",
                "product-data-id": "0123456789ABCDEF",
                "location-id": "AUSTIN1",
            },
        )

    def test_carfax_wants_its_terms_agreed_to(self):
        self._use_carfax(agree=False)
        with self._server(_answer(VIN)) as server:
            with self.assertRaisesRegex(UserError, "terms of service"):
                self.card.action_lookup_plate()
        self.assertFalse(server.requests)

    def test_carfax_without_account_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "Product Data ID"):
            self.setup.plate_lookup_provider = "carfax"

    def test_answers_that_give_no_vin(self):
        refused = b'<r><error-messages><error-message code="302"/></error-messages></r>'
        cases = [
            ("unknown", 200, _answer(""), "No vehicle is known"),
            ("wrong check digit", 200, _answer(MISTYPED), "No vehicle is known"),
            ("account", 200, refused, "refuses the account"),
            ("garbage", 200, b"<html><p>Sorry", "cannot be read"),
            ("server error", 500, b"", "cannot be read"),
            ("empty", 200, b"", "cannot be read"),
        ]
        self._use_carfax()
        for name, status, body, sentence in cases:
            with self.subTest(name), self._server(body, status):
                with self.assertRaisesRegex(UserError, sentence) as caught:
                    self.card.action_lookup_plate()
                self.assertNotIn("0123456789ABCDEF", str(caught.exception))
                self.assertFalse(self.card.vin)

    def test_nobody_there(self):
        self._use_carfax()
        with self._server(b""):
            pass
        with self.assertRaisesRegex(UserError, "does not answer"):
            self.card.action_lookup_plate()

    def test_what_the_card_lacks(self):
        self.setup.plate_lookup_provider = "sandbox"
        self.card.license_state_id = False
        with self.assertRaisesRegex(UserError, "plate and its state"):
            self.card.action_lookup_plate()

    def test_another_vin_is_not_overwritten(self):
        self.setup.plate_lookup_provider = "sandbox"
        self.vehicle.license_plate = "XYZ 1"
        with self.assertRaisesRegex(UserError, "Correct the plate"):
            self.vehicle.with_user(self.staff).action_lookup_plate()
        self.assertEqual(self.vehicle.vin, VIN)

    def test_other_location(self):
        self.setup.plate_lookup_provider = "sandbox"
        card = self._create_vehicle(
            self.ann, vin=False, license_plate="Q1", company_id=self.other_company.id
        )
        with self.assertRaisesRegex(UserError, "is off"):
            self._as(card, self.outsider).action_lookup_plate()
        with self.assertRaises(AccessError):
            self._as(card, self.staff).action_lookup_plate()
