# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.fields import Command

from odoo.addons.auto_shop.tests.common import AutoShopCommon

PASSWORD = "s3cret/ß & co"


class FeedCommon(AutoShopCommon):
    """A location with a feed that is on, and repair orders of the last hours.

    ``feed`` is a feed of the provider ``other`` for downloading; ``_invoice`` posts a
    repair order so many minutes ago.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._load_accounts(cls.company)
        cls.company.write(
            {
                "shop_tz": "America/Chicago",
                "phone": "+15125550100",
                "street": "1 Main Street",
                "city": "Austin",
                "state_id": cls.state_texas.id,
                "zip": "78701",
            }
        )
        cls.setup = cls.env["customer.contact.setup"].create(
            {"company_id": cls.company.id}
        )
        cls.ann = cls._create_customer(street="2 Elm Street", city="Austin")
        cls.vehicle = cls._create_vehicle(cls.ann)
        cls.feed = cls._create_feed()

    @classmethod
    def _load_accounts(cls, company):
        cls.env["account.chart.template"].try_loading(
            "generic_coa", company=company, install_demo=False
        )

    @classmethod
    def _create_vehicle(cls, owner, **vals):
        make = cls.env["vehicle.make"].create(
            {"name": f"Make {cls.env['vehicle.make'].search_count([])}"}
        )
        return cls.env["customer.vehicle"].create(
            {
                "owner_id": owner.id,
                "vin": "1HGCM82633A004352",
                "license_plate": "ABC 123",
                "license_state_id": cls.state_texas.id,
                "year": 2003,
                "make_id": make.id,
                "company_id": cls.company.id,
                **vals,
            }
        )

    @classmethod
    def _create_feed(cls, on=True, **vals):
        """A feed of a user who is a manager; on since a day ago."""
        columns = vals.pop("columns", ("order_number", "customer_name", "order_total"))
        feed = (
            cls.env["customer.data.feed"]
            .with_user(cls.manager)
            .with_context(allowed_company_ids=cls.company.ids)
            .create(
                {
                    "name": "Feed",
                    "company_id": cls.company.id,
                    "delivery": "none",
                    "file_pattern": "{account}{MM}{DD}.dat",
                    "account": "4711",
                    "line_end": "lf",
                    **vals,
                }
            )
        )
        if columns:
            feed.column_ids = [Command.clear()] + [
                Command.create({"header": source, "source": source, "width": 12})
                for source in columns
            ]
        if on:
            cls._turn_on(feed)
        return feed.with_env(cls.env)

    @classmethod
    def _turn_on(cls, feed):
        feed.action_agree(feed._call_provider("agreement")[0])
        feed.entered_from = fields.Datetime.now() - timedelta(days=1)

    @classmethod
    def _invoice(cls, minutes_ago=60, vehicle=None, company=None, price=50.0, **vals):
        """A repair order that was posted so long ago, dated much earlier."""
        vehicle = cls.vehicle if vehicle is None else vehicle
        move = (
            cls.env["account.move"]
            .with_company(company or cls.company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": (vehicle.owner_id or cls.ann).id,
                    "vehicle_id": vehicle.id,
                    "invoice_date": "2020-02-03",
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "product_id": cls.product.id,
                                "quantity": 1,
                                "price_unit": price,
                                "tax_ids": False,
                            }
                        )
                    ],
                    **vals,
                }
            )
        )
        cls._post(move, minutes_ago)
        return move

    @classmethod
    def _post(cls, move, minutes_ago=60):
        move.action_post()
        move.posted_at = fields.Datetime.now() - timedelta(minutes=minutes_ago)

    def _run_cron(self):
        """Run the scheduled action as the server does."""
        cron = self.env.ref("customer_contact_360.ir_cron_feed")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def _run_feed(self, feed=None):
        """Make the next file of a feed; return the run."""
        feed = feed or self.feed
        feed.next_run = fields.Datetime.now() - timedelta(seconds=1)
        self.env.flush_all()
        self._run_cron()
        return feed.run_ids[:1]

    def _read(self, run):
        """Return the content of the file of a run."""
        if not run.attachment_id:
            return None
        with run.attachment_id._open_streamed() as file:
            return file.read().decode(run.feed_id.encoding)

    def _at(self, moment):
        """Let transactions be open since a moment: nothing later is read."""
        return patch.object(
            type(self.env["customer.data.feed"]),
            "_get_safe_moment",
            lambda feed: moment,
        )
