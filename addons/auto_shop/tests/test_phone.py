# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from ast import literal_eval

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from odoo.tests import Form, tagged

from ..tools.phone import normalize_number, parse_number, text_number
from .common import AutoShopCommon

NUMBERS = st.one_of(
    st.text(max_size=40),
    st.text("0123456789+-(). x/#,;", max_size=30),
    st.from_regex(r"\A\(?[2-9]\d\d\)?[ .-]?\d{3}[ .-]?\d{4}( (x|ext\. ?)\d{1,4})?\Z"),
)


@tagged("post_install", "-at_install")
class TestPhone(AutoShopCommon):
    def test_numbers_read_as_people_write_them(self):
        # typed, country, kept as, text number
        cases = [
            ("(512) 555-0123", "US", "+15125550123", "+15125550123"),
            ("512.555.0123", "US", "+15125550123", "+15125550123"),
            ("1-512-555-0123", "US", "+15125550123", "+15125550123"),
            (" 512 555 0123 ", "US", "+15125550123", "+15125550123"),
            ("+1 512-555-0123", "GB", "+15125550123", "+15125550123"),
            ("tel:+1-512-555-0123", "US", "+15125550123", "+15125550123"),
            ("+15125550123", False, "+15125550123", "+15125550123"),
            ("(800) 234-5678", "US", "+18002345678", False),
            ("1-900-234-5678", "US", "+19002345678", False),
            ("07911 123456", "GB", "+447911123456", "+447911123456"),
            ("+44 (0)7911 123456", "US", "+447911123456", "+447911123456"),
            ("0044 7911 123456", "GB", "+447911123456", "+447911123456"),
            ("020 7946 0958", "GB", "+442079460958", False),
            ("070 1234 5678", "GB", "+447012345678", False),
            ("06 12 34 56 78", "FR", "+33612345678", "+33612345678"),
            ("01 42 68 53 00", "FR", "+33142685300", False),
            ("512-471-1234 ext. 5", "US", "+15124711234 ext. 5", False),
            ("512-471-1234x5", "US", "+15124711234 ext. 5", False),
            ("512-471-1234 #5", "US", "+15124711234 ext. 5", False),
            ("000-000-0000", "US", "000-000-0000", False),
            ("123", "US", "123", False),
            ("07911 123456", "US", "07911 123456", False),
            ("(512) 555-0123", False, "(512) 555-0123", False),
            ("512-555-0123 / 512-555-0199", "US", "512-555-0123 / 512-555-0199", False),
            ("512-555-0123 ask for Bob", "US", "512-555-0123 ask for Bob", False),
            ("512-555-0123 (w)", "US", "512-555-0123 (w)", False),
            ("Bob 512-555-0123", "US", "Bob 512-555-0123", False),
            ("1-800-FLOWERS", "US", "1-800-FLOWERS", False),
            ("none", "US", "none", False),
            ("n/a", "US", "n/a", False),
            ("-", "US", "-", False),
            ("", "US", "", False),
            (False, "US", False, False),
        ]
        for typed, country, kept, text in cases:
            with self.subTest(typed=typed, country=country):
                self.assertEqual(normalize_number(typed, country), kept)
                self.assertEqual(text_number(typed, country), text)

    @given(number=NUMBERS, country=st.sampled_from(["US", "GB", "FR", "DE", False]))
    @settings(max_examples=300, deadline=None)
    def test_reading_never_fails_nor_changes_its_own_result(self, number, country):
        kept = normalize_number(number, country)
        self.assertEqual(normalize_number(kept, country), kept)
        if parse_number(number, country):
            self.assertEqual(text_number(kept), text_number(number, country))
        else:
            self.assertEqual(kept, number)
        if text := text_number(number, country):
            self.assertRegex(text, r"\A\+\d{7,15}\Z")

    def test_create_reads_with_the_customers_country(self):
        gb, fr = self.env.ref("base.uk"), self.env.ref("base.fr")
        british_firm = self._create_customer(
            name="Firm", country_id=gb.id, mobile=False, is_company=True
        )
        cases = [
            ({"country_id": gb.id, "mobile": "07911 123456"}, "+447911123456"),
            ({"country_id": fr.id, "mobile": "06 12 34 56 78"}, "+33612345678"),
            ({"country_id": False, "mobile": "(512) 555-0123"}, "+15125550123"),
            (
                {
                    "country_id": False,
                    "parent_id": british_firm.id,
                    "mobile": "07911 123456",
                },
                "+447911123456",
            ),
        ]
        for vals, kept in cases:
            with self.subTest(vals=vals):
                customer = self._create_customer(**vals)
                self.assertEqual(customer.mobile, kept)
                self.assertEqual(customer.text_number, kept)

    def test_company_country_is_the_default(self):
        self.other_company.country_id = self.env.ref("base.uk")
        partner = self.env["res.partner"].create(
            [
                {
                    "name": "Of the British shop",
                    "company_id": self.other_company.id,
                    "phone": "07911 123456",
                },
                {"name": "Of no shop", "phone": "(512) 555-0123"},
            ]
        )
        self.assertEqual(partner.mapped("phone"), ["+447911123456", "+15125550123"])

    def test_write_on_customers_of_several_countries(self):
        american = self._create_customer()
        french = self._create_customer(country_id=self.env.ref("base.fr").id)
        (american | french).write({"phone": "06 12 34 56 78"})
        self.assertEqual(american.phone, "06 12 34 56 78")
        self.assertEqual(french.phone, "+33612345678")

    def test_country_given_later_reads_the_number(self):
        customer = self._create_customer(mobile="07911 123456")
        self.assertEqual(customer.mobile, "07911 123456")
        self.assertFalse(customer.text_number)
        customer.country_id = self.env.ref("base.uk")
        self.assertEqual(customer.mobile, "+447911123456")
        self.assertEqual(customer.text_number, "+447911123456")

    def test_text_number_takes_the_mobile_first(self):
        cases = [
            ("512-555-0123", "512-555-0199", "+15125550123"),
            (False, "512-555-0199", "+15125550199"),
            ("junk", "512-555-0199", "+15125550199"),
            ("800-234-5678", "512-555-0199", "+15125550199"),
            ("800-234-5678", "800-234-5679", False),
            (False, False, False),
        ]
        customer = self._create_customer()
        for mobile, phone, expected in cases:
            with self.subTest(mobile=mobile, phone=phone):
                customer.write({"mobile": mobile, "phone": phone})
                self.assertEqual(customer.text_number, expected)

    def test_what_cannot_be_read_is_kept_and_said(self):
        customer = self._create_customer(mobile="555-ASK-BOB", phone="123")
        self.assertEqual(customer.mobile, "555-ASK-BOB")
        self.assertEqual(customer.phone, "123")
        self.assertIn("555-ASK-BOB", customer.phone_problem)
        self.assertIn("123", customer.phone_problem)
        self.assertFalse(self._create_customer().phone_problem)

    def test_form_shows_the_number_as_it_will_be_kept(self):
        with Form(self.env["res.partner"].with_user(self.staff)) as form:
            form.name = "Bea Stone"
            form.mobile = "(512) 555-0123"
            form.phone = "call the office"
            self.assertEqual(form.mobile, "+15125550123")
            self.assertEqual(form.phone, "call the office")
            self.assertIn("call the office", form.phone_problem)
        self.assertEqual(form.record.text_number, "+15125550123")

    def test_import_reads_the_numbers(self):
        result = (
            self.env["res.partner"]
            .with_user(self.staff)
            .load(
                ["name", "mobile", "phone", "country_id/id", "allow_texting"],
                [
                    ["Ida One", "(512) 555-0123", "", "base.us", "1"],
                    ["Ida Two", "07911 123456", "020 7946 0958", "base.uk", "0"],
                    ["Ida Three", "ask at the desk", "", "", "1"],
                ],
            )
        )
        self.assertFalse(result["messages"])
        partners = self.env["res.partner"].browse(result["ids"])
        self.assertEqual(
            partners.mapped(lambda partner: (partner.mobile, partner.phone)),
            [
                ("+15125550123", False),
                ("+447911123456", "+442079460958"),
                ("ask at the desk", False),
            ],
        )
        self.assertEqual(
            partners.consent_ids.sorted("id").mapped(
                lambda row: (row.partner_id.name, row.source, row.user_id)
            ),
            [
                ("Ida One", "import", self.staff),
                ("Ida Three", "import", self.staff),
            ],
        )

    def test_unreadable_numbers_can_be_found(self):
        customer = self._create_customer(mobile="ask at the desk")
        fine = self._create_customer()
        by_phone = self._create_customer(mobile=False, phone="at work")
        view = self.env.ref("auto_shop.res_partner_view_search")
        path = "//filter[@name='phone_not_valid']/@domain"
        domain = literal_eval(etree.fromstring(view.arch).xpath(path)[0])
        found = self.env["res.partner"].search(domain)
        self.assertLessEqual(customer | by_phone, found)
        self.assertNotIn(fine, found)

    def test_the_text_number_cannot_be_given(self):
        landline = self._create_customer(mobile="800-234-5678", text_number="+1555")
        self.assertFalse(landline.text_number)
        landline.write({"text_number": "+15125550123"})
        self.assertFalse(landline.text_number)
