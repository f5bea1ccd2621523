# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from collections import namedtuple
from itertools import count, islice

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_date

# What customers are written to about, in the order in which it is planned: where a
# customer may get only so many messages a day, the appointment comes first.
KINDS = [
    ("reminder_1", "Reminder 1"),
    ("reminder_2", "Reminder 2"),
    ("no_show", "No Show"),
    ("thank_you", "Thank You"),
    ("deferred", "Deferred"),
    ("inactive", "Inactive"),
]
CHANNELS = [("email", "E-mail"), ("post", "Postcard")]
# kind: days, interval, dead
DEFAULTS = {
    "reminder_1": (30, 0, 0),
    "reminder_2": (7, 0, 0),
    "no_show": (1, 0, 0),
    "thank_you": (1, 0, 0),
    "deferred": (30, 0, 0),
    "inactive": (90, 90, 365),
}
REMINDERS = ("reminder_1", "reminder_2")
# Ten years: beyond it a number is mistyped, and dates come to an end.
MOST_DAYS = 3650
# So many dates are written out in the explanation of a rule.
SHOWN_DATES = 5
# Only the system writes these: they decide what of the past is never sent.
PROTECTED_FIELDS = {"setup_id", "channel", "kind", "started_on", "changed_on"}

Numbers = namedtuple("Numbers", "channel kind days interval dead started_on changed_on")


class CustomerContactRule(models.Model):
    """After or before how many days one kind of message goes out, by one channel."""

    _name = "customer.contact.rule"
    _description = "Follow-Up Interval"
    _order = "setup_id, channel, sequence, id"
    _rec_name = "kind"

    setup_id = fields.Many2one(
        "customer.contact.setup", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="setup_id.company_id", store=True, index=True)
    sequence = fields.Integer()
    channel = fields.Selection(CHANNELS, required=True)
    kind = fields.Selection(KINDS, string="Message", required=True)
    days = fields.Integer(help="0: this message is not sent.")
    interval = fields.Integer(
        string="Then Every", help="Days from one message to the next; 0: only once."
    )
    dead = fields.Integer(
        help="So many days without an invoice, and no more messages are sent; 0: "
        "never.",
    )
    started_on = fields.Date(
        readonly=True,
        help="What fell due before this day is not sent: the message was off.",
    )
    changed_on = fields.Date(
        readonly=True,
        help="When a reminder was set to more days before the appointment. Whose day "
        "had passed by then is reminded on this day.",
    )
    purpose_id = fields.Many2one(
        "customer.interaction.purpose", string="Wording", compute="_compute_purpose_id"
    )
    basis = fields.Char(string="Counted", compute="_compute_basis")
    explanation = fields.Char(string="What It Does", compute="_compute_explanation")
    note = fields.Char(compute="_compute_note")
    note_level = fields.Selection(
        [("info", "Good to know"), ("warning", "Look at this"), ("danger", "Wrong")],
        compute="_compute_note",
    )

    _kind_unique = models.Constraint(
        "UNIQUE (setup_id, channel, kind)",
        "Each message has one row for each channel.",
    )
    _days_check = models.Constraint(
        "CHECK (days >= 0 AND interval >= 0 AND dead >= 0)",
        "Days cannot be negative. Enter 0 to turn a message off.",
    )

    @api.depends("kind", "company_id")
    def _compute_purpose_id(self):
        for rule in self:
            rule.purpose_id = rule._get_purpose()

    @api.depends("kind")
    @api.depends_context("lang")
    def _compute_basis(self):
        sentences = {
            "reminder_1": self.env._("days before the appointment"),
            "reminder_2": self.env._("days before the appointment"),
            "no_show": self.env._("days after a missed appointment"),
            "thank_you": self.env._("days after the invoice was posted"),
            "deferred": self.env._("days after the last visit"),
            "inactive": self.env._("days after the last invoice"),
        }
        for rule in self:
            rule.basis = sentences.get(rule.kind)

    @api.depends(
        "kind", "days", "interval", "dead", "company_id", "setup_id.sample_vehicle_id"
    )
    @api.depends_context("lang")
    def _compute_explanation(self):
        for rule in self:
            rule.explanation = rule._get_explanation() if rule.kind else ""

    @api.depends(
        "days",
        "interval",
        "dead",
        "setup_id.email_enabled",
        "setup_id.post_enabled",
        "setup_id.feedback_url",
        "setup_id.email_rule_ids.days",
        "setup_id.post_rule_ids.days",
    )
    @api.depends_context("lang")
    def _compute_note(self):
        for rule in self:
            level, sentence = rule._get_note() or (False, False)
            rule.note_level = level
            rule.note = sentence

    @api.constrains("days", "interval", "dead")
    def _check_days(self):
        for rule in self:
            if error := rule._get_range_error():
                raise ValidationError(
                    self.env._(
                        "%(channel)s, %(message)s: %(error)s",
                        channel=rule._get_label("channel"),
                        message=rule._get_label("kind"),
                        error=error,
                    )
                )

    @api.constrains("kind", "days", "dead")
    def _check_dead(self):
        for rule in self:
            if error := rule._get_dead_error():
                raise ValidationError(
                    self.env._(
                        "%(channel)s: %(error)s",
                        channel=rule._get_label("channel"),
                        error=error,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules.filtered(lambda rule: not rule.started_on)._start()
        return rules

    def write(self, vals):
        if not self.env.su and (taken := PROTECTED_FIELDS & vals.keys()):
            raise AccessError(
                self.env._(
                    "Only the numbers of a message can be changed, not %s.",
                    ", ".join(
                        self._fields[name]._description_string(self.env)
                        for name in sorted(taken)
                    ),
                )
            )
        if days := vals.get("days"):
            self.filtered(lambda rule: not rule.days)._start()
            self.filtered(
                lambda rule: rule.kind in REMINDERS and 0 < rule.days < days
            )._touch_sudo("changed_on")
        return super().write(vals)

    def _start(self):
        """From now on: what falls due today is the first to be sent."""
        self._touch_sudo("started_on")

    def _touch_sudo(self, name):
        for setup, rules in self.grouped("setup_id").items():
            rules.sudo()[name] = setup._get_today()

    # === WHAT IS SENT ===

    def _get_numbers(self):
        """Return the numbers as they count now; for a form, once it is saved."""
        self.ensure_one()
        before = self._origin
        started_on, changed_on = before.started_on, before.changed_on
        if before != self or not before:
            enabled = f"{self.channel}_enabled"
            was_on = before.days and before.setup_id[enabled]
            today = self.setup_id._get_today()
            if self.days and self.setup_id[enabled] and not was_on:
                started_on = today
            if self.kind in REMINDERS and 0 < before.days < self.days:
                changed_on = today
        return Numbers(
            self.channel,
            self.kind,
            self.days,
            self.interval,
            self.dead,
            started_on,
            changed_on,
        )

    def _is_sent(self):
        """Whether this message goes out at all: it is on and has its wording."""
        self.ensure_one()
        purpose = self._get_purpose()
        return bool(
            0 < self.days <= MOST_DAYS
            and purpose
            and purpose._has_wording(self.channel)
            and not (self._get_range_error() or self._get_dead_error())
        )

    def _get_purpose(self):
        """Return the wording as of now; empty where it is archived."""
        company = self.setup_id.company_id or self.env.company
        return self.env["customer.interaction.purpose"]._get(
            f"contact_{self.kind}", company
        )

    def _get_offsets(self, until):
        """Yield ``(step, days)``: how many days after the last invoice to write.

        :param int until: no day beyond this is wanted; a customer who is never dead
            would be written to for ever
        """
        self.ensure_one()
        return get_offsets(self, until)

    # === EXPLANATION ===

    def _get_explanation(self):
        """Return in words, with dates of a real customer, what the numbers do."""
        self.ensure_one()
        if not self.days:
            return self.env._("Off: this message is not sent.")
        if self._get_range_error() or self._get_dead_error():
            return ""
        today = self.setup_id._get_today()
        if self.kind in REMINDERS:
            return self._get_reminder_explanation(today)
        vehicle = self.setup_id.sample_vehicle_id
        name = vehicle.owner_id.name
        if self.kind == "inactive":
            return self._get_inactive_explanation(
                name, vehicle.last_invoice_date, today
            )
        since = {
            "thank_you": vehicle.last_invoice_date,
            "deferred": vehicle.last_visit_date,
        }.get(self.kind)
        values = {
            "name": name,
            "since": self._format_day(since or today),
            "sent": self._format_day(fields.Date.add(since or today, days=self.days)),
        }
        if self.kind == "no_show":
            if name:
                return self.env._(
                    "If %(name)s misses an appointment on %(since)s: goes out on "
                    "%(sent)s.",
                    **values,
                )
            return self.env._(
                "An appointment missed today: goes out on %s.", values["sent"]
            )
        if self.kind == "thank_you":
            if since:
                return self.env._(
                    "%(name)s, invoice posted on %(since)s: goes out on %(sent)s.",
                    **values,
                )
            return self.env._(
                "An invoice posted today: goes out on %s.", values["sent"]
            )
        if since:
            return self.env._(
                "%(name)s, last visit on %(since)s: goes out on %(sent)s, while "
                "recommended work is open.",
                **values,
            )
        return self.env._(
            "A visit today: goes out on %s, while recommended work is open.",
            values["sent"],
        )

    def _get_reminder_explanation(self, today):
        soonest = fields.Date.add(today, days=self.days)
        customer, visit = self.setup_id._get_sample_appointment(soonest)
        visit = visit or fields.Date.add(soonest, days=1)
        values = {
            "name": customer.name,
            "visit": self._format_day(visit),
            "sent": self._format_day(fields.Date.subtract(visit, days=self.days)),
        }
        if customer:
            return self.env._(
                "%(name)s, appointment on %(visit)s: goes out on %(sent)s.", **values
            )
        return self.env._(
            "An appointment on %(visit)s: goes out on %(sent)s.", **values
        )

    def _get_inactive_explanation(self, name, since, today):
        start = since or today
        offsets = [
            offset
            for _step, offset in islice(self._get_offsets(MOST_DAYS), SHOWN_DATES)
        ]
        more = next(
            (
                offset
                for _step, offset in self._get_offsets(MOST_DAYS)
                if offset > offsets[-1]
            ),
            None,
        )
        shown = ", ".join(
            self.env._(
                "day %(day)s (%(date)s)",
                day=offset,
                date=self._format_day(fields.Date.add(start, days=offset)),
            )
            for offset in offsets
        )
        if since:
            what = self.env._(
                "%(name)s, last invoice of %(since)s: %(days)s",
                name=name,
                since=self._format_day(since),
                days=shown,
            )
        else:
            what = self.env._("An invoice of today: %s", shown)
        if more:
            what = self.env._("%s and so on", what)
        if not self.interval:
            return self.env._("%s. Only once, as Then Every is 0.", what)
        if not self.dead:
            return self.env._("%s, for as long as no invoice comes.", what)
        return self.env._(
            "%(what)s. No more from day %(dead)s (%(date)s): dead.",
            what=what,
            dead=self.dead,
            date=self._format_day(fields.Date.add(start, days=self.dead)),
        )

    def _get_note(self):
        """Return ``(level, sentence)`` about what these numbers mean, or ``None``."""
        self.ensure_one()
        if error := self._get_range_error() or self._get_dead_error():
            return "danger", error
        if not self.days:
            return None
        setup = self.setup_id
        purpose = self._get_purpose()
        if not purpose:
            return "warning", self.env._(
                "Its wording is archived, so nothing goes out. Bring the wording back "
                "under Configuration, Wording of Messages."
            )
        if not purpose._has_wording(self.channel):
            return "warning", self.env._(
                "It has no wording for this channel, so nothing goes out. Click its "
                "name to write one."
            )
        if self.kind == "reminder_2":
            first = setup._get_rule(self.channel, "reminder_1")
            if 0 < first.days <= self.days:
                return "warning", self.env._(
                    "Reminder 2 is meant to follow Reminder 1: enter fewer than "
                    "%s days.",
                    first.days,
                )
        if setup.email_enabled and setup.post_enabled:
            other = setup._get_rule(
                "post" if self.channel == "email" else "email", self.kind
            )
            if not other.days and self.channel == "post":
                return "warning", self.env._(
                    "Off for e-mail: customers with an e-mail address get nothing."
                )
            if not other.days:
                return "info", self.env._(
                    "Off for postcards: customers without an e-mail address get "
                    "nothing."
                )
        if self.kind == "thank_you" and not setup.feedback_url:
            return "info", self.env._(
                "No feedback link yet: enter one in General, and customers are asked "
                "how you did."
            )
        return None

    def _get_range_error(self):
        """Return what is wrong with the numbers by themselves, in words."""
        numbers = (self.days, self.interval, self.dead)
        if min(numbers) < 0:
            return self.env._("Days cannot be negative. Enter 0 to turn a message off.")
        if max(numbers) > MOST_DAYS:
            return self.env._("Enter %s days (ten years) at most.", MOST_DAYS)
        return None

    def _get_dead_error(self):
        if self.kind != "inactive" or not self.days or not 0 < self.dead <= self.days:
            return None
        return self.env._(
            "Dead (%(dead)s days) must be above Inactive (%(days)s days), or no "
            "customer would ever get this message. Enter 0 for Dead to keep writing to "
            "customers however long they stay away.",
            dead=self.dead,
            days=self.days,
        )

    def _format_day(self, day):
        return format_date(self.env, day)

    def _get_label(self, name):
        return dict(self._fields[name]._description_selection(self.env))[self[name]]

    # === SCREENS ===

    def action_open_wording(self):
        """Open the message with its preview; it is edited there."""
        self.ensure_one()
        purpose = self._get_purpose() or self._find_archived_purpose()
        if not purpose:
            raise UserError(
                self.env._(
                    "The wording of this message was deleted. Update the addon to get "
                    "it back."
                )
            )
        view = "customer_contact_360.customer_interaction_purpose_view_form_"
        view += self.channel
        return {
            "type": "ir.actions.act_window",
            "name": self._get_label("kind"),
            "res_model": "customer.interaction.purpose",
            "res_id": purpose.id,
            "views": [(self.env.ref(view).id, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _find_archived_purpose(self):
        return (
            self.env["customer.interaction.purpose"]
            .with_context(active_test=False)
            .search(
                [
                    ("code", "=", f"contact_{self.kind}"),
                    ("company_id", "in", (self.company_id.id, False)),
                ],
                order="company_id, id",
                limit=1,
            )
        )


def get_offsets(numbers, until):
    """Yield ``(step, days)`` of the inactive series; see ``_get_offsets``."""
    for step in count():
        offset = numbers.days + step * numbers.interval
        if offset > until or (numbers.dead and offset >= numbers.dead):
            return
        yield step, offset
        if not numbers.interval:
            return
