# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from ast import literal_eval

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from odoo.tests import Form, HttpCase, new_test_user, tagged

from ..tools.phone import (
    format_number,
    normalize_number,
    parse_number,
    text_number,
    to_kept_digits,
)
from .common import AutoShopCommon

NUMBERS = st.one_of(
    st.text(max_size=40),
    st.text("0123456789+-(). x/#,;", max_size=30),
    st.from_regex(r"\A\(?[2-9]\d\d\)?[ .-]?\d{3}[ .-]?\d{4}( (x|ext\. ?)\d{1,4})?\Z"),
)


@tagged("post_install", "-at_install")
class TestPhone(AutoShopCommon):
    def test_numbers_written_for_people(self):
        # kept, country of the reader, as written
        cases = [
            ("+15125550123", "US", "(512) 555-0123"),
            ("+15125550123", "CA", "(512) 555-0123"),
            ("+14165550123", "US", "(416) 555-0123"),
            ("+15125550123", "GB", "+1 512-555-0123"),
            ("+15125550123", None, "+1 512-555-0123"),
            ("+15124711234 ext. 5", "US", "(512) 471-1234 ext. 5"),
            ("+442079460958", "US", "+44 20 7946 0958"),
            ("+442079460958", "GB", "020 7946 0958"),
            ("+33612345678", "FR", "06 12 34 56 78"),
            ("+33612345678", "US", "+33 6 12 34 56 78"),
            ("ask for Bob", "US", "ask for Bob"),
            ("000-000-0000", "US", "000-000-0000"),
            ("+000", "US", "+000"),
            ("ann@example.com", "US", "ann@example.com"),
            (False, "US", False),
        ]
        for kept, country, written in cases:
            with self.subTest(kept=kept, country=country):
                self.assertEqual(format_number(kept, country), written)

    def test_what_is_shown_is_understood_when_it_is_saved(self):
        """A clerk who edits one digit types the rest as it was shown."""
        # own country of the customer, kept, shown in a shop in the United States
        cases = [
            ("US", "+15125550123", "(512) 555-0123"),
            ("CA", "+15125550123", "(512) 555-0123"),
            (False, "+15125550123", "(512) 555-0123"),
            ("GB", "+15125550123", "+1 512-555-0123"),
            ("GB", "+447911123456", "+44 7911 123456"),
            ("US", "+447911123456", "+44 7911 123456"),
            ("US", "+15124711234 ext. 5", "(512) 471-1234 ext. 5"),
            ("US", "no number", "no number"),
        ]
        for code, kept, shown in cases:
            with self.subTest(code=code, kept=kept):
                country = self.env["res.country"].search([("code", "=", code)])
                customer = self._create_customer(
                    country_id=country.id, mobile=kept, phone=False
                )
                self.assertEqual(customer.mobile_display, shown)
                self.assertFalse(customer.phone_display)
                customer.mobile = customer.mobile_display
                self.assertEqual(customer.mobile, kept)

    def test_each_record_shows_its_number_written(self):
        customer = self._create_customer(phone="512-555-0199")
        vehicle = self.env["customer.vehicle"].create({"owner_id": customer.id})
        event = self.env["calendar.event"].create(
            {
                "name": "Visit",
                "customer_id": customer.id,
                "company_id": self.company.id,
                "shop_state": "booked",
                "start": "2026-06-17 15:00:00",
                "stop": "2026-06-17 16:00:00",
            }
        )
        text = self.env["customer.interaction"].create(
            {"number": "+15125550123", "channel": "sms", "body": "Hello"}
        )
        cases = [
            (vehicle.owner_phone_display, "(512) 555-0199"),
            (event.customer_phone_display, "(512) 555-0123"),
            (text.number_display, "(512) 555-0123"),
            (customer.consent_ids.number_display, "(512) 555-0123"),
        ]
        for index, (shown, written) in enumerate(cases):
            with self.subTest(index):
                self.assertEqual(shown, written)
        for typed in ("(512) 555-0123", "512.555", "+1 512-555-0123", "+15125550123"):
            with self.subTest(typed=typed):
                found = text.search([("number_display", "ilike", typed)])
                self.assertIn(text, found)
        customer.allow_texting = True
        customer.phone = customer.mobile = "512-471-1234 ext. 5"
        self.assertIn("(512) 471-1234 ext. 5", customer.text_block_reason)

    def test_parts_of_numbers_are_found(self):
        cases = [
            ("(512) 555", "512555"),
            ("+1 512-555-0123", "15125550123"),
            ("0123", "0123"),
            ("Ann", "Ann"),
            ("Suite 5", "Suite 5"),
            ("-", "-"),
            ("", ""),
        ]
        for typed, searched in cases:
            with self.subTest(typed=typed):
                self.assertEqual(to_kept_digits(typed), searched)

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


@tagged("post_install", "-at_install")
class TestPhoneField(HttpCase):
    def test_shows_a_number_written_and_keeps_it_as_e164(self):
        new_test_user(
            self.env,
            "phone_staff",
            groups="auto_shop.group_user,sales_team.group_sale_salesman_all_leads",
        )
        country = self.env.ref("base.us")
        self.env.company.country_id = country
        customer = self.env["res.partner"].create(
            {"name": "Rosa Delgado", "mobile": "+15125550123", "country_id": country.id}
        )
        self.start_tour(
            f"/odoo/shop-customers/{customer.id}",
            "auto_shop_phone_field",
            login="phone_staff",
        )
        self.assertEqual(customer.mobile, "+15125550177")
