# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import date, datetime, timedelta

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import AutoShopCommon

NOW = datetime(2026, 3, 2, 15, 0)
TOMORROW = NOW + timedelta(days=1)
YESTERDAY = NOW - timedelta(days=1)
NOTICES = ("scheduled", "rescheduled", "completed", "cancelled")


class ScheduleCommon(AutoShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._create_customer()
        cls.silent = cls._create_customer(name="Bob Silent", allow_texting=False)
        cls.vehicle = cls.env["customer.vehicle"].create(
            {
                "owner_id": cls.customer.id,
                "license_plate": "ABC 123",
                "company_id": cls.company.id,
            }
        )
        cls.bay = cls.env["shop.bay"].create(
            {"name": "Bay 1", "company_id": cls.company.id}
        )
        cls.env["customer.interaction.purpose"].create(
            [
                {
                    "code": f"appointment_{notice}",
                    "name": f"Test: {notice}",
                    "channel": "sms",
                    "sms_body": f"You are {notice}.",
                    "company_id": cls.company.id,
                }
                for notice in NOTICES
            ]
        )

    def setUp(self):
        super().setUp()
        frozen = freeze_time(NOW)
        frozen.start()
        self.addCleanup(frozen.stop)

    @classmethod
    def _create_event(cls, user=None, **vals):
        """An appointment of tomorrow; one hour, unless ``vals`` say otherwise."""
        return (
            cls.env["calendar.event"]
            .with_user(user or cls.staff)
            .create(
                {
                    "shop_state": "booked",
                    "customer_id": cls.customer.id,
                    "vehicle_id": cls.vehicle.id,
                    "start": TOMORROW,
                    **vals,
                }
            )
        )

    def _as_outsider(self, records):
        return records.with_user(self.outsider).with_context(
            allowed_company_ids=self.other_company.ids
        )

    def _interactions(self, event):
        return self.env["customer.interaction"].search(
            [("event_id", "in", event.ids)], order="id"
        )

    def _codes(self, event):
        return [
            interaction.purpose_id.code.removeprefix("appointment_")
            for interaction in self._interactions(event)
        ]


@tagged("post_install", "-at_install")
class TestSchedule(ScheduleCommon):
    def test_filled_from_order(self):
        order = self._create_order(self.customer, vehicle_id=self.vehicle.id)
        event = (
            self.env["calendar.event"]
            .with_user(self.staff)
            .create({"work_order_id": order.id, "start": TOMORROW})
        )
        self.assertRecordValues(
            event,
            [
                {
                    "shop_state": "booked",
                    "customer_id": self.customer.id,
                    "vehicle_id": self.vehicle.id,
                    "company_id": self.company.id,
                    "location": self.company._get_address_line(),
                    "start": TOMORROW,
                    "stop": TOMORROW + timedelta(hours=1),
                    "privacy": "confidential",
                }
            ],
        )
        for part in (self.customer.name, "ABC 123", order.name):
            self.assertIn(part, event.name)
        self.assertEqual(order.event_count, 1)
        self.assertEqual(order.next_appointment, TOMORROW)

    def test_name_follows_the_customer(self):
        event = self._create_event()
        event.customer_id = self.silent
        self.assertIn("Bob Silent", event.name)
        self.assertNotIn("Ann Miller", event.name)

    def test_form_fills_from_order(self):
        order = self._create_order(self.customer, vehicle_id=self.vehicle.id)
        view = "auto_shop.calendar_event_view_form_quick_create"
        form = Form(
            self.env["calendar.event"]
            .with_user(self.staff)
            .with_context(default_shop_state="booked", default_start=TOMORROW),
            view,
        )
        form.work_order_id = order
        self.assertEqual(form.customer_id, self.customer)
        self.assertEqual(form.vehicle_id, self.vehicle)
        self.assertTrue(form.can_be_texted)
        event = form.save()
        self.assertEqual(event.shop_state, "booked")
        self.assertFalse(event.partner_ids)

    def test_transitions(self):
        states = ("booked", "arrived", "completed", "no_show", "cancelled")
        allowed = {
            ("booked", "arrived"),
            ("booked", "completed"),
            ("booked", "no_show"),
            ("booked", "cancelled"),
            ("arrived", "booked"),
            ("arrived", "completed"),
            ("arrived", "cancelled"),
            ("completed", "booked"),
            ("no_show", "booked"),
            ("cancelled", "booked"),
        }
        for old in states:
            for new in states:
                event = self._create_event(shop_state=old, start=YESTERDAY)
                with self.subTest(old=old, new=new):
                    if old == new or (old, new) in allowed:
                        event.shop_state = new
                        self.assertEqual(event.shop_state, new)
                    else:
                        with self.assertRaisesRegex(UserError, "Reopen it first"):
                            event.shop_state = new

    def test_buttons(self):
        cases = [
            ("booked", "action_arrived", "arrived"),
            ("arrived", "action_complete", "completed"),
            ("booked", "action_no_show", "no_show"),
            ("booked", "action_cancel_appointment", "cancelled"),
            ("cancelled", "action_reopen", "booked"),
        ]
        for old, button, new in cases:
            with self.subTest(button=button):
                event = self._create_event(shop_state=old, start=YESTERDAY)
                getattr(event, button)()
                self.assertEqual(event.shop_state, new)

    def test_no_show_before_it_began_refused(self):
        event = self._create_event()
        with self.assertRaisesRegex(UserError, "has not begun yet"):
            event.action_no_show()

    def test_appointment_stays_an_appointment(self):
        event = self._create_event()
        with self.assertRaisesRegex(UserError, "Cancel it"):
            event.shop_state = False

    @mute_logger("odoo.sql_db")
    def test_no_whole_days_and_no_repetition(self):
        for vals in ({"allday": True}, {"recurrency": True, "rrule_type": "weekly"}):
            with self.subTest(**vals), self.assertRaises(CheckViolation):
                with self.env.cr.savepoint():
                    self._create_event(**vals)

    def test_completing_registers_the_visit(self):
        event = self._create_event(start=YESTERDAY)
        event.action_complete()
        self.assertEqual(self.vehicle.last_visit_date, YESTERDAY.date())

    def test_visit_is_the_day_at_the_shop(self):
        # 2:00 UTC on March 2 is still March 1 in Chicago.
        self.company.partner_id.tz = "America/Chicago"
        start = datetime(2026, 3, 2, 2, 0)
        event = self._create_event(start=start, shop_state="arrived")
        event.action_complete()
        self.assertEqual(self.vehicle.last_visit_date, date(2026, 3, 1))

    def test_double_booking_is_said_not_refused(self):
        first = self._create_event(bay_id=self.bay.id, technician_id=self.staff.id)
        hour = timedelta(hours=1)
        other_bay = self.bay.copy({"name": "Bay 2"})
        cases = [
            # what differs, and who is said to be booked
            ({"bay_id": self.bay.id}, "Bay 1"),
            ({"technician_id": self.staff.id}, self.staff.name),
            ({"bay_id": other_bay.id}, False),
            ({"technician_id": self.manager.id}, False),
            ({"bay_id": self.bay.id, "start": TOMORROW + hour}, False),
            ({"bay_id": self.bay.id, "start": TOMORROW + hour / 2}, "Bay 1"),
            ({"bay_id": self.bay.id, "shop_state": "cancelled"}, False),
            ({}, False),
        ]
        for vals, expected in cases:
            with self.subTest(**vals):
                vals = {"start": TOMORROW, **vals}
                event = self._create_event(**vals, stop=vals["start"] + hour)
                if expected:
                    self.assertIn(expected, event.schedule_warning)
                else:
                    self.assertFalse(event.schedule_warning)
                event.unlink()
        first.shop_state = "cancelled"
        self.assertFalse(self._create_event(bay_id=self.bay.id).schedule_warning)

    def test_double_booking_is_said_before_saving(self):
        self._create_event(bay_id=self.bay.id)
        form = Form(
            self.env["calendar.event"]
            .with_user(self.staff)
            .with_context(default_shop_state="booked", default_start=TOMORROW),
            "auto_shop.calendar_event_view_form",
        )
        form.customer_id = self.silent
        self.assertFalse(form.schedule_warning)
        form.bay_id = self.bay
        self.assertIn("Bay 1", form.schedule_warning)

    def test_customer_confirms_the_next_appointment(self):
        later = self._create_event(start=TOMORROW + timedelta(days=1))
        next_one = self._create_event()
        self._create_event(start=NOW + timedelta(hours=1), shop_state="cancelled")
        self._create_event(start=YESTERDAY)
        self._create_event(customer_id=self.silent.id, start=NOW + timedelta(hours=1))
        events = self.env["calendar.event"]
        self.assertEqual(events._confirm_by_customer(self.customer), next_one)
        self.assertEqual(next_one.customer_confirmed, NOW)
        self.assertFalse(later.customer_confirmed)
        # Saying it twice does not confirm the one after.
        self.assertEqual(events._confirm_by_customer(self.customer), next_one)
        self.assertFalse(later.customer_confirmed)
        self.assertFalse(events._confirm_by_customer(self.customer, self.other_company))

    def test_moving_takes_the_confirmation_back(self):
        event = self._create_event(customer_confirmed=NOW)
        event.bay_id = self.bay
        event.stop += timedelta(hours=1)
        self.assertTrue(event.customer_confirmed)
        event.start += timedelta(hours=2)
        self.assertFalse(event.customer_confirmed)

    def test_told_appointment_is_cancelled_not_deleted(self):
        event = self._create_event(notify_customer=True)
        with self.assertRaisesRegex(UserError, "Cancel the appointment"):
            event.unlink()
        self._create_event(notify_customer=False).unlink()

    def test_copy_is_a_new_booking(self):
        event = self._create_event(notify_customer=True, customer_confirmed=NOW)
        event.action_complete()
        copy = event.copy({"start": TOMORROW + timedelta(days=7)})
        self.assertRecordValues(
            copy,
            [
                {
                    "shop_state": "booked",
                    "told_start": False,
                    "customer_confirmed": False,
                    "pending_notice": "scheduled",
                }
            ],
        )

    def test_new_quote_for_the_appointment(self):
        event = self._create_event()
        action = event.action_open_work_order()
        self.assertEqual(action["res_id"], event.work_order_id.id)
        self.assertRecordValues(
            event.work_order_id,
            [{"partner_id": self.customer.id, "vehicle_id": self.vehicle.id}],
        )
        event.customer_id = False
        event.work_order_id = False
        with self.assertRaisesRegex(UserError, "Choose the customer first"):
            event.action_open_work_order()


@tagged("post_install", "-at_install")
class TestScheduleQuiet(ScheduleCommon):
    """Odoo's own invitations, reminders, to-dos and privacy."""

    def _outgoing(self):
        return self.env["mail.mail"].sudo().search_count([]) + self.env[
            "mail.notification"
        ].sudo().search_count([])

    def test_no_mail_whatever_the_context(self):
        before = self._outgoing()
        guests = [Command.set(self.customer.ids)]
        event = self._create_event(partner_ids=guests)
        event.with_context(skip_attendee_notification=False).write(
            {"start": TOMORROW + timedelta(hours=3)}
        )
        event.partner_ids = [Command.link(self.silent.id)]
        event.action_cancel_appointment()
        self.env.cr.flush()
        self.assertEqual(self._outgoing(), before)

    def test_ordinary_meeting_still_invites(self):
        before = self._outgoing()
        self.env["calendar.event"].with_user(self.staff).create(
            {
                "name": "Lunch",
                "start": TOMORROW,
                "stop": TOMORROW,
                "partner_ids": [Command.set(self.customer.ids)],
            }
        )
        self.assertGreater(self._outgoing(), before)

    def test_no_reminder_of_odoo(self):
        alarm = self.env["calendar.alarm"].create(
            {
                "name": "1 hour",
                "alarm_type": "email",
                "interval": "hours",
                "duration": 1,
                "mail_template_id": self.env.ref(
                    "calendar.calendar_template_meeting_reminder"
                ).id,
            }
        )
        vals = {
            "start": NOW + timedelta(minutes=30),
            "stop": NOW + timedelta(minutes=90),
            "alarm_ids": [Command.set(alarm.ids)],
            "partner_ids": [Command.set(self.customer.ids)],
        }
        event = self._create_event(**vals)
        meeting = self.env["calendar.event"].create({"name": "Lunch", **vals})
        due = (
            self.env["calendar.alarm_manager"]
            .with_context(lastcall=NOW - timedelta(hours=1))
            ._get_events_by_alarm_to_notify("email")
        )
        self.assertIn(meeting.id, due[alarm.id])
        self.assertNotIn(event.id, due[alarm.id])

    def test_nothing_on_the_document_that_is_open(self):
        order = self._create_order(self.customer)
        event = (
            self.env["calendar.event"]
            .with_user(self.staff)
            .with_context(
                active_model="sale.order",
                active_id=order.id,
                active_ids=order.ids,
                default_res_model="sale.order",
                default_res_id=order.id,
            )
            .create({"work_order_id": order.id, "start": TOMORROW})
        )
        self.assertFalse(event.res_model_id)
        self.assertFalse(event.activity_ids)
        self.assertFalse(order.activity_ids)
        self.assertFalse(event.description)
        self.assertFalse(event.partner_ids)

    def test_private_calendar_hides_no_appointment(self):
        self.staff.res_users_settings_id.calendar_default_privacy = "private"
        event = self._create_event()
        meeting = (
            self.env["calendar.event"]
            .with_user(self.staff)
            .create({"name": "Dentist", "start": TOMORROW, "stop": TOMORROW})
        )
        event.with_user(self.staff).privacy = "private"
        self.env.invalidate_all()
        colleague = new_test_user(
            self.env,
            "shop_colleague",
            groups="auto_shop.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        seen = event.with_user(colleague)
        self.assertIn(self.customer.name, seen.name)
        self.assertEqual(seen.customer_id, self.customer)
        self.assertTrue(seen.user_can_edit)
        seen.bay_id = self.bay
        self.assertEqual(meeting.with_user(colleague).name, "Busy")
        groups = (
            self.env["calendar.event"]
            .with_user(colleague)
            ._read_group([("shop_state", "!=", False)], ["customer_id"], ["__count"])
        )
        self.assertEqual(groups, [(self.customer.with_user(colleague), 1)])

    def test_mixed_batch_keeps_its_order(self):
        events = (
            self.env["calendar.event"]
            .with_user(self.staff)
            .create(
                [
                    {"name": "Lunch", "start": TOMORROW, "stop": TOMORROW},
                    {
                        "shop_state": "booked",
                        "customer_id": self.customer.id,
                        "start": TOMORROW,
                    },
                    {"name": "Dinner", "start": TOMORROW, "stop": TOMORROW},
                ]
            )
        )
        self.assertEqual(events[0].name, "Lunch")
        self.assertEqual(events[1].customer_id, self.customer)
        self.assertEqual(events[2].name, "Dinner")
        self.assertEqual(
            events.mapped(lambda event: event.company_id.id),
            [False, self.company.id, False],
        )
        events.write({"start": TOMORROW + timedelta(hours=4)})
        self.assertEqual(len(set(events.mapped("start"))), 1)


@tagged("post_install", "-at_install")
class TestScheduleAccess(ScheduleCommon):
    def test_other_location_sees_nothing(self):
        event = self._create_event()
        foreign = self._as_outsider(event)
        self.assertNotIn(
            event.id, self._as_outsider(self.env["calendar.event"]).search([]).ids
        )
        with self.assertRaises(AccessError):
            foreign.read(["name"])
        with self.assertRaises(AccessError):
            foreign.write({"start": TOMORROW + timedelta(hours=1)})
        self.assertFalse(foreign.customer_question())
        with self.assertRaises(AccessError):
            foreign.customer_answer("appointment_notice:1", "ok")
        self.assertFalse(self._interactions(event))

    def test_meetings_without_location_stay_open_to_all(self):
        meeting = (
            self.env["calendar.event"]
            .with_user(self.employee)
            .create({"name": "Lunch", "start": TOMORROW, "stop": TOMORROW})
        )
        self.assertFalse(meeting.company_id)
        self._as_outsider(meeting).name = "Late lunch"
        self.assertEqual(meeting.name, "Late lunch")

    def test_only_shop_staff_change_the_schedule(self):
        event = self._create_event()
        self.assertFalse(event.with_user(self.employee).user_can_edit)
        with self.assertRaisesRegex(AccessError, "Only shop staff"):
            event.with_user(self.employee).write({"start": NOW})
        with self.assertRaisesRegex(AccessError, "Only shop staff"):
            event.with_user(self.employee).unlink()
        with self.assertRaisesRegex(AccessError, "Only shop staff"):
            self._create_event(user=self.employee)

    def test_links_stay_in_the_location(self):
        order = self._create_order(self.customer, company_id=self.other_company.id)
        bay = self.env["shop.bay"].create(
            {"name": "Far Bay", "company_id": self.other_company.id}
        )
        event = self._create_event().sudo()
        event = event.with_context(
            allowed_company_ids=(self.company | self.other_company).ids
        )
        with self.assertRaises(UserError):
            event.bay_id = bay
        with self.assertRaises(UserError):
            event.technician_id = self.outsider
        with self.assertRaises(UserError):
            event.write({"work_order_id": order.id, "company_id": self.company.id})

    def test_bays(self):
        with self.assertRaises(AccessError):
            self.bay.with_user(self.staff).name = "Mine"
        self.bay.with_user(self.manager).name = "Bay One"
        self.assertFalse(
            self._as_outsider(self.env["shop.bay"]).search([("id", "=", self.bay.id)])
        )

    def test_server_fields_are_the_servers(self):
        event = self._create_event(notify_customer=False)
        event.write({"told_start": NOW, "pending_notice": "completed"})
        self.assertFalse(event.told_start)
        self.assertFalse(event.pending_notice)
        event = self._create_event(told_start=TOMORROW, pending_notice=False)
        self.assertEqual(event.pending_notice, "scheduled")
        self.assertFalse(event.told_start)

    def test_query_counts_do_not_grow_by_event(self):
        customers = self.env["res.partner"].create(
            [
                {
                    "name": f"Customer {number}",
                    "mobile": f"(512) 555-01{number:02}",
                    "allow_texting": True,
                }
                for number in range(60)
            ]
        )
        vehicles = self.env["customer.vehicle"].create(
            [
                {"owner_id": customer.id, "company_id": self.company.id}
                for customer in customers
            ]
        )

        def count(function):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            result = function()
            self.env.flush_all()
            return result, self.env.cr.sql_log_count - before

        def run(start, size):
            events, created = count(
                lambda: (
                    self.env["calendar.event"]
                    .with_user(self.staff)
                    .create(
                        [
                            {
                                "shop_state": "booked",
                                "customer_id": vehicle.owner_id.id,
                                "vehicle_id": vehicle.id,
                                "start": TOMORROW,
                                "bay_id": self.bay.id,
                            }
                            for vehicle in vehicles[start : start + size]
                        ]
                    )
                )
            )
            moved = {"start": TOMORROW + timedelta(hours=1), "notify_customer": True}
            _done, told = count(lambda: events.write(moved))
            _done, warned = count(lambda: events.mapped("schedule_warning"))
            return created, told, warned

        run(0, 5)
        few, many = run(5, 5), run(10, 50)
        for what, less, more in zip(
            ("create", "move and tell", "double bookings"), few, many, strict=True
        ):
            with self.subTest(what):
                self.assertLessEqual(more, less + 5)
