# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""The line under Twilio's SDK: tells what was never sent from what may have arrived.

The SDK's own HTTP client can do neither that nor share connections among more threads
than it thinks of, and it logs the numbers that it asks for.

https://www.twilio.com/docs/libraries/reference/twilio-python (custom HTTP client)
"""

import json
import logging
import os
import re
from base64 import b64encode
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import HttpClient
from twilio.http.response import Response
from urllib3.exceptions import HTTPError, LocationValueError

_logger = logging.getLogger(__name__)

# Seconds.
CONNECT_TIMEOUT = 5.0
LONGEST_WAIT = 24 * 3600


class TwilioUnreachable(TwilioException):
    """No connection came about: the request has certainly not been taken."""


class TwilioSilent(TwilioException):
    """The request went out and no whole answer came back: it may have been taken."""


class TwilioRefusal(TwilioRestException):
    """An answer that is no success.

    `code` is Twilio's own (https://www.twilio.com/docs/api/errors) or None, `msg` what
    Twilio says of it or None, `retry_after` the seconds that it asks to wait or 0.
    """

    def __init__(self, method, uri, response):
        answer = _read_object(response.text)
        code, message = answer.get("code"), answer.get("message")
        super().__init__(
            response.status_code,
            uri,
            msg=message if isinstance(message, str) else None,
            code=code if isinstance(code, int) else None,
            method=method,
        )
        self.retry_after = _get_seconds(response.headers.get("Retry-After") or "")


class _SayWhenUnreachable:
    """Whatever goes wrong while a connection is opened, nothing was sent on it: name,
    refusal, time-out, certificate, proxy."""

    def connect(self):
        try:
            return super().connect()
        except (OSError, HTTPException, HTTPError) as error:
            raise TwilioUnreachable(f"{type(error).__name__}: {error}") from error


class _Connection(_SayWhenUnreachable, urllib3.connection.HTTPConnection):
    pass


class _SecureConnection(_SayWhenUnreachable, urllib3.connection.HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class TwilioLine(HttpClient):
    """Requests of one company to one address; `threads` of them side by side.

    Proxy and certificates come from the environment, as for all of Odoo's requests.
    Nothing is tried twice here, and nothing is logged.

    :raises TwilioUnreachable: the request was never sent
    :raises TwilioSilent: it was, and what became of it is not known
    :raises TwilioRefusal: an answer other than success
    """

    def __init__(self, base_url, threads, read_timeout):
        super().__init__(_logger, is_async=False)
        self.base_url = base_url.rstrip("/")
        options = {
            "maxsize": threads,
            "block": True,
            "retries": False,
            "timeout": urllib3.Timeout(connect=CONNECT_TIMEOUT, read=read_timeout),
            "cert_reqs": "CERT_REQUIRED",
            "ca_certs": os.environ.get("REQUESTS_CA_BUNDLE") or requests.certs.where(),
        }
        proxy = requests.utils.select_proxy(
            self.base_url, requests.utils.get_environ_proxies(self.base_url)
        )
        if proxy:
            proxy = requests.utils.prepend_scheme_if_needed(proxy, "http")
            headers = requests.adapters.HTTPAdapter().proxy_headers(proxy)
            self._pool = urllib3.ProxyManager(proxy, proxy_headers=headers, **options)
        else:
            self._pool = urllib3.PoolManager(**options)
        self._pool.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def close(self):
        """Close the connections that wait for another request."""
        self._pool.clear()

    def request(
        self,
        method,
        uri,
        params=None,
        data=None,
        headers=None,
        auth=None,
        timeout=None,
        allow_redirects=False,
    ):
        # Whichever host the SDK has in mind, the token goes to this address alone.
        url = self.base_url + urlsplit(uri)._replace(scheme="", netloc="").geturl()
        if params:
            url = f"{url}?{urlencode(params)}"
        if auth:
            account = b64encode(":".join(auth).encode()).decode()
            headers = {**headers, "Authorization": f"Basic {account}"}
        try:
            answer = self._pool.urlopen(
                method,
                url,
                body=urlencode(data) if data else None,
                headers=headers,
                redirect=False,
            )
        except LocationValueError as error:
            raise TwilioUnreachable(f"{type(error).__name__}: {error}") from error
        except HTTPError as error:
            raise TwilioSilent(f"{type(error).__name__}: {error}") from error
        response = Response(
            answer.status, answer.data.decode(errors="replace"), answer.headers
        )
        if not 200 <= answer.status < 300:
            raise TwilioRefusal(method, uri, response)
        return response


def _read_object(text):
    """Return the JSON object in `text`, or an empty one."""
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _get_seconds(retry_after):
    """Read what the header says: seconds or a date (RFC 9110, 10.2.3)."""
    retry_after = retry_after.strip()
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        return min(int(retry_after), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return 0
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    seconds = int((when - datetime.now(timezone.utc)).total_seconds())
    return min(max(0, seconds), LONGEST_WAIT)
