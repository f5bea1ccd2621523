# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.phone import format_number


class CustomerConsent(models.Model):
    """How, when and by whom a customer's consent was given or withdrawn.

    A row is proof: it is written once by the system (nobody has the right to create,
    change or delete one), follows the contact when contacts are merged and outlives
    the contact, with the name and the number that it was about.
    """

    _name = "customer.consent"
    _description = "Customer Consent"
    _order = "date desc, id desc"
    _rec_name = "partner_name"

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        index="btree_not_null",
        ondelete="set null",
        readonly=True,
    )
    partner_name = fields.Char(string="Customer Name", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    field_name = fields.Selection(
        [
            ("allow_texting", "Texts"),
            ("do_not_mail", "Mail"),
            ("do_not_call", "Calls"),
        ],
        string="About",
        required=True,
        readonly=True,
    )
    granted = fields.Boolean(
        readonly=True,
        help="Checked: the customer agreed to be contacted this way. "
        "Not checked: the customer asked not to be.",
    )
    decision = fields.Selection(
        [("granted", "Given"), ("withdrawn", "Withdrawn")],
        compute="_compute_decision",
    )
    source = fields.Selection(
        [
            ("staff", "Shop staff"),
            ("import", "Import"),
            ("portal", "Customer portal"),
            ("text", "Text message"),
            ("web", "Web page"),
            ("provider", "Text provider"),
        ],
        required=True,
        readonly=True,
    )
    number = fields.Char(
        string="Number or E-mail",
        index="btree_not_null",
        readonly=True,
        help="The number or address that the customer had at that moment.",
    )
    number_display = fields.Char(
        string="Number or E-mail, as Written", compute="_compute_number_display"
    )
    note = fields.Char(readonly=True)
    # Which other locations a customer deals with is not for everybody to see.
    location_id = fields.Many2one(
        "res.company",
        string="Texted To",
        readonly=True,
        groups="base.group_system",
        help="The location that STOP or START was texted to, or whose text the "
        "provider refused.",
    )
    user_id = fields.Many2one("res.users", string="By", readonly=True)
    date = fields.Datetime(required=True, readonly=True)

    @api.depends("granted")
    def _compute_decision(self):
        for consent in self:
            consent.decision = "granted" if consent.granted else "withdrawn"

    @api.depends("number")
    @api.depends_context("company")
    def _compute_number_display(self):
        country_code = self.env.company.country_id.code
        for consent in self:
            consent.number_display = format_number(consent.number, country_code)

    # There is nothing to write: the history only grows.
    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(
            self.env._(
                "The consent history cannot be changed. To record a new decision of "
                "the customer, change the contact: a new line is added."
            )
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_never(self):
        raise UserError(
            self.env._(
                "The consent history cannot be deleted: it proves what the customer "
                "agreed to."
            )
        )

    @api.model
    def _record_sudo(self, vals_list):
        """Write history rows; ``date`` and ``user_id`` are now and who does it.

        The one boundary where rights are raised: the rows are made by the system from
        a change that the user was allowed to make, never from the user's own values.
        """
        now = fields.Datetime.now()
        return self.sudo().create(
            [{"date": now, "user_id": self.env.uid, **vals} for vals in vals_list]
        )
