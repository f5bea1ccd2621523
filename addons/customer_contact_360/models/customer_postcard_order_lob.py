# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import io
from datetime import timedelta

from odoo import fields, models

from odoo.addons.auto_shop.tools.postcard import SIZES, PostcardPdf

from ..tools.lob_api import READ_TIMEOUT, LobApi

# Lob forgets a key after 24 hours.
KEY_LEASE = timedelta(hours=23)
MOST_NAME = 40
# Of both lines together, and of each.
MOST_STREET = 50
# Lob takes these for states of the United States, as their post does.
US_TERRITORIES = ("AS", "FM", "GU", "MH", "MP", "PR", "PW", "VI")


class CustomerPostcardOrder(models.Model):
    """Cards that Lob prints and mails (https://docs.lob.com/#tag/Postcards)."""

    _inherit = "customer.postcard.order"

    provider = fields.Selection(
        selection_add=[("lob", "Lob")], ondelete={"lob": "cascade"}
    )

    def _lob_open(self, setup, is_test):
        get_param = self.env["ir.config_parameter"].sudo().get_param
        setup_sudo = setup.sudo()
        return LobApi(
            (setup_sudo.lob_test_key if is_test else setup_sudo.lob_live_key) or "",
            get_param("customer_contact_360.lob_api_base_url"),
            float(get_param("customer_contact_360.lob_timeout") or READ_TIMEOUT),
            self._get_threads(),
        )

    def _lob_is_test(self, setup):
        return setup.lob_mode != "live"

    def _lob_get_key_lease(self):
        return KEY_LEASE

    def _lob_send(self, line, item):
        return line.send(item)

    def _lob_find(self, line, item):
        return line.find(item)

    def _lob_check(self, line, item):
        return line.check(item)

    def _lob_cancel(self, line, item):
        return line.cancel(item)

    def _lob_prepare(self):
        """Return both sides and the fields of the request, or a result without one."""
        self.ensure_one()
        row = self.interaction_id
        setup = self.env["customer.contact.setup"]._get(self.company_id)
        problem, address = self._lob_prepare_address(row.partner_id)
        if problem:
            return {"state": "bad_address", "detail": problem}
        # Lob sends no larger cards abroad.
        size = row.post_size if address["address_country"] == "US" else "4x6"
        row.post_size = self.size = size
        ((_row, (front, back, problems)),) = row._lay_out_postcards(has_address=False)
        if problems:
            row._forget_wording()
            return {
                "state": "refused",
                "code": "not_printable",
                "detail": row._get_misfit_sentence(problems),
            }
        fields_ = {
            "to": address,
            "size": size,
            "use_type": (
                "marketing" if row.purpose_id.category == "marketing" else "operational"
            ),
            # By this it is found again when no answer came.
            "metadata": {"key": self.key},
        }
        if address["address_country"] == "US":
            first_class = size == "4x6"
            fields_["mail_type"] = (
                "usps_first_class" if first_class else setup.lob_mail_type
            )
        else:
            problem, sender = self._lob_prepare_address(self.company_id.partner_id)
            if problem or sender["address_country"] != "US":
                return {
                    "state": "refused",
                    "detail": self.env._(
                        "a card abroad needs the address of the shop in the United "
                        "States"
                    ),
                }
            fields_["from"] = sender
        return {
            "fields": fields_,
            "front": self._lob_draw(size, front, "front"),
            "back": self._lob_draw(size, back, "back"),
        }

    @staticmethod
    def _lob_draw(size, side, name):
        file = io.BytesIO()
        pdf = PostcardPdf(file, SIZES[size], sides=(name,))
        pdf.add(side, side)
        pdf.close()
        return file.getvalue()

    def _lob_prepare_address(self, partner):
        """Return ``(problem, address)``: an address within Lob's limits, or why not.

        Nothing is cut: a name that is too long for one line goes on in the next.
        """
        country = partner.country_id or self.company_id.country_id
        code, state = country.code, partner.state_id.code
        if code in US_TERRITORIES:
            code, state = "US", country.code
        name, company = self._lob_split_name(partner)
        if company is None:
            return self.env._("The name is too long (%s signs).", 2 * MOST_NAME), None
        lines = (partner.street or "", partner.street2 or "")
        if code == "US" and len("".join(lines)) > MOST_STREET:
            return (
                self.env._(
                    "Both lines of the street have more than %s signs together.",
                    MOST_STREET,
                ),
                None,
            )
        return None, {
            "name": name,
            "company": company,
            "address_line1": lines[0],
            "address_line2": lines[1],
            "address_city": partner.city or "",
            "address_state": state or "",
            "address_zip": (partner.zip or "").strip(),
            "address_country": code or "US",
        }

    @staticmethod
    def _lob_split_name(partner):
        name = " ".join((partner.name or "").split())
        if len(name) <= MOST_NAME:
            return name, ""
        first, rest = "", name.split(" ")
        while rest and len(f"{first} {rest[0]}".strip()) <= MOST_NAME:
            first = f"{first} {rest.pop(0)}".strip()
        second = " ".join(rest)
        if not first or len(second) > MOST_NAME:
            return name, None
        return first, second
