"""docker-compose.yml keeps to the specification, and goes with the rest."""

from __future__ import annotations

import configparser
import re

import pytest
import yaml
from compose_spec import PyCompose

from dev import addons
from dev.settings import ROOT, Settings

FILE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load(FILE.read_text())


def test_keeps_to_the_specification(compose):
    # The reader knows neither YAML's merge keys nor ${NAME:-default}: both are
    # resolved first, as docker compose does.
    resolved = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", yaml.safe_dump(compose))
    names = PyCompose.from_yaml(resolved).service_names()
    assert {"db", "mail", "web", "cron"} <= set(names)


def test_web_can_be_scaled(compose):
    web = compose["services"]["web"]
    assert "ports" not in web, "a fixed port is free for one server only"
    assert "container_name" not in web
    assert "--max-cron-threads=0" in web["command"]


def test_one_service_builds_the_image(compose):
    """Builds of one image side by side fail on a machine that has none yet."""
    services = compose["services"].items()
    own = {name for name, service in services if service.get("image") == "auto-shop"}
    assert {name for name, service in services if "build" in service} == {"setup"}
    assert own == {"setup", "web", "cron"}


def test_packages_of_the_image_go_with_its_odoo():
    """They come before Odoo's own, which do not work with a newer cryptography."""
    lock = (ROOT / "requirements" / "addons.lock").read_text()
    names = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    assert "cryptography" not in names or "pyopenssl" in names


def test_every_addon_is_installed(compose):
    (init,) = (
        part.removeprefix("--init=").split(",")
        for part in compose["services"]["setup"]["command"]
        if part.startswith("--init=")
    )
    suite = addons.find(Settings(data=ROOT / ".data"))
    glue = {"auto_shop_queue_job"}  # needs a module that the image does not have
    assert set(suite) - glue <= set(init)


def test_configuration_is_shared_and_names_no_server(compose):
    mounts = compose["services"]["web"]["volumes"]
    assert any(mount.startswith("./odoo.conf:") for mount in mounts)
    parser = configparser.RawConfigParser()
    parser.read(ROOT / "odoo.conf")
    # The image's start script takes the server from its environment only then.
    assert not parser.has_option("options", "db_host")


def test_locks_name_no_package_index():
    for lock in [ROOT / "requirements.lock", *ROOT.glob("requirements/*.lock")]:
        assert "://" not in lock.read_text(), lock
