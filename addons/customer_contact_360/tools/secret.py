# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields


class SecretChar(fields.Char):
    """A password or token: it is never exported.

    Who may read it is for ``groups`` to say.
    """

    exportable = False

    def convert_to_export(self, value, record):
        return ""
