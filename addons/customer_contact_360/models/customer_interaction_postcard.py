# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import models


class CustomerInteraction(models.Model):
    """Postcards of reminders: the picture of their kind, the signature as sender."""

    _inherit = "customer.interaction"

    def _get_postcard_sender(self):
        sender = super()._get_postcard_sender()
        if setup := self._get_contact_setup():
            sender |= {
                "name": setup.business_name,
                "phone": setup._get_phone_label() or "",
            }
        return sender

    def _get_postcard_pictures(self):
        pictures = super()._get_postcard_pictures()
        kinds = {row: row._get_contact_kind() for row in self}
        rules = (
            self.env["customer.contact.rule"]
            .sudo()
            .search(
                [
                    ("company_id", "in", self.company_id.ids),
                    ("channel", "=", "post"),
                    ("kind", "in", [kind for kind in kinds.values() if kind]),
                ]
            )
        )
        by_kind = {
            (rule.company_id.id, rule.kind): rule._get_picture() for rule in rules
        }
        return {
            row.id: by_kind.get((row.company_id.id, kind), pictures[row.id])
            for row, kind in kinds.items()
        }
