"""Odoo's log is read as Odoo writes it."""

from __future__ import annotations

import re

import pytest

from dev import known_log_lines, odoo_log

LOG = """\
Running as user 'root' is a security risk.
2026-03-01 10:00:00,001 77 INFO db odoo.modules.loading: Loading module base (1/2)
2026-03-01 10:00:00,002 77 WARNING db odoo.fields: Field a.b: strange
2026-03-01 10:00:00,003 77 ERROR ? odoo.registry: Failed to load
Traceback (most recent call last):
  File "x.py", line 1, in <module>
ValueError: no
2026-03-01 10:00:00,004 77 INFO db odoo.registry: WARNING is a word here
""".splitlines()


def test_warnings_and_errors_are_found_with_their_traceback():
    warning, error = odoo_log.serious(LOG)
    assert (warning.level, warning.logger) == ("WARNING", "odoo.fields")
    assert warning.text == "Field a.b: strange"
    assert error.text.endswith("ValueError: no")
    assert str(error) == "ERROR odoo.registry: Failed to load … ValueError: no"


def test_traceback_before_the_log_begins_is_an_error():
    (record,) = odoo_log.serious(["Traceback (most recent call last):"])
    assert record.level == "ERROR"


def test_known_noise_is_left_out(monkeypatch):
    known = ((r"odoo\.fields: Field a\.b", "because"),)
    monkeypatch.setattr(known_log_lines, "KNOWN", known)
    assert [record.level for record in odoo_log.serious(LOG)] == ["ERROR"]


@pytest.mark.parametrize(("pattern", "reason"), known_log_lines.KNOWN)
def test_known_noise_has_a_reason_and_names_its_logger(pattern, reason):
    assert re.compile(pattern)
    assert len(reason) > 20
    assert not re.match(pattern, "odoo.addons.auto_shop.models.x: anything")
