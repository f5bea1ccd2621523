# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Real FTP, FTPS and SFTP servers on loopback, which break when they are told to."""

import asyncio
import contextlib
import errno
import ipaddress
import logging
import os
import shutil
import socket
import tempfile
import threading
import warnings
from datetime import datetime, timedelta, timezone
from pathlib import Path

import asyncssh
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

with warnings.catch_warnings():
    # It asks for asyncore on Pythons that still have it, which warns.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.filesystems import AbstractedFS
    from pyftpdlib.handlers import (
        DTPHandler,
        FTPHandler,
        TLS_DTPHandler,
        TLS_FTPHandler,
    )
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

USER = "shop"
PASSWORD = "s3cret/&+ %27ß"

# They tell of every broken connection, which is what is tested.
logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
# This one sets its level itself.
logging.getLogger("pyftpdlib").disabled = True


class Faults:
    """What goes wrong; the tests set it between the runs.

    :ivar cut_after: the connection breaks when so many bytes of a file have come
    :ivar full_after: the disk is full then
    :ivar no_reading: files may be written, not read
    :ivar cut_rename: it renames, and the connection breaks before it says so
    :ivar echo: it repeats the password in the answer that refuses it
    :ivar fetch: the receiver fetches a file as soon as it has its name
    """

    def __init__(self):
        self.cut_after = None
        self.full_after = None
        self.no_reading = False
        self.cut_rename = False
        self.echo = False
        self.fetch = False


class _Server:
    """A folder that is served, and what was done with it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="feed-server-"))
        self.fetched = Path(tempfile.mkdtemp(prefix="feed-fetched-"))
        self.faults = Faults()
        self.logins = []
        self.received = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    def files(self):
        """Return ``{name: content}`` of what is there and what was fetched."""
        return {
            path.name: path.read_bytes()
            for folder in (self.folder, self.fetched)
            for path in folder.iterdir()
            if path.is_file()
        }

    def arrived(self):
        """The same without the parts."""
        return {
            name: content
            for name, content in self.files().items()
            if not name.endswith(".part")
        }

    def fetch(self, path):
        if self.faults.fetch:
            shutil.move(path, self.fetched / Path(path).name)

    def close(self):
        self.stop()
        shutil.rmtree(self.folder)
        shutil.rmtree(self.fetched)


# === FTP ===


def _make_ftp_handler(server, tls):
    faults = server.faults

    class FileSystem(AbstractedFS):
        def open(self, filename, mode):
            if "r" in mode and "+" not in mode and faults.no_reading:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return super().open(filename, mode)

        def rename(self, src, dst):
            result = super().rename(src, dst)
            server.fetch(dst)
            if faults.cut_rename:
                raise asyncio.CancelledError
            return result

    class DataHandler(TLS_DTPHandler if tls else DTPHandler):
        ac_in_buffer_size = 4096

        def handle_read(self):
            size = self.file_obj.tell() if self.file_obj else 0
            if faults.cut_after is not None and size >= faults.cut_after:
                self.file_obj.flush()
                self.cmd_channel.close()
                self.close()
                return
            if faults.full_after is not None and size >= faults.full_after:
                self._resp = ("452 No space left on device.", logging.debug)
                self.close()
                return
            super().handle_read()
            if self.file_obj:
                server.received += self.file_obj.tell() - size

        handle_read_event = handle_read

    class Handler(TLS_FTPHandler if tls else FTPHandler):
        abstracted_fs = FileSystem
        dtp_handler = DataHandler
        authorizer = DummyAuthorizer()
        use_sendfile = False
        auth_failed_timeout = 0

        def ftp_PASS(self, line):
            if faults.echo:
                return self.respond(f"530 Wrong password: {line}")
            return super().ftp_PASS(line)

        def on_login(self, username):
            server.logins.append(username)

        def ftp_RNTO(self, path):
            try:
                return super().ftp_RNTO(path)
            except asyncio.CancelledError:
                self.close()

    Handler.authorizer.add_user(USER, PASSWORD, str(server.folder), perm="elradfmwMT")
    return Handler


class FtpServer(_Server):
    """FTP; with a certificate (paths of PEM files), FTPS that insists on TLS."""

    def __init__(self, certificate=None):
        self.certificate = certificate
        super().__init__()

    def start(self):
        handler = _make_ftp_handler(self, bool(self.certificate))
        if self.certificate:
            handler.certfile, handler.keyfile = map(str, self.certificate)
            handler.tls_control_required = handler.tls_data_required = True
        # Not the loop that all servers share: each has a thread.
        self._server = FTPServer(
            ("127.0.0.1", self.port), handler, ioloop=IOLoop.factory()
        )
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while not self._over.is_set():
            self._server.ioloop.loop(timeout=0.05, blocking=False)
        self._server.close_all()

    def stop(self):
        self._over.set()
        self._thread.join()


class SilentServer:
    """Takes connections and never says a word."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def close(self):
        self._socket.close()


# === SFTP ===


def _make_sftp_factory(server):
    faults = server.faults

    class Files(asyncssh.SFTPServer):
        def __init__(self, channel):
            self._channel = channel
            super().__init__(channel, chroot=str(server.folder))

        def open(self, path, pflags, attrs):
            reads_alone = pflags & asyncssh.FXF_READ and not pflags & asyncssh.FXF_WRITE
            if reads_alone and faults.no_reading:
                raise asyncssh.SFTPPermissionDenied("Not for you")
            return super().open(path, pflags, attrs)

        def write(self, file_obj, offset, data):
            end = offset + len(data)
            if faults.cut_after is not None and end > faults.cut_after:
                self._channel.get_connection().abort()
                raise asyncssh.SFTPConnectionLost("Cut")
            if faults.full_after is not None and end > faults.full_after:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            result = super().write(file_obj, offset, data)
            file_obj.flush()
            server.received += len(data)
            return result

        def rename(self, oldpath, newpath):
            result = super().rename(oldpath, newpath)
            server.fetch(server.folder / os.path.basename(newpath.decode()))
            if faults.cut_rename:
                self._channel.get_connection().abort()
            return result

    return Files


class SftpServer(_Server):
    """SFTP; ``new_key`` gives it another host key."""

    def __init__(self):
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        super().__init__()

    @property
    def fingerprint(self):
        return f"ssh-ed25519 {self.key.get_fingerprint()}"

    def new_key(self):
        self.stop()
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.start()

    def start(self):
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,))
        self._thread.start()
        started.wait()

    def _serve(self, started):
        asyncio.set_event_loop(self._loop)
        server = self

        class Login(asyncssh.SSHServer):
            def begin_auth(self, username):
                return True

            def password_auth_supported(self):
                return True

            def validate_password(self, username, password):
                server.logins.append(username)
                return (username, password) == (USER, PASSWORD)

        async def listen():
            return await asyncssh.listen(
                "127.0.0.1",
                self.port,
                server_host_keys=[self.key],
                server_factory=Login,
                sftp_factory=_make_sftp_factory(self),
                allow_scp=False,
            )

        self._listener = self._loop.run_until_complete(listen())
        started.set()
        self._loop.run_forever()
        self._listener.close()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self):
        await self._listener.wait_closed()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


# === Certificates ===


def make_certificate(folder, name):
    """Make a certificate of its own for a server; return ``(path, path of key)``."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    try:
        alternative = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
