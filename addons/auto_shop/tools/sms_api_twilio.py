# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Texts through Twilio's SDK, many side by side, no records in the threads.

https://www.twilio.com/docs/messaging/api/message-resource
"""

import logging
import time
from datetime import timedelta
from urllib.parse import urlsplit

from twilio.base.exceptions import TwilioException
from twilio.base.values import unset
from twilio.rest import Client

from odoo.exceptions import UserError

from odoo.addons.sms_twilio.tools.sms_api import SmsApiTwilio
from odoo.addons.sms_twilio.tools.sms_twilio import (
    get_twilio_from_number,
    get_twilio_status_callback_url,
)

from .http_line import side_by_side
from .twilio_http import TwilioLine, TwilioRefusal, TwilioSilent, TwilioUnreachable

_logger = logging.getLogger(__name__)

DEFAULT_BASE_URL = "https://api.twilio.com"
# Seconds, generous: a time-out after sending costs a look-up and perhaps a person's
# attention.
READ_TIMEOUT = 15.0
# A group is never longer on its way than this: what is not begun by then goes back to
# the queue, far within the lease of its claim.
GROUP_SECONDS = 120
PAGE_SIZE = 100
MAX_PAGES = 5
# Between our clock and Twilio's.
CLOCK_SKEW = timedelta(minutes=2)
# A message created later than this after the claim is another one.
MATCH_WINDOW = timedelta(minutes=10)
# What the SDK raises when an answer makes no sense to it.
NONSENSE = (ValueError, TypeError, AttributeError, OverflowError)

# https://www.twilio.com/docs/api/errors
OPTED_OUT_CODE = 21610
# 20429 too many requests; 21611 this sender's queue is full; 14107 rate of the sender
TEMPORARY_CODES = frozenset({14107, 20429, 21611})
ERROR_STATES = {
    20003: "twilio_authentication",
    20404: "twilio_authentication",
    20008: "twilio_authentication",
    21211: "wrong_number_format",
    21265: "wrong_number_format",
    21266: "twilio_from_to",
    21408: "country_not_supported",
    21602: "empty_body",
    21603: "twilio_from_missing",
    21604: "sms_number_missing",
    21606: "twilio_from_missing",
    21608: "twilio_acc_unverified",
    21609: "twilio_callback",
    21612: "wrong_number_format",
    21614: "wrong_number_format",
    21701: "twilio_from_missing",
    21703: "twilio_from_missing",
}
NO_FAILURE = frozenset({"sent", "delivered", "retry", "unknown_outcome", "absent"})
# What became of a message that Twilio knows, as a state of `sms.sms`.
TWILIO_STATUS_TO_STATE = {
    "accepted": "pending",
    "scheduled": "pending",
    "queued": "pending",
    "sending": "pending",
    "sent": "pending",
    "delivered": "sent",
    "read": "sent",
    "failed": "error",
    "undelivered": "error",
    "canceled": "error",
}


class SmsApiTwilioShop(SmsApiTwilio):
    """Sends a group side by side and says of each text what is known.

    Beside Odoo's states a result may carry:

    - `retry`: refused for now and certainly not taken, or (`look_up_first`) perhaps
      taken: ask `_find_sent` before sending again. `retry_after` in seconds.
    - `unknown_outcome`: the request went out and no usable answer came back.
    - `opted_out`: Twilio refuses the number because its owner texted STOP.
    """

    PROVIDER_TO_SMS_FAILURE_TYPE = SmsApiTwilio.PROVIDER_TO_SMS_FAILURE_TYPE | {
        "country_not_supported": "sms_country_not_supported",
        "opted_out": "sms_optout",
        "twilio_authentication": "twilio_authentication",
        "empty_body": "unknown",
    }

    def __init__(self, env, account=None):
        super().__init__(env, account=account)
        self._client = None
        self._config = None

    def _set_company(self, company):
        self._config = None
        self._close()
        return super()._set_company(company)

    def _close(self):
        """Close the connections that wait for another request."""
        if self._client is not None:
            self._client.http_client.close()
            self._client = None

    # ------------------------------------------------------------------
    # What the threads need, read once and as plain values
    # ------------------------------------------------------------------

    def _get_config(self):
        """Senders and limits of the company, read with the rights of the system: every
        shop user may send."""
        if self._config is None:
            company_sudo = self.company.sudo()
            get_param = company_sudo.env["ir.config_parameter"].get_param
            self._config = {
                "company": company_sudo,
                "senders": company_sudo.sms_twilio_number_ids,
                "callback_url": get_twilio_status_callback_url(company_sudo, ""),
                "service_sid": company_sudo.twilio_messaging_service_sid,
                "threads": max(1, int(get_param("auto_shop.sms_threads") or 10)),
            }
        return self._config

    def _get_client(self):
        """The SDK with the company's account and our line, which threads may share.

        :raises UserError: when the account or the address cannot be right
        """
        if self._client is None:
            # No shop user may read the token, every shop user may send.
            company_sudo = self.company.sudo()
            if not company_sudo.twilio_account_set:
                raise UserError(
                    self.env._(
                        "The shop's Twilio account is not set up. An administrator"
                        " must enter Account SID and Auth Token (Configuration >"
                        " Texting Account)."
                    )
                )
            company_sudo._assert_twilio_sid()
            get_param = company_sudo.env["ir.config_parameter"].get_param
            base_url = get_param("auto_shop.twilio_api_base_url") or DEFAULT_BASE_URL
            address = urlsplit(base_url)
            if address.scheme not in ("http", "https") or not address.netloc:
                raise UserError(
                    self.env._(
                        "Texts cannot be sent. An administrator must correct the"
                        " address of Twilio, which begins with https:// (system"
                        " parameter auto_shop.twilio_api_base_url)."
                    )
                )
            self._client = Client(
                company_sudo.sms_twilio_account_sid,
                company_sudo.sms_twilio_auth_token,
                http_client=TwilioLine(
                    base_url,
                    self._get_config()["threads"],
                    float(get_param("auto_shop.sms_timeout") or READ_TIMEOUT),
                ),
                # Not empty, or the SDK would take account, region and edge from the
                # variables of the server: those are not this company's.
                environment={"TWILIO_REGION": ""},
                user_agent_extensions=["auto_shop"],
            )
        return self._client

    def _get_sender(self, number):
        """The sender's part of a request to send to `number`, empty without one."""
        config = self._get_config()
        if config["service_sid"]:
            return {"messaging_service_sid": config["service_sid"]}
        senders = config["senders"]
        if len(senders) > 1:
            # Only then is it worth to parse the number for its country.
            senders = get_twilio_from_number(config["company"], number)
        return {"from_": senders.number} if senders else {}

    # ------------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------------

    def _send_sms_batch(self, messages, delivery_reports_url=False):
        config = self._get_config()
        # Made before the threads are: the SDK loads and makes it at first use.
        texts = self._get_client().messages
        todo = [
            (
                recipient["uuid"],
                self._get_sender(recipient["number"]),
                {
                    "to": recipient["number"],
                    "body": message.get("content") or "",
                    "status_callback": config["callback_url"] + recipient["uuid"],
                },
            )
            for message in messages
            for recipient in message.get("numbers") or []
        ]
        deadline = time.monotonic() + GROUP_SECONDS

        def post(item):
            uuid, sender, vals = item
            if not sender:
                return {"uuid": uuid, "state": "twilio_from_missing"}
            if time.monotonic() > deadline:
                return {"uuid": uuid, "state": "retry", "not_tried": True}
            return {"uuid": uuid, **self._post(texts, {**sender, **vals})}

        return self._with_words(side_by_side(post, todo, config["threads"]))

    @staticmethod
    def _post(texts, vals):
        """One request; runs in a thread, so: no records, no translations."""
        try:
            message = texts.create(**vals)
        except TwilioUnreachable as error:
            return {"state": "retry", "trouble": "unreachable", "detail": str(error)}
        except TwilioRefusal as error:
            return SmsApiTwilioShop._read_refusal(error)
        except (TwilioSilent, *NONSENSE) as error:
            # The text may have been taken all the same.
            return {"state": "unknown_outcome", "detail": str(error)}
        if not message.sid or not isinstance(message.sid, str):
            return {"state": "unknown_outcome", "detail": "an answer without SID"}
        if TWILIO_STATUS_TO_STATE.get(message.status) == "error":
            return SmsApiTwilioShop._read_message(message)
        return {"state": "sent", "provider_ref": message.sid}

    @staticmethod
    def _read_refusal(error):
        """Read an answer to a request to send that is no success."""
        if error.status == 429 or error.code in TEMPORARY_CODES:
            return {
                "state": "retry",
                "retry_after": error.retry_after,
                "trouble": "busy",
                "detail": f"HTTP {error.status}",
            }
        if error.status >= 500 or error.status == 408:
            return {
                "state": "retry",
                "retry_after": error.retry_after,
                # 503 says that nobody took it; the others may hide a taken text.
                "look_up_first": error.status != 503,
                "trouble": "busy",
                "detail": f"HTTP {error.status}",
            }
        code = error.code
        if code is None and error.status in (401, 403):
            code = 20003
        return SmsApiTwilioShop._read_error(code, error.msg or f"HTTP {error.status}")

    @staticmethod
    def _read_error(code, message):
        if code == OPTED_OUT_CODE:
            return {"state": "opted_out", "error_code": code}
        return {
            "state": ERROR_STATES.get(code, "unknown"),
            "error_code": code,
            "detail": message,
        }

    def _with_words(self, results):
        """Give the failures a sentence for the person who reads them."""
        words = self._get_sms_api_error_messages()
        for trouble in {
            result["detail"]
            for result in results
            if result["state"] in ("retry", "unknown_outcome") and "detail" in result
        }:
            _logger.info("Texts of %s: %s", self.company.name, trouble)
        for result in results:
            if "trouble" in result:
                result["detail"] = words[result["trouble"]]
            if result["state"] in NO_FAILURE:
                continue
            reason = words.get(result["state"])
            if result["state"] == "unknown" or not reason:
                reason = result.get("detail") or words["unknown"]
            if result.get("error_code"):
                reason = self.env._(
                    "%(reason)s (Twilio error %(code)s)",
                    reason=reason,
                    code=result["error_code"],
                )
            result["failure_reason"] = reason
        return results

    def _get_sms_api_error_messages(self):
        return super()._get_sms_api_error_messages() | {
            "opted_out": self.env._(
                "The customer texted STOP to this number: Twilio does not deliver."
            ),
            "wrong_number_format": self.env._("This number cannot receive texts."),
            "sms_number_missing": self.env._("There is no number to text."),
            "empty_body": self.env._("The text is empty."),
            "country_not_supported": self.env._(
                "The shop's Twilio account may not text to this country. An"
                " administrator can allow it in the Twilio console (Messaging"
                " Geographic Permissions)."
            ),
            "twilio_authentication": self.env._(
                "Twilio refuses the shop's account. An administrator must correct"
                " Account SID or Auth Token (Configuration > Texting Account)."
            ),
            "twilio_acc_unverified": self.env._(
                "The shop's Twilio account is a trial: it texts verified numbers only."
            ),
            "twilio_callback": self.env._(
                "Twilio refused the text because it cannot reach this server. An"
                " administrator must correct the public address (web.base.url)."
            ),
            "twilio_from_missing": self.env._(
                "The shop has no number to text from. An administrator must load the"
                " numbers of the Twilio account or enter a Messaging Service"
                " (Configuration > Texting Account)."
            ),
            "unknown": self.env._("Twilio refused the text."),
            "unreachable": self.env._(
                "Twilio cannot be reached: this server's network is down, or Twilio is."
            ),
            "busy": self.env._("Twilio is busy or out of order."),
        }

    def _get_delivery_error(self, code, message=None):
        """The sentence for a delivery report's error code (text, may be missing)."""
        words = {
            "21610": self.env._("The customer texted STOP to this number."),
            "30003": self.env._("The phone is off or out of reach."),
            "30004": self.env._(
                "The phone or its carrier blocks texts from this number."
            ),
            "30005": self.env._("The number does not exist any more."),
            "30006": self.env._("This is a landline or the carrier cannot be reached."),
            "30007": self.env._("The carrier took the text for spam."),
            "30008": self.env._("The carrier did not deliver it and gives no reason."),
            "30034": self.env._(
                "The shop's number is not registered with the US carriers (A2P 10DLC)."
            ),
        }
        sentence = (
            words.get(code) or message or self.env._("The carrier did not deliver it.")
        )
        if not code:
            return sentence
        return self.env._(
            "%(reason)s (Twilio error %(code)s)", reason=sentence, code=code
        )

    # ------------------------------------------------------------------
    # The account's numbers
    # ------------------------------------------------------------------

    def _fetch_numbers(self):
        """The numbers of the account, as E.164.

        :raises UserError: when Twilio refuses or cannot be reached
        """
        words = self._get_sms_api_error_messages()
        try:
            numbers = self._get_client().incoming_phone_numbers.list(page_size=1000)
            return [number.phone_number for number in numbers]
        except TwilioRefusal as error:
            if error.status in (401, 403, 404):
                raise UserError(words["twilio_authentication"]) from error
            raise UserError(error.msg or words["busy"]) from error
        except (TwilioException, *NONSENSE) as error:
            _logger.info("Twilio's numbers could not be read: %s", error)
            raise UserError(words["unreachable"]) from error

    def _assert_can_text(self, number):
        """Ask Twilio whether it knows the account, and send nothing.

        :raises UserError: with what keeps a text to `number` from going out
        """
        self._fetch_numbers()
        if not self._get_sender(number):
            raise UserError(self._get_sms_api_error_messages()["twilio_from_missing"])

    # ------------------------------------------------------------------
    # Asking what became of a text
    # ------------------------------------------------------------------

    def _find_sent(self, rows, taken=()):
        """What Twilio knows about texts whose outcome we do not know.

        :param rows: dicts with `uuid`, `number`, `body` and `claimed_at` (UTC)
        :param taken: message SIDs that belong to other texts
        :return: {uuid: result}; a result as from `_send_sms_batch` when the message is
            there, `{"state": "absent"}` when Twilio answered and has no such message,
            `{"state": "retry"}` when Twilio could not be asked. Each message is given
            to one row only.
        """
        config = self._get_config()
        client = self._get_client()
        by_number = {}
        for row in rows:
            by_number.setdefault(row["number"], []).append(row)
        asks = [
            (
                number,
                self._get_sender(number),
                min(row["claimed_at"] for row in same) - CLOCK_SKEW,
            )
            for number, same in by_number.items()
        ]
        texts = client.messages

        def ask(item):
            number, sender, since = item
            return number, self._list_messages(client, texts, number, sender, since)

        lists = dict(side_by_side(ask, asks, config["threads"]))
        taken = set(taken)
        results = {}
        for number, same in by_number.items():
            messages = lists[number]
            for row in sorted(same, key=lambda row: (row["claimed_at"], row["uuid"])):
                if messages is None:
                    results[row["uuid"]] = {"state": "retry"}
                    continue
                message = self._match(row, messages, taken)
                if message is None:
                    results[row["uuid"]] = {"state": "absent"}
                    continue
                taken.add(message.sid)
                results[row["uuid"]] = self._read_message(message)
        self._with_words(results.values())
        return {uuid: {"uuid": uuid, **result} for uuid, result in results.items()}

    @staticmethod
    def _list_messages(client, texts, number, sender, since):
        """The messages to `number` since `since` (UTC), or None when Twilio does not
        answer. Asked for with Twilio's own window and once without: a message that is
        still in Twilio's queue has no DateSent."""
        found = {}
        try:
            for window in (since, unset):
                page = texts.page(
                    to=number,
                    from_=sender.get("from_", unset),
                    date_sent_after=window,
                    page_size=PAGE_SIZE,
                )
                for message in client.api.v2010.stream(page, page_limit=MAX_PAGES):
                    found[message.sid] = message
        except (TwilioException, *NONSENSE) as error:
            # Not its words, which may quote the answer with what others were told.
            _logger.info(
                "Twilio's message list could not be read: %s, HTTP %s",
                type(error).__name__,
                getattr(error, "status", "-"),
            )
            return None
        service = sender.get("messaging_service_sid")
        return [
            message
            for sid, message in found.items()
            if sid and (not service or message.messaging_service_sid == service)
        ]

    @staticmethod
    def _match(row, messages, taken):
        body = (row["body"] or "").strip()
        earliest = row["claimed_at"] - CLOCK_SKEW
        latest = row["claimed_at"] + MATCH_WINDOW
        candidates = []
        for message in messages:
            if message.sid in taken or (message.body or "").strip() != body:
                continue
            if not str(message.direction or "outbound").startswith("outbound"):
                continue
            when = message.date_created or message.date_sent
            if when and earliest <= when.replace(tzinfo=None) <= latest:
                candidates.append((when, message.sid, message))
        return min(candidates)[2] if candidates else None

    @staticmethod
    def _read_message(message):
        """Read what became of a message that Twilio knows."""
        state = TWILIO_STATUS_TO_STATE.get(message.status, "pending")
        if state == "error":
            result = SmsApiTwilioShop._read_error(
                message.error_code, message.error_message
            )
        else:
            result = {"state": "delivered" if state == "sent" else "sent"}
        return {**result, "provider_ref": message.sid}
