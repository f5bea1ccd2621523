# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Requests to a provider against the provider's own published description.

Prism serves the OpenAPI file on loopback and refuses what breaks the contract. The
file is not part of this project: it is looked for in the folder that
AUTO_SHOP_CONTRACTS names, else in ../shared/contracts beside the project.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

PRISM = "5.14.2"
ROOT = Path(__file__).resolve().parents[1]


def find_contract(name):
    named = os.environ.get("AUTO_SHOP_CONTRACTS")
    folders = [named] if named else [ROOT.parent / "shared" / "contracts"]
    for folder in folders:
        if (path := Path(folder, name)).is_file():
            return path
    raise unittest.SkipTest(
        f"{name} is not there: put the provider's OpenAPI description into a folder and"
        " name it in AUTO_SHOP_CONTRACTS."
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


class PrismMixin:
    """A test case of Odoo with a Prism that serves ``contract`` at ``prism_url``."""

    contract = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        contract = cls._mend_contract(find_contract(cls.contract))
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
    def _mend_contract(cls, path):
        """Return the file to serve; a hook for descriptions that Prism cannot read."""
        return path

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

    def _keep_answers(self, pool):
        """Keep what comes back through a pool of connections in ``answers``."""
        self.answers = []
        urlopen = pool.urlopen

        def keep(*args, **kwargs):
            response = urlopen(*args, **kwargs)
            self.answers.append(response)
            return response

        self.patch(pool, "urlopen", keep)
