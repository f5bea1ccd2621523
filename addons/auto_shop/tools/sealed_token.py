# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Tokens for links that customers get: sealed, so that they tell nothing.

A token holds a few numbers under AES-SIV (RFC 5297): who does not have the key can
neither read nor make nor change one. It is written in Base32, which survives programs
that change the case of an address or drop a sign at its end.
"""

import base64
import binascii
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

KEY_BITS = 512
_TAG_BYTES = 16


def generate_key():
    """Return a new key as text, to be kept."""
    return base64.b64encode(AESSIV.generate_key(KEY_BITS)).decode()


class Sealer:
    """Makes and opens the tokens of one kind; those of another kind are none here."""

    def __init__(self, key, kind, count):
        """
        :param str key: from :func:`generate_key`
        :param str kind: what the tokens are for
        :param int count: how many numbers each holds
        """
        self._cipher = AESSIV(base64.b64decode(key))
        self._context = [kind.encode()]
        self._format = struct.Struct(f">{count}I")
        bits = 8 * (_TAG_BYTES + self._format.size)
        self._length = -(-bits // 5)

    def seal(self, *numbers):
        """Return the token for these numbers: small letters and digits."""
        sealed = self._cipher.encrypt(self._format.pack(*numbers), self._context)
        return base64.b32encode(sealed).decode().rstrip("=").lower()

    def open(self, token):
        """Return the numbers in a token; ``None`` for what was not sealed here."""
        if len(token) != self._length or not token.isascii():
            return None
        padding = "=" * (-self._length % 8)
        try:
            sealed = base64.b32decode(token.upper() + padding)
            numbers = self._format.unpack(self._cipher.decrypt(sealed, self._context))
        except (binascii.Error, InvalidTag):
            return None
        # The last sign has bits to spare: one token, one spelling.
        return numbers if self.seal(*numbers) == token.lower() else None
