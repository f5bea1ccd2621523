# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""The line under Twilio's SDK: tells what was never sent from what may have arrived.

The SDK's own HTTP client can do neither that nor share connections among more threads
than it thinks of, and it logs the numbers that it asks for.

https://www.twilio.com/docs/libraries/reference/twilio-python (custom HTTP client)
"""

import json
import logging
from base64 import b64encode
from urllib.parse import urlencode, urlsplit

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import HttpClient
from twilio.http.response import Response
from urllib3.exceptions import HTTPError, LocationValueError

from .http_line import Unreachable, open_pool, read_retry_after

_logger = logging.getLogger(__name__)


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
        self.retry_after = read_retry_after(response.headers.get("Retry-After"))


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
        self._pool = open_pool(self.base_url, threads, read_timeout)

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
        except (LocationValueError, Unreachable) as error:
            raise TwilioUnreachable(str(error)) from error
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
