# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .common_texts import AutoShopTextsCommon
from .fake_twilio import OTHER_ACCOUNT_SID, SERVICE_SID


@tagged("post_install", "-at_install")
class TestSmsQueue(AutoShopTextsCommon):
    def _assert_state(self, text, state, interaction_state):
        self.assertEqual(
            (text.state, text.interaction_id.state), (state, interaction_state)
        )

    def test_text_is_sent_once_and_tracked(self):
        text = self._queue(self._create_customers(1))
        self._run_queue()
        self._run_queue(minutes=60)
        self._assert_state(text, "pending", "sent")
        (request,) = self.twilio.requests
        self.assertEqual(request["data"]["Body"], "Your car is ready")
        self.assertEqual(request["data"]["From"], "+15125550100")
        self.assertTrue(
            request["data"]["StatusCallback"].endswith(
                f"/sms_twilio/status/{text.uuid}"
            )
        )
        self.assertEqual(text.provider_ref, self.twilio.messages[0]["sid"])
        self.assertEqual(text.interaction_id.provider_ref, text.provider_ref)
        self.assertTrue(text.interaction_id.sent_at)

    def test_answers_of_the_provider(self):
        # behaviour, state of the text, state of the history, tried again, on the phone
        cases = [
            ("ok", "pending", "sent", False, 1),
            ("busy", "outgoing", "queued", True, 0),
            ("busy:30", "outgoing", "queued", True, 0),
            ("down", "outgoing", "queued", True, 0),
            ("error", "outgoing", "queued", True, 0),
            ("error_taken", "outgoing", "queued", True, 1),
            ("21211", "error", "failed", False, 0),
            ("21610", "error", "failed", False, 0),
            ("21606", "error", "failed", False, 0),
            ("99999", "error", "failed", False, 0),
            ("garbage", "process", "queued", True, 1),
            ("hang", "process", "queued", True, 0),
            ("hang_taken", "process", "queued", True, 1),
            ("close", "process", "queued", True, 0),
            ("close_taken", "process", "queued", True, 1),
        ]
        customers = self._create_customers(len(cases))
        texts = self._queue(customers)
        for text, case in zip(texts, cases, strict=True):
            self.twilio.behaviours[text.number].append(case[0])
        self._run_queue()
        for text, (behaviour, state, history, again, taken) in zip(
            texts, cases, strict=True
        ):
            with self.subTest(behaviour=behaviour):
                self._assert_state(text, state, history)
                self.assertEqual(bool(text.next_try_at), again)
                self.assertEqual(len(self.twilio.bodies(text.number)), taken)
                reason = text.interaction_id.failure_reason
                self.assertEqual(bool(reason), history in ("failed", "queued"))
                self.assertEqual(text.failure_reason, reason)

    def test_what_becomes_of_it_in_the_end(self):
        """Nothing is lost, nothing is sent twice: one message on the phone or a
        reason in words."""
        # behaviours one after the other, state of the history, messages on the phone
        cases = [
            (["busy", "ok"], "sent", 1),
            (["down", "down", "ok"], "sent", 1),
            (["error", "ok"], "sent", 1),
            (["error_taken"], "sent", 1),
            (["garbage"], "sent", 1),
            (["hang_taken"], "sent", 1),
            (["hang"], "unknown", 0),
            (["close_taken"], "sent", 1),
            (["close"], "unknown", 0),
            (["busy"] * 6, "failed", 0),
            (["busy"] * 5 + ["ok"], "sent", 1),
        ]
        texts = self._queue(self._create_customers(len(cases)))
        for text, case in zip(texts, cases, strict=True):
            self.twilio.behaviours[text.number].extend(case[0])
        for minutes in (0, 2, 7, 14, 30, 60, 120):
            self._run_queue(minutes)
        for text, (behaviours, history, taken) in zip(texts, cases, strict=True):
            with self.subTest(behaviours=behaviours):
                self.assertEqual(text.interaction_id.state, history)
                self.assertEqual(len(self.twilio.bodies(text.number)), taken)
                self.assertEqual(
                    bool(text.interaction_id.failure_reason), history != "sent"
                )

    def test_back_off_doubles_and_honours_retry_after(self):
        text = self._queue(self._create_customers(1))
        for behaviour, minutes, wait in (
            ("busy", 0, 1),
            ("busy", 2, 2),
            ("busy", 5, 4),
            ("busy:3600", 10, 60),
        ):
            with self.subTest(behaviour=behaviour, minutes=minutes):
                self.twilio.behaviours[text.number].append(behaviour)
                before = fields.Datetime.now() + timedelta(minutes=minutes)
                self._run_queue(minutes)
                waits = (text.next_try_at - before).total_seconds() / 60
                self.assertAlmostEqual(waits, wait, delta=0.2)
        self.assertEqual(text.attempts, 4)
        self._run_queue(minutes=60)
        self.assertEqual(len(self.twilio.requests), 4, "Retry-After was not honoured")

    def test_refused_connection_is_tried_again(self):
        text = self._queue(self._create_customers(1))
        self.env["ir.config_parameter"].set_param(
            "auto_shop.twilio_api_base_url", "http://127.0.0.1:1"
        )
        self._run_queue()
        self._assert_state(text, "outgoing", "queued")
        self.assertIn("cannot be reached", text.interaction_id.failure_reason)
        self.env["ir.config_parameter"].set_param(
            "auto_shop.twilio_api_base_url", self.twilio.url
        )
        self._run_queue(minutes=2)
        self._assert_state(text, "pending", "sent")
        self.assertFalse(text.interaction_id.failure_reason)
        self.assertFalse(text.failure_reason)

    def test_bad_numbers_do_not_hold_up_the_others(self):
        texts = self._queue(self._create_customers(6))
        texts[1].number = False
        self.twilio.behaviours[texts[0].number].append("21211")
        self.twilio.behaviours[texts[3].number].append("hang")
        self._run_queue()
        self.assertEqual(
            texts.mapped("state"),
            ["error", "error", "pending", "process", "pending", "pending"],
        )

    def test_no_answer_is_held_and_a_person_decides(self):
        for button, phone, state in (
            ("action_was_sent", 0, "sent"),
            ("action_send_again", 1, "sent"),
        ):
            with self.subTest(button=button):
                customer = self._create_customers(1, first=50 + phone)
                text = self._queue(customer)
                interaction = text.interaction_id
                self.twilio.behaviours[text.number].append("hang")
                self._run_queue()
                self._run_queue(minutes=2)
                self.assertEqual(interaction.state, "queued", "looked up too early")
                self._run_queue(minutes=7)
                self._assert_state(text, "error", "unknown")
                self.assertEqual(text.failure_type, "sms_outcome_unknown")
                self.env["sms.sms"].resend_failed()
                text.resend_failed()
                self._run_queue(minutes=300)
                self.assertFalse(self.twilio.bodies(text.number))
                self.assertEqual(interaction.state, "unknown")
                getattr(text, button)()
                if button == "action_send_again":
                    self.assertEqual(interaction.state, "planned")
                    interaction.sudo()._hand_over_sms()
                    self._run_queue(minutes=300)
                self.assertEqual(interaction.state, state)
                self.assertEqual(len(self.twilio.bodies(text.number)), phone)

    def test_messages_are_matched_one_to_one(self):
        """Two equal texts to one number, one of them got through: one is found."""
        customer = self._create_customers(1)
        texts = self._queue(customer) + self._queue(customer)
        self.twilio.behaviours[customer.text_number].extend(["hang", "hang_taken"])
        self._run_queue()
        self._run_queue(minutes=7)
        self.assertEqual(
            sorted(texts.mapped("interaction_id.state")), ["sent", "unknown"]
        )
        self.assertEqual(len(self.twilio.messages), 1)

    def test_another_text_to_the_number_is_no_match(self):
        customer = self._create_customers(1)
        earlier = self._queue(customer)
        self._run_queue()
        self.twilio.behaviours[customer.text_number].append("hang")
        later = self._queue(customer)
        self._run_queue()
        self._run_queue(minutes=7)
        self.assertEqual(earlier.interaction_id.state, "sent")
        self.assertEqual(later.interaction_id.state, "unknown")

    def test_look_up_waits_for_a_provider_that_is_down(self):
        text = self._queue(self._create_customers(1))
        self.twilio.behaviours[text.number].append("hang_taken")
        self.twilio.list_status = 500
        for minutes in (0, 2, 7, 20):
            self._run_queue(minutes)
        self._assert_state(text, "process", "queued")
        self.twilio.list_status = 200
        self._run_queue(minutes=50)
        self._assert_state(text, "pending", "sent")

    def test_claim_of_a_dead_process_is_looked_up(self):
        """Killed after the claim: before the call nobody got it, after it somebody
        did. Neither is sent again."""
        customers = self._create_customers(2)
        texts = self._queue(customers)
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr)["sms.sms"]._claim(self.company, 50)
        self.env.invalidate_all()
        self.assertEqual(texts.mapped("state"), ["process", "process"])
        self.twilio._take(
            None,
            {"To": texts[1].number, "From": "+15125550100", "Body": texts[1].body},
        )
        self._run_queue(minutes=4)
        self.assertEqual(texts.mapped("state"), ["process", "process"])
        self._run_queue(minutes=6)
        self.assertEqual(texts.mapped("interaction_id.state"), ["unknown", "sent"])
        self.assertFalse([r for r in self.twilio.requests if r["behaviour"] == "ok"])

    def test_consent_is_looked_at_once_more(self):
        blacklist = self.env["phone.blacklist"]
        help_purpose = self.env["customer.interaction.purpose"]._get(
            "text_help", self.company
        )
        answer = {"purpose_id": help_purpose.id}
        # what happened since queueing, answer to the customer, sent
        cases = [
            (lambda partner: None, {}, True),
            (lambda partner: partner.write({"allow_texting": False}), {}, False),
            (lambda partner: partner.write({"allow_texting": False}), answer, True),
            (lambda partner: blacklist.add(partner.text_number), {}, False),
            (lambda partner: blacklist.add(partner.text_number), answer, False),
            (
                lambda partner: partner._text_stop(partner.text_number, "text"),
                answer,
                False,
            ),
        ]
        customers = self._create_customers(len(cases))
        texts = self.env["sms.sms"]
        for partner, (happened, vals, _sent) in zip(customers, cases, strict=True):
            texts += self._queue(partner, **vals)
            happened(partner)
        self._run_queue()
        for index, (text, (_what, _vals, sent)) in enumerate(
            zip(texts, cases, strict=True)
        ):
            with self.subTest(case=index):
                self.assertEqual(len(self.twilio.bodies(text.number)), int(sent))
                self._assert_state(
                    text,
                    "pending" if sent else "canceled",
                    "sent" if sent else "cancelled",
                )
                self.assertEqual(bool(text.interaction_id.failure_reason), not sent)

    def test_texts_that_may_not_go_hold_up_no_other(self):
        self.env["ir.config_parameter"].set_param("auto_shop.sms_group_size", "2")
        customers = self._create_customers(5)
        texts = self._queue(customers)
        customers[:4].allow_texting = False
        self._run_queue()
        self.assertEqual(texts.mapped("state"), [*["canceled"] * 4, "pending"])

    def test_hours_are_looked_at_once_more(self):
        """A provider that is down in the evening gets nothing at night."""
        self.company.shop_tz = "America/Chicago"
        purpose = self.env["customer.interaction.purpose"].create(
            {"code": "test_hours", "name": "Hours"}
        )
        at_any_hour = purpose.copy({"code": "test_any", "ignore_quiet_hours": True})
        customers = self._create_customers(3)
        bound = self._queue(customers[0], purpose_id=purpose.id)
        free = self._queue(customers[1], purpose_id=at_any_hour.id)
        by_hand = self._queue(customers[2])
        # Late in the evening in Texas.
        night = f"{fields.Date.today() + timedelta(days=2)} 04:30:00"
        with freeze_time(night, tick=True):
            self._run_queue()
        self.assertEqual(
            (bound + free + by_hand).mapped("state"), ["outgoing", "pending", "pending"]
        )
        self.assertEqual(bound.attempts, 0)
        self.assertEqual(bound.interaction_id.state, "queued")
        self.assertGreater(bound.next_try_at, fields.Datetime.to_datetime(night))
        with freeze_time(bound.next_try_at + timedelta(seconds=1), tick=True):
            self._run_queue()
        self._assert_state(bound, "pending", "sent")
        self.assertEqual(len(self.twilio.bodies(bound.number)), 1)

    def test_texts_of_other_origin_obey_a_stop_too(self):
        self._open_all_hours()
        customer, stopped = self._create_customers(2)
        composer = self.env["sms.composer"].with_context(
            active_model="res.partner", active_ids=(customer + stopped).ids
        )
        composer.create(
            {"body": "Hello", "composition_mode": "mass", "mass_keep_log": True}
        )._action_send_sms()
        loose = self.env["sms.sms"].create(
            {"number": stopped.text_number, "body": "To a number"}
        )
        stopped._text_stop(stopped.text_number, "text")
        self._run_queue()
        self.assertEqual(self.twilio.bodies(customer.text_number), ["Hello"])
        self.assertFalse(self.twilio.bodies(stopped.text_number))
        self.assertEqual(loose.state, "canceled")
        history = self.env["customer.interaction"].search(
            [("partner_id", "in", (customer + stopped).ids)], order="partner_id"
        )
        self.assertEqual(history.mapped("state"), ["sent", "cancelled", "cancelled"])

    def test_chatter_text_joins_history_and_is_not_sent_in_the_transaction(self):
        self._open_all_hours()
        customer = self._create_customers(1)
        message = customer._message_sms("From the chatter")
        self.assertFalse(self.twilio.requests, "sent inside the business transaction")
        interaction = self.env["customer.interaction"].search(
            [("partner_id", "=", customer.id)]
        )
        self.assertRecordValues(
            interaction,
            [
                {
                    "channel": "sms",
                    "direction": "out",
                    "state": "queued",
                    "body": "From the chatter",
                    "number": customer.text_number,
                    "company_id": self.company.id,
                }
            ],
        )
        self._run_queue()
        self.assertEqual(interaction.state, "sent")
        self.assertEqual(message.notification_ids.notification_status, "pending")

    def test_companies_use_their_own_accounts_and_take_turns(self):
        self._set_up_twilio(
            self.other_company, OTHER_ACCOUNT_SID, "other-token", "+15125550199"
        )
        self.env["ir.config_parameter"].set_param("auto_shop.sms_group_size", "2")
        ours = self._queue(self._create_customers(5))
        theirs = self._queue(
            self._create_customers(2, first=20), company=self.other_company
        )
        self._run_queue()
        self.assertEqual(set((ours + theirs).mapped("state")), {"pending"})
        senders = [
            (request["data"]["From"], request["path"].split("/")[3])
            for request in self.twilio.requests
        ]
        self.assertEqual(
            set(senders),
            {
                ("+15125550100", "AC" + "0123456789abcdef" * 2),
                ("+15125550199", OTHER_ACCOUNT_SID),
            },
        )
        # Nobody waits for the whole backlog of another.
        self.assertEqual({sender for sender, _sid in senders[2:4]}, {"+15125550199"})

    def test_workers_take_shares_of_a_company(self):
        """What other workers than the scheduled action ask for."""
        self.env["ir.config_parameter"].set_param("auto_shop.sms_group_size", "2")
        ours = self._queue(self._create_customers(5))
        theirs = self._queue(
            self._create_customers(1, first=20), company=self.other_company
        )
        queue = self.env["sms.sms"]
        shares = {self.company.id: 3, self.other_company.id: 1}
        self.assertEqual(queue._get_queue_shares(8), shares)
        self.assertEqual(max(queue._get_queue_shares(2).values()), 2)
        for sent, more in ((2, True), (4, True), (5, False)):
            with self.enter_registry_test_mode(), self.registry.cursor() as cr:
                share = self.env(cr=cr)["sms.sms"]._work_queue_share(self.company.id)
            self.env.invalidate_all()
            self.assertEqual(share, more)
            self.assertEqual(ours.mapped("state").count("pending"), sent)
        self.assertEqual(theirs.state, "outgoing")

    def test_company_without_account_does_not_hold_up_others(self):
        self.other_company.sms_provider = "twilio"
        theirs = self._queue(
            self._create_customers(1, first=20), company=self.other_company
        )
        ours = self._queue(self._create_customers(1))
        self._run_queue()
        self._assert_state(theirs, "error", "failed")
        self.assertIn("SID", theirs.interaction_id.failure_reason)
        self._assert_state(ours, "pending", "sent")

    def test_messaging_service_takes_the_place_of_the_number(self):
        self.company.twilio_messaging_service_sid = SERVICE_SID
        text = self._queue(self._create_customers(1))
        self.twilio.behaviours[text.number].append("hang_taken")
        self._run_queue()
        data = self.twilio.requests[0]["data"]
        self.assertEqual(data["MessagingServiceSid"], SERVICE_SID)
        self.assertNotIn("From", data)
        self._run_queue(minutes=2)
        self.assertEqual(text.interaction_id.state, "sent")

    def test_refusal_of_an_opted_out_number_opts_it_out_here(self):
        customer = self._create_customers(1)
        text = self._queue(customer)
        self.twilio.behaviours[text.number].append("21610")
        self._run_queue()
        self.assertEqual(text.interaction_id.reason_code, "opted_out")
        self.assertFalse(customer.allow_texting)
        self.assertTrue(
            self.env["phone.blacklist"].search([("number", "=", text.number)])
        )

    def test_pasted_signs_that_cost_double_go_as_plain_ones(self):
        customer = self._create_customers(1)
        typed = "“Ready” at\u00a02:30\u202fPM"
        self._queue(customer, body=typed)
        loose = self.env["sms.sms"].create(
            {"number": "+15125569999", "body": "2:30\u202fPM"}
        )
        self.assertEqual(loose.body, "2:30 PM")
        self._run_queue()
        self.assertEqual(
            self.twilio.bodies(customer.text_number), ['"Ready" at 2:30 PM']
        )
        counted = self.env["customer.text.thread"].count_text(typed)
        self.assertEqual((counted["segments"], counted["is_unicode"]), (1, False))

    def test_requests_run_side_by_side(self):
        self.twilio.delay = 0.1
        self._queue(self._create_customers(20))
        self._run_queue()
        self.assertGreater(self.twilio.side_by_side, 1)
        self.assertLessEqual(self.twilio.side_by_side, 4)

    def test_queue_writes_per_group_not_per_text(self):
        """The same number of queries for 5 texts and for 40."""
        counts = []
        # The first run warms the caches.
        for size, first in ((1, 0), (5, 100), (40, 200)):
            self._queue(self._create_customers(size, first=first))
            with self.enter_registry_test_mode(), self.registry.cursor() as cr:
                env = self.env(cr=cr)
                before = cr.sql_log_count
                env["sms.sms"]._process_queue()
                counts.append(cr.sql_log_count - before)
            self.env.invalidate_all()
        self.assertEqual(len(self.twilio.messages), 46)
        self.assertLessEqual(counts[2], counts[1], counts)

    def test_settled_rows_go_and_held_ones_stay(self):
        texts = self._queue(self._create_customers(2))
        self.twilio.behaviours[texts[1].number].append("hang")
        for minutes in (0, 7):
            self._run_queue(minutes)
        texts.flush_recordset()
        self.env.cr.execute(
            "UPDATE sms_sms SET write_date = write_date - interval '31 days'"
        )
        texts.invalidate_recordset()
        self.env["sms.sms"]._gc_settled()
        self.assertEqual(texts.mapped("to_delete"), [True, False])

    def test_sandbox_delivers_and_has_twilios_magic_numbers(self):
        self.company.sms_provider = "sandbox"
        cases = [
            ("+15125550777", "sent"),
            ("+15005550001", "error"),
            ("+15005550003", "error"),
            ("+15005550004", "error"),
            ("+15005550009", "error"),
            ("+15005550010", "outgoing"),
            ("+15005550011", "process"),
        ]
        texts = self.env["sms.sms"].create(
            [{"number": number, "body": "Try"} for number, _state in cases]
        )
        self._run_queue()
        for text, (number, state) in zip(texts, cases, strict=True):
            with self.subTest(number=number):
                self.assertEqual(text.state, state)
        self.assertFalse(self.twilio.requests)

    def test_what_is_being_sent_is_neither_cancelled_nor_sent_again(self):
        texts = self._queue(self._create_customers(2))
        self.twilio.behaviours[texts[0].number].append("hang_taken")
        self.twilio.behaviours[texts[1].number].append("21211")
        self._run_queue()
        texts.action_set_canceled()
        self.assertEqual(texts.mapped("state"), ["process", "canceled"])
        texts[0].action_set_outgoing()
        self._run_queue(minutes=2)
        self.assertEqual(texts[0].interaction_id.state, "sent")
        self.assertEqual(len(self.twilio.bodies(texts[0].number)), 1)

    def test_cancelled_in_the_queue_is_not_sent(self):
        text = self._queue(self._create_customers(1))
        text.action_set_canceled()
        self._run_queue()
        self.assertEqual(text.interaction_id.state, "cancelled")
        self.assertFalse(self.twilio.requests)

    def test_new_company_is_in_the_sandbox(self):
        self.assertEqual(
            self.env["res.company"].create({"name": "New"}).sms_provider, "sandbox"
        )

    def test_staff_cannot_read_the_messaging_service(self):
        field = self.env["res.company"]._fields["twilio_messaging_service_sid"]
        self.assertEqual(field.groups, "base.group_system")
        with self.assertRaises(Exception) as caught:
            self.company.with_user(self.manager).read(["twilio_messaging_service_sid"])
        self.assertEqual(type(caught.exception).__name__, "AccessError")

    def test_bare_numbers_know_consent_too(self):
        """Odoo's own window for texts takes any number; the queue does not."""
        self._open_all_hours()
        willing, unwilling = self._create_customers(2)
        unwilling.allow_texting = False
        numbers = [willing.text_number, unwilling.text_number, "+15125559999"]
        for user, gone in ((self.employee, numbers[:1]), (self.env.user, numbers[::2])):
            with self.subTest(user=user.login):
                composers = self._as(self.env["sms.composer"], user)
                composer = composers.with_company(self.company).create(
                    {
                        "composition_mode": "numbers",
                        "numbers": ",".join(numbers),
                        "body": f"Hello from {user.login}",
                    }
                )
                composer._action_send_sms()
                self._run_queue()
                sent = [
                    request["data"]["To"]
                    for request in self.twilio.requests
                    if request["data"]["Body"] == composer.body
                ]
                self.assertEqual(sorted(sent), sorted(gone))
