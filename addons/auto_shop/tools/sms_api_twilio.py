# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Twilio's Messages API, many requests side by side, no records in the threads.

https://www.twilio.com/docs/messaging/api/message-resource
"""

import json
import logging
import os
import threading
import time
from collections import deque
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode, urljoin

import requests
import urllib3

from odoo.exceptions import UserError

from odoo.addons.sms_twilio.tools.sms_api import SmsApiTwilio
from odoo.addons.sms_twilio.tools.sms_twilio import (
    get_twilio_from_number,
    get_twilio_status_callback_url,
)

_logger = logging.getLogger(__name__)

DEFAULT_BASE_URL = "https://api.twilio.com"
# Seconds. Reading is generous: a time-out after sending costs a look-up and perhaps a
# person's attention.
CONNECT_TIMEOUT = 5.0
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
        "empty_body": "unknown",
    }

    def __init__(self, env, account=None):
        super().__init__(env, account=account)
        self._pool = None
        self._config = None

    def _set_company(self, company):
        self._config = None
        self._close()
        return super()._set_company(company)

    def _close(self):
        """Close the connections that wait for another request."""
        if self._pool is not None:
            self._pool.clear()
            self._pool = None

    # ------------------------------------------------------------------
    # What the threads need, read once and as plain values
    # ------------------------------------------------------------------

    def _get_config(self):
        """Account, addresses and limits of the company, read with the rights of the
        system: no shop user may read the token, every shop user may send."""
        if self._config is None:
            company_sudo = self.company.sudo()
            company_sudo._assert_twilio_sid()
            get_param = company_sudo.env["ir.config_parameter"].get_param
            base_url = get_param("auto_shop.twilio_api_base_url") or DEFAULT_BASE_URL
            sid = company_sudo.sms_twilio_account_sid
            self._config = {
                "company": company_sudo,
                "url": f"{base_url.rstrip('/')}/2010-04-01/Accounts/{sid}"
                "/Messages.json",
                "headers": urllib3.make_headers(
                    basic_auth=f"{sid}:{company_sudo.sms_twilio_auth_token or ''}",
                    keep_alive=True,
                    user_agent="auto_shop",
                )
                | {"Accept": "application/json"},
                "senders": company_sudo.sms_twilio_number_ids,
                "callback_url": get_twilio_status_callback_url(company_sudo, ""),
                "service_sid": company_sudo.twilio_messaging_service_sid,
                "threads": max(1, int(get_param("auto_shop.sms_threads") or 10)),
                "timeout": urllib3.Timeout(
                    connect=CONNECT_TIMEOUT,
                    read=float(get_param("auto_shop.sms_timeout") or READ_TIMEOUT),
                ),
            }
        return self._config

    def _get_pool(self):
        if self._pool is None:
            config = self._get_config()
            kwargs = {
                "maxsize": config["threads"],
                "block": True,
                "retries": False,
                "timeout": config["timeout"],
                "cert_reqs": "CERT_REQUIRED",
                "ca_certs": os.environ.get("REQUESTS_CA_BUNDLE")
                or requests.certs.where(),
            }
            proxy = requests.utils.select_proxy(
                config["url"], requests.utils.get_environ_proxies(config["url"])
            )
            self._pool = (
                urllib3.ProxyManager(proxy, **kwargs)
                if proxy
                else urllib3.PoolManager(**kwargs)
            )
        return self._pool

    def _get_sender(self, number):
        """The sender's part of a request or of a look-up for a text to `number`."""
        config = self._get_config()
        if config["service_sid"]:
            return {"MessagingServiceSid": config["service_sid"]}
        senders = config["senders"]
        if len(senders) > 1:
            # Only then is it worth to parse the number for its country.
            senders = get_twilio_from_number(config["company"], number)
        return {"From": senders.number} if senders else {}

    # ------------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------------

    def _send_sms_batch(self, messages, delivery_reports_url=False):
        config = self._get_config()
        todo = [
            (
                recipient["uuid"],
                {
                    "To": recipient["number"],
                    **self._get_sender(recipient["number"]),
                    "Body": message.get("content") or "",
                    "StatusCallback": config["callback_url"] + recipient["uuid"],
                },
            )
            for message in messages
            for recipient in message.get("numbers") or []
        ]
        pool = self._get_pool()
        deadline = time.monotonic() + GROUP_SECONDS

        def post(item):
            uuid, data = item
            if "From" not in data and "MessagingServiceSid" not in data:
                return {"uuid": uuid, "state": "twilio_from_missing"}
            if time.monotonic() > deadline:
                return {"uuid": uuid, "state": "retry", "not_tried": True}
            return {"uuid": uuid, **self._post(pool, config, data)}

        return self._with_words(_side_by_side(post, todo, config["threads"]))

    @staticmethod
    def _post(pool, config, data):
        """One request; runs in a thread, so: no records, no translations."""
        try:
            response = pool.request(
                "POST",
                config["url"],
                body=urlencode(data),
                headers=config["headers"]
                | {"Content-Type": "application/x-www-form-urlencoded"},
                redirect=False,
            )
        except (
            urllib3.exceptions.NewConnectionError,
            urllib3.exceptions.ConnectTimeoutError,
            urllib3.exceptions.NameResolutionError,
            urllib3.exceptions.ProxyError,
        ) as error:
            return {"state": "retry", "detail": type(error).__name__}
        except urllib3.exceptions.SSLError as error:
            return {"state": "retry", "detail": str(error)}
        except urllib3.exceptions.HTTPError as error:
            # The request may have arrived: time-out, reset, half an answer.
            return {"state": "unknown_outcome", "detail": type(error).__name__}
        return SmsApiTwilioShop._read_answer(response)

    @staticmethod
    def _read_answer(response):
        status = response.status
        try:
            answer = json.loads(response.data)
        except (ValueError, UnicodeDecodeError):
            answer = None
        if not isinstance(answer, dict):
            answer = None
        if 200 <= status < 300:
            sid = answer and answer.get("sid")
            if not isinstance(sid, str) or not sid:
                return {"state": "unknown_outcome", "detail": f"HTTP {status}"}
            if answer.get("status") in ("failed", "undelivered", "canceled"):
                return {
                    **SmsApiTwilioShop._read_error(
                        answer.get("error_code"), answer.get("error_message")
                    ),
                    "provider_ref": sid,
                }
            return {"state": "sent", "provider_ref": sid}
        code = answer and answer.get("code")
        if status == 429 or code in TEMPORARY_CODES:
            return {
                "state": "retry",
                "retry_after": SmsApiTwilioShop._retry_after(response),
                "detail": f"HTTP {status}",
            }
        if status >= 500 or status == 408:
            return {
                "state": "retry",
                "retry_after": SmsApiTwilioShop._retry_after(response),
                # 503 says that nobody took it; the others may hide a taken text.
                "look_up_first": status != 503,
                "detail": f"HTTP {status}",
            }
        if code is None and status in (401, 403):
            code = 20003
        return SmsApiTwilioShop._read_error(
            code, answer and answer.get("message"), f"HTTP {status}"
        )

    @staticmethod
    def _read_error(code, message, detail=None):
        if code == OPTED_OUT_CODE:
            return {"state": "opted_out", "error_code": code}
        return {
            "state": ERROR_STATES.get(code, "unknown"),
            "error_code": code,
            "detail": message or detail,
        }

    @staticmethod
    def _retry_after(response):
        """Seconds that the answer asks to wait, 0 when it does not say."""
        value = (response.headers.get("Retry-After") or "").strip()
        if value.isdigit():
            return int(value)
        try:
            when = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return 0
        if when.tzinfo is None:
            when = when.replace(tzinfo=timezone.utc)
        return max(0, int((when - datetime.now(timezone.utc)).total_seconds()))

    def _with_words(self, results):
        """Give the failures a sentence for the person who reads them."""
        words = self._get_sms_api_error_messages()
        for result in results:
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
                "The Twilio account may not text to this country: allow it in the"
                " Twilio console (Messaging Geographic Permissions)."
            ),
            "twilio_authentication": self.env._(
                "Twilio refuses the account: check Account SID and Auth Token in the"
                " settings."
            ),
            "twilio_acc_unverified": self.env._(
                "A Twilio trial account texts verified numbers only."
            ),
            "twilio_callback": self.env._(
                "Twilio cannot reach this server: check the public address"
                " (web.base.url)."
            ),
            "twilio_from_missing": self.env._(
                "The shop has no number to text from: load the numbers of the Twilio"
                " account or give a Messaging Service in the settings."
            ),
            "unknown": self.env._("Twilio refused the text."),
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
        config = self._get_config()
        words = self._get_sms_api_error_messages()
        base_url = config["url"].removesuffix("/Messages.json")
        url = f"{base_url}/IncomingPhoneNumbers.json?PageSize=1000"
        numbers = []
        while url:
            try:
                response = self._get_pool().request(
                    "GET", url, headers=config["headers"], redirect=False
                )
                page = json.loads(response.data)
            except (urllib3.exceptions.HTTPError, ValueError) as error:
                _logger.info("Twilio's numbers could not be read: %s", error)
                raise UserError(
                    self.env._("Twilio cannot be reached. Try again in a minute.")
                ) from error
            if response.status in (401, 403, 404):
                raise UserError(words["twilio_authentication"])
            if response.status != 200:
                raise UserError(page.get("message") or words["unknown"])
            numbers += [
                number["phone_number"] for number in page["incoming_phone_numbers"]
            ]
            next_page = page.get("next_page_uri")
            url = next_page and urljoin(config["url"], next_page)
        return numbers

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
        pool = self._get_pool()
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

        def ask(item):
            number, sender, since = item
            return number, self._list_messages(pool, config, number, sender, since)

        lists = dict(_side_by_side(ask, asks, config["threads"]))
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
                taken.add(message["sid"])
                results[row["uuid"]] = self._read_message(message)
        self._with_words(results.values())
        return {uuid: {"uuid": uuid, **result} for uuid, result in results.items()}

    @staticmethod
    def _list_messages(pool, config, number, sender, since):
        """The messages to `number` since `since` (UTC), or None when Twilio does not
        answer. Asked for with Twilio's own window and once without: a message that is
        still in Twilio's queue has no DateSent."""
        query = {"To": number, "PageSize": PAGE_SIZE}
        if "From" in sender:
            query["From"] = sender["From"]
        messages = []
        for window in ({"DateSent>": since.strftime("%Y-%m-%dT%H:%M:%SZ")}, {}):
            url = f"{config['url']}?{urlencode(query | window)}"
            found = []
            for _page in range(MAX_PAGES):
                page = SmsApiTwilioShop._get_page(pool, config, url)
                if page is None:
                    return None
                found += [
                    message
                    for message in page["messages"]
                    if isinstance(message, dict) and message.get("sid")
                ]
                if not page.get("next_page_uri"):
                    break
                url = urljoin(config["url"], page["next_page_uri"])
            if service := sender.get("MessagingServiceSid"):
                found = [
                    message
                    for message in found
                    if message.get("messaging_service_sid") == service
                ]
            known = {message["sid"] for message in messages}
            messages += [message for message in found if message["sid"] not in known]
        return messages

    @staticmethod
    def _get_page(pool, config, url):
        try:
            response = pool.request(
                "GET", url, headers=config["headers"], redirect=False
            )
            page = json.loads(response.data)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            _logger.info("Twilio's message list could not be read: %s", error)
            return None
        if (
            response.status != 200
            or not isinstance(page, dict)
            or not isinstance(page.get("messages"), list)
        ):
            _logger.info("Twilio's message list answered HTTP %s", response.status)
            return None
        return page

    @staticmethod
    def _match(row, messages, taken):
        body = (row["body"] or "").strip()
        earliest = row["claimed_at"] - CLOCK_SKEW
        latest = row["claimed_at"] + MATCH_WINDOW
        candidates = []
        for message in messages:
            if message["sid"] in taken or (message.get("body") or "").strip() != body:
                continue
            if not str(message.get("direction") or "outbound").startswith("outbound"):
                continue
            when = _parse_date(message.get("date_created") or message.get("date_sent"))
            if when and earliest <= when <= latest:
                candidates.append((when, message["sid"], message))
        return min(candidates)[2] if candidates else None

    @staticmethod
    def _read_message(message):
        state = TWILIO_STATUS_TO_STATE.get(message.get("status"), "pending")
        if state == "error":
            result = SmsApiTwilioShop._read_error(
                message.get("error_code"), message.get("error_message")
            )
        else:
            result = {"state": "delivered" if state == "sent" else "sent"}
        return {**result, "provider_ref": message["sid"]}


def _side_by_side(function, items, threads):
    """Return `[function(item) for item in items]`, worked off by several threads.

    The caller's own thread works as well, so that a machine that gives no more threads
    (Odoo limits the address space, of which each thread reserves a good part) makes it
    slower and nothing else.
    """
    results = [None] * len(items)
    todo = deque(enumerate(items))

    def work():
        while todo:
            try:
                index, item = todo.popleft()
            except IndexError:
                return
            results[index] = function(item)

    workers = []
    for _index in range(min(threads, len(items)) - 1):
        worker = threading.Thread(target=work, daemon=True)
        try:
            worker.start()
        except RuntimeError as error:
            _logger.info("Fewer requests side by side: %s", error)
            break
        workers.append(worker)
    work()
    for worker in workers:
        worker.join()
    if None in results:
        # Its traceback is on the console; what is claimed is asked for later.
        raise RuntimeError("A request to the provider broke off")
    return results


def _parse_date(value):
    """Naive UTC of Twilio's RFC 2822 dates, or None."""
    try:
        when = parsedate_to_datetime(value or "")
    except (TypeError, ValueError):
        return None
    return when.astimezone(timezone.utc).replace(tzinfo=None) if when.tzinfo else when
