# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
# Methods of the system write past the guards of this model's own write and create.
# pylint: disable=super-method-mismatch, missing-return
from dataclasses import dataclass

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL, email_normalize, format_date
from odoo.tools.misc import get_lang

from ..tools.phone import (
    calling_code,
    format_number,
    normalize_number,
    parse_number,
    text_number,
)

CONSENT_FIELDS = ("allow_texting", "do_not_mail", "do_not_call")
PHONE_FIELDS = ("mobile", "phone")
POSTAL_FIELDS = ("street", "street2", "city", "zip", "state_id", "country_id")
# Written by STOP and START alone.
STOP_FIELDS = ("sms_stopped_at", "sms_started_company_ids")
# As Odoo's own mailings: an address is given up after this many bounces.
MAX_BOUNCES = 5


@dataclass(frozen=True, eq=False)
class ConsentContext:
    """Who says so, for consent that a system path writes.

    It travels in the context under ``consent_context`` and counts only as an instance
    of this class, which a remote client cannot make: a context that comes in by RPC
    holds plain values.
    """

    source: str
    note: str | None = None
    # Every value that is written is proof, also when nothing changes by it.
    logs_all: bool = False
    # STOP and START: nobody else writes `STOP_FIELDS`.
    may_stop: bool = False
    # The location that the customer texted.
    location_id: int | None = None
    # A merge copies values between contacts; consent is not one of them.
    keeps_consent: bool = False


class ResPartner(models.Model):
    _inherit = "res.partner"

    # The add-on partner_mobile defines the same field: same name, same type.
    mobile = fields.Char(index="btree_not_null")
    phone = fields.Char(index="btree_not_null")
    email_normalized = fields.Char(index="btree_not_null")
    allow_texting = fields.Boolean(
        copy=False,
        help="The customer agreed to get text messages from the shop.",
        groups="base.group_user",
    )
    do_not_mail = fields.Boolean(
        help="The customer asked for no e-mails and no postcards with reminders or "
        "offers.",
        groups="base.group_user",
    )
    do_not_call = fields.Boolean(
        help="The customer asked not to be phoned.", groups="base.group_user"
    )
    preferred_channel = fields.Selection(
        [
            ("email", "E-mail"),
            ("sms", "Text"),
            ("post", "Post"),
            ("phone", "Phone"),
        ],
        string="Prefers",
        help="How the customer likes to hear from the shop.",
        groups="base.group_user",
    )
    email_hard_bounced = fields.Boolean(
        string="E-mail Does Not Exist",
        readonly=True,
        copy=False,
        help="The mail server of the customer said for good that the address does not "
        "exist. Cleared when the e-mail address is changed.",
        groups="base.group_user",
    )
    postal_problem = fields.Char(
        string="Why No Post",
        readonly=True,
        copy=False,
        help="What the printer or the post said of the address when a postcard could "
        "not be sent. Cleared when the address is changed.",
        groups="base.group_user",
    )
    postal_address_complete = fields.Boolean(
        compute="_compute_postal_address_complete",
        store=True,
        groups="base.group_user",
        help="Post can be delivered: everything is there that its country wants.",
    )
    text_number = fields.Char(
        compute="_compute_text_number",
        store=True,
        index="btree_not_null",
        help="The number that texts go to: the mobile number, else the phone number, "
        "when it can be a mobile one.",
        groups="base.group_user",
    )
    sms_stopped_at = fields.Datetime(
        string="Texted STOP",
        readonly=True,
        copy=False,
        help="The customer texted STOP to a location, which stops the texts of all of "
        "them. Only a START from the customer lifts it, for the location that it is "
        "texted to.",
        groups="base.group_user",
    )
    sms_started_company_ids = fields.Many2many(
        "res.company",
        "res_partner_sms_started_rel",
        string="Texted START To",
        readonly=True,
        copy=False,
        help="Locations that the customer texted START to, while others are still "
        "stopped.",
        groups="base.group_user",
    )
    text_stopped_at = fields.Datetime(
        string="Texted STOP On",
        compute="_compute_text_stopped_at",
        search="_search_text_stopped_at",
        help="The customer texted STOP. Only a START from the customer, texted to this "
        "location, lifts it.",
        groups="base.group_user",
    )
    can_be_texted = fields.Boolean(
        compute="_compute_can_be_texted",
        search="_search_can_be_texted",
        groups="base.group_user",
    )
    text_block_reason = fields.Char(
        string="Why No Texts",
        compute="_compute_can_be_texted",
        groups="base.group_user",
    )
    # As people write them; the web client shows these for what is kept as E.164.
    mobile_display = fields.Char(
        compute="_compute_phone_display", groups="base.group_user"
    )
    phone_display = fields.Char(
        compute="_compute_phone_display", groups="base.group_user"
    )
    phone_problem = fields.Char(
        compute="_compute_phone_problem", groups="base.group_user"
    )
    first_name = fields.Char(compute="_compute_first_name")
    last_name = fields.Char(compute="_compute_first_name")
    consent_ids = fields.One2many(
        "customer.consent",
        "partner_id",
        string="Consent History",
        readonly=True,
        groups="auto_shop.group_user",
    )

    @api.depends(
        "street",
        "city",
        "zip",
        "state_id",
        "country_id.zip_required",
        "country_id.state_required",
        "parent_id.country_id",
        "company_id.country_id",
    )
    def _compute_postal_address_complete(self):
        for partner in self:
            partner.postal_address_complete = not partner._get_missing_address_parts()

    @api.depends(
        "mobile",
        "phone",
        "country_id",
        "parent_id.country_id",
        "company_id.country_id",
    )
    def _compute_text_number(self):
        for partner in self:
            code = partner._get_own_country().code
            partner.text_number = text_number(partner.mobile, code) or text_number(
                partner.phone, code
            )

    @api.depends("sms_stopped_at", "sms_started_company_ids")
    @api.depends_context("company")
    def _compute_text_stopped_at(self):
        location_id = self.env.company.id
        for partner in self:
            stopped_at = partner.sms_stopped_at
            # As superuser: the current location may be one that the user cannot read.
            if stopped_at and location_id in partner.sudo().sms_started_company_ids.ids:
                stopped_at = False
            partner.text_stopped_at = stopped_at

    def _search_text_stopped_at(self, operator, value):
        if operator not in ("in", "not in") or set(value) != {False}:
            return NotImplemented
        stopped = Domain("sms_stopped_at", "!=", False) & Domain(
            "sms_started_company_ids", "not in", self.env.company.ids
        )
        return stopped if operator == "not in" else ~stopped

    @api.depends(
        "allow_texting", "text_number", "text_stopped_at", "mobile", "phone", "name"
    )
    @api.depends_context("company")
    def _compute_can_be_texted(self):
        reasons = self._text_block_reasons()
        for partner in self:
            _code, sentence = reasons.get(partner.id, (None, False))
            partner.can_be_texted = not sentence
            partner.text_block_reason = sentence

    def _search_can_be_texted(self, operator, value):
        """The same rule as `_text_block_reasons`, for a search."""
        if operator not in ("in", "not in"):
            return NotImplemented
        if set(value) == {True, False}:
            return Domain.TRUE if operator == "in" else Domain.FALSE
        blocked = self._get_blocked_sudo()._search(self._get_blocked_here_domain())
        domain = (
            Domain("allow_texting", "=", True)
            & Domain("text_number", "!=", False)
            & Domain("text_stopped_at", "=", False)
            & Domain("text_number", "not in", blocked.subselect("number"))
        )
        wanted = (True in value) == (operator == "in")
        return domain if wanted else ~domain

    @api.depends(
        "mobile",
        "phone",
        "country_id",
        "parent_id.country_id",
        "company_id.country_id",
    )
    @api.depends_context("company")
    def _compute_phone_display(self):
        for partner in self:
            for fname in PHONE_FIELDS:
                partner[f"{fname}_display"] = partner._format_phone(partner[fname])

    @api.depends("mobile", "phone", "country_id", "parent_id", "company_id")
    def _compute_phone_problem(self):
        for partner in self:
            country = partner._get_own_country()
            unreadable = [
                number
                for fname in PHONE_FIELDS
                if (number := partner[fname]) and not parse_number(number, country.code)
            ]
            partner.phone_problem = bool(unreadable) and self.env._(
                "%(numbers)s: not a valid phone number (%(country)s). Kept as typed; "
                "nothing can be sent to it.",
                numbers=", ".join(f"“{number}”" for number in unreadable),
                country=country.name or self.env._("no country"),
            )

    @api.depends("name", "is_company")
    def _compute_first_name(self):
        for partner in self:
            partner.first_name, partner.last_name = partner._split_name()

    @api.onchange("mobile", "phone", "country_id", "company_id")
    def _onchange_phone_validation(self):
        """Show at once what will be kept: Odoo's own formats the phone for reading."""
        code = self._get_own_country().code
        for fname in PHONE_FIELDS:
            if self[fname]:
                self[fname] = normalize_number(self[fname], code)

    @api.model
    def load(self, fields, data):
        importing = self.with_context(consent_context=ConsentContext("import"))
        return super(ResPartner, importing).load(fields, data)

    @api.model_create_multi
    def create(self, vals_list):
        system = self._get_consent_context()
        if any(vals.get(fname) for vals in vals_list for fname in STOP_FIELDS):
            self._check_may_stop()
        partners = super().create(
            [
                # Given, so that no default fills them in.
                {**dict.fromkeys(STOP_FIELDS, False), **self._prepare_phone_vals(vals)}
                for vals in vals_list
            ]
        )
        partners._log_consent(
            {
                partner.id: [fname for fname in CONSENT_FIELDS if partner[fname]]
                for partner in partners
            },
            system,
        )
        partners.filtered("do_not_mail")._sync_mail_blacklist()
        return partners

    def write(self, vals):
        system = self._get_consent_context()
        vals = self._check_consent_vals(vals, system)
        consent_before = (
            {
                partner.id: {fname: partner[fname] for fname in CONSENT_FIELDS}
                for partner in self
            }
            if any(fname in vals for fname in CONSENT_FIELDS)
            else {}
        )
        emails_before = (
            {partner.id: partner.email_normalized for partner in self}
            if "email" in vals
            else {}
        )
        addresses_before = (
            {partner.id: [partner[name] for name in POSTAL_FIELDS] for partner in self}
            if not vals.keys().isdisjoint(POSTAL_FIELDS)
            else {}
        )
        result = True
        for partners, group_vals in self._group_by_phone_vals(vals):
            result = super(ResPartner, partners).write(group_vals)
        if any(fname in vals for fname in ("country_id", "company_id", "parent_id")):
            self._normalize_phones()
        if consent_before:
            self._after_consent_change(vals, consent_before, system)
        if emails_before:
            moved = self.filtered(
                lambda partner: partner.email_normalized != emails_before[partner.id]
            )
            moved._forget_bounces()
            moved.filtered("do_not_mail")._sync_mail_blacklist()
        if addresses_before:
            self.filtered(
                lambda partner: (
                    [partner[name] for name in POSTAL_FIELDS]
                    != addresses_before[partner.id]
                )
            )._forget_postal_problem()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_stopped(self):
        for partner in self.filtered("sms_stopped_at"):
            raise UserError(
                self.env._(
                    "%(name)s texted STOP on %(date)s, which has to be kept. Archive "
                    "the contact instead of deleting it.",
                    name=partner.display_name,
                    date=format_date(self.env, partner.sms_stopped_at),
                )
            )

    def _message_reset_bounce(self, email):
        result = super()._message_reset_bounce(email)
        self.filtered("email_hard_bounced").email_hard_bounced = False
        return result

    def action_forget_postal_problem(self):
        """A person has looked at the address: it is right, post may go to it again."""
        self.check_access("write")
        self._forget_postal_problem()
        return True

    def action_view_consents(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "auto_shop.customer_consent_action"
        )
        action["domain"] = [("partner_id", "=", self.id)]
        action["context"] = {}
        return action

    def action_view_vehicles(self):
        """Open the vehicles of the customer; a new one is theirs."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "auto_shop.customer_vehicle_action"
        )
        name = self.env._("Vehicles of %s", self.display_name)
        domain = Domain("owner_id", "child_of", self.id)
        return {
            **action,
            "name": name,
            "display_name": name,
            "domain": list(domain | Domain("driver_id", "=", self.id)),
            "context": {"default_owner_id": self.id},
        }

    def _text_block_reasons(self, company=None):
        """Why these customers cannot be texted: the one place of the rule.

        Three queries at most, however many customers.

        :param company: the location that would text; the current one unless given
        :return: ``{partner_id: (code, sentence)}`` of those that cannot. ``no_consent``
            comes last, so that who may leave it out (an answer to what the customer
            just wrote) still meets every other one.
        """
        partners = self.with_company(company)
        stops = partners._get_blocked_numbers_sudo(partners.mapped("text_number"))
        reasons = {}
        for partner in partners:
            if reason := partner._get_text_block_reason(stops):
                reasons[partner.id] = reason
        return reasons

    def _get_text_block_reason(self, blocked_numbers):
        """:param blocked_numbers: ``{number: when STOP was received or False}``"""
        self.ensure_one()
        number = self.text_number
        if self.text_stopped_at:
            return "customer_stopped", self.env._(
                "Texted STOP on %(date)s. Only the customer can lift that, by texting "
                "START to %(location)s.",
                date=format_date(self.env, self.text_stopped_at),
                location=self.env.company.name,
            )
        if not number:
            return self._get_no_number_reason()
        if number in blocked_numbers:
            if stopped_at := blocked_numbers[number]:
                return "number_stopped", self.env._(
                    "STOP was texted from %(number)s on %(date)s. Only a START from "
                    "this number to %(location)s lifts that.",
                    number=self._format_phone(number),
                    date=format_date(self.env, stopped_at),
                    location=self.env.company.name,
                )
            return "number_stopped", self.env._(
                "%(number)s is on the list of blocked phone numbers.",
                number=self._format_phone(number),
            )
        if not self.allow_texting:
            return "no_consent", self.env._(
                "The customer has not agreed to texts: Allow Texting is off."
            )
        return None

    @api.model
    def _get_text_consent_sql(self, alias, company):
        """Whether the contact of a row of ``res_partner`` agreed to texts of a company.

        Allow Texting, and what STOP and START say about that location: for others who
        are told. Whether the number can get texts is not in it.

        :param str alias: of the table in the query
        :rtype: SQL
        """
        return SQL(
            """(%(allowed)s AND (%(stopped)s IS NULL OR EXISTS (
                    SELECT FROM res_partner_sms_started_rel
                     WHERE res_partner_id = %(id)s
                       AND res_company_id = %(company)s)))""",
            allowed=SQL.identifier(alias, "allow_texting"),
            stopped=SQL.identifier(alias, "sms_stopped_at"),
            id=SQL.identifier(alias, "id"),
            company=company.id,
        )

    def _get_no_number_reason(self):
        typed = [self[fname] for fname in PHONE_FIELDS if self[fname]]
        if not typed:
            return "no_number", self.env._("No phone number.")
        code = self._get_own_country().code
        readable = [number for number in typed if parse_number(number, code)]
        if not readable:
            return "invalid_number", self.env._(
                "“%(number)s” is not a valid phone number.", number=typed[0]
            )
        return "not_mobile", self.env._(
            "%(number)s cannot get texts.", number=self._format_phone(readable[0])
        )

    def _mail_block_reasons(self, marketing=True, honour_do_not_mail=True):
        """Why these customers cannot be e-mailed.

        :param marketing: reminders and offers, which also honour Odoo's own list of
            blocked addresses
        :param honour_do_not_mail: whether Do Not Mail counts
        :return: ``{partner_id: (code, sentence)}``; codes ``no_email``,
            ``invalid_email``, ``bounced``, ``do_not_mail``, ``blacklisted``
        """
        codes = self._read_block_codes(
            self._get_mail_block_sql("partner", marketing, honour_do_not_mail)
        )
        return {
            partner.id: (code, partner._get_mail_block_sentence(code))
            for partner in self
            if (code := codes.get(partner._origin.id, "no_email"))
        }

    @api.model
    def _get_mail_block_sql(self, alias, marketing=True, honour_do_not_mail=True):
        """Return why the contact of a row of ``res_partner`` cannot be e-mailed.

        The one place of the rule: plans of a hundred thousand messages apply it inside
        the database. Parameters and codes are those of :meth:`_mail_block_reasons`;
        NULL where nothing is in the way.

        :param str alias: of the table in the query
        :rtype: SQL
        """

        def column(name):
            return SQL.identifier(alias, name)

        return SQL(
            """CASE WHEN COALESCE(%(email)s, '') = '' THEN 'no_email'
                    WHEN COALESCE(%(normalized)s, '') = '' THEN 'invalid_email'
                    WHEN %(hard)s OR %(bounces)s >= %(limit)s THEN 'bounced'
                    WHEN %(honour)s AND %(do_not_mail)s THEN 'do_not_mail'
                    WHEN %(marketing)s AND %(normalized)s IN (
                             SELECT email FROM mail_blacklist WHERE active)
                    THEN 'blacklisted' END""",
            email=column("email"),
            normalized=column("email_normalized"),
            hard=column("email_hard_bounced"),
            bounces=column("message_bounce"),
            limit=MAX_BOUNCES,
            honour=bool(honour_do_not_mail),
            do_not_mail=column("do_not_mail"),
            marketing=bool(marketing),
        )

    @api.model
    def _get_post_block_sql(self, alias, honour_do_not_mail=True):
        """As :meth:`_get_mail_block_sql`, for post."""
        return SQL(
            """CASE WHEN %(complete)s IS NOT TRUE THEN 'no_address'
                    WHEN COALESCE(%(problem)s, '') <> '' THEN 'bad_address'
                    WHEN %(honour)s AND %(do_not_mail)s THEN 'do_not_mail' END""",
            complete=SQL.identifier(alias, "postal_address_complete"),
            problem=SQL.identifier(alias, "postal_problem"),
            honour=bool(honour_do_not_mail),
            do_not_mail=SQL.identifier(alias, "do_not_mail"),
        )

    def _read_block_codes(self, code_sql):
        """Return ``{id: code or None}`` of the contacts that are saved.

        Those who may read a contact may know: Odoo's own list of blocked addresses is
        for administrators.
        """
        self.check_access("read")
        self.flush_model()
        self.env["mail.blacklist"].flush_model()
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT partner.id, %s FROM res_partner AS partner "
                    "WHERE partner.id IN %s",
                    code_sql,
                    tuple(self._origin.ids) or (None,),
                )
            )
        )

    def _get_mail_block_sentence(self, code):
        self.ensure_one()
        if code == "no_email":
            return self.env._("No e-mail address.")
        if code == "invalid_email":
            return self.env._(
                "“%(email)s” is not a valid e-mail address.", email=self.email
            )
        if code == "bounced" and self.email_hard_bounced:
            return self.env._("%(email)s does not exist.", email=self.email)
        if code == "bounced":
            return self.env._(
                "%(count)s e-mails to %(email)s came back.",
                count=self.message_bounce,
                email=self.email,
            )
        if code == "do_not_mail":
            return self.env._("The customer has Do Not Mail.")
        return self.env._(
            "%(email)s is on the list of blocked e-mail addresses.", email=self.email
        )

    def _post_block_reasons(self, honour_do_not_mail=True):
        """Why these customers cannot get post.

        :return: ``{partner_id: (code, sentence)}``; codes ``no_address``,
            ``bad_address``, ``do_not_mail``
        """
        codes = self._read_block_codes(
            self._get_post_block_sql("partner", honour_do_not_mail)
        )
        return {
            partner.id: (code, partner._get_post_block_sentence(code))
            for partner in self
            if (code := codes.get(partner._origin.id, "no_address"))
        }

    def _get_post_block_sentence(self, code):
        self.ensure_one()
        if code == "do_not_mail":
            return self.env._("The customer has Do Not Mail.")
        if code == "bad_address":
            return self.env._(
                "Post does not reach this address: %s", self.postal_problem
            )
        return self.env._(
            "The address lacks: %(parts)s.",
            parts=", ".join(self._get_missing_address_parts()),
        )

    def _get_missing_address_parts(self):
        """Labels of what a letter to this customer still needs."""
        self.ensure_one()
        country = self._get_own_country()
        parts = [
            (self.street, self.env._("street")),
            (self.city, self.env._("city")),
            (self.zip or not country.zip_required, self.env._("ZIP")),
            (self.state_id or not country.state_required, self.env._("state")),
        ]
        return [label for value, label in parts if not value]

    def _set_consent(self, vals, source, note=None):
        """Write consent that a system path got, and keep how it was got.

        :param vals: values of the consent fields
        :param source: a source of ``customer.consent``
        :raises UserError: when texting is allowed again for one who texted STOP
        """
        context = ConsentContext(source, note, logs_all=True)
        partners = self.with_context(consent_context=context)
        return partners.write(vals)

    @api.model
    def _text_stop(self, number, source, note=None):
        """Nobody texts this number, nor the customers who have it, any more.

        For system paths, with rights on every location: a STOP to one is a STOP to
        all, also to those that the customer came back to before.

        :param number: the number that STOP came from, or that the provider refused
        :param source: a source of ``customer.consent``
        :return: the customers
        """
        number = normalize_number(number)
        customers = self._get_customers_of_number(number)
        if not parse_number(number):
            return customers
        self.env["phone.blacklist"]._stop(number)
        customers._write_stop({"allow_texting": False}, source, note)
        customers.filtered(
            lambda customer: (
                not customer.sms_stopped_at or customer.sms_started_company_ids
            )
        )._write_stop(
            {
                "sms_stopped_at": fields.Datetime.now(),
                "sms_started_company_ids": [Command.clear()],
            },
            source,
            note,
        )
        if not customers:
            self._log_number_of_nobody(number, False, source, note)
        return customers

    @api.model
    def _text_start(self, number, source, note=None, locations=None):
        """Lift what `_text_stop` did, because the customer texted START.

        Only for the location that the customer wants to hear from.

        :param locations: the current one, with those that text through the same line,
            unless given
        :return: the customers who come back
        """
        number = normalize_number(number)
        customers = self._get_customers_of_number(number)
        if not parse_number(number):
            return customers
        locations = locations or self.env.company._get_text_line_sudo()
        self.env["phone.blacklist"]._start(number, locations)
        # What only another location knows, this one does not text.
        customers = customers.filtered(
            lambda customer: (
                not customer.company_id
                or customer.company_id.sudo() in locations.parent_ids
            )
        )
        stopped_elsewhere = customers.filtered(
            lambda customer: (
                customer.sms_stopped_at
                and not (
                    customer.sudo().sms_started_company_ids | locations
                )._are_all_locations()
            )
        )
        stopped_elsewhere._write_stop(
            {
                "sms_started_company_ids": [
                    Command.link(location.id) for location in locations
                ],
                "allow_texting": True,
            },
            source,
            note,
        )
        (customers - stopped_elsewhere)._write_stop(
            {
                "sms_stopped_at": False,
                "sms_started_company_ids": [Command.clear()],
                "allow_texting": True,
            },
            source,
            note,
        )
        if not customers:
            self._log_number_of_nobody(number, True, source, note)
        return customers

    def _write_stop(self, vals, source, note):
        """Write what a STOP or START means, and keep the proof of it."""
        context = ConsentContext(
            source,
            note,
            logs_all=True,
            may_stop=True,
            location_id=self.env.company.id,
        )
        return self.with_context(consent_context=context).write(vals)

    @api.model
    def _log_number_of_nobody(self, number, granted, source, note):
        """Keep the proof of a STOP or START from a number that no customer has."""
        self.env["customer.consent"]._record_sudo(
            [
                {
                    "field_name": "allow_texting",
                    "granted": granted,
                    "source": source,
                    "number": number,
                    "note": note,
                    "location_id": self.env.company.id,
                }
            ]
        )

    @api.model
    def _find_by_text_number(self, number, company):
        """Return the customers of ``company`` with that text number.

        When nobody has, those with that number beside the one that texts go to.
        Those with the newest order of that company come first, then the newest.
        """
        number = normalize_number(number, company.country_id.code)
        if not number:
            return self.browse()
        partners = self.browse()
        for fnames in (("text_number",), PHONE_FIELDS):
            partners = partners or self.search(
                Domain("company_id", "in", [company.id, False])
                & Domain.OR(Domain(fname, "=", number) for fname in fnames),
                order="id desc",
            )
        if len(partners) < 2:
            return partners
        self.env["sale.order"].flush_model(["partner_id", "company_id", "date_order"])
        newest = dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT partner_id, EXTRACT(EPOCH FROM MAX(date_order))
                      FROM sale_order
                     WHERE partner_id = ANY(%s) AND company_id = %s
                  GROUP BY partner_id
                    """,
                    list(partners.ids),
                    company.id,
                )
            )
        )
        return partners.sorted(lambda partner: -float(newest.get(partner.id, 0)))

    def _get_strictest_consent(self):
        """Return the consent that all of these contacts, being one person, gave."""
        stops = [stop for stop in self.mapped("sms_stopped_at") if stop]
        return {
            "allow_texting": all(self.mapped("allow_texting")),
            "do_not_mail": any(self.mapped("do_not_mail")),
            "do_not_call": any(self.mapped("do_not_call")),
            "sms_stopped_at": min(stops, default=False),
        }

    def _merge_consent(self, sources, vals):
        """Give ``self`` the consent ``vals`` when ``sources`` are merged into it.

        The stop moves over, so that the contacts it came from can be deleted.
        """
        note = self.env._(
            "Merged with %(names)s", names=", ".join(sources.mapped("display_name"))
        )
        context = ConsentContext("staff", note, may_stop=True)
        self.with_context(consent_context=context).write(vals)
        sources.filtered("sms_stopped_at").with_context(consent_context=context).write(
            {"sms_stopped_at": False}
        )

    def _merge_starts_sudo(self, sources):
        """Keep for ``self`` only the locations that each of the contacts came back to.

        Before ``sources`` are merged into it: a merge moves such links to where they
        are missing, so that more locations could text than the customer wants.
        """
        contacts = (self | sources).sudo()
        if not contacts.sms_started_company_ids:
            return
        stopped = contacts.filtered("sms_stopped_at")
        started = stopped[:1].sms_started_company_ids
        for contact in stopped:
            started &= contact.sms_started_company_ids
        context = ConsentContext("staff", may_stop=True)
        for contact in contacts.with_context(consent_context=context):
            contact.sms_started_company_ids = started if contact == self else False

    def _split_name(self):
        """Return ``(first, last)`` of a person's name; a company has no first name.

        Both "Ann Miller" and "Miller, Ann" are understood. What is missing is empty.
        """
        self.ensure_one()
        name = " ".join((self.name or "").split())
        if self.is_company:
            return "", name
        if "," in name:
            last, first = name.split(",", 1)
            return first.strip(), last.strip()
        first, _space, last = name.partition(" ")
        return first, last

    def _get_message_lang(self, company):
        """The contact's language where it is installed, else the location's."""
        installed = dict(self.env["res.lang"].get_installed())
        for lang in (self.lang, company.partner_id.lang):
            if lang in installed:
                return lang
        return get_lang(self.env).code

    def _format_phone(self, number):
        """Return a number of this contact as people at the current location write it.

        Without its country's code only where it is understood again when it is typed
        so on this contact.
        """
        self.ensure_one()
        if not number:
            return False
        reader = self.env.company.country_id.code
        own = self._get_own_country().code
        is_same = calling_code(reader) == calling_code(own)
        return format_number(number, reader if is_same else None)

    def _get_own_country(self):
        """The country whose numbers need no prefix here: the customer's or ours."""
        company = self.company_id or self.env.company
        return self.country_id or self.parent_id.country_id or company.country_id

    def _get_vals_country_code(self, vals):
        """As `_get_own_country`, for what ``self`` (may be empty) is about to be."""
        fallback = {
            fname: self.env.context.get(f"default_{fname}")
            for fname in ("country_id", "parent_id", "company_id")
            if not self
        }

        def after(fname):
            if fname in vals or not self:
                value = vals.get(fname, fallback.get(fname))
                return self[fname].browse(value or ())
            return self[fname]

        company = after("company_id") or self.env.company
        country = (
            after("country_id") or after("parent_id").country_id or company.country_id
        )
        return country.code

    def _prepare_phone_vals(self, vals):
        """Return ``vals`` of a new contact with its numbers as E.164."""
        vals = self._without_computed_number(vals)
        if not any(vals.get(fname) for fname in PHONE_FIELDS):
            return vals
        code = self.browse()._get_vals_country_code(vals)
        return {**vals, **self._normalize_phone_vals(vals, code)}

    def _group_by_phone_vals(self, vals):
        """Yield ``(partners, vals)``: the same number reads differently per country."""
        vals = self._without_computed_number(vals)
        if not any(vals.get(fname) for fname in PHONE_FIELDS):
            yield self, vals
            return
        groups = self.grouped(lambda partner: partner._get_vals_country_code(vals))
        for code, partners in groups.items():
            yield partners, {**vals, **self._normalize_phone_vals(vals, code)}

    @api.model
    def _without_computed_number(self, vals):
        """The number for texts follows from the others: it cannot be given."""
        return {fname: vals[fname] for fname in vals if fname != "text_number"}

    @api.model
    def _normalize_phone_vals(self, vals, code):
        return {
            fname: normalize_number(vals[fname], code)
            for fname in PHONE_FIELDS
            if vals.get(fname)
        }

    def _normalize_phones(self):
        """Read again what could not be read before the country was known."""
        for partner in self:
            code = partner._get_own_country().code
            numbers = {
                fname: number
                for fname in PHONE_FIELDS
                if (number := partner[fname]) and not number.startswith("+")
            }
            read = self._normalize_phone_vals(numbers, code)
            if any(numbers[fname] != number for fname, number in read.items()):
                super(ResPartner, partner).write(read)

    def _get_consent_context(self):
        context = self.env.context.get("consent_context")
        return context if isinstance(context, ConsentContext) else None

    def _get_consent_source(self):
        """Who a plain write comes from."""
        user = self.env.user
        if user._is_public():
            return "web"
        return "portal" if user._is_portal() else "staff"

    def _check_consent_vals(self, vals, system):
        """Return ``vals`` of a write without what it may not bring along.

        :raises UserError: for what only the customer may change
        """
        if system and system.keeps_consent:
            kept = (*STOP_FIELDS, *CONSENT_FIELDS)
            return {fname: vals[fname] for fname in vals if fname not in kept}
        if any(fname in vals for fname in STOP_FIELDS):
            self._check_may_stop()
        if vals.get("allow_texting") and not (system and system.may_stop):
            self._check_not_stopped()
        return vals

    def _after_consent_change(self, vals, before, system):
        """Keep the proof of what a write changed, and Odoo's list in step.

        :param before: ``{partner_id: {name of consent field: value}}``
        """
        changed = {
            partner.id: [
                fname
                for fname, value in before[partner.id].items()
                if partner[fname] != value
            ]
            for partner in self
        }
        said = [fname for fname in CONSENT_FIELDS if fname in vals]
        logs_all = system and system.logs_all
        self._log_consent(
            dict.fromkeys(self.ids, said) if logs_all else changed, system
        )
        self.filtered(
            lambda partner: "do_not_mail" in changed[partner.id]
        )._sync_mail_blacklist()

    def _check_may_stop(self):
        system = self._get_consent_context()
        if not system or not system.may_stop:
            raise UserError(
                self.env._(
                    "Only STOP and START from the customer change when texts were "
                    "stopped."
                )
            )

    def _check_not_stopped(self):
        for partner in self.filtered("text_stopped_at"):
            raise UserError(
                self.env._(
                    "%(name)s texted STOP on %(date)s. Nobody here can turn Allow "
                    "Texting on again: ask the customer to text START to the number "
                    "of %(location)s.",
                    name=partner.display_name,
                    date=format_date(self.env, partner.text_stopped_at),
                    location=self.env.company.name,
                )
            )

    def _log_consent(self, changed, system):
        """:param changed: ``{partner_id: [names of consent fields]}``"""
        if not any(changed.values()):
            return
        source = system.source if system else self._get_consent_source()
        self.env["customer.consent"]._record_sudo(
            [
                partner._prepare_consent_vals(fname, source, system)
                for partner in self
                for fname in changed[partner.id]
            ]
        )

    def _prepare_consent_vals(self, fname, source, system):
        self.ensure_one()
        by_address = fname == "do_not_mail"
        return {
            "partner_id": self.id,
            "partner_name": self.name,
            "company_id": self.company_id.id,
            "field_name": fname,
            "granted": self[fname] if fname == "allow_texting" else not self[fname],
            "source": source,
            "number": self.email
            if by_address
            else self.text_number or self.mobile or self.phone,
            "note": system and system.note,
            "location_id": system and system.location_id,
        }

    def _sync_mail_blacklist(self):
        """Keep Odoo's own list of blocked addresses in step with Do Not Mail."""
        blacklist = self.env["mail.blacklist"].sudo()
        blocked = self.filtered("do_not_mail")
        blacklist._block_for_do_not_mail(blocked.mapped("email_normalized"))
        blacklist._unblock_for_do_not_mail((self - blocked).mapped("email_normalized"))

    @api.model
    def _flag_hard_bounce(self, email):
        """The mail server of ``email`` said for good that the address does not exist.

        For system paths that read the reports of mail servers.
        """
        if not (email := email_normalize(email)):
            return self.browse()
        customers = self.with_context(active_test=False).search(
            [("email_normalized", "=", email)]
        )
        customers.write({"email_hard_bounced": True})
        return customers

    def _forget_bounces(self):
        """What came back from the old address says nothing about the new one."""
        self.filtered(
            lambda partner: partner.message_bounce or partner.email_hard_bounced
        ).write({"message_bounce": 0, "email_hard_bounced": False})

    def _set_postal_problem(self, sentence):
        """Keep what the printer or the post said of the address.

        Until it changes, these customers count as without postal address.
        """
        self.write({"postal_problem": sentence})

    def _forget_postal_problem(self):
        self.filtered("postal_problem").write({"postal_problem": False})

    @api.model
    def _get_blocked_numbers_sudo(self, numbers):
        """Return ``{number: when STOP was received or False}`` of blocked ones.

        Of those that the current location may not text.
        """
        numbers = [number for number in set(numbers) if number]
        if not numbers:
            return {}
        rows = self._get_blocked_sudo().search_fetch(
            Domain("number", "in", numbers) & self._get_blocked_here_domain(),
            ["number", "stop_received_at"],
        )
        return {row.number: row.stop_received_at for row in rows}

    @api.model
    def _get_blocked_sudo(self):
        """Return the model of Odoo's list of blocked numbers.

        It is for administrators; whether the number of a customer that one may see is
        on it, is for whoever writes to that customer.
        """
        return self.env["phone.blacklist"].sudo()

    @api.model
    def _get_blocked_here_domain(self):
        """Leave out the numbers that texted START to the current location."""
        return Domain("sms_started_company_ids", "not in", self.env.company.ids)

    def _get_customers_of_number(self, number):
        """Every customer of every location with that number, archived ones too."""
        return self.with_context(active_test=False).search(
            Domain.OR(
                Domain(fname, "=", number) for fname in ("text_number", *PHONE_FIELDS)
            )
            if number
            else Domain.FALSE
        )
