# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import Contact360Common


@tagged("post_install", "-at_install")
class TestStatistics(Contact360Common):
    """What each figure counts."""

    def setUp(self):
        super().setUp()
        self._set_rule("inactive", 90, interval=90, dead=365)

    def _send(self, day, vehicle=None):
        """A message that fell due and was sent on a day; returns it."""
        row = self._run(day)
        if vehicle:
            row = row.filtered(lambda message: message.vehicle_id == vehicle)
        with self.at(day, 11):
            row._dispatch()
            row._set_state("sent")
        return row

    def _figures(self, **domain):
        self.env.invalidate_all()
        rows = self.env["customer.contact.statistics"].search(
            [("company_id", "=", self.company.id)]
            + [(name, "=", value) for name, value in domain.items()]
        )
        names = ("planned", "sent", "delivered", "bounced", "unsubscribed", "clicked")
        names += ("due", "came_back", "visits", "revenue")
        return {name: sum(rows.mapped(name)) for name in names}

    def _assert_figures(self, expected, **domain):
        figures = self._figures(**domain)
        self.assertEqual({name: figures[name] for name in expected}, expected, figures)

    def test_states(self):
        self._invoice("2026-01-01")
        row = self._run("2026-04-01")
        self._assert_figures({"planned": 1, "sent": 0, "due": 0})
        with self.at("2026-04-01", 11):
            row._dispatch()
            row._set_state("sent")
        self._assert_figures({"planned": 1, "sent": 1, "delivered": 1, "due": 1})
        row._set_state("failed", "No such user", "provider")
        self._assert_figures({"sent": 1, "delivered": 0, "bounced": 1})

    def test_clicked(self):
        self._invoice("2026-01-01")
        row = self._send("2026-04-01")
        row.sudo().clicked_at = "2026-04-02 12:00:00"
        self._assert_figures({"clicked": 1})

    def test_visit_counts_within_its_days(self):
        cases = [
            # invoiced on, days, came back
            ("2026-04-01", 30, 1),
            ("2026-05-01", 30, 1),
            ("2026-05-02", 30, 0),
            ("2026-05-02", 31, 1),
            ("2026-03-31", 30, 0),
        ]
        self._invoice("2026-01-01")
        self._send("2026-04-01")
        for day, days, came_back in cases:
            with self.subTest(day=day, days=days):
                self.setup.attribution_days = days
                move = self._invoice(day)
                self._assert_figures(
                    {
                        "came_back": came_back,
                        "visits": came_back,
                        "revenue": 50.0 * came_back,
                    }
                )
                move.button_draft()

    def test_visit_counts_for_the_last_message_only(self):
        self._set_rule("inactive", 90, interval=10, dead=365)
        self._invoice("2026-01-01")
        first = self._send("2026-04-01")
        second = self._send("2026-04-11")
        self.assertEqual((len(first), len(second)), (1, 1))
        self._invoice("2026-04-20")
        self._assert_figures({"visits": 0}, interaction_id=first.id)
        self._assert_figures({"visits": 1}, interaction_id=second.id)

    def test_other_vehicle_and_reversed_invoice_do_not_count(self):
        self._invoice("2026-01-01")
        self._send("2026-04-01")
        self._invoice("2026-04-05", vehicle=self._create_vehicle(self.ann))
        self._assert_figures({"visits": 0})
        move = self._invoice("2026-04-06")
        move._reverse_moves(cancel=True)
        self.assertEqual(move.payment_state, "reversed")
        self._assert_figures({"visits": 0})

    def test_unsubscribed_by_the_link_of_the_message(self):
        self._set_rule("inactive", 90, interval=10, dead=365)
        self._invoice("2026-01-01")
        first = self._send("2026-04-01")
        second = self._send("2026-04-11")
        unsubscribe = self.env["customer.unsubscribe"]
        with self.at("2026-04-12"):
            url = unsubscribe._get_urls(second)[second.id]
            unsubscribe._stop(unsubscribe._open_sudo(url.rpartition("/")[2]))
        self._assert_figures({"unsubscribed": 0}, interaction_id=first.id)
        self._assert_figures({"unsubscribed": 1}, interaction_id=second.id)

    def test_compared_with_those_who_want_no_mail(self):
        ben = self._create_customer(name="Ben", email="ben@example.com")
        ben.do_not_mail = True
        quiet = self._create_vehicle(ben)
        for vehicle in (self.vehicle, quiet):
            self._invoice("2026-01-01", vehicle=vehicle)
        self._send("2026-04-01")
        self._invoice("2026-04-05", vehicle=quiet)
        self._assert_figures({"due": 1, "visits": 0}, reach="email")
        self._assert_figures(
            {"due": 1, "planned": 0, "sent": 0, "visits": 1, "revenue": 50.0},
            reach="no_consent",
        )
        with self.at("2026-04-10"):
            board = (
                self.env["customer.contact.statistics"]
                .with_user(self.manager)
                .get_dashboard()
            )
        self.assertEqual(board["total"]["return_rate"], 0.0)
        self.assertEqual(board["compared"]["return_rate"], 1.0)
        self.assertEqual([row["kind"] for row in board["kinds"]], ["inactive"])
        self.assertTrue(all(board["definitions"].values()))

    def test_no_address_is_not_what_we_compare_with(self):
        ben = self._create_customer(name="Ben", email=False)
        self._invoice("2026-01-01", vehicle=self._create_vehicle(ben))
        self._run("2026-04-01")
        self._assert_figures({"due": 0})

    def test_blocked_message_is_not_counted(self):
        self._invoice("2026-01-01")
        row = self._run("2026-04-01")
        row.action_cancel()
        self._assert_figures({"planned": 0})

    def test_managers_of_the_location_only(self):
        self._invoice("2026-01-01")
        self._send("2026-04-01")
        statistics = self.env["customer.contact.statistics"]
        with self.assertRaises(AccessError):
            statistics.with_user(self.staff).get_dashboard()
        foreign = self._create_user(
            "foreign_manager", "auto_shop.group_manager", company=self.other_company
        )
        self.assertFalse(self._as(statistics, foreign).search([]))
        with self.at("2026-04-10"):
            board = self._as(statistics, foreign).get_dashboard()
        self.assertEqual(board["total"]["planned"], 0)
        self.assertEqual(board["kinds"], [])

    def test_a_location_without_any_figure(self):
        board = self.env["customer.contact.statistics"].get_dashboard()
        self.assertIsNone(board["total"]["return_rate"])
