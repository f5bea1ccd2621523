# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_schedule import NOW, TOMORROW, YESTERDAY, ScheduleCommon

HOUR = timedelta(hours=1)


@tagged("post_install", "-at_install")
class TestQuestions(ScheduleCommon):
    def _key(self, event):
        return event.customer_question()["key"]

    def _answer(self, event, value):
        return event.customer_answer(self._key(event), value)

    def test_what_asks(self):
        """A change, the customer told before or not, and what is asked then."""
        booked = {}
        cases = [
            # name, told of the booking, vals of the appointment, change, question
            ("booking", None, booked, {}, "scheduled"),
            ("booking in the past", None, {"start": YESTERDAY}, {}, False),
            (
                "moved, never told",
                None,
                booked,
                {"start": TOMORROW + HOUR},
                "scheduled",
            ),
            ("moved", True, booked, {"start": TOMORROW + HOUR}, "rescheduled"),
            (
                "moved, answered no before",
                False,
                booked,
                {"start": TOMORROW + HOUR},
                "scheduled",
            ),
            ("moved to the past", True, booked, {"start": YESTERDAY}, False),
            ("same start", True, booked, {"start": TOMORROW}, False),
            ("longer", True, booked, {"stop": TOMORROW + 3 * HOUR}, False),
            ("duration", True, booked, {"duration": 3}, False),
            ("notes", True, booked, {"notes": "Key is in the box"}, False),
            ("bay", True, booked, {"bay_id": "bay"}, False),
            ("technician", True, booked, {"technician_id": "staff"}, False),
            ("place", True, booked, {"location": "At home"}, False),
            ("arrived", True, booked, {"shop_state": "arrived"}, False),
            ("arrived closes", None, booked, {"shop_state": "arrived"}, False),
            ("completed", True, booked, {"shop_state": "completed"}, "completed"),
            (
                "completed in the past",
                None,
                {"start": YESTERDAY},
                {"shop_state": "completed"},
                "completed",
            ),
            ("cancelled", True, booked, {"shop_state": "cancelled"}, "cancelled"),
            ("never told", None, booked, {"shop_state": "cancelled"}, "cancelled"),
            (
                "cancelled in the past",
                None,
                {"start": YESTERDAY},
                {"shop_state": "cancelled"},
                False,
            ),
            (
                "no show",
                None,
                {"start": YESTERDAY},
                {"shop_state": "no_show"},
                False,
            ),
            ("other customer", True, booked, {"customer_id": "other"}, "scheduled"),
            ("no texts", True, booked, {"customer_id": "silent"}, False),
        ]
        other = self._create_customer(name="Carla Other", mobile="(512) 555-0188")
        links = {
            "bay": self.bay.id,
            "staff": self.staff.id,
            "other": other.id,
            "silent": self.silent.id,
        }
        for name, told, vals, change, expected in cases:
            with self.subTest(name):
                if told is not None:
                    vals = {**vals, "notify_customer": told}
                event = self._create_event(**vals)
                change = {
                    field: links.get(value, value) if isinstance(value, str) else value
                    for field, value in change.items()
                }
                if change:
                    if "start" in change:
                        change["stop"] = change["start"] + HOUR
                    event.write(change)
                self.assertEqual(event.pending_notice, expected)
                self.assertEqual(bool(event.customer_question()), bool(expected))

    def test_no_prompt_without_consent_or_wording(self):
        silent = self._create_event(customer_id=self.silent.id)
        nobody = self._create_event(customer_id=False, vehicle_id=False)
        self.env["customer.interaction.purpose"].search(
            [("code", "=like", "appointment_%")]
        ).active = False
        wordless = self._create_event()
        for event in (silent, nobody, wordless):
            for change in (
                {"start": TOMORROW + HOUR, "stop": TOMORROW + 2 * HOUR},
                {"shop_state": "completed"},
                {"shop_state": "booked", "notify_customer": True},
            ):
                with self.subTest(event=event.name, **change):
                    event.write(change)
                    self.assertFalse(event.pending_notice)
                    self.assertFalse(event.customer_question())
                    self.assertFalse(self._interactions(event))

    def test_answer_in_the_write(self):
        cases = [
            ({"notify_customer": True}, ["scheduled"], TOMORROW),
            ({"notify_customer": False}, [], False),
        ]
        for vals, codes, told_start in cases:
            with self.subTest(**vals):
                event = self._create_event(**vals)
                self.assertFalse(event.pending_notice)
                self.assertEqual(event.told_start, told_start)
                self.assertEqual(self._codes(event), codes)
        event = self._create_event(notify_customer=True)
        event.write(
            {
                "start": TOMORROW + HOUR,
                "stop": TOMORROW + 2 * HOUR,
                "notify_customer": True,
            }
        )
        event.write({"shop_state": "completed", "notify_customer": True})
        self.assertEqual(self._codes(event), ["scheduled", "rescheduled", "completed"])
        # Alone it answers what is open.
        event = self._create_event()
        event.notify_customer = True
        self.assertEqual(self._codes(event), ["scheduled"])
        event.write({"notify_customer": True})
        self.assertEqual(self._codes(event), ["scheduled"])

    def test_ok_and_cancel(self):
        event = self._create_event()
        question = event.customer_question()
        self.assertEqual(
            [button["value"] for button in question["buttons"]], ["ok", "cancel"]
        )
        self.assertEqual(question["preview"], "You are scheduled.")
        self.assertEqual(question["segments"], 1)
        self.assertIn(self.customer.name, event.open_question)
        self.assertEqual(self._answer(event, "ok")["type"], "success")
        self.assertFalse(event.customer_question())
        self.assertFalse(event.open_question)
        interaction = self._interactions(event)
        self.assertRecordValues(
            interaction,
            [
                {
                    "company_id": self.company.id,
                    "partner_id": self.customer.id,
                    "vehicle_id": self.vehicle.id,
                    "channel": "sms",
                    "state": "planned",
                    "user_id": self.staff.id,
                    "told_start": TOMORROW,
                    "automatic": False,
                }
            ],
        )
        event.write({"start": TOMORROW + HOUR, "stop": TOMORROW + 2 * HOUR})
        self._answer(event, "cancel")
        self.assertEqual(self._interactions(event), interaction)
        self.assertEqual(event.told_start, TOMORROW)

    def test_answered_once(self):
        event = self._create_event()
        key = self._key(event)
        self.assertTrue(event.customer_answer(key, "ok"))
        self.assertFalse(event.customer_answer(key, "ok"))
        self.assertFalse(event.customer_answer(key, "cancel"))
        self.assertEqual(self._codes(event), ["scheduled"])

    def test_old_question_is_refused(self):
        event = self._create_event()
        key = self._key(event)
        # Somebody else moved it while the dialog was open.
        event.write({"start": TOMORROW + HOUR, "stop": TOMORROW + 2 * HOUR})
        self.assertFalse(event.customer_answer(key, "ok"))
        self.assertFalse(self._interactions(event))
        self.assertTrue(self._answer(event, "ok"))

    def test_wrong_answers(self):
        event = self._create_event()
        for key in ("write", "appointment_notice", "", "appointment_notice:999"):
            with self.subTest(key=key):
                self.assertFalse(event.customer_answer(key, "ok"))
        with self.assertRaisesRegex(UserError, "is not an answer"):
            event.customer_answer(self._key(event), "maybe")
        self.assertEqual(event.pending_notice, "scheduled")

    def test_only_who_may_change_answers(self):
        event = self._create_event()
        key = self._key(event)
        with self.assertRaises(AccessError):
            event.with_user(self.employee).customer_answer(key, "ok")
        self.assertFalse(event.with_user(self.employee).customer_question())
        event.unlink()
        self.assertFalse(event.customer_question())
        self.assertFalse(event.customer_answer(key, "ok"))

    def test_moved_back(self):
        event = self._create_event(notify_customer=True)
        event.write({"start": TOMORROW + HOUR, "stop": TOMORROW + 2 * HOUR})
        self.assertEqual(event.pending_notice, "rescheduled")
        event.write({"start": TOMORROW, "stop": TOMORROW + HOUR})
        self.assertFalse(event.pending_notice)

    def test_moved_to_and_fro_tells_each_time(self):
        event = self._create_event(notify_customer=True)
        for hours in (1, 0, 1):
            start = TOMORROW + hours * HOUR
            event.write({"start": start, "stop": start + HOUR, "notify_customer": True})
        self.assertEqual(
            self._codes(event),
            ["scheduled", "rescheduled", "rescheduled", "rescheduled"],
        )

    def test_telling_twice_plans_once(self):
        event = self._create_event()
        event._tell_customer("scheduled")
        event._tell_customer("scheduled")
        self.assertEqual(self._codes(event), ["scheduled"])

    def test_reopened_after_a_cancellation(self):
        event = self._create_event(notify_customer=True)
        event.write({"shop_state": "cancelled", "notify_customer": True})
        event.action_reopen()
        self.assertEqual(event.pending_notice, "scheduled")
        event.write({"shop_state": "cancelled", "notify_customer": False})
        event.write({"notify_customer": False})
        told = self._create_event(notify_customer=True)
        told.write({"shop_state": "cancelled", "notify_customer": False})
        told.action_reopen()
        # Nobody told the customer not to come.
        self.assertFalse(told.pending_notice)

    def test_time_closes_a_question(self):
        event = self._create_event()
        key = self._key(event)
        with freeze_time(TOMORROW + HOUR):
            event.invalidate_recordset()
            self.assertFalse(event.customer_question())
            self.assertFalse(event.customer_answer(key, "ok"))
        self.assertFalse(self._interactions(event))

    def test_withdrawn_consent_closes_a_question(self):
        event = self._create_event()
        self.customer.allow_texting = False
        self.assertFalse(event.customer_question())
        event.notify_customer = True
        self.assertFalse(self._interactions(event))

    def test_notice_still_holds(self):
        event = self._create_event(notify_customer=True)
        moved = TOMORROW + HOUR
        cases = [
            ({}, "appointment_scheduled", TOMORROW, True),
            ({}, "appointment_rescheduled", TOMORROW, True),
            ({}, "appointment_completed", TOMORROW, False),
            ({"start": moved}, "appointment_scheduled", TOMORROW, False),
            ({"start": moved}, "appointment_rescheduled", moved, True),
            ({"shop_state": "cancelled"}, "appointment_rescheduled", moved, False),
            ({"shop_state": "cancelled"}, "appointment_cancelled", moved, True),
            ({"shop_state": "booked"}, "appointment_cancelled", moved, False),
            ({"shop_state": "completed"}, "appointment_completed", moved, True),
            ({"active": False}, "appointment_completed", moved, False),
        ]
        for change, code, told_start, expected in cases:
            with self.subTest(code=code, **change):
                if "start" in change:
                    change = {**change, "stop": change["start"] + HOUR}
                if change:
                    event.write(change)
                self.assertEqual(event._notice_still_holds(code, told_start), expected)
        gone = self._create_event()
        gone.unlink()
        self.assertFalse(gone._notice_still_holds("appointment_scheduled", TOMORROW))
        self.assertFalse(
            self.env["calendar.event"]._notice_still_holds("appointment_scheduled", NOW)
        )

    def test_many_at_once(self):
        events = self._create_event() | self._create_event(start=TOMORROW + HOUR)
        events.write({"shop_state": "completed", "notify_customer": True})
        self.assertEqual(self._codes(events), ["completed", "completed"])
        self.assertFalse(any(events.mapped("pending_notice")))
