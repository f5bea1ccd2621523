# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models


class CustomerInteraction(models.Model):
    """Postcards: the pictures of their kinds, and printers beside our own runs."""

    _inherit = "customer.interaction"

    post_provider = fields.Selection(
        selection_add=[("lob", "Lob")], ondelete={"lob": "set null"}
    )
    reason_code = fields.Selection(
        selection_add=[("test_mode", "Test mode")], ondelete={"test_mode": "set null"}
    )
    postcard_order_ids = fields.One2many(
        "customer.postcard.order", "interaction_id", string="Orders at the Printer"
    )
    can_cancel_postcard = fields.Boolean(compute="_compute_can_cancel_postcard")

    @api.depends("postcard_order_ids.can_be_cancelled")
    def _compute_can_cancel_postcard(self):
        for row in self:
            row.can_cancel_postcard = row.postcard_order_ids[:1].can_be_cancelled

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

    # === PRINTERS ELSEWHERE ===

    def _lob_hand_over(self):
        """Queue postcards for Lob; what does not fit on its card is not ordered."""
        rows = self._drop_misfits(has_address=False)
        rows._mark_dispatched()
        self.env["customer.postcard.order"].sudo()._queue(rows, "lob")

    def action_mark_sent(self):
        """A person has looked into the printer's account: it was printed."""
        doubtful = self.filtered(
            lambda row: row.channel == "post" and row.state == "unknown"
        )
        result = super().action_mark_sent()
        doubtful.sudo().postcard_order_ids.filtered(
            lambda order: order.state == "unknown"
        ).state = "accepted"
        return result

    def action_cancel_postcard(self):
        """Stop a card that a printer has, or is to get."""
        self.ensure_one()
        return self.postcard_order_ids[:1].action_cancel()

    def _take_back_postcard(self, sentence):
        """The printer says that it does not mail a card that it had taken.

        The one way back from sent: nothing has left the printer's house.
        """
        sent = self.sudo().filtered(
            lambda row: row.channel == "post" and row.state == "sent"
        )
        sent.write(
            {
                "state": "cancelled",
                "sent_at": False,
                "failure_reason": sentence,
                "reason_code": "blocked",
            }
        )
        (self - sent)._set_state("cancelled", sentence, "blocked")
