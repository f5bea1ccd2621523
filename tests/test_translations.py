"""Whatever a person reads can be translated: the templates name every term."""

from __future__ import annotations

import os

import pytest

from dev import addons, testing, translations
from dev.settings import Settings

pytestmark = pytest.mark.skipif(
    "AUTO_SHOP_VENV" not in os.environ, reason="needs what make test sets up"
)


@pytest.mark.parametrize("name", addons.find(Settings.from_environ({})))
def test_template_is_what_odoo_exports(name):
    workshop = testing.surroundings()
    with testing.scratch_database(
        os.environ["AUTO_SHOP_COMPLETE_TEMPLATE"]
    ) as database:
        exported = translations.export(workshop, database, name)
    kept = translations.file(workshop, name)
    assert kept.exists(), "run make pot"
    assert kept.read_text("utf-8") == exported, f"{kept} is out of date: run make pot"
