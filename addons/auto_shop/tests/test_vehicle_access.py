# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .test_vehicle import ACCORD, VehicleCommon


@tagged("post_install", "-at_install")
class TestVehicleAccess(VehicleCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vehicle = cls._create_vehicle(vin=ACCORD, odometer=100)
        cls.work = cls.env["vehicle.deferred.work"].create(
            {"vehicle_id": cls.vehicle.id, "description": "Brakes"}
        )
        cls.all = [cls.vehicle, cls.vehicle.odometer_reading_ids, cls.work]

    def test_staff_has_full_access(self):
        for record in reversed(self.all):
            with self.subTest(model=record._name):
                record = record.with_user(self.staff)
                record.read()
                record.write({"write_uid": self.staff.id})
                record.unlink()

    def test_without_the_role_nothing_is_reached(self):
        portal = new_test_user(self.env, "portal_owner", groups="base.group_portal")
        salesman = self._create_user("salesman", "sales_team.group_sale_salesman")
        makes = [self._make("Honda"), self._model("Honda", "Accord")]
        for user in (self.employee, salesman, portal):
            for record in self.all + makes:
                with self.subTest(user=user.login, model=record._name):
                    record = record.with_user(user)
                    for call in (
                        lambda record=record: record.read(["display_name"]),
                        lambda record=record: record.search([]),
                        lambda record=record: record.write({"write_uid": 1}),
                        lambda record=record: record.create({}),
                        lambda record=record: record.unlink(),
                    ):
                        with self.assertRaises(AccessError):
                            call()
            for method in ("action_decode_vin", "action_decode_vins"):
                with self.subTest(user=user.login, method=method):
                    with self.assertRaises(AccessError):
                        getattr(self.vehicle.with_user(user), method)()

    def test_other_location_sees_and_changes_nothing(self):
        for record in self.all:
            with self.subTest(model=record._name):
                record = self._as_outsider(record)
                self.assertFalse(record.search([("id", "in", record.ids)]))
                with self.assertRaises(AccessError):
                    record.read(["display_name"])
                with self.assertRaises(AccessError):
                    record.write({"active": False})
                with self.assertRaises(AccessError):
                    record.unlink()
        vehicles = self._as_outsider(self.vehicles)
        self.assertFalse(vehicles.name_search(ACCORD))
        with self.assertRaises(AccessError):
            vehicles.create({"owner_id": self.owner.id, "company_id": self.company.id})

    def test_shared_card_is_seen_everywhere(self):
        shared = self._create_vehicle(company_id=False, odometer=5)
        for record in (shared, shared.odometer_reading_ids):
            self._as_outsider(record).read()

    def test_card_that_moves_takes_its_rows_along(self):
        vehicle = self.vehicle.sudo()
        vehicle.company_id = self.other_company
        for record in self.all:
            self._as_outsider(record).read()
            with self.assertRaises(AccessError):
                record.with_user(self.staff).read(["display_name"])

    def test_only_a_manager_removes_a_make(self):
        make = self._make("Zzyzx")
        with self.assertRaises(AccessError):
            make.with_user(self.staff).unlink()
        make.with_user(self.manager).unlink()
        self.assertFalse(make.exists())
