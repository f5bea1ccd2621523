# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import models


class CustomerInteraction(models.Model):
    _inherit = "customer.interaction"

    def _merge_values(self, names):
        values = super()._merge_values(names)
        if "feedback_link" in names:
            links = self._get_feedback_links()
            for row in self:
                values[row.id]["feedback_link"] = links.get(row.id, "")
        return values

    def _get_feedback_links(self):
        """Return ``{id: address}`` of the feedback page or mailbox of the CRM Setup.

        To a page the link is the message's own, so that a click tells whose it was.
        """
        links = {}
        for company, rows in self.grouped("company_id").items():
            url = self.env["customer.contact.setup"]._get(company).feedback_url
            if url and url.lower().startswith("http"):
                title = self.env._("Feedback for %s", company.name)
                links.update(rows._get_tracked_links_sudo(url, title))
            elif url:
                links.update(dict.fromkeys((row.id for row in rows), url))
        return links
