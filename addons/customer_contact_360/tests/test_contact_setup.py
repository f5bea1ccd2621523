# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import html2plaintext, mute_logger

from .common import Contact360Common


@tagged("post_install", "-at_install")
class TestContactSetup(Contact360Common):
    """The CRM Setup: what it refuses, what it says, and who may."""

    def _rule(self, kind, channel="email"):
        return self._as(self.setup._get_rule(channel, kind), self.manager)

    def test_defaults(self):
        setup = self._as(self.env["customer.contact.setup"], self.manager)
        self.setup.unlink()
        self.company.write({"phone": "(512) 555-0100", "email": "shop@example.com"})
        action = setup.action_open()
        setup = setup.browse(action["res_id"])
        self.assertEqual(
            (setup.business_name, setup.phone, setup.email),
            (self.company.name, "(512) 555-0100", "shop@example.com"),
        )
        self.assertFalse(setup.email_enabled or setup.post_enabled)
        self.assertEqual((setup.grace_days, setup.send_hour), (3, 9.0))
        for rules in (setup.email_rule_ids, setup.post_rule_ids):
            self.assertEqual(
                rules.mapped(lambda rule: (rule.kind, rule.days)),
                [
                    ("reminder_1", 30),
                    ("reminder_2", 7),
                    ("no_show", 1),
                    ("thank_you", 1),
                    ("deferred", 30),
                    ("inactive", 90),
                ],
            )
            self.assertEqual((rules[-1].interval, rules[-1].dead), (90, 365))
        self.assertEqual(setup.action_open()["res_id"], setup.id)

    def test_feedback(self):
        cases = {
            "https://example.com/feedback": True,
            "http://example.com": True,
            "HTTPS://example.com/a?b=c&d=e": True,
            "mailto:owner@example.com": True,
            "mailto:owner@example.com?subject=Feedback": True,
            "  https://example.com/feedback  ": True,
            "": True,
            "owner@example.com": False,
            "example.com/feedback": False,
            "www.example.com": False,
            "ftp://example.com": False,
            "javascript:alert(1)": False,
            "data:text/html,x": False,
            "mailto:": False,
            "mailto:owner": False,
            "mailto:a@example.com,b@example.com": False,
            "https://": False,
            "https:///feedback": False,
            "https://example.com/a b": False,
            'https://example.com/"onclick="x': False,
            "https://[bad": False,
        }
        setup = self._as(self.setup, self.manager)
        for url, accepted in cases.items():
            with self.subTest(url=url):
                if accepted:
                    setup.feedback_url = url
                    self.assertEqual(setup.feedback_url or "", url.strip())
                else:
                    with self.assertRaises(ValidationError):
                        setup.feedback_url = url

    def test_numbers_that_are_refused(self):
        cases = [
            ("reminder_1", {"days": -1}, "cannot be negative"),
            ("inactive", {"interval": -1}, "cannot be negative"),
            ("inactive", {"dead": -5}, "cannot be negative"),
            ("inactive", {"days": 365}, "must be above"),
            ("inactive", {"dead": 90}, "must be above"),
            ("inactive", {"dead": 10}, "must be above"),
            ("thank_you", {"days": 4000}, "ten years"),
            ("inactive", {"interval": 10**12}, "ten years"),
        ]
        self._set_rule("inactive", 90, interval=90, dead=365)
        for kind, vals, sentence in cases:
            with self.subTest(kind=kind, vals=vals):
                rule = self._rule(kind)
                with (
                    self._undone(),
                    self.assertRaisesRegex(ValidationError, sentence),
                ):
                    rule.write(vals)
                with (
                    self._undone(),
                    self.assertRaisesRegex(ValidationError, sentence),
                ):
                    self._as(self.setup, self.manager).write(
                        {"email_rule_ids": [Command.update(rule.id, vals)]}
                    )
                header = [".id", "email_rule_ids/.id"]
                row = [str(self.setup.id), str(rule.id)]
                for name, value in vals.items():
                    header.append(f"email_rule_ids/{name}")
                    row.append(str(value))
                with mute_logger("odoo.sql_db"):
                    result = self._as(
                        self.env["customer.contact.setup"], self.manager
                    ).load(header, [row])
                self.assertFalse(result["ids"])
                self.assertTrue(result["messages"])

    def test_other_values_that_are_refused(self):
        for vals, error in (
            ({"send_hour": 24}, IntegrityError),
            ({"send_hour": -1}, IntegrityError),
            ({"grace_days": -1}, IntegrityError),
            ({"grace_days": 91}, IntegrityError),
            ({"email": "nobody"}, ValidationError),
        ):
            with (
                self.subTest(vals),
                mute_logger("odoo.sql_db"),
                self.assertRaises(error),
                self.env.cr.savepoint(),
            ):
                self._as(self.setup, self.manager).write(vals)
                self.env.flush_all()

    def test_notes(self):
        """What the form says at once, before it is saved."""
        self._set_rule("inactive", 90, interval=90, dead=365)
        cases = [
            ("inactive", {"days": -1}, "danger", "cannot be negative"),
            ("inactive", {"dead": 60}, "danger", "must be above"),
            ("reminder_2", {"days": 14}, "warning", "fewer than 14 days"),
            ("reminder_2", {"days": 3}, False, ""),
        ]
        self._set_rule("reminder_1", 14)
        for kind, vals, level, sentence in cases:
            with self.subTest(kind=kind, vals=vals):
                rule = self.setup._get_rule("email", kind)
                self.env.invalidate_all()
                draft = rule.new(vals, origin=rule)
                self.assertEqual(draft.note_level, level)
                self.assertIn(sentence, draft.note or "")

    def test_notes_about_channels_and_wording(self):
        self.setup.post_enabled = True
        self._set_rule("deferred", 5, channel="post")
        rule = self.setup._get_rule("post", "deferred")
        self.assertIn("customers with an e-mail address get nothing", rule.note)
        self._set_rule("no_show", 5)
        rule = self.setup._get_rule("email", "no_show")
        self.assertIn("without an e-mail address get nothing", rule.note)
        rule.purpose_id.active = False
        self.env.invalidate_all()
        self.assertIn("archived", rule.note)
        self.assertEqual(rule.note_level, "warning")
        action = self._as(rule, self.manager).action_open_wording()
        self.assertEqual(
            self.env["customer.interaction.purpose"].browse(action["res_id"]).code,
            "contact_no_show",
        )

    def test_what_the_numbers_do(self):
        """Days and dates of a real customer of the location."""
        self._invoice("2026-01-01")
        self._book("2026-03-20")
        self._set_rule("inactive", 90, interval=60, dead=180)
        with self.at("2026-02-01"):
            rule = self.setup._get_rule("email", "inactive")
            self.assertEqual(self.setup.sample_vehicle_id, self.vehicle)
            text = rule.explanation
            for part in ("Ann Miller", "day 90 (04/01/2026)", "day 150 (05/31/2026)"):
                self.assertIn(part, text)
            self.assertNotIn("210", text)
            self.assertIn("day 180 (06/30/2026): dead", text)
            once = rule.new({"interval": 0}, origin=rule).explanation
            self.assertIn("Only once", once)
            self.env.invalidate_all()
            never = rule.new({"dead": 0}, origin=rule).explanation
            self.assertIn("for as long as no invoice comes", never)
            reminder = self.setup._get_rule("email", "reminder_1")
            draft = reminder.new({"days": 14}, origin=reminder)
            self.assertIn("Ann Miller, appointment on 03/20/2026", draft.explanation)
            self.assertIn("goes out on 03/06/2026", draft.explanation)
            self.assertIn("Off", reminder.explanation)

    def test_location_without_history(self):
        other = self._create_setup(self.other_company)
        for channel in ("email", "post"):
            for rule in other[f"{channel}_rule_ids"]:
                draft = rule.new({"days": 5, "interval": 5}, origin=rule)
                self.assertTrue(draft.explanation)
        self.assertIn("nothing falls due", html2plaintext(other.forecast))

    # --- the forecast ---

    def test_forecast_before_it_is_saved(self):
        """As many as are sent in the end, whatever is on before."""
        self.setup.email_enabled = False
        self._set_rule("inactive", 90, interval=90, dead=365)
        for day in ("2025-06-01", "2025-12-25", "2026-01-02", "2026-01-03"):
            self._invoice(day, vehicle=self._create_vehicle(self.ann))
        bob = self._create_customer(name="Bob", email=False)
        self._invoice("2026-01-04", vehicle=self._create_vehicle(bob))
        with self.at("2026-04-01", 8):
            self.assertIn("Off", html2plaintext(self.setup.forecast))
            with Form(self._as(self.setup, self.manager)) as form:
                form.email_enabled = True
                text = html2plaintext(form.forecast)
                self.assertIn("04/01/2026 to 04/07/2026, 2 messages", text)
                self.assertIn("1 more are due, but nobody can be reached", text)
                self.assertFalse(self.setup.email_enabled)
        self.assertEqual(
            self._run_days("2026-04-01", "2026-04-07"), ["2026-04-02", "2026-04-03"]
        )

    def test_forecast_of_one_message(self):
        self._invoice("2026-03-30")
        rule = self.setup._get_rule("email", "thank_you")
        with self.at("2026-04-01", 8):
            draft = self.setup.new(origin=self.setup)
            draft._get_rule("email", "thank_you").days = 3
            self.assertEqual(draft._get_forecast()["thank_you"]["email"], 1)
            # What fell due before it was on is not among it.
            draft._get_rule("email", "thank_you").days = 1
            self.assertEqual(draft._get_forecast()["thank_you"]["email"], 0)
        self.assertEqual(rule.days, 0)

    def test_forecast_by_channel(self):
        self.setup.post_enabled = True
        for channel in ("email", "post"):
            self._set_rule("inactive", 90, channel=channel)
        bob = self._create_customer(
            name="Bob",
            email=False,
            street="1 Elm St",
            city="Austin",
            zip="78701",
            state_id=self.state_texas.id,
        )
        for partner in (self.ann, bob):
            self._invoice("2026-01-03", vehicle=self._create_vehicle(partner))
        with self.at("2026-04-01", 8):
            self.assertEqual(
                self.setup._get_forecast()["inactive"],
                {"email": 1, "post": 1, "unreachable": 0},
            )

    # --- who may ---

    def test_what_nobody_writes(self):
        """By RPC neither: it would send what the past has dropped."""
        setup = self._as(self.setup, self.manager)
        rule = self._rule("inactive")
        for record, vals in (
            (rule, {"started_on": "2000-01-01"}),
            (rule, {"changed_on": "2000-01-01"}),
            (rule, {"kind": "no_show"}),
            (rule, {"channel": "post"}),
            (rule, {"setup_id": self.setup.id}),
            (setup, {"last_run_on": False}),
            (setup, {"company_id": self.other_company.id}),
        ):
            with self.subTest(vals), self.assertRaises(AccessError):
                record.write(vals)
        for commands in (
            [Command.create({"kind": "inactive", "channel": "email", "days": 1})],
            [Command.delete(rule.id)],
        ):
            with self.subTest(commands), self.assertRaises(AccessError):
                setup.write({"email_rule_ids": commands})

    def test_managers_of_the_location_only(self):
        other = self._create_user(
            "other_manager", "auto_shop.group_manager", company=self.other_company
        )
        for user in (self.staff, self.employee, self.outsider, other):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    self._as(self.setup, user).write({"email_enabled": False})
                with self.assertRaises(AccessError):
                    rule = self.setup._get_rule("email", "inactive")
                    self._as(rule, user).write({"days": 1})
        for user in (self.staff, self.employee):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._as(self.env["customer.contact.setup"], user).action_open()
        self.assertFalse(
            self._as(self.env["customer.contact.setup"], other).search(
                [("id", "=", self.setup.id)]
            )
        )

    def test_do_not_mail_always_counts(self):
        purpose = self.setup._get_rule("email", "inactive").purpose_id
        with self.assertRaisesRegex(ValidationError, "Do Not Mail always stops it"):
            purpose.honour_do_not_mail = False

    def test_example_of_a_preview(self):
        """A customer for whom the message is."""
        self._set_rule("inactive", 90)
        self._invoice("2026-01-01")
        with self.at("2026-03-30"):
            self.env["customer.contact.due"]._refresh(self.setup)
        purpose = self._as(
            self.setup._get_rule("email", "inactive").purpose_id, self.manager
        )
        self.assertEqual(purpose.get_wording_help()["partner_id"], self.ann.id)
        bob = self._create_customer(name="Bob", email="bob@example.com")
        self._create_vehicle(bob)
        card = self._create_vehicle(bob)
        self._defer("2026-03-01", vehicle=card, description="Struts leak")
        self.env.cr.execute(
            "UPDATE customer_vehicle SET last_visit_date = '2026-03-01' WHERE id = %s",
            (card.id,),
        )
        self.env.invalidate_all()
        purpose = self._as(
            self.setup._get_rule("email", "deferred").purpose_id, self.manager
        )
        example = purpose.get_wording_help()
        self.assertEqual(example["partner_id"], bob.id)
        preview = purpose.preview_wording(
            "email",
            {"subject": "x", "body": purpose.email_body},
            example["partner_id"],
        )
        self.assertIn("Struts leak", preview["body"])
