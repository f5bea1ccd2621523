# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import os
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

import requests
import urllib3
from twilio.http.response import Response

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.sms.tools.sms_api import SmsApi

from ..hooks import post_init_hook
from ..tools.sms_api_twilio import DEFAULT_BASE_URL, MAX_PAGES
from .common_texts import AutoShopTextsCommon
from .fake_twilio import ACCOUNT_SID, OTHER_ACCOUNT_SID, TOKEN


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
            line = self.api._get_client().http_client
            with patch.object(line, "request", self._answer_at_once):
                results = self._send(*numbers)
        self.assertEqual({result["state"] for result in results}, {"sent"})

    @staticmethod
    def _answer_at_once(*args, **kwargs):
        return Response(201, '{"sid": "SM1"}')

    def test_variables_of_the_server_are_not_this_companys(self):
        """The SDK would take account and address from them."""
        variables = {
            "TWILIO_ACCOUNT_SID": OTHER_ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": "token-of-another",
            "TWILIO_REGION": "au1",
            "TWILIO_EDGE": "sydney",
        }
        with patch.dict(os.environ, variables):
            (result,) = self._send("+15125560001")
            self.api._find_sent([self._row("+15125560001")])
            self.api._fetch_numbers()
            client = self.api._get_client()
            self.assertEqual(client.get_hostname(DEFAULT_BASE_URL), DEFAULT_BASE_URL)
        self.assertEqual(result["state"], "sent")
        expected = requests.auth._basic_auth_str(ACCOUNT_SID, "twilio-test-token")
        self.assertEqual(
            [request["behaviour"] for request in self.twilio.requests],
            ["ok", "list", "list", "numbers"],
        )
        for request in self.twilio.requests:
            self.assertIn(ACCOUNT_SID, request["path"])
            self.assertEqual(request["auth"], expected)

    def test_neither_account_nor_customer_is_logged(self):
        self.twilio.behaviours["+15125560002"].append("21211")
        self.twilio.behaviours["+15125560003"].append("garbage")
        with self.assertLogs(level="DEBUG") as logs:
            self._send("+15125560001", "+15125560002", "+15125560003", body="Secret!")
            self.api._find_sent([self._row("+15125560001", body="Secret!")])
            self.twilio.list_status = 401
            self.api._find_sent([self._row("+15125560001", body="Secret!")])
        authorization = self.twilio.requests[0]["auth"].removeprefix("Basic ")
        for line in logs.records:
            words = line.getMessage()
            for secret in ("Secret!", "twilio-test-token", authorization):
                self.assertNotIn(secret, words)
            if line.levelname != "DEBUG":
                # The addresses that are asked for are in urllib3's own debug lines.
                self.assertNotIn("5560001", words)

    def test_account_or_address_that_cannot_be_right(self):
        set_param = self.env["ir.config_parameter"].set_param
        url = "auto_shop.twilio_api_base_url"
        cases = [
            ({"sid": "AC1"}, self.twilio.url, "Account SID"),
            ({"token": False}, self.twilio.url, "Auth Token"),
            ({}, "api.twilio.com", "https://"),
            ({}, "https://", "https://"),
        ]
        for account, address, words in cases:
            with self.subTest(account=account, address=address):
                self._write_account(**account)
                set_param(url, address)
                self.api._set_company(self.company)
                with self.assertRaisesRegex(UserError, words):
                    self._send("+15125560001")
        self.assertFalse(self.twilio.requests)

    def _write_account(self, sid=ACCOUNT_SID, token=TOKEN):
        self.company.write(
            {"sms_twilio_account_sid": sid, "sms_twilio_auth_token": token}
        )

    def test_token_with_letters_of_no_alphabet_is_a_wrong_token(self):
        """Pasted with an invisible sign: no reason to stop the queue."""
        self._write_account(token="to\u200bken")
        self.api._set_company(self.company)
        (result,) = self._send("+15125560001")
        self.assertEqual(result["state"], "sent")

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
        self.twilio.messages[0]["error_code"] = 30003
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
        row = self._row("+15125560001")
        cases = [
            (503, None),
            (401, None),
            (200, "<html>"),
            (200, "[]"),
            (200, '{"messages": null, "page": 0}'),
            (200, '{"messages": [5], "page": 0}'),
            (200, '{"one": [], "two": []}'),
            (200, '{"messages": [{"sid": "SM1", "date_created": 5}]}'),
        ]
        for status, answer in cases:
            with self.subTest(status=status, answer=answer):
                self.twilio.list_status = status
                self.twilio.list_answer = answer
                (result,) = self.api._find_sent([row]).values()
                self.assertEqual(result["state"], "retry")

    def test_look_up_turns_the_pages(self):
        number = "+15125560001"
        self.twilio.page_size = 2
        for index in range(5):
            self._send(number, body=f"Text {index}")
        row = self._row(number, body="Text 4")
        (result,) = self.api._find_sent([row]).values()
        self.assertEqual(result["provider_ref"], self.twilio.messages[4]["sid"])
        # Twice: with the window and without.
        asked = [r for r in self.twilio.requests if r["behaviour"] == "list"]
        self.assertEqual(len(asked), 6)

    def test_look_up_ends_where_the_pages_do_not(self):
        self.twilio.list_answer = (
            '{"messages": [], "next_page_uri":'
            f' "/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json?To=%2B1&Page=1"}}'
        )
        (result,) = self.api._find_sent([self._row("+15125560001")]).values()
        self.assertEqual(result["state"], "absent")
        self.assertEqual(len(self.twilio.requests), 2 * MAX_PAGES)

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
        notification = wizard.action_send_test()
        self.assertEqual(notification["params"]["type"], "success")
        self.assertFalse(self.twilio.messages)
        self._run_queue()
        self.assertEqual(len(self.twilio.bodies("+15125550777")), 1)

    def test_test_text_says_at_once_what_is_wrong(self):
        wizard = self.env["sms.twilio.account.manage"].create(
            {"company_id": self.company.id}
        )
        refused_port = "http://127.0.0.1:1"
        cases = [
            ({"number": False}, "Enter the number"),
            ({"number": "512"}, "area code"),
            ({"list_status": 401}, "Auth Token"),
            ({"url": refused_port}, "cannot be reached"),
            ({"url": "twilio"}, "https://"),
            ({"shop_numbers": False}, "no number to text from"),
        ]
        for case, words in cases:
            with self.subTest(case):
                wizard.test_number = case.get("number", "512 555 0777")
                self.twilio.list_status = case.get("list_status", 200)
                self.env["ir.config_parameter"].set_param(
                    "auto_shop.twilio_api_base_url", case.get("url", self.twilio.url)
                )
                if "shop_numbers" in case:
                    self.company.sms_twilio_number_ids.unlink()
                texts = self.env["sms.sms"].search_count([])
                params = wizard.action_send_test()["params"]
                self.assertIn(params["type"], ("warning", "danger"))
                self.assertIn(words, params["message"])
                self.assertEqual(self.env["sms.sms"].search_count([]), texts)
        self.twilio.numbers = []
        self.assertIn(
            "no phone number", wizard.action_reload_numbers()["params"]["message"]
        )

    def test_messaging_service_is_checked(self):
        for sid in ("MG123", "AC" + "0" * 32, "MG" + "x" * 32):
            with self.subTest(sid=sid), self.assertRaises(ValidationError):
                self.company.twilio_messaging_service_sid = sid

    def test_install_leaves_a_working_set_up_alone(self):
        companies = self.company + self.other_company
        notifications = self.env["mail.notification"]
        notifications.search([("notification_type", "=", "sms")]).unlink()
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
