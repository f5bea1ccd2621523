# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import http
from odoo.http import request

# Pixels: beside a setting, and in its window.
WIDTHS = {"small": 240, "large": 720}
MONTH = 30 * 24 * 3600


class PostcardController(http.Controller):
    @http.route(
        "/customer_contact_360/postcard/<int:rule_id>/<string:fingerprint>/"
        "<any(front,back):side>-<any(small,large):size>.png",
        type="http",
        auth="user",
        readonly=True,
    )
    def preview(self, rule_id, fingerprint, side, size):
        """One side of the postcard of a setting, for a real customer.

        The address names what stands on the card, so the browser keeps the picture
        until something of that changes.
        """
        rule = request.env["customer.contact.rule"].browse(rule_id).exists()
        if not rule:
            raise request.not_found()
        rule.check_access("read")
        found, png = rule._draw_sample(side, WIDTHS[size])
        kept = f"private, max-age={MONTH}" if found == fingerprint else "no-store"
        return request.make_response(
            png,
            [
                ("Content-Type", "image/png"),
                ("Content-Length", len(png)),
                ("Cache-Control", kept),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
