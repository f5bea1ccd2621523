# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from .common import AutoShopCommon

UNKNOWN_NUMBER = "+15125550199"


@tagged("post_install", "-at_install")
class TestConversationTour(AutoShopCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._create_customer()
        cls.bob = cls._create_customer(name="Bob Harris", mobile=False)
        now = fields.Datetime.now()
        texts = cls.env["customer.interaction"].create(
            [
                {
                    "company_id": cls.company.id,
                    "partner_id": partner.id if partner else False,
                    "number": partner.text_number if partner else UNKNOWN_NUMBER,
                    "channel": "sms",
                    "planned_at": now - timedelta(minutes=minutes),
                    **vals,
                }
                for minutes, partner, vals in (
                    (
                        30,
                        cls.customer,
                        {
                            "direction": "out",
                            "state": "failed",
                            "body": "Your car is ready",
                            "failure_reason": "The phone is switched off",
                        },
                    ),
                    (
                        5,
                        cls.customer,
                        {
                            "direction": "in",
                            "state": "delivered",
                            "body": "On my <b>way</b><img src=x onerror=alert(1)>",
                            "is_unread": True,
                        },
                    ),
                    (
                        10,
                        None,
                        {
                            "direction": "in",
                            "state": "delivered",
                            "body": "Do you fix rock chips?",
                            "is_unread": True,
                        },
                    ),
                )
            ]
        )
        cls.env["customer.text.thread"]._touch(texts)

    def test_read_reply_and_assign(self):
        self.start_tour("/odoo/texts", "auto_shop_conversation", login=self.staff.login)
        sent = self.env["customer.interaction"].search(
            [("partner_id", "=", self.customer.id), ("direction", "=", "out")],
            order="id",
        )
        self.assertRecordValues(
            sent,
            [
                # Sent again by the tour.
                {"body": "Your car is ready", "state": "planned"},
                {"body": "See you soon ☺", "state": "planned"},
            ],
        )
        self.assertEqual(sent[1].user_id, self.staff)
        self.assertEqual(self.bob.mobile, UNKNOWN_NUMBER)
        threads = self._as(self.env["customer.text.thread"], self.staff)
        self.assertEqual(threads.get_unread_count(), 0)

    def test_from_a_work_order(self):
        self.company.sms_provider = "sandbox"
        order = self._create_order(self.customer)
        self.start_tour(
            f"/odoo/sales/{order.id}",
            "auto_shop_conversation_dialog",
            login=self.staff.login,
        )

    def test_edit_a_wording(self):
        purpose = self.env["customer.interaction.purpose"].create(
            {"code": "tour_wording", "name": "Tour", "sms_body": "Hello"}
        )
        self._create_order(self.customer)
        self.start_tour(
            f"/odoo/message-wording/{purpose.id}",
            "auto_shop_wording",
            login=self.manager.login,
        )
        self.assertEqual(purpose.sms_body, "Hi:{{ first_name }}")
