# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import AutoShopCommon

# A Wednesday, 12:00 in Chicago.
NOON = datetime(2026, 6, 17, 17, 0)


@tagged("post_install", "-at_install")
class TestDispatch(AutoShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"shop_tz": "America/Chicago", "email": "shop@example.com"})
        cls.interactions = cls.env["customer.interaction"]
        cls.job, cls.offer, cls.answer = cls.env["customer.interaction.purpose"].create(
            [
                {
                    "code": "test_job",
                    "name": "About the job",
                    "sms_body": "{{ shop_name }}: hello {{ first_name }}",
                    "email_subject": "Your visit, {{ first_name }}",
                    "email_body": "<p>Hello {{ customer_name }}</p>",
                    "post_title": "Hello",
                    "post_body": "<p>Hello {{ customer_name }}</p>",
                },
                {
                    "code": "test_offer",
                    "name": "Offer",
                    "category": "marketing",
                    "sms_body": "Come by",
                    "email_subject": "Come by",
                    "email_body": "<p>Come by</p>",
                },
                {
                    "code": "test_answer",
                    "name": "Answer",
                    "answers_customer": True,
                    "ignore_quiet_hours": True,
                    "sms_body": "Call {{ shop_phone }}",
                },
            ]
        )
        cls.reachable = {
            "tz": "America/Chicago",
            "street": "1 Main Street",
            "city": "Springfield",
            "state_id": cls.env.ref("base.state_us_13").id,
            "zip": "62701",
        }
        cls.customer = cls._create_customer(**cls.reachable)

    def setUp(self):
        super().setUp()
        self.startPatcher(freeze_time(NOON))

    def _plan(self, purpose="test_job", **vals):
        return self.interactions._plan(
            [{"partner_id": self.customer.id, "purpose": purpose, **vals}]
        )

    def _dispatch(self):
        with self.enter_registry_test_mode():
            self.env.ref(
                "auto_shop.ir_cron_dispatch_interactions"
            ).sudo().method_direct_trigger()

    def _texts(self, rows):
        return self.env["sms.sms"].search([("interaction_id", "in", rows.ids)])

    def _mails(self, rows):
        return self.env["mail.mail"].search([("interaction_id", "in", rows.ids)])

    # --- handing over ---

    def test_text_goes_to_the_queue_of_its_company(self):
        row = self._plan()
        self._dispatch()
        self.assertEqual((row.state, row.number), ("queued", "+15125550123"))
        self.assertEqual(row.body, "Main Street Auto: hello Ann")
        self.assertEqual(row.dispatched_at, NOON)
        text = self._texts(row)
        self.assertEqual((text.number, text.body), (row.number, row.body))
        self.assertEqual(text.record_company_id, self.company)
        self._dispatch()
        self.assertEqual(len(self._texts(row)), 1)

    def test_workers_take_shares(self):
        """What other workers than the scheduled action ask for; nothing commits."""
        self.env["ir.config_parameter"].set_param("auto_shop.dispatch_batch_size", "2")
        self._plan(planned_at=NOON + timedelta(hours=1))
        self.assertEqual(self.interactions._get_queue_shares(8), {})
        rows = sum((self._plan() for _row in range(5)), self.interactions)
        self.assertEqual(self.interactions._get_queue_shares(8), {False: 3})
        self.assertEqual(self.interactions._get_queue_shares(2), {False: 2})
        for queued, more in ((2, True), (4, True), (5, False)):
            self.assertEqual(self.interactions._work_queue_share(False), more)
            self.assertEqual(rows.mapped("state").count("queued"), queued)
        self.assertEqual(self.interactions._get_queue_shares(8), {})

    def test_email_goes_to_the_mail_queue_and_wakes_it(self):
        row = self._plan(channel="email")
        cron = self.env.ref("mail.ir_cron_mail_scheduler_action")
        triggers = self.env["ir.cron.trigger"].sudo()
        triggers.search([("cron_id", "=", cron.id)]).unlink()
        self._dispatch()
        mail = self._mails(row)
        self.assertEqual(mail.email_to, "ann.miller@example.com")
        self.assertEqual(mail.subject, "Your visit, Ann")
        self.assertIn("<p>Hello Ann Miller</p>", mail.body_html)
        self.assertIn("shop@example.com", mail.reply_to)
        self.assertEqual((mail.model, mail.res_id), ("res.partner", self.customer.id))
        self.assertEqual(row.provider_ref, mail.message_id)
        self.assertTrue(triggers.search([("cron_id", "=", cron.id)]))

    def test_postcards_gather_in_one_run(self):
        rows = self._plan(channel="post") + self._plan(channel="post")
        self._dispatch()
        run = rows.print_run_id
        self.assertEqual((len(run), run.card_count, run.state), (1, 2, "to_print"))
        run.action_print()
        run.action_mailed()
        self.assertEqual(set(rows.mapped("state")), {"sent"})
        later = self._plan(channel="post")
        self._dispatch()
        self.assertNotEqual(later.print_run_id, run)

    def test_worded_by_a_person_goes_as_it_is(self):
        row = self.interactions._plan(
            [
                {
                    "partner_id": self.customer.id,
                    "channel": "sms",
                    "body": "{{ x }} 1 < 2",
                }
            ]
        )
        self._dispatch()
        self.assertEqual(self._texts(row).body, "{{ x }} 1 < 2")

    def test_what_is_not_due_stays(self):
        row = self._plan(planned_at=NOON + timedelta(minutes=1))
        call = self.interactions._plan(
            [{"partner_id": self.customer.id, "channel": "phone", "body": "Call"}]
        )
        self._dispatch()
        self.assertEqual((row.state, call.state), ("planned", "planned"))
        with freeze_time(NOON + timedelta(minutes=1)):
            self._dispatch()
        self.assertEqual(row.state, "queued")

    def test_no_wording_is_said(self):
        self.job.sms_body = False
        row = self._plan()
        self._dispatch()
        self.assertEqual((row.state, row.reason_code), ("failed", "no_wording"))
        self.job.sms_body = "Now there is"
        row.with_user(self.staff).action_send_again()
        self.assertEqual(row.state, "planned")
        self._dispatch()
        self.assertEqual((row.state, row.failure_reason), ("queued", False))

    def test_one_bad_row_holds_up_no_other(self):
        rows = self._plan() + self._plan(channel="email") + self._plan(channel="post")
        self.job.email_body = False
        self._dispatch()
        self.assertEqual(rows.mapped("state"), ["queued", "failed", "queued"])

    def test_row_that_cannot_be_prepared_holds_up_no_other(self):
        """Whatever an addon's merge field trips over, the others go out."""
        other = self._create_customer(name="Bob Odd", **self.reachable)

        def first_name(row):
            if row.partner_id == other:
                raise ValueError("an odd name")
            return row.partner_id.first_name

        self.patch(
            self.registry["customer.interaction"], "_merge_first_name", first_name
        )
        rows = self._plan() + self._plan(partner_id=other.id) + self._plan()
        with self.assertLogs("odoo.addons.auto_shop", "ERROR"):
            self._dispatch()
        self.assertEqual(rows.mapped("state"), ["queued", "failed", "queued"])
        self.assertIn("an odd name", rows[1].failure_reason)
        self.assertEqual(len(self._texts(rows)), 2)

    # --- consent ---

    def test_who_gets_nothing(self):
        """(customer, purpose, channel) -> reason, or None when it goes."""
        cases = [
            ({}, "test_job", "sms", None),
            ({"allow_texting": False}, "test_job", "sms", "no_consent"),
            ({"allow_texting": False}, "test_answer", "sms", "no_consent"),
            ({"mobile": False}, "test_job", "sms", "no_address"),
            ({"mobile": "12"}, "test_job", "sms", "invalid_address"),
            ({}, "test_job", "email", None),
            ({"email": False}, "test_job", "email", "no_address"),
            ({"do_not_mail": True}, "test_job", "email", "do_not_mail"),
            ({"do_not_mail": True}, "test_offer", "email", "do_not_mail"),
            ({"street": False}, "test_job", "post", "no_address"),
            ({"do_not_mail": True}, "test_job", "sms", None),
        ]
        for vals, purpose, channel, expected in cases:
            with self.subTest(vals=vals, purpose=purpose, channel=channel):
                self.customer = self._create_customer(**{**self.reachable, **vals})
                row = self._plan(purpose, channel=channel)
                self._dispatch()
                self.assertEqual(row.reason_code or None, expected)
                self.assertEqual(row.state, "cancelled" if expected else "queued")
                self.assertEqual(bool(row.failure_reason), bool(expected))

    def test_what_the_customer_waits_for_goes_in_spite_of_do_not_mail(self):
        self.customer.do_not_mail = True
        self.job.honour_do_not_mail = False
        row = self._plan(channel="email")
        by_hand = self.interactions._plan(
            [
                {
                    "partner_id": self.customer.id,
                    "channel": "email",
                    "subject": "Your estimate",
                    "body": "<p>Here</p>",
                    "automatic": False,
                }
            ]
        )
        self._dispatch()
        self.assertEqual((row + by_hand).mapped("state"), ["queued", "queued"])

    def test_answer_goes_to_the_number_that_asked(self):
        """It needs no Allow Texting, but never goes to a stopped number."""
        unknown = {"partner_id": None, "number": "+15125550777"}
        row = self._plan("test_answer", **unknown)
        self._dispatch()
        self.assertEqual(row.state, "queued")
        self.env["phone.blacklist"].sudo()._add(["+15125550777"])
        row = self._plan("test_answer", **unknown)
        self._dispatch()
        self.assertEqual(row.reason_code, "opted_out")

    # --- hours and limits ---

    def test_marketing_and_jobs_wait_for_the_hours(self):
        with freeze_time(datetime(2026, 6, 18, 4, 0)):  # 23:00 in Chicago
            offer, job = self._plan("test_offer"), self._plan()
            answer = self._plan("test_answer", number="+15125550123")
            self._dispatch()
            self.assertEqual(offer.planned_at, datetime(2026, 6, 18, 13, 0))
            self.assertEqual(job.planned_at, datetime(2026, 6, 18, 13, 0))
            self.assertEqual(answer.state, "queued")
        with freeze_time(datetime(2026, 6, 18, 13, 0)):
            self._dispatch()
            self.assertEqual((offer + job).mapped("state"), ["queued", "queued"])

    def test_hours_are_those_of_the_customer(self):
        """18:30 in Los Angeles is 20:30 in Chicago and 21:30 in New York."""
        cases = [
            ("America/Los_Angeles", "queued"),
            ("America/Chicago", "queued"),
            ("America/New_York", "planned"),
            (False, "queued"),
        ]
        with freeze_time(datetime(2026, 6, 18, 1, 30)):
            for tz, expected in cases:
                with self.subTest(tz=tz):
                    self.customer.tz = tz
                    row = self._plan("test_offer")
                    self._dispatch()
                    self.assertEqual(row.state, expected)

    def test_automatic_messages_a_day(self):
        self.company.automatic_message_limit = 2
        rows = self.interactions.union(
            *(self._plan(automatic=True) for _attempt in range(3))
        )
        manual = self._plan()
        self._dispatch()
        self.assertEqual(
            rows.sorted("id").mapped("state"), ["queued", "queued", "planned"]
        )
        self.assertEqual(manual.state, "queued")
        # Midnight in Chicago; from then on the hours decide.
        waiting = rows.sorted("id")[2]
        self.assertEqual(waiting.planned_at, datetime(2026, 6, 18, 5, 0))
        with freeze_time(datetime(2026, 6, 18, 13, 0)):
            self._dispatch()
        self.assertEqual(waiting.state, "queued")

    def test_no_limit(self):
        self.company.automatic_message_limit = 0
        rows = [self._plan(automatic=True) for _attempt in range(5)]
        self._dispatch()
        self.assertEqual({row.state for row in rows}, {"queued"})

    # --- still due ---

    def test_moved_appointment_falls(self):
        start = NOON + timedelta(days=3)
        event = self.env["calendar.event"].create(
            {
                "name": "Windshield",
                "shop_state": "booked",
                "start": start,
                "stop": start + timedelta(hours=1),
                "customer_id": self.customer.id,
                "company_id": self.company.id,
            }
        )
        row = self._plan(event_id=event.id, told_start=start)
        kept = self._plan(event_id=event.id, told_start=start + timedelta(days=1))
        event.start = start + timedelta(days=1)
        self._dispatch()
        self.assertEqual((row.state, row.reason_code), ("cancelled", "superseded"))
        self.assertEqual(kept.state, "queued")

    def test_blocked_once_by_a_person(self):
        row = self._plan()
        row.with_user(self.staff).action_cancel()
        self.assertEqual((row.state, row.reason_code), ("cancelled", "blocked"))
        self.assertIn(self.staff.name, row.failure_reason)
        self._dispatch()
        self.assertFalse(self._texts(row))

    def test_unknown_outcome_is_a_persons_to_decide(self):
        row = self.interactions.create(
            {"channel": "sms", "state": "unknown", "partner_id": self.customer.id}
        )
        with self.assertRaises(AccessError):
            row.with_user(self.employee).action_mark_sent()
        row.with_user(self.staff).action_mark_sent()
        self.assertEqual(row.state, "sent")
        row.with_user(self.staff).action_send_again()
        self.assertEqual(row.state, "sent")

    # --- e-mail reports ---

    def test_email_sent_failed_and_bounced(self):
        sent, failed = self._plan(channel="email"), self._plan(channel="email")
        self._dispatch()
        self._mails(sent)._postprocess_sent_message([], ["ann.miller@example.com"])
        self.assertEqual((sent.state, sent.sent_at), ("sent", NOON))
        self._mails(failed)._postprocess_sent_message(
            [], [], failure_type="mail_email_invalid"
        )
        self.assertEqual((failed.state, failed.reason_code), ("failed", "provider"))
        self.assertTrue(failed.failure_reason)
        self.env["mail.thread"].message_process(
            None,
            "From: MAILER-DAEMON@example.com\r\n"
            "To: bounce@example.com\r\n"
            "Subject: Undelivered\r\n"
            "Message-Id: <bounce-1@example.com>\r\n"
            f"References: {sent.provider_ref}\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="x"'
            "\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nNo such user\r\n"
            "--x\r\nContent-Type: message/delivery-status\r\n\r\n"
            "Reporting-MTA: dns; example.com\r\n\r\n"
            "Final-Recipient: rfc822; ann.miller@example.com\r\nAction: failed\r\n"
            "Status: 5.1.1\r\n\r\n--x--\r\n",
        )
        self.assertEqual(sent.state, "failed")
        self.assertIn("No such user", sent.failure_reason)
        self.assertTrue(self.customer.email_hard_bounced)
        later = self._plan(channel="email")
        self._dispatch()
        self.assertEqual(later.reason_code, "invalid_address")

    def test_relay_that_is_down_is_tried_again_later(self):
        row = self._plan(channel="email")
        self._dispatch()
        mail = self._mails(row)
        minutes = []
        for _attempt in range(9):
            mail.state = "exception"
            mail._postprocess_sent_message([], [], failure_type="mail_smtp")
            if mail.state == "outgoing":
                waits = mail.scheduled_date - fields.Datetime.now()
                minutes.append(waits.total_seconds() / 60)
                self.assertEqual(row.state, "queued")
        self.assertEqual(minutes, [5, 10, 20, 40, 80, 160, 320, 640])
        self.assertEqual((row.state, mail.state), ("failed", "exception"))

    def test_mail_that_waited_is_looked_at_once_more(self):
        """(what changed while it waited) -> reason, or None when it still goes."""
        cases = [
            ({}, None),
            ({"do_not_mail": True}, "do_not_mail"),
            ({"email": False}, "no_address"),
        ]
        for change, expected in cases:
            with self.subTest(change=change):
                self.customer = self._create_customer(**self.reachable)
                row = self._plan(channel="email")
                self._dispatch()
                mail = self._mails(row)
                self.customer.write(change)
                with self.enter_registry_test_mode(), self.registry.cursor() as cr:
                    claimed = mail.with_env(self.env(cr=cr))._claim()
                self.env.invalidate_all()
                self.assertEqual(bool(claimed), not expected)
                self.assertEqual(row.reason_code or None, expected)
                self.assertEqual(row.state, "cancelled" if expected else "sending")
                self.assertEqual(mail.state, "cancel" if expected else "outgoing")

    def test_interrupted_mails_are_held_or_go_back(self):
        """Only the one that was at the server is in doubt."""
        minutes = timedelta(minutes=1)
        # claimed, handed over (minutes before), state after, still claimed
        cases = [
            (9, None, "sending", True),
            (11, None, "queued", False),
            (11, 9, "sending", True),
            (11, 11, "unknown", True),
        ]
        rows = self.env["customer.interaction"]
        for index, (claimed, handed_over, _state, _still) in enumerate(cases):
            rows += self._plan(channel="email", dedupe_key=f"held:{index}")
            self._dispatch()
            self._mails(rows[-1]).write(
                {
                    "claimed_at": NOON - claimed * minutes,
                    "handing_over_at": handed_over and NOON - handed_over * minutes,
                }
            )
            rows[-1]._set_state("sending")
        with freeze_time(NOON):
            rows._hold_interrupted()
        for row, (claimed, handed_over, state, still) in zip(rows, cases, strict=True):
            with self.subTest(claimed=claimed, handed_over=handed_over):
                mail = self._mails(row)
                self.assertEqual(row.state, state)
                self.assertEqual(bool(mail.claimed_at), still)
                self.assertEqual(
                    mail.state, "exception" if state == "unknown" else "outgoing"
                )
        held = self._mails(rows[-1])
        held.mark_outgoing()
        self.assertFalse(held.claimed_at or held.handing_over_at)

    def test_what_the_queue_is_sending_is_not_sent_by_hand(self):
        claimed, free = (
            self._plan(channel="email", dedupe_key=key) for key in ("queue", "hand")
        )
        self._dispatch()
        self._mails(claimed).claimed_at = NOON
        servers = type(self.env["ir.mail_server"])
        with (
            patch.object(servers, "_disable_send", lambda self: False),
            patch.object(servers, "_connect__", lambda self, **kwargs: None),
            patch.object(servers, "send_email", return_value="<id>") as sent,
        ):
            self._mails(claimed + free).send()
        self.assertEqual(sent.call_count, 1)
        self.assertEqual((claimed.state, free.state), ("queued", "sent"))

    def test_subject_is_one_line(self):
        row = self._plan(channel="email", body="<p>x</p>", subject="Dear\nBcc: a@b.c")
        self._dispatch()
        self.assertEqual(self._mails(row).subject, "Dear Bcc: a@b.c")

    def _receive_mail(self, row, sender, number):
        """An e-mail to the shop that says it answers that of ``row``."""
        raw = (
            f"From: {sender}\r\n"
            "To: shop@example.com\r\n"
            "Subject: Re: Your visit\r\n"
            f"Message-Id: <reply-{number}@example.com>\r\n"
            f"In-Reply-To: {row.provider_ref}\r\n"
            f"References: {row.provider_ref}\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n\r\nSee you then"
        )
        # The gateway works for no location in particular.
        gateway = self.env["mail.thread"].with_company(self.other_company)
        gateway.message_process("res.partner", raw)
        return self.env["mail.message"].search(
            [("message_id", "=", f"<reply-{number}@example.com>")]
        )

    def test_reply_by_email_reaches_the_history(self):
        row = self._plan(channel="email")
        self._dispatch()
        message = self._receive_mail(row, "Ann Miller <ann.miller@example.com>", 1)
        self.assertEqual(message.record_company_id, self.company)
        reply = self.interactions.search(
            [("partner_id", "=", self.customer.id), ("direction", "=", "in")]
        )
        self.assertEqual((len(reply), reply.channel), (1, "email"))
        self.assertIn("See you then", reply.body)
        self.assertEqual(reply.company_id, self.company)

    def test_reply_is_the_customers_only_when_he_sent_it(self):
        """(sender, whether it is logged as the customer's); Odoo routes all."""
        garage = self.env["res.partner"].create(
            {"name": "Fleet Inc", "is_company": True, "email": "office@fleet.example"}
        )
        self._create_customer(
            name="Col League", parent_id=garage.id, email="col@fleet.example"
        )
        self.customer.parent_id = garage
        self._create_customer(name="Other", email="other@example.com")
        row = self._plan(channel="email")
        self._dispatch()
        cases = [
            ("ann.miller@example.com", True),
            ('"Miller, Ann" <Ann.Miller@Example.COM>', True),
            ("col@fleet.example", True),
            ("office@fleet.example", True),
            ("new.ann@example.com", False),
            ("other@example.com", False),
            ("stranger@example.net", False),
            ("ann.miller@example.com.evil.example", False),
            ('"ann.miller@example.com" <stranger@example.net>', False),
        ]
        replies = [("partner_id", "=", self.customer.id), ("direction", "=", "in")]
        for number, (sender, is_his) in enumerate(cases):
            before = self.interactions.search_count(replies)
            message = self._receive_mail(row, sender, number)
            with self.subTest(sender):
                logged = self.interactions.search_count(replies) - before
                self.assertEqual(logged, int(is_his))
                self.assertTrue(message, "Odoo's own routing goes on")
        self.customer.email = "new.ann@example.com"
        for sender in ("ann.miller@example.com", "new.ann@example.com"):
            before = self.interactions.search_count(replies)
            self._receive_mail(row, sender, f"moved-{sender}")
            with self.subTest(sender, way="address changed since"):
                self.assertEqual(self.interactions.search_count(replies), before + 1)

    # --- many ---

    def test_queries_do_not_grow_with_rows(self):
        counts = {}
        for channel in ("sms", "email", "post"):
            for size in (10, 200):
                customers = self.env["res.partner"].create(
                    [
                        {
                            "name": f"Customer {number}",
                            "email": f"{channel}{size}.{number}@example.com",
                            "mobile": f"+151255{size // 10:02}{number:03}",
                            "allow_texting": True,
                            "country_id": self.country_us.id,
                            **self.reachable,
                        }
                        for number in range(size)
                    ]
                )
                rows = self.interactions._plan(
                    [
                        {
                            "partner_id": customer.id,
                            "purpose": "test_job",
                            "channel": channel,
                            "automatic": True,
                        }
                        for customer in customers
                    ]
                )
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                rows._dispatch()
                self.env.flush_all()
                counts[channel, size] = self.env.cr.sql_log_count - before
                self.assertEqual(set(rows.mapped("state")), {"queued"})
            # Reading and inserting go in chunks, so a few more, never one a row.
            self.assertLess(
                counts[channel, 200] - counts[channel, 10], 25, f"{channel}: {counts}"
            )
