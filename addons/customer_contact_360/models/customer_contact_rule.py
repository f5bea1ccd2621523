# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from itertools import count, islice

from odoo import api, fields, models
from odoo.exceptions import ValidationError
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
# So many dates are written out in the explanation of a rule.
SHOWN_DATES = 5


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
        string="Dead",
        help="So many days without an invoice, and no more messages are sent; 0: never.",
    )
    started_on = fields.Date(
        readonly=True,
        help="What fell due before this day is not sent: the message was off.",
    )
    purpose_id = fields.Many2one(
        "customer.interaction.purpose", string="Wording", compute="_compute_purpose_id"
    )
    explanation = fields.Char(string="What It Does", compute="_compute_explanation")

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
        purposes = self.env["customer.interaction.purpose"]
        for rule in self:
            company = rule.company_id or self.env.company
            rule.purpose_id = purposes._get(f"contact_{rule.kind}", company)

    @api.depends("kind", "days", "interval", "dead", "setup_id.company_id")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for rule in self:
            rule.explanation = rule._get_explanation()

    @api.constrains("kind", "days", "dead")
    def _check_dead(self):
        for rule in self:
            if rule.kind == "inactive" and rule.days and 0 < rule.dead <= rule.days:
                raise ValidationError(
                    self.env._(
                        "Dead (%(dead)s days) must be above Inactive (%(days)s days), "
                        "or no customer would ever get this message. Enter 0 for Dead "
                        "to keep writing to customers however long they stay away.",
                        dead=rule.dead,
                        days=rule.days,
                    )
                )

    def write(self, vals):
        if vals.get("days"):
            self.filtered(lambda rule: not rule.days)._start()
        return super().write(vals)

    def _start(self):
        """From now on: what falls due today is the first to be sent."""
        for setup, rules in self.grouped("setup_id").items():
            rules.started_on = setup._get_today()

    def _get_offsets(self, until):
        """Yield ``(step, days)``: how many days after the last invoice to write.

        :param int until: no day beyond this is wanted; a customer who is never dead
            would be written to for ever
        """
        self.ensure_one()
        for step in count():
            offset = self.days + step * self.interval
            if offset > until or (self.dead and offset >= self.dead):
                return
            yield step, offset
            if not self.interval:
                return

    # === EXPLANATION ===

    def _get_explanation(self):
        """Return in words, with dates of an example, what the numbers do."""
        self.ensure_one()
        if not self.kind:
            return ""
        if not self.days:
            return self.env._("Off")
        today = self.setup_id._get_today()
        if self.kind in ("reminder_1", "reminder_2"):
            visit = fields.Date.add(today, days=self.days + 1)
            return self.env._(
                "On %(sent)s for an appointment on %(visit)s",
                sent=self._format_day(fields.Date.subtract(visit, days=self.days)),
                visit=self._format_day(visit),
            )
        if self.kind == "inactive":
            return self._get_inactive_explanation(today)
        sent = self._format_day(fields.Date.add(today, days=self.days))
        sentences = {
            "no_show": self.env._("On %s for an appointment missed today", sent),
            "thank_you": self.env._("On %s for an invoice posted today", sent),
            "deferred": self.env._("On %s for a visit today", sent),
        }
        return sentences.get(self.kind, sent)

    def _get_inactive_explanation(self, today):
        offsets = [
            offset
            for _step, offset in islice(
                self._get_offsets(fields.Date.add(today, years=99).toordinal()),
                SHOWN_DATES + 1,
            )
        ]
        shown = ", ".join(
            self.env._(
                "day %(day)s (%(date)s)",
                day=offset,
                date=self._format_day(fields.Date.add(today, days=offset)),
            )
            for offset in offsets[:SHOWN_DATES]
        )
        if not self.interval:
            return self.env._("Once after an invoice of today: %s", shown)
        if len(offsets) > SHOWN_DATES:
            if not self.dead:
                return self.env._(
                    "After an invoice of today: %s and so on, until the customer comes "
                    "back",
                    shown,
                )
            return self.env._(
                "After an invoice of today: %(days)s and so on, the last before day "
                "%(dead)s",
                days=shown,
                dead=self.dead,
            )
        return self.env._("After an invoice of today: %s, then never again", shown)

    def _format_day(self, day):
        return format_date(self.env, day)

    # === SCREENS ===

    def action_open_wording(self):
        """Open the message with its preview; it is edited there."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": dict(self._fields["kind"]._description_selection(self.env))[
                self.kind
            ],
            "res_model": "customer.interaction.purpose",
            "res_id": self.purpose_id.id,
            "view_mode": "form",
            "target": "current",
            "context": {"wording_channel": self.channel},
        }
