"""Several runs share one database server; the last one out stops it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dev import postgres
from dev.console import Problem
from dev.python_env import PythonEnv
from dev.settings import ROOT, Settings

from .tool import environ, open_folder

USER = """
import sys
from pathlib import Path
from dev import postgres
from dev.python_env import PythonEnv
from dev.settings import Settings
settings = Settings(data=Path(sys.argv[1]))
settings.make_folders()
with postgres.serving(settings, PythonEnv(Path(sys.argv[2]))) as server:
    print("up", server.sql("SELECT current_user")[0][0], flush=True)
    sys.stdin.readline()
"""

pytestmark = pytest.mark.skipif(
    "AUTO_SHOP_VENV" not in os.environ, reason="needs what make test sets up"
)


@pytest.fixture
def data():
    with open_folder() as folder:
        yield folder


@contextlib.contextmanager
def user_of(data: Path):
    """A process that needs the server until a line is written to it."""
    with subprocess.Popen(
        [sys.executable, "-c", USER, data, os.environ["AUTO_SHOP_VENV"]],
        cwd=ROOT,
        env=environ(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout:
            if line.startswith("up"):
                assert line.split()[1] == postgres.ROLE
                break
        else:
            pytest.fail("the server did not start")
        yield process


def leave(process: subprocess.Popen) -> str:
    out, _err = process.communicate("\n", timeout=60)
    assert process.returncode == 0
    return out


def is_up(data: Path) -> bool:
    return (data / "pg/cluster/postmaster.pid").exists()


def test_last_one_out_stops_the_server(data):
    with user_of(data) as first, user_of(data) as second:
        leave(first)
        assert is_up(data), "the second one still needs it"
        leave(second)
        assert not is_up(data)


def test_after_a_kill_the_next_one_takes_over_and_stops_it(data):
    with user_of(data) as killed:
        killed.kill()
        killed.wait()
    assert is_up(data)
    with user_of(data) as later:
        leave(later)
    assert not is_up(data)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")
def test_folder_that_the_server_cannot_enter_is_named(data):
    (data / "closed").mkdir(mode=0o700)
    settings = Settings(data=data / "closed/data")
    settings.make_folders()
    env = PythonEnv(Path(os.environ["AUTO_SHOP_VENV"]))
    with pytest.raises(Problem, match="has no way into .*DATA="):
        with postgres.Cluster(settings, env).running():
            pass


def test_deep_folder_gets_its_socket_elsewhere(tmp_path):
    settings = Settings(data=tmp_path / ("d" * 60) / ("e" * 60))
    cluster = postgres.Cluster(settings, PythonEnv(tmp_path))
    path = f"{cluster.sockets}/.s.PGSQL.{postgres.PORT}"
    assert len(path) <= postgres.SOCKET_LIMIT


def test_named_server_is_used_as_it_is(tmp_path):
    named = {"PGHOST": "db.example", "PGUSER": "shop", "PGPASSWORD": "x"}
    settings = Settings(data=tmp_path, environ=named)
    assert postgres._named_server(settings) == named


def test_server_named_in_odoo_conf_is_used(tmp_path):
    (tmp_path / "odoo.conf").write_text("[options]\ndb_host = db\ndb_user = shop\n")
    settings = Settings(data=tmp_path, root=tmp_path)
    assert postgres._named_server(settings) == {"PGHOST": "db", "PGUSER": "shop"}


@pytest.mark.parametrize("text", ["it's", 'a"b', "plain"])
def test_quoting(text):
    assert postgres.literal(text).count("'") % 2 == 0
    assert postgres.identifier(text).count('"') % 2 == 0
