# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from itertools import cycle

import pytz

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL

from . import stories

# Visits of a vehicle are about half a year apart.
DAYS_BETWEEN_VISITS = 174
TWO_YEARS = 730
MILES_A_DAY = 33


class AutoShopDemo(models.AbstractModel):
    """Builds the part of the demo shop that is relative to today.

    Reached from demo data alone: it has private methods, no rows and no rights.
    Nothing leaves the database, whatever is set up: messages are written down as
    history, never planned, and appointments invite nobody.
    """

    _name = "auto.shop.demo"
    _description = "Demo Shop"

    @api.model
    def _build(self):
        """Fill the demo shop with what has happened and what is coming."""
        shop = self._get_company()
        if self.env["sale.order"].search_count([("company_id", "=", shop.id)], limit=1):
            return
        demo = self._get_quiet()
        demo._build_books()
        demo._build_vehicle_cards()
        visits = demo._build_visits()
        demo._build_past_appointments(visits)
        demo._build_coming_appointments()
        demo._build_quotes()
        demo._build_deferred_work()
        demo._build_service_dates()
        demo._build_conversations()
        demo._build_history()
        demo._build_postcards()

    # === SHOP ===

    def _build_books(self):
        """Give the locations accounts to invoice with, and Texas sales tax on parts."""
        charts = self.env["account.chart.template"]
        taxes = self.env["account.tax"]
        for company in self._get_companies():
            if not company.chart_template:
                # `try_loading` warns while a database is being made: addons to come
                # may add to the chart. The shop needs nothing of theirs.
                charts._load(
                    charts._guess_chart_template(company.country_id),
                    company,
                    install_demo=False,
                )
            groups = self.env["account.tax.group"].with_company(company)
            tax = taxes.with_company(company).create(
                {
                    "name": "8.25% TX",
                    "amount": 8.25,
                    "type_tax_use": "sale",
                    "company_id": company.id,
                    "tax_group_id": groups.create(
                        {"name": "Sales Tax", "company_id": company.id}
                    ).id,
                }
            )
            company.account_sale_tax_id = tax
            taxes |= tax
        for xmlid in ("product_category_service", "product_category_part"):
            category = self._ref(xmlid)
            products = self.env["product.template"].search(
                [("categ_id", "=", category.id)]
            )
            products.taxes_id = taxes if xmlid.endswith("part") else False

    def _build_vehicle_cards(self):
        vehicles = self._get_vehicles()
        vehicles._decode_vins()
        # A card whose VIN is missing or mistyped was filled in by hand.
        by_hand = {
            "customer_vehicle_2008_chevrolet_tahoe": (2008, "Chevrolet", "Tahoe"),
            "customer_vehicle_2016_chevrolet_traverse": (2016, "Chevrolet", "Traverse"),
        }
        makes = self.env["vehicle.make"]._find_or_create({"Chevrolet"})
        models_ = self.env["vehicle.model"]._find_or_create(
            {(makes[make], model) for _year, make, model in by_hand.values()}
        )
        for xmlid, (year, make, model) in by_hand.items():
            self._ref(xmlid).write(
                {
                    "year": year,
                    "make_id": makes[make].id,
                    "model_id": models_[makes[make], model].id,
                }
            )
        last_week = self._today() - timedelta(days=7)
        self.env["vehicle.odometer.reading"].create(
            [
                {
                    "vehicle_id": vehicle.id,
                    "date": max(self._get_first_day(vehicle), date(2019, 1, 5)),
                    "value": self._get_miles(
                        vehicle, max(self._get_first_day(vehicle), date(2019, 1, 5))
                    ),
                }
                for vehicle in vehicles
                if self._get_first_day(vehicle) < last_week
            ]
        )

    # === WHAT HAS HAPPENED ===

    def _build_visits(self):
        """Two years of confirmed, invoiced and mostly paid orders.

        :return: the orders, with the days of their visits
        """
        plan = self._plan_visits()
        orders = self.env["sale.order"]
        for company, visits in plan.items():
            orders_here = self._create_orders(
                company, [(vehicle, day, job) for day, vehicle, job in visits]
            )
            orders_here.action_confirm()
            days = {}
            for order, (day, _vehicle, _job) in zip(orders_here, visits, strict=True):
                order.date_order = self._at(day, 8 + order.id % 9)
                days[order] = day
            self._create_odometers(days)
            self._create_invoices(company, days)
            orders |= orders_here
        return orders

    def _plan_visits(self):
        """Return ``{company: [(day, vehicle, job)]}``, the oldest first."""
        plan = defaultdict(list)
        jobs = cycle(stories.JOBS)
        last_visits = cycle(stories.LAST_VISITS)
        today = self._today()
        for position, vehicle in enumerate(self._get_vehicles()):
            days_ago = next(last_visits)
            while days_ago is not None and days_ago < TWO_YEARS:
                day = self._get_workday_before(today - timedelta(days=days_ago))
                if day < self._get_first_day(vehicle):
                    break
                company = vehicle.company_id or self._get_company()
                plan[company].append((day, vehicle, next(jobs)))
                # Not everybody comes as regularly as they should.
                days_ago += DAYS_BETWEEN_VISITS * (1 + position % 5)
        return {
            company: sorted(visits, key=lambda visit: (visit[0], visit[1].id))
            for company, visits in plan.items()
        }

    def _create_orders(self, company, rows, **vals):
        """:param rows: list of (vehicle, day of the order, job)"""
        user = self._get_clerk(company)
        return (
            self.env["sale.order"]
            .with_company(company)
            .create(
                [
                    {
                        "partner_id": vehicle.owner_id.id,
                        "vehicle_id": vehicle.id,
                        "company_id": company.id,
                        "user_id": user.id,
                        "date_order": self._at(day, 8 + position % 9),
                        "order_line": [
                            Command.create(
                                {
                                    "product_id": self._get_product(name).id,
                                    "product_uom_qty": quantity,
                                }
                            )
                            for name, quantity in job
                        ],
                        **vals,
                    }
                    for position, (vehicle, day, job) in enumerate(rows)
                ]
            )
        )

    def _create_odometers(self, days):
        """:param days: ``{order: day of its visit}``"""
        orders = list(days)
        readings = self.env["vehicle.odometer.reading"].create(
            [
                {
                    "vehicle_id": order.vehicle_id.id,
                    "date": days[order],
                    "value": self._get_miles(order.vehicle_id, days[order]),
                    "unit": "mi",
                    "source": "order",
                }
                for order in orders
            ]
        )
        for order, reading in zip(orders, readings, strict=True):
            order.write({"odometer": reading.value, "odometer_reading_id": reading.id})

    def _create_invoices(self, company, days):
        """Invoice, and take the money, each as of its day; the newest still owe."""
        orders = self.env["sale.order"].browse(order.id for order in days)
        invoices = orders.with_company(company)._create_invoices(grouped=True)
        by_month = defaultdict(self.env["account.move"].browse)
        for invoice in invoices:
            (order,) = invoice.line_ids.sale_line_ids.order_id
            invoice.invoice_date = days[order]
            by_month[days[order].year, days[order].month] |= invoice
        invoices.sorted(lambda invoice: (invoice.invoice_date, invoice.id))._post(
            soft=False
        )
        owing = invoices.sorted("invoice_date")[-4:]
        for month_invoices in by_month.values():
            paid = month_invoices - owing
            if paid:
                self.env["account.payment.register"].with_company(company).with_context(
                    active_model="account.move", active_ids=paid.ids
                ).create(
                    {
                        "payment_date": max(paid.mapped("invoice_date")),
                        "group_payment": False,
                    }
                )._create_payments()

    def _build_past_appointments(self, visits):
        """The visits of the last weeks were on the schedule; some people never came."""
        today = self._today()
        taken = set()
        vals_list = []
        for order in visits:
            day = self._get_day(order.date_order)
            if today - timedelta(days=21) <= day < today:
                vals_list += self._book(order, day, "completed", taken)
        customers = self._get_newcomers()
        for state, days in (
            ("no_show", stories.NO_SHOW_DAYS),
            ("booked", stories.FORGOTTEN_DAYS),
        ):
            for days_ago in days:
                day = self._get_workday_before(today - timedelta(days=days_ago))
                order = self._create_orders(
                    self._get_company(),
                    [(next(customers), day - timedelta(days=6), stories.JOBS[0])],
                )
                vals_list += self._book(order, day, state, taken)
        self.env["calendar.event"].create(vals_list)

    def _build_coming_appointments(self):
        """Today, the next days and weeks: Monday to Saturday, 8 to 17 at the shop."""
        shop = self._get_company()
        rows = []
        today = self._get_workday_after(self._today())
        for hour, bay in stories.TODAY:
            rows.append((today, hour, bay))
        day = today
        for count in stories.COMING:
            day = self._get_workday_after(day + timedelta(days=1))
            places = [(h, b) for h in stories.HOURS for b in stories.BAYS]
            # Spread over the day: every third place, beginning elsewhere each day.
            start = day.toordinal() % len(places)
            for number in range(count):
                hour, bay = places[(start + number * 5) % len(places)]
                rows.append((day, hour, bay))
        self._create_coming(shop, rows)
        day = self._get_workday_after(self._today())
        rows = []
        for number in range(6):
            rows.append((day, stories.HOURS[number % 4], "rr_glass"))
            day = self._get_workday_after(day + timedelta(days=1))
        self._create_coming(self._get_round_rock(), rows)

    def _create_coming(self, company, rows):
        today = self._today()
        vehicles = self._get_vehicles().filtered(
            lambda vehicle: (
                (vehicle.company_id or self._get_company()) == company
                and not self._is_just_inactive(vehicle)
            )
        )
        # Whoever was here last comes last; a vehicle is booked once.
        vehicles = vehicles.sorted(
            lambda vehicle: (
                vehicle.last_visit_date or today - timedelta(days=60),
                vehicle.id,
            )
        )
        rows = rows[: len(vehicles)]
        jobs = cycle(stories.JOBS)
        orders = self._create_orders(
            company,
            [
                (vehicle, today - timedelta(days=2 + position % 9), next(jobs))
                for position, (vehicle, _row) in enumerate(
                    zip(vehicles, rows, strict=False)
                )
            ],
        )
        confirmed = orders.filtered(lambda order: order.id % 3)
        dates = {order: order.date_order for order in confirmed}
        confirmed.action_confirm()
        for order, ordered_at in dates.items():
            order.date_order = ordered_at
        (orders - confirmed)[::2].state = "sent"
        vals_list = []
        now = fields.Datetime.now()
        for position, (order, (day, hour, bay)) in enumerate(
            zip(orders, rows, strict=True)
        ):
            start = self._at(day, hour)
            state = "booked"
            if start + timedelta(hours=2) <= now:
                state = "completed"
            elif start <= now:
                state = "arrived"
            vals = self._prepare_appointment(order, day, hour, bay, state)
            if position % 3 == 0 and state == "booked":
                vals["customer_confirmed"] = now - timedelta(hours=3)
            vals_list.append(vals)
        self.env["calendar.event"].create(vals_list)

    def _book(self, order, day, state, taken):
        """Return the values of an appointment in a free place of that day, if any."""
        bays = stories.BAYS
        if order.company_id != self._get_company():
            bays = ("rr_glass", "rr_lift")
        places = [(hour, bay) for hour in stories.HOURS for bay in bays]
        for number in range(len(places)):
            hour, bay = places[(order.id * 5 + number) % len(places)]
            if (day, hour, bay) not in taken:
                taken.add((day, hour, bay))
                return [self._prepare_appointment(order, day, hour, bay, state)]
        return []

    def _prepare_appointment(self, order, day, hour, bay, state):
        technician = stories.TECHNICIANS.get(bay)
        start = self._at(day, hour)
        return {
            "work_order_id": order.id,
            "shop_state": state,
            "start": start,
            "stop": start + timedelta(hours=2),
            "bay_id": self._ref(f"shop_bay_{bay}").id,
            "technician_id": technician and self._ref(f"res_users_{technician}").id,
            "user_id": order.user_id.id,
            "notify_customer": False,
        }

    def _build_quotes(self):
        """Quotes that wait for an answer, one that ran out, one that fell through."""
        today = self._today()
        newcomers = self._get_newcomers()
        rows = [
            (next(newcomers), today - timedelta(days=days), stories.JOBS[days % 14])
            for days in (0, 1, 1, 2, 4, 6, 9, 40, 33)
        ]
        quotes = self._create_orders(self._get_company(), rows)
        quotes[2:7].state = "sent"
        quotes[7].write({"state": "sent", "validity_date": today - timedelta(days=10)})
        quotes[8]._action_cancel()

    def _build_deferred_work(self):
        today = self._today()
        works = cycle(stories.DEFERRED_WORK)
        vals_list = []
        seen = self._get_vehicles().filtered("last_visit_date")
        seen = seen.sorted("last_visit_date", reverse=True)
        for position, vehicle in enumerate(seen):
            days = (today - vehicle.last_visit_date).days
            # Most of what was put off lately is open; what is old was dealt with.
            state = "open" if days < 200 else ("done", "declined")[position % 2]
            if position % 2 and days < 400:
                description, amount = next(works)
                vals_list.append(
                    {
                        "vehicle_id": vehicle.id,
                        "company_id": (vehicle.company_id or self._get_company()).id,
                        "description": description,
                        "amount": amount,
                        "date": vehicle.last_visit_date,
                        "state": state,
                    }
                )
        self.env["vehicle.deferred.work"].create(vals_list)

    def _build_service_dates(self):
        """Half a year after the last visit, and for every fifth vehicle around now."""
        today = self._today()
        for position, vehicle in enumerate(self._get_vehicles()):
            if position % 5 == 0:
                vehicle.next_service_date = today + timedelta(
                    days=position * 7 % 33 - 10
                )
            elif vehicle.last_visit_date:
                last = vehicle.last_visit_date
                vehicle.next_service_date = last + timedelta(days=182)

    # === MESSAGES ===

    def _build_conversations(self):
        for company, conversations in (
            (self._get_company(), stories.CONVERSATIONS),
            (self._get_round_rock(), stories.ROUND_ROCK_CONVERSATIONS),
        ):
            now = self._get_opening_moment()
            for name, texts in conversations.items():
                partner = self._ref(f"res_partner_{name}")
                self._create_conversation(company, partner, texts, now)

    def _create_conversation(self, company, partner, texts, now):
        number = partner.text_number
        rows = self.env["customer.interaction"]
        for minutes, who, body, state in texts:
            moment = now - timedelta(minutes=minutes)
            rows |= self._log_text(company, partner, moment, who, body, state)
        threads = self.env["customer.text.thread"]
        threads._touch(rows)
        thread = threads._get_thread(company, partner)
        thread.sudo().last_text_at = rows[-1].planned_at
        if any(body.strip().upper() == "STOP" for _ago, who, body, _s in texts):
            self.env["res.partner"]._text_stop(number, source="text", note="STOP")

    def _log_text(self, company, partner, moment, who, body, state):
        vals = {
            "company_id": company.id,
            "partner_id": partner.id,
            "vehicle_id": self.env["customer.vehicle"]
            .search([("owner_id", "=", partner.id)], limit=1)
            .id,
            "channel": "sms",
            "direction": "in" if who == "in" else "out",
            "state": "delivered" if state == "UNREAD" else state,
            "planned_at": moment,
            "sent_at": moment,
            "body": body,
            "number": partner.text_number,
            "is_unread": state == "UNREAD",
        }
        if who != "in":
            vals.update(
                user_id=self._ref(f"res_users_{who}").id,
                dispatched_at=moment,
                delivered_at=moment if state == "delivered" else False,
            )
        if state == "failed":
            vals.update(failure_reason=stories.FAILED, reason_code="provider")
        elif state == "unknown":
            vals.update(failure_reason=stories.UNKNOWN, reason_code="not_known")
        return self.env["customer.interaction"]._log([vals])

    def _build_history(self):
        company = self._get_company()
        now = self._get_opening_moment()
        self.env["customer.interaction"]._log(
            [
                {
                    "company_id": company.id,
                    "partner_id": self._ref(f"res_partner_{name}").id,
                    "channel": channel,
                    "direction": direction,
                    "state": "sent" if channel == "memo" else "delivered",
                    "planned_at": now - timedelta(days=days, minutes=20),
                    "sent_at": now - timedelta(days=days, minutes=20),
                    "user_id": self._get_clerk(company).id,
                    "subject": subject,
                    "body": body,
                    "outcome": outcome,
                }
                for name, channel, direction, days, subject, body, outcome in (
                    stories.HISTORY
                )
            ]
        )

    def _build_postcards(self):
        """A print run that was mailed a month ago, one that waits for the printer."""
        company = self._get_company()
        now = self._get_opening_moment()
        month_ago = now - timedelta(days=30)
        runs = self.env["customer.print.run"]
        mailed = runs.create(
            {
                "company_id": company.id,
                "state": "mailed",
                "printed_at": month_ago,
                "mailed_at": month_ago + timedelta(hours=2),
            }
        )
        # It is named after the day on which it was begun.
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE customer_print_run SET create_date = %s WHERE id = %s",
                month_ago - timedelta(days=3),
                mailed.id,
            )
        )
        mailed.invalidate_recordset()
        waiting = runs._get_open(company)
        for run, names, moment, state in (
            (mailed, stories.POSTCARDS_MAILED, month_ago, "sent"),
            (waiting, stories.POSTCARDS_WAITING, now - timedelta(hours=5), "queued"),
        ):
            self.env["customer.interaction"]._log(
                [
                    self._prepare_postcard(
                        run, self._ref(f"res_partner_{name}"), moment, state
                    )
                    for name in names
                ]
            )

    def _prepare_postcard(self, run, partner, moment, state):
        company = run.company_id
        return {
            "company_id": company.id,
            "partner_id": partner.id,
            "channel": "post",
            "direction": "out",
            "state": state,
            "automatic": True,
            "planned_at": moment,
            "dispatched_at": moment,
            "sent_at": moment if state == "sent" else False,
            "subject": stories.POSTCARD_TITLE,
            "body": stories.POSTCARD
            % {
                "first_name": partner._split_name()[0],
                "phone": company.phone,
                "shop": company.name,
            },
            "print_run_id": run.id,
        }

    # === HELPERS ===

    def _get_quiet(self):
        """Work for both locations, and notify nobody."""
        return self.with_context(
            allowed_company_ids=self._get_companies().ids,
            lang="en_US",
            tz="America/Chicago",
            tracking_disable=True,
            mail_create_nolog=True,
            mail_create_nosubscribe=True,
            mail_auto_subscribe_no_notify=True,
        )

    def _ref(self, name):
        return self.env.ref(f"auto_shop.{name}")

    def _get_product(self, name):
        """:param name: of a product here, or the whole external id of one elsewhere"""
        return self.env.ref(name) if "." in name else self._ref(f"product_{name}")

    def _get_company(self):
        return self._ref("res_company_lone_star")

    def _get_round_rock(self):
        return self._ref("res_company_lone_star_round_rock")

    def _get_companies(self):
        return self._get_company() | self._get_round_rock()

    def _get_clerk(self, company):
        main = company == self._get_company()
        return self._ref(f"res_users_{'counter' if main else 'round_rock'}")

    def _get_vehicles(self):
        """The vehicles of the demo data, always in the same order."""
        data = self.env["ir.model.data"].search(
            [("module", "=", "auto_shop"), ("model", "=", "customer.vehicle")],
            order="res_id",
        )
        return self.env["customer.vehicle"].browse(data.mapped("res_id"))

    def _get_newcomers(self):
        """Vehicles of the main location that have not been here, again and again."""
        shop = self._get_company()
        return cycle(
            self._get_vehicles().filtered(
                lambda vehicle: (
                    not vehicle.last_visit_date
                    and vehicle.company_id in (shop, shop.browse())
                )
            )
        )

    def _is_just_inactive(self, vehicle):
        """Whose reminder is due now, and who must not have an appointment then."""
        if not vehicle.last_visit_date:
            return False
        days = (self._today() - vehicle.last_visit_date).days
        return days > 85 and days % 90 in (88, 89, 0, 1, 2, 3)

    def _get_miles(self, vehicle, day):
        """A plausible odometer: more for older vehicles, never less than before."""
        age = (day - self._get_first_day(vehicle)).days
        return 400 + age * MILES_A_DAY + vehicle.id % 97 * 41

    def _get_first_day(self, vehicle):
        """A model year is sold from the autumn before."""
        return date(vehicle.year - 1, 9, 1)

    def _get_tz(self):
        return pytz.timezone(self._get_company()._get_shop_tz())

    def _today(self):
        return datetime.now(self._get_tz()).date()

    def _at(self, day, hour):
        """The moment (UTC) at which it is ``hour`` in the shop."""
        local = self._get_tz().localize(datetime.combine(day, time(hour)))
        return local.astimezone(pytz.utc).replace(tzinfo=None)

    def _get_day(self, moment):
        return pytz.utc.localize(moment).astimezone(self._get_tz()).date()

    def _get_workday_before(self, day):
        """That day, or the Saturday before a Sunday."""
        return day - timedelta(days=1) if day.weekday() == 6 else day

    def _get_workday_after(self, day):
        return day + timedelta(days=1) if day.weekday() == 6 else day

    def _get_opening_moment(self):
        """Now, or when the shop was last open: nobody texts at night."""
        now = fields.Datetime.now()
        today = self._today()
        if self._at(today, 9) <= now <= self._at(today, 18) and today.weekday() != 6:
            return now
        day = today if now > self._at(today, 18) else today - timedelta(days=1)
        return self._at(self._get_workday_before(day), 17)
