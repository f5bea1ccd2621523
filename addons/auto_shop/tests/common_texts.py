# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command

from .common import AutoShopCommon
from .fake_twilio import ACCOUNT_SID, SHOP_NUMBER, TOKEN, FakeTwilio


class AutoShopTextsCommon(AutoShopCommon):
    """A shop that texts through a Twilio on loopback."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["sms.sms"].search([]).unlink()
        cls._set_up_twilio(cls.company)
        set_param = cls.env["ir.config_parameter"].set_param
        set_param("auto_shop.sms_timeout", "1")
        # Client and provider are one process here, within Odoo's limit of memory.
        set_param("auto_shop.sms_threads", "4")

    def setUp(self):
        super().setUp()
        self.twilio = self.enterContext(FakeTwilio())
        self.env["ir.config_parameter"].set_param(
            "auto_shop.twilio_api_base_url", self.twilio.url
        )

    @classmethod
    def _set_up_twilio(cls, company, sid=ACCOUNT_SID, token=TOKEN, number=SHOP_NUMBER):
        company.write(
            {
                "sms_provider": "twilio",
                "sms_twilio_account_sid": sid,
                "sms_twilio_auth_token": token,
                "sms_twilio_number_ids": [
                    Command.clear(),
                    Command.create({"number": number, "country_id": cls.country_us.id}),
                ],
            }
        )

    @classmethod
    def _create_customers(cls, count, first=0, **vals):
        return cls.env["res.partner"].create(
            [
                {
                    "name": f"Customer {index}",
                    "mobile": f"+1512556{index:04d}",
                    "allow_texting": True,
                    "country_id": cls.country_us.id,
                    **vals,
                }
                for index in range(first, first + count)
            ]
        )

    @classmethod
    def _queue(cls, partners, body="Your car is ready", company=None, **vals):
        """What the dispatcher does: one row on the history and one in the queue."""
        company = company or cls.company
        interactions = cls.env["customer.interaction"].create(
            [
                {
                    "company_id": company.id,
                    "partner_id": partner.id,
                    "number": partner.text_number,
                    "channel": "sms",
                    "body": body,
                    "state": "queued",
                    "planned_at": fields.Datetime.now(),
                    **vals,
                }
                for partner in partners
            ]
        )
        return cls.env["sms.sms"].create(
            [
                {
                    "interaction_id": interaction.id,
                    "partner_id": interaction.partner_id.id,
                    "number": interaction.number,
                    "body": interaction.body,
                    "record_company_id": company.id,
                }
                for interaction in interactions
            ]
        )

    def _run_queue(self, minutes=0):
        """Let the queue work, `minutes` from now."""
        moment = fields.Datetime.now() + timedelta(minutes=minutes)
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            if minutes:
                with freeze_time(moment, tick=True):
                    self.env(cr=cr)["sms.sms"]._process_queue()
            else:
                self.env(cr=cr)["sms.sms"]._process_queue()
        self.env.invalidate_all()
