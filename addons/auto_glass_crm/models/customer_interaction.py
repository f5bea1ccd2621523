# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, models


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
        """Return ``{id: short link}`` of the rows that get the review link."""
        links = {}
        for company, rows in self.grouped("company_id").items():
            url = company._get_review_url()
            if wanted := url and rows.filtered(
                lambda row, company=company: company._review_link_wanted(
                    row.purpose_id.code
                )
            ):
                title = self.env._("Review of %s", company.name)
                links.update(wanted._get_tracked_links_sudo(url, title))
        return links
