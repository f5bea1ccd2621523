# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_date

from .customer_contact_rule import CHANNELS, KINDS

# How far ahead a manager sees what will be sent, the next day to be planned among
# them.
DAYS_AHEAD = 7
# A message that fell for one of these is planned again where it is still due: the
# appointment was moved back, another address was found.
PLANNED_AGAIN = (
    "superseded",
    "do_not_mail",
    "no_address",
    "invalid_address",
    "opted_out",
    "no_consent",
)
# Whom nobody could reach is kept so long: statistics compare years.
KEPT_DAYS = 2 * 366
# So many test messages at once.
MOST_TESTS = 10
REASONS = [
    ("no_email", "No e-mail address"),
    ("invalid_email", "E-mail address not valid"),
    ("bounced", "E-mails come back"),
    ("no_address", "No postal address"),
    ("bad_address", "Postal address not valid"),
    ("do_not_mail", "Do Not Mail"),
    ("blacklisted", "E-mail address blocked"),
]


class CustomerContactDue(models.Model):
    """What will be sent in the next days, and whom it cannot reach.

    The rows are made by the same queries that plan the messages of the night
    (:meth:`_get_due_query`), so the list cannot promise anything else. What could not
    be sent for want of consent or address stays, as the record of it.
    """

    _name = "customer.contact.due"
    _description = "Follow-Up That Is Due"
    _order = "due_date, kind, id"
    _rec_name = "partner_id"

    company_id = fields.Many2one(
        "res.company", string="Location", required=True, ondelete="cascade"
    )
    kind = fields.Selection(KINDS, string="Message", required=True)
    channel = fields.Selection(CHANNELS)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, ondelete="cascade", index=True
    )
    email = fields.Char(related="partner_id.email", string="E-mail")
    phone = fields.Char(compute="_compute_phone")
    vehicle_id = fields.Many2one("customer.vehicle", ondelete="cascade", index=True)
    event_id = fields.Many2one(
        "calendar.event",
        string="Appointment",
        ondelete="cascade",
        index="btree_not_null",
    )
    work_order_id = fields.Many2one(
        "sale.order", ondelete="cascade", index="btree_not_null"
    )
    occasion_date = fields.Date(
        string="About",
        help="The day of the appointment, or of the visit or invoice that it counts "
        "from.",
    )
    due_date = fields.Date(string="Goes Out On", required=True)
    fell_due_on = fields.Date(
        help="Earlier than the day on which it goes out where that was missed."
    )
    state = fields.Selection(
        [
            ("due", "Will be sent"),
            ("blocked", "Blocked"),
            ("unreachable", "Could not reach"),
        ],
        required=True,
        default="due",
    )
    reason_code = fields.Selection(REASONS, string="Why Not")
    post_reason_code = fields.Selection(REASONS, string="Why No Postcard")
    reason = fields.Char(string="Why Not Reached", compute="_compute_reason")
    dedupe_key = fields.Char(required=True)
    message_subject = fields.Char(string="Subject", compute="_compute_message")
    message_html = fields.Text(string="Message Page", compute="_compute_message")

    _key_unique = models.UniqueIndex("(company_id, dedupe_key)")
    _due_idx = models.Index("(company_id, due_date, kind, id)")

    @api.depends("partner_id.mobile", "partner_id.phone")
    def _compute_phone(self):
        for due in self:
            due.phone = due.partner_id.mobile or due.partner_id.phone

    @api.depends("state", "reason_code", "post_reason_code")
    @api.depends_context("lang")
    def _compute_reason(self):
        labels = dict(self._fields["reason_code"]._description_selection(self.env))
        for due in self:
            codes = (due.reason_code, due.post_reason_code)
            if due.state == "unreachable":
                due.reason = ", ".join(labels[code] for code in codes if code)
            else:
                due.reason = False

    @api.depends("kind", "channel", "partner_id", "vehicle_id", "event_id")
    def _compute_message(self):
        """The message as the customer would get it today."""
        for due in self:
            row, rendered = due._render_message()
            due.message_subject = rendered["subject"]
            due.message_html = row._get_preview_html(rendered) if row else ""

    # === PLAN ===

    @api.model
    def _plan_due(self, setup, today):
        """Plan the messages that are due by today, and no older than the grace period.

        One statement for each kind. What cannot reach anybody is kept as such.

        :return: how many messages are new
        """
        self.env.flush_all()
        first = today - timedelta(days=setup.grace_days)
        interactions = self.env["customer.interaction"]
        planned = 0
        for kind, _label in KINDS:
            query = self._get_due_query(setup, kind, first, today)
            if query is None:
                continue
            planned += interactions._plan_query(
                (
                    "company_id",
                    "purpose_id",
                    "channel",
                    "planned_at",
                    "dedupe_key",
                    "partner_id",
                    "vehicle_id",
                    "event_id",
                    "work_order_id",
                    "occasion_date",
                    "due_date",
                ),
                SQL(
                    """SELECT %(company)s AS company_id, %(purpose)s AS purpose_id,
                              reach AS channel, %(now)s::timestamp AS planned_at,
                              dedupe_key, partner_id, vehicle_id, event_id,
                              work_order_id, occasion_date, due_date
                         FROM due
                        WHERE reach = channel""",
                    company=setup.company_id.id,
                    purpose=self._get_purpose(kind, setup.company_id).id,
                    now=fields.Datetime.now(),
                ),
                ctes=SQL(
                    "due AS MATERIALIZED (%s), lost AS (%s)",
                    query,
                    self._get_upsert_sql(
                        setup,
                        kind,
                        self._get_list_sql(
                            setup, SQL("due"), SQL("due.reach IS NULL"), today
                        ),
                    ),
                ),
                again=PLANNED_AGAIN,
            )
        return planned

    @api.model
    def _refresh(self, setup):
        """Work out the next days of a location anew."""
        self.env.flush_all()
        company = setup.company_id
        # Two managers who open the list at once must not both fill it.
        ((stamp,),) = self.env.execute_query(
            SQL(
                """SELECT clock_timestamp() AT TIME ZONE 'UTC'
                     FROM pg_advisory_xact_lock(
                              'customer_contact_due'::regclass::int, %s)""",
                company.id,
            )
        )
        for kind, _label in KINDS:
            query = self._get_ahead_query(setup, kind)
            if query is not None:
                self.env.cr.execute(self._get_upsert_sql(setup, kind, query))
        next_day = setup._get_next_run_day()
        # What could not reach anybody at first, and was sent in the days of grace.
        self.env.cr.execute(
            SQL(
                """DELETE FROM customer_contact_due AS due
                    USING customer_interaction AS done
                    WHERE due.company_id = %(company)s AND due.state = 'unreachable'
                      AND due.due_date >= %(since)s AND done.company_id = due.company_id
                      AND done.dedupe_key = due.dedupe_key
                      AND done.state <> 'cancelled'""",
                company=company.id,
                since=next_day - timedelta(days=setup.grace_days + 1),
            )
        )
        self.env.cr.execute(
            SQL(
                """DELETE FROM customer_contact_due
                    WHERE company_id = %(company)s AND write_date < %(stamp)s
                      AND (due_date >= %(next_day)s OR state <> 'unreachable')""",
                company=company.id,
                stamp=stamp,
                next_day=next_day,
            )
        )
        self.invalidate_model()

    @api.model
    def _count_ahead(self, setup):
        """Return how many messages the next days bring, by kind and channel.

        :param setup: also one of a form that is not saved yet
        :return: ``{kind: {"email": count, "post": count, "unreachable": count}}``
        """
        self.env.flush_all()
        counts = {}
        for kind, _label in KINDS:
            query = self._get_ahead_query(setup, kind)
            if query is None:
                continue
            counts[kind] = {"email": 0, "post": 0, "unreachable": 0} | dict(
                self.env.execute_query(
                    SQL(
                        """SELECT COALESCE(channel, 'unreachable'), count(*)
                             FROM (%s) AS listed
                            WHERE state = 'due'
                               OR (state = 'unreachable' AND due_date >= %s)
                         GROUP BY 1""",
                        query,
                        setup._get_next_run_day(),
                    )
                )
            )
        return counts

    @api.model
    def _get_days_ahead(self):
        return DAYS_AHEAD

    @api.model
    def _get_ahead_query(self, setup, kind):
        """Return what the next days bring of one kind, late messages among it."""
        next_day = setup._get_next_run_day()
        query = self._get_due_query(
            setup,
            kind,
            next_day - timedelta(days=setup.grace_days),
            next_day + timedelta(days=DAYS_AHEAD - 1),
        )
        if query is None:
            return None
        return self._get_list_sql(
            setup,
            SQL("(%s)", query),
            SQL("due.reach = due.channel OR due.reach IS NULL"),
            next_day,
        )

    @api.model
    def _get_list_sql(self, setup, source, condition, next_day):
        """Return the rows of the list that is due and not done yet.

        :param SQL source: a table of what is due
        :param SQL condition: on its rows
        :param date next_day: when the next messages go out, late ones too
        """
        return SQL(
            """SELECT DISTINCT ON (due.dedupe_key)
                      due.reach AS channel, due.partner_id, due.vehicle_id,
                      due.event_id, due.work_order_id, due.occasion_date,
                      CASE WHEN due.reach IS NULL THEN due.due_date
                           ELSE GREATEST(due.due_date, %(next_day)s::date)
                           END AS due_date,
                      due.due_date AS fell_due_on,
                      CASE WHEN done.reason_code = 'blocked' THEN 'blocked'
                           WHEN due.reach IS NULL THEN 'unreachable'
                           ELSE 'due' END AS state,
                      due.reason_code, due.post_reason_code, due.dedupe_key
                 FROM %(source)s AS due
            LEFT JOIN customer_interaction AS done
                   ON done.company_id = %(company)s
                  AND done.dedupe_key = due.dedupe_key
                WHERE (done.id IS NULL OR done.state = 'cancelled'
                       AND done.reason_code IN %(listed)s)
                  AND (%(condition)s)
             ORDER BY due.dedupe_key, due.due_date""",
            company=setup.company_id.id,
            source=source,
            condition=condition,
            next_day=next_day,
            listed=("blocked", *PLANNED_AGAIN),
        )

    @api.model
    def _get_upsert_sql(self, setup, kind, rows):
        """Return the statement that writes rows into the list.

        :param SQL rows: see :meth:`_get_list_sql`
        """
        columns = (
            "channel",
            "partner_id",
            "vehicle_id",
            "event_id",
            "work_order_id",
            "occasion_date",
            "due_date",
            "fell_due_on",
            "state",
            "reason_code",
            "post_reason_code",
        )
        return SQL(
            """INSERT INTO customer_contact_due (
                      %(columns)s, dedupe_key, company_id, kind,
                      create_uid, write_uid, create_date, write_date)
               SELECT %(columns)s, dedupe_key, %(company)s, %(kind)s, %(uid)s, %(uid)s,
                      clock_timestamp() AT TIME ZONE 'UTC',
                      clock_timestamp() AT TIME ZONE 'UTC'
                 FROM (%(rows)s) AS listed
          ON CONFLICT (company_id, dedupe_key) DO UPDATE
                  SET %(update)s, write_date = EXCLUDED.write_date""",
            columns=SQL(", ").join(map(SQL.identifier, columns)),
            update=SQL(", ").join(
                SQL("%s = EXCLUDED.%s", SQL.identifier(name), SQL.identifier(name))
                for name in columns
            ),
            company=setup.company_id.id,
            kind=kind,
            uid=self.env.uid,
            rows=rows,
        )

    @api.autovacuum
    def _gc_past(self):
        """Forget after two years whom nobody could reach."""
        limit = fields.Date.today() - timedelta(days=KEPT_DAYS)
        batch = 10_000
        past = self.search([("due_date", "<", limit)], limit=batch)
        past.unlink()
        return len(past), len(past) == batch

    # === ACTIONS ===

    @api.model
    def action_open(self):
        """Work out the next seven days of the current locations and show them."""
        self.action_refresh()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "customer_contact_360.customer_contact_due_action"
        )

    @api.model
    def action_open_unreachable(self):
        """Show whom no message could reach, in the past and in the next days."""
        self.action_refresh()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "customer_contact_360.customer_contact_due_action_unreachable"
        )

    @api.model
    def action_refresh(self):
        """Work out the next days of the current locations anew."""
        self.browse().check_access("read")
        setups = self.env["customer.contact.setup"].sudo()
        for setup in setups.search([("company_id", "in", self.env.companies.ids)]):
            self.sudo()._refresh(setup)
        return True

    def action_block(self):
        """Block these messages once: this occasion is never written about."""
        self._check_manager()
        waiting = self.filtered(lambda due: due.state == "due")
        interactions = self.env["customer.interaction"].sudo()
        planned = interactions._plan(waiting._prepare_interactions())
        known = waiting._get_interactions_sudo()
        by_key = {(due.company_id, due.dedupe_key): due for due in waiting}
        for row in planned:
            due = by_key[row.company_id, row.dedupe_key]
            row.write({"occasion_date": due.occasion_date, "due_date": due.fell_due_on})
        sentence = self.env._("Blocked by %s", self.env.user.name)
        known._set_state("cancelled", sentence, "blocked")
        fallen = known.filtered(lambda row: row.reason_code in PLANNED_AGAIN)
        fallen.write({"reason_code": "blocked", "failure_reason": sentence})
        blocked = {
            (row.company_id, row.dedupe_key)
            for row in known
            if row.reason_code == "blocked"
        }
        waiting.filtered(
            lambda due: (due.company_id, due.dedupe_key) in blocked
        ).sudo().state = "blocked"
        return True

    def action_unblock(self):
        """Let blocked messages go out on their day after all."""
        self._check_manager()
        blocked = self.filtered(lambda due: due.state == "blocked")
        next_days = {
            setup.company_id: setup._get_next_run_day() for setup in self._get_setups()
        }
        for due in blocked:
            if due.due_date < next_days.get(due.company_id, due.due_date):
                raise UserError(
                    self.env._(
                        "The day of the message to %(customer)s, %(day)s, is over: it "
                        "cannot go out any more.",
                        customer=due.partner_id.name,
                        day=format_date(self.env, due.due_date),
                    )
                )
        rows = blocked._get_interactions_sudo()
        rows.filtered(lambda row: row.reason_code == "blocked").write(
            {
                "reason_code": "superseded",
                "failure_reason": self.env._("Unblocked by %s", self.env.user.name),
            }
        )
        blocked.sudo().state = "due"
        return True

    def action_unsubscribe(self):
        """Set Do Not Mail for these customers, who asked for it."""
        self._check_manager()
        setups = self._get_setups()
        self.partner_id.filtered(lambda partner: not partner.do_not_mail).write(
            {"do_not_mail": True}
        )
        for setup in setups:
            self.sudo()._refresh(setup)
        return True

    def action_send_to_me(self):
        """Send the user what these customers would get, marked as a test.

        Nothing is planned for the customers, nor written into their history.
        """
        self._check_manager()
        address = self.env.user.email_normalized
        if not address:
            raise UserError(
                self.env._(
                    "You have no e-mail address. Enter it under your name at the top "
                    "right, My Preferences."
                )
            )
        if len(self) > MOST_TESTS:
            raise UserError(
                self.env._("Choose %s messages at most to try out.", MOST_TESTS)
            )
        self.env["mail.mail"].sudo().create(
            [due._prepare_test_mail(address) for due in self]
        )
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._(
                    "On its way to %s. The customer gets nothing.", address
                ),
                "type": "success",
            },
        }

    def action_open_preview(self):
        """Open the message as the customer would get it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_open_customer(self):
        """Open the customer, to enter the address that is missing."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "views": [(False, "form")],
        }

    def _check_manager(self):
        """Only managers act, and only on what is still in the list.

        :raises AccessError, UserError: otherwise
        """
        if not self.env.user.has_group("auto_shop.group_manager"):
            raise AccessError(
                self.env._("Only shop managers can change what is sent to customers.")
            )
        if self.exists() != self:
            raise UserError(
                self.env._(
                    "The list has changed since you opened it: some of these messages "
                    "are on their way, or not due any more. Press Refresh and choose "
                    "again. What is planned already is under Interactions."
                )
            )
        self.check_access("read")

    def _get_setups(self):
        return (
            self.env["customer.contact.setup"]
            .sudo()
            .search([("company_id", "in", self.company_id.ids)])
        )

    def _get_interactions_sudo(self):
        """Return the messages that stand for these rows, whatever became of them.

        As superuser: who may read the list may know, and the caller has checked who
        may change it.
        """
        rows = self.env["customer.interaction"].sudo()
        for company, dues in self.grouped("company_id").items():
            rows |= rows.search(
                [
                    ("company_id", "=", company.id),
                    ("dedupe_key", "in", dues.mapped("dedupe_key")),
                ]
            )
        return rows

    def _prepare_interactions(self):
        """Return the values of the messages for ``customer.interaction._plan``."""
        moments, purposes, vals_list = {}, {}, []
        setups = {setup.company_id: setup for setup in self._get_setups()}
        for due in self:
            setup = setups[due.company_id]
            key = (setup, due.due_date)
            if key not in moments:
                moments[key] = setup._get_send_moment(due.due_date)
            key = (due.company_id, due.kind)
            if key not in purposes:
                purposes[key] = self._get_purpose(due.kind, due.company_id).id
            vals_list.append(
                {
                    **due._prepare_links(),
                    "purpose_id": purposes[key],
                    "channel": due.channel,
                    "automatic": True,
                    "planned_at": moments[setup, due.due_date],
                    "dedupe_key": due.dedupe_key,
                }
            )
        return vals_list

    def _prepare_links(self):
        self.ensure_one()
        return {
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "vehicle_id": self.vehicle_id.id,
            "event_id": self.event_id.id,
            "work_order_id": self.work_order_id.id,
        }

    def _render_message(self):
        """Return the message as ``(row, {"subject", "body"})``, without keeping it.

        What nobody can be reached by is shown as an e-mail, or as a postcard where
        only those are on.
        """
        self.ensure_one()
        nothing = {"subject": "", "body": ""}
        purpose = self._get_purpose(self.kind, self.company_id)
        setup = self.env["customer.contact.setup"]._get(self.company_id)
        channel = self.channel or next(iter(setup._get_channels()), "email")
        if not purpose or not purpose._has_wording(channel):
            return None, nothing
        row = purpose._new_preview_row(channel, self._prepare_links())
        return row, purpose._render(row, channel).get(row.id, nothing)

    def _prepare_test_mail(self, address):
        self.ensure_one()
        row, rendered = self._render_message()
        if not row:
            raise UserError(
                self.env._(
                    "“%s” has no wording: it is archived or empty. Bring it back under "
                    "Configuration, Wording of Messages.",
                    self._get_kind_label(),
                )
            )
        company = self.company_id
        notice = self.env._(
            "This is a test. %(customer)s would get it on %(day)s.",
            customer=self.partner_id.name,
            day=format_date(self.env, self.due_date),
        )
        banner = Markup(
            '<p style="margin:0;padding:8px 12px;background-color:#fef3c7;'
            'color:#78350f;font-family:Helvetica,Arial,sans-serif;">%s</p>'
        )
        return {
            "subject": self.env._("[Test] %s", " ".join(rendered["subject"].split())),
            "body_html": banner % notice + Markup(row._get_preview_html(rendered)),
            "email_from": company.email_formatted or self.env.user.email_formatted,
            "reply_to": address,
            "email_to": address,
            "record_company_id": company.id,
            "auto_delete": True,
            "message_type": "email_outgoing",
        }

    def _get_kind_label(self):
        return dict(self._fields["kind"]._description_selection(self.env))[self.kind]
