# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from .customer_contact_rule import KINDS

PURPOSE_CODES = {f"contact_{kind}": kind for kind, _label in KINDS}


class CustomerInteractionPurpose(models.Model):
    _inherit = "customer.interaction.purpose"

    @api.constrains("honour_do_not_mail", "code")
    def _check_honour_do_not_mail(self):
        for purpose in self:
            if purpose.code in PURPOSE_CODES and not purpose.honour_do_not_mail:
                raise ValidationError(
                    self.env._(
                        "“%s” goes out by itself, so Do Not Mail always stops it.",
                        purpose.name,
                    )
                )

    def _get_example(self):
        """Take a customer for whom this message is, or would have been."""
        example = super()._get_example()
        kind = PURPOSE_CODES.get(self.code)
        if not kind:
            return example
        company = self.company_id or self.env.company
        due = self.env["customer.contact.due"].search(
            [
                ("company_id", "=", company.id),
                ("kind", "=", kind),
                ("state", "=", "due"),
            ],
            order="due_date, id",
            limit=1,
        )
        if due:
            return {
                **example,
                "partner_id": due.partner_id.id,
                "event_id": due.event_id.id,
            }
        if kind not in ("thank_you", "deferred", "inactive"):
            return example
        domain = Domain("company_id", "in", (company.id, False))
        domain &= (
            Domain("deferred_work_ids.state", "=", "open")
            if kind == "deferred"
            else Domain("last_invoice_date", "!=", False)
        )
        vehicle = self.env["customer.vehicle"].search(
            domain, order="last_visit_date desc, id desc", limit=1
        )
        if vehicle:
            return {**example, "partner_id": vehicle.owner_id.id, "event_id": False}
        return example

    def _prepare_preview_vals(self, partner_id, event_id, lang):
        """Take the vehicle that this message would be about."""
        vals = super()._prepare_preview_vals(partner_id, event_id, lang)
        kind = PURPOSE_CODES.get(self.code)
        if event_id or kind not in ("thank_you", "deferred", "inactive"):
            return vals
        cards = self.env["customer.vehicle"].search(
            [
                "|",
                ("owner_id", "=", partner_id),
                ("driver_id", "=", partner_id),
                ("company_id", "in", (vals["company_id"], False)),
            ],
            order="last_invoice_date desc, id desc",
            limit=50,
        )
        if kind == "deferred":
            cards = cards.filtered("open_work_count") or cards
        else:
            cards = cards.filtered("last_invoice_date") or cards
        if cards:
            vals["vehicle_id"] = cards[0].id
        return vals
