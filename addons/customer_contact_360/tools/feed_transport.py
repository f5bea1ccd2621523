# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Bring one file to a server, whole or not at all, by FTP, FTPS or SFTP.

Nothing here knows records. What goes wrong is a :class:`FeedTransferError` with a
code; words for people are made elsewhere, and no error holds the password.
"""

import base64
import contextlib
import ftplib
import hashlib
import logging
import posixpath
import socket
import ssl
import time
import urllib.parse

import paramiko
from fsspec.implementations.ftp import FTPFileSystem
from fsspec.implementations.sftp import SFTPFileSystem

BLOCK = 1 << 16
# So much at the end of a part is read back before going on after it.
TAIL = 1 << 16
# One try may last so long (seconds): workers have a limit, and the rest goes with the
# next try.
SLICE = 45
TIMEOUT = 20
# What the shop itself must put right; trying again alone will not help.
NEEDS_PERSON = {
    "login",
    "host",
    "host_key",
    "host_key_missing",
    "certificate",
    "certificate_invalid",
    "directory",
    "refused",
    "file_gone",
    "no_delivery",
}
# Whatever else is raised is a mistake of ours.
FAILURES = (
    OSError,
    EOFError,
    UnicodeError,
    ftplib.Error,
    paramiko.SSHException,
    paramiko.SFTPError,
)
# The first that fits counts.
_CODES = [
    (paramiko.AuthenticationException, "login"),
    (ssl.SSLCertVerificationError, "certificate"),
    (TimeoutError, "timeout"),
    ((socket.gaierror, UnicodeError), "host"),
    (ConnectionRefusedError, "unreachable"),
    ((ConnectionError, EOFError, ssl.SSLEOFError), "interrupted"),
    ((paramiko.SSHException, ssl.SSLZeroReturnError), "interrupted"),
    (ssl.SSLError, "tls"),
    # SFTP says so only where a directory was looked for.
    ((FileNotFoundError, NotADirectoryError, paramiko.SFTPError), "directory"),
    (PermissionError, "refused"),
]
DISK_FULL_REPLIES = ("452", "552")
_ssh_logger = logging.getLogger(f"{__name__}.ssh")
# It tells of each failure itself, with a traceback. We tell by our own error.
_ssh_logger.setLevel(logging.CRITICAL)


class FeedTransferError(Exception):
    """A transfer did not succeed.

    :ivar code: which way; see ``NEEDS_PERSON``, and ``unreachable``, ``timeout``,
        ``interrupted``, ``disk_full``, ``incomplete``, ``tls``, ``paused``,
        ``claim_lost``, ``protocol``
    :ivar detail: what the server said, without the password
    """

    def __init__(self, code, detail=""):
        super().__init__(code)
        self.code = code
        self.detail = detail

    @property
    def needs_person(self):
        return self.code in NEEDS_PERSON


def scrub(text, *secrets):
    """Return a text in one line, short, and without any of the secrets."""
    text = " ".join(str(text).split())
    for secret in filter(None, secrets):
        forms = {
            secret,
            urllib.parse.quote(secret, safe=""),
            urllib.parse.quote_plus(secret),
            base64.b64encode(secret.encode()).decode(),
            repr(secret)[1:-1],
            " ".join(secret.split()),
        }
        for form in sorted(filter(None, forms), key=len, reverse=True):
            text = text.replace(form, "•••")
    return text[:200]


@contextlib.contextmanager
def told_apart(password):
    """Turn whatever goes wrong inside into a FeedTransferError."""
    try:
        yield
    except FeedTransferError:
        raise
    except FAILURES as error:
        failure = FeedTransferError(_get_code(error), scrub(error, password))
    else:
        return
    # Not from the error itself: it may hold what must not be told.
    raise failure from None


def _get_code(error):
    if isinstance(error, ftplib.Error):
        return _get_reply_code(str(error)[:3], error)
    if _is_disk_full(error):
        return "disk_full"
    if isinstance(error, paramiko.SSHException) and "timeout" in str(error).lower():
        return "timeout"
    for kinds, code in _CODES:
        if isinstance(error, kinds):
            return code
    # Unreachable networks and hosts have a number; a refusal by SFTP has none.
    return "unreachable" if getattr(error, "errno", None) else "refused"


def _get_reply_code(reply, error):
    if reply == "530":
        return "login"
    if reply in DISK_FULL_REPLIES or _is_disk_full(error):
        return "disk_full"
    lasting = isinstance(error, ftplib.error_perm)
    return "refused" if lasting else "interrupted"


def _is_disk_full(error):
    text = str(error).lower()
    return any(word in text for word in ("no space", "disk full", "quota", "enospc"))


class _LenientSSLSocket(ssl.SSLSocket):
    """Some servers hang up without taking leave. Their reply says how it went."""

    def unwrap(self):
        with contextlib.suppress(OSError):
            return super().unwrap()
        return self


class _ReusingFTPTLS(ftplib.FTP_TLS):
    """Data connections go on with the TLS session of the first one.

    Many servers refuse the data otherwise, so that nobody else can take it over.
    """

    def ntransfercmd(self, cmd, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            conn = self.context.wrap_socket(
                conn, server_hostname=self.host, session=self.sock.session
            )
        return conn, size


class FeedFTP(FTPFileSystem):
    """FTP, or FTPS (explicit TLS) with a certificate that is verified.

    :param tls_context: an ``ssl.SSLContext``, None for plain FTP
    """

    def __init__(self, host, *, passive=True, tls_context=None, **options):
        self.ftp = self._directory = None
        self._tls_context = tls_context
        self._passive = passive
        super().__init__(host, **options)

    def _connect(self):
        if self._tls_context:
            self.ftp = _ReusingFTPTLS(
                context=self._tls_context, timeout=self.timeout, encoding=self.encoding
            )
        else:
            self.ftp = ftplib.FTP(timeout=self.timeout, encoding=self.encoding)
        self.ftp.set_pasv(self._passive)
        try:
            self.ftp.connect(self.host, self.port)
            if self._tls_context:
                self._begin_tls()
            self.ftp.login(*self.cred)
            if self._tls_context:
                self.ftp.prot_p()
        except BaseException:
            self.drop()
            raise

    def _begin_tls(self):
        """Before the password is sent, which never goes in the clear."""
        try:
            self.ftp.auth()
        except ftplib.Error as error:
            raise FeedTransferError("tls", scrub(error)) from None

    def __del__(self):
        self.drop()

    def close(self):
        ftp, self.ftp = self.ftp, None
        if ftp:
            with contextlib.suppress(OSError, EOFError, ftplib.Error):
                ftp.quit()
            ftp.close()

    def drop(self):
        """Close without a word, as after a failure."""
        ftp, self.ftp = self.ftp, None
        if ftp:
            ftp.close()

    def enter(self, directory):
        """Go where the files belong; names are relative to it from then on."""
        self._directory = directory
        if directory:
            try:
                self.ftp.cwd(directory)
            except ftplib.error_perm as error:
                raise FileNotFoundError(str(error)) from None
        self.ftp.voidcmd("TYPE I")

    def file_size(self, name):
        """Return the size, None when there is no such file, -1 when none can tell."""
        try:
            return self.ftp.size(name)
        except ftplib.error_perm as error:
            if str(error)[:3] == "550":
                return None
        try:
            return -1 if name in map(posixpath.basename, self.ftp.nlst()) else None
        except ftplib.error_perm as error:
            # So it is said of an empty directory.
            if str(error)[:3] == "550":
                return None
            raise

    def read_from(self, name, offset):
        """Return what a file holds from an offset on.

        :raise PermissionError: this user may not read
        """
        blocks = []
        try:
            self.ftp.retrbinary(f"RETR {name}", blocks.append, BLOCK, rest=offset)
        except ftplib.error_perm as error:
            # Some servers are out of step after a refusal: begin again.
            self.drop()
            self._connect()
            self.enter(self._directory)
            raise PermissionError(str(error)) from None
        return b"".join(blocks)

    def write_from(self, name, offset, file):
        try:
            self.ftp.storbinary(f"STOR {name}", file, BLOCK, rest=offset or None)
        except (ConnectionError, ssl.SSLError):
            # Who takes no more hangs up on the data, and says why on the other line.
            with contextlib.suppress(OSError, EOFError):
                self.ftp.voidresp()
            raise

    def rename_new(self, name, new_name):
        self.ftp.rename(name, new_name)


class FeedSFTP(SFTPFileSystem):
    """SFTP to the one server whose key is known.

    :param host_key: as :func:`describe_key` makes it; None: stop before the password
        is sent, and leave the key in ``seen_key``
    """

    cachable = False

    def __init__(self, host, *, port, username, password, host_key, timeout=TIMEOUT):
        self.client = self.ftp = None
        self._host_key = host_key
        self.timeout = timeout
        super().__init__(host, port=port, username=username, password=password)

    def _connect(self):
        try:
            self._log_in(self.ssh_kwargs)
        except BaseException:
            self.drop()
            raise

    def _log_in(self, options):
        sock = socket.create_connection((self.host, options["port"]), self.timeout)
        self.client = paramiko.Transport(sock)
        self.client.set_log_channel(_ssh_logger.name)
        self.client.auth_timeout = self.timeout
        # Ours is the shorter one: it is told apart from a server that hangs up.
        self.client.banner_timeout = self.timeout * 2
        if self._host_key:
            self._ask_for_key_type(self._host_key.split()[0])
        self.client.start_client(timeout=self.timeout)
        if not self.client.initial_kex_done:
            raise TimeoutError
        seen = describe_key(self.client.get_remote_server_key())
        if self._host_key != seen:
            raise FeedTransferError(
                "host_key" if self._host_key else "host_key_missing", seen
            )
        self.client.auth_password(options["username"], options["password"] or "")
        self.ftp = self.client.open_sftp_client()
        self.ftp.get_channel().settimeout(self.timeout)

    def _ask_for_key_type(self, name):
        """A server may have keys of several types: ask for the one that is known."""
        security = self.client.get_security_options()
        kinds = [
            kind
            for kind in security.key_types
            if kind == name or (name == "ssh-rsa" and kind.startswith("rsa-sha2-"))
        ]
        if kinds:
            security.key_types = kinds

    def __del__(self):
        self.drop()

    def close(self):
        self.drop()

    def drop(self):
        client, self.client = self.client, None
        if client:
            client.close()

    def enter(self, directory):
        self.ftp.chdir(directory or ".")

    def file_size(self, name):
        try:
            return self.ftp.stat(name).st_size
        except FileNotFoundError:
            return None

    def read_from(self, name, offset):
        with self.ftp.open(name, "rb") as remote:
            remote.seek(offset)
            return remote.read()

    def write_from(self, name, offset, file):
        with self.ftp.open(name, "r+b" if offset else "wb") as remote:
            remote.seek(offset)
            # Blocks are sent without waiting for the answer to the one before. With
            # the last one all answers are waited for: none that says no is missed.
            remote.set_pipelined(True)
            block = file.read(BLOCK // 2)
            while block:
                following = file.read(BLOCK // 2)
                remote.set_pipelined(bool(following))
                remote.write(block)
                block = following

    def rename_new(self, name, new_name):
        # The plain one, which refuses to overwrite.
        self.ftp.rename(name, new_name)


def describe_key(key):
    """Return type and fingerprint of a host key, as ssh-keygen -l shows it."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode()
    return f"{key.get_name()} SHA256:{digest.rstrip('=')}"


def get_tls_context(certificate=None):
    """Return the context of FTPS: host name and certificate are checked.

    :param certificate: PEM of the server, or of who signed for it
    :raise FeedTransferError: ``certificate_invalid``
    """
    context = ssl.create_default_context()
    context.sslsocket_class = _LenientSSLSocket
    if certificate:
        # The server's own certificate will do, whoever signed it.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            context.load_verify_locations(cadata=certificate)
        except (ssl.SSLError, ValueError):
            raise FeedTransferError("certificate_invalid") from None
    return context


class _Slice:
    """A file from an offset on, read until time is up."""

    def __init__(self, file, offset, until):
        self._file = file
        self._until = until
        file.seek(offset)

    def read(self, size):  # pylint: disable=method-required-super
        if time.monotonic() > self._until:
            raise FeedTransferError("paused")
        return self._file.read(size)


def deliver(server, parcel, on_complete, seconds=SLICE):
    """Bring a file to its final name on a server.

    It is written under the name of its part, at which a later try goes on, and
    renamed when it is whole. A final name that is taken is not overwritten: the file
    gets the next free one.

    :param server: a ``FeedFTP``, ``FeedSFTP`` or another one with their methods, in
        the right directory
    :param dict parcel: ``file``, ``size``, ``name``, ``part``; ``is_complete``: an
        earlier try had it all there and was about to rename
    :param on_complete: called with the final name before the part is renamed
    :return: ``{"state": "sent"}``, or ``unknown`` when an earlier try may have got
        to the end and nothing of the file is there any more
    """
    file, size, part = parcel["file"], parcel["size"], parcel["part"]
    offset = server.file_size(part)
    if parcel["is_complete"] and offset is None:
        # The renaming got through, or else somebody took the part away.
        if server.file_size(parcel["name"]) in (size, -1):
            return {"state": "sent"}
        return {"state": "unknown"}
    if not _is_beginning(server, part, offset, file, size):
        offset = 0
    if offset != size:
        server.write_from(
            part, offset, _Slice(file, offset, time.monotonic() + seconds)
        )
    arrived = server.file_size(part)
    if arrived not in (size, -1):
        raise FeedTransferError("incomplete", f"{arrived} / {size}")
    name = _get_free_name(server, parcel["name"])
    on_complete(name)
    server.rename_new(part, name)
    return {"state": "sent"}


def _is_beginning(server, part, offset, file, size):
    """Whether what is on the server is the beginning of the file.

    Its end is read back; where that is not possible, it is no beginning.
    """
    if not offset or not 0 < offset <= size:
        return False
    start = max(0, offset - TAIL)
    file.seek(start)
    try:
        return server.read_from(part, start) == file.read(offset - start)
    except PermissionError:
        return False


def _get_free_name(server, name):
    stem, dot, ending = name.rpartition(".")
    number, free = 1, name
    while server.file_size(free) is not None:
        number += 1
        free = f"{stem}-{number}{dot}{ending}" if dot else f"{name}-{number}"
    return free
