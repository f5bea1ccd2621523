# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models


class CustomerDataFeedHostKey(models.TransientModel):
    """Shows the key of an SFTP server before it is trusted with a password."""

    _name = "customer.data.feed.host.key"
    _description = "Confirm the Key of a Server"

    feed_id = fields.Many2one("customer.data.feed", required=True, ondelete="cascade")
    host = fields.Char(related="feed_id.host")
    host_key = fields.Char(string="Key", required=True, readonly=True)

    def action_confirm(self):
        """Note the key, and go on with the test."""
        self.ensure_one()
        self.feed_id.write({"host_key": self.host_key})
        return self.feed_id.action_test_connection()
