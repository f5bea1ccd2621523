# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import datetime

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from odoo.addons.auto_shop.tools.sms_segments import count_segments, use_plain_signs
from odoo.addons.auto_shop.tools.wording import WordingError, compile_wording

from .common import AutoShopCommon


@tagged("post_install", "-at_install")
class TestWording(AutoShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.shop_tz = "UTC"
        cls.purpose = cls.env["customer.interaction.purpose"].create(
            {
                "code": "test_ready",
                "name": "Vehicle ready",
                "sms_body": "{{ first_name }}, your {{ vehicle }} is ready. "
                "{{ shop_name }}",
                "email_subject": "{{ vehicle }} & more",
                "email_body": "<p>Dear {{ customer_name }}</p>",
            }
        )

    def test_forbidden_wording(self):
        """What could run code, reach into an object or run long is refused."""
        cases = {
            "{{ first_name.__class__ }}": "forbidden",
            "{{ first_name['x'] }}": "forbidden",
            "{{ range(10) }}": "forbidden",
            "{{ 10 ** 9 }}": "forbidden",
            "{{ 'a' * 9 }}": "forbidden",
            "{% set a = 1 %}": "forbidden",
            "{% include 'x' %}": "forbidden",
            "{% macro a() %}{% endmacro %}": "forbidden",
            "{{ first_name|attr('x') }}": "filter",
            "{{ first_name|center(9) }}": "filter",
            "{% for a in first_name %}{% for b in first_name %}x{% endfor %}"
            "{% endfor %}": "forbidden",
            "{% for a in 5 %}x{% endfor %}": "forbidden",
            "{{ first_name|join(first_name) }}": "forbidden",
            "{{ first_name|join('aaaa')|join('aaaa') }}": "forbidden",
            "{{ first_name|join(d=first_name) }}": "forbidden",
            "{{ first_name": "syntax",
            "{% if first_name %}": "syntax",
        }
        for source, code in cases.items():
            with self.subTest(source=source):
                with self.assertRaises(WordingError) as caught:
                    compile_wording(source)
                self.assertEqual(caught.exception.args[0], code)
                with self.assertRaises(ValidationError):
                    self.purpose.sms_body = source

    def test_allowed_wording(self):
        cases = {
            "Hi {{ first_name }}": "Hi Ann",
            "Hi {{ first_name|upper }}": "Hi ANN",
            "{% if last_name %}x{% else %}y{% endif %}": "y",
            "{% for item in items %}- {{ item }}\n{% endfor %}": "- a\n- b\n",
            "{{ last_name|default('there', true) }}": "there",
            "no fields, 100 % {braces}": "no fields, 100 % {braces}",
            'a href="%7B%7B%20first_name%20%7D%7D"': 'a href="Ann"',
            'a href="{{%20first_name%20}}"': 'a href="Ann"',
        }
        values = {"first_name": "Ann", "last_name": "", "items": ["a", "b"]}
        for source, expected in cases.items():
            with self.subTest(source=source):
                self.assertEqual(compile_wording(source)[0](values), expected)

    def test_wording_that_fails_for_some_customers(self):
        """It is refused when it is saved, not when it is due."""
        cases = (
            "{{ license_plate|first }}",
            "{{ license_plate|last }}",
            "{% if vehicle_year > 2000 %}x{% endif %}",
            "{{ 5|length }}",
            "{{ 5|join(',') }}",
        )
        for source in cases:
            with self.subTest(source=source):
                with self.assertRaisesRegex(ValidationError, "little is known"):
                    self.purpose.sms_body = source
                shown = self.purpose.preview_wording("sms", {"body": source})
                self.assertIn("little is known", shown["error"])

    def test_one_customer_does_not_hold_up_the_others(self):
        """An old wording may fail, or leave nothing, for one of many."""
        ann, bob, cid = (
            self._create_customer(name=name, mobile=f"512555010{i}")
            for i, name in enumerate(("Ann Miller", "Bob", "Cid Jones"))
        )
        rows = self.env["customer.interaction"].create(
            [
                {
                    "partner_id": partner.id,
                    "channel": "sms",
                    "purpose_id": self.purpose.id,
                }
                for partner in (ann, bob, cid)
            ]
        )
        for source in (
            "{{ last_name|first }} hello",
            "{% if last_name %}Hello{% endif %}",
        ):
            with self.subTest(source=source), self.env.cr.savepoint() as savepoint:
                # Past the check on saving.
                self.env.cr.execute(
                    "UPDATE customer_interaction_purpose SET sms_body ="
                    " jsonb_build_object('en_US', %s::text) WHERE id = %s",
                    [source, self.purpose.id],
                )
                self.purpose.invalidate_recordset()
                self.assertEqual(rows._fill_wording(), rows - rows[1])
                self.assertEqual(rows[1].state, "failed")
                self.assertEqual(rows[1].reason_code, "no_wording")
                savepoint.rollback()
                self.env.invalidate_all()

    def test_unknown_merge_field_names_the_known_ones(self):
        with self.assertRaisesRegex(ValidationError, "frist_name.*first_name"):
            self.purpose.sms_body = "Hi {{ frist_name }}"

    def test_html_values_are_escaped_in_mails_only(self):
        customer = self._create_customer(name="<b>Ann</b> Miller")
        vals = {"partner_id": customer.id}
        self.assertEqual(
            self.purpose._preview("email", **vals)["body"],
            "<p>Dear &lt;b&gt;Ann&lt;/b&gt; Miller</p>",
        )
        self.purpose.sms_body = "{{ customer_name }}"
        self.assertEqual(
            self.purpose._preview("sms", **vals)["body"], "<b>Ann</b> Miller"
        )

    def test_missing_values_render_as_nothing(self):
        preview = self.purpose._preview("sms", partner_id=self._create_customer().id)
        self.assertEqual(preview["body"], "Ann, your  is ready. Main Street Auto")

    def test_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.purpose.with_context(lang="es_ES").sms_body = "Hola {{ first_name }}"
        customer = self._create_customer(lang="es_ES")
        english = self._create_customer(lang="en_US")
        rows = self.env["customer.interaction"]._plan(
            [{"partner_id": p.id, "purpose": "test_ready"} for p in customer + english]
        )
        rendered = self.purpose._render(rows)
        self.assertEqual(rendered[rows[0].id]["body"], "Hola Ann")
        self.assertTrue(rendered[rows[1].id]["body"].startswith("Ann, your"))

    def test_own_purpose_of_a_location_comes_first(self):
        get = self.env["customer.interaction.purpose"]._get
        own = self.purpose.copy({"company_id": self.company.id})
        self.assertEqual(get("test_ready", self.company), own)
        self.assertEqual(get("test_ready", self.other_company), self.purpose)
        own.active = False
        self.assertEqual(get("test_ready", self.company), self.purpose)
        self.assertFalse(get("no_such_code", self.company))

    def test_only_managers_edit(self):
        with self.assertRaises(AccessError):
            self.purpose.with_user(self.staff).sms_body = "x"
        self.purpose.with_user(self.manager).sms_body = "x"
        foreign = self.purpose.copy({"company_id": self.other_company.id})
        with self.assertRaises(AccessError):
            foreign.with_user(self.manager).sms_body = "x"

    def test_typography_costs_nothing(self):
        """The narrow space before PM would make an appointment text cost double."""
        self.purpose.sms_body = "“Hi”… it’s {{ appointment_time }}"
        shown = self.purpose._preview(
            "sms",
            partner_id=self._create_customer().id,
            told_start=datetime(2026, 6, 17, 20, 30),
        )
        self.assertEqual(shown["body"], '"Hi"... it\'s 8:30 PM')
        self.assertFalse(shown["is_unicode"])

    def test_day_in_the_language_of_the_customer(self):
        cases = {
            "en_US": "Wednesday, June 17",
            "de_DE": "Mittwoch, 17. Juni",
            "es_ES": "miércoles, 17 de junio",
            "fr_FR": "mercredi 17 juin",
        }
        self.purpose.sms_body = "{{ appointment_date }}"
        for lang, expected in cases.items():
            self.env["res.lang"]._activate_lang(lang)
            with self.subTest(lang=lang):
                shown = self.purpose._preview(
                    "sms",
                    partner_id=self._create_customer(lang=lang).id,
                    told_start=datetime(2026, 6, 17, 20, 30),
                )
                self.assertEqual(shown["body"], expected)

    def test_no_blank_that_makes_a_text_cost_double(self):
        """Neither of the locale nor of what was pasted into a name or the wording."""
        self.env["res.lang"]._activate_lang("fr_FR")
        fields = self.env["customer.interaction"]._merge_fields()
        self.purpose.sms_body = "A\u00a0Z " + " ".join(
            f"{{{{ {name} }}}}" for name in fields
        )
        self.company.name = "Main\u202fStreet"
        for lang in ("en_US", "fr_FR"):
            for sign in "\u00a0\u2007\u2009\u202f\u200b\ufeff":
                with self.subTest(lang=lang, sign=hex(ord(sign))):
                    shown = self.purpose._preview(
                        "sms",
                        partner_id=self._create_customer(
                            name=f"Ann{sign} Lee", lang=lang
                        ).id,
                        told_start=datetime(2026, 6, 17, 20, 30),
                    )
                    self.assertIn("A Z Ann", shown["body"])
                    self.assertIn("Main Street", shown["body"])
                    self.assertEqual(shown["body"], use_plain_signs(shown["body"]))
                    self.assertFalse(shown["is_unicode"], shown["body"])

    def test_segments(self):
        """3GPP TS 23.038: 160/153 GSM characters, 70/67 in UCS-2."""
        cases = [
            ("", 0, 0, False),
            ("a" * 160, 1, 160, False),
            ("a" * 161, 2, 161, False),
            ("a" * 306, 2, 306, False),
            ("a" * 307, 3, 307, False),
            ("€" * 80, 1, 160, False),
            ("€" * 81, 2, 162, False),
            # An escape sequence is not split: 76 of them in a part of 153.
            ("€" * 153, 3, 306, False),
            ("ü" * 160, 1, 160, False),
            ("ő" * 70, 1, 70, True),
            ("ő" * 71, 2, 71, True),
            ("😀" * 35, 1, 70, True),
            ("😀" * 36, 2, 72, True),
        ]
        for text, segments, characters, is_unicode in cases:
            with self.subTest(text=text[:3], length=len(text)):
                self.assertEqual(
                    count_segments(text), (segments, characters, is_unicode)
                )
