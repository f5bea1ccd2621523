# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import AutoGlassCommon


@tagged("post_install", "-at_install")
class TestProduct(AutoGlassCommon):
    def test_nags_shape(self):
        cases = [
            # typed, kept (None: refused), opening
            ("FW02345", "FW02345", "windshield"),
            ("fw02345 gbyn", "FW02345 GBYN", "windshield"),
            (" DD 11111 ", "DD11111", "door"),
            ("FV-20000", "FV20000", "vent"),
            ("DB12345GTYN", "DB12345GTYN", "back"),
            ("FQ26589", "FQ26589", "quarter"),
            ("FR12345", "FR12345", "sunroof"),
            ("FV26589", "FV26589", "vent"),
            ("FW0234", None, None),
            ("FW023456", None, None),
            ("W02345", None, None),
            ("FW02345 GB-12", None, None),
            ("windshield", None, None),
        ]
        for typed, kept, opening in cases:
            with self.subTest(typed=typed):
                vals = {"name": typed, "is_glass": True, "nags_number": typed}
                if kept is None:
                    with self.assertRaises(ValidationError):
                        self.env["product.template"].create(vals)
                    continue
                product = self.env["product.template"].create(vals)
                self.assertEqual(product.nags_number, kept)
                self.assertEqual(product.glass_opening, opening)

    def test_opening_can_be_chosen(self):
        self.glass.glass_opening = "door"
        self.assertEqual(self.glass.glass_opening, "door")
        self.glass.write({"nags_number": "TT12345", "glass_opening": "vent"})
        self.assertEqual(self.glass.glass_opening, "vent")

    def test_glass_selected(self):
        with_glass = self._create_glass_order()
        without = self._create_order(self.customer)
        self.assertTrue(with_glass.glass_selected)
        self.assertFalse(without.glass_selected)
        both = with_glass | without
        for operator, value, expected in [
            ("=", True, with_glass),
            ("=", False, without),
            ("!=", True, without),
            ("in", [True, False], both),
            ("not in", [True, False], both.browse()),
        ]:
            with self.subTest(operator=operator, value=value):
                found = both.search(
                    [("id", "in", both.ids), ("glass_selected", operator, value)]
                )
                self.assertEqual(set(found.ids), set(expected.ids))
