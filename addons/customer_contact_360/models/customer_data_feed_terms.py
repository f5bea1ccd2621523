# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class CustomerDataFeedTerms(models.Model):
    """Terms of service of a receiver, by version.

    A newer version asks everybody again. What somebody agreed to is never changed:
    the agreement keeps the text as well.
    """

    _name = "customer.data.feed.terms"
    _description = "Terms of Service of a Data Feed"
    _order = "provider, effective_on desc, id desc"
    _rec_name = "version"

    provider = fields.Selection(
        lambda self: (
            self.env["customer.data.feed"]
            ._fields["provider"]
            ._description_selection(self.env)
        ),
        required=True,
        default="carfax",
    )
    version = fields.Char(required=True, copy=False)
    effective_on = fields.Date(
        string="In Force Since",
        required=True,
        default=fields.Date.context_today,
        help="From this day on, feeds wait until somebody has agreed to this version.",
    )
    text = fields.Text(required=True)

    _version_unique = models.Constraint(
        "UNIQUE (provider, version)", "There is already such a version of these terms."
    )

    @api.model
    def _get_current(self, provider, day):
        """Return the terms of a provider that hold on a day, or an empty set."""
        return self.search(
            [("provider", "=", provider), ("effective_on", "<=", day)], limit=1
        )

    def write(self, vals):
        self._check_not_agreed()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agreed(self):
        self._check_not_agreed()

    def _check_not_agreed(self):
        agreements = self.env["customer.data.feed.agreement"].sudo()
        for terms in self:
            if agreements.search_count(
                [
                    ("version", "=", terms.version),
                    ("feed_id.provider", "=", terms.provider),
                ],
                limit=1,
            ):
                raise UserError(
                    self.env._(
                        "Somebody has agreed to version %s, so it stays as it is. "
                        "Enter a new version instead.",
                        terms.version,
                    )
                )
