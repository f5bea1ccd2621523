# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""A Lob on loopback that answers as it is told, one behaviour a request."""

import base64
import json
import threading
import time
from collections import defaultdict, deque
from datetime import datetime, timedelta, timezone
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TEST_KEY = "test_0123456789abcdef0123456789abcdef"
LIVE_KEY = "live_fedcba9876543210fedcba9876543210"


class FakeLob:
    """``behaviours[name of the recipient]`` is a queue of what happens to the next
    orders:

    ``ok`` (default), ``busy`` (429), ``busy:<seconds>`` (Retry-After), ``down`` (503),
    ``error`` (500), ``error_taken`` (500, yet the card is taken), ``garbage`` (200
    without sense, card taken), ``hang`` (no answer), ``hang_taken``, ``close``
    (connection closed), ``close_taken``, ``conflict`` (409), and statuses with a code
    and words of Lob, such as ``422:invalid:to.address_zip is invalid``.

    ``always`` is a behaviour of every order that has none of its own.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.behaviours = defaultdict(deque)
        self.always = "ok"
        self.requests = []
        # What is printed and mailed, by (mode, key): the same key once only.
        self.cards = {}
        self.list_status = 200
        self.status = "rendered"
        self.hold_minutes = 5
        self.accepts_cancel = True
        self.delay = 0
        self.ping_status = 200
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5  # an idle connection keeps a thread

            def do_POST(self):
                fake._post(self)

            def do_GET(self):
                fake._get(self)

            def do_DELETE(self):
                fake._delete(self)

            def log_message(self, *args):
                """The test asserts on `requests`; nothing for the console."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                """A client that gave up waiting is part of the play."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def mailed(self, name):
        """How many cards this customer would find in the mailbox."""
        return sum(
            card["mode"] == "live" and card["to"] == name and not card["deleted"]
            for card in self.cards.values()
        )

    @staticmethod
    def _get_mode(handler):
        scheme, _blank, value = (handler.headers.get("Authorization") or "").partition(
            " "
        )
        if scheme != "Basic":
            return None
        account = base64.b64decode(value).decode()
        return {f"{TEST_KEY}:": "test", f"{LIVE_KEY}:": "live"}.get(account)

    def _post(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        raw = handler.rfile.read(length)
        if len(raw) < length:
            # Half a request is none.
            return
        fields = self._read_form(handler.headers["Content-Type"], raw)
        mode = self._get_mode(handler)
        name = fields.get("to[name]", b"").decode()
        with self.lock:
            queue = self.behaviours[name]
            behaviour = queue.popleft() if queue else self.always
            self.requests.append(
                {
                    "method": "POST",
                    "path": handler.path,
                    "mode": mode,
                    "key": handler.headers.get("Idempotency-Key"),
                    "fields": fields,
                    "behaviour": behaviour,
                }
            )
        if self.delay:
            time.sleep(self.delay)
        if mode is None:
            self._refuse(handler, 401, "invalid_api_key", f"Not valid: {TEST_KEY}")
            return
        self._behave(handler, behaviour, mode, fields)

    @staticmethod
    def _read_form(content_type, raw):
        message = BytesParser().parsebytes(
            b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + raw
        )
        return {
            part.get_param("name", header="content-disposition"): part.get_payload(
                decode=True
            )
            for part in message.get_payload()
        }

    def _behave(self, handler, behaviour, mode, fields):
        kind, _colon, argument = behaviour.partition(":")
        if kind in ("ok", "garbage") or kind.endswith("_taken"):
            card = self._take(handler, mode, fields)
        kind = kind.removesuffix("_taken")
        if kind == "ok":
            self._answer(handler, 200, card)
        elif kind == "busy":
            self._refuse(
                handler,
                429,
                "rate_limit_exceeded",
                "Rate limit exceeded. Please wait 5 seconds and try again.",
                {"Retry-After": argument} if argument else {},
            )
        elif kind == "down":
            self._refuse(handler, 503, "service_unavailable", "Down")
        elif kind == "error":
            self._answer(handler, 500, "<html>Internal error</html>")
        elif kind == "garbage":
            self._answer(handler, 200, "<html>It worked")
        elif kind == "conflict":
            self._refuse(handler, 409, "conflict", "The same key is being worked on")
        elif kind == "hang":
            time.sleep(3)
            handler.close_connection = True
        elif kind == "close":
            handler.close_connection = True
            handler.connection.close()
        else:
            code, _colon, words = argument.partition(":")
            self._refuse(handler, int(kind), code, words)

    def _take(self, handler, mode, fields):
        key = handler.headers.get("Idempotency-Key")
        now = datetime.now(timezone.utc)
        with self.lock:
            card = self.cards.setdefault(
                (mode, key),
                {
                    "id": f"psc_{len(self.cards):016x}",
                    "mode": mode,
                    "key": fields["metadata[key]"].decode(),
                    "to": fields["to[name]"].decode(),
                    "fields": fields,
                    "deleted": False,
                    "status": "processed",
                    "send_date": (now + timedelta(minutes=self.hold_minutes)).strftime(
                        "%Y-%m-%dT%H:%M:%S.000Z"
                    ),
                    "expected_delivery_date": "2026-04-09",
                },
            )
        return self._show(card)

    @staticmethod
    def _show(card):
        shown = ("id", "deleted", "status", "send_date", "expected_delivery_date")
        return {"object": "postcard", **{name: card[name] for name in shown}}

    def _get(self, handler):
        mode = self._get_mode(handler)
        url = urlsplit(handler.path)
        query = parse_qs(url.query)
        with self.lock:
            self.requests.append({"method": "GET", "path": handler.path, "mode": mode})
            found = [card for card in self.cards.values() if card["mode"] == mode]
        if mode is None:
            self._refuse(handler, 401, "invalid_api_key", "Not valid")
        elif "metadata[key]" in query:
            if self.list_status != 200:
                self._refuse(handler, self.list_status, "internal_server_error", "No")
                return
            (key,) = query["metadata[key]"]
            found = [self._show(card) for card in found if card["key"] == key]
            self._answer(handler, 200, {"data": found, "object": "list"})
        elif query:
            if self.ping_status != 200:
                self._refuse(handler, self.ping_status, "bad_request", "No")
                return
            self._answer(handler, 200, {"data": [], "object": "list"})
        else:
            ref = url.path.rpartition("/")[2]
            for card in found:
                if card["id"] == ref:
                    reason = {"failure_reason": "The back is too dark"}
                    self._answer(
                        handler,
                        200,
                        {
                            **self._show(card),
                            "status": self.status,
                            "failure_reason": (
                                reason if self.status == "failed" else None
                            ),
                        },
                    )
                    return
            self._refuse(handler, 404, "not_found", "postcard not found")

    def _delete(self, handler):
        ref = urlsplit(handler.path).path.rpartition("/")[2]
        with self.lock:
            self.requests.append({"method": "DELETE", "path": handler.path})
            if self.accepts_cancel:
                for card in self.cards.values():
                    card["deleted"] |= card["id"] == ref
        if self.accepts_cancel:
            self._answer(handler, 200, {"id": ref, "deleted": True})
        else:
            self._refuse(handler, 422, "not_deletable", "It is in production")

    def _refuse(self, handler, status, code, words, headers=()):
        self._answer(
            handler,
            status,
            {"error": {"message": words, "code": code, "status_code": status}},
            headers,
        )

    @staticmethod
    def _answer(handler, status, content, headers=()):
        body = (content if isinstance(content, str) else json.dumps(content)).encode()
        handler.send_response(status)
        for name, value in dict(headers).items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
