# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import logging
import re
from datetime import datetime, time, timedelta
from urllib.parse import urlsplit

import pytz
from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models, tools
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tools import email_normalize, format_date

from odoo.addons.auto_shop.models.customer_interaction import BAD_ROW_ERRORS

from .customer_contact_rule import CHANNELS, DEFAULTS, KINDS

_logger = logging.getLogger(__name__)

MOST_GRACE_DAYS = 90
# Only the system writes these.
PROTECTED_FIELDS = {"company_id", "last_run_on"}
# What has no place in a link that stands in an e-mail.
NOT_IN_A_LINK = re.compile(r"[\s<>\"'`\\]")


class CustomerContactSetup(models.Model):
    """How one location follows up its customers."""

    _name = "customer.contact.setup"
    _description = "CRM Setup"
    _inherit = ["shop.queue.mixin"]
    _rec_name = "company_id"
    _queue_cron = "customer_contact_360.ir_cron_run"

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
        string="Business Owner",
        help="The person in whose name customers are written to.",
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
    signature_preview = fields.Html(
        compute="_compute_signature_preview", sanitize=False
    )
    shop_tz = fields.Selection(related="company_id.shop_tz", readonly=False)
    tz_note = fields.Char(compute="_compute_tz_note")
    # === What goes out ===
    email_enabled = fields.Boolean(string="E-mail")
    post_enabled = fields.Boolean(string="Postcard")
    rule_ids = fields.One2many("customer.contact.rule", "setup_id")
    email_rule_ids = fields.One2many(
        "customer.contact.rule",
        "setup_id",
        string="E-mail Messages",
        domain=[("channel", "=", "email")],
    )
    post_rule_ids = fields.One2many(
        "customer.contact.rule",
        "setup_id",
        string="Postcard Messages",
        domain=[("channel", "=", "post")],
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
    # === What the form shows ===
    sample_vehicle_id = fields.Many2one(
        "customer.vehicle",
        string="Example",
        compute="_compute_sample_vehicle_id",
        readonly=False,
        help="The dates beside the numbers are those of this vehicle.",
    )
    forecast = fields.Html(compute="_compute_forecast", sanitize=False)

    _company_unique = models.Constraint(
        "UNIQUE (company_id)", "This location already has its CRM Setup."
    )
    _send_hour_check = models.Constraint(
        "CHECK (send_hour >= 0 AND send_hour < 24)",
        "Enter the hour from 0:00 to 23:59.",
    )
    _grace_days_check = models.Constraint(
        f"CHECK (grace_days >= 0 AND grace_days <= {MOST_GRACE_DAYS})",
        f"Enter 0 to {MOST_GRACE_DAYS} days to catch up.",
    )

    @api.depends("company_id")
    def _compute_display_name(self):
        for setup in self:
            setup.display_name = self.env._("CRM Setup: %s", setup.company_id.name)

    @api.depends("company_id")
    def _compute_signature(self):
        for setup in self:
            company = setup.company_id
            setup.business_name = setup.business_name or company.name
            setup.phone = setup.phone or company.phone
            setup.email = setup.email or company.email

    @api.depends("business_name", "owner_name", "phone", "email", "feedback_url")
    @api.depends_context("lang")
    def _compute_signature_preview(self):
        for setup in self:
            setup.signature_preview = self.env["ir.qweb"]._render(
                "customer_contact_360.signature_preview",
                {"setup": setup},
            )

    @api.depends("company_id.shop_tz", "shop_tz", "send_hour")
    @api.depends_context("lang")
    def _compute_tz_note(self):
        for setup in self:
            zone = setup._get_zone().zone
            if setup.shop_tz:
                setup.tz_note = False
            else:
                setup.tz_note = self.env._(
                    "No time zone is set: days and hours are those of %s.", zone
                )

    @api.depends("company_id")
    def _compute_sample_vehicle_id(self):
        for setup in self:
            setup.sample_vehicle_id = (
                setup.sample_vehicle_id or setup._find_sample_vehicle()
            )

    @api.depends(
        "email_enabled",
        "post_enabled",
        "email_rule_ids.days",
        "email_rule_ids.interval",
        "email_rule_ids.dead",
        "post_rule_ids.days",
        "post_rule_ids.interval",
        "post_rule_ids.dead",
        "send_hour",
        "shop_tz",
    )
    @api.depends_context("lang")
    def _compute_forecast(self):
        for setup in self:
            setup.forecast = setup._get_forecast_html()

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
            if error := setup._get_feedback_error():
                raise ValidationError(error)

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        setups = super().create([self._prepare_vals(vals) for vals in vals_list])
        setups._create_rules_sudo()
        return setups

    def write(self, vals):
        if not self.env.su and (taken := PROTECTED_FIELDS & vals.keys()):
            raise AccessError(
                self.env._(
                    "%s of a CRM Setup cannot be changed.",
                    ", ".join(
                        self._fields[name]._description_string(self.env)
                        for name in sorted(taken)
                    ),
                )
            )
        vals = self._prepare_vals(vals)
        switched = {
            channel: self.filtered(lambda setup, name=name: not setup[name])
            for channel, name in (("email", "email_enabled"), ("post", "post_enabled"))
            if vals.get(name)
        }
        result = super().write(vals)
        for channel, setups in switched.items():
            setups.rule_ids.filtered(lambda rule, c=channel: rule.channel == c)._start()
        return result

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    def _prepare_vals(self, vals):
        """Take out blanks around what is typed into the signature."""
        vals = dict(vals)
        for name in ("business_name", "owner_name", "phone", "email", "feedback_url"):
            if isinstance(vals.get(name), str):
                vals[name] = vals[name].strip() or False
        return vals

    def _create_rules_sudo(self):
        """Nobody else creates rules: there is one for each message and channel."""
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
                            }
                        )
        self.env["customer.contact.rule"].sudo().create(vals_list)

    @api.model
    @tools.ormcache("company_id")
    def _get_id(self, company_id):
        return self.sudo().search([("company_id", "=", company_id)], limit=1).id

    @api.model
    def _get(self, company):
        """Return the setup of a location; an empty set when it was never set up."""
        return self.sudo().browse(self._get_id(company.id) or ())

    @api.model
    def action_open(self):
        """Open the setup of the current location; the first time, make it."""
        if not self.env.user.has_group("auto_shop.group_manager"):
            raise AccessError(self.env._("Only shop managers can open the CRM Setup."))
        company = self.env.company
        setup = self.search([("company_id", "=", company.id)]) or self.create(
            {"company_id": company.id}
        )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_contact_360.customer_contact_setup_action"
        )
        return {**action, "res_id": setup.id}

    def action_open_due(self):
        """Show what these numbers bring in the next days."""
        self.check_access("read")
        return self.env["customer.contact.due"].action_open()

    # === NUMBERS ===

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

    def _get_rules(self):
        """Return all rules, also those of a form that is not saved yet."""
        return self.email_rule_ids | self.post_rule_ids

    def _get_rule(self, channel, kind):
        return self[f"{channel}_rule_ids"].filtered(lambda rule: rule.kind == kind)[:1]

    def _get_sent_rules(self, kind):
        """Return the rules by which one kind of message goes out."""
        channels = self._get_channels()
        return self._get_rules().filtered(
            lambda rule: (
                rule.kind == kind and rule.channel in channels and rule._is_sent()
            )
        )

    # === TIME ===

    def _get_zone(self):
        """Return the time zone of the location, the same for whoever asks."""
        company = (self.company_id or self.env.company).with_user(SUPERUSER_ID)
        if self.shop_tz in pytz.all_timezones_set:
            return pytz.timezone(self.shop_tz)
        return pytz.timezone(company._get_shop_tz())

    def _get_local_now(self):
        return pytz.utc.localize(fields.Datetime.now()).astimezone(self._get_zone())

    def _get_today(self):
        """Return the date at the location."""
        return self._get_local_now().date()

    def _get_local_day(self, moment):
        """Return the date at the location of a moment (UTC)."""
        return pytz.utc.localize(moment).astimezone(self._get_zone()).date()

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

    def _get_next_run_day(self):
        """Return the first day whose messages have not been planned yet."""
        today = self._get_today()
        return today if self._is_run_ahead(today) else today + timedelta(days=1)

    # === RUN ===

    @api.model
    def _cron_run(self):
        """Plan what is due today at the locations whose hour has come.

        Each location is one transaction; what it plans is dispatched as anything
        else. A location that was planned today is left alone until tomorrow, and one
        that cannot be planned keeps no other from its messages.
        """
        setups = self._get_enabled()
        waiting = setups.filtered(lambda setup: setup._is_run_due())
        commit = self.env["ir.cron"]._commit_progress
        commit(remaining=len(waiting))
        for setup in waiting:
            setup._run_alone()
            if not commit(1):
                break
        setups._trigger_next_run()

    @api.model
    def _get_queue_shares(self, limit):
        waiting = self._get_enabled().filtered(lambda setup: setup._is_run_due())
        return dict.fromkeys(waiting.ids, 1)

    @api.model
    def _work_queue_share(self, part):
        self.browse(part).exists()._run_alone()
        return False

    @api.model
    def _get_enabled(self):
        """Return the locations that send any messages."""
        return self.search(
            Domain("company_id.active", "=", True)
            & (Domain("email_enabled", "=", True) | Domain("post_enabled", "=", True))
        )

    def _run_alone(self):
        """Run one location, unless another worker does."""
        # The first statement since the commit: what another worker has planned in
        # the meantime is seen.
        if not self.try_lock_for_update() or not self._is_run_due():
            return
        try:
            with self.env.cr.savepoint():
                self._run()
        except BAD_ROW_ERRORS:
            _logger.exception("%s cannot be planned", self.company_id.name)

    def _is_run_due(self):
        today = self._get_today()
        return self._is_run_ahead(today) and (
            fields.Datetime.now() >= self._get_send_moment(today)
        )

    def _is_run_ahead(self, day):
        """Whether the messages of a day have not been planned yet."""
        self.ensure_one()
        last_run_on = self._origin.last_run_on
        return not last_run_on or last_run_on < day

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
        """Wake the scheduled action at the hour of each location, once for each."""
        cron = self.env.ref("customer_contact_360.ir_cron_run").sudo()
        now = fields.Datetime.now()
        moments = set()
        for setup in self:
            day = setup._get_today()
            moment = setup._get_send_moment(day)
            if moment <= now:
                moment = setup._get_send_moment(day + timedelta(days=1))
            moments.add(moment)
        known = (
            self.env["ir.cron.trigger"]
            .sudo()
            .search([("cron_id", "=", cron.id), ("call_at", "in", list(moments))])
        )
        if moments := moments - set(known.mapped("call_at")):
            cron._trigger(moments)

    # === FORM ===

    def _get_feedback_error(self):
        """Return why the feedback link cannot be used, in words."""
        self.ensure_one()
        url = (self.feedback_url or "").strip()
        if not url or is_feedback_url(url):
            return None
        return self.env._(
            "“%s” is neither a web page nor an address. Enter a page, such as "
            "https://example.com/feedback, or an address, such as "
            "mailto:owner@example.com.",
            url,
        )

    def _get_phone_label(self):
        """Return the telephone number as people write it, for customers to read."""
        self.ensure_one()
        company = self.company_id
        if not self.phone:
            return company._get_phone_label()
        label = company.partner_id._phone_format(
            number=self.phone, country=company.country_id, force_format="INTERNATIONAL"
        )
        return label or self.phone

    def _find_sample_vehicle(self):
        """Return a vehicle whose dates explain the numbers: the one invoiced last."""
        company = self.company_id or self.env.company
        domain = Domain("company_id", "in", (company.id, False)) & Domain(
            "disposition", "=", False
        )
        vehicles = self.env["customer.vehicle"].sudo()
        found = vehicles.search(
            domain
            & Domain("last_invoice_date", "!=", False)
            & Domain("last_invoice_id.company_id", "=", company.id),
            order="last_invoice_date desc, id desc",
            limit=1,
        ) or vehicles.search(domain & Domain("company_id", "=", company.id), limit=1)
        # As the user: he sees what he may see.
        return found.with_env(self.env)._filtered_access("read")

    def _get_sample_appointment(self, soonest):
        """Return an appointment to remind of as ``(customer, day)``.

        :param date soonest: the day from which on its reminder lies ahead
        """
        self.ensure_one()
        company = self.company_id
        start = self.env["customer.contact.due"]._get_utc(self, soonest)
        domain = (
            Domain("company_id", "=", company.id)
            & Domain("shop_state", "=", "booked")
            & Domain("customer_id", "!=", False)
            & Domain("start", ">=", start)
        )
        events = self.env["calendar.event"]
        own = Domain("vehicle_id", "=", self.sample_vehicle_id.id or 0)
        event = events.search(domain & own, order="start", limit=1) or events.search(
            domain, order="start", limit=1
        )
        if not event:
            return event.customer_id, None
        return event.customer_id, self._get_local_day(event.start)

    def _get_forecast(self):
        """Return what the first seven days bring, as the form stands.

        :return: ``{kind: {"email": count, "post": count, "unreachable": count}}``
        """
        self.ensure_one()
        return self.env["customer.contact.due"].sudo()._count_ahead(self)

    def _get_forecast_html(self):
        if not self.company_id or not self._get_channels():
            return self._get_paragraph(
                self.env._("Off: no customer of this location is written to.")
            )
        counts = self._get_forecast()
        first = self._get_next_run_day()
        last = first + timedelta(
            days=self.env["customer.contact.due"]._get_days_ahead() - 1
        )
        span = {
            "first": format_date(self.env, first),
            "last": format_date(self.env, last),
        }
        total = sum(count["email"] + count["post"] for count in counts.values())
        unreachable = sum(count["unreachable"] for count in counts.values())
        if not total and not unreachable:
            return self._get_paragraph(
                self.env._(
                    "From %(first)s to %(last)s nothing falls due: no message goes "
                    "out.",
                    **span,
                )
            )
        sentence = self.env._(
            "From %(first)s to %(last)s, %(count)s messages go out.",
            count=total,
            **span,
        )
        if unreachable:
            sentence = self.env._(
                "%(sentence)s %(count)s more are due, but nobody can be reached.",
                sentence=sentence,
                count=unreachable,
            )
        return self._get_paragraph(sentence) + self._get_forecast_table(counts)

    @api.model
    def _get_paragraph(self, sentence):
        return Markup('<p class="mb-1">%s</p>') % sentence

    def _get_forecast_table(self, counts):
        labels = dict(
            self.env["customer.contact.rule"]
            ._fields["kind"]
            ._description_selection(self.env)
        )
        columns = [
            ("email", self.env._("E-mail"), self.email_enabled),
            ("post", self.env._("Postcard"), self.post_enabled),
            (
                "unreachable",
                self.env._("Could not reach"),
                any(count["unreachable"] for count in counts.values()),
            ),
        ]
        return self.env["ir.qweb"]._render(
            "customer_contact_360.forecast_table",
            {
                "columns": [(name, label) for name, label, shown in columns if shown],
                "rows": [
                    (labels[kind], counts[kind])
                    for kind, _label in KINDS
                    if kind in counts and any(counts[kind].values())
                ],
            },
        )


def is_feedback_url(url):
    """Whether this is a page (http or https) or an address (mailto)."""
    if NOT_IN_A_LINK.search(url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if parts.scheme == "mailto":
        return bool(email_normalize(parts.path)) and parts.path.count("@") == 1
    return parts.scheme in ("http", "https") and bool(host)
