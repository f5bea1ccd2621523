# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, models

from ..models.res_partner import ConsentContext


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        # All moves by SQL, which leaves the owner's name in the search text of his
        # vehicles as it was. A location has one conversation with a customer.
        self.env["customer.text.thread"]._drop_sudo(src_partners)
        dst_partner._merge_starts_sudo(src_partners)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        self.env["customer.merged.contact"]._keep_sudo(src_partners, dst_partner)
        self.env["customer.vehicle"]._refresh_search_text_sudo(dst_partner)
        self.env["customer.text.thread"]._refresh_sudo(dst_partner)
        return result

    @api.model
    def _update_values(self, src_partners, dst_partner):
        # A merge never widens what a customer agreed to: the strictest answer wins.
        strictest = (src_partners + dst_partner)._get_strictest_consent()
        keeps = ConsentContext("staff", keeps_consent=True)
        result = super()._update_values(
            src_partners.with_context(consent_context=keeps),
            dst_partner.with_context(consent_context=keeps),
        )
        dst_partner._merge_consent(src_partners, strictest)
        return result
