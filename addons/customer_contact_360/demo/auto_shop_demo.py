# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, models
from odoo.tools import SQL


class AutoShopDemo(models.AbstractModel):
    _inherit = "auto.shop.demo"

    @api.model
    def _build_contact_360(self):
        """The main location writes to its customers by e-mail; the other one is still
        to be set up."""
        demo = self._get_quiet()
        shop = demo._get_company()
        setups = demo.env["customer.contact.setup"]
        if setups._get(shop):
            return
        demo._build_contact_dates()
        setup = setups.with_company(shop).create(
            {
                "company_id": shop.id,
                "owner_name": "Teresa Holloway",
                "feedback_url": "https://example.com/feedback",
                "email_enabled": True,
            }
        )
        setup._get_rule("email", "deferred").days = 30
        demo.env["customer.contact.due"]._refresh(setup)

    def _build_contact_dates(self):
        """What was made today to look like history, reminders count as such."""
        self.env.flush_all()
        companies = tuple(self._get_companies().ids)
        self.env.cr.execute(
            SQL(
                """UPDATE account_move
                      SET posted_at = invoice_date + interval '21 hours'
                    WHERE company_id IN %s AND state = 'posted'
                      AND move_type = 'out_invoice'
                      AND invoice_date < CURRENT_DATE""",
                companies,
            )
        )
        # Most appointments were made a month before, every third only lately.
        self.env.cr.execute(
            SQL(
                """UPDATE calendar_event
                      SET booked_at = LEAST(
                              start - CASE WHEN id %% 3 = 0 THEN interval '5 days'
                                           ELSE interval '35 days' END,
                              now() AT TIME ZONE 'UTC')
                    WHERE company_id IN %s AND shop_state IS NOT NULL""",
                companies,
            )
        )
        self.env.invalidate_all()
