# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

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

    def _plan_at_night(self, rows):
        """Let rows be due at four in the morning in Texas, and dispatch them."""
        self.company.shop_tz = "America/Chicago"
        with freeze_time(f"{fields.Date.today() + timedelta(days=2)} 10:00:00"):
            rows._dispatch()

    def test_hours_bind_what_no_person_sends(self):
        """A text typed in the conversation goes at once; whatever is entered as a
        record, in a form, by import or RPC, keeps hours and limit."""
        rows = self._as(self.rows, self.staff)
        vals = {
            "partner_id": self.customer.id,
            "channel": "sms",
            "body": "Hello",
        }
        self._as(self.env["customer.text.thread"], self.staff)._get_thread(
            self.company, self.customer
        ).send_text("By hand")
        typed = rows.search([("body", "=", "By hand")])
        planned = rows._plan([{**vals, "user_id": self.staff.id}])
        purpose = self.purposes.create(
            {"code": "x_test", "name": "T", "sms_body": "Hello"}
        )
        names = ["partner_id/.id", "channel", "body"]
        loaded = rows.load(names, [[str(self.customer.id), "sms", "Hello"]] * 3)
        self.assertFalse(loaded["messages"])
        cases = {
            "created": rows.create(vals),
            "created for later": rows.create(
                {**vals, "planned_at": fields.Datetime.now() + timedelta(days=1)}
            ),
            "created with a purpose": rows.create({**vals, "purpose_id": purpose.id}),
            "planned by the system": planned,
            "imported": rows.browse(loaded["ids"]),
        }
        self._plan_at_night(typed.union(*cases.values()))
        self.assertEqual((typed.state, typed.automatic), ("queued", False))
        for name, found in cases.items():
            with self.subTest(name):
                self.assertEqual(set(found.mapped("automatic")), {True})
                self.assertEqual(set(found.mapped("state")), {"planned"})
        later = rows._plan([{**vals, "automatic": False, "planned_at": "2026-01-01"}])
        later.sudo().planned_at = fields.Datetime.now() + timedelta(days=1)
        self._plan_at_night(later)
        self.assertEqual(later.state, "planned", "put off by hand to the night")

    def test_daily_limit_binds_what_is_imported(self):
        self.company.write({"automatic_message_limit": 2, "shop_tz": "America/Chicago"})
        vals = {"partner_id": self.customer.id, "channel": "sms", "body": "Hello"}
        rows = self._as(self.rows, self.staff).create([vals] * 3)
        self._dispatch()
        self.assertEqual(sorted(rows.mapped("state")), ["planned", "queued", "queued"])

    def test_do_not_mail_binds_what_is_imported(self):
        self.customer.do_not_mail = True
        for channel in ("email", "post"):
            vals = {
                "partner_id": self.customer.id,
                "channel": channel,
                "subject": "Hello",
                "body": "<p>Hello</p>",
            }
            row = self._as(self.rows, self.staff).create(vals)
            by_hand = self.rows._plan([{**vals, "automatic": False}])
            reasons = (row | by_hand)._block_reasons()
            with self.subTest(channel):
                expected = "do_not_mail" if channel == "email" else "no_address"
                self.assertEqual(reasons[row.id][0], expected)
                self.assertNotEqual(reasons.get(by_hand.id, ("",))[0], "do_not_mail")

    def test_nobody_calls_it_by_hand(self):
        """Which messages a person has sent is not for clients to say."""
        row = self._as(self.rows, self.staff).create(
            {"partner_id": self.customer.id, "channel": "sms", "body": "Hello"}
        )
        for user in (self.staff, self.manager):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self._as(row, user).automatic = False
        forged = self._as(self.rows, self.staff).with_context(
            default_automatic=False, text_by_hand=True
        )
        row = forged.create(
            {
                "partner_id": self.customer.id,
                "channel": "sms",
                "body": "Hello",
                "automatic": False,
            }
        )
        self.assertTrue(row.automatic)

    def test_calls_and_memos_are_kept(self):
        """What was written down stays, for its author and managers too."""
        rows = self._as(self.rows, self.staff)
        vehicle, other = self.env["customer.vehicle"].create(
            [{"owner_id": self.customer.id, "company_id": self.company.id}] * 2
        )
        for channel, direction in (("memo", "out"), ("phone", "in"), ("phone", "out")):
            row = rows.create(
                {
                    "partner_id": self.customer.id,
                    "channel": channel,
                    "direction": direction,
                    "body": "Wants a call on Monday",
                }
            )
            self.assertRecordValues(
                row,
                [
                    {
                        "state": "sent",
                        "user_id": self.staff.id,
                        "company_id": self.company.id,
                        "sent_at": row.planned_at,
                    }
                ],
            )
            row.vehicle_id = vehicle
            for user in (self.staff, self.manager):
                for vals in (
                    {"body": "Never called"},
                    {"subject": "No"},
                    {"outcome": "Sold"},
                    {"planned_at": "2020-01-01 10:00:00"},
                    {"sent_at": "2020-01-01 10:00:00"},
                    {"user_id": self.manager.id},
                    {"user_id": False},
                    {"partner_id": self._create_customer(name="Bo").id},
                    {"channel": "sms"},
                    {"direction": "in"},
                    {"state": "planned"},
                    {"vehicle_id": other.id},
                    {"vehicle_id": False},
                    {"company_id": self.other_company.id},
                ):
                    with self.subTest(channel, user=user.login, vals=vals):
                        with self.assertRaises(AccessError):
                            self._as(row, user).write(vals)
                with self.assertRaises(UserError):
                    self._as(row, user).unlink()
            with self.assertRaisesRegex(AccessError, "Write a memo to correct it"):
                row.body = "Never called"

    def test_calls_and_memos_are_ones_own(self):
        """(vals, refusal) of what staff cannot enter."""
        foreign = self._create_customer(
            name="Bo Other", company_id=self.other_company.id
        )
        both = self._create_user("both", "auto_shop.group_user")
        both.company_ids |= self.other_company
        soon = fields.Datetime.now() + timedelta(hours=1)
        cases = [
            (self.staff, {"user_id": self.manager.id}, AccessError, "own name"),
            (self.manager, {"user_id": self.staff.id}, AccessError, "own name"),
            (self.staff, {"planned_at": soon}, UserError, "not in the future"),
            (self.staff, {"sent_at": "2026-01-01"}, AccessError, "entered as done"),
            (self.staff, {"partner_id": foreign.id}, AccessError, ""),
            (self.staff, {"company_id": self.other_company.id}, AccessError, ""),
            (
                both,
                {"partner_id": foreign.id, "company_id": self.company.id},
                UserError,
                "Airport Auto alone",
            ),
        ]
        for channel in ("memo", "phone"):
            for user, vals, error, words in cases:
                with self.subTest(channel, vals=vals, user=user.login):
                    base = {"partner_id": self.customer.id, "body": "Said so"}
                    with self.assertRaisesRegex(error, words):
                        self._as(self.rows, user).create(
                            {**base, "channel": channel, **vals}
                        )
                    if user == both:
                        continue
                    default = {f"default_{name}": vals[name] for name in vals}
                    base = {name: base[name] for name in base if name not in vals}
                    with self.assertRaisesRegex(error, words):
                        self._as(self.rows, user).with_context(**default).create(
                            {**base, "channel": channel}
                        )

    def test_a_call_of_an_hour_ago(self):
        moment = fields.Datetime.now().replace(microsecond=0) - timedelta(hours=1)
        row = self._as(self.rows, self.staff).create(
            {
                "partner_id": self.customer.id,
                "channel": "phone",
                "body": "Asked for the price",
                "planned_at": moment,
            }
        )
        self.assertEqual((row.planned_at, row.sent_at), (moment, moment))
        self.assertGreater(row.create_date, moment)

    def test_our_own_code_keeps_history_as_it_happens(self):
        """`_log` and `_plan` take what a client may not give."""
        rows = self._as(self.rows, self.staff)
        call = {"partner_id": self.customer.id, "channel": "phone", "body": "Called"}
        logged = rows._log(
            [{**call, "user_id": self.manager.id, "sent_at": "2026-01-01 10:00:00"}]
        )
        self.assertEqual((logged.user_id, logged.state), (self.manager, "delivered"))
        later = fields.Datetime.now() + timedelta(days=1)
        planned = rows._plan(
            [{**call, "user_id": self.manager.id, "planned_at": later}]
        )
        self.assertEqual((planned.user_id, planned.state), (self.manager, "planned"))
        planned.body = "Ask about the windshield"
        planned._set_state("sent")
        with self.assertRaises(AccessError):
            planned.body = "Said no"

    def test_form_shows_what_is_kept(self):
        with Form(self._as(self.rows, self.staff)) as form:
            form.partner_id = self.customer
            form.channel = "memo"
            form.body = "Prefers mornings"
        row = form.record
        self.assertEqual((row.state, row.user_id), ("sent", self.staff))
        form = Form(row)
        for name in ("body", "planned_at", "user_id", "channel"):
            with self.subTest(name), self.assertRaises(AssertionError):
                form[name] = form[name]
        vehicle = self.env["customer.vehicle"].create(
            {"owner_id": self.customer.id, "company_id": self.company.id}
        )
        form.vehicle_id = vehicle
        form.save()
        self.assertEqual(row.vehicle_id, vehicle)
        with self.assertRaises(AssertionError):
            Form(row).vehicle_id = vehicle

    def test_who_is_unknown_is_shown_by_number(self):
        known, unknown, sender = self.rows._log(
            [
                {
                    "partner_id": self.customer.id,
                    "channel": "sms",
                    "number": "+15125550123",
                },
                {"channel": "sms", "number": "+15125550777"},
                {"channel": "email", "email": "who@example.com"},
            ]
        )
        rows = self._as(known | unknown | sender, self.staff)
        self.assertEqual(
            rows.mapped("customer_display"),
            ["Ann Miller", "(512) 555-0777", "who@example.com"],
        )
        self.assertIn("(512) 555-0777", unknown.display_name)
        for text, found in (
            ("Ann Mill", known),
            ("512-555-0777", unknown),
            ("(512) 555 0777", unknown),
            ("who@", sender),
        ):
            with self.subTest(text):
                domain = [("customer_display", "ilike", text), ("id", "in", rows.ids)]
                self.assertEqual(rows.search(domain), found)
        for kind in ("list", "kanban", "form", "search"):
            with self.subTest(kind):
                arch = rows.get_view(view_type=kind)["arch"]
                self.assertIn("customer_display", arch)

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
