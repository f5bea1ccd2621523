# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.tools import SQL

from .customer_contact_rule import KINDS

# Why there was no message although one was due: what the figures are compared with.
CONSENT_REASONS = ("do_not_mail", "blacklisted")


class CustomerContactStatistics(models.Model):
    """One row for each message that fell due, and what came of it.

    Customers who had no message because they want none are rows as well (``reach`` is
    ``no_consent``): how many of them come back by themselves is what the messages are
    to be measured against.

    An invoice counts for one message only: the last one about its vehicle before it,
    if that is no older than the location's ``attribution_days``.
    """

    _name = "customer.contact.statistics"
    _description = "Follow-Up Statistics"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "partner_id"
    _depends = {
        "account.move": [
            "amount_untaxed_signed",
            "invoice_date",
            "payment_state",
            "state",
            "vehicle_id",
        ],
        "customer.contact.due": ["due_date", "reason_code", "state"],
        "customer.contact.setup": ["attribution_days"],
        "customer.interaction": [
            "clicked_at",
            "planned_at",
            "reason_code",
            "sent_at",
            "state",
            "unsubscribed_at",
        ],
    }

    date = fields.Datetime(string="Due", readonly=True)
    company_id = fields.Many2one("res.company", string="Location", readonly=True)
    kind = fields.Selection(KINDS, string="Message", readonly=True)
    reach = fields.Selection(
        [
            ("email", "E-mail"),
            ("post", "Postcard"),
            ("no_consent", "None: no consent"),
        ],
        string="Channel",
        readonly=True,
    )
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    vehicle_id = fields.Many2one("customer.vehicle", readonly=True)
    interaction_id = fields.Many2one(
        "customer.interaction", string="Message Sent", readonly=True
    )
    currency_id = fields.Many2one("res.currency", readonly=True)
    planned = fields.Integer(
        readonly=True, help="Messages that fell due and had an address to go to."
    )
    sent = fields.Integer(
        readonly=True,
        help="E-mails that the mail server took, postcards given to the post.",
    )
    delivered = fields.Integer(
        readonly=True,
        help="Sent and not come back. Nobody reports the arrival of an e-mail or of a "
        "card.",
    )
    bounced = fields.Integer(
        readonly=True, help="Sent and come back, because the address does not exist."
    )
    unsubscribed = fields.Integer(
        readonly=True,
        help="Customers who asked for no more mail by the link in this message.",
    )
    clicked = fields.Integer(
        readonly=True, help="E-mails of which the customer followed a link."
    )
    due = fields.Integer(
        string="Occasions",
        readonly=True,
        help="Messages that were sent, or that could not be sent for want of consent.",
    )
    came_back = fields.Integer(
        readonly=True,
        help="Occasions after which the vehicle was invoiced within the days that the "
        "location set (30 unless changed).",
    )
    visits = fields.Integer(
        readonly=True, help="The invoices of those visits, each counted once."
    )
    revenue = fields.Monetary(
        readonly=True, help="Their amount without tax, in the location's currency."
    )

    @property
    def _table_query(self):
        """Messages and the lack of them, each with what followed.

        The conditions on location and date, which every screen sets, reach the
        indexes: neither column is computed.
        """
        return SQL(
            """SELECT occasion.id, occasion.date, occasion.company_id, occasion.kind,
                      occasion.reach, occasion.partner_id, occasion.vehicle_id,
                      occasion.interaction_id, company.currency_id,
                      occasion.planned, occasion.sent, occasion.sent - occasion.bounced
                          AS delivered, occasion.bounced, occasion.clicked,
                      CASE WHEN occasion.counts THEN 1 ELSE 0 END AS due,
                      (result.visits > 0)::int AS came_back,
                      result.visits::int AS visits, result.revenue,
                      occasion.unsubscribed
                 FROM (
                      SELECT message.id::bigint * 2 AS id, message.planned_at AS date,
                             message.company_id, substr(purpose.code, 9) AS kind,
                             message.channel AS reach, message.partner_id,
                             message.vehicle_id, message.id AS interaction_id,
                             1 AS planned, (message.sent_at IS NOT NULL)::int AS sent,
                             (message.sent_at IS NOT NULL AND message.state = 'failed')
                                 ::int AS bounced,
                             (message.clicked_at IS NOT NULL)::int AS clicked,
                             (message.unsubscribed_at IS NOT NULL)::int
                                 AS unsubscribed,
                             message.sent_at IS NOT NULL AS counts,
                             COALESCE(message.sent_at, message.planned_at) AS moment
                        FROM customer_interaction AS message
                        JOIN customer_interaction_purpose AS purpose
                          ON purpose.id = message.purpose_id
                         AND purpose.code IN %(codes)s
                       WHERE message.direction = 'out'
                         AND message.dedupe_key IS NOT NULL
                         AND message.reason_code IS DISTINCT FROM 'blocked'
                   UNION ALL
                      SELECT none.id::bigint * 2 + 1, none.due_date::timestamp,
                             none.company_id, none.kind, 'no_consent', none.partner_id,
                             none.vehicle_id, NULL, 0, 0, 0, 0, 0, TRUE,
                             none.due_date::timestamp
                        FROM customer_contact_due AS none
                       WHERE none.state = 'unreachable' AND none.reason_code IN %(why)s
                         AND none.due_date <= CURRENT_DATE
                      ) AS occasion
                 JOIN res_company AS company ON company.id = occasion.company_id
            LEFT JOIN customer_contact_setup AS setup
                   ON setup.company_id = occasion.company_id
   CROSS JOIN LATERAL (
                      SELECT count(*) AS visits,
                             COALESCE(sum(invoice.amount_untaxed_signed), 0) AS revenue
                        FROM account_move AS invoice
                       WHERE occasion.counts
                         AND invoice.vehicle_id = occasion.vehicle_id
                         AND invoice.company_id = occasion.company_id
                         AND invoice.move_type = 'out_invoice'
                         AND invoice.state = 'posted'
                         AND invoice.payment_state <> 'reversed'
                         AND invoice.invoice_date BETWEEN occasion.moment::date
                             AND occasion.moment::date
                                 + COALESCE(setup.attribution_days, 30)
                         AND NOT EXISTS (
                             SELECT FROM customer_interaction AS later
                              WHERE later.vehicle_id = occasion.vehicle_id
                                AND later.company_id = occasion.company_id
                                AND later.dedupe_key LIKE '360:%%'
                                AND later.sent_at > occasion.moment
                                AND later.sent_at::date <= invoice.invoice_date)
                         AND NOT EXISTS (
                             SELECT FROM customer_contact_due AS later
                              WHERE later.vehicle_id = occasion.vehicle_id
                                AND later.company_id = occasion.company_id
                                AND later.state = 'unreachable'
                                AND later.reason_code IN %(why)s
                                AND later.due_date > occasion.moment::date
                                AND later.due_date <= invoice.invoice_date)
                      ) AS result""",
            codes=tuple(f"contact_{kind}" for kind, _label in KINDS),
            why=CONSENT_REASONS,
        )

    def action_open_message(self):
        """Open the message that was sent."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "customer.interaction",
            "res_id": self.interaction_id.id,
            "view_mode": "form",
        }

    # === DASHBOARD ===

    @api.model
    def get_dashboard(self, days=90):
        """Return the figures of the current locations for the dashboard.

        :param int days: how far back; 0 for all
        :return: ``{"total": figures, "kinds": [figures], "compared": figures,
            "definitions": {name: sentence}, "currency_id", "attribution_days"}``;
            figures hold the sums and ``return_rate`` (share of occasions after which
            the customer came back, ``None`` without any)
        """
        self.browse().check_access("read")
        names = (
            "planned",
            "sent",
            "delivered",
            "bounced",
            "unsubscribed",
            "clicked",
            "due",
            "came_back",
            "visits",
            "revenue",
        )
        domain = [("company_id", "in", self.env.companies.ids)]
        if days:
            since = fields.Datetime.subtract(fields.Datetime.now(), days=days)
            domain.append(("date", ">=", since))
        groups = self._read_group(
            domain, ["kind", "reach"], [f"{name}:sum" for name in names]
        )
        kinds = {}
        total = dict.fromkeys(names, 0)
        compared = dict.fromkeys(names, 0)
        for kind, reach, *sums in groups:
            figures = dict(zip(names, (value or 0 for value in sums), strict=True))
            targets = [compared] if reach == "no_consent" else [total]
            row = kinds.setdefault(
                kind,
                {"kind": kind, "channels": {}, "compared": dict.fromkeys(names, 0)},
            )
            if reach == "no_consent":
                targets.append(row["compared"])
            else:
                row["channels"][reach] = figures
                targets.append(row.setdefault("total", dict.fromkeys(names, 0)))
            for target in targets:
                for name, value in figures.items():
                    target[name] += value
        labels = dict(self._fields["kind"]._description_selection(self.env))
        rows = []
        for kind, label in labels.items():
            if row := kinds.get(kind):
                row.setdefault("total", dict.fromkeys(names, 0))
                row["label"] = label
                rows.append(row)
                for figures in (row["total"], row["compared"]):
                    self._add_return_rate(figures)
        for figures in (total, compared):
            self._add_return_rate(figures)
        setup = self.env["customer.contact.setup"]._get(self.env.company)
        return {
            "total": total,
            "compared": compared,
            "kinds": rows,
            "definitions": {
                name: self._fields[name]._description_help(self.env) for name in names
            },
            "currency_id": self.env.company.currency_id.id,
            "attribution_days": setup.attribution_days or 30,
        }

    @api.model
    def _add_return_rate(self, figures):
        figures["return_rate"] = (
            figures["came_back"] / figures["due"] if figures["due"] else None
        )
