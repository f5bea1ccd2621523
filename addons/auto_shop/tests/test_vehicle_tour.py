# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger


@tagged("post_install", "-at_install")
class TestVehicleTour(HttpCase):
    def test_decode_on_a_card_that_was_never_saved(self):
        new_test_user(self.env, "tour_staff", groups="auto_shop.group_user")
        owner = self.env["res.partner"].create({"name": "Rosa Delgado"})
        self.env["customer.vehicle"].create({"owner_id": owner.id, "year": 2001})
        # The refusal that the tour provokes is logged by the server.
        with mute_logger("odoo.http"):
            self.start_tour(
                "/odoo/vehicles",
                "auto_shop_customer_vehicle_decode",
                login="tour_staff",
            )
        vehicle = self.env["customer.vehicle"].search(
            [("owner_id", "=", owner.id), ("vin", "!=", False)]
        )
        self.assertRecordValues(
            vehicle,
            [
                {
                    "vin": "1HGCM82633A004352",
                    "year": 2003,
                    "engine": "3.0L V6 J30A4",
                    "owner_id": owner.id,
                }
            ],
        )
