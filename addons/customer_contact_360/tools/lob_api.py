# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Lob prints and mails postcards. Knows no records; several threads may share one.

https://docs.lob.com/#tag/Postcards
"""

import json
import logging
import re
import time
from urllib.parse import quote, urlencode

import urllib3
from urllib3.exceptions import HTTPError

from odoo.addons.auto_shop.tools.http_line import (
    Unreachable,
    open_pool,
    read_retry_after,
)

_logger = logging.getLogger(__name__)

DEFAULT_BASE_URL = "https://api.lob.com/v1"
THREADS = 4
# Lob renders before it answers.
READ_TIMEOUT = 45.0
MOST_WORDS = 300
LONGEST_WAIT = 3600
# The account is at fault, not the card: the rest would fare no better.
ACCOUNT_STATUSES = (401, 402, 403)
ADDRESS_CODES = {
    "address_length_exceeds_limit",
    "failed_deliverability_strictness",
    "invalid_country_covid",
    "invalid_international_feature",
}
ABOUT_ADDRESS = re.compile(r"\bto\b\.?(?:address|name|company|_)|\baddress\b", re.I)
SECRET = re.compile(r"\b(?:test|live)_(?:pub_)?[0-9a-zA-Z]{8,}")


class LobApi:
    """One account. Each call returns a dict whose ``state`` says what is known:

    - ``accepted``: ``provider_ref``, ``send_date``, ``delivery_date``
    - ``retry``: certainly not taken; ``retry_after`` in seconds
    - ``unknown``: it went out and no usable answer came back; the same request, with
      the same key, may be repeated
    - ``account``: the account is refused or may not do this
    - ``bad_address``: Lob does not take the address
    - ``refused``: Lob does not take the card
    - ``absent``: there is no such card
    - ``rendered``, ``rendering``, ``broken``: what became of a card that was taken
    - ``cancelled``, ``too_late``: of a card that was to be stopped

    ``detail`` are Lob's own words.
    """

    def __init__(self, key, base_url=None, timeout=READ_TIMEOUT, threads=THREADS):
        self._key = key
        self._base_url = (base_url or DEFAULT_BASE_URL).rstrip("/")
        self._pool = open_pool(self._base_url, threads, timeout)
        self._headers = urllib3.make_headers(
            basic_auth=f"{key}:", keep_alive=True, user_agent="auto_shop"
        ) | {"Accept": "application/json"}

    def __repr__(self):
        return f"<LobApi {self._base_url}>"

    def close(self):
        """Close the connections that wait for another request."""
        self._pool.clear()

    def send(self, item):
        """Order a card.

        :param item: ``key`` (of the request, for 24 hours), ``fields`` (nested, as Lob
            documents them) and both sides, ``front`` and ``back``, as PDF
        """
        fields = [
            *flatten(item["fields"]),
            *(
                (side, (f"{side}.pdf", item[side], "application/pdf"))
                for side in ("front", "back")
            ),
        ]
        body, content_type = urllib3.encode_multipart_formdata(fields)
        result = self._request(
            "POST",
            "/postcards",
            body=body,
            headers={"Content-Type": content_type, "Idempotency-Key": item["key"]},
        )
        return self._read_card(result)

    def find(self, item):
        """Look for the card that was ordered with the key of ``item``."""
        query = urlencode({"metadata[key]": item["key"], "limit": 1})
        result = self._request("GET", f"/postcards?{query}")
        if result["state"] != "answered":
            return self._may_ask_again(result)
        cards = result["answer"].get("data")
        if not isinstance(cards, list):
            return {"state": "unknown"}
        if not cards:
            return {"state": "absent"}
        return self._read_card({"state": "answered", "answer": cards[0]})

    def check(self, item):
        """Ask whether a card that was taken could be rendered for print."""
        result = self._request("GET", f"/postcards/{quote(item['provider_ref'])}")
        if result["state"] != "answered":
            return self._may_ask_again(result)
        answer = result["answer"]
        if answer.get("status") == "failed":
            reason = answer.get("failure_reason") or {}
            words = reason.get("failure_reason") or reason.get("remediation") or ""
            return {"state": "broken", "detail": self._clean(words)}
        if answer.get("deleted"):
            return {"state": "cancelled"}
        # Test cards, and older versions of the API, say nothing of it.
        waiting = answer.get("status") == "processed"
        return {"state": "rendering" if waiting else "rendered"}

    def cancel(self, item):
        """Take a card back while Lob allows it."""
        result = self._request("DELETE", f"/postcards/{quote(item['provider_ref'])}")
        if result["state"] == "answered" and result["answer"].get("deleted"):
            return {"state": "cancelled"}
        if result["state"] in ("refused", "bad_address", "absent"):
            return {"state": "too_late", "detail": result.get("detail", "")}
        return self._may_ask_again(result)

    def ping(self):
        """Ask for nothing in particular: is the account known?"""
        result = self._request("GET", "/postcards?limit=1")
        return {"state": "accepted"} if result["state"] == "answered" else result

    @staticmethod
    def _may_ask_again(result):
        """Questions, and taking back, can be repeated whatever became of them."""
        if result["state"] in ("answered", "unknown"):
            return {**result, "state": "retry"}
        return result

    def _request(self, method, path, body=None, headers=None):
        try:
            response = self._pool.urlopen(
                method,
                self._base_url + path,
                body=body,
                headers={**self._headers, **(headers or {})},
                redirect=False,
            )
        except Unreachable as error:
            return {"state": "retry", "detail": self._clean(error)}
        except HTTPError as error:
            return {"state": "unknown", "detail": type(error).__name__}
        return self._read_answer(response)

    def _read_answer(self, response):
        status = response.status
        try:
            answer = json.loads(response.data)
        except (ValueError, UnicodeDecodeError):
            answer = None
        if 200 <= status < 300:
            if not isinstance(answer, dict):
                return {"state": "unknown", "detail": f"HTTP {status}"}
            return {"state": "answered", "answer": answer}
        error = answer.get("error") if isinstance(answer, dict) else None
        error = error if isinstance(error, dict) else {}
        code = error.get("code")
        words = self._clean(error.get("message") or f"HTTP {status}")
        _logger.info("Lob answered HTTP %s", status)
        result = {"state": "refused", "status": status, "detail": words}
        if status == 429:
            result |= {"state": "retry", "retry_after": _get_wait(response.headers)}
        elif status in ACCOUNT_STATUSES:
            result["state"] = "account"
        elif status in (408, 409) or status >= 500 or status < 400:
            # It may be taken all the same, or be on its way from the try before.
            result |= {"state": "unknown", "retry_after": _get_wait(response.headers)}
        elif status == 404:
            result["state"] = "absent"
        elif code in ADDRESS_CODES or (
            code in ("invalid", "bad_request", None) and ABOUT_ADDRESS.search(words)
        ):
            result["state"] = "bad_address"
        return result

    def _read_card(self, result):
        if result["state"] == "absent":
            # There is no such address at all.
            return {**result, "state": "account"}
        if result["state"] != "answered":
            return result
        answer = result["answer"]
        ref = answer.get("id")
        if not isinstance(ref, str) or not ref:
            return {"state": "unknown", "detail": "HTTP 200"}
        return {
            "state": "accepted",
            "provider_ref": ref,
            "send_date": answer.get("send_date"),
            "delivery_date": answer.get("expected_delivery_date"),
        }

    def _clean(self, words):
        """What Lob says, short, and without the key, should it be quoted in it."""
        words = " ".join(str(words).split())
        if self._key:
            words = words.replace(self._key, "…")
        return SECRET.sub("…", words)[:MOST_WORDS]


def flatten(fields, name=None):
    """Yield nested fields as forms name them: ``to[name]``."""
    for key, value in fields.items():
        full = f"{name}[{key}]" if name else key
        if isinstance(value, dict):
            yield from flatten(value, full)
        elif value not in (None, "", False):
            yield full, str(value)


def _get_wait(headers):
    """Return the seconds to wait: the answer may say so, or when its window ends."""
    if seconds := read_retry_after(headers.get("Retry-After")):
        return seconds
    for name in ("X-Rate-Limit-Reset", "ratelimit-reset"):
        value = (headers.get(name) or "").strip()
        if re.fullmatch(r"[0-9]{1,12}", value):
            return min(max(0, int(value) - int(time.time())), LONGEST_WAIT)
    return 0
