# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from functools import partial

from odoo import api, fields, models


class AccountMove(models.Model):
    """Adds the question how the customer felt, on the invoice that completes a job."""

    _name = "account.move"
    _inherit = ["account.move", "customer.question.mixin"]

    experience_order_ids = fields.One2many(
        "sale.order",
        "experience_invoice_id",
        string="Orders Completed by This Invoice",
        readonly=True,
        groups="auto_shop.group_user",
    )
    customer_experience = fields.Selection(
        [("smile", "Smile"), ("frown", "Frown")],
        compute="_compute_customer_experience",
        compute_sudo=True,
        help="A frown of one customer counts for an invoice of several.",
        groups="base.group_user",
    )

    @api.depends("experience_order_ids.customer_experience")
    def _compute_customer_experience(self):
        for move in self:
            answers = set(move.experience_order_ids.mapped("customer_experience"))
            move.customer_experience = (
                "frown"
                if "frown" in answers
                else "smile"
                if "smile" in answers
                else False
            )

    @api.depends("state", "experience_order_ids.customer_experience")
    @api.depends_context("uid")
    def _compute_open_question(self):
        return super()._compute_open_question()

    def action_customer_experience(self, value=None):
        """Answer how the customer felt; without a value the client asks.

        :param value: ``smile`` or ``frown``; refused quietly once it was answered
        """
        self.ensure_one()
        if value and (question := self.customer_question()):
            self.customer_answer(question["key"], value)
        return True

    def _post(self, soft=True):
        posted = super()._post(soft=soft)
        posted._complete_orders_sudo()
        return posted

    def _complete_orders_sudo(self):
        """Note the orders of which nothing is left to invoice with these invoices.

        As superuser: bookkeepers post invoices, and have no rights on orders. A down
        payment leaves the work to invoice, a credit note is no invoice.
        """
        for move in self.sudo().filtered(lambda move: move.move_type == "out_invoice"):
            for order in move.line_ids.sale_line_ids.order_id:
                known = order.experience_invoice_id
                if order.customer_experience or known.state == "posted":
                    continue
                if order.invoice_status in ("invoiced", "upselling") and not any(
                    invoice.state == "draft" and invoice.move_type == "out_invoice"
                    for invoice in order.invoice_ids
                ):
                    order.experience_invoice_id = move

    def _may_answer_customer_question(self):
        staff = self.env.su or self.env.user.has_group("auto_shop.group_user")
        return staff and super()._may_answer_customer_question()

    def _customer_questions(self):
        questions = super()._customer_questions()
        orders = self._get_experience_orders()
        if not orders:
            return questions
        customer = orders.partner_id
        faces = [("smile", self.env._("Smile")), ("frown", self.env._("Frown"))]
        return questions + [
            {
                "key": f"customer_experience:{customer.id}",
                "title": self.env._("Customer Experience"),
                "message": self.env._(
                    "How did %s feel about the job? The closing text depends on it.",
                    customer.name,
                ),
                "buttons": [
                    {
                        "value": value,
                        "label": label,
                        "style": value,
                        "preview": partial(orders._preview_experience, value),
                    }
                    for value, label in faces
                ],
            }
        ]

    def _answer_customer_experience(self, value):
        orders = self._get_experience_orders()
        customer = orders.partner_id
        planned = orders._answer_experience(value)
        if planned:
            message = self.env._("The text to %s is on its way.", customer.name)
        else:
            message = self.env._("Kept. No text goes to %s.", customer.name)
        return {"message": message, "type": "success"}

    def _get_experience_orders(self):
        """Return the orders to be asked about now: those of one customer.

        An insurer's invoice may complete orders of several customers, who are asked
        about one after the other.
        """
        self.ensure_one()
        if self.state != "posted" or self.move_type != "out_invoice":
            return self.env["sale.order"]
        open_orders = self.experience_order_ids.filtered(
            lambda order: (
                not order.customer_experience
                and order.state != "cancel"
                and order.can_be_texted
            )
        ).sorted("id")
        return open_orders.filtered(
            lambda order: order.partner_id == open_orders[0].partner_id
        )
