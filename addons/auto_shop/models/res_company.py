# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import re

import pytz

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import email_normalize, formataddr
from odoo.tools.image import image_data_uri
from odoo.tools.urls import urljoin

from odoo.addons.base.models.res_partner import _tz_get

from ..tools.phone import normalize_number
from ..tools.sms_api_sandbox import SmsApiSandbox
from ..tools.sms_api_twilio import SmsApiTwilioShop
from .customer_interaction_postcard import POSTCARD_SIZES


class ResCompany(models.Model):
    _inherit = "res.company"

    # === Messages to customers ===

    shop_tz = fields.Selection(
        _tz_get,
        string="Time Zone of the Location",
        help="Appointments are told in it, and days and quiet hours are counted in it "
        "for customers whose own time zone is not known. Empty: the time zone of the "
        "location's contact.",
    )
    automatic_message_limit = fields.Integer(
        string="Automatic Messages per Customer and Day",
        default=2,
        help="What is due beyond it waits for the next day. 0: no limit.",
        groups="base.group_user",
    )

    postcard_size = fields.Selection(
        POSTCARD_SIZES,
        string="Postcards",
        required=True,
        default="4x6",
        help="The size of the cards that customers get. A print run that is open keeps "
        "its size.",
        groups="base.group_user",
    )

    # === Texting ===

    sms_provider = fields.Selection(
        selection_add=[("sandbox", "Sandbox: texts stay in this database")],
        ondelete={"sandbox": lambda companies: companies._leave_sandbox()},
        default="sandbox",
    )
    twilio_messaging_service_sid = fields.Char(
        "Messaging Service SID",
        groups="base.group_system",
        help="Texts are sent through this Messaging Service instead of one number.",
    )
    text_keyword_answers = fields.Boolean(
        "Answer Words by Text",
        default=True,
        help="HELP, C (confirm) and R (call me) are answered by a text. What they do"
        " happens in any case. Turn it off when the provider answers them.",
        groups="base.group_user",
    )
    twilio_inbound_url = fields.Char(
        "Address for Incoming Texts",
        compute="_compute_twilio_inbound_url",
        groups="base.group_user",
    )

    twilio_account_set = fields.Boolean(
        "Twilio Account Entered",
        compute="_compute_twilio_account_set",
        compute_sudo=True,
        help="Tells whether the account is known, without showing it.",
        groups="base.group_user",
    )

    _automatic_message_limit_check = models.Constraint(
        "CHECK (automatic_message_limit >= 0)",
        "The number of automatic messages a day cannot be negative; 0 means no limit.",
    )

    @api.depends_context("uid")
    def _compute_twilio_inbound_url(self):
        for company in self:
            company.twilio_inbound_url = urljoin(
                company.get_base_url(), "/auto_shop/twilio/inbound"
            )

    @api.depends("sms_twilio_account_sid", "sms_twilio_auth_token")
    def _compute_twilio_account_set(self):
        for company in self:
            company.twilio_account_set = bool(
                company.sms_twilio_account_sid and company.sms_twilio_auth_token
            )

    @api.constrains("twilio_messaging_service_sid")
    def _check_twilio_messaging_service_sid(self):
        for company in self.sudo():
            sid = company.twilio_messaging_service_sid
            if sid and not re.fullmatch(r"MG[0-9a-fA-F]{32}", sid):
                raise ValidationError(
                    self.env._(
                        "A Messaging Service SID is MG followed by 32 digits and"
                        " letters from a to f. Copy it from the Twilio console,"
                        " Messaging > Services."
                    )
                )

    def write(self, vals):
        user = self.env.user
        if self.env.su or not user.has_group("auto_shop.group_manager"):
            return super().write(vals)
        refused = sorted(vals.keys() - self._get_shop_manager_fields())
        if not refused and self <= user.company_ids:
            # The one boundary. A row of access rights would open more doors than this
            # one: attachments and translations of a company look at nothing else.
            for name in vals:
                self._check_field_access(self._fields[name], "write")
            return super(ResCompany, self.sudo()).write(vals)
        if self.has_access("write"):
            return super().write(vals)
        if not refused:
            raise AccessError(
                self.env._(
                    "You can change the settings of the locations that you work for. "
                    "Ask an administrator to change those of another one."
                )
            )
        labels = self.fields_get(refused, ["string"])
        raise AccessError(
            self.env._(
                "Only an administrator can change this of a location: %s.",
                ", ".join(labels.get(name, {}).get("string", name) for name in refused),
            )
        )

    @api.model
    def action_open_shop_settings(self):
        """Open the settings of the current location, or choose among several."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "auto_shop.res_company_action"
        )
        if len(self.env.companies) == 1:
            form = self.env.ref("auto_shop.res_company_view_form")
            action.update(res_id=self.env.company.id, views=[(form.id, "form")])
        return action

    @api.model
    def _get_shop_manager_fields(self):
        """Return the names of the fields that a shop manager may write.

        For addons to extend. A field of groups to which he does not belong stays
        closed to him, listed or not.
        """
        return {
            "automatic_message_limit",
            "postcard_size",
            "shop_tz",
            "text_keyword_answers",
        }

    def _get_shop_tz(self):
        """Return the name of the location's time zone."""
        self.ensure_one()
        # A zone of an older database may be gone by now.
        zones = (self.shop_tz, self.partner_id.tz, self.env.user.tz)
        return next((zone for zone in zones if zone in pytz.all_timezones_set), "UTC")

    def _get_postcard_provider(self):
        """Return who prints the postcards of the location; a hook for addons.

        :return: a value of ``customer.interaction.post_provider``
        """
        self.ensure_one()
        return "print_run"

    def _get_address_line(self):
        """Return the postal address in one line, as a text message says it."""
        self.ensure_one()
        place = " ".join(filter(None, (self.state_id.code, self.zip)))
        return ", ".join(filter(None, (self.street, self.street2, self.city, place)))

    def _get_phone_label(self):
        """Return the telephone number as people write it, for customers to read."""
        self.ensure_one()
        label = self.partner_id._phone_format(
            number=self.phone,
            country=self.country_id,
            force_format="INTERNATIONAL",
        )
        return label or self.phone

    def _get_letterhead(self):
        """Return how the location presents itself to customers; addons change it.

        :return: ``name``, ``address`` (one line), ``phone`` as it is dialled,
            ``phone_label``, ``email``, ``website``; ``logo``, a data URL, and
            ``logo_url``. What there is not is empty.
        """
        self.ensure_one()
        has_logo = self.logo_web and not self.uses_default_logo
        return {
            "name": self.name,
            "address": self._get_address_line(),
            "phone": normalize_number(self.phone, self.country_id.code),
            "phone_label": self._get_phone_label(),
            "email": self.email,
            "website": self.website,
            "logo": has_logo and image_data_uri(self.logo_web),
            "logo_url": has_logo
            and urljoin(self.get_base_url(), f"/logo.png?company={self.id}"),
        }

    def _get_email_sender(self):
        """Return the sender of e-mails of the location, and where answers go.

        The address is the location's own, for which its mail server may send.
        """
        self.ensure_one()
        shop = self._get_letterhead()
        own, answers = (
            email_normalize(email, strict=False)
            for email in (self.email, shop["email"])
        )
        if not own and not answers:
            return self.env.user.email_formatted, False
        return tuple(
            formataddr((shop["name"], email))
            for email in (own or answers, answers or own)
        )

    def _get_text_line_sudo(self):
        """Return the locations that text through the same line, with this one.

        What a customer writes to one of them is written to all. Through its numbers a
        location has a line of its own: a text to a shared one could not be delivered.
        """
        self.ensure_one()
        company = self.sudo()
        service = company.twilio_messaging_service_sid
        if company.sms_provider != "twilio" or not service:
            return company
        return company | company.search(
            [
                ("sms_provider", "=", "twilio"),
                ("sms_twilio_account_sid", "=", company.sms_twilio_account_sid),
                ("twilio_messaging_service_sid", "=", service),
            ]
        )

    def _are_all_locations(self):
        """Whether no location of this database is missing."""
        return not self.sudo().search([("id", "not in", self.ids)], limit=1)

    def _action_open_sms_twilio_account_manage(self):
        action = super()._action_open_sms_twilio_account_manage()
        return {**action, "name": self.env._("Twilio Account and Numbers")}

    def _leave_sandbox(self):
        self.sms_provider = "iap"

    def _get_sms_api_class(self):
        self.ensure_one()
        if self.sms_provider == "sandbox":
            return SmsApiSandbox
        if self.sms_provider == "twilio":
            return SmsApiTwilioShop
        return super()._get_sms_api_class()

    @api.model
    def _find_by_twilio_sudo(self, account_sid, to_number, service_sid=None):
        """The company that a text to one of its numbers is meant for, or none.

        Runs before the request is known to be Twilio's, so as system and read-only;
        the caller checks the signature with the token of the company found.
        """
        if not account_sid:
            return self.sudo().browse()
        companies = self.sudo().search(
            [
                ("sms_provider", "=", "twilio"),
                ("sms_twilio_account_sid", "=", account_sid),
            ]
        )
        digits = _digits(to_number)
        for match in (
            lambda company: (
                digits
                and digits
                in map(_digits, company.sms_twilio_number_ids.mapped("number"))
            ),
            lambda company: (
                service_sid and company.twilio_messaging_service_sid == service_sid
            ),
        ):
            found = companies.filtered(match)
            if len(found) == 1:
                return found
        # The account's only company, whose numbers were not loaded yet.
        return companies if len(companies) == 1 else companies.browse()


def _digits(number):
    return re.sub(r"\D", "", number or "")
