# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.base.models.ir_actions_report import _wkhtml

# An unpatched wkhtmltopdf lays a page out this much wider and shrinks it again,
# whatever it is told; measured with 0.12.6 of Debian.
UNPATCHED_ZOOM = 1.3
# Written only by the buttons: a run whose state is edited loses cards.
PROTECTED_FIELDS = {
    "company_id",
    "interaction_ids",
    "mailed_at",
    "printed_at",
    "state",
}


class CustomerPrintRun(models.Model):
    """Postcards that are printed and mailed together."""

    _name = "customer.print.run"
    _description = "Postcard Print Run"
    _order = "create_date desc, id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name")
    company_id = fields.Many2one(
        "res.company",
        string="Location",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    state = fields.Selection(
        [("to_print", "To print"), ("printed", "Printed"), ("mailed", "Mailed")],
        required=True,
        default="to_print",
        readonly=True,
        copy=False,
    )
    interaction_ids = fields.One2many(
        "customer.interaction", "print_run_id", string="Postcards", readonly=True
    )
    card_count = fields.Integer(string="Cards", compute="_compute_card_count")
    printed_at = fields.Datetime(readonly=True, copy=False)
    mailed_at = fields.Datetime(readonly=True, copy=False)

    # The dispatcher of a second worker must find the open run, not make another.
    _one_open = models.UniqueIndex(
        "(company_id) WHERE state = 'to_print'",
        "This location already has an open print run.",
    )

    @api.depends("create_date", "company_id")
    def _compute_name(self):
        for run in self:
            day = fields.Datetime.context_timestamp(
                self, run.create_date or fields.Datetime.now()
            ).date()
            run.name = self.env._(
                "Postcards %(company)s %(day)s", company=run.company_id.name, day=day
            )

    @api.depends("interaction_ids.state")
    def _compute_card_count(self):
        counts = dict(
            self.env["customer.interaction"]._read_group(
                [("print_run_id", "in", self.ids), ("state", "!=", "cancelled")],
                ["print_run_id"],
                ["__count"],
            )
        )
        for run in self:
            run.card_count = counts.get(run, 0)

    def write(self, vals):
        if not self.env.su and not PROTECTED_FIELDS.isdisjoint(vals):
            raise AccessError(
                self.env._("A print run is changed with its buttons only.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_cards(self):
        if self.interaction_ids:
            raise UserError(
                self.env._(
                    "This run has postcards, which would never be mailed without it. "
                    "Print it and mark it as mailed instead."
                )
            )

    @api.model
    def _get_open(self, company):
        """Return the run that collects postcards of ``company``; start one if none."""
        domain = [("company_id", "=", company.id), ("state", "=", "to_print")]
        run = self.search(domain, limit=1)
        if not run:
            return self.create({"company_id": company.id})
        # Nobody may print it before the cards that are put on it now are there.
        self.env.cr.execute(
            SQL(
                "SELECT id FROM customer_print_run WHERE id = %s FOR NO KEY UPDATE",
                run.id,
            ),
            log_exceptions=False,
        )
        return run

    def _get_cards(self):
        """Return the postcards in the order of their postal codes, as mailers sort."""
        self.ensure_one()
        cards = self.interaction_ids.filtered(lambda card: card.state != "cancelled")
        return cards.sorted(
            lambda card: (
                card.partner_id.country_id.code or "",
                card.partner_id.zip or "",
                card.id,
            )
        )

    def action_print(self):
        """Return the PDF of the run; from now on it takes no more cards."""
        self.ensure_one()
        self.check_access("write")
        if self.state == "to_print":
            # Whoever asked for no mail since then gets no card.
            self.interaction_ids.filtered(
                lambda card: card.state == "queued"
            )._drop_blocked()
        if not self._get_cards():
            raise UserError(
                self.env._("There is no postcard in this run yet, so nothing to print.")
            )
        if self.state == "to_print":
            self.sudo().write({"state": "printed", "printed_at": fields.Datetime.now()})
        return self.env.ref("auto_shop.customer_print_run_report").report_action(self)

    def action_mailed(self):
        """The cards have been given to the post."""
        self.check_access("write")
        printed = self.filtered(lambda run: run.state == "printed")
        if not printed:
            raise UserError(self.env._("Print the run first."))
        printed.sudo().write({"state": "mailed", "mailed_at": fields.Datetime.now()})
        printed.interaction_ids._set_state("sent")
        return True

    def action_reopen(self):
        """Take a printed run back, for cards that were spoiled in the printer."""
        self.check_access("write")
        printed = self.filtered(lambda run: run.state == "printed")
        if self.search_count(
            [
                ("company_id", "in", printed.company_id.ids),
                ("state", "=", "to_print"),
            ],
            limit=1,
        ):
            raise UserError(
                self.env._(
                    "There is already an open run for this location. Use “Print Again” "
                    "for the spoiled cards."
                )
            )
        printed.sudo().write({"state": "to_print", "printed_at": False})
        return True

    @api.model
    def _get_print_zoom(self):
        """Return by what a card must grow for a millimetre to be one on paper."""
        return 1 if _wkhtml().is_patched_qt else UNPATCHED_ZOOM
