# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.sms_segments import count_segments

PREVIEW_LENGTH = 120
PAGE_SIZE = 50


class CustomerTextThread(models.Model):
    """The texts between a location and a customer, or a number that nobody knows.

    Kept beside the interactions so that the list of conversations, unread first,
    costs one index scan however many texts there are.
    """

    _name = "customer.text.thread"
    _description = "Text Conversation"
    _order = "is_unread desc, last_text_at desc, id desc"
    _rec_name = "title"

    company_id = fields.Many2one(
        "res.company", string="Location", required=True, readonly=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        ondelete="cascade",
        index="btree_not_null",
        readonly=True,
    )
    number = fields.Char(readonly=True)
    title = fields.Char(string="Name", compute="_compute_title")
    last_text_at = fields.Datetime(string="Last Text", readonly=True)
    last_body = fields.Char(string="Text", readonly=True)
    last_direction = fields.Selection(
        [("out", "To the customer"), ("in", "From the customer")], readonly=True
    )
    unread_count = fields.Integer(string="Unread", readonly=True)
    is_unread = fields.Boolean(string="Has Unread", readonly=True)

    _thread_unique = models.UniqueIndex(
        "(company_id, COALESCE(partner_id, 0), "
        "(CASE WHEN partner_id IS NULL THEN number ELSE '' END))",
        "This conversation is already there.",
    )
    _order_idx = models.Index(
        "(company_id, is_unread DESC, last_text_at DESC, id DESC)"
    )

    @api.depends("partner_id", "number")
    def _compute_title(self):
        for thread in self:
            thread.title = thread.partner_id.display_name or thread.number

    @api.model
    def _touch(self, interactions):
        """Bring the conversations of these texts up to date, in one statement."""
        latest = {}
        unread = {}
        for row in interactions.sudo().sorted(lambda row: (row.planned_at, row.id)):
            key = (row.company_id.id, row.partner_id.id or None, row.number)
            if row.partner_id:
                key = (*key[:2], None)
            latest[key] = row
            unread[key] = unread.get(key, 0) + bool(row.is_unread)
        if not latest:
            return
        self.flush_model()
        values = SQL(", ").join(
            SQL(
                "(%s, %s, %s, %s, %s, %s, %s, %s)",
                company_id,
                partner_id,
                row.number or number or None,
                fields.Datetime.now() if row.direction == "out" else row.planned_at,
                " ".join((row.body or "").split())[:PREVIEW_LENGTH],
                row.direction,
                unread[company_id, partner_id, number],
                bool(unread[company_id, partner_id, number]),
            )
            for (company_id, partner_id, number), row in latest.items()
        )
        self.env.cr.execute(
            SQL(
                """INSERT INTO customer_text_thread AS thread
                          (company_id, partner_id, number, last_text_at, last_body,
                           last_direction, unread_count, is_unread)
                   VALUES %s
              ON CONFLICT (company_id, COALESCE(partner_id, 0),
                           (CASE WHEN partner_id IS NULL THEN number ELSE '' END))
                DO UPDATE SET number = COALESCE(EXCLUDED.number, thread.number),
                              last_text_at = EXCLUDED.last_text_at,
                              last_body = EXCLUDED.last_body,
                              last_direction = EXCLUDED.last_direction,
                              unread_count =
                                  thread.unread_count + EXCLUDED.unread_count,
                              is_unread = thread.is_unread OR EXCLUDED.is_unread""",
                values,
            )
        )
        self.invalidate_model()

    # === CONVERSATION ===

    @api.model
    def _get_thread(self, company, partner, number=None):
        """Return the conversation of a customer, made if there is none yet."""
        domain = Domain("company_id", "=", company.id)
        if partner:
            domain &= Domain("partner_id", "=", partner.id)
        else:
            domain &= Domain("partner_id", "=", False) & Domain("number", "=", number)
        return self.search(domain, limit=1) or self.sudo().create(
            {
                "company_id": company.id,
                "partner_id": partner.id,
                "number": number or partner.text_number,
            }
        ).with_env(self.env)

    @api.model
    def action_open_for(self, partner_id, company_id=None):
        """Open the conversation with a customer from any screen."""
        partner = self.env["res.partner"].browse(partner_id)
        partner.check_access("read")
        company = self.env["res.company"].browse(company_id) or self.env.company
        return self._get_thread(company, partner).action_open()

    def action_open(self):
        """Open the conversation."""
        self.ensure_one()
        return {
            "type": "ir.actions.client",
            "tag": "auto_shop.conversation",
            "name": self.title,
            "context": {"active_model": self._name, "active_id": self.id},
            "params": {"thread_id": self.id},
        }

    def _get_texts_domain(self):
        self.ensure_one()
        domain = Domain("company_id", "=", self.company_id.id)
        domain &= Domain("channel", "=", "sms")
        if self.partner_id:
            return domain & Domain("partner_id", "=", self.partner_id.id)
        return domain & Domain("partner_id", "=", False) & Domain("number", "=", self.number)

    @api.readonly
    def get_conversation(self, before_id=None):
        """Return what the conversation screen shows: the customer and a page of texts.

        :param int before_id: only texts older than this one
        """
        self.ensure_one()
        self.check_access("read")
        partner = self.partner_id
        domain = self._get_texts_domain()
        if before_id:
            before = self.env["customer.interaction"].browse(before_id)
            domain &= Domain("planned_at", "<", before.planned_at) | (
                Domain("planned_at", "=", before.planned_at) & Domain("id", "<", before.id)
            )
        rows = self.env["customer.interaction"].search(
            domain, limit=PAGE_SIZE + 1, order="planned_at desc, id desc"
        )
        states = dict(rows._fields["state"]._description_selection(self.env))
        vehicles = self.env["customer.vehicle"].search(
            Domain("owner_id", "=", partner.id) | Domain("driver_id", "=", partner.id),
            limit=5,
        ) if partner else self.env["customer.vehicle"]
        return {
            "thread": {
                "id": self.id,
                "title": self.title,
                "number": self.number or partner.text_number or "",
                "partner_id": partner.id,
                "block_reason": partner.text_block_reason
                if partner
                else self.env._("This number belongs to no customer yet."),
                "vehicles": vehicles.mapped("display_name"),
            },
            "has_more": len(rows) > PAGE_SIZE,
            "texts": [
                {
                    "id": row.id,
                    "direction": row.direction,
                    "body": row.body or row.purpose_id.name or "",
                    "state": row.state,
                    "state_label": states[row.state],
                    "reason": row.failure_reason or "",
                    "date": fields.Datetime.to_string(
                        row.planned_at if row.state == "planned" else row.sent_at or row.planned_at
                    ),
                    "author": row.user_id.name or "",
                    "is_unread": row.is_unread,
                }
                for row in reversed(rows[:PAGE_SIZE])
            ],
        }

    def mark_read(self):
        """Somebody has looked at the conversation."""
        self.ensure_one()
        self.check_access("write")
        self.env["customer.interaction"].search(
            self._get_texts_domain() & Domain("is_unread", "=", True)
        ).is_unread = False
        self.sudo().write({"unread_count": 0, "is_unread": False})
        return True

    def action_mark_unread(self):
        """Keep conversations in sight for later."""
        self.check_access("write")
        self.sudo().write({"unread_count": 1, "is_unread": True})
        return True

    def send_text(self, body, request_key=None):
        """Plan a text that a person wrote.

        :param str request_key: made by the screen for each text, so that a repeated
            click or a repeated request does not send twice
        :raise UserError: with the reason when this customer cannot be texted
        """
        self.ensure_one()
        self.check_access("write")
        body = (body or "").strip()
        if not body:
            raise UserError(self.env._("Write something first."))
        if not self.partner_id:
            raise UserError(
                self.env._("Choose or create the customer of this number first.")
            )
        if reason := self.partner_id.text_block_reason:
            raise UserError(reason)
        planned = self.env["customer.interaction"]._plan(
            [
                {
                    "company_id": self.company_id.id,
                    "partner_id": self.partner_id.id,
                    "channel": "sms",
                    "body": body,
                    "user_id": self.env.uid,
                    "dedupe_key": f"typed:{request_key}" if request_key else None,
                }
            ]
        )
        self._touch(planned)
        return bool(planned)

    @api.model
    def count_text(self, body):
        """Return the length of a text in segments, for the counter under the box."""
        segments, characters, is_unicode = count_segments(body)
        return {
            "segments": segments,
            "characters": characters,
            "is_unicode": is_unicode,
        }

    def action_assign_partner(self, partner_id):
        """Give the texts of an unknown number to a customer."""
        self.ensure_one()
        self.check_access("write")
        partner = self.env["res.partner"].browse(partner_id)
        partner.check_access("write")
        texts = self.env["customer.interaction"].search(self._get_texts_domain())
        texts.sudo().partner_id = partner
        if not partner.mobile and partner.text_number != self.number:
            partner.mobile = self.number
        thread = self._get_thread(self.company_id, partner)
        self.sudo().unlink()
        self._touch(texts)
        return thread.action_open()
