# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields
from odoo.tests import Form, tagged

from .common import AutoShopCommon


@tagged("post_install", "-at_install")
class TestOtherRoles(AutoShopCommon):
    """People without a role in the shop go on working as before."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._create_customer()
        cls.vehicle = cls.env["customer.vehicle"].create(
            {"owner_id": cls.customer.id, "company_id": cls.company.id}
        )

    def test_salesperson_quotes(self):
        salesperson = self._create_user("sales", "sales_team.group_sale_salesman")
        with Form(self._as(self.env["sale.order"], salesperson)) as form:
            form.partner_id = self.customer
            with form.order_line.new() as line:
                line.product_id = self.product
        order = form.record
        self.assertFalse(order.sudo().vehicle_id)
        # An order of the shop stays with its vehicle.
        order.sudo().vehicle_id = self.vehicle
        with Form(order) as form:
            form.partner_id = self._create_customer(name="Bob")
        self.assertEqual(order.sudo().vehicle_id, self.vehicle)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_employee_meets(self):
        employee = self._as(self.env["calendar.event"], self.employee)
        with Form(employee) as form:
            form.name = "Lunch"
        meeting = form.record
        meeting.start = fields.Datetime.now()
        self.assertFalse(meeting.shop_state)
