# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from unittest.mock import patch

import requests
import urllib3

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from odoo.addons.sms.tools.sms_api import SmsApi

from ..hooks import post_init_hook
from .common_texts import AutoShopTextsCommon
from .fake_twilio import ACCOUNT_SID


@tagged("post_install", "-at_install")
class TestTwilioApi(AutoShopTextsCommon):
    def setUp(self):
        super().setUp()
        self.api = self.company._get_sms_api_class()(self.env)
        self.api._set_company(self.company)

    def _row(self, number, body="Hello", uuid="a" * 32, **vals):
        return {
            "uuid": uuid,
            "number": number,
            "body": body,
            "claimed_at": datetime.now(timezone.utc).replace(tzinfo=None),
            **vals,
        }

    def _send(self, *numbers, body="Hello"):
        return self.api._send_sms_batch(
            [
                {
                    "content": body,
                    "numbers": [
                        {"number": number, "uuid": f"{index:032x}"}
                        for index, number in enumerate(numbers)
                    ],
                }
            ]
        )

    def test_request_carries_account_and_address(self):
        self._send("+15125560001", body="Grüße & 100 % 👍")
        (request,) = self.twilio.requests
        self.assertEqual(
            request["path"], f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
        )
        expected = requests.auth._basic_auth_str(ACCOUNT_SID, "twilio-test-token")
        self.assertEqual(request["auth"], expected)
        self.assertEqual(request["data"]["Body"], "Grüße & 100 % 👍")

    def test_results_keep_the_order_and_the_names(self):
        numbers = [f"+151255600{index:02d}" for index in range(12)]
        self.twilio.behaviours[numbers[3]].append("21211")
        results = self._send(*numbers)
        self.assertEqual(
            [result["uuid"] for result in results],
            [f"{index:032x}" for index in range(12)],
        )
        self.assertEqual(results[3]["state"], "wrong_number_format")
        self.assertIn("21211", results[3]["failure_reason"])

    def test_machine_without_threads_makes_it_slower_only(self):
        numbers = [f"+151255600{index:02d}" for index in range(12)]
        with patch("threading.Thread.start", side_effect=RuntimeError("no more")):
            pool = self.api._get_pool()
            with patch.object(pool, "request", self._answer_at_once):
                results = self._send(*numbers)
        self.assertEqual({result["state"] for result in results}, {"sent"})

    @staticmethod
    def _answer_at_once(*args, **kwargs):
        return urllib3.HTTPResponse(b'{"sid": "SM1"}', status=201, preload_content=True)

    def test_retry_after_in_seconds_or_as_a_date(self):
        in_ten_minutes = datetime.now(timezone.utc) + timedelta(minutes=10)
        cases = [
            ("30", 30),
            ("", 0),
            ("soon", 0),
            ("-5", 0),
            (format_datetime(in_ten_minutes, usegmt=True), 600),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ]
        for value, seconds in cases:
            with self.subTest(value=value):
                response = urllib3.HTTPResponse(headers={"Retry-After": value})
                self.assertAlmostEqual(
                    self.api._retry_after(response), seconds, delta=2
                )

    def test_after_the_deadline_nothing_is_begun(self):
        with patch("odoo.addons.auto_shop.tools.sms_api_twilio.GROUP_SECONDS", -1):
            (result,) = self._send("+15125560001")
        self.assertEqual((result["state"], result["not_tried"]), ("retry", True))
        self.assertFalse(self.twilio.requests)

    def test_no_sender_is_said_without_a_request(self):
        self.company.sms_twilio_number_ids.unlink()
        (result,) = self._send("+15125560001")
        self.assertEqual(result["state"], "twilio_from_missing")
        self.assertTrue(result["failure_reason"])
        self.assertFalse(self.twilio.requests)

    def test_delivery_errors_in_words(self):
        for code, words in (("30006", "landline"), ("31999", "Oops"), (None, "Oops")):
            with self.subTest(code=code):
                self.assertIn(words, self.api._get_delivery_error(code, "Oops"))

    def test_look_up_matches_number_body_and_time(self):
        number = "+15125560001"
        self._send(number, body="Hello")
        sid = self.twilio.messages[0]["sid"]
        later = timedelta(minutes=30)
        now = self._row(number)["claimed_at"]
        cases = [
            ("the same", {}, (), "sent"),
            ("blanks around", {"body": " Hello\n"}, (), "sent"),
            ("other body", {"body": "Hallo"}, (), "absent"),
            ("other number", {"number": "+15125560002"}, (), "absent"),
            ("long before", {"claimed_at": now - later}, (), "absent"),
            ("long after", {"claimed_at": now + later}, (), "absent"),
            ("another's", {}, {sid}, "absent"),
        ]
        for name, vals, taken, state in cases:
            with self.subTest(name):
                row = self._row(number) | vals
                (result,) = self.api._find_sent([row], taken=taken).values()
                self.assertEqual(result["state"], state)

    def test_look_up_reads_what_became_of_it(self):
        number = "+15125560001"
        self._send(number)
        for status, state in (
            ("queued", "sent"),
            ("sent", "sent"),
            ("delivered", "delivered"),
            ("undelivered", "unknown"),
        ):
            with self.subTest(status=status):
                self.twilio.messages[0]["status"] = status
                (result,) = self.api._find_sent([self._row(number)]).values()
                self.assertEqual(result["state"], state)
                self.assertEqual(result["provider_ref"], self.twilio.messages[0]["sid"])

    def test_look_up_that_fails_is_no_answer(self):
        self.twilio.list_status = 503
        (result,) = self.api._find_sent([self._row("+15125560001")]).values()
        self.assertEqual(result["state"], "retry")

    def test_odoos_own_service_goes_through_the_same_claim(self):
        """Its API class is left as it is: only a line that was never open is tried
        again, any other trouble is held for a person."""
        self.company.sms_provider = "iap"
        refused = requests.exceptions.ConnectionError(
            urllib3.exceptions.MaxRetryError(
                None, "/", urllib3.exceptions.NewConnectionError(None, "refused")
            )
        )
        cases = [
            (None, "pending"),
            (refused, "outgoing"),
            (requests.exceptions.ConnectTimeout(), "outgoing"),
            (requests.exceptions.ReadTimeout(), "process"),
        ]

        def contact(api, endpoint, params, timeout=15):
            if trouble:
                self._break_the_line_as_odoo_does(trouble)
            return [
                {"uuid": number["uuid"], "state": "success", "credit": 1}
                for message in params["messages"]
                for number in message["numbers"]
            ]

        for index, (trouble, state) in enumerate(cases):  # noqa: B007 used in contact
            with (
                self.subTest(trouble=type(trouble).__name__),
                patch.object(SmsApi, "_contact_iap", contact),
            ):
                text = self._queue(self._create_customers(1, first=500 + index))
                self._run_queue()
                self.assertEqual(text.state, state)
        self._run_queue(minutes=6)
        self.assertEqual(text.interaction_id.state, "unknown")

    @staticmethod
    def _break_the_line_as_odoo_does(trouble):
        error = AccessError("")
        error.__context__ = trouble
        raise error

    def test_numbers_are_fetched_from_the_same_address(self):
        wizard = self.env["sms.twilio.account.manage"].create(
            {"company_id": self.company.id}
        )
        kept = self.company.sms_twilio_number_ids
        self.twilio.numbers = [kept.number, "+14155550123", "+442071838750"]
        wizard.action_reload_numbers()
        self.assertEqual(
            self.company.sms_twilio_number_ids.mapped("country_code"),
            ["US", "US", "GB"],
        )
        self.assertIn(kept, self.company.sms_twilio_number_ids)
        self.twilio.list_status = 401
        notification = wizard.action_reload_numbers()
        self.assertIn("Account SID", notification["params"]["message"])
        self.assertEqual(len(self.company.sms_twilio_number_ids), 3)

    def test_test_text_goes_through_the_queue(self):
        wizard = self.env["sms.twilio.account.manage"].create(
            {"company_id": self.company.id, "test_number": "512 555 0777"}
        )
        wizard.action_send_test()
        self.assertFalse(self.twilio.requests)
        self._run_queue()
        self.assertEqual(len(self.twilio.bodies("+15125550777")), 1)

    def test_messaging_service_is_checked(self):
        for sid in ("MG123", "AC" + "0" * 32, "MG" + "x" * 32):
            with self.subTest(sid=sid), self.assertRaises(ValidationError):
                self.company.twilio_messaging_service_sid = sid

    def test_install_leaves_a_working_set_up_alone(self):
        companies = self.company + self.other_company
        account = self.env["iap.account"].get("sms")
        text = self._queue(self._create_customers(1))
        text.state = "outgoing"
        cases = [
            ({"state": False, "balance": 0}, "outgoing", ["sandbox", "twilio"]),
            ({"state": "registered", "balance": 0}, "outgoing", ["iap", "twilio"]),
            ({"state": False, "balance": 12}, "outgoing", ["iap", "twilio"]),
            ({"state": False, "balance": 0}, "pending", ["iap", "twilio"]),
        ]
        for vals, state, providers in cases:
            with self.subTest(vals=vals, state=state):
                self.company.sms_provider = "iap"
                self.other_company.sms_provider = "twilio"
                account.sudo().write(vals)
                text.state = state
                post_init_hook(self.env)
                self.assertEqual(companies.mapped("sms_provider"), providers)
