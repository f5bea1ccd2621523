# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import hashlib

BLOCK = 1 << 18


class FeedWriter:
    """Takes the lines of a feed as PostgreSQL hands them over, and writes the file.

    Lines come in UTF-8 and end in LF; they go out in the characters and with the ends
    of line that the receiver wants. Memory stays the same however long the file is.

    :ivar size: bytes written
    :ivar sha1: of the file, hexadecimal, once it is finished
    :ivar sha256: the same
    """

    def __init__(self, file, encoding="utf-8", line_end="\r\n"):
        self._file = file
        self._encoding = encoding
        self._line_end = line_end.encode()
        self._block = bytearray()
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, lines):  # pylint: disable=method-required-super
        """Take whole lines, as bytes."""
        self._block += lines
        if len(self._block) >= BLOCK:
            self._write_block()

    def finish(self):
        self._write_block()
        self._file.flush()

    @property
    def sha1(self):
        return self._sha1.hexdigest()

    @property
    def sha256(self):
        return self._sha256.hexdigest()

    def _write_block(self):
        block = bytes(self._block)
        self._block.clear()
        if self._encoding != "utf-8":
            block = block.decode().encode(self._encoding, "replace")
        if self._line_end != b"\n":
            block = block.replace(b"\n", self._line_end)
        self._file.write(block)
        self._sha1.update(block)
        self._sha256.update(block)
        self.size += len(block)
