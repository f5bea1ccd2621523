# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from markupsafe import Markup

from odoo import api, fields, models


class CustomerDataFeedPreview(models.TransientModel):
    """Shows the first rows of the next file."""

    _name = "customer.data.feed.preview"
    _description = "Preview of a Data Feed"

    feed_id = fields.Many2one("customer.data.feed", required=True, ondelete="cascade")
    file_name = fields.Char(compute="_compute_table")
    is_new = fields.Boolean(compute="_compute_table")
    is_empty = fields.Boolean(compute="_compute_table")
    table = fields.Html(compute="_compute_table", sanitize=False)

    @api.depends("feed_id")
    def _compute_table(self):
        for preview in self:
            feed = preview.feed_id
            headers, rows, preview.is_new = feed._get_preview()
            preview.is_empty = not rows
            preview.file_name = feed._get_file_name(feed._get_today())
            preview.table = self._get_table(headers, rows)

    @api.model
    def _get_table(self, headers, rows):
        head = Markup().join(Markup("<th>%s</th>") % header for header in headers)
        body = Markup().join(
            Markup("<tr>%s</tr>")
            % Markup().join(Markup("<td>%s</td>") % (cell or "") for cell in row)
            for row in rows
        )
        return Markup(
            '<div class="table-responsive"><table class="table table-sm '
            'text-nowrap"><thead><tr>%s</tr></thead><tbody>%s</tbody></table></div>'
        ) % (head, body)
