"""make run, really: it serves, and Ctrl-C leaves nothing behind."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from dev import addons, testing
from dev.settings import ROOT

from .tool import environ

pytestmark = pytest.mark.skipif(
    "AUTO_SHOP_VENV" not in os.environ, reason="needs what make test sets up"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def database():
    """A database that make run finds up to date, so that it only has to serve it."""
    workshop = testing.surroundings()
    name = f"{testing.CLONE}{os.environ['AUTO_SHOP_RUN']}_{secrets.token_hex(4)}"
    workshop.clone(os.environ["AUTO_SHOP_SUITE_TEMPLATE"], name)
    suite = addons.find(workshop.settings)
    # What only joins the suite to an addon of others is not installed without that.
    installed = addons.without_glue(suite)
    sources = {addon.name: addon.digest() for addon in installed.values()}
    workshop.remember_sources(name, {**sources, "odoo": workshop.odoo.version})
    yield name
    workshop.drop(name)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_it_is_stopped(database, how):
    port = free_port()
    choices = environ(PORT=str(port), DB=database, DATA=os.environ["AUTO_SHOP_DATA"])
    if not os.environ["PGHOST"].startswith(os.environ["AUTO_SHOP_DATA"]):
        choices.update((n, v) for n, v in os.environ.items() if n.startswith("PG"))
    with subprocess.Popen(
        [sys.executable, "-m", "dev", "run"],
        cwd=ROOT,
        env=choices,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("==> Ready"):
                break
        else:
            pytest.fail("it did not get ready:\n" + "".join(said))
        children = children_of(process.pid)
        url = f"http://127.0.0.1:{port}/web/login"
        with urllib.request.urlopen(url, timeout=30) as answer:
            assert b"login" in answer.read()
        # The link of a text leads here, whoever logs in first.
        assert address_of(database) == f"http://127.0.0.1:{port}"
        process.send_signal(how)
        rest, _none = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "==> Stopped" in rest
    assert "Updating the database" not in "".join(said)
    assert "Traceback" not in rest
    assert children and not any(Path("/proc", str(pid)).exists() for pid in children)


def test_leaves_an_address_that_others_reach(database):
    workshop = testing.surroundings()
    for known, expected in (
        ("http://localhost:8069", "http://127.0.0.1:8070"),
        ("https://shop.example.com", "https://shop.example.com"),
        ("http://localhost.example.com", "http://localhost.example.com"),
    ):
        workshop.server.sql(
            f"UPDATE ir_config_parameter SET value = '{known}'"
            " WHERE key = 'web.base.url'",
            database,
        )
        workshop.set_address(database, "http://127.0.0.1:8070")
        assert address_of(database) == expected


def address_of(database: str) -> str:
    [[url]] = testing.surroundings().server.sql(
        "SELECT value FROM ir_config_parameter WHERE key = 'web.base.url'", database
    )
    return url


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]
