# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.tests import HttpCase, tagged

from .common import Contact360Common


@tagged("post_install", "-at_install")
class TestStatisticsTour(Contact360Common, HttpCase):
    def test_dashboard(self):
        self._set_rule("inactive", 90, interval=90, dead=365)
        self._invoice("2026-01-01")
        row = self._run("2026-04-01")
        with self.at("2026-04-01", 11):
            row._dispatch()
            row._set_state("sent")
        # Within the period that is shown first, whenever this runs.
        self.env.cr.execute(
            "UPDATE customer_interaction SET planned_at = now() AT TIME ZONE 'UTC',"
            " sent_at = now() AT TIME ZONE 'UTC' WHERE id = %s",
            [row.id],
        )
        self.env.invalidate_all()
        self.start_tour(
            "/odoo/follow-up-statistics",
            "customer_contact_statistics",
            login="shop_manager",
        )
