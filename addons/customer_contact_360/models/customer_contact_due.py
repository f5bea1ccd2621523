# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .customer_contact_rule import CHANNELS, KINDS

# How far ahead a manager sees what will be sent, today among them.
DAYS_AHEAD = 7
# An invoice that is dated longer before its posting is history that is being entered,
# not a visit to thank for.
OLDEST_VISIT_TO_THANK = 31
# Columns of every query of what is due, beside the recipient.
OCCASION = (
    "vehicle_id",
    "event_id",
    "work_order_id",
    "person_id",
    "driver_id",
    "occasion_date",
    "due_date",
    "channel",
    "dedupe_key",
)


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
    channel = fields.Selection(CHANNELS, index=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, ondelete="cascade", index=True
    )
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
    state = fields.Selection(
        [
            ("due", "Will be sent"),
            ("blocked", "Blocked"),
            ("unreachable", "Could not reach"),
        ],
        required=True,
        default="due",
    )
    reason_code = fields.Selection(
        [
            ("no_email", "No e-mail address"),
            ("invalid_email", "E-mail address not valid"),
            ("bounced", "E-mails come back"),
            ("no_address", "No postal address"),
            ("do_not_mail", "Do Not Mail"),
            ("blacklisted", "E-mail address blocked"),
        ],
        string="Why Not",
    )
    dedupe_key = fields.Char(required=True)

    _key_unique = models.UniqueIndex("(company_id, dedupe_key)")
    _due_idx = models.Index("(company_id, due_date, kind, id)")

    # === WHAT IS DUE ===

    @api.model
    def _get_due_query(self, setup, kind, first, last, only=None):
        """Return what of one kind falls due between two days at a location.

        One row for each occasion and channel that would take it, with who gets it:
        the driver of the vehicle when he can be reached, else the customer; by e-mail
        where that is on and reaches him, else by postcard. Where nobody can be
        reached, ``reach`` is NULL and ``reason_code`` says why.

        :param date first, last: both included, days at the location
        :param only: interactions; look no further than at their vehicles and
            appointments
        :return: SQL with the columns of ``OCCASION`` (``person_id`` is the owner, or
            who made the appointment), ``partner_id``, ``reach`` and
            ``reason_code``; ``None`` when this kind is off
        """
        purpose = self.env["customer.interaction.purpose"]._get(
            f"contact_{kind}", setup.company_id
        )
        channels = setup._get_channels()
        rules = setup.rule_ids.filtered(
            lambda rule: rule.kind == kind and rule.days and rule.channel in channels
        )
        if not purpose or not rules:
            return None
        occasions = getattr(self, f"_get_occasions_{kind}")(
            setup, rules, first, last, only
        )
        partners = self.env["res.partner"]
        marketing = purpose.category == "marketing"
        honour = purpose.honour_do_not_mail
        mail_on, post_on = "email" in channels, "post" in channels
        codes = {
            (who, channel): SQL(
                "CASE WHEN %s IS NULL THEN 'no_address' ELSE %s END",
                SQL.identifier(who, "id"),
                partners._get_mail_block_sql(who, marketing, honour)
                if channel == "email"
                else partners._get_post_block_sql(who, honour),
            )
            for who in ("driver", "customer")
            for channel in ("email", "post")
        }
        ways = SQL(" ").join(
            SQL("WHEN %s IS NULL THEN %s", codes[who, channel], f"{who} {channel}")
            for who in ("driver", "customer")
            for channel in channels
        )
        return SQL(
            """SELECT occasion.*,
                      CASE WHEN way LIKE 'driver %%' THEN driver_id
                           ELSE person_id END AS partner_id,
                      split_part(way, ' ', 2) AS reach,
                      CASE WHEN way IS NULL THEN reason END AS reason_code
                 FROM (
                      SELECT due.*, CASE %(ways)s END AS way,
                             CASE WHEN %(honour)s AND customer.do_not_mail
                                  THEN 'do_not_mail' ELSE %(reason)s END AS reason
                        FROM (%(occasions)s) AS due
                        JOIN res_partner AS customer
                          ON customer.id = due.person_id AND customer.active
                   LEFT JOIN res_partner AS driver
                          ON driver.id = due.driver_id AND driver.active
                      ) AS occasion""",
            ways=ways,
            honour=bool(honour),
            reason=codes["customer", "email" if mail_on or not post_on else "post"],
            occasions=occasions,
        )

    @api.model
    def _get_reached(self, query):
        """Return ``{(dedupe_key, partner_id, channel)}`` of a query of what is due."""
        self.env.flush_all()
        return set(
            self.env.execute_query(
                SQL(
                    "SELECT dedupe_key, partner_id, reach FROM (%s) AS due "
                    "WHERE reach = channel",
                    query,
                )
            )
        )

    @api.model
    def _get_rule_values(self, rules):
        """Return the rules as a table ``rule (channel, days, started_on)``."""
        return SQL(
            "(VALUES %s) AS rule (channel, days, started_on)",
            SQL(", ").join(
                SQL("(%s, %s, %s::date)", rule.channel, rule.days, rule.started_on)
                for rule in rules
            ),
        )

    @api.model
    def _get_only_condition(self, only, alias, field="vehicle_id", column="id"):
        if only is None:
            return SQL("TRUE")
        return SQL(
            "%s IN %s", SQL.identifier(alias, column), tuple(only[field].ids) or (None,)
        )

    @api.model
    def _get_utc(self, setup, day):
        """Return the moment at which a day begins at the location."""
        local = setup._get_zone().localize(datetime.combine(day, time.min))
        return local.astimezone(pytz.utc).replace(tzinfo=None)

    @api.model
    def _get_local_day_sql(self, setup, column):
        return SQL(
            "(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date",
            column,
            setup._get_zone().zone,
        )

    @api.model
    def _get_occasions_reminder_1(self, setup, rules, first, last, only):
        return self._get_occasions_reminder(
            "reminder_1",
            setup,
            rules,
            (first, last),
            only,
            # The first one has come too late where the second is due as well, or
            # where the appointment was made after its day: the second will do.
            setup.rule_ids.filtered(
                lambda rule: rule.kind == "reminder_2" and rule.days
            ),
        )

    @api.model
    def _get_occasions_reminder_2(self, setup, rules, first, last, only):
        return self._get_occasions_reminder(
            "reminder_2", setup, rules, (first, last), only, rules.browse()
        )

    @api.model
    def _get_occasions_reminder(self, kind, setup, rules, span, only, later_rules):
        """So many days before a booked appointment that lies ahead.

        An appointment that was made closer than that is reminded of on the day after
        it was made, if it is still not the day of the appointment by then.
        """
        first, last = span
        most = max(rules.mapped("days"))
        later = [
            SQL(
                """(channel = %(channel)s AND (
                        booked + 1 > start - rule.days
                        OR GREATEST(start - %(days)s, booked + 1)
                           <= GREATEST(due, %(today)s)))""",
                channel=rule.channel,
                days=rule.days,
                today=setup._get_today(),
            )
            for rule in later_rules
        ]
        return SQL(
            """SELECT rule.vehicle_id, event_id, work_order_id,
                      COALESCE(person_id, card.owner_id) AS person_id, card.driver_id,
                      start AS occasion_date, due AS due_date, channel,
                      concat('360:', %(kind)s, ':', COALESCE(rule.vehicle_id, 0), ':',
                             event_id, ':', start) AS dedupe_key
                 FROM (
                      SELECT event.*, rule.channel, rule.days, rule.started_on,
                             GREATEST(start - rule.days, booked + 1) AS due
                        FROM (
                             SELECT vehicle_id, id AS event_id, work_order_id,
                                    customer_id AS person_id,
                                    %(start)s AS start, %(booked)s AS booked
                               FROM calendar_event
                              WHERE company_id = %(company)s AND active
                                AND shop_state = 'booked'
                                AND start >= %(first)s AND start < %(last)s
                                AND (%(only)s)
                             ) AS event
                  CROSS JOIN %(rules)s
                      ) AS rule
            LEFT JOIN customer_vehicle AS card ON card.id = rule.vehicle_id
                WHERE due BETWEEN %(first_day)s AND %(last_day)s
                  AND due >= started_on
                  AND start > GREATEST(due, %(today)s)
                  AND NOT (%(later)s)""",
            kind=kind,
            start=self._get_local_day_sql(setup, SQL("start")),
            booked=self._get_local_day_sql(setup, SQL("booked_at")),
            company=setup.company_id.id,
            first=self._get_utc(setup, first),
            last=self._get_utc(setup, last + timedelta(days=most + 1)),
            only=self._get_only_condition(only, "calendar_event", "event_id"),
            rules=self._get_rule_values(rules),
            first_day=first,
            last_day=last,
            today=setup._get_today(),
            later=SQL(" OR ").join(later) if later else SQL("FALSE"),
        )

    @api.model
    def _get_occasions_no_show(self, setup, rules, first, last, only):
        """So many days after an appointment that was missed.

        Missed is also what nobody has closed when its day is over. Who has another
        appointment since, or was in the shop, has not missed it.
        """
        most = max(rules.mapped("days"))
        return SQL(
            """SELECT event.vehicle_id, event.event_id, event.work_order_id,
                      COALESCE(event.person_id, card.owner_id) AS person_id,
                      card.driver_id, event.start AS occasion_date,
                      event.start + rule.days AS due_date, rule.channel,
                      concat('360:no_show:', COALESCE(event.vehicle_id, 0), ':',
                             event.event_id, ':', event.start) AS dedupe_key
                 FROM (
                      SELECT vehicle_id, id AS event_id, work_order_id, start AS moment,
                             customer_id AS person_id, shop_state, %(start)s AS start
                        FROM calendar_event
                       WHERE company_id = %(company)s AND active
                         AND shop_state IN ('booked', 'no_show')
                         AND start >= %(first)s AND start < %(last)s
                         AND (%(only)s)
                      ) AS event
            LEFT JOIN customer_vehicle AS card ON card.id = event.vehicle_id
           CROSS JOIN %(rules)s
                WHERE event.start + rule.days BETWEEN %(first_day)s AND %(last_day)s
                  AND event.start + rule.days >= rule.started_on
                  AND (event.shop_state = 'no_show' OR event.start < %(today)s)
                  AND NOT EXISTS (
                      SELECT FROM calendar_event AS again
                       WHERE again.vehicle_id = event.vehicle_id
                         AND again.active AND again.start > event.moment
                         AND again.shop_state IN ('booked', 'arrived', 'completed'))
                  AND NOT EXISTS (
                      SELECT FROM calendar_event AS again
                       WHERE again.customer_id = event.person_id
                         AND (event.vehicle_id IS NULL OR again.vehicle_id IS NULL)
                         AND again.active AND again.start > event.moment
                         AND again.shop_state IN ('booked', 'arrived', 'completed'))
                  AND NOT EXISTS (
                      SELECT FROM customer_vehicle AS vehicle
                       WHERE vehicle.id = event.vehicle_id
                         AND (vehicle.last_visit_date >= event.start
                              OR vehicle.disposition IS NOT NULL))
                  AND NOT EXISTS (
                      SELECT FROM account_move AS invoice
                       WHERE event.vehicle_id IS NULL
                         AND invoice.partner_id = event.person_id
                         AND invoice.move_type = 'out_invoice'
                         AND invoice.state = 'posted'
                         AND invoice.invoice_date >= event.start)""",
            start=self._get_local_day_sql(setup, SQL("start")),
            company=setup.company_id.id,
            first=self._get_utc(setup, first - timedelta(days=most)),
            last=self._get_utc(setup, last + timedelta(days=1)),
            only=self._get_only_condition(only, "calendar_event", "event_id"),
            rules=self._get_rule_values(rules),
            first_day=first,
            last_day=last,
            today=setup._get_today(),
        )

    @api.model
    def _get_occasions_thank_you(self, setup, rules, first, last, only):
        """So many days after the invoice of a visit was posted; once a vehicle and
        invoice date, however often it is posted."""
        most = max(rules.mapped("days"))
        return SQL(
            """SELECT DISTINCT ON (invoice.vehicle_id, invoice.invoice_date,
                                   rule.channel)
                      invoice.vehicle_id, NULL::int AS event_id,
                      NULL::int AS work_order_id, vehicle.owner_id AS person_id,
                      vehicle.driver_id, invoice.invoice_date AS occasion_date,
                      invoice.posted + rule.days AS due_date, rule.channel,
                      concat('360:thank_you:', invoice.vehicle_id, ':',
                             invoice.invoice_date) AS dedupe_key
                 FROM (
                      SELECT id, vehicle_id, invoice_date, %(posted)s AS posted
                        FROM account_move
                       WHERE company_id = %(company)s
                         AND move_type = 'out_invoice' AND state = 'posted'
                         AND payment_state <> 'reversed'
                         AND posted_at >= %(first)s AND posted_at < %(last)s
                         AND (%(only)s)
                      ) AS invoice
                 JOIN customer_vehicle AS vehicle ON vehicle.id = invoice.vehicle_id
                  AND (vehicle.owner_since IS NULL
                       OR vehicle.owner_since <= invoice.invoice_date)
           CROSS JOIN %(rules)s
                WHERE invoice.posted + rule.days BETWEEN %(first_day)s AND %(last_day)s
                  AND invoice.posted + rule.days >= rule.started_on
                  AND invoice.invoice_date >= invoice.posted - %(oldest)s
             ORDER BY invoice.vehicle_id, invoice.invoice_date, rule.channel,
                      invoice.posted""",
            posted=self._get_local_day_sql(setup, SQL("posted_at")),
            company=setup.company_id.id,
            first=self._get_utc(setup, first - timedelta(days=most)),
            last=self._get_utc(setup, last + timedelta(days=1)),
            only=self._get_only_condition(only, "account_move", column="vehicle_id"),
            rules=self._get_rule_values(rules),
            first_day=first,
            last_day=last,
            oldest=OLDEST_VISIT_TO_THANK,
        )

    @api.model
    def _get_occasions_deferred(self, setup, rules, first, last, only):
        """So many days after the last visit, while work on the vehicle is open."""
        return SQL(
            """SELECT vehicle.id AS vehicle_id, NULL::int AS event_id,
                      NULL::int AS work_order_id, vehicle.owner_id AS person_id,
                      vehicle.driver_id, vehicle.last_visit_date AS occasion_date,
                      rule.day AS due_date, rule.channel,
                      concat('360:deferred:', vehicle.id, ':', vehicle.last_visit_date)
                          AS dedupe_key
                 FROM %(rules)s
                 JOIN customer_vehicle AS vehicle
                   ON vehicle.last_visit_date = rule.since
                WHERE EXISTS (
                      SELECT FROM vehicle_deferred_work AS work
                       WHERE work.vehicle_id = vehicle.id AND work.state = 'open'
                         AND work.company_id = %(company)s
                         AND (vehicle.owner_since IS NULL
                              OR work.date >= vehicle.owner_since))
                  AND %(stands)s AND (%(only)s)""",
            rules=self._get_day_values([(rule, 0, rule.days) for rule in rules], first, last),
            company=setup.company_id.id,
            stands=self._get_still_customer_sql("last_visit_date"),
            only=self._get_only_condition(only, "vehicle"),
        )

    @api.model
    def _get_occasions_inactive(self, setup, rules, first, last, only):
        """So many days after the last invoice, and again until the customer is dead.

        A vehicle that several locations share belongs to the one that invoiced last.
        """
        oldest = (
            self.env["customer.vehicle"]
            .sudo()
            .search(
                [("last_invoice_date", "!=", False)], order="last_invoice_date", limit=1
            )
        )
        until = (last - (oldest.last_invoice_date or last)).days
        steps = [
            (rule, step, offset)
            for rule in rules
            for step, offset in rule._get_offsets(until)
        ]
        return SQL(
            """SELECT vehicle.id AS vehicle_id, NULL::int AS event_id,
                      NULL::int AS work_order_id, vehicle.owner_id AS person_id,
                      vehicle.driver_id, vehicle.last_invoice_date AS occasion_date,
                      rule.day AS due_date, rule.channel,
                      concat('360:inactive:', vehicle.id, ':',
                             vehicle.last_invoice_date, ':', rule.step) AS dedupe_key
                 FROM %(rules)s
                 JOIN customer_vehicle AS vehicle
                   ON vehicle.last_invoice_date = rule.since
                 JOIN account_move AS invoice
                   ON invoice.id = vehicle.last_invoice_id
                  AND invoice.company_id = %(company)s
                WHERE %(stands)s AND (%(only)s)""",
            rules=self._get_day_values(steps, first, last),
            company=setup.company_id.id,
            stands=self._get_still_customer_sql("last_invoice_date"),
            only=self._get_only_condition(only, "vehicle"),
        )

    @api.model
    def _get_day_values(self, steps, first, last):
        """Return a table ``rule (channel, step, day, since)``: one row for each day.

        Equal days can be looked up and guessed at by the database; a span that
        differs from row to row it takes for a ninth of the table.

        :param steps: ``(rule, step, days)``
        """
        rows = [
            (rule.channel, step, day, day - timedelta(days=days))
            for rule, step, days in steps
            for day in (
                first + timedelta(days=number)
                for number in range((last - first).days + 1)
            )
            if not rule.started_on or day >= rule.started_on
        ]
        channels, numbers, days, since = (
            zip(*rows, strict=True) if rows else ((), (), (), ())
        )
        return SQL(
            "unnest(%s::text[], %s::int[], %s::date[], %s::date[]) "
            "AS rule (channel, step, day, since)",
            list(channels),
            list(numbers),
            list(days),
            list(since),
        )

    @api.model
    def _get_still_customer_sql(self, date_column):
        """The vehicle is still this customer's, and he does not come anyway."""
        return SQL(
            """vehicle.active AND vehicle.disposition IS NULL
               AND (vehicle.owner_since IS NULL OR vehicle.owner_since <= %(date)s)
               AND NOT EXISTS (
                   SELECT FROM calendar_event AS ahead
                    WHERE ahead.vehicle_id = vehicle.id AND ahead.active
                      AND ahead.shop_state = 'booked' AND ahead.start > %(now)s)
               AND NOT EXISTS (
                   SELECT FROM calendar_event AS ahead
                    WHERE ahead.customer_id IN (vehicle.owner_id, vehicle.driver_id)
                      AND ahead.vehicle_id IS NULL AND ahead.active
                      AND ahead.shop_state = 'booked' AND ahead.start > %(now)s)""",
            date=SQL.identifier("vehicle", date_column),
            now=fields.Datetime.now(),
        )

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
            purpose = self.env["customer.interaction.purpose"]._get(
                f"contact_{kind}", setup.company_id
            )
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
                ),
                SQL(
                    """SELECT %(company)s AS company_id, %(purpose)s AS purpose_id,
                              reach AS channel, %(now)s::timestamp AS planned_at,
                              dedupe_key, partner_id, vehicle_id, event_id,
                              work_order_id, occasion_date
                         FROM due
                        WHERE reach = channel""",
                    company=setup.company_id.id,
                    purpose=purpose.id,
                    now=fields.Datetime.now(),
                ),
                ctes=SQL(
                    "due AS MATERIALIZED (%s), lost AS (%s)",
                    query,
                    self._get_upsert_sql(setup, kind, SQL("due"), SQL("due.reach IS NULL")),
                ),
            )
        return planned

    @api.model
    def _refresh(self, setup):
        """Work out the next days of a location anew.

        :return: how many messages will be sent
        """
        self.env.flush_all()
        company = setup.company_id
        # Two managers who open the list at once must not both fill it.
        self.env.execute_query(
            SQL(
                "SELECT pg_advisory_xact_lock('customer_contact_due'::regclass::int, %s)",
                company.id,
            )
        )
        today = setup._get_today()
        first = today if setup._is_run_ahead(today) else today + timedelta(days=1)
        last = today + timedelta(days=DAYS_AHEAD - 1)
        stamp = self.env.cr.now()
        for kind, _label in KINDS:
            query = self._get_due_query(setup, kind, first, last)
            if query is not None:
                self.env.cr.execute(
                    self._get_upsert_sql(
                        setup,
                        kind,
                        SQL("(%s)", query),
                        SQL("due.reach = due.channel OR due.reach IS NULL"),
                    )
                )
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
                since=today - timedelta(days=setup.grace_days),
            )
        )
        self.env.cr.execute(
            SQL(
                """DELETE FROM customer_contact_due
                    WHERE company_id = %(company)s AND write_date < %(stamp)s
                      AND (due_date >= %(first)s OR state <> 'unreachable')""",
                company=company.id,
                stamp=stamp,
                first=first,
            )
        )
        self.invalidate_model()

    @api.model
    def _get_upsert_sql(self, setup, kind, source, condition):
        """Return the statement that lists what is due and not done yet.

        :param SQL source: a table of what is due
        :param SQL condition: on its rows
        """
        return SQL(
            """INSERT INTO customer_contact_due (
                      company_id, kind, channel, partner_id, vehicle_id, event_id,
                      work_order_id, occasion_date, due_date, state, reason_code,
                      dedupe_key, create_uid, write_uid, create_date, write_date)
               SELECT DISTINCT ON (due.dedupe_key)
                      %(company)s, %(kind)s, due.reach, due.partner_id,
                      due.vehicle_id, due.event_id, due.work_order_id,
                      due.occasion_date, due.due_date,
                      CASE WHEN done.state = 'cancelled' THEN 'blocked'
                           WHEN due.reach IS NULL THEN 'unreachable'
                           ELSE 'due' END,
                      due.reason_code, due.dedupe_key,
                      %(uid)s, %(uid)s, %(now)s::timestamp, %(now)s::timestamp
                 FROM %(source)s AS due
            LEFT JOIN customer_interaction AS done
                   ON done.company_id = %(company)s
                  AND done.dedupe_key = due.dedupe_key
                WHERE (done.id IS NULL OR done.state = 'cancelled')
                  AND (%(condition)s)
             ORDER BY due.dedupe_key, due.due_date
          ON CONFLICT (company_id, dedupe_key) DO UPDATE
                  SET channel = EXCLUDED.channel, partner_id = EXCLUDED.partner_id,
                      due_date = EXCLUDED.due_date, state = EXCLUDED.state,
                      reason_code = EXCLUDED.reason_code,
                      write_date = EXCLUDED.write_date""",
            company=setup.company_id.id,
            kind=kind,
            uid=self.env.uid,
            now=self.env.cr.now(),
            source=source,
            condition=condition,
        )

    # === ACTIONS ===

    @api.model
    def action_open(self):
        """Work out the next seven days of the current locations and show them."""
        self.check_access("read")
        setups = self.env["customer.contact.setup"].sudo().search(
            [("company_id", "in", self.env.companies.ids)]
        )
        for setup in setups:
            self.sudo()._refresh(setup)
        return self.env["ir.actions.act_window"]._for_xml_id(
            "customer_contact_360.customer_contact_due_action"
        )

    def action_block(self):
        """Block these messages once: this occasion is never written about."""
        self._check_manager()
        waiting = self.filtered(lambda due: due.state == "due")
        interactions = self.env["customer.interaction"].sudo()
        for due in waiting:
            planned = interactions._plan([due._prepare_interaction()])
            planned.with_user(self.env.user).action_cancel()
        waiting.sudo().state = "blocked"
        return True

    def action_unsubscribe(self):
        """Set Do Not Mail for these customers, who asked for it."""
        self._check_manager()
        self.partner_id.write({"do_not_mail": True})
        for setup in self._get_setups():
            self.sudo()._refresh(setup)
        return True

    def _check_manager(self):
        if not self.env.user.has_group("auto_shop.group_manager"):
            raise AccessError(
                self.env._("Only shop managers can change what is sent to customers.")
            )
        self.check_access("read")

    def _get_setups(self):
        return (
            self.env["customer.contact.setup"]
            .sudo()
            .search([("company_id", "in", self.company_id.ids)])
        )

    def _get_purpose(self):
        self.ensure_one()
        purpose = self.env["customer.interaction.purpose"]._get(
            f"contact_{self.kind}", self.company_id
        )
        if not purpose:
            raise UserError(
                self.env._(
                    "The wording of this message is archived. Bring it back first."
                )
            )
        return purpose

    def _prepare_interaction(self):
        """Return the values of the message for ``customer.interaction._plan``."""
        self.ensure_one()
        return {
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "vehicle_id": self.vehicle_id.id,
            "event_id": self.event_id.id,
            "work_order_id": self.work_order_id.id,
            "purpose_id": self._get_purpose().id,
            "channel": self.channel,
            "automatic": True,
            "planned_at": self._get_setups()._get_send_moment(self.due_date),
            "dedupe_key": self.dedupe_key,
        }
