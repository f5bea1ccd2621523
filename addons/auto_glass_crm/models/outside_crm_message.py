# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..tools.webhook import Delivery, deliver

SCHEMA = "auto-glass-crm/1"
EVENTS = [
    ("lead", "Lead"),
    ("scheduled", "Scheduled"),
    ("rescheduled", "Rescheduled"),
    ("completed", "Completed"),
    ("invoiced_smile", "Invoiced, smile"),
    ("invoiced_frown", "Invoiced, frown"),
    ("cancelled", "Cancelled"),
]
# Minutes to wait after each failed attempt; after the last one the message is dead.
BACK_OFF = (1, 5, 15, 60, 240, 720, 1440)
BATCH_SIZE = 20
# A claim older than this belongs to a process that is gone (minutes). Longer than any
# request of a batch can take.
STALE_CLAIM = 15
KEEP_DAYS = 90


class OutsideCrmMessage(models.Model):
    """The outbox to an outside CRM: what has been decided here and is told there.

    Rows are written with the business transaction and sent afterwards. The same row
    may arrive more than once (a process that dies between the call and its commit);
    its ``message_id`` tells the receiver so.
    """

    _name = "outside.crm.message"
    _description = "Message to the Outside CRM"
    _order = "id desc"
    _rec_name = "message_id"

    company_id = fields.Many2one(
        "res.company",
        string="Location",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    message_id = fields.Char(
        string="Event ID",
        required=True,
        readonly=True,
        default=lambda self: self._default_message_id(),
        help="The same in every attempt, so that the other side takes it once.",
    )
    event = fields.Selection(EVENTS, required=True, readonly=True)
    lead_id = fields.Many2one(
        "crm.lead", readonly=True, index="btree_not_null", ondelete="set null"
    )
    work_order_id = fields.Many2one(
        "sale.order", readonly=True, index="btree_not_null", ondelete="set null"
    )
    order_key = fields.Char(
        required=True,
        readonly=True,
        help="Messages with the same key are sent one after the other.",
    )
    dedupe_key = fields.Char(readonly=True, help="One occasion is told once.")
    payload = fields.Text(required=True, readonly=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("sending", "Being sent"),
            ("sent", "Sent"),
            ("dead", "Given up"),
        ],
        required=True,
        readonly=True,
        default="waiting",
    )
    attempts = fields.Integer(readonly=True)
    next_try_at = fields.Datetime(
        string="Next Attempt",
        required=True,
        readonly=True,
        default=fields.Datetime.now,
    )
    claimed_at = fields.Datetime(readonly=True)
    sent_at = fields.Datetime(string="Sent", readonly=True)
    failure_reason = fields.Char(string="Reason", readonly=True)

    _message_unique = models.UniqueIndex(
        "(message_id)", "This message is already in the outbox."
    )
    _dedupe_unique = models.UniqueIndex(
        "(company_id, dedupe_key) WHERE dedupe_key IS NOT NULL",
        "This occasion is already in the outbox.",
    )
    _open_idx = models.Index(
        "(company_id, order_key, id) WHERE state IN ('waiting', 'sending')"
    )

    @api.model
    def _default_message_id(self):
        return str(uuid.uuid4())

    def action_send_again(self):
        """Send messages that were given up, or that the other side has lost."""
        if not self.env.su and not self.env.user.has_group("auto_shop.group_manager"):
            raise AccessError(
                self.env._(
                    "Only a shop manager can send this to the outside CRM again."
                )
            )
        self.check_access("read")
        again = self.filtered(lambda message: message.state in ("dead", "sent"))
        again.sudo().write(
            {
                "state": "waiting",
                "attempts": 0,
                "next_try_at": fields.Datetime.now(),
                "failure_reason": False,
            }
        )
        again._wake()
        return True

    @api.model
    def _enqueue_sudo(self, event, order, key, appointment=None, experience=None):
        """Tell the outside CRM of a location about a moment of a job, if it has one.

        As superuser: the outbox is nobody's to write, and whoever answers a prompt
        fills it.

        :param event: one of ``EVENTS``
        :param order: the work order
        :param key: names the occasion, which is told once
        :return: the new message, empty when there is nobody to tell or it was told
        """
        order = order.sudo()
        company = order.company_id
        if not company.outside_crm_url:
            return self.browse()
        messages = self.sudo().with_context(lang=None)
        if messages.search_count(
            [("company_id", "=", company.id), ("dedupe_key", "=", key)], limit=1
        ):
            return self.browse()
        lead = order.opportunity_id
        message_id = self._default_message_id()
        payload = messages._prepare_payload(order, appointment, experience)
        message = messages.create(
            {
                "company_id": company.id,
                "message_id": message_id,
                "event": event,
                "lead_id": lead.id,
                "work_order_id": order.id,
                "order_key": f"lead:{lead.id}" if lead else f"order:{order.id}",
                "dedupe_key": key,
                "payload": json.dumps(
                    {
                        "schema": SCHEMA,
                        "id": message_id,
                        "event": event,
                        "occurred_at": f"{fields.Datetime.now().isoformat()}Z",
                        **payload,
                    },
                    ensure_ascii=False,
                    indent=1,
                ),
            }
        )
        message._wake()
        return message

    def _wake(self, at=None):
        cron = self.env.ref("auto_glass_crm.ir_cron_send_outside_crm").sudo()
        cron._trigger(at)

    @api.model
    def _cron_send(self):
        """Send what is due: claim a batch, commit the claim, call, keep the outcome.

        Within one lead nothing overtakes: only its oldest open message is taken.
        """
        commit = self.env["ir.cron"]._commit_progress
        commit(remaining=self._count_due())
        while batch := self._claim_due():
            deliveries = [message._prepare_delivery() for message in batch]
            # From here on a crash leaves the claim, not an unmarked call.
            commit()
            outcomes = self._deliver_all(deliveries)
            for message, outcome in zip(batch, outcomes, strict=True):
                message._keep_outcome(outcome)
            if not commit(len(batch), remaining=self._count_due()):
                break

    @api.model
    def _deliver_all(self, deliveries):
        with ThreadPoolExecutor(max_workers=BATCH_SIZE) as pool:
            return list(pool.map(deliver, deliveries))

    @api.model
    def _get_due_condition(self):
        now = fields.Datetime.now()
        return SQL(
            """(message.state = 'waiting' AND message.next_try_at <= %s
                OR message.state = 'sending' AND message.claimed_at <= %s)
               AND NOT EXISTS (
                   SELECT FROM outside_crm_message AS earlier
                    WHERE earlier.company_id = message.company_id
                      AND earlier.order_key = message.order_key
                      AND earlier.id < message.id
                      AND earlier.state IN ('waiting', 'sending'))""",
            now,
            now - timedelta(minutes=STALE_CLAIM),
        )

    @api.model
    def _count_due(self):
        self.flush_model()
        [(count,)] = self.env.execute_query(
            SQL(
                "SELECT count(*) FROM outside_crm_message AS message WHERE %s",
                self._get_due_condition(),
            )
        )
        return count

    @api.model
    def _claim_due(self):
        """Lock and mark the messages to be sent now; what others hold is left out."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT message.id FROM outside_crm_message AS message
                    WHERE %s ORDER BY message.id LIMIT %s
                      FOR UPDATE OF message SKIP LOCKED""",
                self._get_due_condition(),
                BATCH_SIZE,
            )
        )
        batch = self.browse(message_id for (message_id,) in rows)
        batch.invalidate_recordset()
        batch.write({"state": "sending", "claimed_at": fields.Datetime.now()})
        return batch

    def _prepare_delivery(self):
        """Return what the HTTP client needs; nothing of it is kept or logged."""
        company = self.company_id.sudo()
        return Delivery(
            url=company.outside_crm_url or "",
            secret=company.outside_crm_secret or "",
            message_id=self.message_id,
            event=self.event,
            body=self.payload.encode(),
        )

    def _keep_outcome(self, outcome):
        vals = {"attempts": self.attempts + 1, "claimed_at": False}
        if outcome.result == "sent":
            vals.update(
                state="sent", sent_at=fields.Datetime.now(), failure_reason=False
            )
        else:
            vals["failure_reason"] = self._get_failure_sentence(outcome)
            if outcome.result == "refused" or vals["attempts"] > len(BACK_OFF):
                vals["state"] = "dead"
            else:
                wait = timedelta(
                    seconds=max(
                        BACK_OFF[vals["attempts"] - 1] * 60, outcome.retry_after
                    )
                )
                vals.update(state="waiting", next_try_at=fields.Datetime.now() + wait)
                self._wake(vals["next_try_at"])
        self.write(vals)

    @api.autovacuum
    def _gc_sent(self):
        """Forget what was sent long ago: it is full of customers' data."""
        limit = fields.Datetime.now() - timedelta(days=KEEP_DAYS)
        self.search([("state", "=", "sent"), ("sent_at", "<", limit)]).unlink()

    @api.model
    def _get_failure_sentence(self, outcome):
        if outcome.code == "status":
            return self.env._(
                "The outside CRM answered with status %s.", outcome.status
            )
        if outcome.code == "redirect":
            return self.env._(
                "The outside CRM redirects (%s) to another address. Enter that address "
                "in the settings.",
                outcome.status,
            )
        return {
            "timeout": self.env._("The outside CRM did not answer in time."),
            "certificate": self.env._(
                "The certificate of the outside CRM is not valid."
            ),
            "connection": self.env._("The outside CRM cannot be reached."),
            "garbage": self.env._(
                "The outside CRM answered something that is not HTTP."
            ),
            "address": self.env._(
                "No webhook of the outside CRM is set for this location."
            ),
        }[outcome.code]

    @api.model
    def _prepare_payload(self, order, appointment, experience):
        """Return the data of a moment; the schema is in ``static/schema``."""
        company = order.company_id
        lead = order.opportunity_id
        return {
            "shop": {
                "id": company.id,
                "name": company.name,
                "phone": company.phone or None,
                "email": company.email or None,
            },
            "customer": self._prepare_customer_payload(
                order.partner_id.with_company(company)
            ),
            "vehicle": self._prepare_vehicle_payload(order.vehicle_id),
            "order": {
                "id": order.id,
                "number": order.name,
                "amount_untaxed": order.amount_untaxed,
                "currency": order.currency_id.name,
                "glass": [
                    {
                        "name": product.name,
                        "nags_number": product.nags_number or None,
                        "opening": product.glass_opening or None,
                    }
                    for product in order._get_glass_products()
                ],
            },
            "lead": {
                "id": lead.id,
                "stage": lead._get_glass_kind() or None,
                "expected_revenue": lead.expected_revenue,
            }
            if lead
            else None,
            "appointment": {
                "id": appointment.id,
                "start": f"{appointment.start.isoformat()}Z",
                "stop": f"{appointment.stop.isoformat()}Z",
                "timezone": company._get_shop_tz(),
                "place": appointment.location or None,
                "state": appointment.shop_state,
            }
            if appointment
            else None,
            "experience": experience,
        }

    @api.model
    def _prepare_customer_payload(self, customer):
        first_name, last_name = customer._split_name()
        return {
            "id": customer.id,
            "first_name": first_name or None,
            "last_name": last_name or None,
            "email": customer.email or None,
            "phone": customer.phone or None,
            "mobile": customer.mobile or None,
            "text_number": customer.text_number or None,
            "can_be_texted": customer.can_be_texted,
            "address": {
                "street": customer.street or None,
                "street2": customer.street2 or None,
                "city": customer.city or None,
                "state": customer.state_id.code or None,
                "zip": customer.zip or None,
                "country": customer.country_id.code or None,
            },
        }

    @api.model
    def _prepare_vehicle_payload(self, vehicle):
        if not vehicle:
            return None
        return {
            "id": vehicle.id,
            "year": vehicle.year or None,
            "make": vehicle.make_id.name or None,
            "model": vehicle.model_id.name or None,
            "vin": vehicle.vin or None,
            "license_plate": vehicle.license_plate or None,
        }
