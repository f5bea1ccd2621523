# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import timedelta

from odoo import fields, models
from odoo.tools import format_date

from .customer_contact_rule import KINDS

PURPOSE_PREFIX = "contact_"


class CustomerInteraction(models.Model):
    _inherit = "customer.interaction"

    occasion_date = fields.Date(
        string="About",
        readonly=True,
        help="The day of the appointment, or of the visit or invoice that a reminder "
        "counts from.",
    )

    due_date = fields.Date(
        string="Fell Due On",
        readonly=True,
        help="The day of a reminder by the numbers of the CRM Setup, before anything "
        "made it late.",
    )

    def _get_contact_kind(self):
        """Return the kind of reminder that this is; ``None`` for anything else."""
        code = self.purpose_id.code or ""
        kind = code.removeprefix(PURPOSE_PREFIX)
        return kind if code != kind and kind in dict(KINDS) else None

    def _get_reminders(self):
        return self.filtered(lambda row: row.dedupe_key and row._get_contact_kind())

    def _get_reach_now(self):
        """Return who gets these reminders by which channel as things are now.

        The query that found them is asked once more. What waited for hours or for
        the daily limit is not late; what waited for a machine that was down is.

        :return: ``{row: (partner_id, channel)}`` of those that still hold
        """
        reach = {}
        due = self.env["customer.contact.due"].sudo()
        for company, of_company in self.grouped("company_id").items():
            setup = self.env["customer.contact.setup"]._get(company)
            today = setup._get_today()
            oldest = today - timedelta(days=setup.grace_days)
            in_time = of_company.filtered(
                lambda row, setup=setup, oldest=oldest: (
                    row._is_card_handed_over()
                    or setup._get_local_day(row.planned_at) >= oldest
                )
            )
            for kind, rows in in_time.grouped(
                lambda row: row._get_contact_kind()
            ).items():
                first = min(row.due_date or oldest for row in rows)
                query = due._get_due_query(setup, kind, first, today, rows)
                if query is None:
                    continue
                found = due._get_reached(query)
                reach |= {
                    row: found[row.dedupe_key]
                    for row in rows
                    if row.dedupe_key in found
                }
                # A card that waits for its printer goes, whatever address turned up.
                if cards := rows.filtered(lambda row: row._is_card_handed_over()):
                    keys = due._get_keys(query)
                    reach |= {
                        row: (row.partner_id.id, row.channel)
                        for row in cards
                        if row.dedupe_key in keys
                    }
        return reach

    def _still_due(self):
        """A reminder falls when the query that found it would not find it now."""
        holding = super()._still_due()
        reminders = holding._get_reminders()
        reach = reminders._get_reach_now()
        stale = reminders.filtered(
            lambda row: reach.get(row) != (row.partner_id.id, row.channel)
        )
        return holding - stale

    def _is_card_handed_over(self):
        """Whether a postcard waits for its printer: runs may be printed weekly."""
        return self.channel == "post" and self.state == "queued"

    def _drop_superseded(self):
        """What is not worded yet goes to whoever is to get it now.

        The driver may have changed since the night, or an address come back.
        """
        waiting = self.filtered(lambda row: row.state == "planned" and not row.body)
        for row, (partner_id, channel) in (
            waiting._get_reminders()._get_reach_now().items()
        ):
            if (row.partner_id.id, row.channel) != (partner_id, channel):
                row.sudo().write({"partner_id": partner_id, "channel": channel})
        return super()._drop_superseded()

    def _get_quiet_until(self):
        """What was put off to another day goes out at the hour of the location."""
        moments = super()._get_quiet_until()
        now = fields.Datetime.now()
        for company, rows in self._get_reminders().grouped("company_id").items():
            setup = self.env["customer.contact.setup"]._get(company)
            opens = setup._get_send_moment(setup._get_today())
            if opens <= now:
                continue
            for row in rows:
                allowed = moments.get(row, opens)
                moments[row] = allowed and max(allowed, opens)
        return moments

    # === MERGE FIELDS ===

    def _merge_fields(self):
        return {
            **super()._merge_fields(),
            "mailing_name": self.env._("Name for a letter"),
            "business_name": self.env._("CRM Setup: name of the business"),
            "business_owner": self.env._("CRM Setup: name of the contact person"),
            "business_phone": self.env._("CRM Setup: phone"),
            "business_email": self.env._("CRM Setup: e-mail"),
            "feedback_link": self.env._("CRM Setup: link for feedback"),
            "deferred_items": self.env._("Deferred work, a list"),
            "last_service_date": self.env._("Day of the last service"),
        }

    def _get_contact_setup(self):
        return self.env["customer.contact.setup"]._get(self.company_id)

    def _merge_mailing_name(self):
        return self.partner_id.name

    def _merge_business_name(self):
        return self._get_contact_setup().business_name or self._merge_shop_name()

    def _merge_business_owner(self):
        return self._get_contact_setup().owner_name

    def _merge_business_phone(self):
        setup = self._get_contact_setup()
        return setup._get_phone_label() if setup else self._merge_shop_phone()

    def _merge_business_email(self):
        return self._get_contact_setup().email or self._merge_shop_email()

    def _merge_deferred_items(self):
        since = self.vehicle_id.owner_since
        work = self.vehicle_id.deferred_work_ids.filtered(
            lambda work: (
                work.state == "open"
                and work.company_id == self.company_id
                and (not since or work.date >= since)
            )
        )
        return work.mapped("description")

    def _merge_last_service_date(self):
        date = self.vehicle_id.last_invoice_date or self.vehicle_id.last_visit_date
        return date and format_date(
            self.env, date, lang_code=self._get_lang(), date_format="long"
        )
