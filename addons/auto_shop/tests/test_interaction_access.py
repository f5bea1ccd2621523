# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import AutoShopCommon


@tagged("post_install", "-at_install")
class TestInteractionAccess(AutoShopCommon):
    """What staff may not do to the history, whichever way they come."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._create_customer()
        cls.purposes = cls.env["customer.interaction.purpose"]
        cls.rows = cls.env["customer.interaction"]

    def _create_row(self, **vals):
        return self.rows.create(
            {
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "channel": "sms",
                "body": "Your car is ready",
                **vals,
            }
        )

    def _dispatch(self):
        # A moment of the day at which texts may go, wherever the customer is.
        with freeze_time("2026-06-03 17:00:00"):
            self.rows.search(
                [("state", "=", "planned")]
            ).planned_at = fields.Datetime.now()
            self.rows._claim_due()._dispatch()

    def test_defaults_do_not_forge(self):
        """A default in the context is a value like any other."""
        base = {"partner_id": self.customer.id, "channel": "sms", "body": "Hello"}
        for name, value in (
            ("state", "sent"),
            ("state", "delivered"),
            ("direction", "in"),
            ("number", "+15125550199"),
            ("automatic", True),
            ("dedupe_key", "typed:1"),
            ("provider_ref", "SM1"),
            ("sent_at", "2026-01-01 10:00:00"),
            ("delivered_at", "2026-01-01 10:00:00"),
            ("dispatched_at", "2026-01-01 10:00:00"),
        ):
            rows = self._as(self.rows, self.staff)
            with self.subTest(name, way="context"), self.assertRaises(AccessError):
                rows.with_context(**{f"default_{name}": value}).create(dict(base))
            with self.subTest(name, way="saved default"):
                default = self.env["ir.default"].with_user(self.staff)
                default.set(rows._name, name, value, user_id=True)
                with self.assertRaises(AccessError):
                    rows.create(dict(base))
                self.env["ir.default"].search([]).unlink()

    def test_system_fields_are_not_for_staff(self):
        run = self.env["customer.print.run"].create({"company_id": self.company.id})
        for name, value in (
            ("clicked_at", "2026-01-01 10:00:00"),
            ("reason_code", "opted_out"),
            ("failure_reason", "Never came"),
            ("print_run_id", run.id),
            ("told_start", "2026-01-01 10:00:00"),
            ("email", "someone.else@example.com"),
        ):
            row = self._create_row()
            with self.subTest(name, way="write"), self.assertRaises(AccessError):
                self._as(row, self.staff).write({name: value})
            with self.subTest(name, way="create"), self.assertRaises(AccessError):
                self._as(self.rows, self.staff).create(
                    {
                        "partner_id": self.customer.id,
                        "channel": "sms",
                        "body": "Hello",
                        name: value,
                    }
                )

    def test_direct_answer_is_not_for_staff(self):
        """It needs no consent, so only what a customer wrote may ask for it."""
        answer = self.purposes._get("text_help", self.company)
        with self.assertRaises(AccessError):
            self._as(self.rows, self.staff).create(
                {
                    "partner_id": self.customer.id,
                    "channel": "sms",
                    "purpose_id": answer.id,
                }
            )
        row = self._create_row(state="failed", number=self.customer.text_number)
        self.customer.allow_texting = False
        row = self._as(row, self.staff)
        row.action_send_again()
        with self.assertRaises(AccessError):
            row.purpose_id = answer
        self._dispatch()
        self.assertEqual(row.reason_code, "no_consent")
        self.assertFalse(self.env["sms.sms"].search([("interaction_id", "=", row.id)]))

    def test_links_of_another_location(self):
        """What one may not read, one may not have written into a message either."""
        stranger = self._create_customer(
            name="Bo Other", company_id=self.other_company.id
        )
        vehicle = self.env["customer.vehicle"].create(
            {
                "owner_id": stranger.id,
                "company_id": self.other_company.id,
                "license_plate": "SECRET1",
            }
        )
        order = self._create_order(stranger, company_id=self.other_company.id)
        event = self.env["calendar.event"].create(
            {
                "shop_state": "booked",
                "customer_id": stranger.id,
                "company_id": self.other_company.id,
                "start": fields.Datetime.now() + timedelta(days=1),
            }
        )
        lead = self.env["crm.lead"].create(
            {"name": "Theirs", "company_id": self.other_company.id}
        )
        purpose = self.purposes.create(
            {"code": "x_test", "name": "T", "sms_body": "Plate {{ license_plate }}"}
        )
        row = self._create_row()
        for name, record in (
            ("partner_id", stranger),
            ("vehicle_id", vehicle),
            ("work_order_id", order),
            ("event_id", event),
            ("lead_id", lead),
        ):
            vals = {
                "partner_id": self.customer.id,
                "channel": "sms",
                "purpose_id": purpose.id,
                name: record.id,
            }
            rows = self._as(self.rows, self.staff)
            with self.subTest(name, way="create"), self.assertRaises(AccessError):
                rows.create(vals)
            del vals[name]
            with self.subTest(name, way="default"), self.assertRaises(AccessError):
                default = {f"default_{name}": record.id}
                rows.with_context(**default).create(
                    {key: vals[key] for key in vals if key != name}
                )
            with self.subTest(name, way="write"), self.assertRaises(AccessError):
                self._as(row, self.staff).write({name: record.id})

    def test_hours_bind_what_is_planned_for_later(self):
        """A text by hand goes at once; one that is planned for the night waits."""
        self.company.shop_tz = "America/Chicago"
        now, later = (
            self._as(self.rows, self.staff).create(
                {
                    "partner_id": self.customer.id,
                    "channel": "sms",
                    "body": "Hello",
                    "planned_at": fields.Datetime.now() + wait,
                }
            )
            for wait in (timedelta(), timedelta(days=1))
        )
        # Four in the morning in Texas.
        with freeze_time(f"{fields.Date.today() + timedelta(days=2)} 10:00:00"):
            (now + later)._dispatch()
        self.assertEqual((now.state, later.state), ("queued", "planned"))

    def test_marketing_keeps_the_hours(self):
        for name in ("ignore_quiet_hours", "answers_customer"):
            with self.subTest(name), self.assertRaises(ValidationError):
                self.purposes.create(
                    {"code": "x", "name": "Offer", "category": "marketing", name: True}
                )

    def test_send_again_goes_to_the_corrected_number(self):
        row = self._create_row(
            state="failed", number="+15125550100", provider_ref="SM7"
        )
        self.customer.mobile = "+15125550177"
        self._as(row, self.staff).action_send_again()
        self._dispatch()
        text = self.env["sms.sms"].search([("interaction_id", "=", row.id)])
        self.assertEqual(text.number, "+15125550177")

    def test_send_again_goes_to_the_corrected_address(self):
        row = self._create_row(
            channel="email",
            subject="Estimate",
            state="failed",
            email="typo@example.com",
        )
        self.customer.email = "right@example.com"
        self._as(row, self.staff).action_send_again()
        self._dispatch()
        self.assertEqual(row.state, "queued")
        self.assertEqual(row.email, "right@example.com")

    def test_conversation_is_not_edited(self):
        """Its columns follow from the texts; only reading moves them."""
        threads = self.env["customer.text.thread"]
        thread = threads._get_thread(self.company, threads.partner_id, "+15125550155")
        for vals in (
            {"partner_id": self.customer.id},
            {"number": "+15125550156"},
            {"company_id": self.other_company.id},
            {"last_body": "I never wrote that"},
            {"unread_count": 7},
        ):
            with self.subTest(vals), self.assertRaises(AccessError):
                self._as(thread, self.staff).write(vals)
        self._as(thread, self.staff).action_mark_unread()
        self.assertTrue(thread.is_unread)

    def test_what_the_system_writes_takes_no_defaults(self):
        """Neither the context nor a saved default makes up what only happens."""
        partners = self._as(self.env["res.partner"], self.staff)
        partner = partners.with_context(
            default_sms_stopped_at="2026-01-01 10:00:00"
        ).create({"name": "Bob"})
        self.assertFalse(partner.sms_stopped_at)
        event = (
            self._as(self.env["calendar.event"], self.staff)
            .with_context(
                default_told_start="2026-01-01 10:00:00",
                default_pending_notice="completed",
                default_notice_revision=7,
            )
            .create(
                {
                    "shop_state": "booked",
                    "customer_id": self.customer.id,
                    "start": fields.Datetime.now() + timedelta(days=1),
                }
            )
        )
        self.assertFalse(event.told_start)
        self.assertNotEqual(event.pending_notice, "completed")
        self.assertLess(event.notice_revision, 7)
        blacklist = self.env["phone.blacklist"].with_context(
            default_stop_received_at="2026-01-01 10:00:00"
        )
        self.assertFalse(blacklist.create({"number": "+15125550188"}).stop_received_at)

    def test_print_run_keeps_its_cards(self):
        card = self._create_row(channel="post", subject="Hi", body="<p>Hi</p>")
        self.customer.write(
            {
                "street": "1 Main St",
                "city": "Austin",
                "zip": "78701",
                "state_id": self.state_texas.id,
            }
        )
        self._dispatch()
        run = card.print_run_id
        self.assertTrue(run)
        staff_run = self._as(run, self.staff)
        for vals in (
            {"state": "mailed"},
            {"printed_at": fields.Datetime.now()},
            {"mailed_at": fields.Datetime.now()},
            {"company_id": self.other_company.id},
            {"interaction_ids": [Command.unlink(card.id)]},
        ):
            with self.subTest(vals), self.assertRaises(AccessError):
                staff_run.write(vals)
        with self.assertRaises(UserError):
            self._as(run, self.manager).unlink()
        staff_run.action_print()
        staff_run.action_mailed()
        self.assertEqual(card.state, "sent")
