"""Every failure that a user can mend is one sentence that says how."""

from __future__ import annotations

import ast
import errno
import os
import shutil
import socket
from pathlib import Path

import pytest

from dev import __main__ as entry
from dev import cli, commands, odoo_source, process, store
from dev.console import Problem
from dev.settings import ROOT, Settings

from .tool import call, is_one_sentence, open_folder

NOBODY_LISTENS = "http://127.0.0.1:9"


def failing(monkeypatch, capsys, error: BaseException) -> tuple[int, str]:
    """Return how the tool ends when a command raises."""

    def command(_settings, _arguments):
        raise error

    monkeypatch.setitem(cli.COMMANDS, "run", (command, ""))
    code = cli.main(["run"])
    return code, capsys.readouterr().err


@pytest.fixture(autouse=True)
def _keep_signal_handlers(monkeypatch):
    """The tool's main takes over the signals of its process, which here is pytest's."""
    monkeypatch.setattr(cli.signal, "signal", lambda *_arguments: None)


@pytest.fixture
def fake_odoo(tmp_path) -> Path:
    """What looks like a checkout of Odoo 19, to get past fetching the real one."""
    release = tmp_path / "checkout/odoo/release.py"
    release.parent.mkdir(parents=True)
    release.write_text("version_info = (19, 0, 0, 'final', 0, '')\n")
    return tmp_path / "checkout"


@pytest.mark.parametrize("version", [(2, 7), (3, 9), (3, 14)])
def test_wrong_python_is_named_with_the_right_one(version):
    sentence = entry.python_problem((*version, 1))
    assert is_one_sentence(sentence)
    assert f"Python {version[0]}.{version[1]}" in sentence
    assert "PYTHON=python3.12" in sentence


@pytest.mark.parametrize("version", [(3, 10), (3, 13)])
def test_supported_pythons_are_accepted(version):
    assert entry.python_problem(version) is None


def test_entry_point_can_be_read_by_old_pythons():
    source = Path(entry.__file__).read_text()
    ast.parse(source, feature_version=(3, 4))
    assert 'f"' not in source, "formatted strings came with Python 3.6"


def test_port_taken(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = call("run", PORT=str(port), DATA=str(tmp_path / "data"))
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert f"Port {port} is taken" in result.stderr
    assert not (tmp_path / "data").exists(), "it is said before the set-up begins"


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"PORT": "http"}, "PORT=http is not a port"),
        ({"PORT": "70000"}, "PORT=70000 is not a port"),
        ({"DB": "a b; DROP"}, "is not a name for a database"),
    ],
)
def test_choice_that_cannot_work(choices, said):
    result = call("run", **choices)
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert said in result.stderr


def test_data_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    result = call("shell", DATA=str(tmp_path / "file/data"))
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert "DATA=" in result.stderr


def test_odoo_source_that_is_not_odoo(tmp_path):
    result = call("shell", DATA=str(tmp_path / "d"), ODOO_SOURCE=str(tmp_path))
    assert is_one_sentence(result.stderr)
    assert "is not a checkout of Odoo" in result.stderr


def test_odoo_source_of_another_version(tmp_path, fake_odoo):
    release = fake_odoo / "odoo/release.py"
    release.write_text("version_info = (18, 0, 0, 'final', 0, '')\n")
    result = call("shell", DATA=str(tmp_path / "d"), ODOO_SOURCE=str(fake_odoo))
    assert is_one_sentence(result.stderr)
    assert "is Odoo 18.0.0" in result.stderr


def test_no_network_for_python_packages(tmp_path, fake_odoo):
    result = call(
        "shell",
        DATA=str(tmp_path / "d"),
        ODOO_SOURCE=str(fake_odoo),
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL=f"{NOBODY_LISTENS}/simple",
        PIP_FIND_LINKS="",
        PIP_NO_CACHE_DIR="1",
    )
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert "the network cannot be reached" in result.stderr
    assert not list((tmp_path / "d").glob("venv-*")), "no half made environment stays"


@pytest.mark.skipif(
    not (shutil.which("apt-get") and odoo_source.KEYRING.exists()),
    reason="Odoo comes as a Debian package on Debian only",
)
def test_no_network_for_odoo(tmp_path, monkeypatch):
    settings = Settings(data=tmp_path)
    settings.make_folders()
    monkeypatch.setattr(
        odoo_source, "_mirror", lambda _settings: (f"{NOBODY_LISTENS}/debian", "stable")
    )
    with pytest.raises(Problem) as caught:
        odoo_source.find(settings)
    assert is_one_sentence(str(caught.value))
    assert "the network cannot be reached" in str(caught.value)
    assert not [name for name in os.listdir(tmp_path) if "odoo-" in name]


def test_no_debian_names_the_other_ways(tmp_path, monkeypatch):
    monkeypatch.setattr(odoo_source.shutil, "which", lambda _name: None)
    settings = Settings(data=tmp_path)
    settings.make_folders()
    with pytest.raises(Problem, match="ODOO_SOURCE=.*docker compose up"):
        odoo_source.find(settings)


def test_disk_too_small_is_said_before_the_work(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=5 << 20)
    monkeypatch.setattr(store.shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(Problem, match="has 5 MB left.*DATA="):
        store.build(tmp_path, "x", "1", lambda _place: None)


@pytest.mark.parametrize(
    "said", ["OSError: [Errno 28] No space left on device", "npm ERR! code ENOSPC"]
)
def test_disk_full_in_a_child(said):
    with pytest.raises(Problem, match="the disk is full; .*DATA=/path"):
        process.check(process.Result(1, [said]), "It could not be done", "look.")


def test_disk_full_in_the_tool_itself(monkeypatch, capsys):
    error = OSError(errno.ENOSPC, "No space left on device")
    code, said = failing(monkeypatch, capsys, error)
    assert code == 1
    assert is_one_sentence(said)
    assert "The disk is full" in said


def test_fault_of_the_tool_keeps_its_traceback_in_a_file(monkeypatch, capsys):
    code, said = failing(monkeypatch, capsys, RuntimeError("surprise"))
    assert code == 1
    assert is_one_sentence(said)
    report = Path(said.rsplit(" with ", 1)[1].strip().rstrip("."))
    assert "RuntimeError: surprise" in report.read_text()
    report.unlink()


def test_interrupted_setup_says_that_it_goes_on_later(monkeypatch, capsys):
    def command(_settings, _arguments):
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.COMMANDS, "run", (command, ""))
    assert cli.main(["run"]) == 130
    assert "the next run goes on from there" in capsys.readouterr().out


def test_database_server_that_is_not_there(tmp_path):
    virtual_environment = os.environ.get("AUTO_SHOP_VENV")
    if not virtual_environment:
        pytest.skip("needs the environment that make test sets up")
    with open_folder() as folder:
        result = call(
            "shell",
            DATA=os.environ["AUTO_SHOP_DATA"],
            PGHOST=str(folder),
            PGUSER="odoo",
        )
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert "mend PGHOST" in result.stderr


def test_tests_that_are_not_there():
    result = call("test", T="addons/nothing")
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)


def test_clean_removes_only_data_folders(tmp_path):
    (tmp_path / "precious").touch()
    result = call("clean", DATA=str(tmp_path))
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert (tmp_path / "precious").exists()


def test_every_command_is_in_make_and_in_its_help():
    shown = call("help").stdout
    targets = (
        (ROOT / "Makefile").read_text().split(".PHONY:")[1].splitlines()[0].split()
    )
    assert set(targets) == {*cli.COMMANDS, "help"}
    assert all(f"make {target}" in shown for target in targets)
    assert commands.NO_TESTS == pytest.ExitCode.NO_TESTS_COLLECTED
