# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

# Rows that are read at once, whatever their number.
CHUNK = 2000
# How customer, vehicle and appointment follow from a row of a list.
LISTS = {
    "res.partner": ("row.id", "NULL::int", "NULL::int"),
    "customer.vehicle": ("row.owner_id", "row.id", "NULL::int"),
    "customer.contact.due": ("row.partner_id", "row.vehicle_id", "row.event_id"),
    "calendar.event": ("row.customer_id", "row.vehicle_id", "row.id"),
    "vehicle.deferred.work": (
        "(SELECT owner_id FROM customer_vehicle WHERE id = row.vehicle_id)",
        "row.vehicle_id",
        "NULL::int",
    ),
}


class MergeColumn(NamedTuple):
    """One column of a mail merge; its name is public and stays.

    :param kind: ``text``, ``phone``, ``date``, ``moment`` (UTC), ``number`` or ``flag``
    """

    name: str
    label: str
    kind: str
    sql: SQL


class CustomerMerge(models.AbstractModel):
    """The rows of a mail merge: customers with vehicle, appointment and shop."""

    _name = "customer.merge"
    _description = "Mail Merge"

    @api.model
    def _get_columns(self):
        """Return the columns in their order; addons add theirs at the end."""
        company = self.env.company
        setup = self.env["customer.contact.setup"]._get(company)

        def text(name, label, sql, kind="text"):
            return MergeColumn(name, label, kind, SQL(sql))

        def shop(name, label, value, kind="text"):
            return MergeColumn(name, label, kind, SQL("%s::text", value or None))

        return [
            text(
                "customer_number",
                self.env._("Customer: number"),
                "partner.id",
                "number",
            ),
            text("mailing_name", self.env._("Customer: name"), "partner.name"),
            text("company_name", self.env._("Customer: company"), "parent.name"),
            text("street", self.env._("Customer: street"), "partner.street"),
            text("street2", self.env._("Customer: second line"), "partner.street2"),
            text("city", self.env._("Customer: city"), "partner.city"),
            text("state", self.env._("Customer: state"), "state.code"),
            text("zip", self.env._("Customer: postal code"), "partner.zip"),
            text("country", self.env._("Customer: country"), "country.code"),
            text("email", self.env._("Customer: e-mail"), "partner.email"),
            text(
                "customer_phone",
                self.env._("Customer: phone"),
                "partner.phone",
                "phone",
            ),
            text(
                "customer_mobile",
                self.env._("Customer: mobile"),
                "partner.mobile",
                "phone",
            ),
            text(
                "do_not_mail",
                self.env._("Customer: Do Not Mail"),
                "partner.do_not_mail",
                "flag",
            ),
            text(
                "year", self.env._("Vehicle: year"), "NULLIF(vehicle.year, 0)", "number"
            ),
            text("make", self.env._("Vehicle: make"), "make.name"),
            text("model", self.env._("Vehicle: model"), "model.name"),
            text("submodel", self.env._("Vehicle: submodel"), "vehicle.submodel"),
            text(
                "plate", self.env._("Vehicle: license plate"), "vehicle.license_plate"
            ),
            text("plate_state", self.env._("Vehicle: plate state"), "plate_state.code"),
            text("vin", self.env._("Vehicle: VIN"), "vehicle.vin"),
            text("driver", self.env._("Vehicle: driver"), "driver.name"),
            text(
                "last_service_date",
                self.env._("Vehicle: last service"),
                "COALESCE(vehicle.last_invoice_date, vehicle.last_visit_date)",
                "date",
            ),
            text(
                "next_service_date",
                self.env._("Vehicle: next service"),
                "vehicle.next_service_date",
                "date",
            ),
            text(
                "deferred_items", self.env._("Vehicle: deferred work"), "deferred.items"
            ),
            text(
                "appointment_date",
                self.env._("Appointment: day and time"),
                "event.start",
                "moment",
            ),
            shop(
                "business_name",
                self.env._("Shop: name"),
                setup.business_name or company.name,
            ),
            shop(
                "business_owner", self.env._("Shop: contact person"), setup.owner_name
            ),
            shop(
                "phone",
                self.env._("Shop: phone"),
                setup.phone or company.phone,
                "phone",
            ),
            shop(
                "business_email",
                self.env._("Shop: e-mail"),
                setup.email or company.email,
            ),
            shop("feedback", self.env._("Shop: feedback"), setup.feedback_url),
        ]

    @api.model
    def _iterate(self, model, ids, mailable_only=False):
        """Yield the rows of records, chunk by chunk, as tuples of raw values.

        Only what the user may read: records, customers and vehicles alike. A record
        without a customer has no row.

        :param str model: one of ``LISTS``
        :param bool mailable_only: leave out customers with Do Not Mail
        """
        records = self.env[model].with_context(active_test=False)
        partners = self.env["res.partner"].with_context(active_test=False)
        vehicles = self.env["customer.vehicle"].with_context(active_test=False)
        self.env[model].browse().check_access("read")
        partners.check_access("read")
        vehicles.check_access("read")
        partner, vehicle, event = (SQL(part) for part in LISTS[model])
        columns = SQL(", ").join(column.sql for column in self._get_columns())
        self.env.flush_all()
        for start in range(0, len(ids), CHUNK):
            chunk = records._search([("id", "in", ids[start : start + CHUNK])])
            yield from self.env.execute_query(
                SQL(
                    """SELECT %(columns)s
                         FROM (
                              SELECT row.id, %(partner)s AS partner_id,
                                     %(vehicle)s AS vehicle_id, %(event)s AS event_id
                                FROM %(table)s AS row WHERE row.id IN %(chunk)s
                              ) AS row
                         JOIN unnest(%(ids)s) WITH ORDINALITY AS place (id, number)
                           ON place.id = row.id
                         JOIN res_partner AS partner ON partner.id = row.partner_id
                          AND partner.id IN %(partners)s
                    LEFT JOIN res_partner AS parent ON parent.id = partner.parent_id
                    LEFT JOIN res_country_state AS state ON state.id = partner.state_id
                    LEFT JOIN res_country AS country ON country.id = partner.country_id
                    LEFT JOIN customer_vehicle AS vehicle ON vehicle.id = row.vehicle_id
                          AND vehicle.id IN %(vehicles)s
                    LEFT JOIN vehicle_make AS make ON make.id = vehicle.make_id
                    LEFT JOIN vehicle_model AS model ON model.id = vehicle.model_id
                    LEFT JOIN res_country_state AS plate_state
                           ON plate_state.id = vehicle.license_state_id
                    LEFT JOIN res_partner AS driver ON driver.id = vehicle.driver_id
                    LEFT JOIN calendar_event AS event ON event.id = row.event_id
                    LEFT JOIN LATERAL (
                              SELECT string_agg(work.description, '; '
                                                ORDER BY work.date, work.id) AS items
                                FROM vehicle_deferred_work AS work
                               WHERE work.vehicle_id = vehicle.id
                                 AND work.state = 'open'
                                 AND work.company_id IN %(companies)s
                              ) AS deferred ON TRUE
                        WHERE NOT (%(mailable)s AND partner.do_not_mail IS TRUE)
                     ORDER BY place.number""",
                    columns=columns,
                    partner=partner,
                    vehicle=vehicle,
                    event=event,
                    table=SQL.identifier(records._table),
                    chunk=chunk.subselect(),
                    ids=list(ids[start : start + CHUNK]),
                    partners=partners._search([]).subselect(),
                    vehicles=vehicles._search([]).subselect(),
                    companies=tuple(self.env.companies.ids),
                    mailable=mailable_only,
                )
            )
