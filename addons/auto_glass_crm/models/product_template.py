# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

# Two letters (the second is the opening), five digits, then colour, attachment and
# other letters. The shape only: the catalogue of these numbers belongs to NAGS.
NAGS_SHAPE = re.compile(r"[A-Z]{2}\d{5}(?: ?[A-Z]{1,7})?")
# The second letter of a NAGS number.
NAGS_OPENINGS = {
    "W": "windshield",
    "L": "windshield",
    "D": "door",
    "V": "vent",
    "Q": "quarter",
    "B": "back",
    "Y": "back",
    "R": "sunroof",
}


class ProductTemplate(models.Model):
    _inherit = "product.template"

    is_glass = fields.Boolean(
        string="Auto Glass",
        help="An order with this product has its glass selected.",
    )
    nags_number = fields.Char(
        string="NAGS Number",
        index="btree_not_null",
        copy=False,
        help="Two letters, five digits and, if you like, the letters for colour and "
        "attachments, such as FW02345 GBYN.",
    )
    glass_opening = fields.Selection(
        [
            ("windshield", "Windshield"),
            ("door", "Door"),
            ("vent", "Vent"),
            ("quarter", "Quarter"),
            ("back", "Back"),
            ("sunroof", "Sunroof"),
        ],
        string="Opening",
        compute="_compute_glass_opening",
        store=True,
        readonly=False,
        help="Read from the NAGS number where that says it.",
    )

    @api.depends("nags_number")
    def _compute_glass_opening(self):
        for product in self:
            letter = (product.nags_number or "")[1:2].upper()
            product.glass_opening = NAGS_OPENINGS.get(letter) or product.glass_opening

    @api.constrains("nags_number")
    def _check_nags_number(self):
        for product in self:
            if product.nags_number and not NAGS_SHAPE.fullmatch(product.nags_number):
                raise ValidationError(
                    self.env._(
                        "“%s” does not look like a NAGS number. It has two letters, "
                        "five digits and, if you like, letters for colour and "
                        "attachments, such as FW02345 GBYN.",
                        product.nags_number,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._prepare_glass_vals(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._prepare_glass_vals(vals))

    @api.model
    def _prepare_glass_vals(self, vals):
        """Return ``vals`` with the NAGS number in its usual form."""
        if not vals.get("nags_number"):
            return vals
        number = " ".join(vals["nags_number"].upper().replace("-", " ").split())
        # "FW 02345" is how some lists print it.
        number = re.sub(r"^([A-Z]{2}) (\d{5})", r"\1\2", number)
        return {**vals, "nags_number": number}
