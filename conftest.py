"""A warning or error in Odoo's log fails the test that caused it.

``assertLogs`` and ``mute_logger`` keep expected records from getting here.
"""

from __future__ import annotations

import logging

import pytest

from dev.known_log_lines import is_known


class Watch(logging.Handler):
    """Collect the records that nobody expected."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, unless it is known noise."""
        message = record.getMessage()
        if is_known(record.name, message):
            return
        if record.exc_info and record.exc_info[1] is not None:
            message += f" … {record.exc_info[1]!r}"
        self.found.append(f"{record.levelname} {record.name}: {message}"[:2000])

    def take(self) -> list[str]:
        """Return what was collected, and forget it."""
        found, self.found = self.found, []
        return found


WATCH = Watch()
STRAY = pytest.StashKey[list]()


def pytest_configure(config):
    """Listen from the start: importing the addons may log as well."""
    config.stash[STRAY] = []
    logging.getLogger().addHandler(WATCH)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    """Put what was logged between two tests apart."""
    _keep_stray(item.config)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """Fail a set-up that logs (set-up of the class is in it)."""
    return (yield from _judged(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Fail a test that logs."""
    return (yield from _judged(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    """Fail a tear-down that logs."""
    return (yield from _judged(item))


def _judged(item):
    result = yield
    found = WATCH.take()
    if found and item.get_closest_marker("expects_log") is None:
        pytest.fail("Logged, and not expected:\n" + "\n".join(found), pytrace=False)
    return result


def _keep_stray(config):
    config.stash[STRAY] += WATCH.take()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    """Fail the run for what was logged outside of tests."""
    result = yield
    config = session.config
    _keep_stray(config)
    stray = config.stash[STRAY]
    if hasattr(config, "workeroutput"):
        config.workeroutput["stray"] = stray
    elif stray and session.exitstatus in (
        pytest.ExitCode.OK,
        pytest.ExitCode.NO_TESTS_COLLECTED,
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return result


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Take over what a worker process of pytest-xdist collected."""
    node.config.stash[STRAY] += getattr(node, "workeroutput", {}).get("stray", [])


def pytest_terminal_summary(terminalreporter, config):
    """Say what was logged outside of tests."""
    for text in config.stash[STRAY]:
        terminalreporter.write_line(
            f"FAILED outside of tests, logged: {text}", red=True
        )
