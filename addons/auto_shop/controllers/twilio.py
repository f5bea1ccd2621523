# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import logging
import re

from twilio.request_validator import RequestValidator

from odoo.http import Response, request, route

from odoo.addons.sms_twilio.controllers.controllers import (
    TWILIO_TO_SMS_STATE,
    TWILIO_TO_SMS_STATE_ERRORS,
    SmsTwilioController,
)

from ..tools.sms_api_twilio import OPTED_OUT_CODE, SmsApiTwilioShop

_logger = logging.getLogger(__name__)

EMPTY_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
# A webhook of Twilio is a few kilobytes.
MAX_LENGTH = 128 * 1024


class AutoShopTwilioController(SmsTwilioController):
    @route(
        "/auto_shop/twilio/inbound",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        readonly=False,
        save_session=False,
        max_content_length=MAX_LENGTH,
    )
    def receive_text(self, **params):
        """What a customer texts to one of the shop's numbers."""
        if not self._is_text(params):
            return self._refuse("it is not a form of plain text", 400)
        company_sudo = request.env["res.company"]._find_by_twilio_sudo(
            params.get("AccountSid"),
            params.get("To"),
            params.get("MessagingServiceSid"),
        )
        sid = params.get("MessageSid") or params.get("SmsSid")
        if not company_sudo or not sid or not params.get("From"):
            return self._refuse("no location has this account and number", 404)
        if not self._is_signed_for(company_sudo):
            return self._refuse("the signature is not Twilio's", 403)
        media = params.get("NumMedia", "")
        interaction = (
            request.env["sms.sms"]
            .sudo()
            ._receive_text(
                company_sudo,
                params.get("From"),
                params.get("To"),
                params.get("Body") or "",
                sid,
                media_urls=[
                    url
                    for index in range(int(media) if media.isdecimal() else 0)
                    if (url := params.get(f"MediaUrl{index}"))
                ],
                answered_by_provider=bool(params.get("OptOutType")),
            )
        )
        if not interaction:
            return self._refuse("this message has been taken in before", 403)
        return Response(EMPTY_ANSWER, content_type="text/xml; charset=utf-8")

    @route(readonly=False, save_session=False, max_content_length=MAX_LENGTH)
    def update_sms_status(
        self, uuid, SmsStatus=None, ErrorCode=None, ErrorMessage=None, **kwargs
    ):
        """A delivery report. Odoo's own finds the company through the queue row alone,
        so a report that comes after the row is gone is checked with a wrong token."""
        values = {"uuid": uuid, "status": SmsStatus, "code": ErrorCode, **kwargs}
        if not self._is_text({**values, "message": ErrorMessage}):
            return self._refuse("it is not a form of plain text", 400)
        status = SmsStatus or kwargs.get("MessageStatus")
        state = TWILIO_TO_SMS_STATE.get(status)
        sid = kwargs.get("MessageSid") or kwargs.get("SmsSid")
        if not re.fullmatch(r"[0-9a-f]{32}", uuid) or not state:
            return self._refuse("it is not a delivery report", 404)
        company_sudo = self._get_company_of_text_sudo(uuid, sid)
        if not company_sudo or not self._is_signed_for(company_sudo):
            return self._refuse("the signature is not Twilio's", 404)
        env = request.env(su=True)
        reason = None
        if status in TWILIO_TO_SMS_STATE_ERRORS:
            sms_api = SmsApiTwilioShop(env)
            reason = sms_api._get_delivery_error(ErrorCode, ErrorMessage)
        tracker = env["sms.tracker"].search([("sms_uuid", "=", uuid)])
        tracker = tracker.with_context(sms_skip_msg_notification=True)
        if status in TWILIO_TO_SMS_STATE_ERRORS:
            tracker._action_update_from_twilio_error(
                status, ErrorCode, ErrorMessage or reason
            )
        else:
            tracker._action_update_from_sms_state(state)
        message = tracker.mail_notification_id.mail_message_id
        message._notify_message_notification_update()
        known = env["sms.sms"]._receive_report(
            uuid, state, reason, sid, opted_out=ErrorCode == str(OPTED_OUT_CODE)
        )
        if not known and not tracker:
            return self._refuse("the text is not known", 404)
        return "OK"

    def _is_text(self, params):
        """Whether the database could take these values: no files, no NUL."""
        return all(
            value is None or (isinstance(value, str) and "\0" not in value)
            for value in params.values()
        )

    def _get_company_of_text_sudo(self, uuid, sid):
        texts_sudo = request.env["sms.sms"].sudo()
        text_sudo = texts_sudo.search([("uuid", "=", uuid)])
        if text_sudo:
            return text_sudo._get_sms_company()
        interaction_sudo = texts_sudo._find_interaction(uuid, sid)
        if interaction_sudo:
            return interaction_sudo.company_id
        tracker_sudo = (
            request.env["sms.tracker"].sudo().search([("sms_uuid", "=", uuid)])
        )
        return tracker_sudo.mail_notification_id.mail_message_id.record_company_id

    def _is_signed_for(self, company_sudo):
        """Whether Twilio signed this request with the company's token.

        Twilio signs the address that it was given. Behind a proxy the server sees
        another one, so the public address of the company counts first.
        """
        token = company_sudo.sms_twilio_auth_token
        signature = request.httprequest.headers.get("X-Twilio-Signature")
        if not token or not signature:
            return False
        httprequest = request.httprequest
        path = httprequest.path
        if query := httprequest.query_string.decode("latin-1"):
            path = f"{path}?{query}"
        public_url = company_sudo.get_base_url().rstrip("/") + path
        validator = RequestValidator(token)
        return any(
            validator.validate(url, httprequest.form, signature)
            for url in {public_url, httprequest.url}
        )

    def _refuse(self, reason, status):
        # Not a warning: anybody on the internet could fill the log with it.
        _logger.info(
            "Refused a request to %s from %s: %s",
            request.httprequest.path,
            request.httprequest.remote_addr,
            reason,
        )
        return Response(status=status)
