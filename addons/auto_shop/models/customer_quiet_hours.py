# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models, tools

WEEKDAYS = [
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
]
# Two weeks: enough to pass any combination of closed days.
LOOK_AHEAD_DAYS = 14


class CustomerQuietHours(models.Model):
    """The hours in which a customer may be written to; outside them it is quiet.

    The most specific record wins: state before country before everywhere, then
    weekday before every day, then channel before every channel, then the
    location's own before the shared one.
    """

    _name = "customer.quiet.hours"
    _description = "Hours for Messages to Customers"
    _order = "country_id, state_id, weekday, channel, id"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", string="Location", index=True, help="Empty: for every location."
    )
    country_id = fields.Many2one("res.country", help="Empty: in every country.")
    state_id = fields.Many2one(
        "res.country.state",
        domain="[('country_id', '=?', country_id)]",
        help="Empty: in every state of the country.",
    )
    weekday = fields.Selection(WEEKDAYS, help="Empty: on every day.")
    channel = fields.Selection(
        [("sms", "Text"), ("phone", "Phone call"), ("email", "E-mail")],
        help="Empty: texts and phone calls. E-mails wait only where a record says so.",
    )
    hour_from = fields.Float(
        string="From", required=True, default=8.0, help="First hour of the day, local."
    )
    hour_to = fields.Float(
        string="To",
        required=True,
        default=21.0,
        help="Local hour from which nothing goes out any more. The same as From: "
        "nothing goes out on that day.",
    )
    note = fields.Char(string="Source", help="The rule that this record follows.")

    _hours_check = models.Constraint(
        "CHECK (hour_from >= 0 AND hour_to <= 24 AND hour_from <= hour_to)",
        "Hours run from 0 to 24, and From comes before To.",
    )
    _unique_rule = models.UniqueIndex(
        "(COALESCE(company_id, 0), COALESCE(country_id, 0), COALESCE(state_id, 0), "
        "COALESCE(weekday, ''), COALESCE(channel, '')) WHERE active",
        "There are already hours for this place, day and channel: change those.",
    )

    @api.depends("country_id", "state_id", "weekday", "channel")
    def _compute_name(self):
        labels = {
            name: dict(self._fields[name]._description_selection(self.env))
            for name in ("weekday", "channel")
        }
        for hours in self:
            place = hours.state_id.name or hours.country_id.name
            parts = [
                place or self.env._("Everywhere"),
                labels["weekday"].get(hours.weekday),
                labels["channel"].get(hours.channel),
            ]
            hours.name = ", ".join(filter(None, parts))

    @api.onchange("country_id")
    def _onchange_country_id(self):
        if self.state_id.country_id != self.country_id:
            self.state_id = False

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    @tools.ormcache("company_id", "country_id", "state_id", "channel")
    def _get_week(self, company_id, country_id, state_id, channel):
        """Return seven ``(from, to)`` pairs in hours, Monday first."""
        rules = self.sudo().search(
            [
                ("company_id", "in", (company_id, False)),
                ("country_id", "in", (country_id, False)),
                ("state_id", "in", (state_id, False)),
                ("channel", "in", (channel, False)),
            ]
        )
        if channel == "email":
            rules = rules.filtered("channel")

        def specificity(rule):
            return (
                bool(rule.state_id),
                bool(rule.country_id),
                bool(rule.weekday),
                bool(rule.channel),
                bool(rule.company_id),
            )

        week = []
        for weekday, _label in WEEKDAYS:
            fitting = rules.filtered(lambda r, d=weekday: r.weekday in (d, False))
            best = max(fitting, key=specificity, default=None)
            week.append((best.hour_from, best.hour_to) if best else (0.0, 24.0))
        return tuple(week)

    @api.model
    def _next_allowed(self, when, channel, tz_name, company, country=None, state=None):
        """Return the first moment from ``when`` on at which a message may go.

        :param datetime when: naive UTC
        :param str tz_name: the customer's time zone
        :return: ``when`` itself inside the hours, else a later naive UTC datetime;
            ``None`` when every day is closed
        """
        week = self._get_week(
            company.id,
            country.id if country else False,
            state.id if state else False,
            channel,
        )
        zone = pytz.timezone(tz_name)
        local = pytz.utc.localize(when).astimezone(zone)
        for offset in range(LOOK_AHEAD_DAYS):
            day = local.date() + timedelta(days=offset)
            hour_from, hour_to = week[day.weekday()]
            opens = self._to_utc(zone, day, hour_from)
            closes = self._to_utc(zone, day, hour_to, earlier=True)
            if when < closes and opens < closes:
                return max(when, opens)
        return None

    @api.model
    def _to_utc(self, zone, day, hour, earlier=False):
        """Return the naive UTC moment of a local hour.

        Where the clock change makes the local time ambiguous or skips it, the later
        reading is taken for an opening and the earlier one for a closing hour, so
        that the window is never wider than the rule.
        """
        minutes = round(hour * 60)
        if minutes >= 24 * 60:
            day, minutes = day + timedelta(days=1), minutes - 24 * 60
        naive = datetime.combine(day, time(minutes // 60, minutes % 60))
        moment = zone.localize(naive, is_dst=earlier).astimezone(pytz.utc)
        return moment.replace(tzinfo=None)
