# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import ultravin

from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from ..tools.vin import (
    check_digit,
    decode_vins,
    normalize_vin,
    plate_key,
    spell_name,
    vin_problem,
    vin_valid_sql,
)

ACCORD = "1HGCM82633A004352"


@tagged("post_install", "-at_install")
class TestVin(TransactionCase):
    def test_normalize(self):
        cases = [
            (ACCORD, ACCORD),
            (" 1hg-cm826 33a\u2013004352\n", ACCORD),
            ("", False),
            (" - ", False),
            (None, False),
            (False, False),
        ]
        for text, expected in cases:
            with self.subTest(text=text):
                self.assertEqual(normalize_vin(text), expected)

    def test_plate_key(self):
        cases = [
            ("7abc 123", "7ABC123"),
            ("7ABC-123", "7ABC123"),
            ("7.abc•123", "7ABC123"),
            ("ÄB-C 1", "ÄBC1"),
            ("--", False),
            (False, False),
        ]
        for text, expected in cases:
            with self.subTest(text=text):
                self.assertEqual(plate_key(text), expected)

    def test_problem(self):
        cases = [
            (ACCORD, False),
            ("11111111111111111", False),
            ("1M8GDM9AXKP042788", False),
            (False, False),
            (ACCORD[:-1], "length"),
            (ACCORD + "1", "length"),
            ("1HGCM82633A0O4352", "letters"),
            ("IHGCM82633A004352", "letters"),
            ("1HGCM82633A00435Q", "letters"),
            ("N/A", "letters"),
            ("1HGCM82643A004352", "check_digit"),
            ("1HGCM82633A004353", "check_digit"),
            ("WVWZZZ1KZAW123456", "check_digit"),
        ]
        for vin, expected in cases:
            with self.subTest(vin=vin):
                self.assertEqual(vin_problem(vin), expected)

    def test_check_digit_agrees_with_the_decoder(self):
        vins = ultravin.generate(200, seed=7, make="FORD", min_year=1996)
        self.assertTrue(vins)
        for decoded in ultravin.decode_batch(vins):
            with self.subTest(vin=decoded["vin"]):
                vin = decoded["vin"]
                self.assertEqual(
                    vin[8] == check_digit(vin), decoded["check_digit_valid"]
                )

    def test_every_single_typing_error_is_seen_or_keeps_its_value(self):
        for position in range(17):
            for wrong in "0123456789":
                vin = ACCORD[:position] + wrong + ACCORD[position + 1 :]
                if vin == ACCORD or ACCORD[position] in "HGCMA":
                    continue
                self.assertEqual(vin_problem(vin), "check_digit", vin)

    def test_decode(self):
        values = decode_vins([ACCORD, ACCORD])
        self.assertEqual(
            values,
            {
                ACCORD: {
                    "year": 2003,
                    "make": "HONDA",
                    "model": "Accord",
                    "submodel": "EX-V6",
                    "engine": "3.0L V6 J30A4",
                    "doubtful": False,
                }
            },
        )
        self.assertEqual(decode_vins([]), {})

    def test_engine(self):
        cases = [
            ("5YJ3E1EA7KF328931", "Electric"),
            ("4T1BF1FK5CU600000", "2.5L I4 2AR-FE"),
            ("1FTFW1ET5DFC10312", "3.5L V6"),
        ]
        for vin, expected in cases:
            with self.subTest(vin=vin):
                self.assertEqual(decode_vins([vin])[vin]["engine"], expected)

    def test_spelling(self):
        cases = [
            ("GENUINE SCOOTERS", "Genuine Scooters"),
            ("GPS TRAILERS", "GPS Trailers"),
            ("TOM'S  TRAILERS", "Tom's Trailers"),
            ("BANK OF THE WEST", "Bank of the West"),
            ("THE BUS", "The Bus"),
            ("COACH-BUILT", "Coach-Built"),
            ("HX62X", "HX62X"),
            ("VF 8", "VF 8"),
            ("TONALE", "Tonale"),
            ("Model 3", "Model 3"),
            ("F-150", "F-150"),
            ("", ""),
        ]
        for name, expected in cases:
            with self.subTest(name=name):
                self.assertEqual(spell_name(name), expected)


@tagged("post_install", "-at_install")
class TestVinSql(TransactionCase):
    """The database knows a right VIN as the screen does."""

    def test_same_as_in_python(self):
        vins = [None, "", "1HGCM82633A004352", "1HGCM82643A004352", "11111111111111111"]
        vins += ["1M8GDM9AXKP042788", "1M8GDM9A1KP042788", "IHGCM82633A004352"]
        vins += ["1HGCM82633A00435", "1HGCM82633A0043522", "1hgcm82633a004352"]
        for vin in vins:
            with self.subTest(vin=vin):
                query = SQL("SELECT %s", vin_valid_sql(SQL("%s::text", vin)))
                [(valid,)] = self.env.execute_query(query)
                self.assertEqual(valid, bool(vin) and not vin_problem(vin))
