# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.exceptions import UserError


class NotSentToCrm(UserError):
    """An appointment was refused: its order was not sent to the CRM.

    The web client knows this class by its name and offers to send the order.
    """

    def __init__(self, message, order_id):
        super().__init__(message)
        self.args = (message, order_id)

    def __str__(self):
        return self.args[0]
