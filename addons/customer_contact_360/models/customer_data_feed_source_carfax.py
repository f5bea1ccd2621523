# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, models
from odoo.tools import SQL

from odoo.addons.auto_shop.tools.vin import vin_valid_sql

from .customer_data_feed_source import Source


class CustomerDataFeedSource(models.AbstractModel):
    _inherit = "customer.data.feed.source"

    @api.model
    def _get_tables(self, feed):
        return {
            **super()._get_tables(feed),
            # The name of the product alone: what is typed on a line may name people.
            "package": (
                SQL(
                    """LEFT JOIN LATERAL (
                        SELECT string_agg(title, '; ' ORDER BY first) AS titles
                          FROM (
                               SELECT COALESCE(template.name->>%s,
                                               template.name->>'en_US') AS title,
                                      min(line.id) AS first
                                 FROM account_move_line AS line
                                 JOIN product_product AS product
                                   ON product.id = line.product_id
                                 JOIN product_template AS template
                                   ON template.id = product.product_tmpl_id
                                WHERE line.move_id = move.id
                                  AND line.display_type = 'product'
                                  AND template.is_service_package
                             GROUP BY 1
                               ) AS line
                    ) AS package ON TRUE""",
                    feed._get_lang(),
                ),
                (),
            ),
        }

    @api.model
    def _get_sources(self, feed):
        sources = super()._get_sources(feed)
        return {
            **sources,
            "vin_checked": Source(
                self.env._("Vehicle: VIN, where its check digit is right"),
                "text",
                SQL(
                    "CASE WHEN %s THEN vehicle.vin END",
                    vin_valid_sql(SQL("vehicle.vin")),
                ),
                ("vehicle",),
            ),
            "odometer_measure": sources["odometer_unit"]._replace(
                label=self.env._("Vehicle: unit of the odometer, MI or KM"),
                sql=SQL("upper(%s)", sources["odometer_unit"].sql),
            ),
            "service_packages": Source(
                self.env._("Repair order: titles of the service packages"),
                "text",
                SQL("package.titles"),
                ("package",),
            ),
        }
