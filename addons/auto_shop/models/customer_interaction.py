# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import logging
import re
from collections import Counter, defaultdict
from datetime import datetime, time, timedelta
from math import ceil
from textwrap import shorten

import babel.dates
import pytz
from jinja2 import TemplateError
from markupsafe import Markup
from psycopg2 import DataError, IntegrityError

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import (
    SQL,
    email_normalize,
    format_time,
    html2plaintext,
    html_sanitize,
    plaintext2html,
)
from odoo.tools.misc import babel_locale_parse, split_every
from odoo.tools.urls import urljoin

from ..tools.phone import format_number, to_kept_digits
from .customer_interaction_purpose import CHANNELS

_logger = logging.getLogger(__name__)

STATES = [
    ("planned", "Planned"),
    ("queued", "In the queue"),
    ("sending", "Being sent"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("failed", "Failed"),
    ("unknown", "Not known"),
    ("cancelled", "Not sent"),
]
# Which states a new one may follow. Reports come late and out of order: what is
# not listed here is ignored.
MAY_FOLLOW = {
    "queued": ("planned", "sending"),
    "sending": ("planned", "queued"),
    "sent": ("planned", "queued", "sending", "unknown"),
    "delivered": ("planned", "queued", "sending", "sent", "unknown"),
    "failed": ("planned", "queued", "sending", "sent", "unknown"),
    "unknown": ("queued", "sending"),
    "cancelled": ("planned", "queued", "sending"),
    # A person decided to send again.
    "planned": ("failed", "unknown", "cancelled"),
}
REASONS = [
    ("no_consent", "No consent"),
    ("opted_out", "Opted out"),
    ("do_not_mail", "Do not mail"),
    ("no_address", "No address or number"),
    ("invalid_address", "Address or number not valid"),
    ("superseded", "No longer true"),
    ("no_wording", "No wording"),
    ("not_printable", "Does not fit on the card"),
    ("hours_closed", "No hours allowed"),
    ("blocked", "Blocked by a person"),
    ("provider", "Refused by the provider"),
    ("not_known", "Outcome not known"),
]
DISPATCHED_CHANNELS = ("email", "sms", "post")
# Written only by the methods of this model: a history that anybody may rewrite
# proves nothing, and a dispatcher whose states are edited sends twice.
PROTECTED_FIELDS = {
    "automatic",
    "channel",
    "clicked_at",
    "company_id",
    "dedupe_key",
    "delivered_at",
    "direction",
    "dispatched_at",
    "email",
    "failure_reason",
    "number",
    "partner_id",
    "post_provider",
    "post_size",
    "print_run_id",
    "provider_ref",
    "reason_code",
    "sent_at",
    "state",
    "told_start",
    "unsubscribed_at",
    "user_id",
}
# What a message may be about: its wording says things of them. On history an empty
# one may still be filled in.
LINK_FIELDS = ("partner_id", "vehicle_id", "work_order_id", "event_id", "lead_id")
PLAN_COLUMNS = (
    "company_id",
    "partner_id",
    "vehicle_id",
    "work_order_id",
    "event_id",
    "lead_id",
    "purpose_id",
    "channel",
    "direction",
    "state",
    "planned_at",
    "user_id",
    "subject",
    "body",
    "number",
    "email",
    "automatic",
    "dedupe_key",
    "told_start",
)
# What was said is history once it is on its way, came in or was written down.
HISTORY_FIELDS = {"body", "outcome", "planned_at", "purpose_id", "subject"}
# A clock at the counter may be ahead of the server's.
CLOCK_SKEW = timedelta(minutes=5)
BATCH_SIZE = 500
# When to look again at rows that had to wait for another worker.
LOOK_AGAIN = timedelta(minutes=1)
# What a person sends by hand goes at any hour; what is planned for later does not.
WRITTEN_NOW = timedelta(minutes=5)
# What a single row can be at fault for. Trouble of the database or the machine is not
# among it: that leaves the whole batch planned, for another try.
BAD_ROW_ERRORS = (
    DataError,
    IntegrityError,
    LookupError,
    TemplateError,
    TypeError,
    UserError,
    ValueError,
)
SUMMARY_LENGTH = 120
# As long as the codes of link_tracker are in a database of some age.
SAMPLE_CODE = "a1B2"


class CustomerInteraction(models.Model):
    """One row for each thing that the shop and a customer say to each other.

    Feature addons plan rows (:meth:`_plan`); :meth:`_cron_dispatch` checks and hands
    them to the queue of their channel; reports come back through :meth:`_set_state`.
    """

    _name = "customer.interaction"
    _description = "Customer Interaction"
    _inherit = ["shop.queue.mixin"]
    _order = "planned_at desc, id desc"
    _rec_name = "subject"
    _check_company_auto = True
    _queue_cron = "auto_shop.ir_cron_dispatch_interactions"

    company_id = fields.Many2one(
        "res.company",
        string="Location",
        required=True,
        default=lambda self: self.env.company,
        ondelete="restrict",
        readonly=True,
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", ondelete="restrict", index=True
    )
    vehicle_id = fields.Many2one(
        "customer.vehicle",
        check_company=True,
        ondelete="set null",
        index="btree_not_null",
    )
    work_order_id = fields.Many2one(
        "sale.order",
        check_company=True,
        ondelete="set null",
        index="btree_not_null",
    )
    event_id = fields.Many2one(
        "calendar.event",
        string="Appointment",
        check_company=True,
        ondelete="set null",
        index="btree_not_null",
    )
    lead_id = fields.Many2one(
        "crm.lead", check_company=True, ondelete="set null", index="btree_not_null"
    )
    purpose_id = fields.Many2one(
        "customer.interaction.purpose", ondelete="restrict", index="btree_not_null"
    )
    channel = fields.Selection(CHANNELS, required=True)
    direction = fields.Selection(
        [("out", "To the customer"), ("in", "From the customer")],
        required=True,
        default="out",
    )
    state = fields.Selection(STATES, required=True, default="planned")
    state_label = fields.Char("What Became of It", compute="_compute_state_label")
    planned_at = fields.Datetime(
        string="Date", required=True, default=fields.Datetime.now
    )
    dispatched_at = fields.Datetime(string="Handed Over", readonly=True)
    sent_at = fields.Datetime(string="Sent", readonly=True)
    delivered_at = fields.Datetime(string="Delivered", readonly=True)
    clicked_at = fields.Datetime(string="Clicked", readonly=True)
    unsubscribed_at = fields.Datetime(
        string="Unsubscribed",
        readonly=True,
        help="The customer turned mail off by the link in this message.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="By",
        index="btree_not_null",
        help="Who wrote or triggered it; empty for what the system sends by itself.",
    )
    subject = fields.Char()
    body = fields.Text(
        help="Plain text of a text message, call or memo; HTML of an e-mail or "
        "postcard."
    )
    body_html = fields.Html(string="Message", compute="_compute_body_html")
    summary = fields.Char(
        string="Content",
        compute="_compute_summary",
        help="Its subject, else the beginning of what was written.",
    )
    outcome = fields.Char(help="What came of it, such as the result of a call.")
    failure_reason = fields.Char(string="Reason")
    reason_code = fields.Selection(REASONS, string="Kind of Reason", readonly=True)
    number = fields.Char(
        index="btree_not_null",
        help="The number it goes to or came from (E.164).",
    )
    # As people write it; the web client shows this for the number.
    number_display = fields.Char(
        string="Phone Number",
        compute="_compute_number_display",
        search="_search_number_display",
    )
    email = fields.Char(string="E-mail Address")
    customer_display = fields.Char(
        string="Customer or Number",
        compute="_compute_customer_display",
        search="_search_customer_display",
        help="The customer; of one whom nobody knows, the number or the address.",
    )
    kept_fields = fields.Char(
        compute="_compute_kept_fields",
        help="The names of the fields that cannot be changed any more.",
    )
    automatic = fields.Boolean(
        help="No person pressed Send for this very message: it keeps the hours and "
        "counts for the daily limit of automatic messages."
    )
    is_unread = fields.Boolean(string="Unread")
    told_start = fields.Datetime(
        string="Appointment as Told",
        help="The start of the appointment that this message speaks of.",
    )
    dedupe_key = fields.Char(
        copy=False, readonly=True, help="The same occasion is planned only once."
    )
    provider_ref = fields.Char(
        string="Provider Reference",
        copy=False,
        readonly=True,
        help="The provider's name for this message, such as Twilio's SID.",
    )
    print_run_id = fields.Many2one(
        "customer.print.run", ondelete="set null", index="btree_not_null", readonly=True
    )

    _dedupe_unique = models.UniqueIndex(
        "(company_id, dedupe_key)", "This message has already been planned."
    )
    _provider_ref_unique = models.UniqueIndex(
        "(company_id, provider_ref) WHERE provider_ref IS NOT NULL",
        "This message has already been taken in.",
    )
    _due_idx = models.Index(
        "(planned_at, id) WHERE state = 'planned' AND direction = 'out'"
    )
    _open_idx = models.Index(
        "(state, dispatched_at) WHERE state IN ('queued', 'sending', 'unknown')"
    )
    _order_idx = models.Index("(company_id, planned_at DESC, id DESC)")
    _partner_idx = models.Index("(partner_id, company_id, planned_at DESC, id DESC)")

    @api.depends("state", "direction")
    @api.depends_context("lang")
    def _compute_state_label(self):
        """What a person reads: what came in was received, not delivered."""
        labels = dict(self._fields["state"]._description_selection(self.env))
        for row in self:
            arrived = row.direction == "in" and row.state in ("sent", "delivered")
            row.state_label = (
                self.env._("Received") if arrived else labels.get(row.state)
            )

    @api.depends("channel", "body")
    def _compute_body_html(self):
        for row in self:
            if row.channel in ("email", "post"):
                row.body_html = html_sanitize(row.body or "")
            else:
                row.body_html = plaintext2html(row.body) if row.body else False

    @api.depends("channel", "subject", "body", "purpose_id")
    def _compute_summary(self):
        for row in self:
            body = row.body or ""
            if body and not row.subject and row.channel in ("email", "post"):
                body = html2plaintext(body)
            text = row.subject or " ".join(body.split()) or row.purpose_id.name
            row.summary = shorten(text, SUMMARY_LENGTH) if text else False

    @api.depends("number", "company_id.country_id")
    def _compute_number_display(self):
        for row in self:
            row.number_display = format_number(
                row.number, row.company_id.sudo().country_id.code
            )

    def _search_number_display(self, operator, value):
        """Find a number as it is read, too: "(512) 555"."""
        if isinstance(value, str):
            value = to_kept_digits(value)
        return Domain("number", operator, value)

    @api.depends("partner_id", "number_display", "email")
    def _compute_customer_display(self):
        for row in self:
            row.customer_display = (
                row.partner_id.display_name or row.number_display or row.email
            )

    @api.model
    def _search_customer_display(self, operator, value):
        domain = Domain("partner_id", operator, value) | Domain(
            "email", operator, value
        )
        return domain | Domain("number_display", operator, value) if value else domain

    @api.depends("channel", "direction", "state")
    def _compute_kept_fields(self):
        for row in self:
            kept = row._origin._get_kept_fields() if row._origin else ()
            row.kept_fields = " ".join(sorted(kept))

    @api.depends("channel", "partner_id", "number", "subject", "purpose_id")
    def _compute_display_name(self):
        channels = dict(self._fields["channel"]._description_selection(self.env))
        for row in self:
            what = row.subject or row.purpose_id.name or channels.get(row.channel, "")
            row.display_name = " · ".join(filter(None, (row.customer_display, what)))

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            # A default, of the context or saved by the user, is a value like any other.
            defaults = self.default_get(
                [*PROTECTED_FIELDS, "planned_at", "purpose_id", *LINK_FIELDS]
            )
            vals_list = [
                self._prepare_staff_vals(vals, {**defaults, **vals})
                for vals in vals_list
            ]
        rows = super().create([self._prepare_planned_vals(vals) for vals in vals_list])
        rows._wake_dispatcher()
        return rows

    def write(self, vals):
        if not self.env.su:
            self._check_not_kept(vals)
            self._check_staff_may_link(vals)
        return super().write(vals)

    @api.model
    def _prepare_planned_vals(self, vals):
        """Return the ``vals`` of a new row with who it goes by: what is to be sent and
        nobody has a purpose for, no person pressed Send for."""
        if (
            vals.get("channel") in DISPATCHED_CHANNELS
            and vals.get("state", "planned") == "planned"
            and vals.get("direction", "out") == "out"
        ):
            return {"automatic": not vals.get("purpose_id"), **vals}
        return vals

    @api.model
    def _prepare_staff_vals(self, vals, given):
        """Return the ``vals`` of a row that staff enter, in a form, by import or RPC.

        :param given: ``vals`` with the defaults that apply
        :raises AccessError, UserError: for what staff may not enter
        """
        self._check_staff_may_create(given)
        self._check_staff_may_link(given)
        # In one's own name; a list of messages is no letter that a person writes.
        vals = {**vals, "user_id": self.env.uid}
        if given.get("channel") not in ("phone", "memo"):
            return {**vals, "automatic": True}
        now = fields.Datetime.now()
        moment = fields.Datetime.to_datetime(given.get("planned_at")) or now
        if moment > now + CLOCK_SKEW:
            raise UserError(
                self.env._(
                    "A call or memo is written down after it took place. Choose a date "
                    "that is not in the future, or plan an activity instead."
                )
            )
        return {**vals, "planned_at": moment, "state": "sent", "sent_at": moment}

    def _check_not_kept(self, vals):
        """:raises AccessError: when ``vals`` would rewrite what is kept"""
        taken = {name for row in self for name in row._get_kept_fields() & vals.keys()}
        if taken:
            labels = self.fields_get(taken, ["string"])
            raise AccessError(
                self.env._(
                    "The history of a customer is kept as it was written down (%s). "
                    "Write a memo to correct it.",
                    ", ".join(sorted(labels[name]["string"] for name in taken)),
                )
            )

    def _get_kept_fields(self):
        """Return the names of the fields that nobody may write on this row."""
        self.ensure_one()
        if not self._is_history():
            return PROTECTED_FIELDS
        linked = {name for name in LINK_FIELDS if self[name]}
        return PROTECTED_FIELDS | HISTORY_FIELDS | linked

    def _is_history(self):
        return (
            self.direction == "in" or self.state != "planned" or self.channel == "memo"
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        if not self.env.su:
            raise UserError(
                self.env._(
                    "The history of a customer is kept. Cancel a planned message "
                    "instead of deleting it."
                )
            )

    def _check_staff_may_create(self, vals):
        """Staff log calls and memos and plan messages; reports come from the system."""
        log = vals.get("channel") in ("phone", "memo")
        allowed_states = ("planned", "sent", None) if log else ("planned", None)
        if vals.get("user_id") not in (False, None, self.env.uid):
            raise AccessError(
                self.env._("Calls, memos and messages are entered in one's own name.")
            )
        refused = PROTECTED_FIELDS - {
            "channel",
            "company_id",
            "partner_id",
            "state",
            "user_id",
        }
        refused -= {"direction"} if log else set()
        if vals.get("state") not in allowed_states or any(
            vals.get(name)
            for name in refused
            if (name, vals.get(name)) != ("direction", "out")
        ):
            raise AccessError(
                self.env._(
                    "Only calls and memos can be entered as done; a message is planned "
                    "and sent by the system."
                )
            )

    @api.model
    def _check_staff_may_link(self, vals):
        """What one may not read must not get into a message, nor may one answer
        what no customer has asked.

        :raises AccessError: otherwise
        """
        for name in (*LINK_FIELDS, "purpose_id"):
            if vals.get(name):
                self.env[self._fields[name].comodel_name].browse(
                    vals[name]
                ).check_access("read")
        self._check_partner_of_company(vals)
        purpose = self.env["customer.interaction.purpose"].browse(
            vals.get("purpose_id") or ()
        )
        if purpose.answers_customer:
            raise AccessError(
                self.env._(
                    "“%s” is the answer to a text of a customer: only the system sends "
                    "it. Choose another purpose, or write the text yourself.",
                    purpose.name,
                )
            )

    @api.model
    def _check_partner_of_company(self, vals):
        """:raises UserError: for a customer of another location"""
        partner = self.env["res.partner"].browse(vals.get("partner_id") or ())
        company = self.env["res.company"].browse(
            vals.get("company_id") or self.env.company.id
        )
        if partner.company_id and partner.company_id != company:
            raise UserError(
                self.env._(
                    "%(customer)s is a customer of %(location)s alone. Choose that "
                    "location.",
                    customer=partner.display_name,
                    location=partner.company_id.display_name,
                )
            )

    # === PLAN ===

    @api.model
    def _plan(self, vals_list):
        """Plan messages; what has been planned before (same key) is left out.

        :param list vals_list: dicts of column values: ids for links, ``purpose`` (a
            code) or ``purpose_id``. ``company_id`` is the current company unless
            given, ``channel`` the purpose's, ``planned_at`` now. With ``body`` the
            message goes as it is written, else it is rendered from the purpose when
            it is due. ``dedupe_key`` names the occasion within the company.
            ``automatic`` tells that no person pressed Send for this very message;
            without a purpose that is so unless said otherwise.
        :return: the rows that are new, in the order given
        :raise AccessError: for a company that is not among the user's
        """
        self.check_access("create")
        now = fields.Datetime.now()
        purposes = self.env["customer.interaction.purpose"]
        rows = []
        for vals in vals_list:
            row = dict.fromkeys(PLAN_COLUMNS)
            row.update(company_id=self.env.company.id, direction="out")
            row.update({key: vals[key] for key in vals if key != "purpose"})
            if "purpose" in vals:
                company = self.env["res.company"].browse(row["company_id"])
                row["purpose_id"] = purposes._get(vals["purpose"], company).id or None
            row["state"] = "planned"
            row["planned_at"] = fields.Datetime.to_datetime(row["planned_at"]) or now
            if row["automatic"] is None:
                row["automatic"] = not row["purpose_id"]
            if not row["channel"]:
                row["channel"] = purposes.browse(row["purpose_id"]).sudo().channel
            if unknown := row.keys() - set(PLAN_COLUMNS) - {"state"}:
                raise ValueError(f"Not a column of a planned message: {unknown}")
            if not row["purpose_id"] and not row["body"]:
                raise ValueError("A planned message needs a purpose or a body")
            rows.append(row)
        self._check_companies({row["company_id"] for row in rows})
        new_ids = []
        for chunk in split_every(1000, rows):
            new_ids += self._insert_planned(chunk)
        planned = self.browse(new_ids)
        planned._wake_dispatcher(min((row["planned_at"] for row in rows), default=now))
        return planned

    def _check_companies(self, company_ids):
        if not self.env.su and (foreign := company_ids - set(self.env.companies.ids)):
            names = self.env["res.company"].sudo().browse(foreign).mapped("name")
            raise AccessError(
                self.env._("You do not work for %s at the moment.", ", ".join(names))
            )

    def _insert_planned(self, rows):
        columns = (
            *PLAN_COLUMNS,
            "create_uid",
            "write_uid",
            "create_date",
            "write_date",
        )
        uid, now = self.env.uid, self.env.cr.now()
        values = SQL(", ").join(
            SQL(
                "(%s)",
                SQL(", ").join(
                    SQL("%s", value)
                    for value in (
                        *(
                            row[c] if row[c] is not False or c == "automatic" else None
                            for c in PLAN_COLUMNS
                        ),
                        uid,
                        uid,
                        now,
                        now,
                    )
                ),
            )
            for row in rows
        )
        self.flush_model()
        inserted = self.env.execute_query(
            SQL(
                "INSERT INTO customer_interaction (%s) VALUES %s "
                "ON CONFLICT (company_id, dedupe_key) DO NOTHING RETURNING id",
                SQL(", ").join(SQL.identifier(column) for column in columns),
                values,
            )
        )
        return [row_id for (row_id,) in inserted]

    @api.model
    def _plan_query(self, columns, query, ctes=None, again=()):
        """Plan what a query finds, in one statement: as :meth:`_plan`, for very many.

        For plans that run as the system; the query decides whose rows it takes.

        :param list columns: names of columns, in the order of the query's. Among them
            must be ``company_id``, ``purpose_id``, ``channel``, ``planned_at`` and
            ``dedupe_key``
        :param SQL query: a SELECT, which may have a row twice
        :param SQL ctes: what follows WITH, for the query to select from
        :param again: kinds of reasons; what was not sent for one of them is planned
            once more
        :return: how many messages are new
        """
        defaults = {
            "direction": "out",
            "state": "planned",
            "automatic": True,
            "create_uid": self.env.uid,
            "write_uid": self.env.uid,
            "create_date": self.env.cr.now(),
            "write_date": self.env.cr.now(),
        }
        self.env.flush_all()
        insert = SQL(
            "INSERT INTO customer_interaction (%(names)s) "
            "SELECT %(given)s, %(defaults)s FROM (%(query)s) AS planned "
            "ON CONFLICT (company_id, dedupe_key) DO NOTHING",
            names=SQL(", ").join(map(SQL.identifier, (*columns, *defaults))),
            given=SQL(", ").join(SQL.identifier("planned", name) for name in columns),
            defaults=SQL(", ").join(SQL("%s", v) for v in defaults.values()),
            query=query,
        )
        ((count,),) = self.env.execute_query(
            SQL(
                "WITH %(ctes)s again AS (%(again)s RETURNING 1), "
                "new AS (%(insert)s RETURNING 1) "
                "SELECT (SELECT count(*) FROM new) + (SELECT count(*) FROM again)",
                ctes=SQL("%s,", ctes) if ctes else SQL(),
                again=self._get_plan_again_sql(columns, query, again),
                insert=insert,
            )
        )
        if count:
            self.invalidate_model()
            self._wake_queue()
        return count

    @api.model
    def _get_plan_again_sql(self, columns, query, reasons):
        """Return the statement that plans once more what fell for one of ``reasons``.

        A conflict of the INSERT would do as well, and lock every row that was planned
        before; this one touches only what fell.
        """
        now = self.env.cr.now()
        values = {
            **{
                name: SQL.identifier("planned", name)
                for name in columns
                if name not in ("company_id", "dedupe_key")
            },
            "state": "planned",
            "write_uid": self.env.uid,
            "write_date": now,
            **dict.fromkeys(
                (
                    "body",
                    "dispatched_at",
                    "email",
                    "failure_reason",
                    "number",
                    "provider_ref",
                    "reason_code",
                    "subject",
                )
            ),
        }
        return SQL(
            """UPDATE customer_interaction AS fallen SET %(values)s
                 FROM (%(query)s) AS planned
                WHERE fallen.company_id = planned.company_id
                  AND fallen.dedupe_key = planned.dedupe_key
                  AND fallen.state = 'cancelled'
                  AND fallen.reason_code IN %(reasons)s""",
            values=SQL(", ").join(
                SQL("%s = %s", SQL.identifier(name), value)
                for name, value in values.items()
            ),
            query=query,
            reasons=tuple(reasons) or (None,),
        )

    @api.model
    def _log(self, vals_list):
        """Write down what has already happened: a call, a memo, a text that came in."""
        return self.sudo().create(
            [{"state": "delivered", "direction": "in", **vals} for vals in vals_list]
        )

    def _wake_dispatcher(self, at=None):
        due = (
            self.filtered(
                lambda row: (
                    row.state == "planned" and row.channel in DISPATCHED_CHANNELS
                )
            )
            if at is None
            else self
        )
        if due:
            self._wake_queue(at or min(due.mapped("planned_at")))

    # === DISPATCH ===

    @api.model
    def _cron_dispatch(self):
        """Hand over what is due, batch by batch, until nothing is left.

        Each batch is one transaction that touches only the database: a crash leaves
        its rows planned. Several workers share the rows (SKIP LOCKED).
        """
        self._hold_interrupted()
        commit = self.env["ir.cron"]._commit_progress
        commit(remaining=self._count_due())
        while batch := self._without_conflict(self._dispatch_batch):
            if not commit(len(batch), remaining=self._count_due()):
                return
        # Whatever else is due, other workers have in hand.
        commit(remaining=0)

    @api.model
    def _dispatch_batch(self):
        """Dispatch as many due rows as one worker takes at a time; return them."""
        batch = self._claim_due()
        batch._dispatch_safely()
        # Should another worker have been first at something, then it shows here.
        self.env.flush_all()
        return batch

    @api.model
    def _get_queue_shares(self, limit):
        size = self._get_batch_size()
        count = self._count_due(limit * size)
        return {False: ceil(count / size)} if count else {}

    @api.model
    def _work_queue_share(self, part):
        batch = self._dispatch_batch()
        if batch.filtered_domain(self._get_due_domain()):
            # Their customers are in another worker's hand.
            self._wake_queue(fields.Datetime.now() + LOOK_AGAIN)
        return len(batch) >= self._get_batch_size()

    @api.model
    def _count_due(self, limit=None):
        return self.search_count(self._get_due_domain(), limit=limit)

    @api.model
    def _get_due_domain(self):
        return [
            ("state", "=", "planned"),
            ("direction", "=", "out"),
            ("channel", "in", DISPATCHED_CHANNELS),
            ("planned_at", "<=", fields.Datetime.now()),
        ]

    @api.model
    def _get_batch_size(self):
        return self._get_share_size("auto_shop.dispatch_batch_size", BATCH_SIZE)

    @api.model
    def _claim_due(self):
        """Lock due rows that no other worker has, oldest first."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """SELECT id FROM customer_interaction
                    WHERE state = 'planned' AND direction = 'out'
                      AND channel IN %s AND planned_at <= %s
                 ORDER BY planned_at, id LIMIT %s
                      FOR UPDATE SKIP LOCKED""",
                DISPATCHED_CHANNELS,
                fields.Datetime.now(),
                self._get_batch_size(),
            ),
            # Another worker's commit may come between: that is no error.
            log_exceptions=False,
        )
        rows = self.env.cr.fetchall()
        return self.browse(row_id for (row_id,) in rows)

    def _dispatch_safely(self):
        """Dispatch rows; one that cannot be prepared must not hold up the others."""
        try:
            with self.env.cr.savepoint():
                self._dispatch()
        except BAD_ROW_ERRORS:
            for row in self:
                try:
                    with self.env.cr.savepoint():
                        row._dispatch()
                except BAD_ROW_ERRORS as error:
                    _logger.exception("Interaction %s cannot be dispatched", row.id)
                    row._set_state(
                        "failed",
                        self.env._("It could not be prepared: %s", error),
                        "no_wording",
                    )

    def _dispatch(self):
        """Check rows that are due and give them to the queue of their channel."""
        remaining = self._drop_superseded()
        remaining = remaining._drop_blocked()
        remaining = remaining._postpone_for_hours()
        remaining = remaining._postpone_over_limit()
        remaining = remaining._fill_wording()
        for channel, rows in remaining.grouped("channel").items():
            getattr(rows, f"_hand_over_{channel}")()

    def _still_due(self):
        """Return the rows whose occasion still holds; addons take more away.

        A message about an appointment falls when that was moved or cancelled since.
        """
        about_event = self.filtered("told_start")
        stale = about_event.filtered(
            lambda row: (
                not row.event_id._notice_still_holds(
                    row.purpose_id.code, row.told_start
                )
            )
        )
        return self - stale

    def _drop_superseded(self):
        holding = self._still_due()
        (self - holding)._set_state(
            "cancelled", self.env._("No longer true"), "superseded"
        )
        return holding

    def _block_reasons(self):
        """Return why rows must not go: ``{id: (reason_code, sentence)}``.

        Consent and address of each channel, looked at for the whole batch.
        """
        reasons = {}
        for channel, rows in self.grouped("channel").items():
            reasons.update(getattr(rows, f"_block_reasons_{channel}")())
        return reasons

    def _block_reasons_sms(self):
        reasons = {}
        for location, rows in self.grouped("company_id").items():
            reasons.update(rows._block_reasons_sms_of(location))
        return reasons

    def _block_reasons_sms_of(self, location):
        """The customer's consent; a direct answer only needs a number not stopped.

        :param location: whose texts these are; a START is for the one it was texted to
        """
        codes = {
            "no_number": "no_address",
            "invalid_number": "invalid_address",
            "not_mobile": "invalid_address",
            "no_consent": "no_consent",
            "number_stopped": "opted_out",
            "customer_stopped": "opted_out",
        }
        partners = self.partner_id.with_company(location)
        by_partner = partners._text_block_reasons()
        stopped_numbers = partners._get_blocked_numbers_sudo(self.mapped("number"))
        reasons = {}
        for row in self:
            code, sentence = by_partner.get(row.partner_id.id) or (None, None)
            if row.number in stopped_numbers:
                # When and how is said where it is the customer's own number.
                if code not in ("customer_stopped", "number_stopped"):
                    code = "number_stopped"
                    sentence = self.env._(
                        "%s has opted out of texts", row.number_display
                    )
            elif row.purpose_id.answers_customer and row.number:
                # Answering what has just been asked needs no further consent.
                if code != "customer_stopped":
                    continue
            elif not row.partner_id:
                code = "no_consent"
                sentence = self.env._("The number belongs to no customer")
            elif not code and row.number and not row._is_number_of_customer():
                # It was changed while the text waited in the queue.
                code = "invalid_number"
                sentence = self.env._(
                    "%(number)s is not a number of %(customer)s (any more)",
                    number=row.number_display,
                    customer=row.partner_id.display_name,
                )
            if code:
                reasons[row.id] = (codes[code], sentence)
        return reasons

    def _is_number_of_customer(self):
        self.ensure_one()
        partner = self.partner_id
        return self.number in (partner.text_number, partner.mobile, partner.phone)

    def _block_reasons_email(self):
        return self._block_reasons_mail(
            lambda partners, marketing, honour: partners._mail_block_reasons(
                marketing=marketing, honour_do_not_mail=honour
            )
        )

    def _block_reasons_post(self):
        return self._block_reasons_mail(
            lambda partners, marketing, honour: partners._post_block_reasons(
                honour_do_not_mail=honour
            )
        )

    def _block_reasons_mail(self, get_reasons):
        """What somebody sends by hand, and what the customer waits for, goes in spite
        of Do Not Mail."""
        codes = {
            "no_email": "no_address",
            "no_address": "no_address",
            "bad_address": "invalid_address",
            "invalid_email": "invalid_address",
            "bounced": "invalid_address",
            "do_not_mail": "do_not_mail",
            "blacklisted": "opted_out",
        }
        reasons = {}
        for (marketing, honour), rows in self.grouped(
            lambda row: (
                row.purpose_id.category == "marketing" or row._is_mailing(),
                row._honours_do_not_mail(),
            )
        ).items():
            by_partner = get_reasons(rows.partner_id, marketing, honour)
            for row in rows:
                if not row.partner_id:
                    reasons[row.id] = ("no_address", self.env._("No customer"))
                elif found := by_partner.get(row.partner_id.id):
                    reasons[row.id] = (codes[found[0]], found[1])
        return reasons

    def _is_mailing(self):
        """Whether nobody knows what it is for and no person wrote it to this customer:
        such as a list of messages that was imported."""
        self.ensure_one()
        return self.automatic and not self.purpose_id

    def _honours_do_not_mail(self):
        self.ensure_one()
        return self.purpose_id.honour_do_not_mail or self._is_mailing()

    def _drop_blocked(self):
        reasons = self._block_reasons()
        blocked = self.filtered(lambda row: row.id in reasons)
        for reason, rows in blocked.grouped(lambda row: reasons[row.id]).items():
            rows._set_state("cancelled", reason[1], reason[0])
        return self - blocked

    def _postpone_for_hours(self):
        """Leave for later what may not go at this hour at the customer's place."""
        later = defaultdict(self.browse)
        closed = self.browse()
        for row, allowed in self._get_quiet_until().items():
            if allowed is None:
                closed += row
            else:
                later[allowed] += row
        closed._set_state(
            "cancelled",
            self.env._("There is no hour at which this customer may be written to"),
            "hours_closed",
        )
        return self - closed - self._postpone(later)

    def _get_quiet_until(self):
        """Return ``{row: moment}`` of the rows that may not go at this hour.

        The moment is ``None`` where no day has hours.
        """
        quiet_hours = self.env["customer.quiet.hours"]
        now = fields.Datetime.now()
        bound = self.filtered(
            lambda row: (
                row.channel != "post"
                and not row.purpose_id.ignore_quiet_hours
                and (row.automatic or row.purpose_id or row._is_planned_ahead())
            )
        )
        moments = {
            row: quiet_hours._next_allowed(
                now, row.channel, row._get_tz(), row.company_id, *row._get_place()
            )
            for row in bound
        }
        return {row: moment for row, moment in moments.items() if moment != now}

    def _is_planned_ahead(self):
        """Whether a person wrote it for later, so that nobody waits for it now."""
        self.ensure_one()
        return self.planned_at > self.create_date + WRITTEN_NOW

    def _postpone_over_limit(self):
        """Leave for tomorrow what is too much for today."""
        over, busy = self._get_over_limit()
        later = defaultdict(self.browse)
        for row, moment in over.items():
            later[moment] += row
        return self - busy - self._postpone(later)

    def _get_over_limit(self):
        """At most so many automatic messages a customer and day (company setting).

        :return: ``{row: moment}`` of those that wait for tomorrow, and the rows whose
            customer another worker is busy with
        """
        automatic = self.filtered("automatic")
        over = {}
        if not automatic:
            return over, automatic
        # Two workers must not both count before either has sent.
        held = set(automatic._lock_customers())
        busy = automatic.filtered(lambda row: row.partner_id.id not in held)
        for company, rows in (automatic - busy).grouped("company_id").items():
            limit = company.automatic_message_limit
            if not limit:
                continue
            zone = pytz.timezone(company._get_shop_tz())
            today = pytz.utc.localize(fields.Datetime.now()).astimezone(zone).date()
            midnight, tomorrow = (
                zone.localize(datetime.combine(day, time.min))
                .astimezone(pytz.utc)
                .replace(tzinfo=None)
                for day in (today, today + timedelta(days=1))
            )
            counts = Counter(
                {
                    partner.id: count
                    for partner, count in self._read_group(
                        [
                            ("company_id", "=", company.id),
                            ("partner_id", "in", rows.partner_id.ids),
                            ("automatic", "=", True),
                            ("dispatched_at", ">=", midnight),
                        ],
                        ["partner_id"],
                        ["__count"],
                    )
                }
            )
            for row in rows:
                if counts[row.partner_id.id] >= limit:
                    over[row] = tomorrow
                else:
                    counts[row.partner_id.id] += 1
        return over, busy

    def _hand_over_within_limit(self):
        """Take on texts that are in the queue already and did not pass the dispatcher.

        :return: ``{id: moment}`` of those that have to wait
        """
        over, busy = self._get_over_limit()
        soon = fields.Datetime.now() + timedelta(minutes=1)
        waiting = {row.id: moment for row, moment in over.items()}
        waiting.update(dict.fromkeys(busy.ids, soon))
        self.filtered(lambda row: row.id not in waiting).sudo().write(
            {"dispatched_at": fields.Datetime.now()}
        )
        return waiting

    def _lock_customers(self):
        """Take a transaction lock on each customer; return those that were free."""
        rows = self.env.execute_query(
            SQL(
                """SELECT partner FROM unnest(%s) AS partner
                    WHERE pg_try_advisory_xact_lock(
                              'customer_interaction'::regclass::oid::int, partner)""",
                self.partner_id.ids,
            )
        )
        return [partner_id for (partner_id,) in rows]

    def _postpone(self, later):
        postponed = self.browse()
        for moment, rows in later.items():
            rows.sudo().write({"planned_at": moment})
            rows._wake_dispatcher(moment)
            postponed += rows
        return postponed

    def _fill_wording(self):
        """Render what no person has worded, by batch; drop what has no wording."""
        unworded = self.filtered(lambda row: not row.body)
        failed = self.browse()
        empty = self.browse()
        for (purpose, channel), rows in unworded.grouped(
            lambda row: (row.purpose_id, row.channel)
        ).items():
            if not purpose._has_wording(channel):
                failed += rows
                continue
            rendered = purpose._render(rows, channel)
            worded = rows.filtered(
                lambda row, texts=rendered: row.id in texts and texts[row.id]["body"]
            )
            empty += rows - worded
            for row in worded.sudo():
                row.body = rendered[row.id]["body"]
                row.subject = row.subject or rendered[row.id]["subject"]
        empty._set_state(
            "failed",
            self.env._(
                "The wording of its purpose cannot be filled in, or leaves nothing to "
                "say, for this customer"
            ),
            "no_wording",
        )
        failed._set_state(
            "failed",
            self.env._("Its purpose has no wording for this channel"),
            "no_wording",
        )
        return self - failed - empty

    # === HAND OVER ===

    def _hand_over_sms(self):
        """Give texts to the text queue, which claims each before it calls out."""
        rows_sudo = self.sudo()
        for row in rows_sudo:
            row.number = row.number or row.partner_id.text_number
        self._mark_dispatched()
        self.env["sms.sms"].sudo().create(
            [
                {
                    "interaction_id": row.id,
                    "number": row.number,
                    "body": row.body,
                    "partner_id": row.partner_id.id,
                    "record_company_id": row.company_id.id,
                }
                for row in rows_sudo
            ]
        )
        self.env["customer.text.thread"]._touch(rows_sudo)

    def _hand_over_email(self):
        """Give e-mails to Odoo's mail queue and wake it: it sleeps an hour."""
        rows_sudo = self.sudo()
        self._mark_dispatched()
        mails_sudo = (
            self.env["mail.mail"].sudo()._queue_many(rows_sudo._prepare_mail_vals())
        )
        # Each row its own value: one statement instead of a write for each.
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """UPDATE customer_interaction AS row
                      SET provider_ref = message.message_id, email = mail.email_to
                     FROM mail_mail AS mail
                     JOIN mail_message AS message ON message.id = mail.mail_message_id
                    WHERE mail.interaction_id = row.id AND mail.id IN %s""",
                tuple(mails_sudo.ids),
            )
        )
        rows_sudo.invalidate_recordset(["provider_ref", "email"])
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _prepare_mail_vals(self):
        pages = {}
        urls = self._get_unsubscribe_urls()
        senders = {company: company._get_email_sender() for company in self.company_id}
        vals_list = []
        for row in self:
            url = urls.get(row.id)
            key = (row.company_id, row._get_lang(), bool(url))
            if key not in pages:
                pages[key] = row._get_email_layout(bool(url))
            sender, reply_to = senders[row.company_id]
            vals_list.append(
                {
                    "interaction_id": row.id,
                    # A name may hold line breaks, which no header can take.
                    "subject": " ".join((row.subject or "").split()),
                    "body_html": row._fill_email_layout(pages[key], row.body, url),
                    "email_from": sender,
                    "reply_to": reply_to,
                    "email_to": row.email or row.partner_id.email_normalized,
                    "model": "res.partner",
                    "res_id": row.partner_id.id,
                    "record_company_id": row.company_id.id,
                    # The message stays on the customer, the queue entry does not.
                    "is_notification": True,
                    "auto_delete": True,
                    "message_type": "email_outgoing",
                    "headers": repr(row._get_email_headers(url)),
                }
            )
        return vals_list

    # What differs from customer to customer in a page that is rendered for a batch.
    _body_marker = Markup("<!-- message -->")
    _unsubscribe_marker = "https://unsubscribe.invalid/"

    def _get_email_layout(self, unsubscribe=False):
        """Return the page around the message, rendered once for a batch.

        :param bool unsubscribe: whether its foot has a link to unsubscribe
        """
        self.ensure_one()
        lang = self._get_lang()
        return str(
            self.env["ir.qweb"]
            .with_context(lang=lang)
            ._render(
                "auto_shop.customer_email_layout",
                {
                    "direction": self.env["res.lang"]._get_data(code=lang).direction,
                    "shop": self.company_id._get_letterhead(),
                    "body": self._body_marker,
                    "unsubscribe_url": unsubscribe and self._unsubscribe_marker,
                },
            )
        )

    def _fill_email_layout(self, page, body, unsubscribe_url=None):
        """Put what is this customer's own into a page of :meth:`_get_email_layout`."""
        page = page.replace(self._unsubscribe_marker, unsubscribe_url or "")
        return page.replace(str(self._body_marker), body, 1)

    def _get_unsubscribe_urls(self):
        """Return ``{id: url}`` of the e-mails that Do Not Mail would stop."""
        return self.env["customer.unsubscribe"]._get_urls(
            self.filtered(lambda row: row._honours_do_not_mail())
        )

    def _get_email_headers(self, unsubscribe_url=None):
        """Return extra e-mail headers; a hook for addons."""
        headers = {"X-Auto-Response-Suppress": "OOF"}
        if unsubscribe_url:
            # RFC 8058: the mail program shows a button of its own, and posts.
            headers["List-Unsubscribe"] = f"<{unsubscribe_url}>"
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return headers

    def _mark_dispatched(self):
        self._set_state("queued", dispatched_at=fields.Datetime.now())

    # === TRACK ===

    def _set_state(self, state, reason=None, code=None, **vals):
        """Move rows to ``state`` where that may follow the present one.

        :param str reason: in words, for the person who reads the history
        :param str code: its kind, see ``REASONS``
        :return: the rows that changed
        """
        changing = self.sudo().filtered(lambda row: row.state in MAY_FOLLOW[state])
        if not changing:
            return self.browse()
        vals.update(
            state=state, failure_reason=reason or False, reason_code=code or False
        )
        now = fields.Datetime.now()
        if state in ("sent", "delivered"):
            changing.filtered(lambda row: not row.sent_at).write({"sent_at": now})
        if state == "delivered":
            vals["delivered_at"] = now
        changing.write(vals)
        return self.browse(changing.ids)

    def _filter_sent_to(self, email_from):
        """Return the e-mails to which an answer from this sender is the customer's.

        He answers from the address that it went to, or from another one of his: his
        own, that of his company or of a colleague there.

        :param str email_from: the sender as an e-mail names it
        """
        sender = email_normalize(email_from)
        if not sender:
            return self.browse()
        # As superuser: the gateway is no member of staff.
        families = self.sudo().partner_id.commercial_partner_id
        known = (
            self.env["res.partner"]
            .sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("commercial_partner_id", "in", families.ids),
                    ("email_normalized", "=", sender),
                ]
            )
            .commercial_partner_id
        )
        return self.filtered(
            lambda row: (
                email_normalize(row.email) == sender
                or row.partner_id.commercial_partner_id in known
            )
        )

    @api.model
    def _hold_interrupted(self):
        """Settle what an interrupted mail queue has left; see ``mail.mail``."""
        self.env["mail.mail"].sudo()._hold_interrupted()

    # === ACTIONS ===

    def action_send_again(self):
        """Plan failed, unknown or cancelled messages once more, by a person's will."""
        self.check_access("write")
        again = self.filtered(
            lambda row: row.direction == "out" and row.channel in DISPATCHED_CHANNELS
        )
        changed = again._set_state("planned", planned_at=fields.Datetime.now())
        changed.sudo().write({"provider_ref": False, "user_id": self.env.uid})
        # It goes to where the customer is reached now: a number may have been mistyped.
        changed.sudo().filtered(
            lambda row: row.partner_id and not row.purpose_id.answers_customer
        ).write({"number": False, "email": False})
        changed._wake_dispatcher()
        return True

    def action_mark_sent(self):
        """A person has seen that the customer got it."""
        self.check_access("write")
        self.filtered(lambda row: row.state == "unknown")._set_state("sent")
        return True

    def action_cancel(self):
        """Block planned messages once."""
        self.check_access("write")
        self.filtered(lambda row: row.state == "planned")._set_state(
            "cancelled", self.env._("Blocked by %s", self.env.user.name), "blocked"
        )
        return True

    def action_mark_read(self):
        """Somebody has read these replies."""
        self.check_access("write")
        unread = self.filtered("is_unread")
        texts = unread.filtered(lambda row: row.channel == "sms")
        (unread - texts).is_unread = False
        threads = self.env["customer.text.thread"]
        for (company, partner, number), _rows in texts.grouped(
            lambda row: (
                row.company_id,
                row.partner_id,
                False if row.partner_id else row.number,
            )
        ).items():
            threads |= threads._get_thread(company, partner, number)
        threads.action_mark_read()
        return True

    # === SCREENS ===

    def _get_postal_lines(self):
        """Return name and address as the post wants them, line by line.

        The country is left out within the location's own.
        """
        self.ensure_one()
        partner = self.partner_id
        foreign = partner.country_id != self.company_id.country_id
        address = partner._display_address(without_company=True)
        lines = [partner.name, *address.split("\n")]
        if not foreign and lines[-1].strip() == (partner.country_id.name or "").strip():
            lines.pop()
        return [line.strip() for line in lines if line and line.strip()]

    def _get_preview_html(self, rendered):
        """Return an e-mail or postcard as the customer would see it, a whole page."""
        self.ensure_one()
        if self.channel == "post":
            return self._preview_postcard(rendered)[0]
        url = self._get_unsubscribe_urls().get(self.id)
        body = html_sanitize(rendered["body"], sanitize_attributes=False)
        return self._fill_email_layout(self._get_email_layout(bool(url)), body, url)

    def _get_conversation_texts(self):
        """Return these texts as the conversation screen shows them, in their order."""
        states = dict(self._fields["state"]._description_selection(self.env))
        return [
            {
                "id": row.id,
                "direction": row.direction,
                "body": row.body or row.purpose_id.name or "",
                "is_worded": bool(row.body),
                "state": row.state,
                "state_label": states[row.state],
                "reason": row.failure_reason or "",
                "date": fields.Datetime.to_string(
                    row.planned_at
                    if row.state == "planned"
                    else row.sent_at or row.planned_at
                ),
                "author": row.user_id.name or "",
                "purpose": row.purpose_id.name or "",
                "is_unread": row.is_unread,
            }
            for row in self
        ]

    # === LINKS ===

    def _get_tracked_links_sudo(self, url, title):
        """Return ``{id: short link}`` to a page: following it sets ``clicked_at``.

        One link for each message and page, so that a click tells whose it was; the
        same one when it is rendered again. As superuser: the link belongs to the
        message, whoever renders that. A message that is only previewed gets a sample.

        :param str url: the page, the same for all these messages
        :param str title: what staff read in the list of links
        """
        kept = self.filtered(lambda row: isinstance(row.id, int))
        links = {
            row.id: urljoin(row.get_base_url(), f"/r/{SAMPLE_CODE}")
            for row in self - kept
        }
        if not kept:
            return links
        trackers = self.env["link.tracker"].sudo()
        known = trackers.search([("interaction_id", "in", kept.ids), ("url", "=", url)])
        new = kept - known.interaction_id
        known += trackers.create(
            [
                {
                    "url": url,
                    # Without a title Odoo would fetch the page.
                    "title": title,
                    # One link for a page and label.
                    "label": f"customer.interaction {row.id}",
                    "interaction_id": row.id,
                }
                for row in new
            ]
        )
        # Odoo's own `short_url` searches the code of each link by itself.
        for tracker in known:
            code = tracker.link_code_ids.sorted("id")[-1:].code
            links[tracker.interaction_id.id] = urljoin(tracker.short_url_host, code)
        return links

    # === MERGE FIELDS ===

    @api.model
    def _merge_fields(self):
        """Return the merge fields of a wording, ``{name: label}``; addons add."""
        return {
            "customer_name": self.env._("Name of the customer"),
            "first_name": self.env._("First name of the customer"),
            "last_name": self.env._("Last name of the customer"),
            "shop_name": self.env._("Name of the shop"),
            "shop_phone": self.env._("Phone of the shop"),
            "shop_email": self.env._("E-mail of the shop"),
            "shop_address": self.env._("Address of the shop in one line"),
            "staff_name": self.env._("Name of the member of staff"),
            "vehicle": self.env._("Year, make and model"),
            "vehicle_year": self.env._("Year of the vehicle"),
            "vehicle_make": self.env._("Make of the vehicle"),
            "vehicle_model": self.env._("Model of the vehicle"),
            "license_plate": self.env._("License plate"),
            "appointment_date": self.env._("Day of the appointment"),
            "appointment_time": self.env._("Time of the appointment"),
            "appointment_place": self.env._("Place of the appointment"),
            "order_number": self.env._("Number of the work order"),
        }

    def _merge_values(self, names):
        """Return ``{id: {name: value}}`` for the merge fields ``names``.

        Values are text, or lists of text; none is ever missing or ``False``.
        """
        return {
            row.id: {
                name: getattr(row, f"_merge_{name}")() or ""
                for name in names
                if hasattr(row, f"_merge_{name}")
            }
            for row in self
        }

    def _merge_customer_name(self):
        return self.partner_id.name

    def _merge_first_name(self):
        return self.partner_id.first_name

    def _merge_last_name(self):
        return self.partner_id.last_name

    def _merge_shop_name(self):
        return self.company_id.name

    def _merge_shop_phone(self):
        return self.company_id._get_phone_label()

    def _merge_shop_email(self):
        return self.company_id.email

    def _merge_shop_address(self):
        return self.company_id._get_address_line()

    def _merge_staff_name(self):
        return self.user_id.name

    def _merge_vehicle(self):
        vehicle = self.vehicle_id
        return " ".join(
            filter(
                None,
                (str(vehicle.year or ""), vehicle.make_id.name, vehicle.model_id.name),
            )
        )

    def _merge_vehicle_year(self):
        return str(self.vehicle_id.year or "")

    def _merge_vehicle_make(self):
        return self.vehicle_id.make_id.name

    def _merge_vehicle_model(self):
        return self.vehicle_id.model_id.name

    def _merge_license_plate(self):
        return self.vehicle_id.license_plate

    def _merge_appointment_date(self):
        start = self._get_appointment_start()
        if not start:
            return ""
        locale = babel_locale_parse(self._get_lang())
        # Each language has its own order of day and month, which many give for short
        # names only; the long ones take their places (Unicode TR 35, skeletons).
        skeletons = locale.datetime_skeletons
        pattern = (skeletons.get("MMMMEd") or skeletons["MMMEd"]).pattern
        for short, long in (("E+", "EEEE"), ("[ML]+", "MMMM")):
            pattern = re.sub(short, long, pattern)
        return babel.dates.format_date(start, pattern, locale=locale)

    def _merge_appointment_time(self):
        start = self._get_appointment_start()
        if not start:
            return ""
        shown = format_time(
            self.env, start.time(), time_format="short", lang_code=self._get_lang()
        )
        # The narrow blank before AM is not in the alphabet of texts: one of it makes
        # a text cost double.
        return shown.replace("\u202f", " ")

    def _merge_appointment_place(self):
        return self.event_id.location or self._merge_shop_address()

    def _merge_order_number(self):
        return self.work_order_id.name

    def _get_appointment_start(self):
        """Local start at the shop: the customer comes there, wherever he is now."""
        start = self.told_start or self.event_id.start
        if not start:
            return None
        zone = pytz.timezone(self.company_id._get_shop_tz())
        return pytz.utc.localize(start).astimezone(zone)

    def _get_lang(self):
        """The customer's language where it is installed, else the location's."""
        return self.partner_id._get_message_lang(self.company_id)

    def _get_place(self):
        """Country and state whose rules protect this customer.

        Without an address he is taken for a neighbour of the shop, so that the rules
        of its state hold rather than none.
        """
        partner, company = self.partner_id, self.company_id
        country = partner.country_id or company.country_id
        state = partner.state_id
        if not state and country == company.country_id:
            state = company.state_id
        return country, state

    def _get_tz(self):
        """Name of the time zone in which this customer's hours count."""
        own = self.partner_id.tz
        # A zone of an older database may be gone; one such row would stop all others.
        if own in pytz.all_timezones_set:
            return own
        return self.company_id._get_shop_tz()
