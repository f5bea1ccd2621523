"""Where things are, and what the user chose (``make run PORT=... DB=... DATA=...``)."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dev.console import Problem

ROOT = Path(__file__).resolve().parent.parent

DEFAULT_PORT = 8069
DEFAULT_DATABASE = "auto_shop"


@dataclass(frozen=True)
class Settings:
    """The choices of one call."""

    data: Path
    port: int = DEFAULT_PORT
    database: str = DEFAULT_DATABASE
    odoo_source: Path | None = None
    root: Path = ROOT
    environ: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], root: Path = ROOT) -> Settings:
        """Read the choices, refusing those that cannot work."""
        port = environ.get("PORT") or str(DEFAULT_PORT)
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise Problem(
                f"PORT={port} is not a port: give a number from 1 to 65535, as in"
                " make run PORT=8070."
            )
        database = environ.get("DB") or DEFAULT_DATABASE
        # Names go into Odoo's --db-filter and into folder names as they are.
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,47}", database):
            raise Problem(
                f"DB={database} is not a name for a database: use up to 48 letters,"
                " digits, - and _, as in make run DB=demo_2."
            )
        data = Path(environ.get("DATA") or root / ".data").expanduser().absolute()
        source = environ.get("ODOO_SOURCE")
        return cls(
            data=data,
            port=int(port),
            database=database,
            odoo_source=Path(source).expanduser().absolute() if source else None,
            root=root,
            environ=environ,
        )

    @property
    def addons(self) -> Path:
        """The folder of the suite's addons."""
        return self.root / "addons"

    @property
    def odoo_conf(self) -> Path:
        """The configuration that local runs and containers share."""
        return self.root / "odoo.conf"

    @property
    def odoo_data(self) -> Path:
        """Odoo's own data folder: file stores and sessions."""
        return self.data / "files"

    @property
    def logs(self) -> Path:
        """The logs of the set-up steps."""
        return self.data / "log"

    def configured(self, option: str) -> str | None:
        """Return a value of odoo.conf, if it is set there."""
        parser = configparser.RawConfigParser()
        parser.read(self.odoo_conf, encoding="utf-8")
        value = parser.get("options", option, fallback="").strip()
        return None if value in ("", "False", "None") else value

    def make_folders(self) -> None:
        """Create the data folder, or say why that cannot be."""
        try:
            for folder in (self.data, self.logs, self.odoo_data):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.data / ".writable"
            probe.touch()
            probe.unlink()
        except (PermissionError, FileExistsError, NotADirectoryError) as error:
            raise Problem(
                f"{self.data} cannot be written ({error.strerror}): name a folder that"
                " you may write, as in make run DATA=~/auto-shop-data."
            ) from error
