# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""An outside CRM on loopback: takes events, checks signatures, and misbehaves."""

import json
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

from ..tools.webhook import sign

SECRET = "correct horse battery staple"


@dataclass
class FakeCrm:
    """``behave`` is a list of what to do with the next requests, then all is well.

    A number is the status to answer with, ``(status, headers)`` adds headers,
    ``hang`` answers too late, ``drop`` closes the connection, ``garbage`` answers
    something that is not HTTP.
    """

    url: str = ""
    secret: str = SECRET
    behave: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def events(self):
        """Each event once, in the order of arrival, as a receiver should take them."""
        taken = {}
        for request in self.requests:
            if request["status"] == 200:
                taken.setdefault(request["id"], request["payload"]["event"])
        return list(taken.values())


class _Server(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True


def _handler(crm):
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                todo = crm.behave.pop(0) if crm.behave else 200
            timestamp = self.headers["X-Auto-Shop-Timestamp"]
            request = {
                "path": self.path,
                "id": self.headers["X-Auto-Shop-Event-Id"],
                "headers": dict(self.headers),
                "payload": json.loads(body),
                "signed": self.headers["X-Auto-Shop-Signature"]
                == sign(crm.secret, timestamp, body),
                "timestamp": timestamp,
                "status": todo[0] if isinstance(todo, tuple) else todo,
            }
            with lock:
                crm.requests.append(request)
            if todo == "hang":
                crm.released.wait(30)
                return
            if todo == "drop":
                return
            if todo == "garbage":
                self.wfile.write(b"hello there\r\n\r\n")
                return
            status, headers = todo if isinstance(todo, tuple) else (todo, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            # What the other side writes must not show up anywhere.
            self.wfile.write(b"the secret of the other side")

        def log_message(self, *args):
            """Say nothing: the test asserts what arrived."""

    return Handler


@contextmanager
def fake_crm():
    crm = FakeCrm()
    with _Server(("127.0.0.1", 0), _handler(crm)) as server:
        crm.url = f"http://127.0.0.1:{server.server_port}/hook?key=hidden"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield crm
        finally:
            crm.released.set()
            server.shutdown()
            thread.join()
