# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .customer_contact_rule import DEFAULTS

STATUSES = [
    ("active", "Active"),
    ("inactive", "Inactive"),
    ("dead", "Dead"),
]


class CustomerVehicle(models.Model):
    """Who is called inactive or dead, by the numbers of the location."""

    _inherit = "customer.vehicle"

    contact_status = fields.Selection(
        STATUSES,
        string="Follow-Up Status",
        compute="_compute_contact_status",
        search="_search_contact_status",
        help="By the days since the last invoice and the numbers for Inactive and Dead "
        "of the location that wrote it: those of the e-mails, or of the postcards "
        "where a postcard is what reaches the customer. Empty: no invoice yet, or the "
        "vehicle is gone.",
    )
    next_appointment = fields.Datetime(compute="_compute_next_appointment")
    owner_email = fields.Char(related="owner_id.email", string="Owner's E-mail")
    owner_number = fields.Char(string="Owner's Number", compute="_compute_owner_number")

    @api.depends("last_invoice_date", "last_invoice_id", "disposition", "owner_id")
    def _compute_contact_status(self):
        self.env.flush_all()
        found = {}
        if ids := tuple(self._origin.ids):
            found = dict(
                self.env.execute_query(
                    SQL(
                        "SELECT card.id, %s FROM customer_vehicle AS card "
                        "WHERE card.id IN %s",
                        self._get_contact_status_sql("card"),
                        ids,
                    )
                )
            )
        for vehicle in self:
            vehicle.contact_status = found.get(vehicle._origin.id)

    def _search_contact_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        statuses = [status for status, _label in STATUSES if status in value]
        domain = Domain.FALSE
        if statuses:
            latest = max(
                (
                    numbers["today"] - timedelta(days=numbers["least"][statuses[0]])
                    for numbers in self._get_contact_numbers()
                ),
                default=fields.Date.today(),
            )
            # A plain condition as well, which an index can answer.
            domain = Domain("last_invoice_date", "<=", latest) & Domain.custom(
                to_sql=lambda model, alias, query: SQL(
                    "%s IN %s", model._get_contact_status_sql(alias), tuple(statuses)
                )
            )
        if False in value:
            domain |= Domain("last_invoice_date", "=", False) | Domain(
                "disposition", "!=", False
            )
        return domain

    @api.depends("event_ids.start", "event_ids.shop_state")
    def _compute_next_appointment(self):
        found = dict(
            self.env["calendar.event"]._read_group(
                [
                    ("vehicle_id", "in", self._origin.ids),
                    ("shop_state", "=", "booked"),
                    ("start", ">", fields.Datetime.now()),
                ],
                ["vehicle_id"],
                ["start:min"],
            )
        )
        for vehicle in self:
            vehicle.next_appointment = found.get(vehicle._origin)

    @api.depends("owner_id.mobile", "owner_id.phone")
    def _compute_owner_number(self):
        for vehicle in self:
            vehicle.owner_number = vehicle.owner_id.mobile or vehicle.owner_id.phone

    @api.model
    def _get_contact_numbers(self):
        """Return the numbers of each location, and the day that it has.

        :return: dicts with ``company_id``, ``today``, ``numbers`` (``{channel: (days,
            dead)}`` of the channels that count), and ``least``: after so many days at
            the earliest a vehicle has a status
        """
        setups = self.env["customer.contact.setup"].sudo()
        result = []
        # Locations are few.
        companies = self.env["res.company"].sudo()
        for company in companies.search([("id", "!=", False)]):
            setup = setups._get(company) or setups.new({"company_id": company.id})
            # Numbers stay numbers where nothing is sent.
            channels = setup._get_channels() or ["email"]
            numbers = {}
            for channel in channels:
                rule = setup._get_rule(channel, "inactive")
                days, _interval, dead = DEFAULTS["inactive"]
                numbers[channel] = (rule.days, rule.dead) if rule else (days, dead)
            if len(set(numbers.values())) == 1:
                numbers = dict([numbers.popitem()])
            result.append(
                {
                    "company_id": company.id,
                    "today": setup._get_today(),
                    "numbers": numbers,
                    "least": {
                        "active": 0,
                        "inactive": min(days for days, _dead in numbers.values()),
                        "dead": min(dead for _days, dead in numbers.values()),
                    },
                }
            )
        return result

    @api.model
    def _get_contact_status_sql(self, alias):
        """Return the status of a row of ``customer_vehicle``, or NULL."""
        cases = [
            SQL(
                "WHEN %s THEN %s",
                numbers["company_id"],
                self._get_location_status_sql(alias, numbers),
            )
            for numbers in self._get_contact_numbers()
        ]
        return SQL(
            """(SELECT CASE invoice.company_id %(cases)s END
                  FROM account_move AS invoice
                 WHERE invoice.id = %(invoice)s AND %(disposition)s IS NULL)""",
            cases=SQL(" ").join(cases),
            invoice=SQL.identifier(alias, "last_invoice_id"),
            disposition=SQL.identifier(alias, "disposition"),
        )

    @api.model
    def _get_location_status_sql(self, alias, numbers):
        by_channel = {
            channel: self._get_status_by_age_sql(alias, numbers["today"], *values)
            for channel, values in numbers["numbers"].items()
        }
        if len(by_channel) == 1:
            return next(iter(by_channel.values()))
        due = self.env["customer.contact.due"]
        company = self.env["res.company"].browse(numbers["company_id"])
        ways = list(by_channel)
        codes = due._get_block_codes(due._get_purpose("inactive", company), ways)
        return SQL(
            """(SELECT CASE WHEN %(way)s LIKE '%% post' THEN %(post)s ELSE %(email)s END
                  FROM res_partner AS customer
             LEFT JOIN res_partner AS driver
                    ON driver.id = %(driver)s AND driver.active
                 WHERE customer.id = %(owner)s)""",
            way=due._get_way_sql(codes, ways),
            post=by_channel["post"],
            email=by_channel["email"],
            driver=SQL.identifier(alias, "driver_id"),
            owner=SQL.identifier(alias, "owner_id"),
        )

    @api.model
    def _get_status_by_age_sql(self, alias, today, days, dead):
        date = SQL.identifier(alias, "last_invoice_date")
        return SQL(
            """CASE WHEN %(dead)s > 0 AND %(date)s <= %(dead_on)s THEN 'dead'
                    WHEN %(days)s > 0 AND %(date)s <= %(inactive_on)s THEN 'inactive'
                    ELSE 'active' END""",
            date=date,
            days=days,
            dead=dead,
            dead_on=today - timedelta(days=dead),
            inactive_on=today - timedelta(days=days),
        )
