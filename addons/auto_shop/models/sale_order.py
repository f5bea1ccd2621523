# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.fields import Domain


class SaleOrder(models.Model):
    """A work order is a sales order for a vehicle; a quote is its draft."""

    _name = "sale.order"
    _inherit = ["sale.order", "customer.text.badge.mixin"]

    vehicle_id = fields.Many2one(
        "customer.vehicle",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
    )
    odometer = fields.Integer(
        copy=False,
        aggregator=None,
        help="What the odometer showed when the vehicle came in. It is kept with the "
        "vehicle when the order is confirmed.",
    )
    odometer_unit = fields.Selection(related="vehicle_id.odometer_unit")
    odometer_reading_id = fields.Many2one(
        "vehicle.odometer.reading",
        copy=False,
        readonly=True,
        ondelete="set null",
        groups="base.group_user",
    )
    event_ids = fields.One2many(
        "calendar.event", "work_order_id", string="Appointments"
    )
    event_count = fields.Integer(compute="_compute_event_count")
    next_appointment = fields.Datetime(compute="_compute_event_count")

    _odometer_positive = models.Constraint(
        "CHECK (odometer >= 0)", "An odometer reading cannot be below zero."
    )

    @api.depends("event_ids.start", "event_ids.shop_state")
    def _compute_event_count(self):
        events = self.env["calendar.event"]
        domain = Domain("work_order_id", "in", self.ids)
        counts = dict(
            events._read_group(
                domain & Domain("shop_state", "!=", "cancelled"),
                ["work_order_id"],
                ["__count"],
            )
        )
        coming = dict(
            events._read_group(
                domain
                & Domain("shop_state", "=", "booked")
                & Domain("start", ">", fields.Datetime.now()),
                ["work_order_id"],
                ["start:min"],
            )
        )
        for order in self:
            order.event_count = counts.get(order._origin, 0)
            order.next_appointment = coming.get(order._origin, False)

    @api.onchange("partner_id")
    def _onchange_partner_vehicle(self):
        """Choose the only vehicle of a customer; leave out the one of another."""
        vehicles = self.env["customer.vehicle"]
        if not vehicles.has_access("read"):
            # Who has no role in the shop sells without vehicles.
            return
        if self.partner_id and not self.vehicle_id._is_of(self.partner_id):
            self.vehicle_id = vehicles._get_only_one_of(self.partner_id)

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders._register_odometers_sudo()
        return orders

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(("odometer", "vehicle_id")):
            self._register_odometers_sudo()
        return result

    def action_open_schedule(self):
        """Open the schedule; a click in it makes an appointment for this order."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "auto_shop.calendar_event_action"
        )
        name = self.env._("Schedule %s", self.name)
        return {
            **action,
            "name": name,
            "display_name": name,
            "context": {
                "default_shop_state": "booked",
                "default_work_order_id": self.id,
                "default_company_id": self.company_id.id,
                "search_default_not_cancelled": 1,
                **(
                    {"initial_date": fields.Datetime.to_string(self.next_appointment)}
                    if self.next_appointment
                    else {}
                ),
            },
        }

    def action_open_appointments(self):
        """Open the appointments of this order."""
        self.ensure_one()
        name = self.env._("Appointments")
        action = {
            # With its address: whoever reloads the page finds the same form again.
            **self.env["ir.actions.actions"]._for_xml_id(
                "auto_shop.calendar_event_action"
            ),
            "name": name,
            "display_name": name,
            "context": {
                "default_shop_state": "booked",
                "default_work_order_id": self.id,
            },
        }
        form = self.env.ref("auto_shop.calendar_event_view_form").id
        if len(self.event_ids) == 1:
            return {**action, "views": [(form, "form")], "res_id": self.event_ids.id}
        return {
            **action,
            "views": [
                (self.env.ref("auto_shop.calendar_event_view_list").id, "list"),
                (form, "form"),
            ],
            "domain": [("work_order_id", "=", self.id)],
        }

    def _action_confirm(self):
        result = super()._action_confirm()
        self._register_odometers_sudo()
        return result

    def _register_odometers_sudo(self):
        """Keep what the odometers of confirmed orders show with their vehicles.

        As superuser: a customer who confirms on the portal, or a salesperson, has
        no rights on readings. What is written comes from the order alone.
        """
        readings = self.env["vehicle.odometer.reading"].sudo()
        for order in self.sudo():
            if order.state != "sale" or not order.odometer or not order.vehicle_id:
                continue
            vals = {
                "vehicle_id": order.vehicle_id.id,
                "value": order.odometer,
                "unit": order.odometer_unit,
            }
            reading = order.odometer_reading_id
            if not reading:
                order.odometer_reading_id = readings.create({**vals, "source": "order"})
            elif (reading.vehicle_id, reading.value) != (
                order.vehicle_id,
                order.odometer,
            ):
                reading.write(vals)

    def _prepare_invoice(self):
        return {**super()._prepare_invoice(), "vehicle_id": self.vehicle_id.id}
