# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.tests import tagged
from odoo.tools import file_open

from .common_feed import FeedCommon


@tagged("post_install", "-at_install")
class TestNeutralize(FeedCommon):
    """A copy of the database is silent, and has no key to anybody."""

    def test_nothing_goes_out_of_a_copy(self):
        self.setup.plate_lookup_provider = "sandbox"
        self.setup.lob_test_key = "test_0123456789abcdef"
        self.feed.write(
            {
                "delivery": "ftp",
                "host": "127.0.0.1",
                "port": 9,
                "username": "shop",
                "password": "secret",
            }
        )
        self._invoice()
        run = self._run_feed()
        self.assertIn(run.state, ("waiting", "failed"))
        self.env.flush_all()
        with file_open("customer_contact_360/data/neutralize.sql") as file:
            self.env.cr.execute(file.read())
        self.env.invalidate_all()
        self.assertFalse(self.setup.email_enabled)
        self.assertFalse(self.setup.plate_lookup_provider)
        self.assertFalse(self.setup.lob_test_key)
        self.assertEqual(self.feed.status, "off")
        self.assertFalse(self.feed.password or self.feed.host)
        self.assertEqual(run.state, "discarded")
        self._run_cron()
        self.assertFalse(run.sent_at)
