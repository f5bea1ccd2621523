# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import datetime, timedelta

from odoo.fields import Command

from odoo.addons.auto_shop.tests.common import AutoShopCommon

# A Monday morning in Texas.
NOW = datetime(2026, 3, 2, 16, 0)
TOMORROW = NOW + timedelta(days=1)


class AutoGlassCommon(AutoShopCommon):
    """A shop in Texas that fits windshields, and a customer of whom all is known."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "shop_tz": "America/Chicago",
                "glass_unsent_appointment": "refuse",
                "street": "12 Main Street",
                "city": "Austin",
                "state_id": cls.state_texas.id,
                "zip": "78701",
                "phone": "+15125550100",
            }
        )
        cls.glass = cls.env["product.product"].create(
            {
                "name": "Windshield Civic",
                "type": "service",
                "list_price": 300.0,
                "taxes_id": False,
                "is_glass": True,
                "nags_number": "FW02345 GBYN",
            }
        )
        cls.product.taxes_id = False
        cls.customer = cls._create_customer(
            street="5 Oak Lane",
            city="Austin",
            state_id=cls.state_texas.id,
            zip="78702",
        )
        cls.vehicle = cls.env["customer.vehicle"].create(
            {"owner_id": cls.customer.id, "year": 2019}
        )

    @classmethod
    def _create_glass_order(cls, partner=None, **vals):
        partner = partner or cls.customer
        return cls._create_order(
            partner,
            **{
                "order_line": [Command.create({"product_id": cls.glass.id})],
                "vehicle_id": cls.vehicle.id if partner == cls.customer else False,
                **vals,
            },
        ).with_user(cls.staff)

    @classmethod
    def _create_sent_order(cls, partner=None, **vals):
        order = cls._create_glass_order(partner, **vals)
        order.action_send_to_crm()
        return order

    @classmethod
    def _book(cls, order, **vals):
        """An appointment of tomorrow, made by staff."""
        return (
            cls.env["calendar.event"]
            .with_user(cls.staff)
            .create(
                {
                    "work_order_id": order.id,
                    "start": TOMORROW,
                    "stop": TOMORROW + timedelta(hours=1),
                    **vals,
                }
            )
        )

    def _texts(self, code=None, partner=None):
        """The planned texts to a customer, oldest first."""
        domain = [
            ("partner_id", "=", (partner or self.customer).id),
            ("direction", "=", "out"),
        ]
        if code:
            domain.append(("purpose_id.code", "=", code))
        return self.env["customer.interaction"].search(domain, order="id")

    def _stage(self, kind):
        return self.env.ref(f"auto_glass_crm.crm_stage_{kind}")

    def _wording(self, interaction):
        purpose = interaction.purpose_id
        return purpose._render(interaction, "sms")[interaction.id]["body"]


class AutoGlassInvoicingCommon(AutoGlassCommon):
    """The same shop, with a chart of accounts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["account.chart.template"].try_loading(
            "generic_coa", company=cls.company, install_demo=False
        )
        (cls.glass | cls.product).taxes_id = False

    @classmethod
    def _create_confirmed_order(cls, partner=None, **vals):
        order = cls._create_sent_order(partner, **vals)
        order.action_confirm()
        return order

    @classmethod
    def _invoice(cls, order, post=True, final=False):
        move = order._create_invoices(final=final)
        if post:
            move.action_post()
        return move
