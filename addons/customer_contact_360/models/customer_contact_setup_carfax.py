# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import logging
import zlib

from lxml import etree
from urllib3.exceptions import HTTPError

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.auto_shop.tools.http_line import Unreachable, open_pool
from odoo.addons.auto_shop.tools.vin import check_digit, normalize_vin, vin_problem

from ..tools.secret import SecretChar
from .customer_contact_setup_feed import MANAGER, _related

_logger = logging.getLogger(__name__)

QUICKVIN_URL = "https://quickvin.carfax.com/1"
# Seconds that somebody at the counter waits.
READ_TIMEOUT = 10.0
MOST_BYTES = 1024 * 1024


class CustomerContactSetup(models.Model):
    """The tab of CARFAX: the feed, and the VIN of a license plate.

    A provider of plate look-ups is a value of ``plate_lookup_provider`` and the method
    ``_plate_lookup_<provider>(plate, state)``, which returns the VIN or raises a
    ``UserError`` that says why there is none.
    """

    _inherit = "customer.contact.setup"

    carfax_feed_id = fields.Many2one(
        "customer.data.feed", readonly=True, copy=False, groups=MANAGER
    )
    carfax_enabled = _related(fields.Boolean, "carfax_feed_id.enabled", "CARFAX: On")
    carfax_status = _related(
        fields.Selection, "carfax_feed_id.status", "CARFAX: Status"
    )
    carfax_problem = _related(fields.Char, "carfax_feed_id.problem", "CARFAX: Problem")
    carfax_facility = _related(
        fields.Char, "carfax_feed_id.account", "CARFAX: Service Facility ID"
    )
    carfax_hour = _related(fields.Float, "carfax_feed_id.hour", "CARFAX: Send At")
    carfax_delivery = _related(
        fields.Selection, "carfax_feed_id.delivery", "CARFAX: Delivery"
    )
    carfax_host = _related(fields.Char, "carfax_feed_id.host", "CARFAX: Server Address")
    carfax_port = _related(fields.Integer, "carfax_feed_id.port", "CARFAX: Port")
    carfax_username = _related(
        fields.Char, "carfax_feed_id.username", "CARFAX: User Name"
    )
    carfax_password = _related(
        SecretChar, "carfax_feed_id.password", "CARFAX: Password"
    )
    carfax_directory = _related(
        fields.Char, "carfax_feed_id.directory", "CARFAX: Directory"
    )
    carfax_next_run = _related(
        fields.Datetime, "carfax_feed_id.next_run", "CARFAX: Next Run"
    )
    carfax_last_run = _related(
        fields.Datetime, "carfax_feed_id.last_run", "CARFAX: Last File"
    )
    carfax_agreed_by_id = _related(
        fields.Many2one, "carfax_feed_id.agreed_by_id", "CARFAX: Agreed By"
    )
    carfax_agreed_at = _related(
        fields.Datetime, "carfax_feed_id.agreed_at", "CARFAX: Agreed On"
    )
    # === Plate look-up ===
    plate_lookup_provider = fields.Selection(
        [
            ("sandbox", "Try it out: made-up VINs"),
            ("carfax", "CARFAX QuickVIN"),
        ],
        string="Plate Look-Up",
        help="Fetches the VIN of a license plate on the vehicle card. Empty: off.",
    )
    carfax_product_data_id = SecretChar(
        string="Product Data ID",
        groups=MANAGER,
        help="CARFAX gives it to you: it is the key of your account.",
    )
    carfax_location_code = fields.Char(
        string="Location ID",
        groups=MANAGER,
        help="The code by which CARFAX knows this location.",
    )

    @api.constrains(
        "plate_lookup_provider", "carfax_product_data_id", "carfax_location_code"
    )
    def _check_plate_lookup(self):
        for setup in self.sudo():
            if setup.plate_lookup_provider == "carfax" and not (
                setup.carfax_product_data_id and setup.carfax_location_code
            ):
                raise ValidationError(
                    self.env._(
                        "CARFAX QuickVIN needs the Product Data ID and the Location ID "
                        "that CARFAX gave you."
                    )
                )

    @api.model
    def _get_feed_providers_with_tab(self):
        return [*super()._get_feed_providers_with_tab(), "carfax"]

    def action_open_carfax_terms(self):
        """Open the terms of service, all versions."""
        return self.env["ir.actions.act_window"]._for_xml_id(
            "customer_contact_360.customer_data_feed_terms_action"
        )

    # === PLATE LOOK-UP ===

    def _lookup_plate(self, plate, state):
        """Return the VIN of a plate, from the provider of this location.

        :param str plate: letters and digits
        :param state: a ``res.country.state``
        :raise UserError: why there is none; nothing was changed
        """
        self.ensure_one()
        setup = self.sudo()
        if not setup.plate_lookup_provider:
            raise UserError(
                self.env._(
                    "The plate look-up is off. A manager turns it on in the CRM Setup, "
                    "CARFAX."
                )
            )
        vin = normalize_vin(
            getattr(setup, f"_plate_lookup_{setup.plate_lookup_provider}")(plate, state)
        )
        if not vin or vin_problem(vin):
            raise UserError(
                self.env._(
                    "No vehicle is known with plate %(plate)s of %(state)s. Check "
                    "both, or type in the VIN.",
                    plate=plate,
                    state=state.name,
                )
            )
        return vin

    def _plate_lookup_sandbox(self, plate, state):
        """A VIN that decodes, always the same for a plate; nobody is asked."""
        serial = zlib.crc32(f"{state.code}:{plate}".encode()) % 1_000_000
        vin = f"1HGCM82603A{serial:06}"
        return vin[:8] + check_digit(vin) + vin[9:]

    def _plate_lookup_carfax(self, plate, state):
        """Ask CARFAX QuickVIN: XML there and back, one plate at a time."""
        if not self.carfax_feed_id._is_agreed():
            raise UserError(
                self.env._(
                    "The plate look-up of CARFAX wants their terms of service agreed "
                    "to. A manager does that in the CRM Setup, CARFAX: Turn On."
                )
            )
        request = etree.Element("carfax-request")
        for name, value in (
            ("license-plate", plate),
            ("state", state.code),
            ("vin", ""),
            ("product-data-id", self.carfax_product_data_id),
            ("location-id", self.carfax_location_code),
        ):
            etree.SubElement(request, name).text = value
        url = (
            self.env["ir.config_parameter"].get_param(
                "customer_contact_360.carfax_quickvin_url"
            )
            or QUICKVIN_URL
        )
        pool = open_pool(url, 1, READ_TIMEOUT)
        try:
            response = pool.urlopen(
                "POST",
                url,
                body=etree.tostring(request, encoding="utf-8", xml_declaration=True),
                headers={"Content-Type": "text/xml; charset=utf-8"},
                redirect=False,
                preload_content=False,
            )
            content = response.read(MOST_BYTES)
            response.release_conn()
        except (Unreachable, HTTPError) as error:
            # Neither address nor account: the address may be a manager's secret.
            _logger.info("CARFAX QuickVIN: %s", type(error).__name__)
            raise UserError(
                self.env._(
                    "CARFAX does not answer at the moment. Nothing was changed: try "
                    "again later, or type in the VIN."
                )
            ) from None
        finally:
            pool.clear()
        return self._read_quickvin(response.status, content)

    def _read_quickvin(self, status, content):
        """Return the VIN of an answer, empty for an unknown plate.

        :raise UserError: what is wrong
        """
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        try:
            answer = etree.fromstring(content, parser) if status == 200 else None
        except etree.XMLSyntaxError:
            answer = None
        if answer is None:
            _logger.info("CARFAX QuickVIN answered with HTTP %s", status)
            raise UserError(
                self.env._(
                    "CARFAX gave an answer that cannot be read. Nothing was changed: "
                    "try again later, or type in the VIN."
                )
            )
        codes = {
            node.get("code") or (node.findtext("code") or "").strip()
            for node in answer.iter("error-message", "error")
        }
        if codes & {"201", "302"}:
            raise UserError(
                self.env._(
                    "CARFAX refuses the account. A manager checks Product Data ID and "
                    "Location ID in the CRM Setup, CARFAX."
                )
            )
        return answer.findtext(".//vin-info/vin") or ""
