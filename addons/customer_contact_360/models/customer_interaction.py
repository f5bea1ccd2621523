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

    def _get_contact_kind(self):
        """Return the kind of reminder that this is; ``None`` for anything else."""
        code = self.purpose_id.code or ""
        kind = code.removeprefix(PURPOSE_PREFIX)
        return kind if code != kind and kind in dict(KINDS) else None

    def _still_due(self):
        """A reminder falls when the query that found it would not find it now."""
        holding = super()._still_due()
        reminders = holding.filtered(
            lambda row: row.dedupe_key and row._get_contact_kind()
        )
        stale = reminders.browse()
        due = self.env["customer.contact.due"].sudo()
        for company, of_company in reminders.grouped("company_id").items():
            setup = self.env["customer.contact.setup"]._get(company)
            today = setup._get_today()
            first = today - timedelta(days=setup.grace_days)
            for kind, rows in of_company.grouped(
                lambda row: row._get_contact_kind()
            ).items():
                query = due._get_due_query(setup, kind, first, today, rows)
                found = due._get_reached(query) if query is not None else set()
                stale += rows.filtered(
                    lambda row, found=found: (
                        (row.dedupe_key, row.partner_id.id, row.channel) not in found
                    )
                )
        return holding - stale

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
        phone = self._get_contact_setup().phone
        if not phone:
            return self._merge_shop_phone()
        company = self.company_id
        return (
            company.partner_id._phone_format(
                number=phone, country=company.country_id, force_format="INTERNATIONAL"
            )
            or phone
        )

    def _merge_business_email(self):
        return self._get_contact_setup().email or self._merge_shop_email()

    def _merge_feedback_link(self):
        return self._get_contact_setup().feedback_url

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
        return date and format_date(self.env, date, lang_code=self._get_lang())
