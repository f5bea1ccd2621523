# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import pytz

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_datetime
from odoo.tools.sql import column_exists

# Only sending, invoicing and answering write these; a client that does changes nothing.
PROTECTED_FIELDS = {
    "sent_to_crm_at",
    "sent_to_crm_user_id",
    "customer_experience",
    "customer_experience_date",
    "customer_experience_user_id",
    "experience_invoice_id",
    "predates_glass_crm",
}


class SaleOrder(models.Model):
    """Adds the way of a glass job: sent to the CRM, scheduled, invoiced, reviewed."""

    _name = "sale.order"
    _inherit = ["sale.order", "customer.question.mixin"]

    glass_selected = fields.Boolean(
        compute="_compute_glass_selected",
        search="_search_glass_selected",
        groups="base.group_user",
        help="The order has a product that is marked as auto glass.",
    )
    sent_to_crm_at = fields.Datetime(
        string="Sent to CRM", readonly=True, copy=False, groups="base.group_user"
    )
    sent_to_crm_user_id = fields.Many2one(
        "res.users",
        string="Sent to CRM By",
        readonly=True,
        copy=False,
        groups="base.group_user",
    )
    predates_glass_crm = fields.Boolean(
        string="From Before Auto Glass CRM",
        readonly=True,
        copy=False,
        help="The order was there when Auto Glass CRM was installed: nobody is asked "
        "to send it, and it goes on the schedule as it is.",
        groups="base.group_user",
    )
    crm_note = fields.Char(
        string="CRM",
        compute="_compute_crm_note",
        help="Where the order stands.",
        groups="base.group_user",
    )
    experience_invoice_id = fields.Many2one(
        "account.move",
        string="Completing Invoice",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The invoice with which nothing was left to invoice; it asks how the "
        "customer felt.",
        groups="base.group_user",
    )
    customer_experience = fields.Selection(
        [("smile", "Smile"), ("frown", "Frown")],
        readonly=True,
        copy=False,
        groups="base.group_user",
    )
    customer_experience_date = fields.Datetime(
        string="Experience Answered",
        readonly=True,
        copy=False,
        groups="base.group_user",
    )
    customer_experience_user_id = fields.Many2one(
        "res.users",
        string="Experience Answered By",
        readonly=True,
        copy=False,
        groups="base.group_user",
    )

    def _auto_init(self):
        is_new = not column_exists(self.env.cr, self._table, "predates_glass_crm")
        result = super()._auto_init()
        if is_new:
            # A shop that works already has its jobs told and scheduled some other way.
            self.env.cr.execute("UPDATE sale_order SET predates_glass_crm = TRUE")
        return result

    @api.depends("order_line.product_id.is_glass")
    def _compute_glass_selected(self):
        for order in self:
            order.glass_selected = bool(order._get_glass_products())

    @api.model
    def _search_glass_selected(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        wanted = {bool(item) for item in value}
        if len(wanted) != 1:
            everything = bool(wanted) == (operator == "in")
            return Domain.TRUE if everything else Domain.FALSE
        has_glass = Domain("order_line", "any", [("product_id.is_glass", "=", True)])
        return has_glass if (operator == "in") == wanted.pop() else ~has_glass

    @api.depends(
        "sent_to_crm_at",
        "predates_glass_crm",
        "state",
        "partner_id",
        "text_block_reason",
    )
    def _compute_crm_note(self):
        for order in self:
            if order.sent_to_crm_at:
                order.crm_note = self.env._(
                    "Sent on %(date)s by %(user)s",
                    date=format_datetime(
                        self.env, order.sent_to_crm_at, dt_format="short"
                    ),
                    user=order.sent_to_crm_user_id.name,
                )
            elif order.predates_glass_crm:
                order.crm_note = self.env._("From before Auto Glass CRM")
            elif order.text_block_reason:
                order.crm_note = self.env._(
                    "Not sent; no texts: %s", order.text_block_reason
                )
            else:
                order.crm_note = self.env._("Not sent")

    @api.depends("sent_to_crm_at", "state", "partner_id.can_be_texted")
    def _compute_open_question(self):
        return super()._compute_open_question()

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            # Given, so that no default of the context or of the user fills them in.
            nothing = dict.fromkeys(PROTECTED_FIELDS, False)
            vals_list = [{**vals, **nothing} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        vals = self._drop_protected(vals)
        moved = self.browse()
        if "partner_id" in vals:
            moved = self.filtered(
                lambda order: (
                    order.sent_to_crm_at and order.partner_id.id != vals["partner_id"]
                )
            )
        result = super().write(vals)
        if moved:
            # Another customer: nobody has sent or greeted that one.
            moved.sudo().write({"sent_to_crm_at": False, "sent_to_crm_user_id": False})
        return result

    def action_send_to_crm(self):
        """Send the orders to the CRM and greet their customers.

        Makes or updates the lead of the customer, moves it to its first stage and
        plans the welcome text. An order that was sent stays as it is, so that a double
        click, or two people at once, send once. A customer who cannot be texted gets a
        lead and no text.

        :raise AccessError: the user is not shop staff
        :raise UserError: the order is cancelled
        """
        for order in self:
            order._send_to_crm()
        return True

    def action_void(self, notify_customer=None):
        """Cancel the orders, and tell their customers or not.

        :param notify_customer: whether to text the customers whose appointment falls
            with the order; left out, whoever is at the screen is asked
        """
        self.action_cancel()
        if notify_customer is not None:
            for event in self.event_ids:
                if event.shop_state == "cancelled" and event.pending_notice:
                    event.write({"notify_customer": notify_customer})
        return True

    def action_draft(self):
        result = super().action_draft()
        for lead in self.filtered("sent_to_crm_at").opportunity_id:
            if lead._get_glass_kind() == "cancelled":
                lead._move_to_glass_stage_sudo("new")
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        self.filtered(lambda order: order.state == "cancel")._void_appointments_sudo()
        return result

    def _void_appointments_sudo(self):
        """Cancel what the voided orders have in the future, and their leads with it.

        As superuser: whoever may cancel an order (a salesperson, the customer on the
        portal) leaves nothing on the schedule, whatever rights on it they have.
        """
        orders = self.sudo()
        now = fields.Datetime.now()
        events = orders.event_ids.filtered(
            lambda event: event.shop_state == "booked" and event.start > now
        )
        if not events:
            return
        events.write({"shop_state": "cancelled"})
        for event in events:
            order = event.work_order_id
            if not order.sent_to_crm_at:
                continue
            # A lead that still has other work goes on.
            if all(other.state == "cancel" for other in order.opportunity_id.order_ids):
                order.opportunity_id._move_to_glass_stage_sudo("cancelled")
            event._tell_outside_crm("cancelled")

    def _send_to_crm(self):
        self.ensure_one()
        self._check_shop_staff()
        self.check_access("write")
        # Whoever comes second waits here, and finds the order sent.
        self._lock_customer_question()
        if self.sent_to_crm_at:
            return
        if self.state == "cancel":
            raise UserError(
                self.env._(
                    "%s is cancelled. Set it back to a quotation before you send it "
                    "to the CRM.",
                    self.name,
                )
            )
        self._serialise_customer()
        lead = self._get_or_create_glass_lead()
        self.sudo().write(
            {
                "sent_to_crm_at": fields.Datetime.now(),
                "sent_to_crm_user_id": self.env.uid,
                "opportunity_id": lead.id,
            }
        )
        if self.can_be_texted:
            self._greet_customer()
            self._tell_outside_crm_sent()

    def _serialise_customer(self):
        """Let two orders of one customer be sent one after the other.

        Writing the row, not only locking it, makes PostgreSQL refuse whoever waited:
        Odoo then runs that request again, and it finds the lead of the first.
        """
        self.env.cr.execute(
            "UPDATE res_partner SET id = id WHERE id = %s",
            [self.partner_id.id],
            log_exceptions=False,
        )

    def _get_or_create_glass_lead(self):
        """Return the lead for this order: its own, that of the day, or a new one."""
        leads = self.env["crm.lead"].with_context(
            active_test=False, mail_auto_subscribe_no_notify=True
        )
        key = self._get_glass_day_key()
        own = self.opportunity_id
        lead = leads.browse(own.id) if self._is_open_lead(own) else leads
        today = leads.search([("glass_day_key", "=", key)])
        lead = lead or today
        company = self.company_id
        team = company._get_glass_team()
        stage = company._get_glass_stage("new")
        vals = {"type": "opportunity", "partner_id": self.partner_id.id}
        if "iap_enrich_done" in leads._fields:
            # Odoo would send the customer's address to a service of its own to learn
            # more about a prospect. This one stands at the counter.
            vals["iap_enrich_done"] = True
        if not lead:
            lead = leads.with_company(company).create(
                {
                    **vals,
                    "name": self._get_lead_name(),
                    "company_id": company.id,
                    "user_id": self.user_id.id,
                    "team_id": team.id,
                    "stage_id": stage.id,
                }
            )
        elif lead._get_glass_kind() != "scheduled":
            lead.write(
                {
                    **vals,
                    "active": True,
                    **({"team_id": team.id} if team else {}),
                    **({"stage_id": stage.id} if stage else {}),
                }
            )
        # As superuser: that a lead was sent is nobody's to write but of this method.
        lead.sudo().write(
            {
                "glass_sent_at": fields.Datetime.now(),
                "glass_day_key": lead.glass_day_key or (key if not today else False),
            }
        )
        return lead.with_env(self.env)

    def _is_open_lead(self, lead):
        return bool(
            lead
            and lead.active
            and lead.partner_id in (self.partner_id, self.partner_id.browse())
            and not lead.stage_id.is_won
            and lead._get_glass_kind() != "cancelled"
        )

    def _greet_customer(self):
        """Plan the welcome text, once a day for each customer.

        :return: the interaction, empty when this customer was greeted today
        """
        interactions = self.env["customer.interaction"]
        if not self._get_welcome_purpose():
            return interactions
        return interactions._plan(
            [
                {
                    **self._prepare_text_vals(),
                    "purpose": "glass_welcome",
                    "dedupe_key": self._get_welcome_key(),
                }
            ]
        )

    def _tell_outside_crm_sent(self):
        outbox = self.env["outside.crm.message"]
        return outbox._enqueue_sudo(
            "lead", self, f"lead:{self.id}:{self.sent_to_crm_at.isoformat()}"
        )

    def _is_shop_staff(self):
        return self.env.su or self.env.user.has_group("auto_shop.group_user")

    def _check_shop_staff(self):
        if not self._is_shop_staff():
            raise AccessError(
                self.env._(
                    "Only shop staff can send orders to the CRM. Ask a manager for the "
                    "role “Shop Staff”."
                )
            )

    def _may_answer_customer_question(self):
        return self._is_shop_staff() and super()._may_answer_customer_question()

    def _customer_questions(self):
        questions = super()._customer_questions()
        if self.state == "cancel":
            if question := self._get_void_question():
                questions.append(question)
        elif (
            not self.sent_to_crm_at
            and not self.predates_glass_crm
            and self.can_be_texted
        ):
            questions.append(self._get_send_question())
        return questions

    def _get_send_question(self):
        greeted = self._is_greeted_today()
        missing = self._get_missing_for_crm()
        message = self.env._(
            "%(order)s of %(customer)s has not been sent to the CRM.",
            order=self.name,
            customer=self.partner_id.display_name,
        )
        if greeted:
            message += " " + self.env._(
                "It joins the customer's lead of today; there is no second welcome "
                "text."
            )
        return {
            "key": "send_to_crm",
            "title": self.env._("Ready to send to the CRM?"),
            "message": message,
            "missing": missing,
            "preview": False if greeted else self._preview_welcome,
            "buttons": [
                {"value": "ready", "label": self.env._("Ready"), "style": "primary"},
                {
                    "value": "not_ready",
                    "label": self.env._("Not Ready"),
                    "style": "secondary",
                },
            ],
        }

    def _answer_send_to_crm(self, value):
        if value == "not_ready":
            return {
                "message": self.env._(
                    "Not sent. You are asked again when you save %s.", self.name
                ),
                "type": "info",
            }
        self.action_send_to_crm()
        return {
            "message": self.env._("%s was sent to the CRM.", self.name),
            "type": "success",
        }

    def _get_void_question(self):
        """Return the question about the first appointment that fell with the order."""
        event = self._get_voided_event()
        if not event:
            return None
        [question] = event._customer_questions()
        return {
            **question,
            "key": f"voided_appointment:{event.id}:{event.notice_revision}",
        }

    def _answer_voided_appointment(self, value):
        return self._get_voided_event()._answer_appointment_notice(value)

    def _get_voided_event(self):
        open_events = self.event_ids._get_open_notices().get("cancelled")
        return (open_events or self.env["calendar.event"]).sorted("id")[:1]

    def _preview_welcome(self):
        purpose = self._get_welcome_purpose()
        if not purpose:
            return {"body": False, "segments": 0}
        return purpose._preview(**self._prepare_text_vals())

    def _prepare_text_vals(self):
        return {
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "vehicle_id": self.vehicle_id.id,
            "work_order_id": self.id,
            "lead_id": self.opportunity_id.id,
            "user_id": self.env.uid,
            "channel": "sms",
        }

    def _get_welcome_purpose(self):
        return self.env["customer.interaction.purpose"]._get(
            "glass_welcome", self.company_id
        )

    def _get_welcome_key(self):
        return f"glass_welcome:{self._get_glass_day_key()}"

    def _is_greeted_today(self):
        domain = [
            ("company_id", "=", self.company_id.id),
            ("dedupe_key", "=", self._get_welcome_key()),
        ]
        return bool(self.env["customer.interaction"].search_count(domain, limit=1))

    def _get_glass_day_key(self):
        zone = pytz.timezone(self.company_id._get_shop_tz())
        # `now` of Odoo's fields is what tests and the day's other rules go by.
        now = pytz.utc.localize(fields.Datetime.now()).astimezone(zone)
        return f"{self.company_id.id}:{self.partner_id.id}:{now.date().isoformat()}"

    def _get_missing_for_crm(self):
        """Return the labels of what the CRM would like to know and is not there."""
        customer = self.partner_id
        first_name, last_name = customer._split_name()
        known = [
            (first_name, self.env._("First name")),
            (last_name, self.env._("Last name")),
            (customer.email, self.env._("E-mail")),
            (self.vehicle_id, self.env._("Vehicle")),
            (customer.street and customer.city, self.env._("Address")),
            (self.glass_selected, self.env._("Glass")),
        ]
        return [label for value, label in known if not value]

    def _get_lead_name(self):
        parts = (self.partner_id.name, self.vehicle_id.display_name)
        return " · ".join(filter(None, parts)) or self.name

    def _get_glass_products(self):
        return self.order_line.product_id.filtered("is_glass")

    def _get_glass_names(self):
        """Return a name for each glass, such as “Windshield FW02345 GBYN”."""
        products = self._get_glass_products()
        openings = dict(
            products._fields["glass_opening"]._description_selection(self.env)
        )
        return [
            " ".join(
                filter(None, (openings.get(product.glass_opening), product.nags_number))
            )
            or product.name
            for product in products
        ]

    @api.model
    def _drop_protected(self, vals):
        if self.env.su or PROTECTED_FIELDS.isdisjoint(vals):
            return vals
        return {
            name: value for name, value in vals.items() if name not in PROTECTED_FIELDS
        }

    def _answer_experience(self, value):
        """Keep how the customers felt, and plan the closing texts and the call.

        The orders are of one customer and on one invoice; one text goes out.

        :param value: ``smile`` or ``frown``
        :return: the interactions that are new
        """
        # As superuser: the answer is nobody's to write but of this method.
        self.sudo().write(
            {
                "customer_experience": value,
                "customer_experience_date": fields.Datetime.now(),
                "customer_experience_user_id": self.env.uid,
            }
        )
        order = self.sorted("id")[-1]
        interactions = self.env["customer.interaction"]
        purpose = f"experience_{value}"
        planned = interactions
        purposes = self.env["customer.interaction.purpose"]
        if purposes._get(purpose, order.company_id):
            planned = interactions._plan(
                [
                    {
                        **order._prepare_text_vals(),
                        "purpose": purpose,
                        "dedupe_key": f"experience:{order.id}",
                    }
                ]
            )
        if value == "frown":
            order._plan_manager_call()
        for sent in self.filtered("sent_to_crm_at"):
            sent.opportunity_id._move_to_glass_stage_sudo("completed")
            self.env["outside.crm.message"]._enqueue_sudo(
                f"invoiced_{value}",
                sent,
                f"invoiced:{sent.id}",
                experience=value,
            )
        return planned

    def _preview_experience(self, value):
        """Return a closing text as their customer would get it, for a screen.

        :param value: ``smile`` or ``frown``
        """
        order = self.sorted("id")[-1]
        purpose = self.env["customer.interaction.purpose"]._get(
            f"experience_{value}", order.company_id
        )
        if not purpose:
            return {"body": False, "segments": 0}
        return purpose._preview(**order._prepare_text_vals())

    def _plan_manager_call(self):
        """Put a call to the unhappy customer on somebody's list, for today."""
        self.ensure_one()
        return self.activity_schedule(
            "mail.mail_activity_data_call",
            user_id=self._get_experience_user().id,
            summary=self.env._("Call %s: not happy", self.partner_id.name),
            note=self.env._(
                "%(user)s marked the experience of %(customer)s with %(order)s with a "
                "frown.",
                user=self.env.user.name,
                customer=self.partner_id.name,
                order=self.name,
            ),
        )

    def _get_experience_user(self):
        """Return who calls an unhappy customer of this order."""
        company = self.company_id
        managers = self.env.ref("auto_shop.group_manager").sudo().all_user_ids
        managers = managers.filtered(
            lambda user: user.active and not user.share and company in user.company_ids
        )
        # Root and the administrator look at no list; the latter leads the sales team
        # of every new database.
        system = self.env.ref("base.user_root") | self.env.ref("base.user_admin")
        for user in (company.experience_user_id, self.team_id.user_id - system):
            if user.active and company in user.sudo().company_ids:
                return user
        return (managers - system)[:1] or managers[:1] or self.env.user
