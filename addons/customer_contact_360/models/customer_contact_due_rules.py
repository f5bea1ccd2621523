# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models, tools
from odoo.tools import SQL

from .customer_contact_rule import get_offsets

# An invoice that is dated longer before its posting is history that is being entered,
# not a visit to thank for.
OLDEST_VISIT_TO_THANK = 31
# A last invoice whose date was corrected starts no new series so soon after a message.
SHORTEST_PAUSE = 30
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
    """The rules: what falls due, to whom and how. One query for each kind."""

    _inherit = "customer.contact.due"

    @api.model
    def _get_due_query(self, setup, kind, first, last, only=None):
        """Return what of one kind falls due between two days at a location.

        One row for each occasion and channel that would take it, with who gets it:
        the driver of the vehicle when he can be reached, else the customer; by e-mail
        where that is on and reaches him, else by postcard. Where nobody can be
        reached, ``reach`` is NULL and ``reason_code`` says why.

        :param setup: also one of a form that is not saved yet
        :param date first, last: both included, days at the location
        :param only: interactions; look no further than at their vehicles and
            appointments
        :return: SQL with the columns of ``OCCASION`` (``person_id`` is the owner, or
            who made the appointment), ``partner_id``, ``reach``, ``reason_code`` and
            ``post_reason_code``; ``None`` when this kind is off
        """
        rules = [rule._get_numbers() for rule in setup._get_sent_rules(kind)]
        if not rules:
            return None
        purpose = self._get_purpose(kind, setup.company_id)
        occasions = getattr(self, f"_get_occasions_{kind}")(
            setup, rules, first, last, only
        )
        # Whoever has an e-mail address is written to by e-mail or, where that is off
        # for this kind, not at all. A postcard goes only where this kind has one.
        by_post = any(rule.channel == "post" for rule in rules)
        by_email = any(rule.channel == "email" for rule in rules)
        ways = ["email"] if setup.email_enabled else []
        ways += ["post"] if by_post else []
        codes = self._get_block_codes(purpose, ways)
        honour = purpose.honour_do_not_mail

        def why_not(channel):
            return SQL(
                "CASE WHEN customer.id IS NULL THEN %s ELSE %s END",
                codes["driver", channel],
                codes["customer", channel],
            )

        return SQL(
            """SELECT occasion.*,
                      CASE WHEN way LIKE 'driver %%' THEN found_driver_id
                           WHEN way IS NOT NULL THEN customer_id
                           ELSE COALESCE(customer_id, found_driver_id)
                           END AS partner_id,
                      split_part(way, ' ', 2) AS reach,
                      CASE WHEN way IS NULL THEN reason END AS reason_code,
                      CASE WHEN way IS NULL AND post_reason <> reason
                           THEN post_reason END AS post_reason_code
                 FROM (
                      SELECT due.*, customer.id AS customer_id,
                             driver.id AS found_driver_id, %(way)s AS way,
                             CASE WHEN %(honour)s AND COALESCE(
                                            customer.do_not_mail, driver.do_not_mail)
                                  THEN 'do_not_mail' ELSE %(reason)s END AS reason,
                             %(post_reason)s AS post_reason
                        FROM (%(occasions)s) AS due
                   LEFT JOIN res_partner AS customer
                          ON customer.id = due.person_id AND customer.active
                         AND %(customer_here)s
                   LEFT JOIN res_partner AS driver
                          ON driver.id = due.driver_id AND driver.active
                         AND %(driver_here)s
                       WHERE customer.id IS NOT NULL OR driver.id IS NOT NULL
                      ) AS occasion""",
            way=self._get_way_sql(codes, ways),
            honour=bool(honour),
            reason=why_not("email" if by_email else "post"),
            post_reason=why_not("post") if by_post and by_email else SQL("NULL::text"),
            occasions=occasions,
            customer_here=self._get_here_sql(setup, "customer"),
            driver_here=self._get_here_sql(setup, "driver"),
        )

    @api.model
    def _get_block_codes(self, purpose, ways):
        """Return why the contacts of the aliases ``driver`` and ``customer`` cannot be
        reached, ``{(alias, channel): SQL}``."""
        partners = self.env["res.partner"]
        marketing = purpose.category == "marketing"
        honour = purpose.honour_do_not_mail
        return {
            (who, channel): partners._get_mail_block_sql(who, marketing, honour)
            if channel == "email"
            else partners._get_post_block_sql(who, honour)
            for who in ("driver", "customer")
            for channel in ways
        }

    @api.model
    def _get_way_sql(self, codes, ways):
        """Return whom a message goes to and how, such as ``driver email``; or NULL."""
        return SQL(
            "CASE %s END",
            SQL(" ").join(
                SQL(
                    "WHEN %s IS NOT NULL AND %s IS NULL THEN %s",
                    SQL.identifier(who, "id"),
                    codes[who, channel],
                    f"{who} {channel}",
                )
                for who in ("driver", "customer")
                for channel in ways
            ),
        )

    @api.model
    def _get_reached(self, query):
        """Return ``{dedupe_key: (partner_id, channel)}`` of a query of what is due."""
        self.env.flush_all()
        return {
            key: (partner_id, channel)
            for key, partner_id, channel in self.env.execute_query(
                SQL(
                    "SELECT dedupe_key, partner_id, reach FROM (%s) AS due "
                    "WHERE reach = channel",
                    query,
                )
            )
        }

    @api.model
    def _get_keys(self, query):
        """Return the keys of the occasions that a query of what is due finds."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL("SELECT DISTINCT dedupe_key FROM (%s) AS due", query)
        )
        return {key for (key,) in rows}

    @api.model
    def _get_purpose(self, kind, company):
        return self.env["customer.interaction.purpose"]._get(f"contact_{kind}", company)

    @api.model
    @tools.ormcache("kind")
    def _get_purpose_ids(self, kind):
        """Return every purpose of a kind, archived ones and those of locations too."""
        purposes = self.env["customer.interaction.purpose"].sudo()
        return tuple(
            purposes.with_context(active_test=False)
            .search([("code", "=", f"contact_{kind}")])
            .ids
        ) or (None,)

    # === PARTS ===

    @api.model
    def _get_here_sql(self, setup, alias):
        """What belongs to this location, or to all: no shop writes about another's."""
        column = SQL.identifier(alias, "company_id")
        companies = tuple(setup.company_id.sudo().parent_ids.ids)
        return SQL("(%s IS NULL OR %s IN %s)", column, column, companies)

    @api.model
    def _get_told_sql(self, setup, kind, link, condition):
        """Whether such a message has gone out, or was blocked, on another occasion.

        :param SQL link: the row of ``told`` that may stand for it; by an index
        :param SQL condition: what makes another message too many
        """
        return SQL(
            """EXISTS (
               SELECT FROM customer_interaction AS told
                WHERE %(link)s AND told.company_id = %(company)s
                  AND told.purpose_id IN %(purposes)s
                  AND (told.state <> 'cancelled' OR told.reason_code = 'blocked')
                  AND (%(condition)s))""",
            link=link,
            company=setup.company_id.id,
            purposes=self._get_purpose_ids(kind),
            condition=condition,
        )

    @api.model
    def _get_rule_values(self, rules):
        """Return a table ``rule (channel, days, started_on, changed_on)``."""
        return SQL(
            "(VALUES %s) AS rule (channel, days, started_on, changed_on)",
            SQL(", ").join(
                SQL(
                    "(%s, %s, %s::date, %s::date)",
                    rule.channel,
                    rule.days,
                    rule.started_on or None,
                    rule.changed_on or None,
                )
                for rule in rules
            ),
        )

    @api.model
    def _get_day_values(self, steps, first, last):
        """Return a table ``rule (channel, pause, day, since)``, one row for each day.

        Equal days can be looked up and guessed at by the database; a span that
        differs from row to row it takes for a ninth of the table.

        :param steps: ``(rule, pause, days, earliest)``: after so many days without such
            a message, so many days after the occasion, and the first day on which it
            is not too late for it, if there is one
        """
        rows = [
            (rule.channel, pause, day, day - timedelta(days=days))
            for rule, pause, days, earliest in steps
            for day in (
                first + timedelta(days=number)
                for number in range((last - first).days + 1)
            )
            if not rule.started_on or day >= rule.started_on
            if not earliest or day >= earliest
        ]
        channels, pauses, days, since = (
            zip(*rows, strict=True) if rows else ((), (), (), ())
        )
        return SQL(
            "unnest(%s::text[], %s::int[], %s::date[], %s::date[]) "
            "AS rule (channel, pause, day, since)",
            list(channels),
            list(pauses),
            list(days),
            list(since),
        )

    @api.model
    def _get_only_condition(self, only, alias, field="vehicle_id", column="id"):
        if only is None:
            return SQL("TRUE")
        return SQL(
            "%s IN %s", SQL.identifier(alias, column), tuple(only[field].ids) or (None,)
        )

    @api.model
    def _get_utc(self, setup, day, latest=False):
        """Return the moment at which a day begins at the location.

        Where a clock change makes midnight come twice or not at all, the earliest
        reading, or the latest.
        """
        local = setup._get_zone().localize(
            datetime.combine(day, time.min), is_dst=not latest
        )
        return local.astimezone(pytz.utc).replace(tzinfo=None)

    @api.model
    def _get_local_day_sql(self, setup, column):
        return SQL(
            "(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date",
            column,
            setup._get_zone().zone,
        )

    # === REMINDERS ===

    @api.model
    def _get_occasions_reminder_1(self, setup, rules, first, last, only):
        return self._get_occasions_reminder(
            "reminder_1",
            setup,
            rules,
            (first, last),
            only,
            [rule._get_numbers() for rule in setup._get_sent_rules("reminder_2")],
        )

    @api.model
    def _get_occasions_reminder_2(self, setup, rules, first, last, only):
        return self._get_occasions_reminder(
            "reminder_2", setup, rules, (first, last), only, []
        )

    @api.model
    def _get_occasions_reminder(self, kind, setup, rules, span, only, seconds):
        """So many days before a booked appointment that lies ahead.

        An appointment that was made closer than that is reminded of on the day after
        it was made, if it is still not the day of the appointment by then.

        :param seconds: the numbers of Reminder 2, which takes the place of the first:
            where the appointment was made after the day of the first, and where its
            own day has come as well
        """
        first, last = span
        today = setup._get_today()
        most = max(rule.days for rule in rules)
        instead = [
            SQL(
                """(channel = %(channel)s
                    AND %(second)s >= COALESCE(%(started)s::date, %(second)s)
                    AND %(second)s < start
                    AND (booked + 1 > start - days
                         OR %(second)s BETWEEN due AND GREATEST(due, %(today)s)))""",
                channel=second.channel,
                second=SQL(
                    "GREATEST(start - %s, booked + 1, %s::date)",
                    second.days,
                    second.changed_on or None,
                ),
                started=second.started_on or None,
                today=today,
            )
            for second in seconds
        ]
        return SQL(
            """SELECT card.id AS vehicle_id, event_id, work_order_id, person_id,
                      CASE WHEN person_id IN (card.owner_id, card.driver_id)
                           THEN card.driver_id END AS driver_id,
                      start AS occasion_date, due AS due_date, channel, dedupe_key
                 FROM (
                      SELECT event.*, rule.*,
                             GREATEST(start - rule.days, booked + 1, rule.changed_on)
                                 AS due,
                             %(key)s AS dedupe_key
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
                      ) AS planned
            LEFT JOIN customer_vehicle AS card
                   ON card.id = planned.vehicle_id AND %(here)s
                WHERE due BETWEEN %(first_day)s AND %(last_day)s
                  AND (started_on IS NULL OR due >= started_on)
                  AND start > GREATEST(due, %(today)s)
                  AND (%(instead)s) IS NOT TRUE
                  AND NOT %(told)s""",
            key=self._get_event_key(kind),
            start=self._get_local_day_sql(setup, SQL("start")),
            booked=self._get_local_day_sql(
                setup, SQL("COALESCE(booked_at, create_date)")
            ),
            company=setup.company_id.id,
            first=self._get_utc(setup, first),
            last=self._get_utc(setup, last + timedelta(days=most + 1), latest=True),
            only=self._get_only_condition(only, "calendar_event", "event_id"),
            rules=self._get_rule_values(rules),
            here=self._get_here_sql(setup, "card"),
            first_day=first,
            last_day=last,
            today=today,
            instead=SQL(" OR ").join(instead) if instead else SQL("FALSE"),
            told=self._get_told_of_event_sql(setup, kind, "planned"),
        )

    @api.model
    def _get_event_key(self, kind):
        """An appointment of one day. Without a vehicle its customer stands for it."""
        return SQL(
            "concat('360:', %s, ':', COALESCE(vehicle_id::text, "
            "concat('c', person_id)), ':', event_id, ':', start)",
            kind,
        )

    @api.model
    def _get_told_of_event_sql(self, setup, kind, alias):
        """The vehicle of an appointment may be entered later, customers may be merged:
        neither makes it another one."""
        return self._get_told_sql(
            setup,
            kind,
            SQL("told.event_id = %s", SQL.identifier(alias, "event_id")),
            SQL(
                "told.occasion_date = start AND told.dedupe_key <> %s"
                " AND told.partner_id IN (person_id, card.owner_id, card.driver_id)",
                SQL.identifier(alias, "dedupe_key"),
            ),
        )

    # === NO SHOW ===

    @api.model
    def _get_occasions_no_show(self, setup, rules, first, last, only):
        """So many days after an appointment that was missed.

        Missed is also what nobody has closed when its day is over. Who has another
        appointment since, or was in the shop, has not missed it.
        """
        most = max(rule.days for rule in rules)
        return SQL(
            """SELECT card.id AS vehicle_id, event_id, work_order_id, person_id,
                      CASE WHEN person_id IN (card.owner_id, card.driver_id)
                           THEN card.driver_id END AS driver_id,
                      start AS occasion_date, due AS due_date, channel, dedupe_key
                 FROM (
                      SELECT event.*, rule.*, event.start + rule.days AS due,
                             %(key)s AS dedupe_key
                        FROM (
                             SELECT vehicle_id, company_id, id AS event_id,
                                    work_order_id, calendar_event.start AS moment,
                                    customer_id AS person_id, shop_state,
                                    %(start)s AS start
                               FROM calendar_event
                              WHERE company_id = %(company)s AND active
                                AND shop_state IN ('booked', 'no_show')
                                AND start >= %(first)s AND start < %(last)s
                                AND (%(only)s)
                             ) AS event
                  CROSS JOIN %(rules)s
                      ) AS missed
            LEFT JOIN customer_vehicle AS card
                   ON card.id = missed.vehicle_id AND %(here)s
                WHERE due BETWEEN %(first_day)s AND %(last_day)s
                  AND (started_on IS NULL OR due >= started_on)
                  AND (shop_state = 'no_show' OR start < %(today)s)
                  AND %(missed)s
                  AND NOT %(told)s""",
            key=self._get_event_key("no_show"),
            start=self._get_local_day_sql(setup, SQL("start")),
            company=setup.company_id.id,
            first=self._get_utc(setup, first - timedelta(days=most)),
            last=self._get_utc(setup, last + timedelta(days=1), latest=True),
            only=self._get_only_condition(only, "calendar_event", "event_id"),
            rules=self._get_rule_values(rules),
            here=self._get_here_sql(setup, "card"),
            first_day=first,
            last_day=last,
            today=setup._get_today(),
            missed=self._get_missed_sql(
                "missed", SQL("missed.moment"), SQL("missed.person_id")
            ),
            told=self._get_told_of_event_sql(setup, "no_show", "missed"),
        )

    @api.model
    def _get_missed_sql(self, alias, moment, person):
        """Whether the customer has not come since, nor has another appointment.

        :param str alias: of the appointment, with ``vehicle_id``, ``company_id`` and
            ``start``, its day; the card of the vehicle is ``card``
        :param SQL moment: when it began
        :param SQL person: who made it
        """
        column = {
            name: SQL.identifier(alias, name)
            for name in ("vehicle_id", "company_id", "start")
        }
        return SQL(
            """card.disposition IS NULL
               AND (card.last_visit_date IS NULL OR card.last_visit_date < %(start)s)
               AND NOT EXISTS (
                   SELECT FROM calendar_event AS again
                    WHERE again.vehicle_id = %(vehicle)s
                      AND again.active AND again.start > %(moment)s
                      AND again.shop_state IN ('booked', 'arrived', 'completed'))
               AND NOT EXISTS (
                   SELECT FROM calendar_event AS again
                    WHERE again.customer_id = %(person)s
                      AND (%(vehicle)s IS NULL OR again.vehicle_id IS NULL)
                      AND again.active AND again.start > %(moment)s
                      AND again.shop_state IN ('booked', 'arrived', 'completed'))
               AND NOT EXISTS (
                   SELECT FROM account_move AS invoice
                    WHERE invoice.partner_id = %(person)s
                      AND (%(vehicle)s IS NULL OR invoice.vehicle_id IS NULL)
                      AND invoice.company_id = %(company)s
                      AND invoice.move_type = 'out_invoice'
                      AND invoice.state = 'posted'
                      AND invoice.invoice_date >= %(start)s)""",
            vehicle=column["vehicle_id"],
            company=column["company_id"],
            start=column["start"],
            moment=moment,
            person=person,
        )

    # === THANK YOU ===

    @api.model
    def _get_occasions_thank_you(self, setup, rules, first, last, only):
        """So many days after the invoice of a visit was posted.

        Once a vehicle and invoice date, however often it is posted, and once a work
        order, in however many parts it is invoiced. A down payment is no visit.
        """
        most = max(rule.days for rule in rules)
        return SQL(
            """SELECT DISTINCT ON (invoice.vehicle_id, invoice.invoice_date,
                                   rule.channel)
                      invoice.vehicle_id, NULL::int AS event_id,
                      job.work_order_id, card.owner_id AS person_id,
                      card.driver_id, invoice.invoice_date AS occasion_date,
                      invoice.posted + rule.days AS due_date, rule.channel,
                      concat('360:thank_you:', invoice.vehicle_id, ':',
                             invoice.invoice_date) AS dedupe_key
                 FROM (
                      SELECT id, vehicle_id, invoice_date, %(posted)s AS posted
                        FROM account_move
                       WHERE company_id = %(company)s
                         AND move_type = 'out_invoice' AND state = 'posted'
                         AND payment_state IS DISTINCT FROM 'reversed'
                         AND posted_at >= %(first)s AND posted_at < %(last)s
                         AND (%(only)s)
                      ) AS invoice
                 JOIN customer_vehicle AS card
                   ON card.id = invoice.vehicle_id AND %(here)s
                  AND (card.owner_since IS NULL
                       OR card.owner_since <= invoice.invoice_date)
           CROSS JOIN %(rules)s
         CROSS JOIN LATERAL (
                      SELECT min(line.order_id) AS work_order_id,
                             bool_and(COALESCE(line.is_downpayment, FALSE))
                                 AS is_downpayment
                        FROM account_move_line AS item
                        JOIN sale_order_line_invoice_rel AS link
                          ON link.invoice_line_id = item.id
                        JOIN sale_order_line AS line ON line.id = link.order_line_id
                       WHERE item.move_id = invoice.id
                      ) AS job
                WHERE invoice.posted + rule.days BETWEEN %(first_day)s AND %(last_day)s
                  AND (rule.started_on IS NULL
                       OR invoice.posted + rule.days >= rule.started_on)
                  AND invoice.invoice_date >= invoice.posted - %(oldest)s
                  AND job.is_downpayment IS NOT TRUE
                  AND NOT %(told)s
             ORDER BY invoice.vehicle_id, invoice.invoice_date, rule.channel,
                      invoice.posted""",
            posted=self._get_local_day_sql(setup, SQL("posted_at")),
            company=setup.company_id.id,
            first=self._get_utc(setup, first - timedelta(days=most)),
            last=self._get_utc(setup, last + timedelta(days=1), latest=True),
            only=self._get_only_condition(only, "account_move", column="vehicle_id"),
            here=self._get_here_sql(setup, "card"),
            rules=self._get_rule_values(rules),
            first_day=first,
            last_day=last,
            oldest=OLDEST_VISIT_TO_THANK,
            told=self._get_told_sql(
                setup,
                "thank_you",
                SQL("told.work_order_id = job.work_order_id"),
                SQL("told.occasion_date <> invoice.invoice_date"),
            ),
        )

    # === DEFERRED, INACTIVE ===

    @api.model
    def _get_occasions_deferred(self, setup, rules, first, last, only):
        """So many days after the last visit, while work on the vehicle is open.

        Once after a visit: a later date of the same one, such as that of its invoice,
        is no other.
        """
        return SQL(
            """SELECT card.id AS vehicle_id, NULL::int AS event_id,
                      NULL::int AS work_order_id, card.owner_id AS person_id,
                      card.driver_id, card.last_visit_date AS occasion_date,
                      rule.day AS due_date, rule.channel,
                      concat('360:deferred:', card.id, ':', card.last_visit_date)
                          AS dedupe_key
                 FROM %(rules)s
                 JOIN customer_vehicle AS card
                   ON card.last_visit_date = rule.since AND %(here)s
                WHERE EXISTS (
                      SELECT FROM vehicle_deferred_work AS work
                       WHERE work.vehicle_id = card.id AND work.state = 'open'
                         AND work.company_id = %(company)s
                         AND (card.owner_since IS NULL
                              OR work.date >= card.owner_since))
                  AND %(stands)s AND (%(only)s) AND NOT %(told)s""",
            rules=self._get_day_values(
                [(rule, 0, rule.days, None) for rule in rules], first, last
            ),
            here=self._get_here_sql(setup, "card"),
            company=setup.company_id.id,
            stands=self._get_still_customer_sql("last_visit_date"),
            only=self._get_only_condition(only, "card"),
            told=self._get_told_sql(
                setup,
                "deferred",
                SQL("told.vehicle_id = card.id"),
                SQL(
                    "told.occasion_date <> card.last_visit_date"
                    " AND told.due_date > card.last_visit_date"
                ),
            ),
        )

    @api.model
    def _get_occasions_inactive(self, setup, rules, first, last, only):
        """So many days after the last invoice, and again until the customer is dead.

        A vehicle that several locations share belongs to the one that invoiced last.
        Between two messages there are never fewer days than the numbers say, also
        when a manager changes them on the way.
        """
        until = self._get_longest_absence(rules, last)
        today = setup._get_today()
        steps = []
        for rule in rules:
            series = list(get_offsets(rule, until))
            for step, days in series:
                # After a breakdown not all at once: where the next one is due as
                # well, it is the one to send.
                followed = rule.interval and step + 1 < len(series)
                steps.append(
                    (
                        rule,
                        rule.interval if step else rule.days,
                        days,
                        today - timedelta(days=rule.interval - 1) if followed else None,
                    )
                )
        return SQL(
            """SELECT card.id AS vehicle_id, NULL::int AS event_id,
                      NULL::int AS work_order_id, card.owner_id AS person_id,
                      card.driver_id, card.last_invoice_date AS occasion_date,
                      rule.day AS due_date, rule.channel,
                      concat('360:inactive:', card.id, ':', card.last_invoice_date,
                             ':', rule.day - rule.since) AS dedupe_key
                 FROM %(rules)s
                 JOIN customer_vehicle AS card
                   ON card.last_invoice_date = rule.since AND %(here)s
                 JOIN account_move AS invoice
                   ON invoice.id = card.last_invoice_id
                  AND invoice.company_id = %(company)s
                WHERE %(stands)s AND (%(only)s) AND NOT %(told)s""",
            rules=self._get_day_values(steps, first, last),
            here=self._get_here_sql(setup, "card"),
            company=setup.company_id.id,
            stands=self._get_still_customer_sql("last_invoice_date"),
            only=self._get_only_condition(only, "card"),
            told=self._get_told_sql(
                setup,
                "inactive",
                SQL("told.vehicle_id = card.id"),
                SQL(
                    """(told.occasion_date <> card.last_invoice_date
                        OR told.due_date <> rule.day)
                       AND told.due_date > rule.day - CASE
                           WHEN told.occasion_date = card.last_invoice_date
                           THEN rule.pause ELSE LEAST(rule.pause, %s) END""",
                    SHORTEST_PAUSE,
                ),
            ),
        )

    @api.model
    def _get_longest_absence(self, rules, last):
        """Return how many days after an invoice there may be something to send."""
        if all(rule.dead or not rule.interval for rule in rules):
            return max(rule.dead or rule.days for rule in rules)
        oldest = (
            self.env["customer.vehicle"]
            .sudo()
            .search(
                [("last_invoice_date", "!=", False)], order="last_invoice_date", limit=1
            )
        )
        return (last - (oldest.last_invoice_date or last)).days

    @api.model
    def _get_still_customer_sql(self, date_column):
        """The vehicle is still this customer's, and he does not come anyway."""
        return SQL(
            """card.active AND card.disposition IS NULL
               AND (card.owner_since IS NULL OR card.owner_since <= %(date)s)
               AND NOT EXISTS (
                   SELECT FROM calendar_event AS ahead
                    WHERE ahead.vehicle_id = card.id AND ahead.active
                      AND ahead.shop_state = 'booked' AND ahead.start > %(now)s)
               AND NOT EXISTS (
                   SELECT FROM calendar_event AS ahead
                    WHERE ahead.customer_id IN (card.owner_id, card.driver_id)
                      AND ahead.vehicle_id IS NULL AND ahead.active
                      AND ahead.shop_state = 'booked' AND ahead.start > %(now)s)""",
            date=SQL.identifier("card", date_column),
            now=fields.Datetime.now(),
        )
