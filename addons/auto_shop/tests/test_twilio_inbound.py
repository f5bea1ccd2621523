# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import json
import logging
from datetime import timedelta
from unittest.mock import patch

from twilio.request_validator import RequestValidator

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from .common_texts import AutoShopTextsCommon
from .fake_twilio import (
    ACCOUNT_SID,
    OTHER_ACCOUNT_SID,
    SERVICE_SID,
    SHOP_NUMBER,
    TOKEN,
)

CONTROLLER = "odoo.addons.auto_shop.controllers.twilio"
OTHER_NUMBER = "+15125550199"


@tagged("post_install", "-at_install")
class TestTwilioInbound(AutoShopTextsCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_twilio(
            cls.other_company, OTHER_ACCOUNT_SID, "other-token", OTHER_NUMBER
        )
        cls.customer = cls._create_customers(1)
        cls.number = cls.customer.text_number
        cls.last_sid = 0

    def _params(self, body="Hello", **params):
        type(self).last_sid += 1
        return {
            "AccountSid": ACCOUNT_SID,
            "MessageSid": f"SM{self.last_sid:032x}",
            "From": self.number,
            "To": SHOP_NUMBER,
            "Body": body,
            "NumMedia": "0",
            **params,
        }

    def _post(self, params, path="/auto_shop/twilio/inbound", token=TOKEN, **headers):
        url = self.company.get_base_url() + path
        signature = RequestValidator(token).compute_signature(url, params)
        return self.url_open(
            path, params, headers={"X-Twilio-Signature": signature, **headers}
        )

    def _texts(self, direction):
        """The texts of the two locations; there may be others in the database."""
        return self.env["customer.interaction"].search(
            [
                ("company_id", "in", (self.company | self.other_company).ids),
                ("direction", "=", direction),
                ("channel", "=", "sms"),
            ]
        )

    def _inbound(self):
        return self._texts("in")

    def _planned(self):
        return self._texts("out")

    # === THE ROUTE ===

    def test_reply_lands_on_the_history(self):
        params = self._params("I am late", NumMedia="1", MediaUrl0="https://x.test/1")
        response = self._post(params)
        self.assertEqual(response.status_code, 200)
        self.assertIn("<Response>", response.text)
        self.assertRecordValues(
            self._inbound(),
            [
                {
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "number": self.number,
                    "body": "I am late\nhttps://x.test/1",
                    "provider_ref": params["MessageSid"],
                    "is_unread": True,
                }
            ],
        )
        thread = self.env["customer.text.thread"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(thread.unread_count, 1)
        self.assertFalse(self._planned())

    def test_forged_and_replayed_requests_are_refused_and_logged(self):
        good = self._params()
        cases = [
            ("no signature", good, {"X-Twilio-Signature": ""}, TOKEN, 403),
            ("wrong token", good, {}, "guess", 403),
            ("token of another company", good, {}, "other-token", 403),
            ("signature of other content", good, {"X-Twilio-Signature": "x="}, "", 403),
            (
                "another company's number",
                {**good, "AccountSid": OTHER_ACCOUNT_SID, "To": OTHER_NUMBER},
                {},
                TOKEN,
                403,
            ),
            ("unknown account", {**good, "AccountSid": "AC0"}, {}, TOKEN, 404),
            ("no account", {**good, "AccountSid": ""}, {}, TOKEN, 404),
            ("no message", {**good, "MessageSid": ""}, {}, TOKEN, 404),
        ]
        for name, params, headers, token, status in cases:
            with self.subTest(name), self.assertLogs(CONTROLLER, logging.INFO) as logs:
                response = self._post(params, token=token, **headers)
                self.assertEqual(response.status_code, status)
                self.assertIn("Refused a request", logs.output[0])
        self.assertFalse(self._inbound())
        self.assertEqual(self._post(good).status_code, 200)
        with self.assertLogs(CONTROLLER, logging.INFO):
            self.assertEqual(self._post(good).status_code, 403)
        self.assertEqual(len(self._inbound()), 1)

    def test_changed_body_breaks_the_signature(self):
        params = self._params("Hello")
        url = self.company.get_base_url() + "/auto_shop/twilio/inbound"
        signature = RequestValidator(TOKEN).compute_signature(url, params)
        with self.assertLogs(CONTROLLER, logging.INFO):
            response = self.url_open(
                "/auto_shop/twilio/inbound",
                {**params, "Body": "STOP"},
                headers={"X-Twilio-Signature": signature},
            )
        self.assertEqual(response.status_code, 403)
        self.assertTrue(self.customer.allow_texting)

    def test_public_address_behind_a_proxy_counts(self):
        """Twilio signs the address that it was given, not the one that we see."""
        public = "https://shop.example.com"
        params = self._params()
        signature = RequestValidator(TOKEN).compute_signature(
            f"{public}/auto_shop/twilio/inbound", params
        )
        with patch.object(
            type(self.env["res.company"]), "get_base_url", lambda company: public
        ):
            response = self.url_open(
                "/auto_shop/twilio/inbound",
                params,
                headers={"X-Twilio-Signature": signature},
            )
        self.assertEqual(response.status_code, 200)

    def test_each_company_gets_its_own(self):
        self._post(self._params("to us"))
        self._post(
            self._params(
                "to them",
                AccountSid=OTHER_ACCOUNT_SID,
                To=OTHER_NUMBER,
                MessageSid="SM-other",
            ),
            token="other-token",
        )
        by_company = {row.company_id: row.body for row in self._inbound()}
        self.assertEqual(
            by_company, {self.company: "to us", self.other_company: "to them"}
        )
        seen = (
            self.env["customer.interaction"]
            .with_user(self.outsider)
            .search([("direction", "=", "in")])
        )
        self.assertEqual(seen.sudo().company_id, self.other_company)

    def test_two_companies_on_one_account_are_told_apart(self):
        self.other_company.write(
            {
                "sms_twilio_account_sid": ACCOUNT_SID,
                "sms_twilio_auth_token": TOKEN,
                "twilio_messaging_service_sid": SERVICE_SID,
            }
        )
        find = self.env["res.company"]._find_by_twilio_sudo
        cases = [
            (SHOP_NUMBER, None, self.company),
            ("+1 512-555-0100", None, self.company),
            (OTHER_NUMBER, None, self.other_company),
            ("+15125550155", SERVICE_SID, self.other_company),
            ("+15125550155", None, self.env["res.company"]),
        ]
        for number, service, company in cases:
            with self.subTest(number=number, service=service):
                self.assertEqual(find(ACCOUNT_SID, number, service), company)

    def test_unknown_sender_is_kept_with_the_number(self):
        self._post(self._params("Who is this?", From="+15125559876"))
        self.assertRecordValues(
            self._inbound(),
            [{"partner_id": False, "number": "+15125559876", "body": "Who is this?"}],
        )

    # === WORDS ===

    def test_stop_opts_out_and_is_not_answered(self):
        self._post(self._params("Stop."))
        self.assertFalse(self.customer.allow_texting)
        self.assertFalse(self.customer.can_be_texted)
        self.assertFalse(self._planned())
        consent = self.env["customer.consent"].search(
            [("partner_id", "=", self.customer.id), ("source", "=", "text")], limit=1
        )
        self.assertFalse(consent.granted)

    def test_stop_in_a_sentence_is_a_reply(self):
        self._post(self._params("STOP 5 pm"))
        self.assertTrue(self.customer.allow_texting)

    def test_start_and_yes_bring_back_who_stopped(self):
        for word in ("START", "unstop", "Yes"):
            with self.subTest(word):
                self._post(self._params("STOP"))
                self.assertFalse(self.customer.can_be_texted)
                self._post(self._params(word))
                self.assertTrue(self.customer.can_be_texted)
        self.assertEqual(set(self._planned().mapped("purpose_id.code")), {"text_start"})

    def test_help_is_answered_even_without_allow_texting(self):
        self.customer.allow_texting = False
        self._post(self._params("HELP"))
        (answer,) = self._planned()
        self.assertEqual(answer.purpose_id.code, "text_help")
        answer.sudo()._dispatch()
        self._run_queue_in_http()
        self.assertEqual(len(self.twilio.bodies(self.number)), 1)
        self.assertIn("STOP", self.twilio.bodies(self.number)[0])

    def test_help_from_a_stranger_is_answered(self):
        self._post(self._params("INFO", From="+15125559876"))
        self._planned().sudo()._dispatch()
        self._run_queue_in_http()
        self.assertEqual(len(self.twilio.bodies("+15125559876")), 1)

    def test_help_after_stop_is_not_answered(self):
        self._post(self._params("STOP"))
        self._post(self._params("HELP"))
        self._planned().sudo()._dispatch()
        self._run_queue_in_http()
        self.assertFalse(self.twilio.bodies(self.number))

    def test_what_twilio_answered_is_obeyed_but_not_answered(self):
        self._post(self._params("HELP", OptOutType="HELP"))
        self._post(self._params("STOP", OptOutType="STOP"))
        self.assertFalse(self._planned())
        self.assertFalse(self.customer.can_be_texted)
        self.assertEqual(len(self._inbound()), 2)

    def test_answers_can_be_turned_off(self):
        self.company.text_keyword_answers = False
        self._post(self._params("HELP"))
        self._post(self._params("STOP"))
        self.assertFalse(self._planned())
        self.assertFalse(self.customer.can_be_texted)

    def test_confirm_confirms_the_next_appointment(self):
        events = self.env["calendar.event"].create(
            [
                {
                    "name": "Visit",
                    "customer_id": self.customer.id,
                    "company_id": company.id,
                    "shop_state": "booked",
                    "start": fields.Datetime.now() + timedelta(days=days),
                    "stop": fields.Datetime.now() + timedelta(days=days, hours=1),
                }
                for days, company in (
                    (1, self.other_company),
                    (2, self.company),
                    (3, self.company),
                )
            ]
        )
        self._post(self._params("C"))
        self.assertEqual(
            [bool(event.customer_confirmed) for event in events], [False, True, False]
        )
        self.assertEqual(self._planned().purpose_id.code, "text_confirmed")
        self.assertEqual(self._inbound().event_id, events[1])

    def test_confirm_without_appointment_is_a_reply(self):
        self._post(self._params("OK"))
        self.assertFalse(self._planned())

    def test_call_me_is_a_to_do_for_the_last_writer_or_the_manager(self):
        self._post(self._params("R"))
        activity = self.customer.activity_ids
        self.assertEqual(activity.user_id, self.manager)
        self._queue(self.customer, user_id=self.staff.id)
        self._post(self._params("Call"))
        self.assertEqual((self.customer.activity_ids - activity).user_id, self.staff)
        answers = self._planned().purpose_id.mapped("code")
        self.assertEqual(answers, ["text_call_back"])

    def test_garbage_is_refused_quietly(self):
        """Nobody without the token may fill the log with tracebacks."""
        good = self._params()
        for params, files in (
            ({**good, "AccountSid": "AC\0"}, None),
            ({**good, "To": "\0"}, None),
            ({**good, "AccountSid": ACCOUNT_SID, "To": "\udcff"}, None),
            ({"To": SHOP_NUMBER}, {"AccountSid": ("a.txt", b"x")}),
            ({}, None),
        ):
            for path in (
                "/auto_shop/twilio/inbound",
                "/auto_shop/twilio/inbound?a=%ff",
                "/auto_shop/twilio/inbound?\xff",
                f"/sms_twilio/status/{'a' * 32}",
                "/sms_twilio/status/x%00",
            ):
                with self.subTest(params=params, path=path):
                    body = {
                        key: value.encode("utf-8", "surrogateescape")
                        for key, value in params.items()
                    }
                    response = self.url_open(
                        path,
                        body or {"x": "1"},
                        files=files,
                        headers={"X-Twilio-Signature": "x"},
                    )
                    self.assertIn(response.status_code, (400, 403, 404))
        self.assertFalse(self._inbound())

    def test_odd_fields_of_a_signed_text(self):
        for count, params in enumerate(
            (
                {"NumMedia": "many"},
                {"NumMedia": "-1"},
                {"NumMedia": "1"},
                {"Body": "\U0001f697" * 400},
            ),
            start=1,
        ):
            with self.subTest(params=params):
                self.assertEqual(self._post(self._params(**params)).status_code, 200)
                self.assertEqual(len(self._inbound()), count)
        without = self._params()
        del without["From"]
        self.assertEqual(self._post(without).status_code, 404)

    # === WHO IS TOLD ===

    def test_last_writer_is_notified_and_screens_refresh(self):
        self._queue(self.customer, user_id=self.manager.id)
        self._queue(self.customer, user_id=self.staff.id)
        stranger = self._create_user(
            "shop_stranger", "auto_shop.group_user", company=self.other_company
        )
        self.outsider.company_ids += self.company
        self._queue(self.customer, company=self.other_company, user_id=self.outsider.id)
        self.env.cr.precommit.run()
        self.env["bus.bus"].search([]).unlink()
        self._post(self._params("On my way"))
        message = self.env["mail.message"].search(
            [("model", "=", "res.partner"), ("res_id", "=", self.customer.id)],
            limit=1,
            order="id desc",
        )
        self.assertIn("On my way", message.body)
        self.assertEqual(message.partner_ids, self.staff.partner_id)
        sent = [
            line
            for line in self.env["bus.bus"].search([])
            if '"auto_shop.text"' in line.message
        ]
        self.assertFalse([line for line in sent if "On my way" in line.message])
        # Only staff of the location hear of it.
        told = [json.loads(line.channel)[-1] for line in sent]
        for user in (self.staff, self.manager, self.outsider):
            self.assertEqual(told.count(user.partner_id.id), 1)
        self.assertNotIn(stranger.partner_id.id, told)
        self.assertNotIn(self.employee.partner_id.id, told)

    # === DELIVERY REPORTS ===

    def _report(self, text, status, **params):
        token = params.pop("token", TOKEN)
        return self._post(
            {
                "AccountSid": ACCOUNT_SID,
                "MessageSid": text.provider_ref or "SM-late",
                "MessageStatus": status,
                "SmsStatus": status,
                **params,
            },
            path=f"/sms_twilio/status/{text.uuid}",
            token=token,
        )

    def test_reports_move_the_history_forward_only(self):
        # reports as they come, state of the history
        cases = [
            (["sent", "delivered"], "delivered"),
            (["delivered", "sent"], "delivered"),
            (["queued"], "sent"),
            (["undelivered"], "failed"),
            (["failed"], "failed"),
            (["delivered", "undelivered"], "delivered"),
        ]
        for index, (statuses, state) in enumerate(cases):
            with self.subTest(statuses=statuses):
                text = self._queue(self._create_customers(1, first=300 + index))
                self._run_queue_in_http()
                for status in statuses:
                    code = {"ErrorCode": "30003"} if "del" in status[:4] else {}
                    self.assertEqual(
                        self._report(text, status, **code).status_code, 200
                    )
                self.assertEqual(text.interaction_id.state, state)
                self.assertEqual(
                    bool(text.interaction_id.failure_reason), state == "failed"
                )

    def test_report_after_the_row_is_gone(self):
        """Of the second company, whose token Odoo's own would not find any more."""
        customer = self._create_customers(1, first=400)
        text = self._queue(customer, company=self.other_company)
        self._run_queue_in_http()
        interaction, uuid = text.interaction_id, text.uuid
        params = {
            "AccountSid": OTHER_ACCOUNT_SID,
            "MessageSid": text.provider_ref,
            "SmsStatus": "delivered",
        }
        text.unlink()
        response = self._post(
            params, path=f"/sms_twilio/status/{uuid}", token="other-token"
        )
        self.assertEqual(response.status_code, 200)
        self.assertEqual(interaction.state, "delivered")

    def test_forged_reports_are_refused(self):
        text = self._queue(self._create_customers(1, first=410))
        self._run_queue_in_http()
        cases = [
            {"token": "guess"},
            {"token": "other-token"},
        ]
        for params in cases:
            with self.subTest(params), self.assertLogs(CONTROLLER, logging.INFO):
                response = self._report(text, "delivered", **params)
                self.assertEqual(response.status_code, 404)
        with self.assertLogs(CONTROLLER, logging.INFO):
            response = self._report(text, "nonsense")
        self.assertEqual(response.status_code, 404)
        self.assertEqual(text.interaction_id.state, "sent")

    def test_report_settles_an_unknown_outcome(self):
        text = self._queue(self._create_customers(1, first=420))
        self.twilio.behaviours[text.number].append("hang_taken")
        self._run_queue_in_http()
        self.assertEqual(text.state, "process")
        self._report(text, "delivered", MessageSid="SM-found")
        self.assertEqual((text.state, text.interaction_id.state), ("sent", "delivered"))
        self.assertEqual(text.interaction_id.provider_ref, "SM-found")

    def test_report_before_the_answer_is_recorded(self):
        """Twilio may report faster than we write: the report stays."""
        text = self._queue(self._create_customers(1, first=430))
        company = self.company
        self.env.flush_all()
        with self.registry.cursor() as cr:
            texts = self.env(cr=cr)["sms.sms"]
            rows, _put_aside = texts._claim(company, 10)
            api = company._get_sms_api_class()(self.env)
            api._set_company(company)
            texts._receive_report(text.uuid, "sent", None, "SM-early")
            results = [{"uuid": text.uuid, "state": "sent", "provider_ref": "SM-early"}]
            texts._record(company, rows, results, api, 1, 0)
        self.env.invalidate_all()
        self.assertEqual((text.state, text.interaction_id.state), ("sent", "delivered"))

    def test_report_of_an_opt_out(self):
        customer = self._create_customers(1, first=440)
        text = self._queue(customer)
        self._run_queue_in_http()
        self._report(text, "failed", ErrorCode="21610")
        self.assertFalse(customer.can_be_texted)

    def _run_queue_in_http(self):
        self.env.flush_all()
        with self.registry.cursor() as cr:
            self.env(cr=cr)["sms.sms"]._process_queue()
        self.env.invalidate_all()

    # === SANDBOX ===

    def test_sandbox_reply_is_taken_in(self):
        self.company.sms_provider = "sandbox"
        wizard = self.env["sms.sandbox.reply"].with_user(self.staff)
        wizard = wizard.with_company(self.company)
        reply = wizard.create({"partner_id": self.customer.id, "body": "STOP"})
        self.assertEqual(reply.number, self.number)
        reply.action_receive()
        self.assertFalse(self.customer.can_be_texted)
        self.assertEqual(self._inbound().partner_id, self.customer)

    def test_sandbox_does_not_lift_a_real_stop(self):
        """Not even an administrator, who may switch the provider."""

        def say(word, number):
            return wizard.create({"number": number, "body": word}).action_receive()

        real, refused, played = self._create_customers(3, first=70)
        texts = self.env["sms.sms"]
        texts._receive_text(self.company, real.text_number, "", "STOP", "SM1")
        self.env["res.partner"]._text_stop(refused.text_number, source="provider")
        self.company.sms_provider = "sandbox"
        wizard = self.env["sms.sandbox.reply"].with_company(self.company)
        for partner in (real, refused):
            say("STOP", partner.text_number)
            with self.subTest(partner.name), self.assertRaises(UserError):
                say("START", partner.text_number)
            self.assertTrue(partner.text_stopped_at)
        say("STOP", played.text_number)
        self.assertTrue(played.text_stopped_at)
        say("START", played.text_number)
        self.assertFalse(played.text_stopped_at)
        texts._receive_text(self.company, real.text_number, "", "START", "SM2")
        say("STOP", real.text_number)
        say("START", real.text_number)
        self.assertFalse(real.text_stopped_at)

    def test_nobody_speaks_for_customers_outside_the_sandbox(self):
        wizard = self.env["sms.sandbox.reply"].with_user(self.staff)
        wizard = wizard.with_company(self.company)
        vals = {"partner_id": self.customer.id, "body": "START"}
        with self.assertRaises(UserError):
            wizard.create(vals).action_receive()
        self.other_company.sms_provider = "sandbox"
        with self.assertRaises(UserError):
            wizard.create(
                {**vals, "company_id": self.other_company.id}
            ).action_receive()
        self.assertFalse(self._inbound())
