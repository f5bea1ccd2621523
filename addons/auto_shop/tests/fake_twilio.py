# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""A Twilio on loopback that answers as it is told, one behaviour a request."""

import json
import threading
import time
from collections import defaultdict, deque
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
OTHER_ACCOUNT_SID = "AC" + "fedcba9876543210" * 2
SERVICE_SID = "MG" + "0123456789abcdef" * 2
TOKEN = "twilio-test-token"
SHOP_NUMBER = "+15125550100"


class FakeTwilio:
    """`behaviours[number]` is a queue of what happens to the next requests:

    `ok` (default), `busy` (429), `busy:<seconds>` (Retry-After), `down` (503), `error`
    (500), `error_taken` (500, yet the text is taken), `21610` and other codes (400),
    `garbage` (2xx without sense, text taken), `hang` (no answer), `hang_taken`,
    `close` (connection closed), `close_taken`.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.behaviours = defaultdict(deque)
        self.requests = []
        self.messages = []
        self.list_status = 200
        self.list_answer = None  # instead of what is known
        self.page_size = None
        self.numbers = [SHOP_NUMBER]
        self.side_by_side = 0
        self._at_work = 0
        self.delay = 0
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5  # an idle connection keeps a thread

            def do_POST(self):
                fake._post(self)

            def do_GET(self):
                fake._get(self)

            def log_message(self, *args):
                """The test asserts on `requests`; nothing for the console."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                """A client that gave up waiting is part of the play."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def bodies(self, number):
        """The texts that customers with this number would have on their phone."""
        return [m["body"] for m in self.messages if m["to"] == number]

    def _post(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        raw = handler.rfile.read(length).decode()
        if len(raw) < length:
            # Its sender was killed in the middle: no request.
            handler.close_connection = True
            return
        data = {key: values[0] for key, values in parse_qs(raw).items()}
        with self.lock:
            self._at_work += 1
            self.side_by_side = max(self.side_by_side, self._at_work)
            queue = self.behaviours[data.get("To")]
            behaviour = queue.popleft() if queue else "ok"
            self.requests.append(
                {
                    "path": handler.path,
                    "auth": handler.headers.get("Authorization"),
                    "data": data,
                    "behaviour": behaviour,
                }
            )
        if self.delay:
            time.sleep(self.delay)
        try:
            self._behave(handler, behaviour, data)
        finally:
            with self.lock:
                self._at_work -= 1

    def _behave(self, handler, behaviour, data):
        kind, _colon, argument = behaviour.partition(":")
        if kind in ("ok", "garbage") or kind.endswith("_taken"):
            message = self._take(handler, data)
        kind = kind.removesuffix("_taken")
        if kind == "ok":
            self._answer(handler, 201, message)
        elif kind == "busy":
            self._answer(
                handler,
                429,
                {"code": 20429, "message": "Too Many Requests"},
                {"Retry-After": argument} if argument else {},
            )
        elif kind == "down":
            self._answer(handler, 503, {"code": 20503, "message": "Down"})
        elif kind == "error":
            self._answer(handler, 500, "<html>Internal error</html>")
        elif kind == "garbage":
            self._answer(handler, 201, "<html>It worked")
        elif kind == "hang":
            time.sleep(3)
            handler.close_connection = True
        elif kind == "close":
            handler.close_connection = True
            handler.connection.close()
        else:
            self._answer(
                handler,
                400,
                {"code": int(kind), "message": f"Error {kind}", "status": 400},
            )

    def _take(self, handler, data):
        with self.lock:
            message = {
                "sid": f"SM{len(self.messages):032x}",
                "to": data.get("To"),
                "from": data.get("From"),
                "messaging_service_sid": data.get("MessagingServiceSid"),
                "body": data.get("Body"),
                "status": "queued",
                "direction": "outbound-api",
                "date_created": formatdate(usegmt=True),
                "date_sent": None,
                "error_code": None,
                "error_message": None,
            }
            self.messages.append(message)
        return message

    def _get(self, handler):
        query = parse_qs(urlsplit(handler.path).query)
        request = {"path": handler.path, "auth": handler.headers.get("Authorization")}
        if "/IncomingPhoneNumbers.json" in handler.path:
            name = "incoming_phone_numbers"
            found = [{"phone_number": number} for number in self.numbers]
            self.requests.append({**request, "behaviour": "numbers"})
        else:
            name = "messages"
            with self.lock:
                self.requests.append({**request, "behaviour": "list"})
                found = [
                    message
                    for message in self.messages
                    if message["to"] == query["To"][0]
                    and ("From" not in query or message["from"] == query["From"][0])
                ]
        if self.list_status != 200:
            self._answer(handler, self.list_status, {"code": 20500})
        elif self.list_answer is not None:
            self._answer(handler, 200, self.list_answer)
        else:
            self._answer(handler, 200, self._get_page(handler, query, name, found))

    def _get_page(self, handler, query, name, found):
        size = self.page_size or len(found)
        page = int(query.get("Page", ["0"])[-1])
        more = (page + 1) * size < len(found)
        separator = "&" if urlsplit(handler.path).query else "?"
        return {
            name: found[page * size : (page + 1) * size],
            "page": page,
            "next_page_uri": f"{handler.path}{separator}Page={page + 1}"
            if more
            else None,
        }

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
