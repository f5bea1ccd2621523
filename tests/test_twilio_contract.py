# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""The real requests to Twilio against Twilio's published description."""

import contextlib
from datetime import datetime, timezone

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.auto_shop.tests.common_texts import AutoShopTextsCommon
from odoo.addons.auto_shop.tests.fake_twilio import SERVICE_SID
from odoo.addons.auto_shop.tools.twilio_http import TwilioRefusal

from .prism import PrismMixin


@tagged("post_install", "-at_install")
class TestTwilioContract(PrismMixin, AutoShopTextsCommon):
    contract = "twilio_api_v2010.json"

    def setUp(self):
        super().setUp()
        params = self.env["ir.config_parameter"]
        params.set_param("auto_shop.twilio_api_base_url", self.prism_url)
        params.set_param("auto_shop.sms_timeout", "60")
        self.company.partner_id.invalidate_recordset()
        self.api = self.company._get_sms_api_class()(self.env)
        self.api._set_company(self.company)
        self.line = self.api._get_client().http_client
        self._keep_answers(self.line._pool)

    def _send(self):
        return self.api._send_sms_batch(
            [
                {
                    "content": "Your car is ready 👍",
                    "numbers": [{"number": "+15125560001", "uuid": "a" * 32}],
                }
            ]
        )

    def test_text_from_a_number(self):
        (result,) = self._send()
        self.assertEqual([answer.status for answer in self.answers], [201])
        self.assertEqual(result["state"], "sent")
        self.assertTrue(result["provider_ref"])

    def test_text_from_a_messaging_service(self):
        self.company.twilio_messaging_service_sid = SERVICE_SID
        (result,) = self._send()
        self.assertEqual([answer.status for answer in self.answers], [201])
        self.assertEqual(result["state"], "sent")

    def _assert_request_is_sound(self, answer):
        """The published examples break the published schema (relative addresses in
        fields of format uri), so Prism complains of its own answer. What it says of
        the request is what counts."""
        violations = answer.json().get("validation", [])
        self.assertEqual([v for v in violations if v["location"][0] != "response"], [])
        self.assertTrue(answer.status == 200 or violations, answer.data)

    def test_numbers_of_the_account(self):
        with contextlib.suppress(UserError):  # of Prism's complaint
            self.api._fetch_numbers()
        self._assert_request_is_sound(self.answers[0])

    def test_message_list(self):
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        row = {
            "uuid": "a" * 32,
            "number": "+15125560001",
            "body": "Hello",
            "claimed_at": now,
        }
        self.api._find_sent([row])
        self.assertTrue(self.answers)
        for answer in self.answers:
            self._assert_request_is_sound(answer)

    def test_prism_refuses_what_breaks_the_contract(self):
        """Else the tests above would prove nothing."""
        client = self.api._get_client()
        broken = [
            lambda: client.messages.create(to="+15125560001", send_at="soon"),
            lambda: client.messages.page(page_size=0),
        ]
        for ask in broken:
            with self.subTest(), self.assertRaises(TwilioRefusal):
                ask()
            violations = self.answers[-1].json()["validation"]
            locations = {violation["location"][0] for violation in violations}
            self.assertLessEqual(locations, {"body", "query"})
