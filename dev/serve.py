"""Serving a database until somebody says stop."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from dev import process
from dev.console import Problem, say
from dev.database import Workshop

HOST = "127.0.0.1"
PATIENCE = 30.0  # seconds for requests that are under way when the server is stopped


def require_port(port: int) -> None:
    """Refuse a port that cannot be listened on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the server does, or a port that was just left would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise Problem(
                    f"Port {port} is only for root: choose one above 1023, as in"
                    " make run PORT=8070."
                ) from error
            raise Problem(
                f"Port {port} is taken by another program: stop that one, or choose"
                f" another, as in make run PORT={8070 if port == 65535 else port + 1}."
            ) from error


def serve(workshop: Workshop) -> int:
    """Run the server in the foreground; Ctrl-C is the normal way out."""
    settings = workshop.settings
    url = f"http://{HOST}:{settings.port}"
    say(f"==> Serving the database {settings.database} on {url} (Ctrl-C stops it)")
    workshop.set_address(settings.database, url)
    command = workshop.odoo_command(
        settings.database,
        f"--db-filter=^{settings.database}$",
        f"--http-interface={HOST}",
        f"--http-port={settings.port}",
    )
    with process.child(
        command, env=workshop.server.environ, cwd=settings.root
    ) as server:
        watch = threading.Thread(target=_announce, args=(server, url), daemon=True)
        watch.start()
        try:
            code = server.wait()
        except KeyboardInterrupt:
            _stop(server)
            say("==> Stopped")
            return 0
    raise Problem(
        f"The server ended by itself with code {code}, as its last lines above say:"
        " mend that and run this again."
    )


@contextlib.contextmanager
def serving(workshop: Workshop) -> Iterator[str]:
    """Serve the database on a free port for the time of the block; give its URL."""
    settings = workshop.settings
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    command = workshop.odoo_command(
        settings.database,
        f"--db-filter=^{settings.database}$",
        f"--http-interface={HOST}",
        f"--http-port={port}",
        f"--logfile={settings.logs / f'serve-{settings.database}.log'}",
    )
    with process.child(
        command, env=workshop.server.environ, cwd=settings.root
    ) as server:
        url = f"http://{HOST}:{port}"
        _announce(server, url)
        if server.poll() is not None:
            raise Problem(f"The server ended by itself with code {server.poll()}.")
        try:
            yield url
        finally:
            _stop(server)


def _stop(server: subprocess.Popen) -> None:
    """Let the server finish what it does; a second Ctrl-C ends it at once."""
    say("==> Stopping the server (Ctrl-C again ends it at once)")
    try:
        server.send_signal(signal.SIGINT)
        server.wait(PATIENCE)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        server.kill()


def _announce(server: subprocess.Popen, url: str) -> None:
    """Say when the server answers, and how to get in."""
    while server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/web/health", timeout=5):
                say(f"==> Ready: {url} (user admin, password admin)")
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
