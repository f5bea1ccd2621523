# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""The real requests to Twilio against Twilio's published description.

Prism serves the OpenAPI file on loopback and refuses what breaks the contract. The
file is not part of this project: it is looked for in the folder that
AUTO_SHOP_CONTRACTS names, else in ../shared/contracts beside the project.
"""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from datetime import datetime, timezone
from pathlib import Path

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.auto_shop.tests.common_texts import AutoShopTextsCommon
from odoo.addons.auto_shop.tests.fake_twilio import SERVICE_SID
from odoo.addons.auto_shop.tools.twilio_http import TwilioRefusal

PRISM = "5.14.2"
ROOT = Path(__file__).resolve().parents[1]


def find_contract(name):
    named = os.environ.get("AUTO_SHOP_CONTRACTS")
    folders = [named] if named else [ROOT.parent / "shared" / "contracts"]
    for folder in folders:
        if (path := Path(folder, name)).is_file():
            return path
    raise unittest.SkipTest(
        f"{name} is not there: put Twilio's OpenAPI description into a folder and name"
        " it in AUTO_SHOP_CONTRACTS."
    )


def find_prism():
    """Prism's program, installed once into the cache."""
    if not shutil.which("npm") or not shutil.which("node"):
        raise unittest.SkipTest("npm is not there, and with it Prism.")
    data = os.environ.get("AUTO_SHOP_DATA")
    cache = Path(data) if data else Path(tempfile.gettempdir(), "auto_shop_cache")
    folder = cache / f"prism-{PRISM}"
    program = folder / "node_modules" / ".bin" / "prism"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            done = subprocess.run(
                [
                    *("npm", "install", "--no-audit", "--no-fund", "--prefix", folder),
                    f"@stoplight/prism-cli@{PRISM}",
                ],
                capture_output=True,
                text=True,
                timeout=600,
            )
            if done.returncode:
                raise unittest.SkipTest(f"Prism cannot be installed: {done.stderr}")
    return program


@tagged("post_install", "-at_install")
class TestTwilioContract(AutoShopTextsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        contract = find_contract("twilio_api_v2010.json")
        program = find_prism()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        cls.prism_url = f"http://127.0.0.1:{port}"
        cls.prism = subprocess.Popen(
            [program, "mock", contract, "-p", str(port), "-h", "127.0.0.1", "--errors"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        cls.addClassCleanup(cls._stop_prism)
        cls._wait_for_prism(port)

    @classmethod
    def _stop_prism(cls):
        cls.prism.terminate()
        cls.prism.wait(timeout=20)

    @classmethod
    def _wait_for_prism(cls, port):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and cls.prism.poll() is None:
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.2)
        raise AssertionError("Prism does not serve the contract")

    def setUp(self):
        super().setUp()
        params = self.env["ir.config_parameter"]
        params.set_param("auto_shop.twilio_api_base_url", self.prism_url)
        params.set_param("auto_shop.sms_timeout", "60")
        self.company.partner_id.invalidate_recordset()
        self.api = self.company._get_sms_api_class()(self.env)
        self.api._set_company(self.company)
        self.answers = []
        self.line = self.api._get_client().http_client
        pool = self.line._pool
        urlopen = pool.urlopen

        def keep(*args, **kwargs):
            response = urlopen(*args, **kwargs)
            self.answers.append(response)
            return response

        self.patch(pool, "urlopen", keep)

    def _send(self):
        return self.api._send_sms_batch(
            [
                {
                    "content": "Your car is ready 👍",
                    "numbers": [{"number": "+15125560001", "uuid": "a" * 32}],
                }
            ]
        )

    def test_text_from_a_number(self):
        (result,) = self._send()
        self.assertEqual([answer.status for answer in self.answers], [201])
        self.assertEqual(result["state"], "sent")
        self.assertTrue(result["provider_ref"])

    def test_text_from_a_messaging_service(self):
        self.company.twilio_messaging_service_sid = SERVICE_SID
        (result,) = self._send()
        self.assertEqual([answer.status for answer in self.answers], [201])
        self.assertEqual(result["state"], "sent")

    def _assert_request_is_sound(self, answer):
        """The published examples break the published schema (relative addresses in
        fields of format uri), so Prism complains of its own answer. What it says of
        the request is what counts."""
        violations = answer.json().get("validation", [])
        self.assertEqual([v for v in violations if v["location"][0] != "response"], [])
        self.assertTrue(answer.status == 200 or violations, answer.data)

    def test_numbers_of_the_account(self):
        with contextlib.suppress(UserError):  # of Prism's complaint
            self.api._fetch_numbers()
        self._assert_request_is_sound(self.answers[0])

    def test_message_list(self):
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        row = {
            "uuid": "a" * 32,
            "number": "+15125560001",
            "body": "Hello",
            "claimed_at": now,
        }
        self.api._find_sent([row])
        self.assertTrue(self.answers)
        for answer in self.answers:
            self._assert_request_is_sound(answer)

    def test_prism_refuses_what_breaks_the_contract(self):
        """Else the tests above would prove nothing."""
        client = self.api._get_client()
        broken = [
            lambda: client.messages.create(to="+15125560001", send_at="soon"),
            lambda: client.messages.page(page_size=0),
        ]
        for ask in broken:
            with self.subTest(), self.assertRaises(TwilioRefusal):
                ask()
            violations = self.answers[-1].json()["validation"]
            locations = {violation["location"][0] for violation in violations}
            self.assertLessEqual(locations, {"body", "query"})
