# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import models

UNFOLDED_HEADER = "List-Unsubscribe"


class UnfoldedHeader(str):
    """A header that goes out on one line as it is.

    Python's `email` breaks an address that is longer than a line into encoded words,
    which no mail program takes for an address (RFC 2047, 5: not within a URL).
    """

    name = UNFOLDED_HEADER

    def fold(self, *, policy):
        return f"{self.name}: {self}{policy.linesep}"


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _build_email__(self, *args, **kwargs):  # noqa: PLW3201
        message = super()._build_email__(*args, **kwargs)
        if value := message[UNFOLDED_HEADER]:
            del message[UNFOLDED_HEADER]
            message[UNFOLDED_HEADER] = UnfoldedHeader(" ".join(value.split()))
        return message
