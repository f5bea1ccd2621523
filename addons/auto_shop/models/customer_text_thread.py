# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.phone import format_number, to_kept_digits
from ..tools.sms_segments import count_segments, use_plain_signs

PREVIEW_LENGTH = 120
PAGE_SIZE = 50
# Twilio refuses longer bodies (error 21617); other carriers cut them.
MAX_CHARACTERS = 1600
# The systray shows "99+": counting further would only cost time.
MAX_UNREAD_SHOWN = 100


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
    title = fields.Char(
        string="Customer or Number", compute="_compute_title", search="_search_title"
    )
    last_text_at = fields.Datetime(string="Last Text", readonly=True)
    last_body = fields.Char(string="Text", readonly=True)
    last_direction = fields.Selection(
        [("out", "To the customer"), ("in", "From the customer")], readonly=True
    )
    # Never empty: an empty one would count as unknown, and sort before the unread.
    unread_count = fields.Integer(
        string="Unread", required=True, default=0, readonly=True
    )
    is_unread = fields.Boolean(
        string="Has Unread", required=True, default=False, readonly=True
    )

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
            thread.title = thread.partner_id.display_name or thread._get_number_label()

    def _search_title(self, operator, value):
        number = to_kept_digits(value) if isinstance(value, str) else value
        return Domain("partner_id", operator, value) | Domain(
            "number", operator, number
        )

    def write(self, vals):
        if not self.env.su:
            raise AccessError(
                self.env._(
                    "A conversation follows from its texts; it is not edited by hand."
                )
            )
        return super().write(vals)

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
                self._get_preview(row),
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
                              last_text_at = GREATEST(
                                  thread.last_text_at, EXCLUDED.last_text_at),
                              last_body = CASE
                                  WHEN thread.last_text_at > EXCLUDED.last_text_at
                                  THEN thread.last_body ELSE EXCLUDED.last_body END,
                              last_direction = CASE
                                  WHEN thread.last_text_at > EXCLUDED.last_text_at
                                  THEN thread.last_direction
                                  ELSE EXCLUDED.last_direction END,
                              unread_count =
                                  thread.unread_count + EXCLUDED.unread_count,
                              is_unread = thread.is_unread OR EXCLUDED.is_unread""",
                values,
            )
        )
        self.invalidate_model()

    @api.model
    def _drop_sudo(self, partners):
        """Drop the conversations of customers who become part of another."""
        self.sudo().search([("partner_id", "in", partners.ids)]).unlink()

    @api.model
    def _refresh_sudo(self, partner):
        """Make the conversations of a customer anew from his texts."""
        texts = self.env["customer.interaction"].sudo()
        of_partner = Domain("partner_id", "=", partner.id) & Domain(
            "channel", "=", "sms"
        )
        for [company] in texts._read_group(of_partner, ["company_id"]):
            thread = self.sudo()._get_thread(company, partner)
            domain = thread._get_texts_domain()
            last = texts.search(domain, order="planned_at desc, id desc", limit=1)
            unread = texts.search_count(domain & Domain("is_unread", "=", True))
            thread.write(
                {
                    "last_text_at": last.sent_at or last.planned_at,
                    "last_body": self._get_preview(last),
                    "last_direction": last.direction,
                    "unread_count": unread,
                    "is_unread": bool(unread),
                }
            )

    @api.model
    def _get_preview(self, text):
        return " ".join((text.body or "").split())[:PREVIEW_LENGTH]

    # === CONVERSATION ===

    @api.model
    def _get_thread(self, company, partner, number=None):
        """Return the conversation of a customer, made if there is none yet."""
        domain = Domain("company_id", "=", company.id)
        if partner:
            domain &= Domain("partner_id", "=", partner.id)
        else:
            domain &= Domain("partner_id", "=", False) & Domain("number", "=", number)
        if thread := self.search(domain, limit=1):
            return thread
        # Two screens that open it at once must find one conversation, not an error.
        self.env.cr.execute(
            SQL(
                """INSERT INTO customer_text_thread
                          (company_id, partner_id, number, unread_count, is_unread)
                   VALUES (%s, %s, %s, 0, FALSE) ON CONFLICT DO NOTHING""",
                company.id,
                partner.id or None,
                number or partner.text_number or None,
            )
        )
        return self.search(domain, limit=1)

    @api.model
    def action_open_for(self, partner_id, company_id=None):
        """Open the conversation with a customer from any screen."""
        self.check_access("write")
        partner = self.env["res.partner"].browse(partner_id)
        partner.check_access("read")
        company = self.env["res.company"].browse(company_id or self.env.company.id)
        if company not in self.env.companies:
            raise AccessError(
                self.env._(
                    "You do not work for %s at the moment. Choose the location at the "
                    "top of the screen first.",
                    company.sudo().name,
                )
            )
        return self._get_thread(company, partner).action_open()

    def action_open(self):
        """Open the conversation."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "auto_shop.customer_text_conversation_action"
        )
        return {
            **action,
            "name": self.title,
            "params": {"thread_id": self.id},
        }

    def _get_texts_domain(self):
        self.ensure_one()
        domain = Domain("company_id", "=", self.company_id.id)
        domain &= Domain("channel", "=", "sms")
        if self.partner_id:
            return domain & Domain("partner_id", "=", self.partner_id.id)
        return (
            domain
            & Domain("partner_id", "=", False)
            & Domain("number", "=", self.number)
        )

    @api.readonly
    def get_conversation(self, before_id=None):
        """Return what the conversation screen shows: the customer and a page of texts.

        :param int before_id: only texts older than this one
        """
        self.ensure_one()
        self.check_access("read")
        domain = self._get_texts_domain()
        if before_id:
            before = self.env["customer.interaction"].browse(before_id)
            domain &= Domain("planned_at", "<", before.planned_at) | (
                Domain("planned_at", "=", before.planned_at)
                & Domain("id", "<", before.id)
            )
        rows = self.env["customer.interaction"].search(
            domain, limit=PAGE_SIZE + 1, order="planned_at desc, id desc"
        )
        page = rows[:PAGE_SIZE].sorted(lambda row: (row.planned_at, row.id))
        return {
            "thread": self._get_conversation_header(),
            "has_more": len(rows) > PAGE_SIZE,
            "texts": page._get_conversation_texts(),
        }

    def _get_conversation_header(self):
        partner = self.partner_id
        vehicles = self.env["customer.vehicle"]
        if partner:
            vehicles = vehicles.search(
                Domain("owner_id", "=", partner.id)
                | Domain("driver_id", "=", partner.id),
                limit=5,
            )
        number = partner.text_number or self.number or ""
        return {
            "id": self.id,
            "title": self.title,
            "number": number,
            "number_label": self._get_number_label(),
            "company": self.company_id.name,
            # What the location has chosen is no secret; staff cannot read companies.
            "is_sandbox": self.company_id.sudo().sms_provider == "sandbox",
            "partner_id": partner.id,
            "block_reason": self._get_block_reason()
            if partner
            else self.env._(
                "This number belongs to no customer yet. Choose or create the customer "
                "to answer."
            ),
            "vehicles": [
                {"id": vehicle.id, "name": vehicle.display_name} for vehicle in vehicles
            ],
            "unread_count": self.unread_count,
            "max_characters": MAX_CHARACTERS,
        }

    def _get_block_reason(self):
        """Return why this location cannot text the customer, or an empty string."""
        self.ensure_one()
        customer = self.partner_id.with_company(self.company_id)
        return customer.text_block_reason or ""

    def _get_number_label(self):
        """Return the number as people write it."""
        self.ensure_one()
        number = self.partner_id.text_number or self.number
        if not number:
            return ""
        return format_number(number, self.company_id.sudo().country_id.code)

    @api.model
    def get_unread_count(self):
        """Return how many conversations of the user's locations wait for an answer."""
        return self.search_count([("is_unread", "=", True)], limit=MAX_UNREAD_SHOWN)

    def mark_read(self):
        """Somebody has looked at the conversation."""
        self.ensure_one()
        self.check_access("write")
        self.env["customer.interaction"].search(
            self._get_texts_domain() & Domain("is_unread", "=", True)
        ).is_unread = False
        self.sudo().write({"unread_count": 0, "is_unread": False})
        self._notify_screens()
        return True

    def action_mark_read(self):
        """Take conversations off the unread ones without opening them."""
        for thread in self:
            thread.mark_read()
        return True

    def action_mark_unread(self):
        """Keep conversations in sight for later."""
        self.check_access("write")
        self.sudo().write({"unread_count": 1, "is_unread": True})
        self._notify_screens()
        return True

    def _notify_screens(self):
        """Let open Texts lists, conversations and counters look again.

        What the texts say they have to ask for, and get only with access to it.
        """
        for thread in self:
            self._notify_staff_sudo(
                thread.company_id,
                {
                    "company_id": thread.company_id.id,
                    "partner_id": thread.partner_id.id,
                    "number": thread.number,
                },
            )

    @api.model
    def _notify_staff_sudo(self, company, payload):
        """Send ``payload`` to the screens of the staff of a location.

        A number is a customer's: other locations do not hear of it. As superuser:
        who else works here is not for everybody to see.
        """
        staff = self.env.ref("auto_shop.group_user").sudo().all_user_ids
        for user in staff.filtered(
            lambda user: user.active and company in user.company_ids
        ):
            user._bus_send("auto_shop.text", payload)

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
        if len(body) > MAX_CHARACTERS:
            raise UserError(
                self.env._(
                    "A text can have %(limit)s characters at most; this one has "
                    "%(count)s. Shorten it or send it in two parts.",
                    limit=MAX_CHARACTERS,
                    count=len(body),
                )
            )
        if not self.partner_id:
            raise UserError(
                self.env._("Choose or create the customer of this number first.")
            )
        if reason := self._get_block_reason():
            raise UserError(reason)
        planned = self.env["customer.interaction"]._plan(
            [
                {
                    "company_id": self.company_id.id,
                    "partner_id": self.partner_id.id,
                    "channel": "sms",
                    "body": body,
                    "user_id": self.env.uid,
                    # A person types it and presses Send.
                    "automatic": False,
                    "dedupe_key": f"typed:{request_key}" if request_key else None,
                }
            ]
        )
        self._touch(planned)
        self._notify_screens()
        return bool(planned)

    def play_customer(self, body):
        """Take a text in as if the customer had written it; in the sandbox only.

        :raise UserError: the location sends real texts
        """
        self.ensure_one()
        reply = self.env["sms.sandbox.reply"].create(
            {
                "company_id": self.company_id.id,
                "partner_id": self.partner_id.id,
                "number": self.partner_id.text_number or self.number,
                "body": body,
            }
        )
        reply.action_receive()

    @api.model
    def count_text(self, body):
        """Return the length of a text in segments, for the counter under the box."""
        segments, characters, is_unicode = count_segments(use_plain_signs(body or ""))
        return {
            "segments": segments,
            "characters": characters,
            "is_unicode": is_unicode,
        }

    def action_assign_partner(self, partner_id, replace_number=False):
        """Give the texts of an unknown number to a customer.

        :param bool replace_number: make it the number that the customer's texts go
            to, also when he already has another mobile number
        """
        self.ensure_one()
        self.check_access("write")
        if self.partner_id:
            raise UserError(
                self.env._("These texts already belong to %s.", self.partner_id.name)
            )
        partner = self.env["res.partner"].browse(partner_id)
        partner.check_access("write")
        texts = self.env["customer.interaction"].search(self._get_texts_domain())
        texts.sudo().partner_id = partner
        if partner.text_number != self.number:
            if replace_number or not partner.mobile:
                partner.mobile = self.number
            elif not partner.phone:
                # So that his next text from it is known at once.
                partner.phone = self.number
        thread = self._get_thread(self.company_id, partner)
        self.sudo().unlink()
        self._touch(texts)
        thread._notify_screens()
        return thread.action_open()
