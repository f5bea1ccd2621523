# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from ..exceptions import NotSentToCrm
from .common import NOW, TOMORROW, AutoGlassCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestSchedule(AutoGlassCommon):
    def test_an_order_that_was_not_sent_is_refused(self):
        order = self._create_glass_order()
        event = (
            self.env["calendar.event"]
            .with_user(self.staff)
            .create(
                {
                    "shop_state": "booked",
                    "customer_id": self.customer.id,
                    "start": TOMORROW,
                    "stop": TOMORROW + timedelta(hours=1),
                }
            )
        )
        vals = {
            "start": TOMORROW,
            "stop": TOMORROW + timedelta(hours=1),
            "name": "Windshield",
        }
        cases = {
            "create": lambda: self._book(order),
            "with an answer": lambda: self._book(order, notify_customer=True),
            "link": lambda: event.write({"work_order_id": order.id}),
            "from the order": lambda: order.write(
                {"event_ids": [Command.create(vals)]}
            ),
            "link from the order": lambda: order.write(
                {"event_ids": [Command.link(event.id)]}
            ),
            "default": lambda: event.with_context(
                default_work_order_id=order.id
            ).create(vals),
            "forged context": lambda: event.with_context(appointment_first=True).write(
                {"work_order_id": order.id}
            ),
        }
        for name, attempt in cases.items():
            with (
                self.subTest(name),
                self.assertRaisesRegex(NotSentToCrm, "Send it to the CRM") as caught,
                self.env.cr.savepoint(),
            ):
                attempt()
            self.assertEqual(caught.exception.args[1], order.id)
            self.env.invalidate_all()
            self.assertFalse(order.event_ids)
            self.assertFalse(self._texts())
        order.action_send_to_crm()
        self.assertTrue(self._book(order))

    def test_import_is_refused(self):
        order = self._create_glass_order()
        result = (
            self.env["calendar.event"]
            .with_user(self.staff)
            .load(
                ["name", "shop_state", "work_order_id/.id", "start", "stop"],
                [
                    [
                        "Windshield",
                        "Booked",
                        str(order.id),
                        "2026-03-03 16:00:00",
                        "2026-03-03 17:00:00",
                    ]
                ],
            )
        )
        self.assertFalse(result["ids"])
        self.assertIn("Send it to the CRM", result["messages"][0]["message"])

    def test_a_manager_may_turn_the_refusal_into_a_note(self):
        self.company.glass_unsent_appointment = "warn"
        order = self._create_glass_order()
        event = self._book(order, notify_customer=False)
        self.assertIn(order.name, event.crm_warning)
        order.action_send_to_crm()
        self.assertFalse(event.crm_warning)

    def test_reopening_is_scheduling(self):
        self.company.glass_unsent_appointment = "warn"
        event = self._book(self._create_glass_order(), notify_customer=False)
        event.action_cancel_appointment()
        self.company.glass_unsent_appointment = "refuse"
        with self.assertRaises(NotSentToCrm):
            event.action_reopen()

    def test_what_exists_can_be_moved_and_finished(self):
        self.company.glass_unsent_appointment = "warn"
        event = self._book(self._create_glass_order(), notify_customer=False)
        self.company.glass_unsent_appointment = "refuse"
        event.write({"start": TOMORROW + timedelta(days=1)})
        event.action_arrived()
        event.action_complete()
        self.assertEqual(event.shop_state, "completed")

    def test_who_cannot_be_texted_is_scheduled_freely(self):
        self.customer.allow_texting = False
        order = self._create_glass_order()
        event = self._book(order, notify_customer=True)
        self.assertFalse(event.crm_warning)
        self.assertFalse(event.customer_question())
        event.write({"start": TOMORROW + timedelta(days=1), "notify_customer": True})
        event.write({"shop_state": "completed", "notify_customer": True})
        self.assertFalse(event.customer_question())
        self.assertFalse(self._texts())

    def test_lead_follows_who_cannot_be_texted(self):
        self.customer.allow_texting = False
        order = self._create_sent_order()
        event = self._book(order)
        lead = order.opportunity_id
        self.assertEqual(lead.stage_id, self._stage("scheduled"))
        event.action_complete()
        self.assertEqual(lead.stage_id, self._stage("completed"))
        self.assertFalse(self._texts())

    def test_order_made_from_an_appointment(self):
        event = (
            self.env["calendar.event"]
            .with_user(self.staff)
            .create(
                {
                    "shop_state": "booked",
                    "customer_id": self.customer.id,
                    "start": TOMORROW,
                    "stop": TOMORROW + timedelta(hours=1),
                }
            )
        )
        event.action_open_work_order()
        self.assertTrue(event.work_order_id)
        self.assertTrue(event.crm_warning)

    def test_ok_and_cancel_of_each_notice(self):
        later = TOMORROW + timedelta(days=1)
        change = {
            "rescheduled": {"start": later, "stop": later + timedelta(hours=1)},
            "completed": {"shop_state": "completed"},
            "cancelled": {"shop_state": "cancelled"},
        }
        stage_after_ok = {
            "scheduled": "scheduled",
            "rescheduled": "scheduled",
            "completed": "completed",
            "cancelled": "new",
        }
        for notice, kind in stage_after_ok.items():
            for answer in ("ok", "cancel", True, False):
                with self.subTest(notice=notice, answer=answer):
                    partner = self._create_customer()
                    order = self._create_sent_order(partner)
                    lead = order.opportunity_id
                    event, stage = None, lead.stage_id
                    said = (
                        {} if isinstance(answer, str) else {"notify_customer": answer}
                    )
                    if notice == "scheduled":
                        event = self._book(order, **said)
                    else:
                        event = self._book(order, notify_customer=True)
                        stage = lead.stage_id
                        event.write({**change[notice], **said})
                    if isinstance(answer, str):
                        question = event.customer_question()
                        self.assertTrue(question["preview"])
                        self.assertTrue(event.customer_answer(question["key"], answer))
                        # Answered once.
                        self.assertFalse(event.customer_answer(question["key"], "ok"))
                    self.assertFalse(event.customer_question())
                    texts = self._texts(f"appointment_{notice}", partner)
                    if answer in ("ok", True):
                        self.assertEqual(len(texts), 1)
                        self.assertEqual(texts.lead_id, lead)
                        self.assertEqual(lead.stage_id, self._stage(kind))
                    else:
                        self.assertFalse(texts)
                        self.assertEqual(lead.stage_id, stage)
                    self.assertTrue(event.exists())

    def test_changing_anything_else_asks_nothing(self):
        event = self._book(self._create_sent_order(), notify_customer=True)
        event.write({"description": "Bring the key", "stop": event.stop + timedelta(1)})
        self.assertFalse(event.customer_question())

    def test_wording_goes_out_as_plain_text(self):
        event = self._book(self._create_sent_order())
        purposes = self.env["customer.interaction.purpose"].search(
            [("code", "like", "appointment_%")]
        )
        self.assertEqual(len(purposes), 4)
        for purpose in purposes:
            with self.subTest(purpose.code):
                shown = purpose._preview(
                    company_id=self.company.id,
                    partner_id=self.customer.id,
                    event_id=event.id,
                )
                self.assertFalse(shown["is_unicode"], shown["body"])
                self.assertLessEqual(shown["segments"], 2)

    def test_wording(self):
        cases = {
            "scheduled": ["Main Street Auto", "Tuesday, March 3", "10:00", "12 Main"],
            "rescheduled": ["Main Street Auto", "Wednesday, March 4", "10:00"],
            "completed": ["Main Street Auto", "ready"],
        }
        event = self._book(self._create_sent_order(), notify_customer=True)
        event.write({"start": TOMORROW + timedelta(days=1), "notify_customer": True})
        event.write({"shop_state": "completed", "notify_customer": True})
        for notice, parts in cases.items():
            [text] = self._texts(f"appointment_{notice}")
            body = self._wording(text)
            for part in parts:
                with self.subTest(notice=notice, part=part):
                    self.assertIn(part, body)
