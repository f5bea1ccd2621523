# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import datetime

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import AutoShopCommon


@tagged("post_install", "-at_install")
class TestWordingPreview(AutoShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enterClassContext(freeze_time(datetime(2026, 5, 20, 15, 0)))
        cls.company.shop_tz = "America/Chicago"
        cls.customer = cls._create_customer()
        cls.purpose = cls.env["customer.interaction.purpose"].create(
            {
                "code": "preview_test",
                "name": "Preview",
                "sms_body": "Hi {{ first_name }}, see you at {{ appointment_time }}",
                "email_subject": "Hello {{ first_name }}",
                "email_body": "<p>Dear {{ customer_name }}</p>",
            }
        )

    def _preview(self, channel="sms", body="", user=None, **kwargs):
        purpose = self._as(self.purpose, user or self.manager)
        wording = {"body": body, "subject": kwargs.pop("subject", "")}
        return purpose.preview_wording(channel, wording, **kwargs)

    def test_what_stands_in_the_editor_counts_before_it_is_saved(self):
        event = self.env["calendar.event"].create(
            {
                "shop_state": "booked",
                "customer_id": self.customer.id,
                "company_id": self.company.id,
                "start": datetime(2026, 5, 21, 19, 30),
            }
        )
        preview = self._preview(
            body="{{ first_name }}: {{ appointment_time }}",
            partner_id=self.customer.id,
            event_id=event.id,
        )
        self.assertEqual(preview["body"], "Ann: 2:30 PM")
        self.assertEqual(preview["segments"], 1)
        self.assertEqual(preview["empty"], [])
        self.assertFalse(
            self.env["customer.interaction"].search([("event_id", "=", event.id)])
        )

    def test_telephone_numbers_are_written_for_people(self):
        cases = [
            ("+15125550100", "+1 512-555-0100"),
            ("+15125550100 ext. 5", "+1 512-555-0100 ext. 5"),
            ("ask for Bob", "ask for Bob"),
            (False, ""),
        ]
        for phone, written in cases:
            with self.subTest(phone=phone):
                self.company.phone = phone
                preview = self._preview(
                    body="Call {{ shop_phone }}.", partner_id=self.customer.id
                )
                self.assertEqual(preview["body"], f"Call {written}.")

    def test_without_an_appointment_it_takes_tomorrow_at_nine(self):
        preview = self._preview(
            body="{{ appointment_time }}", partner_id=self.customer.id
        )
        self.assertEqual(preview["body"], "9:00 AM")

    def test_length_as_the_network_counts_it(self):
        for body, segments, is_unicode in (
            ("x" * 160, 1, False),
            ("x" * 161, 2, False),
            ("😀" * 35, 1, True),
            ("😀" * 36, 2, True),
            ("", 0, False),
        ):
            with self.subTest(body=body):
                preview = self._preview(body=body, partner_id=self.customer.id)
                self.assertEqual(preview["segments"], segments)
                self.assertEqual(preview["is_unicode"], is_unicode)

    def test_a_mistake_is_a_sentence(self):
        for body, sentence in (
            ("{{ firstname }}", "no merge field firstname"),
            ("{{ first_name", "braces"),
            ("{% set x = 1 %}", "only merge fields"),
        ):
            with self.subTest(body=body):
                preview = self._preview(body=body, partner_id=self.customer.id)
                self.assertIn(sentence, preview["error"])

    def test_says_what_is_empty_for_this_customer(self):
        preview = self._preview(
            body="{{ license_plate }} {{ first_name }}", partner_id=self.customer.id
        )
        self.assertEqual(preview["empty"], ["License plate"])

    def test_each_language_its_own_wording(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.purpose.with_context(lang="es_ES").sms_body = "Hola {{ first_name }}"
        spaniard = self._create_customer(name="Ana Ruiz", lang="es_ES")
        for partner, lang, expected in (
            (self.customer, False, "Now Ann"),
            (self.customer, "es_ES", "Hola Ann"),
            (spaniard, False, "Hola Ana"),
            (spaniard, "en_US", "Now Ana"),
        ):
            with self.subTest(partner=partner.name, lang=lang):
                preview = self._preview(
                    body="Now {{ first_name }}", partner_id=partner.id, lang=lang
                )
                self.assertEqual(preview["body"], expected)
        self.assertEqual(self.customer.lang, "en_US")

    def test_an_email_carries_no_script_and_no_markup_of_a_customer(self):
        evil = self._create_customer(name="<img src=x onerror=alert(1)> Bob")
        preview = self._preview(
            "email",
            "<p>Dear {{ customer_name }}</p><script>alert(2)</script>",
            subject="Hi",
            partner_id=evil.id,
        )
        self.assertNotIn("<script", preview["html"])
        self.assertNotIn("<img", preview["html"])
        self.assertIn("&lt;img", preview["html"])
        self.purpose.email_body = "<p>Hi</p><script>alert(3)</script>"
        self.assertNotIn("script", self.purpose.email_body)
        received = self.env["customer.interaction"].create(
            {
                "partner_id": evil.id,
                "channel": "email",
                "body": "<p onclick='x()'>Hi</p><script>alert(4)</script>",
            }
        )
        self.assertNotIn("script", received.body_html)
        self.assertNotIn("onclick", received.body_html)

    def test_a_postcard_shows_both_sides(self):
        self.customer.write({"street": "45 Oak Ave", "city": "Austin", "zip": "78704"})
        preview = self._preview(
            "post",
            "<p>Dear {{ first_name }}</p>",
            subject="Time for service",
            partner_id=self.customer.id,
        )
        for text in ("Time for service", "Dear Ann", "45 Oak Ave", self.company.name):
            self.assertIn(text, preview["html"])

    def test_a_postcard_that_is_too_long_says_so(self):
        cases = [
            ("Short.", ""),
            ("Long. " * 400, "too long"),
            ("張", "cannot be printed"),
        ]
        for body, sentence in cases:
            with self.subTest(body=body[:10]):
                preview = self._preview(
                    "post", f"<p>{body}</p>", subject="Hi", partner_id=self.customer.id
                )
                self.assertEqual(bool(preview["warning"]), bool(sentence))
                self.assertIn(sentence, preview["warning"])
                self.assertIn("data:image/png", preview["html"])

    def test_a_new_purpose_can_be_previewed(self):
        purposes = self._as(self.env["customer.interaction.purpose"], self.manager)
        preview = purposes.preview_wording("sms", {"body": "Hi {{ shop_name }}"})
        self.assertEqual(preview["body"], f"Hi {self.company.name}")

    def test_only_managers_edit_and_only_the_shop_previews(self):
        with self.assertRaises(AccessError):
            self._as(self.purpose, self.staff).sms_body = "Buy now"
        with self.assertRaises(AccessError):
            self._as(self.purpose, self.staff).action_copy_for_company()
        self._as(self.purpose, self.manager).sms_body = "Hello {{ first_name }}"
        self.assertTrue(self._preview(body="Hi", user=self.staff))
        for call in ("get_wording_help", "preview_wording"):
            arguments = ("sms", {"body": "x"}) if call == "preview_wording" else ()
            with self.subTest(call=call), self.assertRaises(AccessError):
                getattr(self._as(self.purpose, self.employee), call)(*arguments)
        with self.assertRaises(UserError):
            self._preview("memo", "x")

    def test_an_appointment_of_another_location_is_not_shown(self):
        event = (
            self.env["calendar.event"]
            .with_company(self.other_company)
            .create(
                {
                    "shop_state": "booked",
                    "customer_id": self.customer.id,
                    "company_id": self.other_company.id,
                    "start": datetime(2026, 5, 21, 19, 30),
                }
            )
        )
        with self.assertRaises(AccessError):
            self._preview(body="{{ appointment_time }}", event_id=event.id)

    def test_a_copy_for_the_location_is_used_there_only(self):
        action = self._as(self.purpose, self.manager).action_copy_for_company()
        own = self.purpose.browse(action["res_id"])
        self.assertEqual(own.company_id, self.company)
        own.sms_body = "Ours"
        purposes = self.env["customer.interaction.purpose"]
        self.assertEqual(purposes._get("preview_test", self.company), own)
        self.assertEqual(
            purposes._get("preview_test", self.other_company), self.purpose
        )
