# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

# What a text of a row must not hold, each replaced by a blank: line breaks of all
# kinds, tabs, and what the writer marks the ends of values with.
CONTROLS = "".join(map(chr, (*range(1, 32), 0x7F, 0x85, 0x2028, 0x2029)))
DATE_FORMATS = [
    ("YYYY-MM-DD", "2026-12-31"),
    ("YYYYMMDD", "20261231"),
    ("MM/DD/YYYY", "12/31/2026"),
    ("MMDDYYYY", "12312026"),
    ("DD/MM/YYYY", "31/12/2026"),
]


class Source(NamedTuple):
    """One thing that a column of a feed can be filled with.

    :param label: what the manager chooses by
    :param kind: ``text``, ``date``, ``moment`` (UTC), ``integer``, ``amount`` (two
        decimals, a point, no thousands separator) or ``flag`` (``Y`` or ``N``)
    :param sql: the expression, as SQL, on ``move`` and the joined tables
    :param tables: the tables that it reads, beside ``move``; see ``_get_tables``
    """

    label: str
    kind: str
    sql: SQL
    tables: tuple = ()


class CustomerDataFeedSource(models.AbstractModel):
    """What the columns of a data feed can be filled with.

    The row of a feed is a repair order: a posted customer invoice of a vehicle. An
    addon offers more by extending :meth:`_get_sources` and :meth:`_get_tables`.
    """

    _name = "customer.data.feed.source"
    _description = "Source of a Data Feed"

    @api.model
    def _get_tables(self, feed):
        """Return ``{alias: (join as SQL, aliases that it needs)}``."""
        lang = feed._get_lang()
        return {
            "vehicle": (
                SQL("JOIN customer_vehicle AS vehicle ON vehicle.id = move.vehicle_id"),
                (),
            ),
            "make": (
                SQL("LEFT JOIN vehicle_make AS make ON make.id = vehicle.make_id"),
                ("vehicle",),
            ),
            "model": (
                SQL("LEFT JOIN vehicle_model AS model ON model.id = vehicle.model_id"),
                ("vehicle",),
            ),
            "plate_state": (
                SQL(
                    "LEFT JOIN res_country_state AS plate_state"
                    " ON plate_state.id = vehicle.license_state_id"
                ),
                ("vehicle",),
            ),
            "driver": (
                SQL("LEFT JOIN res_partner AS driver ON driver.id = vehicle.driver_id"),
                ("vehicle",),
            ),
            "customer": (
                SQL("JOIN res_partner AS customer ON customer.id = move.partner_id"),
                (),
            ),
            "customer_state": (
                SQL(
                    "LEFT JOIN res_country_state AS customer_state"
                    " ON customer_state.id = customer.state_id"
                ),
                ("customer",),
            ),
            "customer_country": (
                SQL(
                    "LEFT JOIN res_country AS customer_country"
                    " ON customer_country.id = customer.country_id"
                ),
                ("customer",),
            ),
            "currency": (
                SQL(
                    "LEFT JOIN res_currency AS currency"
                    " ON currency.id = move.currency_id"
                ),
                (),
            ),
            "work_order": (
                SQL(
                    """LEFT JOIN LATERAL (
                        SELECT sale_order.name, NULLIF(sale_order.odometer, 0)
                               AS odometer
                          FROM account_move_line AS line
                          JOIN sale_order_line_invoice_rel AS rel
                            ON rel.invoice_line_id = line.id
                          JOIN sale_order_line ON sale_order_line.id = order_line_id
                          JOIN sale_order ON sale_order.id = sale_order_line.order_id
                         WHERE line.move_id = move.id
                      ORDER BY sale_order.id
                         LIMIT 1
                    ) AS work_order ON TRUE"""
                ),
                (),
            ),
            "reading": (
                SQL(
                    """LEFT JOIN LATERAL (
                        SELECT value, unit
                          FROM vehicle_odometer_reading
                         WHERE vehicle_id = move.vehicle_id
                           AND date = move.invoice_date
                      ORDER BY id DESC
                         LIMIT 1
                    ) AS reading ON TRUE"""
                ),
                (),
            ),
            "service": (
                SQL(
                    """LEFT JOIN LATERAL (
                        SELECT string_agg(title, '; ' ORDER BY first) AS titles
                          FROM (
                               SELECT COALESCE(template.name->>%s,
                                               template.name->>'en_US') AS title,
                                      min(line.sequence * 1000000000::bigint + line.id)
                                      AS first
                                 FROM account_move_line AS line
                                 JOIN product_product AS product
                                   ON product.id = line.product_id
                                 JOIN product_template AS template
                                   ON template.id = product.product_tmpl_id
                                WHERE line.move_id = move.id
                                  AND line.display_type = 'product'
                                  AND template.type = 'service'
                             GROUP BY 1
                               ) AS package
                    ) AS service ON TRUE""",
                    lang,
                ),
                (),
            ),
        }

    @api.model
    def _get_sources(self, feed):
        """Return ``{code: Source}``; the values of the shop itself are constants."""
        shop = feed._get_shop_values()
        column = SQL.identifier

        def text(label, alias, name, kind="text"):
            return Source(label, kind, column(alias, name), (alias,))

        def constant(label, value):
            return self._get_constant(value)._replace(label=label)

        def order(label, name, kind="text"):
            return Source(label, kind, column("move", name))

        return {
            # === The repair order ===
            "order_number": order(self.env._("Repair order: number"), "name"),
            "order_date": order(
                self.env._("Repair order: date"), "invoice_date", "date"
            ),
            "order_entered": order(
                self.env._("Repair order: entered at"), "posted_at", "moment"
            ),
            "order_total": order(
                self.env._("Repair order: total"), "amount_total", "amount"
            ),
            "order_untaxed": order(
                self.env._("Repair order: total without tax"),
                "amount_untaxed",
                "amount",
            ),
            "order_tax": order(self.env._("Repair order: tax"), "amount_tax", "amount"),
            "order_currency": text(
                self.env._("Repair order: currency"), "currency", "name"
            ),
            "work_order": text(
                self.env._("Repair order: work order"), "work_order", "name"
            ),
            "services": text(
                self.env._("Repair order: titles of the services"), "service", "titles"
            ),
            # === The vehicle ===
            "vin": text(self.env._("Vehicle: VIN"), "vehicle", "vin"),
            "plate": text(
                self.env._("Vehicle: license plate"), "vehicle", "license_plate"
            ),
            "plate_state": text(
                self.env._("Vehicle: plate state"), "plate_state", "code"
            ),
            "year": Source(
                self.env._("Vehicle: model year"),
                "integer",
                SQL("NULLIF(vehicle.year, 0)"),
                ("vehicle",),
            ),
            "make": text(self.env._("Vehicle: make"), "make", "name"),
            "model": text(self.env._("Vehicle: model"), "model", "name"),
            "submodel": text(self.env._("Vehicle: submodel"), "vehicle", "submodel"),
            "engine": text(self.env._("Vehicle: engine"), "vehicle", "engine"),
            "color": text(self.env._("Vehicle: color"), "vehicle", "color"),
            "odometer": Source(
                self.env._("Vehicle: odometer at this visit"),
                "integer",
                SQL("COALESCE(work_order.odometer, reading.value)"),
                ("work_order", "reading"),
            ),
            "odometer_unit": Source(
                self.env._("Vehicle: unit of the odometer"),
                "text",
                SQL(
                    "CASE WHEN work_order.odometer IS NULL THEN reading.unit"
                    " ELSE vehicle.odometer_unit END"
                ),
                ("work_order", "reading", "vehicle"),
            ),
            "driver_name": text(self.env._("Vehicle: driver"), "driver", "name"),
            # === The customer ===
            "customer_number": Source(
                self.env._("Customer: number"), "integer", SQL("move.partner_id")
            ),
            "customer_reference": text(
                self.env._("Customer: reference"), "customer", "ref"
            ),
            "customer_name": text(self.env._("Customer: name"), "customer", "name"),
            "customer_street": text(
                self.env._("Customer: street"), "customer", "street"
            ),
            "customer_street2": text(
                self.env._("Customer: second line of the street"), "customer", "street2"
            ),
            "customer_city": text(self.env._("Customer: city"), "customer", "city"),
            "customer_state": text(
                self.env._("Customer: state"), "customer_state", "code"
            ),
            "customer_zip": text(
                self.env._("Customer: postal code"), "customer", "zip"
            ),
            "customer_country": text(
                self.env._("Customer: country"), "customer_country", "code"
            ),
            "customer_phone": text(self.env._("Customer: phone"), "customer", "phone"),
            "customer_mobile": text(
                self.env._("Customer: mobile"), "customer", "mobile"
            ),
            "customer_email": text(self.env._("Customer: e-mail"), "customer", "email"),
            "customer_do_not_mail": text(
                self.env._("Customer: Do Not Mail"), "customer", "do_not_mail", "flag"
            ),
            "customer_do_not_call": text(
                self.env._("Customer: Do Not Call"), "customer", "do_not_call", "flag"
            ),
            "customer_allow_texting": Source(
                self.env._("Customer: Allow Texting"),
                "flag",
                # To this location: the customer may have come back to another alone.
                self.env["res.partner"]._get_text_consent_sql(
                    "customer", feed.company_id
                ),
                ("customer",),
            ),
            # === The shop ===
            "account": constant(
                self.env._("Shop: account number or shop ID"), feed.account
            ),
            "shop_name": constant(self.env._("Shop: name"), shop["name"]),
            "shop_phone": constant(self.env._("Shop: phone"), shop["phone"]),
            "shop_street": constant(self.env._("Shop: street"), shop["street"]),
            "shop_city": constant(self.env._("Shop: city"), shop["city"]),
            "shop_state": constant(self.env._("Shop: state"), shop["state"]),
            "shop_zip": constant(self.env._("Shop: postal code"), shop["zip"]),
            "shop_country": constant(self.env._("Shop: country"), shop["country"]),
        }

    @api.model
    def _get_constant(self, text):
        """Return the source of a column that says the same in every row."""
        return Source("", "text", SQL("%s::text", text or None))

    @api.model
    def _get_joins(self, feed, aliases):
        """Return the joins that bring ``aliases``, each once, in order."""
        tables = self._get_tables(feed)
        wanted = set()
        waiting = list(aliases)
        while waiting:
            alias = waiting.pop()
            if alias not in wanted:
                wanted.add(alias)
                waiting += tables[alias][1]
        return SQL(" ").join(
            join for alias, (join, _needs) in tables.items() if alias in wanted
        )

    @api.model
    def _get_text(self, feed, source):
        """Return a source as text in the formats of a feed; NULL when it is empty."""
        return getattr(self, f"_get_text_{source.kind}")(feed, source.sql)

    @api.model
    def _get_text_text(self, feed, sql):
        taken = CONTROLS + ("|" if feed.file_format == "pipe" else "")
        # To look is much cheaper than to translate what has nothing to translate.
        return SQL(
            "NULLIF(CASE WHEN %(sql)s ~ %(any)s"
            " THEN translate(%(sql)s, %(taken)s, %(blanks)s) ELSE %(sql)s END, '')",
            sql=sql,
            any=f"[{taken}]",
            taken=taken,
            blanks=" " * len(taken),
        )

    @api.model
    def _get_text_date(self, feed, sql):
        return SQL("to_char(%s, %s)", sql, feed.date_format)

    @api.model
    def _get_text_moment(self, feed, sql):
        return SQL(
            "to_char(%s AT TIME ZONE 'UTC' AT TIME ZONE %s, %s)",
            sql,
            feed._get_zone().zone,
            f"{feed.date_format} HH24:MI",
        )

    @api.model
    def _get_text_integer(self, feed, sql):
        return SQL("(%s)::text", sql)

    @api.model
    def _get_text_amount(self, feed, sql):
        return SQL("round(%s, 2)::text", sql)

    @api.model
    def _get_text_flag(self, feed, sql):
        return SQL("CASE WHEN %s THEN 'Y' ELSE 'N' END", sql)

    @api.model
    def _get_fixed(self, text, kind, width):
        """Return a text of exactly ``width`` characters.

        Texts are cut. A number or date that does not fit is told by ``#`` signs: cut,
        it would be another one. Numbers stand at the right.
        """
        if kind == "text":
            return SQL("rpad(COALESCE(%s, ''), %s)", text, width)
        pad = SQL("lpad" if kind in ("integer", "amount") else "rpad")
        return SQL(
            "CASE WHEN length(%(text)s) > %(width)s THEN repeat('#', %(width)s)"
            " ELSE %(pad)s(COALESCE(%(text)s, ''), %(width)s) END",
            text=text,
            width=width,
            pad=pad,
        )
