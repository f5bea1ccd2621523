# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import re
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import email_normalize

from .customer_contact_rule import CHANNELS, DEFAULTS, KINDS

FEEDBACK_URL = re.compile(r"https?://[^\s/]+\.[^\s]+", re.IGNORECASE)


class CustomerContactSetup(models.Model):
    """How one location follows up its customers."""

    _name = "customer.contact.setup"
    _description = "CRM Setup"
    _rec_name = "company_id"

    company_id = fields.Many2one(
        "res.company",
        string="Location",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
        ondelete="cascade",
    )
    # === General: the signature ===
    business_name = fields.Char(
        compute="_compute_signature",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    owner_name = fields.Char(
        string="Business Owner", help="The person in whose name customers are written to."
    )
    phone = fields.Char(
        string="Business Phone",
        compute="_compute_signature",
        store=True,
        readonly=False,
        precompute=True,
    )
    email = fields.Char(
        string="Business E-mail",
        compute="_compute_signature",
        store=True,
        readonly=False,
        precompute=True,
        help="Replies of customers go there.",
    )
    feedback_url = fields.Char(
        string="Feedback",
        help="The page where customers rate you, such as https://example.com/feedback, "
        "or an address, such as mailto:owner@example.com.",
    )
    # === What goes out ===
    email_enabled = fields.Boolean(string="E-mail")
    post_enabled = fields.Boolean(string="Postcard")
    rule_ids = fields.One2many("customer.contact.rule", "setup_id")
    email_rule_ids = fields.One2many(
        "customer.contact.rule", "setup_id", domain=[("channel", "=", "email")]
    )
    post_rule_ids = fields.One2many(
        "customer.contact.rule", "setup_id", domain=[("channel", "=", "post")]
    )
    send_hour = fields.Float(
        string="Send From",
        required=True,
        default=9.0,
        help="Messages of the day go out from this hour, in the time zone of the "
        "location.",
    )
    grace_days = fields.Integer(
        string="Catch Up",
        required=True,
        default=3,
        help="After a breakdown, messages that are late by no more than so many days "
        "are still sent; older ones are dropped.",
    )
    last_run_on = fields.Date(
        readonly=True, copy=False, help="The last day whose messages were planned."
    )

    _company_unique = models.Constraint(
        "UNIQUE (company_id)", "This location already has its CRM Setup."
    )
    _send_hour_check = models.Constraint(
        "CHECK (send_hour >= 0 AND send_hour < 24)",
        "Enter the hour from 0:00 to 23:59.",
    )
    _grace_days_check = models.Constraint(
        "CHECK (grace_days >= 0)", "Enter 0 or more days to catch up."
    )

    @api.depends("company_id")
    def _compute_signature(self):
        for setup in self:
            company = setup.company_id
            setup.business_name = setup.business_name or company.name
            setup.phone = setup.phone or company.phone
            setup.email = setup.email or company.email

    @api.constrains("email")
    def _check_email(self):
        for setup in self:
            if setup.email and not email_normalize(setup.email):
                raise ValidationError(
                    self.env._(
                        "“%s” is not an e-mail address. Enter one, such as "
                        "service@example.com.",
                        setup.email,
                    )
                )

    @api.constrains("feedback_url")
    def _check_feedback_url(self):
        for setup in self:
            url = setup.feedback_url or ""
            mailto = url.lower().startswith("mailto:") and email_normalize(url[7:])
            if url and not mailto and not FEEDBACK_URL.fullmatch(url):
                raise ValidationError(
                    self.env._(
                        "“%s” is neither a web page nor an address. Enter a page, such "
                        "as https://example.com/feedback, or an address, such as "
                        "mailto:owner@example.com.",
                        url,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        setups = super().create(vals_list)
        setups._create_rules()
        return setups

    def write(self, vals):
        switched = {
            channel: self.filtered(lambda setup, name=name: not setup[name])
            for channel, name in (("email", "email_enabled"), ("post", "post_enabled"))
            if vals.get(name)
        }
        result = super().write(vals)
        for channel, setups in switched.items():
            setups.rule_ids.filtered(lambda rule, c=channel: rule.channel == c)._start()
        return result

    def _create_rules(self):
        vals_list = []
        for setup in self:
            present = {(rule.channel, rule.kind) for rule in setup.rule_ids}
            for channel, _label in CHANNELS:
                for sequence, (kind, _label) in enumerate(KINDS):
                    if (channel, kind) not in present:
                        days, interval, dead = DEFAULTS[kind]
                        vals_list.append(
                            {
                                "setup_id": setup.id,
                                "channel": channel,
                                "kind": kind,
                                "sequence": sequence,
                                "days": days,
                                "interval": interval,
                                "dead": dead,
                                "started_on": setup._get_today(),
                            }
                        )
        self.env["customer.contact.rule"].create(vals_list)

    @api.model
    def _get(self, company):
        """Return the setup of a location; an empty set when it was never set up."""
        return self.sudo().search([("company_id", "=", company.id)], limit=1)

    @api.model
    def action_open(self):
        """Open the setup of the current location; the first time, make it."""
        if not self.env.user.has_group("auto_shop.group_manager"):
            raise AccessError(self.env._("Only shop managers can open the CRM Setup."))
        company = self.env.company
        setup = self.search([("company_id", "=", company.id)]) or self.create(
            {"company_id": company.id}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("CRM Setup"),
            "res_model": self._name,
            "res_id": setup.id,
            "view_mode": "form",
        }

    def _get_channels(self):
        """Return the channels that are on, best first."""
        self.ensure_one()
        return [
            channel
            for channel, on in (
                ("email", self.email_enabled),
                ("post", self.post_enabled),
            )
            if on
        ]

    def _get_zone(self):
        return pytz.timezone((self.company_id or self.env.company)._get_shop_tz())

    def _get_local_now(self):
        return pytz.utc.localize(fields.Datetime.now()).astimezone(self._get_zone())

    def _get_today(self):
        """Return the date at the location."""
        return self._get_local_now().date()

    def _get_send_moment(self, day):
        """Return when the messages of a day go out, in UTC.

        In the hour that a clock change leaves out, it is an hour later; of the one
        that comes twice, the first counts.
        """
        midnight = datetime.combine(day, time.min)
        local = midnight + timedelta(minutes=round(self.send_hour * 60))
        zone = self._get_zone()
        moment = zone.normalize(zone.localize(local, is_dst=True))
        if moment.replace(tzinfo=None) < local:
            moment = zone.normalize(zone.localize(local, is_dst=False))
        return moment.astimezone(pytz.utc).replace(tzinfo=None)

    # === RUN ===

    @api.model
    def _cron_run(self):
        """Plan what is due today at the locations whose hour has come.

        Each location is one transaction; what it plans is dispatched as anything
        else. A location that was planned today is left alone until tomorrow.
        """
        setups = self.search(["|", ("email_enabled", "=", True), ("post_enabled", "=", True)])
        waiting = setups.filtered(lambda setup: setup._is_run_due())
        commit = self.env["ir.cron"]._commit_progress
        commit(remaining=len(waiting))
        for setup in waiting:
            setup._run()
            if not commit(1):
                break
        setups._trigger_next_run()

    def _is_run_due(self):
        today = self._get_today()
        return self._is_run_ahead(today) and (
            fields.Datetime.now() >= self._get_send_moment(today)
        )

    def _is_run_ahead(self, day):
        """Whether the messages of a day have not been planned yet."""
        self.ensure_one()
        return not self.last_run_on or self.last_run_on < day

    def _run(self):
        """Plan what is due by today; see ``customer.contact.due``.

        :return: how many messages were planned
        """
        self.ensure_one()
        today = self._get_today()
        planned = self.env["customer.contact.due"]._plan_due(self, today)
        self.last_run_on = today
        self.env["customer.contact.due"]._refresh(self)
        return planned

    def _trigger_next_run(self):
        cron = self.env.ref("customer_contact_360.ir_cron_run").sudo()
        now = fields.Datetime.now()
        for setup in self:
            day = setup._get_today()
            moment = setup._get_send_moment(day)
            if moment <= now:
                moment = setup._get_send_moment(day + timedelta(days=1))
            cron._trigger(moment)
