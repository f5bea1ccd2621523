# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.auto_shop.demo import stories

WINDSHIELD = ("installation", "urethane_kit", "molding")
# Glass and what goes with it, by the make of the vehicle's turn.
JOBS = [
    ("fw04312", *WINDSHIELD, "calibration"),
    ("fd27140", "installation"),
    ("dw02275", *WINDSHIELD),
    ("fb25580", "installation", "urethane_kit"),
    ("fw03807", *WINDSHIELD, "calibration"),
    ("fq26644", "installation", "urethane_kit"),
]
# Customers whose quotes are ready to be sent.
READY = (
    "emily_castellano",
    "omar_haddad",
    "jorge_cantu",
    "shanice_barrett",
    "sofia_dimitriou",
)
# Sent and not scheduled yet; sent and on the schedule of the coming days.
SENT = ("rahul_deshpande", "tyrell_washington", "luis_arredondo")
SCHEDULED = (
    "maria_gutierrez",
    "kwame_mensah",
    "yuki_tanabe",
    "hannah_lindqvist",
    "lucia_ferrante",
    "joy_villanueva",
    "hector_salinas",
)
# Done: (customer, days ago, how far it went).
DONE = (
    ("katie_odonnell", 1, "to_invoice"),
    ("carlos_ibarra", 2, "invoiced"),
    ("ngozi_adeyemi", 5, "smile"),
    ("marcus_delacroix", 6, "frown"),
)


class AutoShopDemo(models.AbstractModel):
    _inherit = "auto.shop.demo"

    @api.model
    def _build_glass(self):
        """Glass jobs at every step: quote, sent, scheduled, done, invoiced."""
        demo = self._get_quiet()
        shop = demo._get_company()
        if self.env["crm.lead"].search_count([("company_id", "=", shop.id)], limit=1):
            return
        category = self.env.ref("auto_glass_crm.product_category_glass")
        taxes = demo._ref("product_brake_pads").taxes_id
        for product in demo.env["product.template"].search(
            [("categ_id", "=", category.id)]
        ):
            product.taxes_id = taxes if product.type == "consu" else False
        # Asking every customer alike is what Google's policy allows.
        shop.write(
            {
                "google_place_id": "demo-place-of-lone-star",
                "review_requests": "everyone",
            }
        )
        demo._adopt_earlier_orders()
        demo._create_glass_orders(READY, 0)
        demo._send_glass_orders(SENT, 1)
        demo._schedule_glass_orders()
        for name, days_ago, outcome in DONE:
            demo._finish_glass_order(name, days_ago, outcome)
        leads = demo.env["crm.lead"].search([("company_id", "=", shop.id)])
        if "iap_enrich_done" in leads._fields:
            # Odoo would ask its own service about their e-mail addresses.
            leads.iap_enrich_done = True

    def _adopt_earlier_orders(self):
        """What was on the schedule before counts as sent, and its customers as told."""
        companies = self._get_companies()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE sale_order
                   SET sent_to_crm_at = date_order, sent_to_crm_user_id = user_id
                 WHERE company_id = ANY(%(companies)s)
                   AND (state = 'sale'
                        OR id IN (SELECT work_order_id FROM calendar_event))
                """,
                companies=companies.ids,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE calendar_event SET told_start = start
                 WHERE company_id = ANY(%(companies)s) AND shop_state = 'booked'
                """,
                companies=companies.ids,
            )
        )
        self.env.invalidate_all()

    def _create_glass_orders(self, names, days_ago):
        shop = self._get_company()
        rows = []
        for position, name in enumerate(names):
            vehicle = self._get_glass_vehicle(name)
            day = self._today() - timedelta(days=days_ago)
            job = [
                (f"auto_glass_crm.product_{product}", 1)
                for product in JOBS[(position + days_ago) % len(JOBS)]
            ]
            rows.append((vehicle, day, job))
        return self._create_orders(shop, rows)

    def _get_glass_vehicle(self, name):
        return self.env["customer.vehicle"].search(
            [("owner_id", "=", self._ref(f"res_partner_{name}").id)],
            order="id",
            limit=1,
        )

    def _send_glass_orders(self, names, days_ago):
        orders = self._create_glass_orders(names, days_ago)
        self._as_clerk(orders).action_send_to_crm()
        moment = self._get_opening_moment() - timedelta(days=days_ago, minutes=12)
        for order in orders:
            order.sudo().sent_to_crm_at = moment
        self._deliver(orders, moment)
        return orders

    def _schedule_glass_orders(self):
        events = self.env["calendar.event"].search(
            [("shop_state", "=", "booked"), ("start", ">", fields.Datetime.now())]
        )
        booked = events.vehicle_id
        free = [
            name for name in SCHEDULED if self._get_glass_vehicle(name) not in booked
        ]
        orders = self._send_glass_orders(free[:3], 2)
        orders.action_confirm()
        day = self._get_workday_after(self._today() + timedelta(days=1))
        for order in orders:
            self._schedule(order, day, "booked")
            day = self._get_workday_after(day + timedelta(days=1))
        self._deliver(orders, self._get_opening_moment() - timedelta(days=1))

    def _finish_glass_order(self, name, days_ago, outcome):
        """A job that was done and, unless it waits for that, invoiced and asked about.

        :param outcome: ``to_invoice``, ``invoiced`` (nobody asked yet), or the answer
        """
        order = self._send_glass_orders((name,), days_ago + 4)
        order.action_confirm()
        day = self._get_workday_before(self._today() - timedelta(days=days_ago))
        order.date_order = self._at(day, 8)
        event = self._schedule(order, day, "booked")
        event.write({"shop_state": "completed", "notify_customer": True})
        moment = event.stop
        self._deliver(order, moment)
        if outcome == "to_invoice":
            return
        invoice = order._create_invoices()
        invoice.invoice_date = day
        invoice._post(soft=False)
        if outcome != "invoiced":
            self._as_clerk(invoice).action_customer_experience(outcome)
            order.sudo().customer_experience_date = moment
            self._deliver(order, moment + timedelta(minutes=9))

    def _as_clerk(self, records):
        """These records as the person at the counter sees them."""
        company = records.company_id
        return records.with_user(self._get_clerk(company)).with_context(
            allowed_company_ids=company.ids
        )

    def _schedule(self, order, day, state):
        """Put an order into a place that nobody has, on that day or later."""
        while True:
            for hour in stories.HOURS:
                for bay in ("glass_1", "glass_2"):
                    vals = self._prepare_appointment(order, day, hour, bay, state)
                    taken = self.env["calendar.event"].search_count(
                        [
                            ("bay_id", "=", vals["bay_id"]),
                            ("start", "<", vals["stop"]),
                            ("stop", ">", vals["start"]),
                        ],
                        limit=1,
                    )
                    if not taken:
                        vals["notify_customer"] = True
                        return self.env["calendar.event"].create([vals])
            day = self._get_workday_after(day + timedelta(days=1))

    def _deliver(self, orders, moment):
        """What was just planned becomes history: nothing is left to be sent."""
        rows = self.env["customer.interaction"].search(
            [("work_order_id", "in", orders.ids), ("state", "=", "planned")]
        )
        rows = rows.sudo()._fill_wording()
        for row in rows:
            row.write(
                {
                    "number": row.partner_id.text_number,
                    "planned_at": moment,
                    "dispatched_at": moment,
                    "sent_at": moment,
                    "delivered_at": moment,
                    "state": "delivered",
                    "user_id": self._get_clerk(row.company_id).id,
                }
            )
        threads = self.env["customer.text.thread"]
        threads._touch(rows)
        for row in rows:
            thread = threads._get_thread(row.company_id, row.partner_id).sudo()
            texts = thread._get_texts_domain()
            last = self.env["customer.interaction"].search(
                texts, order="planned_at desc, id desc", limit=1
            )
            thread.write(
                {
                    "last_text_at": last.planned_at or fields.Datetime.now(),
                    "last_body": last.summary,
                    "last_direction": last.direction,
                }
            )
