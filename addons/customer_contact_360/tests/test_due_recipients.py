# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.tests import tagged

from .common import Contact360Common

ADDRESS = {"street": "1 Elm St", "city": "Austin", "zip": "78701"}


@tagged("post_install", "-at_install")
class TestDueRecipients(Contact360Common):
    """Who gets a message, by which channel, and why nobody does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mail = {"email": "x@example.com"}
        cls.post = {**ADDRESS, "state_id": cls.state_texas.id, "email": False}
        cls.none = {"email": False}
        cls.both = {**cls.post, **cls.mail}
        cls.owner = cls._create_customer(name="Owner", email=False)
        cls.driver = cls._create_customer(name="Driver", email=False)
        cls.card = cls._create_vehicle(cls.owner, driver_id=cls.driver.id)
        cls._invoice("2026-01-01", vehicle=cls.card)

    def _get_row(self, day="2026-03-30"):
        """(who, channel) or (None, why not, why no postcard) of the message due."""
        rows = self._list(day)
        if not rows:
            return None
        if rows.state == "unreachable":
            self.assertFalse(rows.channel)
            return (None, rows.reason_code, rows.post_reason_code)
        return (rows.partner_id.name, rows.channel)

    def test_driver_or_owner(self):
        """(channels on, driver, owner) -> who gets it and how"""
        mail, post, none, both = self.mail, self.post, self.none, self.both
        stop = {**both, "do_not_mail": True}
        cases = [
            ("email", mail, mail, ("Driver", "email")),
            ("email", none, mail, ("Owner", "email")),
            ("email", post, mail, ("Owner", "email")),
            ("email", stop, mail, ("Owner", "email")),
            ("email", {"email": "x"}, mail, ("Owner", "email")),
            ("email", {**mail, "active": False}, mail, ("Owner", "email")),
            ("email", mail, none, ("Driver", "email")),
            ("email", mail, {**mail, "active": False}, ("Driver", "email")),
            ("email", none, none, (None, "no_email", False)),
            ("email", none, {"email": "x"}, (None, "invalid_email", False)),
            ("email", none, stop, (None, "do_not_mail", False)),
            ("email", stop, {**mail, "active": False}, (None, "do_not_mail", False)),
            ("email", none, post, (None, "no_email", False)),
            ("post", mail, mail, (None, "no_address", False)),
            ("post", both, mail, ("Driver", "post")),
            ("post", mail, both, ("Owner", "post")),
            ("post", stop, post, ("Owner", "post")),
            ("both", both, both, ("Driver", "email")),
            ("both", post, both, ("Driver", "post")),
            ("both", none, both, ("Owner", "email")),
            ("both", none, post, ("Owner", "post")),
            ("both", stop, post, ("Owner", "post")),
            ("both", none, none, (None, "no_email", "no_address")),
            ("both", none, stop, (None, "do_not_mail", False)),
        ]
        for channel in ("email", "post"):
            self._set_rule("inactive", 90, channel=channel)
        for channels, driver, owner, expected in cases:
            with (
                self.subTest(channels=channels, driver=driver, owner=owner),
                self._undone(),
            ):
                self.setup.write(
                    {
                        "email_enabled": channels != "post",
                        "post_enabled": channels != "email",
                    }
                )
                self.setup.rule_ids.started_on = "2000-01-01"
                if "@" in (driver["email"] or ""):
                    driver = {**driver, "email": "driver@example.com"}
                self.driver.write(driver)
                self.owner.write(owner)
                self.assertEqual(self._get_row(), expected)

    def test_bounced_address_counts_as_none(self):
        self.setup.post_enabled = True
        for channel in ("email", "post"):
            self._set_rule("inactive", 90, channel=channel)
        self.card.driver_id = False
        self.owner.write(self.both)
        self.assertEqual(self._get_row(), ("Owner", "email"))
        self.env["res.partner"]._flag_hard_bounce("x@example.com")
        self.assertEqual(self._get_row(), ("Owner", "post"))
        self.owner.street = False
        self.assertEqual(self._get_row(), (None, "bounced", "no_address"))

    def test_blocked_address_gets_no_offers(self):
        """Odoo's own list counts for marketing; a reminder of a booked appointment is
        none."""
        self._set_rule("inactive", 90)
        self._set_rule("reminder_2", 3)
        self.card.driver_id = False
        self.owner.write(self.mail)
        self.env["mail.blacklist"]._add("x@example.com")
        self.assertEqual(self._get_row(), (None, "blacklisted", False))
        self._book("2026-04-02", vehicle=self.card)
        self.assertEqual(self._get_row(), ("Owner", "email"))

    def test_kind_that_is_off_for_one_channel(self):
        """(rules, owner) -> what he gets; both channels are on"""
        cases = [
            (("post",), self.both, None),
            (("post",), self.post, ("Owner", "post")),
            (("post",), self.none, (None, "no_address", False)),
            (("email",), self.both, ("Owner", "email")),
            (("email",), self.post, (None, "no_email", False)),
        ]
        self.card.driver_id = False
        self.setup.post_enabled = True
        for channels, owner, expected in cases:
            with self.subTest(channels=channels, owner=owner), self._undone():
                for channel in channels:
                    self._set_rule("inactive", 90, channel=channel)
                self.owner.write(owner)
                self.assertEqual(self._get_row(), expected)

    def test_driver_whom_this_kind_does_not_reach(self):
        """The driver has no e-mail address, and there is no postcard of this kind."""
        self.setup.post_enabled = True
        self._set_rule("inactive", 90)
        self.driver.write(self.post)
        self.owner.write(self.mail)
        self.assertEqual(self._get_row(), ("Owner", "email"))

    def test_numbers_differ_by_channel(self):
        self.setup.post_enabled = True
        self._set_rule("inactive", 90)
        self._set_rule("inactive", 120, channel="post")
        self.card.driver_id = False
        self.owner.write(self.post)
        self.assertEqual(self._run_days("2026-03-25", "2026-05-05"), ["2026-05-01"])
        self._forget()
        self.owner.write(self.mail)
        self.assertEqual(self._run_days("2026-03-25", "2026-05-05"), ["2026-04-01"])

    def test_address_that_goes_between_the_numbers(self):
        """E-mailed on day 90; the postcard of day 120 would be the same once more."""
        self.setup.post_enabled = True
        self._set_rule("inactive", 90)
        self._set_rule("inactive", 120, channel="post")
        self.card.driver_id = False
        self.owner.write(self.both)
        self.assertEqual(self._run_days("2026-03-30", "2026-04-02"), ["2026-04-01"])
        self.owner.email = False
        self.assertFalse(self._run_days("2026-04-28", "2026-05-05"))

    def test_whose_appointment_it_is(self):
        """The driver is reminded where the owner or he booked, not a third person."""
        third = self._create_customer(name="Third", email="third@example.com")
        self.owner.write(self.mail)
        self.driver.write(self.mail)
        self._set_rule("reminder_2", 3)
        for customer, expected in (
            (self.owner, "Driver"),
            (self.driver, "Driver"),
            (third, "Third"),
        ):
            with self.subTest(customer.name), self._undone():
                self._book("2026-04-02", vehicle=self.card, customer_id=customer.id)
                self.assertEqual(self._get_row(), (expected, "email"))

    def test_do_not_mail_cannot_be_overruled(self):
        self._set_rule("reminder_2", 3)
        self.card.driver_id = False
        self.owner.write({**self.mail, "do_not_mail": True})
        self._book("2026-04-02", vehicle=self.card)
        self.assertEqual(self._get_row(), (None, "do_not_mail", False))

    def test_archived_wording_and_empty_wording(self):
        self._set_rule("inactive", 90)
        self.owner.write(self.mail)
        purpose = self._set_rule("inactive", 90).purpose_id
        for vals in ({"active": False}, {"email_body": False}):
            with self.subTest(vals), self._undone():
                purpose.write(vals)
                self.assertIsNone(self._get_row())
                self.assertFalse(self._run_days("2026-04-01", "2026-04-01"))

    def test_reminder_1_where_reminder_2_has_no_wording(self):
        """Nothing takes its place then."""
        self._set_rule("reminder_1", 14)
        self._set_rule("reminder_2", 3)
        self.owner.write(self.mail)
        self._book("2026-03-20", booked_on="2026-03-10", vehicle=self.card)
        self.assertEqual(self._run_days("2026-03-11", "2026-03-16"), [])
        self.setup._get_rule("email", "reminder_2").purpose_id.active = False
        self.assertEqual(self._run_days("2026-03-11", "2026-03-16"), ["2026-03-11"])
