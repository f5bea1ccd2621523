# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools.secret import SecretChar

LOB_KEY = re.compile(r"(test|live)_(?!pub_)[0-9a-zA-Z]{8,}")


class CustomerContactSetup(models.Model):
    """The account at Lob."""

    _inherit = "customer.contact.setup"

    post_provider = fields.Selection(
        selection_add=[("lob", "Lob prints and mails them")],
        ondelete={"lob": "set default"},
    )
    lob_mode = fields.Selection(
        [("test", "Test: nothing is printed"), ("live", "Live: cards are mailed")],
        string="Lob: Mode",
        required=True,
        default="test",
    )
    lob_test_key = SecretChar(
        string="Lob: Test Key", copy=False, groups="auto_shop.group_manager"
    )
    lob_live_key = SecretChar(
        string="Lob: Live Key", copy=False, groups="auto_shop.group_manager"
    )
    lob_mail_type = fields.Selection(
        [("usps_first_class", "First class"), ("usps_standard", "Standard: slower")],
        string="Lob: Postage",
        required=True,
        default="usps_first_class",
        help="Cards of 4 x 6 in, and cards abroad, go first class in any case.",
    )

    @api.constrains("post_provider", "lob_mode", "lob_test_key", "lob_live_key")
    def _check_lob_keys(self):
        labels = {"test": self.env._("test"), "live": self.env._("live")}
        for setup in self.sudo():
            for mode in ("test", "live"):
                key = setup[f"lob_{mode}_key"]
                found = key and LOB_KEY.fullmatch(key)
                if key and (not found or found[1] != mode):
                    raise ValidationError(
                        self.env._(
                            "This is not Lob's %(mode)s key: it begins with "
                            "%(mode_code)s_ and is under Settings, API Keys of your "
                            "Lob account. Publishable keys cannot order cards.",
                            mode=labels[mode],
                            mode_code=mode,
                        )
                    )
            if setup.post_provider == "lob" and not setup._get_lob_key():
                raise ValidationError(
                    self.env._(
                        "Enter Lob's %s key, or choose another mode, before Lob prints "
                        "your postcards.",
                        labels[setup.lob_mode],
                    )
                )

    @api.model
    def _get_post_account_fields(self):
        return super()._get_post_account_fields() | {
            "lob_mode",
            "lob_test_key",
            "lob_live_key",
        }

    def _get_lob_key(self):
        """Return the key of the mode; for callers as superuser."""
        return self.lob_live_key if self.lob_mode == "live" else self.lob_test_key

    def action_check_lob(self):
        """Ask Lob whether it knows the account; nothing is ordered."""
        self.ensure_one()
        self.check_access("write")
        orders = self.env["customer.postcard.order"].sudo()
        line = orders._lob_open(self, orders._lob_is_test(self))
        try:
            result = line.ping()
        finally:
            line.close()
        if result["state"] == "account":
            raise UserError(orders._get_account_sentence(result["detail"]))
        if result["state"] != "accepted":
            raise UserError(
                self.env._(
                    "Lob cannot be asked just now (%s). Try again in a minute.",
                    result.get("detail") or "",
                )
            )
        self.sudo()._retry_postcards()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._("Lob knows this key."),
                "type": "success",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
