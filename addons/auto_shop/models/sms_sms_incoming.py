# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, models
from odoo.tools import SQL

from ..tools.text_keywords import keyword_of
from .sms_sms import INTERACTION_STATES, STATE_RANK


class SmsSms(models.Model):
    """What comes back: delivery reports, and what customers write."""

    _inherit = "sms.sms"

    # === REPORTS ===

    @api.model
    def _receive_report(
        self, uuid, state, reason=None, provider_ref=None, opted_out=False
    ):
        """Take a delivery report.

        A late report never overwrites a newer state. One for a text whose outcome is
        not known settles it; one for a text that waits for another try ends the wait.

        :param str uuid: our name of the text; its row may be gone
        :param str state: of the text, see `STATE_RANK`
        :param str provider_ref: the provider's name of it
        :param bool opted_out: it was refused because the customer texted STOP
        :return: whether the text is known
        """
        row = self.search([("uuid", "=", uuid)])
        interaction = row.interaction_id or self._find_interaction(uuid, provider_ref)
        if row:
            if provider_ref and not row.provider_ref:
                row.provider_ref = provider_ref
            may_have_got_through = (
                row.failure_type in ("sms_outcome_unknown", "sms_server")
                and state == "pending"
            )
            if STATE_RANK[state] > STATE_RANK[row.state] or may_have_got_through:
                row.write(
                    {
                        "state": state,
                        "failure_type": "unknown" if state == "error" else False,
                        "claimed_at": False,
                        "next_try_at": False,
                        "to_delete": state == "sent",
                    }
                )
        if opted_out and (number := row.number or interaction.number):
            company = interaction.company_id or row._get_sms_company()
            self.env["res.partner"].with_company(company)._text_stop(
                number, source="provider", note=reason
            )
        if (
            interaction
            and STATE_RANK[state] >= STATE_RANK["pending"]
            and not (state == "error" and self._has_newer_try(interaction, row))
        ):
            if provider_ref and not interaction.provider_ref:
                interaction.sudo().provider_ref = provider_ref
            interaction._set_state(
                INTERACTION_STATES[state],
                reason,
                "provider" if state == "error" else None,
            )
        return bool(row or interaction)

    @api.model
    def _has_newer_try(self, interaction, row):
        """Whether a person had it sent again: the first try's failure is old news."""
        return bool(
            self.search_count(
                [
                    ("interaction_id", "=", interaction.id),
                    ("id", "not in", row.ids),
                    ("state", "in", ("outgoing", "process", "pending", "sent")),
                ],
                limit=1,
            )
        )

    @api.model
    def _find_interaction(self, uuid, provider_ref):
        """The history row of a text whose queue row is gone."""
        refs = [ref for ref in (provider_ref, uuid) if ref]
        return (
            self.env["customer.interaction"]
            .sudo()
            .search([("provider_ref", "in", refs), ("direction", "=", "out")], limit=1)
        )

    # === WHAT CUSTOMERS WRITE ===

    @api.model
    def _receive_text(
        self,
        company,
        from_number,
        to_number,
        body,
        provider_ref,
        media_urls=(),
        answered_by_provider=False,
    ):
        """Take in what a customer texts: the one way for every provider.

        Logs it on the customer's history (without a customer when the number is
        nobody's), obeys the words that mean something, and tells the person who wrote
        to the customer last.

        :param str provider_ref: the provider's name of it; taken once
        :param answered_by_provider: the provider has answered the word itself
        :return: the new interaction, or none when it was taken before
        """
        self = self.sudo().with_company(company)
        interactions = self.env["customer.interaction"]
        number = (
            self._phone_format(number=from_number, country=company.country_id)
            or from_number
        )
        if not self._take_once(company, provider_ref):
            return interactions
        partner = self.env["res.partner"]._find_by_text_number(number, company)[:1]
        writer = self._get_last_writer(company, partner, number)
        interaction = interactions._log(
            [
                {
                    "company_id": company.id,
                    "partner_id": partner.id,
                    "channel": "sms",
                    "direction": "in",
                    "body": "\n".join(filter(None, (body, *media_urls))),
                    "number": number,
                    "provider_ref": provider_ref,
                    "is_unread": True,
                }
            ]
        )
        self.env["customer.text.thread"]._touch(interaction)
        stopped = bool(partner._get_blocked_numbers_sudo([number]))
        if keyword := keyword_of(body, stopped):
            obey = getattr(self, f"_obey_{keyword}")
            obey(interaction, writer, answered_by_provider)
        self._announce(interaction, writer)
        return interaction

    @api.model
    def _take_once(self, company, provider_ref):
        """Whether this message is new. Two deliveries at the same moment: the lock
        lets one through; the unique index of the history backs it."""
        (free,) = self.env.execute_query(
            SQL("SELECT pg_try_advisory_xact_lock(hashtext(%s))", provider_ref)
        )[0]
        return free and not self.env["customer.interaction"].search_count(
            [("company_id", "=", company.id), ("provider_ref", "=", provider_ref)],
            limit=1,
        )

    def _obey_stop(self, interaction, writer, answered):
        """The carrier confirms; a text of ours would come after the STOP."""
        self.env["res.partner"]._text_stop(
            interaction.number, source="text", note=interaction.body
        )

    def _obey_start(self, interaction, writer, answered):
        self.env["res.partner"]._text_start(
            interaction.number, source="text", note=interaction.body
        )
        self._answer(interaction, "text_start", answered)

    def _obey_help(self, interaction, writer, answered):
        self._answer(interaction, "text_help", answered)

    def _obey_confirm(self, interaction, writer, answered):
        """Nothing to confirm: an ordinary reply, which a person reads."""
        partner = interaction.partner_id
        if not partner:
            return
        event = self.env["calendar.event"]._confirm_by_customer(partner)
        if event:
            interaction.event_id = event
            self._answer(interaction, "text_confirmed", answered, event)

    def _obey_call(self, interaction, writer, answered):
        partner = interaction.partner_id
        user = writer or self._get_manager(interaction.company_id)
        if not partner or not user:
            return
        lang = user.lang or self.env.lang
        translate = self.with_context(lang=lang).env._
        partner.activity_schedule(
            "mail.mail_activity_data_call",
            user_id=user.id,
            summary=translate("Call back: the customer asked by text"),
            note=translate("The customer texted: %s", interaction.body),
        )
        self._answer(interaction, "text_call_back", answered)

    def _answer(self, interaction, code, answered_by_provider, event=None):
        """Plan the answer to a word, where the location answers and has wording."""
        company = interaction.company_id
        if answered_by_provider or not company.text_keyword_answers:
            return
        purpose = self.env["customer.interaction.purpose"]._get(code, company)
        if purpose:
            self.env["customer.interaction"]._plan(
                [
                    {
                        "company_id": company.id,
                        "partner_id": interaction.partner_id.id,
                        "number": interaction.number,
                        "purpose_id": purpose.id,
                        "channel": "sms",
                        "event_id": event.id if event else False,
                        "dedupe_key": f"answer:{interaction.id}",
                    }
                ]
            )

    def _announce(self, interaction, writer):
        """Tell the person who wrote last, and let open conversations refresh."""
        company = interaction.company_id
        if writer:
            translate = self.with_context(lang=writer.lang or self.env.lang).env._
            partner = interaction.partner_id
            name = partner.display_name or interaction.number
            thread = partner or self.env["mail.thread"]
            thread.message_notify(
                partner_ids=writer.partner_id.ids,
                author_id=partner.id or self.env.ref("base.partner_root").id,
                subject=translate("Text from %s", name),
                body=interaction.body or "",
            )
        # No content: what was written, a client asks for.
        self.env["customer.text.thread"]._notify_staff_sudo(
            company,
            {
                "company_id": company.id,
                "partner_id": interaction.partner_id.id,
                "number": interaction.number,
                "interaction_id": interaction.id,
            },
        )

    def _get_last_writer(self, company, partner, number):
        """The member of staff who texted this customer last."""
        who = (
            [("partner_id", "=", partner.id)] if partner else [("number", "=", number)]
        )
        last = self.env["customer.interaction"].search(
            [
                *who,
                ("company_id", "=", company.id),
                ("direction", "=", "out"),
                ("channel", "=", "sms"),
                ("user_id.active", "=", True),
                ("user_id.share", "=", False),
                ("user_id.company_ids", "in", company.ids),
            ],
            order="planned_at desc, id desc",
            limit=1,
        )
        return last.user_id

    def _get_manager(self, company):
        managers = self.env.ref("auto_shop.group_manager").all_user_ids.filtered(
            lambda user: user.active and company in user.company_ids
        )
        # Odoo's own administrator only where nobody else manages.
        admins = managers & self.env.ref("base.user_admin")
        return (managers - admins)[:1] or admins
