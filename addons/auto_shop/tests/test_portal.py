# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import AutoShopCommon

# A picture of one pixel.
SIGNATURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAA"
    "AABJRU5ErkJggg=="
)
CONTACT = {"email_normalized", "first_name", "last_name", "mobile", "phone"}
# What a customer may know of himself, of his jobs and of the shop. The rest is the
# shop's own business; a new field has to be decided about, here or by its groups.
OPEN_TO_CUSTOMERS = {
    "account.move": {"vehicle_id"},
    "calendar.event": {
        "company_id",
        "customer_confirmed",
        "customer_id",
        "location",
        "name",
        "shop_state",
        "vehicle_id",
        "work_order_id",
    },
    "res.company": {"shop_tz", "sms_provider"},
    "res.partner": CONTACT,
    "res.users": CONTACT,
    "sale.order": {
        "event_count",
        "event_ids",
        "next_appointment",
        "odometer",
        "odometer_unit",
        "vehicle_id",
    },
}


class PortalCase(AutoShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._create_customer()
        cls.portal = cls._create_portal_user(cls.customer)
        cls.vehicle = cls.env["customer.vehicle"].create(
            {
                "owner_id": cls.customer.id,
                "company_id": cls.company.id,
                "license_plate": "TEX 123",
            }
        )
        cls.order = cls._create_order(
            cls.customer, vehicle_id=cls.vehicle.id, odometer=52000, state="sent"
        )
        cls.order.message_subscribe(cls.customer.ids)


@tagged("post_install", "-at_install")
class TestPortal(PortalCase):
    """What a customer with a login reads by RPC."""

    def test_every_field_is_decided_about(self):
        public = self.env.ref("base.public_user")
        readable = self._get_readable_fields(self.portal, "auto_shop")
        self.assertEqual(readable, OPEN_TO_CUSTOMERS)
        for model, names in self._get_readable_fields(public, "auto_shop").items():
            with self.subTest(model):
                self.assertLessEqual(names, OPEN_TO_CUSTOMERS[model])

    @mute_logger("odoo.models", "odoo.addons.base.models.ir_rule")
    def test_the_business_of_the_shop_stays_in_the_shop(self):
        order = self._as(self.order, self.portal)
        self.assertEqual(order.read(["odometer"])[0]["odometer"], 52000)
        self.assertNotIn("text_block_reason", order.fields_get())
        for name in ("can_be_texted", "text_block_reason", "open_question"):
            with self.subTest(name), self.assertRaises(AccessError):
                order.read([name])
        customer = self._as(self.customer, self.portal)
        for name in ("sms_stopped_at", "do_not_call", "email_hard_bounced"):
            with self.subTest(name, way="read"), self.assertRaises(AccessError):
                customer.read([name])
            with self.subTest(name, way="search"), self.assertRaises(AccessError):
                customer.search([(name, "!=", False)])
            with self.subTest(name, way="order"), self.assertRaises(AccessError):
                customer.search([], order=name)
            with self.subTest(name, way="group"), self.assertRaises(AccessError):
                customer._read_group([], [name])
            with self.subTest(name, way="path"), self.assertRaises(AccessError):
                order.search([(f"partner_id.{name}", "!=", False)])

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_appointments_of_others_are_not_seen(self):
        event = self.env["calendar.event"].create(
            {
                "shop_state": "booked",
                "customer_id": self._create_customer(name="Bo Other").id,
                "company_id": self.company.id,
                "start": fields.Datetime.now() + timedelta(days=1),
            }
        )
        self.assertNotIn(event, self._as(event, self.portal).search([]))
        with self.assertRaises(AccessError):
            self._as(event, self.portal).read(["name"])


@tagged("post_install", "-at_install")
class TestPortalPages(PortalCase, HttpCase):
    """Odoo's own pages for customers work as before."""

    def test_order_pages(self):
        self.authenticate(self.portal.login, self.portal.login)
        for address in (
            "/my/home",
            "/my/account",
            "/my/quotes",
            self.order.get_portal_url(),
        ):
            with self.subTest(address):
                response = self.url_open(address)
                self.assertEqual(response.status_code, 200)
        self.assertIn(self.order.name, response.text)

    def test_order_page_by_link_alone(self):
        self.order._portal_ensure_token()
        response = self.url_open(self.order.get_portal_url())
        self.assertEqual(response.status_code, 200)
        self.assertIn(self.order.name, response.text)

    def test_customer_signs_the_quote(self):
        self.order.write({"require_signature": True, "require_payment": False})
        self.authenticate(self.portal.login, self.portal.login)
        self.make_jsonrpc_request(
            f"/my/orders/{self.order.id}/accept",
            {
                "access_token": self.order._portal_ensure_token(),
                "name": "Ann Miller",
                "signature": SIGNATURE,
            },
        )
        self.assertEqual(self.order.state, "sale")
        self.assertEqual(self.vehicle.odometer_reading_ids.value, 52000)
