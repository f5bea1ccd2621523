# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, models
from odoo.tools.urls import urljoin

# As long as the codes of link_tracker are in a database of some age.
SAMPLE_CODE = "a1B2"


class CustomerInteraction(models.Model):
    _inherit = "customer.interaction"

    @api.model
    def _merge_fields(self):
        return {
            **super()._merge_fields(),
            "glass": self.env._("Glass of the order"),
            "review_link": self.env._("Link to the review form, where it is wanted"),
        }

    def _merge_values(self, names):
        values = super()._merge_values(names)
        if "review_link" in names:
            links = self._get_review_links_sudo()
            for row in self:
                values[row.id]["review_link"] = links.get(row.id, "")
        return values

    def _merge_glass(self):
        return ", ".join(self.work_order_id._get_glass_names())

    def _get_review_links_sudo(self):
        """Return ``{id: short link}`` of the rows that get the review link.

        One link for each message, so that a click tells whose it was. As superuser:
        the link belongs to the message, whoever renders that. A message that is only
        previewed gets a sample.
        """
        wanted = self.filtered(
            lambda row: (
                row.company_id._review_link_wanted(row.purpose_id.code)
                and row.company_id._get_review_url()
            )
        )
        kept = wanted.filtered(lambda row: isinstance(row.id, int))
        links = {
            row.id: urljoin(row.get_base_url(), f"/r/{SAMPLE_CODE}")
            for row in wanted - kept
        }
        if not kept:
            return links
        trackers = self.env["link.tracker"].sudo()
        known = trackers.search([("interaction_id", "in", kept.ids)])
        by_row = {tracker.interaction_id.id: tracker for tracker in known}
        new = kept.filtered(lambda row: row.id not in by_row)
        created = trackers.create(
            [
                {
                    "url": row.company_id._get_review_url(),
                    # Without a title Odoo would fetch the page.
                    "title": self.env._("Review of %s", row.company_id.name),
                    # One link for a page and label.
                    "label": f"customer.interaction {row.id}",
                    "interaction_id": row.id,
                }
                for row in new
            ]
        )
        for row, tracker in zip(new, created, strict=True):
            by_row[row.id] = tracker
        links.update((row_id, tracker.short_url) for row_id, tracker in by_row.items())
        return links
