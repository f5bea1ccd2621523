# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""What was never sent may be sent again at once; what may have arrived may not."""

import base64
import contextlib
import ipaddress
import os
import socket
import ssl
import struct
import tempfile
import threading
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twilio.base.exceptions import TwilioRestException

from odoo.tests import BaseCase, tagged

from ..tools.twilio_http import (
    TwilioLine,
    TwilioRefusal,
    TwilioSilent,
    TwilioUnreachable,
)

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"


@tagged("post_install", "-at_install")
class TestTwilioHttp(BaseCase):
    def _ask(self, base_url, **kwargs):
        line = TwilioLine(base_url, threads=1, read_timeout=0.5)
        self.addCleanup(line.close)
        kwargs = {"data": {"To": "+15125560001"}, "headers": {}} | kwargs
        return line.request("POST", "https://api.twilio.com/2010/M.json", **kwargs)

    @contextlib.contextmanager
    def _serve(self, *behaviours):
        """A server that treats one connection after the other as it is told; gives its
        port and the list of what it read."""
        heard = []

        def work():
            for behaviour in behaviours:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    behaviour(connection, heard)

        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(5)
            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            yield server.getsockname()[1], heard
        thread.join()

    @staticmethod
    def _read(connection):
        """Head and body of a request, which may come one after the other."""
        heard = connection.recv(65536)
        while b"Content-Length" in heard and b"To=" not in heard:
            heard += connection.recv(65536)
        return heard

    def _answer(self, *parts):
        def behave(connection, heard):
            heard.append(self._read(connection))
            for part in parts:
                connection.sendall(part)

        return behave

    def _reset(self, connection, heard):
        heard.append(self._read(connection))
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def _hang(self, connection, heard):
        heard.append(self._read(connection))
        connection.recv(65536)

    def _hang_up(self, connection, heard):
        """Close before anything was read."""

    def test_never_sent(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        cases = {
            "refused": f"http://127.0.0.1:{port}",
            "name not known": "http://no-such-host.invalid",
            "no port of this world": "http://127.0.0.1:99999",
            "no name": "http://",
            "name of impossible letters": "http://a..b",
            "unknown scheme": "ftp://127.0.0.1",
        }
        for name, base_url in cases.items():
            with self.subTest(name), self.assertRaises(TwilioUnreachable):
                self._ask(base_url)

    def test_never_sent_when_the_connection_takes_too_long(self):
        with (
            socket.create_server(("127.0.0.1", 0), backlog=0) as full,
            patch("odoo.addons.auto_shop.tools.http_line.CONNECT_TIMEOUT", 0.2),
        ):
            waiting = []
            for _index in range(4):
                other = socket.socket()
                self.addCleanup(other.close)
                other.setblocking(False)
                waiting.append(other.connect_ex(full.getsockname()))
            with self.assertRaises(TwilioUnreachable):
                self._ask(f"http://127.0.0.1:{full.getsockname()[1]}")

    def test_never_sent_when_the_other_side_does_not_speak_tls(self):
        for name, behaviour in {
            "plain HTTP": self._answer(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            "silence": self._hang,
            "gone": self._hang_up,
            "reset": self._reset,
        }.items():
            with (
                self.subTest(name),
                patch("odoo.addons.auto_shop.tools.http_line.CONNECT_TIMEOUT", 0.5),
                self._serve(behaviour) as (port, heard),
                self.assertRaises(TwilioUnreachable),
            ):
                self._ask(f"https://127.0.0.1:{port}", auth=("AC1", "token"))
            self.assertNotIn(b"5125560001", b"".join(heard))

    def test_never_sent_through_a_proxy_that_refuses(self):
        with self._serve(
            self._answer(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        ) as (port, heard):
            proxy = {"https_proxy": f"http://shop:secret@127.0.0.1:{port}"}
            with (
                patch.dict(os.environ, proxy),
                self.assertRaises(TwilioUnreachable),
            ):
                self._ask("https://api.twilio.invalid", auth=("AC1", "token"))
        (request,) = heard
        self.assertTrue(request.startswith(b"CONNECT api.twilio.invalid:443"))
        self.assertIn(base64.b64encode(b"shop:secret"), request)
        self.assertNotIn(base64.b64encode(b"AC1:token"), request)

    def test_may_have_arrived(self):
        cases = {
            "no answer": self._hang,
            "reset": self._reset,
            "closed": self._answer(),
            "half an answer": self._answer(ANSWER[:-1]),
            "half a status": self._answer(ANSWER[:10]),
            "no HTTP": self._answer(b"\x00\x01\x02\r\n\r\n"),
        }
        for name, behaviour in cases.items():
            with (
                self.subTest(name),
                self._serve(behaviour) as (port, heard),
                self.assertRaises(TwilioSilent),
            ):
                self._ask(f"http://127.0.0.1:{port}")
            self.assertIn(b"5125560001", heard[0])

    def test_tls(self):
        certificate, key = self._make_certificate()
        trust = {"REQUESTS_CA_BUNDLE": certificate}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

        def over_tls(behaviour):
            def behave(connection, heard):
                # A certificate that is not trusted ends it while hands are shaken.
                with contextlib.suppress(OSError):
                    with context.wrap_socket(connection, server_side=True) as secure:
                        behaviour(secure, heard)

            return behave

        def break_it(secure, heard):
            heard.append(self._read(secure))
            os.write(secure.fileno(), b"no record of TLS")

        with (
            self.subTest("not trusted: never sent"),
            self._serve(over_tls(self._answer(ANSWER))) as (port, heard),
            self.assertRaises(TwilioUnreachable),
        ):
            self._ask(f"https://127.0.0.1:{port}")
        self.assertFalse(heard)
        with (
            self.subTest("trusted"),
            patch.dict(os.environ, trust),
            self._serve(over_tls(self._answer(ANSWER))) as (port, heard),
        ):
            self.assertEqual(self._ask(f"https://127.0.0.1:{port}").status_code, 201)
        with (
            self.subTest("broken after the request: may have arrived"),
            patch.dict(os.environ, trust),
            self._serve(over_tls(break_it)) as (port, heard),
            self.assertRaises(TwilioSilent),
        ):
            self._ask(f"https://127.0.0.1:{port}")
        self.assertIn(b"5125560001", heard[0])

    def _make_certificate(self):
        """:return: paths of a certificate for this machine and its key"""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
        now = datetime.now(timezone.utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(
                x509.SubjectAlternativeName(
                    [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
                ),
                critical=False,
            )
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
        (folder / "key.pem").write_bytes(
            key.private_bytes(
                pem,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return str(folder / "certificate.pem"), str(folder / "key.pem")

    def test_line_is_free_again_after_each_failure(self):
        """The one connection goes back, or the next request would wait for ever."""
        behaviours = (self._hang_up, self._reset, self._answer(ANSWER))
        with self._serve(*behaviours) as (port, _heard):
            line = TwilioLine(f"http://127.0.0.1:{port}", threads=1, read_timeout=0.5)
            self.addCleanup(line.close)
            failures = []
            for _index in range(2):
                try:
                    line.request("POST", "/M.json", data={"To": "1"}, headers={})
                except TwilioSilent as error:
                    failures.append(error)
            self.assertEqual(len(failures), 2)
            answer = line.request("POST", "/M.json", data={"To": "1"}, headers={})
            self.assertEqual(answer.status_code, 201)

    def test_refusals_are_the_sdks_errors(self):
        in_ten_minutes = datetime.now(timezone.utc) + timedelta(minutes=10)
        cases = [
            (b"", '{"code": 21211, "message": "No"}', 21211, "No", 0),
            (b"", '{"code": "21211", "message": 5}', None, None, 0),
            (b"", "<html>", None, None, 0),
            (b"", "[]", None, None, 0),
            (b"Retry-After: 30", "{}", None, None, 30),
            (b"Retry-After: soon", "{}", None, None, 0),
            (b"Retry-After: -5", "{}", None, None, 0),
            (b"Retry-After: 999999999", "{}", None, None, 24 * 3600),
            (b"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT", "{}", None, None, 0),
            (
                b"Retry-After: "
                + format_datetime(in_ten_minutes, usegmt=True).encode(),
                *("{}", None, None, 600),
            ),
        ]
        for header, body, code, message, seconds in cases:
            answer = b"HTTP/1.1 400 Bad Request\r\n%s\r\nContent-Length: %d\r\n\r\n%s"
            answer %= (header or b"X-Nothing: 1", len(body), body.encode())
            with (
                self.subTest(header=header, body=body),
                self._serve(self._answer(answer)) as (port, _heard),
            ):
                with self.assertRaises(TwilioRestException) as caught:
                    self._ask(f"http://127.0.0.1:{port}")
                refusal = caught.exception
                self.assertIsInstance(refusal, TwilioRefusal)
                self.assertEqual(
                    (refusal.status, refusal.code, refusal.msg), (400, code, message)
                )
                self.assertAlmostEqual(refusal.retry_after, seconds, delta=2)

    def test_redirect_is_not_followed(self):
        """It would carry the token to another address."""
        answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n\r\n"
        with self._serve(self._answer(answer)) as (port, _heard):
            with self.assertRaises(TwilioRefusal) as caught:
                self._ask(f"http://127.0.0.1:{port}", auth=("AC1", "token"))
        self.assertEqual(caught.exception.status, 302)
