# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError


class CustomerContactSetup(models.Model):
    """Postcards: their size, and who prints and mails them.

    A printer is a value of ``post_provider`` and methods of
    ``customer.postcard.order``, see there.
    """

    _inherit = "customer.contact.setup"

    post_size = fields.Selection(related="company_id.postcard_size", readonly=False)
    post_provider = fields.Selection(
        [("print_run", "We print and mail them ourselves")],
        string="Printed By",
        required=True,
        default="print_run",
    )
    post_problem = fields.Char(
        string="Why Postcards Wait",
        readonly=True,
        copy=False,
        help="The printer refuses the account. Nothing goes to it until a manager has "
        "put that right.",
    )
    post_waiting_count = fields.Integer(
        string="Waiting", compute="_compute_post_order_counts"
    )
    post_unknown_count = fields.Integer(
        string="In Doubt", compute="_compute_post_order_counts"
    )

    @api.depends("company_id")
    def _compute_post_order_counts(self):
        counts = {
            (company, state): count
            for company, state, count in self.env[
                "customer.postcard.order"
            ]._read_group(
                [
                    ("company_id", "in", self.company_id.ids),
                    ("state", "in", ("waiting", "sending", "unknown")),
                ],
                ["company_id", "state"],
                ["__count"],
            )
        }
        for setup in self:
            company = setup.company_id
            setup.post_waiting_count = counts.get((company, "waiting"), 0) + counts.get(
                (company, "sending"), 0
            )
            setup.post_unknown_count = counts.get((company, "unknown"), 0)

    def write(self, vals):
        before = {setup: setup.post_provider for setup in self}
        if not self.env.su and "post_problem" in vals:
            raise AccessError(
                self.env._("Why postcards wait is written by the system. Try again.")
            )
        result = super().write(vals)
        for setup, provider in before.items():
            if setup.post_provider != provider:
                setup.sudo()._move_waiting_postcards(provider)
        if not vals.keys().isdisjoint(self._get_post_account_fields()):
            # Other keys: perhaps these are accepted.
            self.sudo()._retry_postcards()
        return result

    @api.model
    def _get_post_account_fields(self):
        """Return the fields of the account at a printer; addons add theirs."""
        return {"post_provider"}

    def _move_waiting_postcards(self, provider):
        """Cards that the former printer was never told of go to the new one."""
        self.env["customer.postcard.order"]._withdraw(self.company_id, provider)

    def _retry_postcards(self):
        self.post_problem = False
        self.env["customer.postcard.order"]._wake_queue()

    def action_retry_postcards(self):
        """A manager has put right what the printer refused."""
        self.check_access("write")
        self.sudo()._retry_postcards()
        return True

    def action_open_postcard_orders(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_contact_360.customer_postcard_order_action"
        )
        action["domain"] = [("company_id", "=", self.company_id.id)]
        return action
