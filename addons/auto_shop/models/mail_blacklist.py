# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.tools import email_normalize


class MailBlacklist(models.Model):
    _inherit = "mail.blacklist"

    from_do_not_mail = fields.Boolean(
        readonly=True,
        copy=False,
        help="The address is blocked because a customer has Do Not Mail. Unblocking it "
        "turns Do Not Mail off; turning Do Not Mail off unblocks it. An address that "
        "its owner unsubscribed stays blocked when Do Not Mail is turned off.",
    )

    def write(self, vals):
        lifted = self.browse()
        if not vals.get("active", True):
            lifted = self.filtered(
                lambda entry: entry.active and entry.from_do_not_mail
            )
            vals = {**vals, "from_do_not_mail": False}
        result = super().write(vals)
        lifted._allow_mail_again()
        return result

    def unlink(self):
        emails = self.filtered("from_do_not_mail").mapped("email")
        result = super().unlink()
        self._allow_mail_again(emails)
        return result

    def _allow_mail_again(self, emails=None):
        """Turn Do Not Mail off for the customers whose address was unblocked here."""
        emails = self.mapped("email") if emails is None else emails
        if not emails:
            return
        customers = (
            self.env["res.partner"]
            .sudo()
            .with_context(active_test=False)
            .search([("email_normalized", "in", emails), ("do_not_mail", "=", True)])
        )
        customers._set_consent(
            {"do_not_mail": False},
            customers._get_consent_source(),
            self.env._("The e-mail address was unblocked"),
        )

    @api.model
    def _block_for_do_not_mail(self, emails):
        """Block addresses of customers with Do Not Mail, all in one go."""
        emails = {normal for email in emails if (normal := email_normalize(email))}
        if not emails:
            return
        entries = self.with_context(active_test=False).search(
            [("email", "in", list(emails))]
        )
        archived = entries.filtered(lambda entry: not entry.active)
        archived.write({"active": True, "from_do_not_mail": True})
        missing = emails - set(entries.mapped("email"))
        self.create(
            [{"email": email, "from_do_not_mail": True} for email in sorted(missing)]
        )

    @api.model
    def _unblock_for_do_not_mail(self, emails):
        """Lift what Do Not Mail blocked, unless another customer still asks for it."""
        emails = {normal for email in emails if (normal := email_normalize(email))}
        entries = self.search(
            [("email", "in", list(emails)), ("from_do_not_mail", "=", True)]
        )
        if not entries:
            return
        still_asked = (
            self.env["res.partner"]
            .with_context(active_test=False)
            ._read_group(
                [
                    ("email_normalized", "in", entries.mapped("email")),
                    ("do_not_mail", "=", True),
                ],
                ["email_normalized"],
            )
        )
        kept = {email for (email,) in still_asked}
        entries.filtered(lambda entry: entry.email not in kept).write({"active": False})
