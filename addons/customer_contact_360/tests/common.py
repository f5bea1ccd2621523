# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from contextlib import contextmanager
from datetime import datetime, time, timedelta

import pytz
from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command

from odoo.addons.auto_shop.tests.common import AutoShopCommon


class Contact360Common(AutoShopCommon):
    """A location in Chicago with e-mail on, whose numbers the tests set.

    ``ann`` has an e-mail address and owns ``vehicle``; ``at`` moves the clock.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["account.chart.template"].try_loading(
            "generic_coa", company=cls.company, install_demo=False
        )
        cls.company.shop_tz = "America/Chicago"
        cls.setup = cls._create_setup(cls.company)
        cls.ann = cls._create_customer(email="ann@example.com")
        cls.vehicle = cls._create_vehicle(cls.ann)

    @classmethod
    def _create_setup(cls, company, **vals):
        """A setup with e-mail on since long ago and every message off."""
        if not company.street:
            company.write({"street": "1 Main Street", "city": "Austin", "zip": "78701"})
        company.email = company.email or "shop@example.com"
        setup = cls.env["customer.contact.setup"].create(
            {"company_id": company.id, "email_enabled": True, **vals}
        )
        setup.rule_ids.write({"days": 0, "interval": 0, "dead": 0})
        return setup

    @classmethod
    def _set_rule(cls, kind, days, channel="email", setup=None, **vals):
        """Set the numbers of one message; it has been on since long ago."""
        rule = (setup or cls.setup).rule_ids.filtered(
            lambda rule: rule.kind == kind and rule.channel == channel
        )
        rule.write({"days": days, **vals})
        rule.write({"started_on": "2000-01-01", "changed_on": False})
        return rule

    @classmethod
    def _create_vehicle(cls, owner, **vals):
        return cls.env["customer.vehicle"].create(
            {
                "owner_id": owner.id,
                "company_id": cls.company.id,
                "license_plate": f"C{cls.env['customer.vehicle'].search_count([])}",
                **vals,
            }
        )

    @classmethod
    def _local(cls, day, hour=10, minute=0, setup=None):
        """Return a local moment of the location as a UTC datetime."""
        zone = (setup or cls.setup)._get_zone()
        moment = datetime.combine(fields.Date.to_date(day), time(hour, minute))
        return zone.localize(moment).astimezone(pytz.utc).replace(tzinfo=None)

    def at(self, day, hour=10, minute=0, setup=None):
        """Freeze the clock at an hour of a day at the location."""
        return freeze_time(self._local(day, hour, minute, setup))

    @classmethod
    def _book(cls, day, hour=10, booked_on="2026-01-01", vehicle=None, **vals):
        vehicle = cls.vehicle if vehicle is None else vehicle
        start = cls._local(day, hour)
        with freeze_time(cls._local(booked_on, 12)):
            return cls.env["calendar.event"].create(
                {
                    "shop_state": "booked",
                    "company_id": cls.company.id,
                    "customer_id": vehicle.owner_id.id or cls.ann.id,
                    "vehicle_id": vehicle.id,
                    "start": start,
                    "stop": start + timedelta(hours=1),
                    "notify_customer": False,
                    **vals,
                }
            )

    @classmethod
    def _defer(cls, day, vehicle=None, description="Rear brakes", **vals):
        return cls.env["vehicle.deferred.work"].create(
            {
                "vehicle_id": (vehicle or cls.vehicle).id,
                "company_id": cls.company.id,
                "description": description,
                "date": day,
                **vals,
            }
        )

    @classmethod
    def _invoice(cls, day, posted_on=None, vehicle=None, company=None):
        vehicle = vehicle or cls.vehicle
        company = company or cls.company
        move = (
            cls.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": vehicle.owner_id.id,
                    "vehicle_id": vehicle.id,
                    "invoice_date": day,
                    "invoice_line_ids": [
                        Command.create({"name": "Oil", "quantity": 1, "price_unit": 50})
                    ],
                }
            )
        )
        move.action_post()
        move.posted_at = cls._local(posted_on or day, 15)
        return move

    @classmethod
    def _create_inactive(cls, count, day, email=True):
        """So many customers with a vehicle each, last invoiced on that day."""
        move = cls._invoice(day, vehicle=cls._create_vehicle(cls.ann, active=False))
        partners = cls.env["res.partner"].create(
            [
                {"name": f"Customer {n}", "email": email and f"c{n}@example.com"}
                for n in range(count)
            ]
        )
        cards = cls.env["customer.vehicle"].create(
            [
                {"owner_id": partner.id, "company_id": cls.company.id}
                for partner in partners
            ]
        )
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE customer_vehicle SET last_invoice_id = %s, last_invoice_date = %s,"
            " last_visit_date = %s WHERE id IN %s",
            (move.id, day, day, tuple(cards.ids)),
        )
        cls.env.invalidate_all()
        return cards

    @contextmanager
    def _undone(self):
        """What happens within is undone: for cases that begin from the same."""
        with self.env.cr.savepoint() as savepoint:
            yield
            savepoint.rollback()
        self.env.invalidate_all()

    def _run(self, day, hour=10, setup=None):
        """Run the plan of a day; return the messages that are new."""
        interactions = self.env["customer.interaction"]
        before = interactions.search([("dedupe_key", "=like", "360:%")])
        with self.at(day, hour):
            (setup or self.setup)._run()
        return interactions.search([("dedupe_key", "=like", "360:%")]) - before

    def _run_days(self, first, last, setup=None):
        """Plan every day in between; return the days on which something was planned.

        Without the list of the next days, and without dispatch: two years take
        seconds.
        """
        setup = setup or self.setup
        due = self.env["customer.contact.due"]
        found = []
        day, last = fields.Date.to_date(first), fields.Date.to_date(last)
        with freeze_time(self._local(day)) as clock:
            while day <= last:
                clock.move_to(self._local(day))
                found += [str(day)] * due._plan_due(setup, day)
                day += timedelta(days=1)
        return found

    def _list(self, day, setup=None, **domain):
        """Return the list of the next seven days as it is on a day."""
        due = self.env["customer.contact.due"]
        setup = setup or self.setup
        with self.at(day):
            due._refresh(setup)
        return due.search([("company_id", "=", setup.company_id.id)])

    def _forget(self):
        """Begin anew: nothing was planned, booked or invoiced."""
        rows = self.env["customer.interaction"].search(
            [("dedupe_key", "=like", "360:%")]
        )
        rows.sudo().unlink()
