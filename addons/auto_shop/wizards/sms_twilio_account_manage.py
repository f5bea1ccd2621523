# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import models
from odoo.exceptions import UserError

from odoo.addons.phone_validation.tools import phone_validation

from ..models.sms_sms import TextByHand
from ..tools.sms_api_twilio import SmsApiTwilioShop


class SmsTwilioAccountManage(models.TransientModel):
    _inherit = "sms.twilio.account.manage"

    def action_reload_numbers(self):
        """Fetch the numbers of the account, from the address that texts go to.

        A refusal is a notification and no error: what was typed here stays.
        """
        self.ensure_one()
        sms_api = SmsApiTwilioShop(self.env)
        sms_api._set_company(self.company_id)
        try:
            numbers = sms_api._fetch_numbers()
        except UserError as error:
            return self._display_notification("danger", str(error))
        if not numbers:
            return self._display_notification(
                "warning",
                self.env._(
                    "This Twilio account has no phone number. Get one in the Twilio"
                    " console, then load the numbers again."
                ),
            )
        company = self.company_id
        gone = company.sms_twilio_number_ids.filtered(lambda n: n.number not in numbers)
        gone.unlink()
        known = set(company.sms_twilio_number_ids.mapped("number"))
        countries = {
            country.code: country.id for country in self.env["res.country"].search([])
        }
        code_of = phone_validation.phone_get_country_code_for_number
        self.env["sms.twilio.number"].create(
            [
                {
                    "company_id": company.id,
                    "number": number,
                    "country_id": countries.get(code_of(number))
                    or company.country_id.id,
                }
                for number in numbers
                if number not in known
            ]
        )
        action = company._action_open_sms_twilio_account_manage()
        return {**action, "res_id": self.id}

    def action_send_test(self):
        """Put a test text in the queue; Odoo's own says that it has been sent.

        What keeps every text from going out is said at once.
        """
        if not self.test_number:
            return self._display_notification(
                "warning", self.env._("Enter the number that gets the test text.")
            )
        number = self._phone_format(
            number=self.test_number, country=self.company_id.country_id
        )
        if not number:
            return self._display_notification(
                "warning",
                self.env._(
                    "%s is not a valid phone number: write it with its area code.",
                    self.test_number,
                ),
            )
        sms_api = SmsApiTwilioShop(self.env)
        sms_api._set_company(self.company_id)
        try:
            sms_api._assert_can_text(number)
        except UserError as error:
            return self._display_notification("danger", str(error))
        texts = self.env["sms.sms"].with_context(text_by_hand=TextByHand())
        text = texts.create(
            {
                "number": number,
                "body": self.env._("This is a test text of %s", self.company_id.name),
                "record_company_id": self.company_id.id,
            }
        )
        notification = self._display_notification(
            "success", self.env._("The test text is on its way: %s", "%s")
        )
        notification["params"].update(
            links=[
                {
                    "label": self.env._("see what became of it"),
                    "url": f"/odoo/action-sms.sms_sms_action/{text.id}",
                }
            ],
            sticky=True,
        )
        return notification
