# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
# Methods of the system write past the guards of this model's own write and create.
# pylint: disable=super-method-mismatch, missing-return
from collections import defaultdict
from datetime import timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.tools.misc import format_date, format_time

SHOP_STATES = [
    ("booked", "Booked"),
    ("arrived", "Arrived"),
    ("completed", "Completed"),
    ("no_show", "No Show"),
    ("cancelled", "Cancelled"),
]
# From where an appointment may go where. What is over is first reopened.
SHOP_STATES_NEXT = {
    "booked": {"arrived", "completed", "no_show", "cancelled"},
    "arrived": {"booked", "completed", "cancelled"},
    "completed": {"booked"},
    "no_show": {"booked"},
    "cancelled": {"booked"},
}
NOTICES = [
    ("scheduled", "Appointment made"),
    ("rescheduled", "Appointment moved"),
    ("completed", "Work completed"),
    ("cancelled", "Appointment cancelled"),
]
# Only the server keeps these; a client that writes them changes nothing.
NOTICE_FIELDS = {"pending_notice", "told_start", "notice_revision"}
NO_NOTICE = {"pending_notice": False, "told_start": False, "notice_revision": 0}


class CalendarEvent(models.Model):
    """Adds the schedule of the shop: an event with a ``shop_state``.

    Other meetings are Odoo's and stay as they are.
    """

    _name = "calendar.event"
    _inherit = [
        "calendar.event",
        "customer.question.mixin",
        "customer.text.badge.mixin",
    ]
    _text_badge_customer = "customer_id"
    _check_company_auto = True

    name = fields.Char(
        compute="_compute_name", store=True, readonly=False, precompute=True
    )
    location = fields.Char(
        compute="_compute_location", store=True, readonly=False, precompute=True
    )
    shop_state = fields.Selection(
        SHOP_STATES,
        string="Appointment State",
        index="btree_not_null",
        tracking=True,
        help="Set on appointments in the shop; empty on other meetings.",
    )
    company_id = fields.Many2one(
        "res.company",
        string="Location of the Shop",
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    work_order_id = fields.Many2one(
        "sale.order",
        check_company=True,
        index="btree_not_null",
        ondelete="set null",
    )
    customer_id = fields.Many2one(
        "res.partner",
        compute="_compute_customer_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
    )
    vehicle_id = fields.Many2one(
        "customer.vehicle",
        compute="_compute_vehicle_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    bay_id = fields.Many2one(
        "shop.bay",
        check_company=True,
        domain="[('company_id', '=', company_id)]",
        ondelete="restrict",
        tracking=True,
        groups="base.group_user",
    )
    bay_color = fields.Integer(
        related="bay_id.color", string="Colour of the Bay", groups="base.group_user"
    )
    technician_id = fields.Many2one(
        "res.users",
        check_company=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        ondelete="restrict",
        tracking=True,
        groups="base.group_user",
    )
    customer_confirmed = fields.Datetime(
        string="Confirmed by Customer",
        copy=False,
        tracking=True,
        help="When the customer said that they will come at this time.",
    )
    customer_phone = fields.Char(
        string="Phone", compute="_compute_customer_phone", groups="base.group_user"
    )
    customer_phone_display = fields.Char(
        compute="_compute_customer_phone", groups="base.group_user"
    )
    notify_customer = fields.Boolean(
        store=False,
        copy=False,
        help="Part of a change: tell the customer about it (true) or not (false). "
        "Left out, whoever is at the screen is asked.",
        groups="base.group_user",
    )
    pending_notice = fields.Selection(
        NOTICES,
        string="Customer Not Told Yet",
        readonly=True,
        copy=False,
        help="What nobody has decided about telling the customer yet.",
        groups="base.group_user",
    )
    booked_at = fields.Datetime(
        default=fields.Datetime.now,
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="When the appointment got the time that it has now.",
    )
    told_start = fields.Datetime(
        string="Time the Customer Was Told",
        readonly=True,
        copy=False,
        groups="base.group_user",
    )
    notice_revision = fields.Integer(
        readonly=True,
        copy=False,
        help="Counts the changes that a customer may be told about, so that the same "
        "text goes out once for each of them.",
        groups="base.group_user",
    )
    schedule_warning = fields.Char(
        compute="_compute_schedule_warning", groups="base.group_user"
    )

    _shop_company = models.Constraint(
        "CHECK(shop_state IS NULL OR company_id IS NOT NULL)",
        "An appointment in the shop needs the location where it takes place.",
    )
    _shop_time = models.Constraint(
        "CHECK(shop_state IS NULL OR allday IS NOT TRUE)",
        "An appointment in the shop has a time of day. Choose when it starts.",
    )
    _shop_once = models.Constraint(
        "CHECK(shop_state IS NULL OR recurrency IS NOT TRUE)",
        "An appointment in the shop cannot repeat. Make one for each visit.",
    )
    _shop_company_start_idx = models.Index(
        "(company_id, start) WHERE shop_state IS NOT NULL"
    )

    @api.depends("work_order_id", "customer_id", "vehicle_id", "shop_state")
    def _compute_name(self):
        for event in self:
            if not event.shop_state and not event.work_order_id:
                event.name = event.name
            else:
                event.name = self._get_shop_name(
                    event.customer_id, event.vehicle_id, event.work_order_id
                )

    @api.depends("shop_state", "company_id")
    def _compute_location(self):
        for event in self:
            if event.shop_state and not event.location:
                event.location = event.company_id._get_address_line()
            else:
                event.location = event.location

    @api.depends("shop_state", "work_order_id")
    def _compute_company_id(self):
        for event in self:
            if event.work_order_id:
                event.company_id = event.work_order_id.company_id
            elif event.shop_state:
                event.company_id = event.company_id or self.env.company
            else:
                event.company_id = event.company_id

    @api.depends("work_order_id")
    def _compute_customer_id(self):
        for event in self:
            event.customer_id = event.work_order_id.partner_id or event.customer_id

    @api.depends("work_order_id", "customer_id")
    def _compute_vehicle_id(self):
        for event in self:
            event.vehicle_id = event.work_order_id.vehicle_id or event.vehicle_id

    @api.depends("customer_id.mobile_display", "customer_id.phone_display")
    def _compute_customer_phone(self):
        for event in self:
            customer = event.customer_id
            event.customer_phone = customer.mobile or customer.phone
            event.customer_phone_display = (
                customer.mobile_display or customer.phone_display
            )

    @api.depends("shop_state", "start", "stop", "bay_id", "technician_id")
    def _compute_schedule_warning(self):
        clashes = self._get_schedule_clashes()
        for event in self:
            sentences = []
            for other in clashes[event]:
                if event.bay_id and other.bay_id == event.bay_id:
                    who = event.bay_id.name
                else:
                    who = event.technician_id.name
                sentences.append(
                    self.env._(
                        "%(who)s is also booked %(when)s: %(what)s.",
                        who=who,
                        when=other._format_span(),
                        what=other.name,
                    )
                )
            event.schedule_warning = " ".join(sentences) or False

    @api.depends("shop_state")
    def _compute_user_can_edit(self):
        shop = self.filtered("shop_state")
        shop.user_can_edit = self._is_shop_staff()
        return super(CalendarEvent, self - shop)._compute_user_can_edit()

    @api.depends("pending_notice", "start", "shop_state", "customer_id.can_be_texted")
    def _compute_open_question(self):
        return super()._compute_open_question()

    @api.onchange("customer_id")
    def _onchange_customer_vehicle(self):
        """Choose the only vehicle of a customer; leave out the one of another."""
        vehicles = self.env["customer.vehicle"]
        if not vehicles.has_access("read"):
            # Who has no role in the shop sells without vehicles.
            return
        if self.customer_id and not self.vehicle_id._is_of(self.customer_id):
            self.vehicle_id = vehicles._get_only_one_of(self.customer_id)

    @api.model
    def default_get(self, fields):
        defaults = super().default_get(fields)
        context = self.env.context
        if (
            self._is_shop_appointment(defaults)
            and context.get("default_start")
            and not context.get("default_stop")
            and "stop" in fields
        ):
            # Odoo's default is an hour from now, whatever the start.
            defaults["stop"] = self._get_shop_stop(
                context["default_start"], self.get_default_duration()
            )
        return defaults

    @api.model_create_multi
    def create(self, vals_list):
        shop_positions = [
            position
            for position, vals in enumerate(vals_list)
            if self._is_shop_appointment(vals)
        ]
        other_vals = [
            {name: value for name, value in vals.items() if name != "notify_customer"}
            for position, vals in enumerate(vals_list)
            if position not in set(shop_positions)
        ]
        ids = super().create(other_vals).ids if other_vals else []
        if not shop_positions:
            return self.browse(ids)
        shop_vals = [vals_list[position] for position in shop_positions]
        events = self._create_shop_appointments(shop_vals)
        for position, event in zip(shop_positions, events, strict=True):
            ids.insert(position, event.id)
        return self.browse(ids)

    def write(self, vals):
        vals = dict(vals)
        answer = vals.pop("notify_customer", None)
        # An onchange of Odoo's writes on records that are not saved.
        shop = self.filtered(lambda event: event.id and event.shop_state)
        if vals.get("shop_state"):
            shop = self.filtered("id")
        if not shop:
            return super().write(vals)
        if shop != self:
            super(CalendarEvent, self - shop).write(dict(vals))
        return shop._write_shop_appointments(vals, answer)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_told(self):
        shop = self.filtered("shop_state")
        if shop:
            self._check_shop_staff()
        now = fields.Datetime.now()
        for event in shop:
            if event.told_start and event.start > now and event.shop_state == "booked":
                raise UserError(
                    self.env._(
                        "%(customer)s was told to come for “%(name)s”. Cancel the "
                        "appointment, so that the customer can be told, instead of "
                        "deleting it.",
                        customer=event.customer_id.name,
                        name=event.name,
                    )
                )

    def copy_data(self, default=None):
        default = dict(default or {})
        vals_list = super().copy_data(default=default)
        for event, vals in zip(self, vals_list, strict=True):
            if not event.shop_state:
                continue
            vals["shop_state"] = "booked"
            if "start" in default and "stop" not in default:
                vals["stop"] = self._get_shop_stop(default["start"], event.duration)
        return vals_list

    def get_formview_id(self, access_uid=None):
        if self.shop_state:
            return self.env.ref("auto_shop.calendar_event_view_form").id
        return super().get_formview_id(access_uid=access_uid)

    def action_arrived(self):
        return self.write({"shop_state": "arrived"})

    def action_complete(self):
        return self.write({"shop_state": "completed"})

    def action_no_show(self):
        return self.write({"shop_state": "no_show"})

    def action_cancel_appointment(self):
        return self.write({"shop_state": "cancelled"})

    def action_reopen(self):
        return self.write({"shop_state": "booked"})

    def action_confirmed(self):
        """The customer said, at the counter or on the phone, that they will come."""
        return self.write({"customer_confirmed": fields.Datetime.now()})

    def action_open_work_order(self):
        """Open the work order of the appointment; make one when there is none."""
        self.ensure_one()
        if not self.work_order_id:
            if not self.customer_id:
                raise UserError(
                    self.env._("Choose the customer first, then make the quote.")
                )
            self.work_order_id = self.env["sale.order"].create(
                {
                    "partner_id": self.customer_id.id,
                    "vehicle_id": self.vehicle_id.id,
                    "company_id": self.company_id.id,
                }
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.work_order_id.id,
            "view_mode": "form",
        }

    @api.model
    def _confirm_by_customer(self, partner, company=None):
        """Mark the next appointment of a customer as confirmed by them.

        :param partner: the customer
        :param company: the location; the current one when left out
        :return: the appointment, empty when there is none to come
        """
        event = self.search(
            [
                ("customer_id", "=", partner.id),
                ("company_id", "=", (company or self.env.company).id),
                ("shop_state", "=", "booked"),
                ("start", ">", fields.Datetime.now()),
            ],
            order="start, id",
            limit=1,
        )
        if event and not event.customer_confirmed:
            event.action_confirmed()
        return event

    def _notice_allowed(self, notice):
        """Return the appointments about which the customer may be told this.

        To be extended by addons, which take away. Here: there is wording for it, and
        the customer can be texted.
        """
        purposes = self.env["customer.interaction.purpose"]
        has_wording = {
            company: bool(purposes._get(f"appointment_{notice}", company))
            for company in self.company_id
        }
        return (self - self._get_not_textable()).filtered(
            lambda event: event.customer_id and has_wording[event.company_id]
        )

    def _get_not_textable(self):
        """Return the appointments whose customer their location cannot text."""
        blocked = self.browse()
        for location, events in self.grouped("company_id").items():
            reasons = events.customer_id._origin._text_block_reasons(location)
            blocked += events.filtered(
                lambda event, reasons=reasons: event.customer_id._origin.id in reasons
            )
        return blocked

    def _notice_still_holds(self, purpose_code, told_start):
        """Tell whether a planned notice is still true.

        :param purpose_code: ``appointment_<notice>``, or that of another message about
            a coming appointment
        :param told_start: the start that the customer would be told (UTC)
        """
        # The appointment may have been deleted since.
        if not self.exists() or not self.active:
            return False
        notice = purpose_code.removeprefix("appointment_")
        if notice in ("completed", "cancelled"):
            return self.shop_state == notice
        # Whatever else speaks of a time, such as a reminder, speaks of one to come.
        return (
            self.shop_state == "booked"
            and self.start == told_start
            and self.start > fields.Datetime.now()
        )

    def _tell_customer(self, notice):
        """Plan the text that tells the customers about their appointment.

        Saying it twice about the same change plans one text.

        :param notice: one of ``NOTICES``
        :return: the interactions that are new
        """
        told = self._notice_allowed(notice)
        planned = self.env["customer.interaction"]
        if told:
            planned = planned._plan(
                [event._prepare_notice_vals(notice) for event in told]
            )
        vals = {"pending_notice": False}
        if notice in ("scheduled", "rescheduled"):
            for start, events in told.grouped("start").items():
                super(CalendarEvent, events).write({**vals, "told_start": start})
        elif notice == "cancelled":
            # Whoever was told not to come has to be told again when it is reopened.
            super(CalendarEvent, told).write({**vals, "told_start": False})
        else:
            super(CalendarEvent, told).write(vals)
        super(CalendarEvent, self - told).write(vals)
        return planned

    def _may_answer_customer_question(self):
        return self._is_shop_staff() and super()._may_answer_customer_question()

    def _customer_questions(self):
        questions = super()._customer_questions()
        notice = next(
            (notice for notice, events in self._get_open_notices().items() if events),
            None,
        )
        if not notice:
            return questions
        return questions + [
            {
                "key": f"appointment_notice:{self.notice_revision}",
                "title": self._get_notice_title(notice),
                "message": self._get_notice_message(notice),
                "preview": lambda: self._preview_notice(notice),
                "buttons": [
                    {
                        "value": "ok",
                        "label": self.env._("OK, send the text"),
                        "style": "primary",
                    },
                    {
                        "value": "cancel",
                        "label": self.env._("Cancel, send nothing"),
                        "style": "secondary",
                    },
                ],
            }
        ]

    def _answer_appointment_notice(self, value):
        if value == "ok":
            self._tell_customer(self.pending_notice)
            message = self.env._("The text to %s is on its way.", self.customer_id.name)
            return {"message": message, "type": "success"}
        self._leave_untold()
        message = self.env._("Nothing was sent to %s.", self.customer_id.name)
        return {"message": message, "type": "info"}

    def _skip_send_mail_status_update(self):
        return super()._skip_send_mail_status_update() or bool(self.shop_state)

    def _is_shop_appointment(self, vals):
        context = self.env.context
        return bool(
            vals.get("shop_state", context.get("default_shop_state"))
            or vals.get("work_order_id", context.get("default_work_order_id"))
        )

    def _create_shop_appointments(self, vals_list):
        self._check_shop_staff()
        # The document that happens to be open in the client is not what the
        # appointment is about: Odoo would put a to-do on it.
        context = {
            name: value
            for name, value in self.env.context.items()
            if name not in ("active_id", "active_ids", "active_model")
            and not name.startswith("default_res_")
        }
        shop = self.with_context(context, skip_contact_description=True)
        self._fetch_names(vals_list)
        hours = self.get_default_duration()
        events = super(CalendarEvent, shop).create(
            [self._prepare_shop_vals(vals, hours) for vals in vals_list]
        )
        events = self.browse(events.ids)
        events._review_notices({})
        for event, vals in zip(events, vals_list, strict=True):
            if vals.get("notify_customer") is not None:
                event._answer_notices(vals["notify_customer"])
        return events

    def _write_shop_appointments(self, vals, answer):
        self._check_shop_staff()
        vals = {
            name: value for name, value in vals.items() if name not in NOTICE_FIELDS
        }
        if "privacy" in vals:
            vals["privacy"] = "confidential"
        if "shop_state" in vals:
            self._check_shop_state(vals["shop_state"])
            if not all(event.shop_state for event in self):
                vals["privacy"] = "confidential"
        before = {
            event.id: (event.start, event.shop_state, event.customer_id)
            for event in self
        }
        if vals:
            super().write(vals)
        if not vals.keys().isdisjoint(
            ("start", "shop_state", "customer_id", "work_order_id")
        ):
            moved = self.filtered(
                lambda event: (
                    before[event.id][0] != event.start
                    or (
                        event.shop_state == "booked" and before[event.id][1] != "booked"
                    )
                )
            )
            super(CalendarEvent, moved).write({"booked_at": fields.Datetime.now()})
            self._review_notices(before)
        if answer is not None:
            self._answer_notices(answer)
        return True

    @api.model
    def _is_shop_staff(self):
        return self.env.su or self.env.user.has_group("auto_shop.group_user")

    @api.model
    def _check_shop_staff(self):
        if not self._is_shop_staff():
            raise AccessError(
                self.env._(
                    "Only shop staff can change the schedule of the shop. Ask a "
                    "manager for the role “Shop Staff”."
                )
            )

    def _check_shop_state(self, state):
        labels = dict(self._fields["shop_state"]._description_selection(self.env))
        now = fields.Datetime.now()
        for event in self:
            if not event.shop_state or event.shop_state == state:
                continue
            if not state:
                raise UserError(
                    self.env._(
                        "“%s” is an appointment in the shop. Cancel it if it does not "
                        "take place.",
                        event.name,
                    )
                )
            if state not in SHOP_STATES_NEXT[event.shop_state]:
                raise UserError(
                    self.env._(
                        "“%(name)s” is %(old)s, so it cannot become %(new)s. Reopen it "
                        "first.",
                        name=event.name,
                        old=labels[event.shop_state],
                        new=labels[state],
                    )
                )
            if state == "no_show" and event.start > now:
                raise UserError(
                    self.env._(
                        "“%s” has not begun yet. Cancel it if the customer will not "
                        "come.",
                        event.name,
                    )
                )

    def _review_notices(self, before):
        """Open or close the question whether to tell the customers of a change.

        :param before: ``{id: (start, shop_state, customer)}`` as it was; an
            appointment that is not in it is new
        """
        wanted = {}
        changes = defaultdict(dict)
        for event in self:
            old = before.get(event.id)
            start, state, customer = old or (event.start, False, event.customer_id)
            moved = start != event.start
            if customer != event.customer_id:
                # Whoever comes now was told nothing.
                changes[event].update(told_start=False)
            if moved or customer != event.customer_id:
                changes[event].update(customer_confirmed=False)
            if state != event.shop_state or moved or customer != event.customer_id:
                told_start = changes[event].get("told_start", event.told_start)
                if event.shop_state != state or event.shop_state == "booked":
                    wanted[event] = event._get_notice(told_start)
        allowed = {
            notice: self.browse(
                event.id for event in wanted if wanted[event] == notice
            )._notice_allowed(notice)
            for notice in set(wanted.values()) - {False}
        }
        for event, notice in wanted.items():
            changes[event].update(
                pending_notice=notice if notice and event in allowed[notice] else False,
                notice_revision=event.notice_revision + 1,
            )
        same = defaultdict(self.browse)
        for event, vals in changes.items():
            same[tuple(vals.items())] |= event
        for items, events in same.items():
            super(CalendarEvent, events).write(dict(items))
        self.filtered(
            lambda event: (
                event.shop_state == "completed"
                and before.get(event.id, (None, None))[1] != "completed"
            )
        )._register_visits()

    def _get_notice(self, told_start):
        """Return what the customer should hear after a change, or ``False``.

        :param told_start: the start that the customer knows of
        """
        self.ensure_one()
        if self.shop_state == "completed":
            return "completed"
        if self.start <= fields.Datetime.now():
            return False
        if self.shop_state == "cancelled":
            return "cancelled"
        if self.shop_state != "booked" or told_start == self.start:
            return False
        return "rescheduled" if told_start else "scheduled"

    def _get_open_notices(self):
        """Return ``{notice: appointments}`` where it is open now.

        Time passes, and customers change their mind, while a question is open.
        """
        waiting = self.filtered(
            lambda event: (
                event.pending_notice
                and event._get_notice(event.told_start) == event.pending_notice
            )
        )
        return {
            notice: events._notice_allowed(notice)
            for notice, events in waiting.grouped("pending_notice").items()
        }

    def _answer_notices(self, tell):
        told = self.browse()
        if tell:
            for notice, events in self._get_open_notices().items():
                events._tell_customer(notice)
                told |= events
        (self - told)._leave_untold()

    def _leave_untold(self):
        """Close the open questions without telling the customers."""
        super().write({"pending_notice": False})

    def _register_visits(self):
        visits = self.filtered("vehicle_id")
        for day, events in visits.grouped(
            lambda e: e._get_local(e.start).date()
        ).items():
            events.vehicle_id._register_visit(day)

    def _preview_notice(self, notice):
        self.ensure_one()
        purpose = self.env["customer.interaction.purpose"]._get(
            f"appointment_{notice}", self.company_id
        )
        vals = self._prepare_notice_vals(notice)
        return purpose._preview(
            channel="sms",
            **{
                name: vals[name]
                for name in (
                    "company_id",
                    "partner_id",
                    "vehicle_id",
                    "work_order_id",
                    "event_id",
                    "told_start",
                    "user_id",
                )
            },
        )

    def _get_local(self, moment):
        """Return a moment (UTC) as the clock of the shop shows it."""
        zone = pytz.timezone(self.company_id._get_shop_tz())
        return pytz.utc.localize(moment).astimezone(zone)

    def _format_span(self):
        self.ensure_one()
        return self.env._(
            "from %(start)s to %(stop)s",
            start=self._format_time(self.start),
            stop=self._format_time(self.stop),
        )

    def _format_start(self):
        self.ensure_one()
        day = self._get_local(self.start).date()
        return self.env._(
            "%(day)s at %(time)s",
            day=format_date(self.env, day, date_format="EEEE, MMMM d"),
            time=self._format_time(self.start),
        )

    def _format_time(self, moment):
        local = self._get_local(moment)
        return format_time(self.env, local.time(), time_format="short")

    def _prepare_shop_vals(self, vals, hours):
        context = self.env.context
        state = vals.get("shop_state") or context.get("default_shop_state")
        start = vals.get("start") or context.get("default_start")
        if start and not vals.get("stop") and not context.get("default_stop"):
            stop = self._get_shop_stop(start, vals.get("duration") or hours)
            vals = {**vals, "stop": stop}
        return {
            # Nobody is invited: staff look at the schedule, customers get texts.
            "partner_ids": [Command.set([])],
            **{
                name: value for name, value in vals.items() if name != "notify_customer"
            },
            # Given, so that no default of the context or of the user fills them in.
            **NO_NOTICE,
            "name": vals.get("name") or self._prepare_shop_name(vals),
            "shop_state": state or "booked",
            # The calendar of the person who booked may be private; the shop's is not.
            "privacy": "confidential",
            "res_model_id": False,
            "res_model": False,
        }

    @api.model
    def _fetch_names(self, vals_list):
        """Read what the names are made of for the whole batch."""
        for field_name, name in (
            ("customer_id", "name"),
            ("vehicle_id", "display_name"),
            ("work_order_id", "name"),
        ):
            ids = {vals[field_name] for vals in vals_list if vals.get(field_name)}
            records = self.env[self._fields[field_name].comodel_name].browse(ids)
            records.mapped(name)

    def _prepare_shop_name(self, vals):
        # Odoo's create fills an empty name in, so that it would not be computed.
        def linked(name):
            default = self.env.context.get(f"default_{name}")
            return self.env[self._fields[name].comodel_name].browse(
                vals.get(name, default) or ()
            )

        order = linked("work_order_id")
        return self._get_shop_name(
            linked("customer_id") or order.partner_id,
            linked("vehicle_id") or order.vehicle_id,
            order,
        )

    def _prepare_notice_vals(self, notice):
        self.ensure_one()
        return {
            "company_id": self.company_id.id,
            "partner_id": self.customer_id.id,
            "vehicle_id": self.vehicle_id.id,
            "work_order_id": self.work_order_id.id,
            "event_id": self.id,
            "told_start": self.start,
            "user_id": self.env.uid,
            "purpose": f"appointment_{notice}",
            "channel": "sms",
            "dedupe_key": f"appointment_{notice}:{self.id}:{self.start.isoformat()}:"
            f"{self.notice_revision}",
        }

    @api.model
    def _get_shop_stop(self, start, hours):
        return fields.Datetime.to_datetime(start) + timedelta(hours=hours)

    @api.model
    def _get_shop_name(self, customer, vehicle, order):
        parts = (customer.name, vehicle.display_name, order.name)
        return " · ".join(filter(None, parts)) or self.env._("Appointment")

    def _get_notice_title(self, notice):
        return {
            "scheduled": self.env._("Text the appointment to the customer?"),
            "rescheduled": self.env._("Text the new time to the customer?"),
            "completed": self.env._("Text the customer that the vehicle is ready?"),
            "cancelled": self.env._("Text the customer that this is cancelled?"),
        }[notice]

    def _get_notice_message(self, notice):
        values = {
            "customer": self.customer_id.display_name,
            "when": self._format_start(),
        }
        if notice == "scheduled":
            return self.env._(
                "%(customer)s has not been told about the appointment on %(when)s.",
                **values,
            )
        if notice == "rescheduled":
            return self.env._(
                "%(customer)s has not been told about the new time, %(when)s.", **values
            )
        if notice == "completed":
            return self.env._(
                "%(customer)s has not been told that the vehicle is ready.", **values
            )
        return self.env._(
            "%(customer)s has not been told that the appointment on %(when)s is "
            "cancelled.",
            **values,
        )

    def _get_schedule_clashes(self):
        """Return ``{event: events}`` that use its bay or technician at its time."""
        clashes = {event: self.browse() for event in self}
        planned = self.filtered(
            lambda event: (
                event.shop_state in ("booked", "arrived")
                and event.start
                and event.stop
                and (event.bay_id or event.technician_id)
            )
        )
        if not planned:
            return clashes
        others = self.search(
            Domain("shop_state", "in", ("booked", "arrived"))
            & Domain("start", "<", max(planned.mapped("stop")))
            & Domain("stop", ">", min(planned.mapped("start")))
            & (
                Domain("bay_id", "in", planned.bay_id._origin.ids)
                | Domain("technician_id", "in", planned.technician_id._origin.ids)
            ),
            order="start, id",
        )
        for event in planned:
            clashes[event] = others.filtered(
                lambda other, event=event: (
                    other != event._origin
                    and other.start < event.stop
                    and other.stop > event.start
                    and (
                        (event.bay_id and other.bay_id == event.bay_id._origin)
                        or (
                            event.technician_id
                            and other.technician_id == event.technician_id._origin
                        )
                    )
                )
            )
        return clashes
