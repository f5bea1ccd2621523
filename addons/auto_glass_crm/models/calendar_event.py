# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models

from ..exceptions import NotSentToCrm

# Where the lead goes when the customer is told.
STAGE_OF_NOTICE = {
    "scheduled": "scheduled",
    "rescheduled": "scheduled",
    "completed": "completed",
}


class _AppointmentFirst:
    """Marks a write that links an appointment to the order that was made from it.

    It travels in the context and counts only as an instance of this class, which a
    remote client cannot make.
    """


class CalendarEvent(models.Model):
    _inherit = "calendar.event"

    crm_warning = fields.Char(
        compute="_compute_crm_warning",
        help="The order was not sent to the CRM.",
        groups="base.group_user",
    )

    @api.depends(
        "shop_state",
        "work_order_id.sent_to_crm_at",
        "work_order_id.state",
        "customer_id.can_be_texted",
    )
    def _compute_crm_warning(self):
        unsent = self._get_unsent()
        for event in self:
            event.crm_warning = (
                self.env._("%s has not been sent to the CRM.", event.work_order_id.name)
                if event in unsent and event.shop_state in ("booked", "arrived")
                else False
            )

    @api.model_create_multi
    def create(self, vals_list):
        events = super().create(vals_list)
        shop = events.filtered(lambda event: event.shop_state == "booked")
        shop._check_sent_to_crm()
        shop._move_untold_leads()
        return events

    def write(self, vals):
        before = {
            event.id: (event.work_order_id, event.shop_state)
            for event in self
            if event.id and not vals.keys().isdisjoint(("work_order_id", "shop_state"))
        }
        result = super().write(vals)
        if before:
            self.filtered(
                lambda event: event._is_newly_scheduled(*before.get(event.id, ()))
            )._check_sent_to_crm()
        if not vals.keys().isdisjoint(("work_order_id", "shop_state", "start")):
            self.filtered("shop_state")._move_untold_leads()
        return result

    def action_open_work_order(self):
        # The customer was on the telephone before there was an order to send.
        appointment = self.with_context(appointment_first=_AppointmentFirst())
        return super(CalendarEvent, appointment).action_open_work_order()

    def _is_newly_scheduled(self, order=None, state=None):
        """Tell whether a write put an order on the schedule.

        :param order, state: as they were before
        """
        if self.shop_state not in ("booked", "arrived") or not self.work_order_id:
            return False
        return order != self.work_order_id or state not in ("booked", "arrived")

    def _get_unsent(self):
        """Return appointments for an order that should have been sent first."""
        linked = self.filtered(
            lambda event: (
                event.shop_state
                and event.work_order_id
                and not event.work_order_id.sent_to_crm_at
                and not event.work_order_id.predates_glass_crm
            )
        )
        # Who cannot be texted is scheduled freely.
        return linked - linked._get_not_textable()

    def _check_sent_to_crm(self):
        """Nothing goes on the schedule before its order was sent to the CRM.

        :raise NotSentToCrm: where the location refuses that
        """
        if isinstance(self.env.context.get("appointment_first"), _AppointmentFirst):
            return
        for event in self._get_unsent():
            if event.company_id.glass_unsent_appointment == "refuse":
                order = event.work_order_id
                raise NotSentToCrm(
                    self.env._(
                        "%(order)s of %(customer)s has not been sent to the CRM, so it "
                        "cannot go on the schedule yet. Send it to the CRM, then make "
                        "the appointment.",
                        order=order.name,
                        customer=order.partner_id.name,
                    ),
                    order.id,
                )

    def _tell_customer(self, notice):
        told = self._notice_allowed(notice)
        planned = super()._tell_customer(notice)
        for event in told:
            event._move_lead(notice)
            event._tell_outside_crm(notice)
        return planned

    def _move_untold_leads(self):
        """Let the leads of customers who cannot be texted follow the schedule.

        There is no question whose answer could move them.
        """
        linked = self.filtered(lambda event: event.work_order_id.sent_to_crm_at)
        now = fields.Datetime.now()
        for event in linked._get_not_textable():
            if event.shop_state == "booked" and event.start > now:
                event._move_lead("scheduled")
            elif event.shop_state in ("completed", "cancelled"):
                event._move_lead(event.shop_state)

    def _move_lead(self, notice):
        """Move the lead of the order to where the appointment now stands."""
        self.ensure_one()
        order = self.work_order_id
        if not order.sent_to_crm_at:
            return
        lead = order.opportunity_id
        if notice != "cancelled":
            lead._move_to_glass_stage_sudo(STAGE_OF_NOTICE[notice])
        elif order.state != "cancel" and not self._has_other_appointment():
            # The job is still wanted; voiding the order moves the lead itself.
            lead._move_to_glass_stage_sudo("new")

    def _has_other_appointment(self):
        now = fields.Datetime.now()
        return any(
            event.shop_state == "booked" and event.start > now
            for event in self.work_order_id.opportunity_id.order_ids.event_ids - self
        )

    def _tell_outside_crm(self, notice):
        self.ensure_one()
        order = self.work_order_id
        outbox = self.env["outside.crm.message"]
        if not order.sent_to_crm_at:
            return outbox
        key = f"{notice}:{self.id}:{self.notice_revision}"
        return outbox._enqueue_sudo(notice, order, key, appointment=self.sudo())

    def _prepare_notice_vals(self, notice):
        vals = super()._prepare_notice_vals(notice)
        return {**vals, "lead_id": self.work_order_id.opportunity_id.id}
