# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Hand signed JSON to a webhook. Knows HTTP, no records."""

import hashlib
import hmac
import time
from dataclasses import dataclass

import requests

# Seconds to connect, and between two bytes of the answer.
TIMEOUT = 10
# An answer's Retry-After beyond this is not believed (seconds).
MAX_RETRY_AFTER = 24 * 3600
RETRY_STATUS = {408, 425, 429}


@dataclass(frozen=True)
class Delivery:
    """What goes to a webhook; plain values, so that it can be sent in a thread."""

    url: str
    secret: str
    message_id: str
    event: str
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery.

    ``result`` is ``sent``, ``retry`` or ``refused``; ``code`` says why in one word,
    ``status`` is the HTTP status or 0, ``retry_after`` the seconds that the other side
    asked for. Nothing that the other side wrote, and no address, is in it.
    """

    result: str
    code: str = ""
    status: int = 0
    retry_after: int = 0


def sign(secret, timestamp, body):
    """Return the signature of ``body`` (bytes) at ``timestamp`` (text)."""
    payload = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


def deliver(delivery):
    """Post one delivery and return its :class:`Outcome`; never raises for HTTP."""
    if not delivery.url:
        return Outcome("refused", "address")
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "AutoShop-Webhook/1",
        "X-Auto-Shop-Event": delivery.event,
        "X-Auto-Shop-Event-Id": delivery.message_id,
        "X-Auto-Shop-Timestamp": timestamp,
        "X-Auto-Shop-Signature": sign(delivery.secret, timestamp, delivery.body),
    }
    try:
        # Streamed: only the status counts, whatever the body is.
        with requests.post(
            delivery.url,
            data=delivery.body,
            headers=headers,
            timeout=TIMEOUT,
            allow_redirects=False,
            stream=True,
        ) as response:
            status = response.status_code
            retry_after = response.headers.get("Retry-After", "")
    except requests.Timeout:
        return Outcome("retry", "timeout")
    except requests.exceptions.SSLError:
        return Outcome("retry", "certificate")
    except requests.ConnectionError:
        return Outcome("retry", "connection")
    except requests.RequestException:
        # Such as an answer that is not HTTP.
        return Outcome("retry", "garbage")
    if 200 <= status < 300:
        return Outcome("sent", status=status)
    if status >= 500 or status in RETRY_STATUS:
        seconds = int(retry_after) if retry_after.isdecimal() else 0
        return Outcome("retry", "status", status, min(seconds, MAX_RETRY_AFTER))
    if 300 <= status < 400:
        return Outcome("refused", "redirect", status)
    return Outcome("refused", "status", status)
