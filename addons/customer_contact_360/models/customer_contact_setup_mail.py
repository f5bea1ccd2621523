# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import ipaddress
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.http import db_list
from odoo.tools import email_normalize


class CustomerContactSetup(models.Model):
    """What an e-mail to customers must have before the first one goes out."""

    _inherit = "customer.contact.setup"

    street = fields.Char(related="company_id.street", readonly=False)
    street2 = fields.Char(related="company_id.street2", readonly=False)
    city = fields.Char(related="company_id.city", readonly=False)
    zip = fields.Char(string="ZIP", related="company_id.zip", readonly=False)
    state_id = fields.Many2one(
        related="company_id.state_id",
        readonly=False,
        domain="[('country_id', '=?', country_id)]",
    )
    country_id = fields.Many2one(related="company_id.country_id")
    email_problem = fields.Text(
        string="What Is Missing for E-mail", compute="_compute_email_problem"
    )
    answers_hint = fields.Char(
        string="Where Answers Go", compute="_compute_answers_hint"
    )

    @api.depends("company_id", "street", "city", "zip", "email", "email_enabled")
    def _compute_email_problem(self):
        for setup in self:
            problems = (
                setup._get_missing_address(),
                setup._get_missing_mailbox(),
                *setup._get_link_problems(),
            )
            setup.email_problem = "\n".join(filter(None, problems))

    @api.depends("email")
    def _compute_answers_hint(self):
        for setup in self:
            email = email_normalize(setup.email or "")
            setup.answers_hint = bool(
                email and not setup._is_fetched_sudo(email)
            ) and self.env._(
                "Answers of customers go to %s, a mailbox that Odoo does not read: "
                "nobody sees them in the history of the customer. To have them there, "
                "let an administrator add it under Incoming Mail Servers, or have it "
                "forwarded to Odoo.",
                email,
            )

    @api.model_create_multi
    def create(self, vals_list):
        setups = super().create(vals_list)
        setups._check_ready_for_email()
        return setups

    def write(self, vals):
        result = super().write(vals)
        # Not a constraint: that would look before the address, which is written with
        # it, has reached the location.
        if vals.get("email_enabled"):
            self._check_ready_for_email()
        elif "email" in vals:
            self._check_ready_for_email(address=False)
        return result

    def _check_ready_for_email(self, address=True):
        """Laws want a postal address in each e-mail (CAN-SPAM, CASL and others).

        An address that is removed later stops nothing: the form says so, and nobody
        misses an appointment for it.

        :raises ValidationError: where e-mail is on without what it needs
        """
        for setup in self.filtered("email_enabled"):
            missing = [setup._get_missing_mailbox()]
            if address:
                missing.insert(0, setup._get_missing_address())
            if any(missing):
                raise ValidationError("\n".join(filter(None, missing)))

    def _get_missing_address(self):
        """Return what the postal address lacks as a sentence, empty for nothing."""
        self.ensure_one()
        company = self.company_id
        if company.street and company.city:
            return ""
        return self.env._(
            "Each e-mail has to show the postal address of %s. Enter street and city "
            "on the page General.",
            company.name,
        )

    def _get_missing_mailbox(self):
        """Return that there is nowhere to answer to; empty when there is."""
        self.ensure_one()
        if self.email:
            return ""
        return self.env._(
            "Customers answer to your e-mails. Enter the business e-mail on the page "
            "General."
        )

    def _get_link_problems(self):
        """Return why customers could not follow the links in e-mails, in sentences."""
        self.ensure_one()
        base = self.company_id.get_base_url() or ""
        parts = urlsplit(base)
        if not _is_public(parts.hostname or ""):
            return [
                self.env._(
                    "The links in your e-mails lead to %s, which customers cannot "
                    "reach. Ask your administrator to enter the public address of this "
                    "system (System Parameters, web.base.url).",
                    base,
                )
            ]
        problems = []
        if parts.scheme != "https":
            problems.append(
                self.env._(
                    "The links in your e-mails begin with http:. Mail programs show "
                    "their Unsubscribe button for https: only. Ask your administrator "
                    "to change the system parameter web.base.url."
                )
            )
        found = db_list(force=True, host=parts.netloc)
        if found and found != [self.env.cr.dbname]:
            problems.append(
                self.env._(
                    "There are several databases at %s. Without cookies the server "
                    "cannot tell which one a customer means, so the unsubscribe link "
                    "does not work. Ask your administrator to set dbfilter.",
                    parts.hostname,
                )
            )
        return problems

    @api.model
    def _is_fetched_sudo(self, email):
        """Whether answers to an address come in: it is fetched, or in a domain of Odoo.

        As superuser: the servers are for administrators.
        """
        domain = email.rpartition("@")[2]
        servers = self.env["fetchmail.server"].sudo()
        return bool(
            self.env["mail.alias.domain"]
            .sudo()
            .search_count([("name", "=ilike", domain)], limit=1)
            or servers.search_count(
                [("user", "=ilike", email), ("state", "=", "done")], limit=1
            )
        )


def _is_public(host):
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal"))
