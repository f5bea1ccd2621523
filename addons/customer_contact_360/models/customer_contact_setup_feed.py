# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models

from ..tools.secret import SecretChar

MANAGER = "auto_shop.group_manager"
# What the tabs of the form have buttons for.
FEED_ACTIONS = {
    "action_turn_on",
    "action_turn_off",
    "action_test_connection",
    "action_forget_host_key",
    "action_preview",
    "action_send_now",
    "action_open_form",
    "action_open_runs",
    "action_open_omissions",
}


def _related(kind, path, label):
    """A field of a feed, on the setup: for managers alone, as the feed itself."""
    return kind(string=label, related=path, readonly=False, groups=MANAGER)


class CustomerContactSetup(models.Model):
    """The tabs of the data feeds."""

    _inherit = "customer.contact.setup"

    feed_ids = fields.One2many("customer.data.feed", "setup_id", groups=MANAGER)
    other_feed_ids = fields.One2many(
        "customer.data.feed",
        "setup_id",
        domain=lambda self: [
            ("provider", "not in", self._get_feed_providers_with_tab())
        ],
        groups=MANAGER,
    )
    # === CustomerLink ===
    customerlink_feed_id = fields.Many2one(
        "customer.data.feed", readonly=True, copy=False, groups=MANAGER
    )
    customerlink_enabled = _related(
        fields.Boolean, "customerlink_feed_id.enabled", "CustomerLink: On"
    )
    customerlink_status = _related(
        fields.Selection, "customerlink_feed_id.status", "CustomerLink: Status"
    )
    customerlink_problem = _related(
        fields.Char, "customerlink_feed_id.problem", "CustomerLink: Problem"
    )
    customerlink_account = _related(
        fields.Char, "customerlink_feed_id.account", "CustomerLink: Account Number"
    )
    customerlink_hour = _related(
        fields.Float, "customerlink_feed_id.hour", "CustomerLink: Send At"
    )
    customerlink_delivery = _related(
        fields.Selection, "customerlink_feed_id.delivery", "CustomerLink: Delivery"
    )
    customerlink_host = _related(
        fields.Char, "customerlink_feed_id.host", "CustomerLink: Server Address"
    )
    customerlink_port = _related(
        fields.Integer, "customerlink_feed_id.port", "CustomerLink: Port"
    )
    customerlink_username = _related(
        fields.Char, "customerlink_feed_id.username", "CustomerLink: User Name"
    )
    customerlink_password = _related(
        SecretChar, "customerlink_feed_id.password", "CustomerLink: Password"
    )
    customerlink_directory = _related(
        fields.Char, "customerlink_feed_id.directory", "CustomerLink: Directory"
    )
    customerlink_passive = _related(
        fields.Boolean, "customerlink_feed_id.passive", "CustomerLink: Passive Mode"
    )
    customerlink_host_key = _related(
        fields.Char, "customerlink_feed_id.host_key", "CustomerLink: Host Key"
    )
    customerlink_tls_certificate = _related(
        fields.Text,
        "customerlink_feed_id.tls_certificate",
        "CustomerLink: Certificate of the Server",
    )
    customerlink_next_run = _related(
        fields.Datetime, "customerlink_feed_id.next_run", "CustomerLink: Next Run"
    )
    customerlink_last_run = _related(
        fields.Datetime, "customerlink_feed_id.last_run", "CustomerLink: Last File"
    )
    customerlink_agreed_by_id = _related(
        fields.Many2one, "customerlink_feed_id.agreed_by_id", "CustomerLink: Agreed By"
    )
    customerlink_agreed_at = _related(
        fields.Datetime, "customerlink_feed_id.agreed_at", "CustomerLink: Agreed On"
    )
    # === MechanicNET ===
    mechanicnet_feed_id = fields.Many2one(
        "customer.data.feed", readonly=True, copy=False, groups=MANAGER
    )
    mechanicnet_enabled = _related(
        fields.Boolean, "mechanicnet_feed_id.enabled", "MechanicNET: On"
    )
    mechanicnet_status = _related(
        fields.Selection, "mechanicnet_feed_id.status", "MechanicNET: Status"
    )
    mechanicnet_problem = _related(
        fields.Char, "mechanicnet_feed_id.problem", "MechanicNET: Problem"
    )
    mechanicnet_shop_id = _related(
        fields.Char, "mechanicnet_feed_id.account", "MechanicNET: Shop ID"
    )
    mechanicnet_hour = _related(
        fields.Float, "mechanicnet_feed_id.hour", "MechanicNET: Send At"
    )
    mechanicnet_delivery = _related(
        fields.Selection, "mechanicnet_feed_id.delivery", "MechanicNET: Delivery"
    )
    mechanicnet_host = _related(
        fields.Char, "mechanicnet_feed_id.host", "MechanicNET: Server Address"
    )
    mechanicnet_port = _related(
        fields.Integer, "mechanicnet_feed_id.port", "MechanicNET: Port"
    )
    mechanicnet_username = _related(
        fields.Char, "mechanicnet_feed_id.username", "MechanicNET: User Name"
    )
    mechanicnet_password = _related(
        SecretChar, "mechanicnet_feed_id.password", "MechanicNET: Password"
    )
    mechanicnet_directory = _related(
        fields.Char, "mechanicnet_feed_id.directory", "MechanicNET: Directory"
    )
    mechanicnet_passive = _related(
        fields.Boolean, "mechanicnet_feed_id.passive", "MechanicNET: Passive Mode"
    )
    mechanicnet_host_key = _related(
        fields.Char, "mechanicnet_feed_id.host_key", "MechanicNET: Host Key"
    )
    mechanicnet_tls_certificate = _related(
        fields.Text,
        "mechanicnet_feed_id.tls_certificate",
        "MechanicNET: Certificate of the Server",
    )
    mechanicnet_next_run = _related(
        fields.Datetime, "mechanicnet_feed_id.next_run", "MechanicNET: Next Run"
    )
    mechanicnet_last_run = _related(
        fields.Datetime, "mechanicnet_feed_id.last_run", "MechanicNET: Last File"
    )
    mechanicnet_agreed_by_id = _related(
        fields.Many2one, "mechanicnet_feed_id.agreed_by_id", "MechanicNET: Agreed By"
    )
    mechanicnet_agreed_at = _related(
        fields.Datetime, "mechanicnet_feed_id.agreed_at", "MechanicNET: Agreed On"
    )

    @api.model_create_multi
    def create(self, vals_list):
        setups = super().create(vals_list)
        setups._create_feeds()
        return setups

    @api.model
    def action_open(self):
        action = super().action_open()
        # A provider may have come with an addon since the location was set up.
        self.browse(action["res_id"])._create_feeds()
        return action

    def action_on_feed(self):
        """Do on a feed what the button of its tab says; see the form."""
        self.ensure_one()
        provider = self.env.context.get("feed_provider")
        action = self.env.context.get("feed_action")
        if (
            provider not in self._get_feed_providers_with_tab()
            or action not in FEED_ACTIONS
        ):
            return None
        return getattr(self[f"{provider}_feed_id"], action)()

    def action_add_feed(self):
        """Open a new feed for a receiver that is not built in."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New Data Feed"),
            "res_model": "customer.data.feed",
            "view_mode": "form",
            "context": {
                "default_company_id": self.company_id.id,
                "default_provider": "other",
            },
        }

    @api.model
    def _get_feed_providers_with_tab(self):
        """Return the providers that have a tab, and a field ``<provider>_feed_id``."""
        return ["customerlink", "mechanicnet"]

    def _create_feeds(self):
        """Give each location the feeds that have tabs, turned off."""
        for setup in self:
            feeds = self.env["customer.data.feed"].search(
                [("company_id", "=", setup.company_id.id)]
            )
            feeds.setup_id = setup
            by_provider = feeds.grouped("provider")
            for provider in self._get_feed_providers_with_tab():
                name = f"{provider}_feed_id"
                if not setup[name]:
                    setup[name] = by_provider.get(provider) or feeds.create(
                        {
                            "company_id": setup.company_id.id,
                            "provider": provider,
                            "setup_id": setup.id,
                        }
                    )
