# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import date, timedelta

from freezegun import freeze_time

from odoo.tests import tagged

from .common import Contact360Common

TODAY = date(2026, 6, 1)


@tagged("post_install", "-at_install")
class TestContactStatus(Contact360Common):
    """Who is called inactive or dead; field and search say the same."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls._invoice("2026-01-01", vehicle=cls._create_vehicle(cls.ann))

    def _set_last_invoice(self, card, days):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE customer_vehicle SET last_invoice_id = %s, last_invoice_date = %s"
            " WHERE id = %s",
            (self.move.id, TODAY - timedelta(days=days), card.id),
        )
        self.env.invalidate_all()

    def _assert_status(self, card, expected):
        vehicles = self.env["customer.vehicle"]
        with freeze_time("2026-06-01 15:00"):
            self.assertEqual(card.contact_status or None, expected)
            for status in ("active", "inactive", "dead"):
                found = vehicles.search(
                    [("contact_status", "=", status), ("id", "=", card.id)]
                )
                self.assertEqual(bool(found), status == expected, status)
                found = vehicles.search(
                    [("contact_status", "!=", status), ("id", "=", card.id)]
                )
                self.assertEqual(bool(found), status != expected, status)
            found = vehicles.search(
                [("contact_status", "=", False), ("id", "=", card.id)]
            )
            self.assertEqual(bool(found), expected is None)

    def test_by_the_numbers(self):
        """(Inactive, Dead, days since the last invoice) -> status"""
        cases = [
            (90, 365, 0, "active"),
            (90, 365, 89, "active"),
            (90, 365, 90, "inactive"),
            (90, 365, 364, "inactive"),
            (90, 365, 365, "dead"),
            (90, 365, 4000, "dead"),
            (90, 0, 4000, "inactive"),
            (0, 0, 4000, "active"),
            (0, 365, 400, "dead"),
            (0, 365, 300, "active"),
        ]
        for days, dead, age, expected in cases:
            with self.subTest(days=days, dead=dead, age=age):
                self._set_rule("inactive", days, interval=90, dead=dead)
                self._set_last_invoice(self.vehicle, age)
                self._assert_status(self.vehicle, expected)

    def test_without_status(self):
        self._assert_status(self.vehicle, None)
        self._set_last_invoice(self.vehicle, 100)
        self.vehicle.disposition = "sold"
        self._assert_status(self.vehicle, None)

    def test_location_that_was_never_set_up(self):
        """The usual numbers: 90 and 365."""
        self.setup.unlink()
        for age, expected in ((89, "active"), (90, "inactive"), (365, "dead")):
            with self.subTest(age=age):
                self._set_last_invoice(self.vehicle, age)
                self._assert_status(self.vehicle, expected)

    def test_numbers_that_differ_by_channel(self):
        """Those of the channel that reaches the customer."""
        self._set_rule("inactive", 90, interval=90, dead=365)
        self._set_rule("inactive", 150, channel="post", interval=90, dead=200)
        address = {"street": "1 Elm St", "city": "Austin", "zip": "78701"}
        address["state_id"] = self.state_texas.id
        mail, post = {}, {"email": False, **address}
        none = {"email": False}
        cases = [
            # (e-mail on, postcards on, customer, age, status)
            (True, False, mail, 100, "inactive"),
            (True, False, post, 100, "inactive"),
            (True, True, mail, 100, "inactive"),
            (True, True, post, 100, "active"),
            (True, True, none, 100, "inactive"),
            (True, True, post, 160, "inactive"),
            (True, True, post, 250, "dead"),
            (True, True, mail, 250, "inactive"),
            (False, True, mail, 100, "active"),
            (False, False, mail, 100, "inactive"),
        ]
        for email_on, post_on, customer, age, expected in cases:
            with (
                self.subTest(email=email_on, post=post_on, age=age, customer=customer),
                self._undone(),
            ):
                self.setup.write({"email_enabled": email_on, "post_enabled": post_on})
                self.ann.write(customer)
                self._set_last_invoice(self.vehicle, age)
                self._assert_status(self.vehicle, expected)

    def test_missed_appointments(self):
        """The list of no-shows is that of the message, without its days."""
        events = self.env["calendar.event"].with_company(self.company)
        missed = self._book("2026-05-20")
        card = self._create_vehicle(self.ann)
        self._book("2026-05-20", vehicle=card)
        self._book("2026-06-20", vehicle=card)
        came = self._book("2026-05-20", vehicle=self._create_vehicle(self.ann))
        with self.at("2026-05-20", 12):
            came.action_arrived()
        today = self._book(TODAY, vehicle=self._create_vehicle(self.ann), hour=8)
        with self.at(TODAY, 12):
            found = events.search([("is_missed", "=", True)])
            self.assertEqual(found & (missed | came | today), missed)
            self.assertEqual(found.vehicle_id & card, card.browse())
            today.action_no_show()
            self.assertIn(today, events.search([("is_missed", "=", True)]))
            self.assertEqual((missed | came).mapped("is_missed"), [True, False])

    def test_lists_do_not_grow_with_rows(self):
        cards = self._create_inactive(40, "2026-01-01")
        counts = []
        for size in (1, 4, 40):
            self.env.invalidate_all()
            with self.at(TODAY):
                before = self.env.cr.sql_log_count
                self.env["customer.vehicle"].search_fetch(
                    [("contact_status", "=", "inactive"), ("id", "in", cards.ids)],
                    ["owner_id", "last_invoice_date"],
                    limit=size,
                ).read(["contact_status", "next_appointment", "owner_number"])
                counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])
