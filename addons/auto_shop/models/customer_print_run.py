# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL
from odoo.tools.misc import split_every

from ..tools.postcard import SIZES, PostcardPdf
from .customer_interaction_postcard import POSTCARD_SIZES

# So many cards are read at once when they are printed; memory stays flat.
PRINT_BATCH = 200
NOT_PRINTED = ("cancelled", "failed", "planned")
# Written only by the buttons: a run whose state is edited loses cards.
PROTECTED_FIELDS = {
    "company_id",
    "interaction_ids",
    "mailed_at",
    "printed_at",
    "size",
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
    size = fields.Selection(
        POSTCARD_SIZES,
        string="Card Size",
        required=True,
        default="4x6",
        readonly=True,
        copy=False,
    )
    interaction_ids = fields.One2many(
        "customer.interaction", "print_run_id", string="Postcards", readonly=True
    )
    card_count = fields.Integer(string="Cards", compute="_compute_card_count")
    left_out_count = fields.Integer(
        string="Left Out",
        compute="_compute_card_count",
        help="Postcards that do not fit on the card, and are not printed.",
    )
    printed_at = fields.Datetime(readonly=True, copy=False)
    mailed_at = fields.Datetime(readonly=True, copy=False)

    # The dispatcher of a second worker must find the open run, not make another.
    _one_open = models.UniqueIndex(
        "(company_id, size) WHERE state = 'to_print'",
        "This location already has an open print run for cards of this size.",
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
        counts = {
            (run, state): count
            for run, state, count in self.env["customer.interaction"]._read_group(
                [("print_run_id", "in", self.ids)],
                ["print_run_id", "state"],
                ["__count"],
            )
        }
        for run in self:
            run.left_out_count = counts.get((run, "failed"), 0)
            run.card_count = sum(
                count
                for (counted, state), count in counts.items()
                if counted == run and state not in NOT_PRINTED
            )

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
    def _get_open(self, company, size=None):
        """Return the run that collects postcards of ``company``; start one if none.

        :param size: of the cards, the location's unless given
        """
        size = size or company.postcard_size
        domain = [
            ("company_id", "=", company.id),
            ("size", "=", size),
            ("state", "=", "to_print"),
        ]
        run = self.search(domain, limit=1)
        if not run:
            return self.create({"company_id": company.id, "size": size})
        # Nobody may print it before the cards that are put on it now are there.
        self.env.cr.execute(
            SQL(
                "SELECT id FROM customer_print_run WHERE id = %s FOR NO KEY UPDATE",
                run.id,
            ),
            log_exceptions=False,
        )
        return run

    def _get_card_ids(self):
        """Return the ids of the postcards in the order of their postal codes.

        So mailers sort: those of the location's own country first.
        """
        self.ensure_one()
        self.check_access("read")
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT card.id
                     FROM customer_interaction AS card
                LEFT JOIN res_partner AS customer ON customer.id = card.partner_id
                LEFT JOIN res_country AS country ON country.id = customer.country_id
                    WHERE card.print_run_id = %s AND card.state NOT IN %s
                 ORDER BY country.id IS NOT NULL AND country.id <> %s, country.code,
                          upper(customer.zip), card.id""",
                self.id,
                NOT_PRINTED,
                self.company_id.country_id.id or 0,
            )
        )
        return [row_id for (row_id,) in rows]

    def _get_cards(self):
        return self.env["customer.interaction"].browse(self._get_card_ids())

    def action_print(self):
        """Return the PDF of the run; from now on it takes no more cards.

        Before the first time, who wants no mail since, what is no longer true and what
        does not fit on its card is left out.
        """
        self.ensure_one()
        self.check_access("write")
        if not self._get_card_ids():
            raise UserError(
                self.env._("There is no postcard in this run yet, so nothing to print.")
            )
        if self.state == "to_print" and not self._close():
            return self._notify_nothing_left()
        return {
            "type": "ir.actions.client",
            "tag": "auto_shop.download",
            "params": {"url": f"/auto_shop/print_run/{self.id}.pdf"},
        }

    def _close(self):
        """Take no more cards, and leave out those that must not go or do not fit.

        :return: whether there is something to print
        """
        self.sudo().write({"state": "printed", "printed_at": fields.Datetime.now()})
        # No dispatcher adds a card from here on.
        self.flush_recordset()
        for ids in split_every(PRINT_BATCH, self._get_card_ids()):
            cards = self.env["customer.interaction"].browse(ids)
            cards._drop_superseded()._drop_blocked()._drop_misfits()
        if self._get_card_ids():
            return True
        self.sudo().write({"state": "to_print", "printed_at": False})
        return False

    def _notify_nothing_left(self):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Nothing to print"),
                "message": self.env._(
                    "None of these postcards may go out any more, or none fits on its "
                    "card. The list says why."
                ),
                "type": "warning",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _write_pdf(self, file):
        """Write the cards of the run to a binary file, one page pair a card.

        Card by card: memory does not grow with their number.
        """
        self.ensure_one()
        pdf = PostcardPdf(file, SIZES[self.size], self.name)
        for ids in split_every(PRINT_BATCH, self._get_card_ids()):
            cards = self.env["customer.interaction"].browse(ids)
            for _card, (front, back, _problems) in cards._lay_out_postcards():
                pdf.add(front, back)
            self.env.invalidate_all(flush=False)
        pdf.close()

    def action_mailed(self):
        """The cards have been given to the post."""
        self.check_access("write")
        printed = self.filtered(lambda run: run.state == "printed")
        if not printed:
            raise UserError(self.env._("Print the run first."))
        printed.sudo().write({"state": "mailed", "mailed_at": fields.Datetime.now()})
        for run in printed:
            run._get_cards()._set_state("sent")
        return True

    def action_reopen(self):
        """Take a printed run back, for cards that were spoiled in the printer."""
        self.check_access("write")
        printed = self.filtered(lambda run: run.state == "printed")
        if self.search_count(
            [
                ("company_id", "in", printed.company_id.ids),
                ("size", "in", printed.mapped("size")),
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
