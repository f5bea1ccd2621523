# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class CalendarEvent(models.Model):
    _inherit = "calendar.event"

    is_missed = fields.Boolean(
        string="Missed",
        compute="_compute_is_missed",
        search="_search_is_missed",
        help="The customer did not come, and neither came nor booked since: marked as "
        "no-show, or still booked when its day is over.",
    )
    customer_email = fields.Char(related="customer_id.email", string="E-mail")

    @api.depends("shop_state", "start", "vehicle_id", "customer_id")
    def _compute_is_missed(self):
        missed = self.search(
            Domain("id", "in", self._origin.ids) & Domain("is_missed", "=", True)
        )
        for event in self:
            event.is_missed = event._origin in missed

    def _search_is_missed(self, operator, value):
        """The same rule as that of the message, without its number of days."""
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        due = self.env["customer.contact.due"].sudo()
        setups = self.env["customer.contact.setup"].sudo()
        domains = []
        for company in self.env.companies.sudo():
            setup = setups._get(company) or setups.new({"company_id": company.id})
            today = setup._get_today()
            midnight = due._get_utc(setup, today)

            def to_sql(model, alias, query, setup=setup):
                return SQL(
                    """EXISTS (
                       SELECT FROM (
                              SELECT %(vehicle)s AS vehicle_id,
                                     %(company)s AS company_id,
                                     %(day)s AS start) AS missed
                    LEFT JOIN customer_vehicle AS card ON card.id = missed.vehicle_id
                        WHERE %(missed)s)""",
                    vehicle=SQL.identifier(alias, "vehicle_id"),
                    company=setup.company_id.id,
                    day=due._get_local_day_sql(setup, SQL.identifier(alias, "start")),
                    missed=due._get_missed_sql(
                        "missed",
                        SQL.identifier(alias, "start"),
                        SQL.identifier(alias, "customer_id"),
                    ),
                )

            domains.append(
                Domain("company_id", "=", company.id)
                & Domain("shop_state", "in", ("booked", "no_show"))
                & (
                    Domain("start", "<", midnight)
                    | (
                        Domain("shop_state", "=", "no_show")
                        & Domain("start", "<=", fields.Datetime.now())
                    )
                )
                & Domain.custom(to_sql=to_sql)
            )
        return Domain.OR(domains)
