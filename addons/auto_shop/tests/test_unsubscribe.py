# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import base64
import re
from ast import literal_eval
from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools import html2plaintext

from odoo.addons.auto_shop.models.customer_unsubscribe import KEY_PARAMETER, PATH
from odoo.addons.auto_shop.tools.sealed_token import Sealer, generate_key

from .common import AutoShopCommon

NOON = datetime(2026, 3, 4, 18)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)


class UnsubscribeCommon(AutoShopCommon):
    """A purpose that Do Not Mail stops and one that it does not, and their e-mails."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["customer.quiet.hours"].search([]).active = False
        (cls.company | cls.other_company).write(
            {"street": "1 Main Street", "city": "Austin", "zip": "78701"}
        )
        cls.company.email = "shop@example.com"
        cls.other_company.email = "airport@example.com"
        cls.company.phone = "+15125550199"
        cls.interactions = cls.env["customer.interaction"]
        cls.unsubscribe = cls.env["customer.unsubscribe"]
        cls.reminder, cls.estimate = cls.env["customer.interaction.purpose"].create(
            [
                {
                    "code": "test_reminder",
                    "name": "Reminder",
                    "channel": "email",
                    "category": "transactional",
                    "email_subject": "Your visit",
                    "email_body": "<p>See you, {{ customer_name }}</p>",
                    "post_title": "Your visit",
                    "post_body": "<p>See you, {{ customer_name }}</p>",
                    "honour_do_not_mail": True,
                },
                {
                    "code": "test_estimate",
                    "name": "Estimate",
                    "channel": "email",
                    "category": "transactional",
                    "email_subject": "Your estimate",
                    "email_body": "<p>Here it is</p>",
                    "honour_do_not_mail": False,
                },
            ]
        )
        cls.customer = cls._create_customer(
            street="2 Oak Street",
            city="Austin",
            zip="78701",
            state_id=cls.state_texas.id,
        )

    @classmethod
    def _plan(cls, purpose="test_reminder", customer=None, company=None, **vals):
        company = company or cls.company
        return cls.interactions.sudo()._plan(
            [
                {
                    "partner_id": (customer or cls.customer).id,
                    "company_id": company.id,
                    "purpose": purpose,
                    **vals,
                }
            ]
        )

    @classmethod
    def _mail(cls, row):
        """The e-mail that a planned row becomes."""
        row._dispatch()
        return cls.env["mail.mail"].search([("interaction_id", "=", row.id)])

    @classmethod
    def _path(cls, row):
        """The path of the unsubscribe link of a message."""
        return PATH + cls.unsubscribe._get_urls(row)[row.id].rpartition("/")[2]

    def _rows(self, customer=None):
        customer = customer or self.customer
        return [
            (row.field_name, row.granted, row.source)
            for row in customer.consent_ids.sorted("id")
            if row.field_name == "do_not_mail"
        ]


@tagged("post_install", "-at_install")
class TestUnsubscribeToken(UnsubscribeCommon):
    def test_a_token_tells_nothing_and_opens_again(self):
        row = self._plan()
        url = self.unsubscribe._get_urls(row)[row.id]
        token = url.rpartition("/")[2]
        self.assertRegex(token, r"^[a-z2-7]{45}$")
        link = self.unsubscribe._open_sudo(token)
        self.assertEqual(
            (link.customer, link.company, link.interaction),
            (self.customer, self.company, row),
        )
        # The same message, the same link; another message, quite another one.
        self.assertEqual(self.unsubscribe._get_urls(row)[row.id], url)
        other = self._plan()
        other_token = self.unsubscribe._get_urls(other)[other.id].rpartition("/")[2]
        same = sum(a == b for a, b in zip(token, other_token, strict=True))
        self.assertLess(same, 15)

    def test_what_is_no_token(self):
        row = self._plan()
        token = self._path(row).removeprefix(PATH)
        key = self.unsubscribe._get_key_sudo()
        foreign = Sealer(generate_key(), "auto_shop.unsubscribe.link", 3)
        undo = Sealer(key, "auto_shop.unsubscribe.undo", 3)
        numbers = (self.company.id, self.customer.id, row.id)
        cases = {
            "empty": "",
            "garbage": "x" * 45,
            "short": token[:-1],
            "long": token + "a",
            "not ASCII": "é" * 45,
            "signs that upper-case to more": "ß" * 45,
            "NUL": token[:-1] + "\0",
            "padding": token[:-1] + "=",
            "wrong key": foreign.seal(*numbers),
            "other kind": undo.seal(*numbers),
            "a SQL": "' or 1=1 --".ljust(45, "-"),
        }
        for index in range(45):
            changed = "a" if token[index] != "a" else "b"
            cases[f"sign {index}"] = token[:index] + changed + token[index + 1 :]
        for name, case in cases.items():
            with self.subTest(name):
                self.assertIsNone(self.unsubscribe._open_sudo(case))
        self.assertTrue(self.unsubscribe._open_sudo(token.upper()))

    def test_key_survives_a_copy_of_the_database(self):
        row = self._plan()
        token = self._path(row).removeprefix(PATH)
        # What Odoo does to a database that is restored as a copy.
        parameters = self.env["ir.config_parameter"].sudo()
        secret = parameters.get_param("database.secret")
        parameters.init(force=True)
        self.assertNotEqual(parameters.get_param("database.secret"), secret)
        self.assertTrue(self.unsubscribe._open_sudo(token))
        # An update of the addon keeps it as well.
        key = parameters.get_param(KEY_PARAMETER)
        self.assertEqual(self.unsubscribe._get_key_sudo(True), key)
        self.assertEqual(len(base64.b64decode(key)), 64)

    def test_key_that_was_lost(self):
        row = self._plan()
        token = self._path(row).removeprefix(PATH)
        self.env["ir.config_parameter"].sudo().set_param(KEY_PARAMETER, False)
        self.assertIsNone(self.unsubscribe._open_sudo(token))
        self.assertFalse(self.unsubscribe._get_key_sudo())
        new = self._path(row).removeprefix(PATH)
        self.assertNotEqual(new, token)
        self.assertTrue(self.unsubscribe._open_sudo(new))

    def test_key_is_the_systems(self):
        for user in (self.staff, self.manager):
            with self.assertRaises(AccessError):
                self.env["ir.config_parameter"].with_user(user).get_param(KEY_PARAMETER)
            with self.assertRaises(AccessError):
                self.env["customer.merged.contact"].with_user(user).search([])

    def test_merged_customers(self):
        first, second, third = (
            self._create_customer(name=f"Ann {n}", email=f"ann{n}@example.com")
            for n in range(3)
        )
        tokens = [
            self._path(self._plan(customer=customer)).removeprefix(PATH)
            for customer in (first, second, third)
        ]
        merge = self.env["base.partner.merge.automatic.wizard"].sudo()
        merge._merge((first | second).ids, second)
        merge._merge((second | third).ids, third)
        self.assertFalse((first | second).exists())
        for token in tokens:
            self.assertEqual(self.unsubscribe._open_sudo(token).customer, third)
        # Also when the messages themselves are gone.
        self.interactions.sudo().search([("partner_id", "=", third.id)]).unlink()
        for token in tokens:
            link = self.unsubscribe._open_sudo(token)
            self.assertEqual(link.customer, third)
            self.assertFalse(link.interaction)
            self.unsubscribe._stop(link)
        self.assertTrue(third.do_not_mail)
        third.unlink()
        self.assertFalse(self.env["customer.merged.contact"].sudo().search([]))

    def test_queries_do_not_grow_with_the_messages(self):
        def count(size):
            customers = self.env["res.partner"].create(
                [
                    {"name": f"C{n}", "email": f"c{n}.{size}@example.com"}
                    for n in range(size)
                ]
            )
            rows = self.interactions.sudo()._plan(
                [
                    {"partner_id": customer.id, "purpose": "test_reminder"}
                    for customer in customers
                ]
            )
            rows._fill_wording()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            rows._prepare_mail_vals()
            return self.cr.sql_log_count - before

        count(2)
        self.assertEqual(count(5), count(50))


@tagged("post_install", "-at_install")
class TestUnsubscribeMail(UnsubscribeCommon):
    def test_mail_that_do_not_mail_stops_can_be_unsubscribed(self):
        row = self._plan()
        mail = self._mail(row)
        url = self.unsubscribe._get_urls(row)[row.id]
        self.assertIn(f'href="{url}"', mail.body_html)
        headers = literal_eval(mail.headers)
        self.assertEqual(headers["List-Unsubscribe"], f"<{url}>")
        self.assertEqual(headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        self.assertIn("1 Main Street, Austin", html2plaintext(mail.body_html))
        self.assertNotIn("unsubscribe.invalid", mail.body_html)

    def test_mail_that_comes_in_any_case_cannot(self):
        by_hand = {
            "channel": "email",
            "subject": "Hi",
            "body": "<p>Hi</p>",
            "automatic": False,
        }
        cases = {
            "purpose": self._plan("test_estimate"),
            "by hand": self.interactions._plan(
                [{"partner_id": self.customer.id, **by_hand}]
            ),
        }
        for name, row in cases.items():
            with self.subTest(name):
                mail = self._mail(row)
                self.assertNotIn(PATH, mail.body_html)
                self.assertNotIn("Unsubscribe", mail.body_html)
                self.assertNotIn("List-Unsubscribe", mail.headers)
                self.assertNotIn("unsubscribe.invalid", mail.body_html)

    def test_each_customer_has_his_own_link(self):
        bob = self._create_customer(name="Bob", email="bob@example.com")
        rows = (
            self._plan()
            + self._plan(customer=bob)
            + self._plan(company=self.other_company)
        )
        rows._dispatch()
        mails = self.env["mail.mail"].search([("interaction_id", "in", rows.ids)])
        self.assertEqual(len(mails), 3)
        for mail in mails:
            row = mail.interaction_id
            tokens = set(re.findall(f"{PATH}([a-z2-7]+)", mail.body_html))
            tokens |= set(re.findall(f"{PATH}([a-z2-7]+)", mail.headers))
            self.assertEqual(len(tokens), 1)
            link = self.unsubscribe._open_sudo(tokens.pop())
            self.assertEqual(
                (link.customer, link.company, link.interaction),
                (row.partner_id, row.company_id, row),
            )

    def test_what_a_customer_is_called_does_not_reach_the_page_around(self):
        name = "https://unsubscribe.invalid/ <!-- message --> {{ 7 * 7 }}"
        row = self._plan(customer=self._create_customer(name=name))
        mail = self._mail(row)
        self.assertIn(
            "See you, https://unsubscribe.invalid/ &lt;!-- message", mail.body_html
        )
        self.assertEqual(mail.body_html.count(PATH), 1)

    def test_preview_leads_nowhere(self):
        shown = self.reminder.preview_wording(
            "email",
            {"subject": "Hi", "body": "<p>Hi</p>"},
            partner_id=self.customer.id,
        )["html"]
        self.assertIn("Unsubscribe", shown)
        self.assertIn('href="#"', shown)
        self.assertNotIn(PATH, shown)

    def test_link_is_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        layout = self.env.ref("auto_shop.customer_email_layout")
        layout.update_field_translations(
            "arch_db",
            {"fr_FR": {"Unsubscribe from reminders and offers": "Se désabonner"}},
        )
        self.assertIn("Se désabonner", self._mail(self._plan()).body_html)


@tagged("post_install", "-at_install")
class TestUnsubscribePage(HttpCase, UnsubscribeCommon):
    def setUp(self):
        super().setUp()
        self.startPatcher(freeze_time(NOON, tick=False))
        self.row = self._plan()
        self.path = self._path(self.row)

    def _get(self, path=None, **kwargs):
        return self.url_open(path or self.path, **kwargs)

    def _post(self, data, path=None, **kwargs):
        self.env.flush_all()
        answer = self.url_open(path or self.path, data=data, **kwargs)
        self.env.invalidate_all()
        return answer

    def _blocked(self):
        return self.env["mail.blacklist"].search([("email", "=", self.customer.email)])

    def _undo_token(self, answer):
        found = re.search(r'name="undo"\s+value="([a-z2-7]+)"', answer.text)
        return found and found[1]

    # --- looking ---

    def test_looking_changes_nothing(self):
        for method in ("GET", "HEAD", "OPTIONS"):
            with self.subTest(method):
                answer = self._get(method=method)
                self.assertIn(answer.status_code, (200, 204))
                self.env.invalidate_all()
                self.assertFalse(self.customer.do_not_mail)
                self.assertFalse(self._rows())
        answer = self._get()
        self.assertIn("Stop sending me these", answer.text)
        self.assertEqual(answer.text.count("<button"), 1)
        self.assertNotIn("Undo", answer.text)

    def test_page_names_the_shop_and_nobody_else(self):
        self.company.logo = PIXEL
        text = self._get().text
        self.assertIn("Main Street Auto", text)
        self.assertIn("1 Main Street, Austin", text)
        self.assertIn('src="data:image/png;base64,', text)
        for told in ("Ann", "Miller", "ann.miller", "Oak Street", "555-0123"):
            self.assertNotIn(told, text)

    def test_page_is_whole_in_itself(self):
        answer = self._get()
        self.assertTrue(answer.text.startswith("<!DOCTYPE html>"))
        self.assertIn("width=device-width", answer.text)
        self.assertNotRegex(answer.text, r"<script|<link|src=\"http|@import|/web/")
        headers = answer.headers
        self.assertNotIn("Set-Cookie", headers)
        self.assertEqual(headers["Cache-Control"], "no-store")
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        self.assertIn("noindex", headers["X-Robots-Tag"])
        self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])

    def test_each_location_shows_itself(self):
        path = self._path(self._plan(company=self.other_company))
        self.assertIn("Airport Auto", self._get(path).text)
        self.assertNotIn("Main Street Auto", self._get(path).text)
        self.assertNotIn("Airport Auto", self._get().text)

    def test_customer_who_belongs_to_another_location(self):
        # He was written to by the first one, and moved.
        self.customer.company_id = self.other_company
        answer = self._post(ONE_CLICK)
        self.assertIn("Main Street Auto", answer.text)
        self.assertNotIn("Airport Auto", answer.text)
        self.assertTrue(self.customer.do_not_mail)

    def test_it_says_so_when_it_holds_for_all_locations(self):
        self.assertIn("for all our locations", self._get().text)
        self.customer.company_id = self.company
        self.assertNotIn("for all our locations", self._get().text)

    # --- unsubscribing ---

    def test_button_of_the_mail_program(self):
        cases = {
            "form": {"data": ONE_CLICK},
            "multipart": {"files": {"List-Unsubscribe": (None, "One-Click")}},
        }
        for name, kwargs in cases.items():
            with self.subTest(name):
                self.customer.do_not_mail = False
                before = len(self._rows())
                self.opener.cookies.clear()
                self.env.flush_all()
                answer = self.url_open(self.path, allow_redirects=False, **kwargs)
                self.env.invalidate_all()
                self.assertEqual(answer.status_code, 200)
                self.assertNotIn("Set-Cookie", answer.headers)
                self.assertTrue(self.customer.do_not_mail)
                consent = self.customer.consent_ids.sorted("id")[-1]
                self.assertEqual(len(self._rows()), before + 1)
                self.assertEqual(
                    (consent.field_name, consent.granted, consent.source, consent.date),
                    ("do_not_mail", False, "web", NOON),
                )
                self.assertIn("mail program", consent.note)
                self.assertIn("Reminder", consent.note)
                self.assertEqual(consent.number, "ann.miller@example.com")
                self.assertEqual(self.row.unsubscribed_at, NOON)

    def test_button_of_the_page(self):
        answer = self._post({"action": "stop"})
        self.assertEqual(answer.status_code, 200)
        self.assertIn("You are unsubscribed", answer.text)
        self.assertTrue(self.customer.do_not_mail)
        self.assertEqual(self._rows(), [("do_not_mail", False, "web")])
        self.assertIn("page", self.customer.consent_ids.sorted("id")[-1].note)
        blocked = self.env["mail.blacklist"].search(
            [("email", "=", "ann.miller@example.com")]
        )
        self.assertTrue(blocked.from_do_not_mail)

    def test_a_post_that_says_nothing_unsubscribes(self):
        for data in ({"x": "y"}, {"action": "else"}, {"List-Unsubscribe": "no"}):
            with self.subTest(data=data):
                self.customer.do_not_mail = False
                self._post(data)
                self.assertTrue(self.customer.do_not_mail)

    def test_asked_again_nothing_is_added(self):
        for _time in range(3):
            answer = self._post(ONE_CLICK)
            self.assertIn("You are unsubscribed", answer.text)
        self.assertEqual(len(self._rows()), 1)

    def test_the_old_link_of_every_message_does(self):
        other = self._plan()
        self._post(ONE_CLICK, self._path(other))
        self.assertEqual(other.unsubscribed_at, NOON)
        self.assertFalse(self.row.unsubscribed_at)
        self.assertIn("You are unsubscribed", self._get().text)

    def test_years_later(self):
        with freeze_time(NOON + timedelta(days=5 * 366), tick=False):
            self._post(ONE_CLICK)
        self.assertTrue(self.customer.do_not_mail)

    def test_archived_ones(self):
        self.customer.active = False
        self.assertIn("Stop sending", self._get().text)
        closed = self.env["res.company"].create({"name": "Closed Auto"})
        path = self._path(self._plan(company=closed))
        closed.active = False
        self.assertIn("Closed Auto", self._get(path).text)
        self._post(ONE_CLICK, path)
        self.assertTrue(self.customer.do_not_mail)

    def test_staff_and_page_say_the_same(self):
        self.customer.do_not_mail = True
        answer = self._get()
        self.assertIn("You are unsubscribed", answer.text)
        # Staff did it: staff takes it back.
        self.assertFalse(self._undo_token(answer))
        self.assertIn("tel:+15125550199", answer.text)
        self.customer.do_not_mail = False
        self.assertIn("Stop sending", self._get().text)

    # --- taking it back ---

    def test_undo(self):
        undo = self._undo_token(self._post({"action": "stop"}))
        answer = self._post({"action": "undo", "undo": undo})
        self.assertIn("You keep getting", answer.text)
        self.assertFalse(self.customer.do_not_mail)
        self.assertFalse(self.row.unsubscribed_at)
        self.assertEqual(
            self._rows(), [("do_not_mail", False, "web"), ("do_not_mail", True, "web")]
        )
        self.assertFalse(
            self.env["mail.blacklist"].search(
                [("email", "=", "ann.miller@example.com")]
            )
        )

    def test_undo_only_from_the_page_and_soon(self):
        bob = self._create_customer(name="Bob", email="bob@example.com")
        bob_path = self._path(self._plan(customer=bob))
        bob_undo = self._undo_token(self._post({"action": "stop"}, bob_path))
        undo = self._undo_token(self._post({"action": "stop"}))
        cases = {
            "empty": "",
            "made up": "a" * len(undo),
            "another customer's": bob_undo,
            "the link itself": self.path.removeprefix(PATH),
            "not ASCII": "é" * len(undo),
        }
        for name, token in cases.items():
            with self.subTest(name):
                data = {"action": "undo"} | (
                    {"undo": token} if token is not None else {}
                )
                answer = self._post(data)
                self.assertIn("You are unsubscribed", answer.text)
                self.assertTrue(self.customer.do_not_mail)
        with self.subTest("nothing"):
            self._post({"action": "undo"})
            self.assertTrue(self.customer.do_not_mail)
        with self.subTest("by GET"):
            self._get(f"{self.path}?action=undo&undo={undo}")
            self.env.invalidate_all()
            self.assertTrue(self.customer.do_not_mail)
        with self.subTest("late"), freeze_time(NOON + timedelta(hours=2), tick=False):
            answer = self._post({"action": "undo", "undo": undo})
            self.assertTrue(self.customer.do_not_mail)
            self.assertFalse(self._undo_token(answer))
            self.assertIn("Would you like to get them again?", answer.text)
        self.assertEqual(len(self._rows()), 1)

    def test_undo_is_not_for_what_staff_did_since(self):
        undo = self._undo_token(self._post({"action": "stop"}))
        self.customer.do_not_mail = False
        self.customer.do_not_mail = True
        self._post({"action": "undo", "undo": undo})
        self.assertTrue(self.customer.do_not_mail)

    def test_undo_does_not_fill_the_history(self):
        for _time in range(10):
            undo = self._undo_token(self._post({"action": "stop"}))
            self._post({"action": "undo", "undo": undo or ""})
        self.assertTrue(self.customer.do_not_mail)
        self.assertEqual(len(self._rows()), 7)

    # --- what does not work ---

    def test_links_that_do_not_work_are_all_the_same(self):
        gone = self._create_customer(name="Gone", email="gone@example.com")
        gone_path = self._path(self._plan(customer=gone))
        closed = self.env["res.company"].create({"name": "Closed"})
        token = self.path.removeprefix(PATH)
        key = self.unsubscribe._get_key_sudo()
        sealer = self.unsubscribe._get_sealer("link", key)
        self.interactions.sudo().search([("partner_id", "=", gone.id)]).unlink()
        gone.unlink()
        closed_path = PATH + sealer.seal(closed.id, self.customer.id, 0)
        closed.unlink()
        paths = {
            "deleted customer": gone_path,
            "deleted location": closed_path,
            "garbage": PATH + "garbage",
            "long": PATH + "a" * 5000,
            "cut off": self.path[:-3],
            "tampered": PATH + ("b" if token[0] == "a" else "a") + token[1:],
            "escapes": PATH + "%00%ff%3Cscript%3E",
        }
        answers = set()
        for name, path in paths.items():
            for method in ("GET", "POST"):
                with self.subTest(name, method=method):
                    answer = self.url_open(
                        path, data=ONE_CLICK if method == "POST" else None
                    )
                    self.assertEqual(answer.status_code, 404)
                    self.assertIn("This link does not work", answer.text)
                    answers.add(
                        (answer.text, str(sorted(set(answer.headers) - {"Date"})))
                    )
        self.assertEqual(len(answers), 1)
        self.assertNotIn("Main Street Auto", answers.pop()[0])

    def test_every_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["res.lang"]._activate_lang("ar_001")
        page = self.env.ref("auto_shop.customer_unsubscribe_page")
        page.update_field_translations(
            "arch_db",
            {
                "fr_FR": {
                    "You are unsubscribed": "Vous êtes désabonné",
                    "This link does not work": "Ce lien ne fonctionne pas",
                }
            },
        )
        self.customer.lang = "fr_FR"
        # The language of the letter, whatever the browser speaks.
        german = {"Accept-Language": "de-DE"}
        self.assertIn('lang="fr-FR"', self._get(headers=german).text)
        self.assertIn("Vous êtes désabonné", self._post(ONE_CLICK).text)
        french = {"Accept-Language": "fr-FR,fr;q=0.9"}
        unknown = self._get(PATH + "x", headers=french)
        self.assertIn("Ce lien ne fonctionne pas", unknown.text)
        self.assertIn('lang="en-US"', self._get(PATH + "x", headers=german).text)
        self.customer.lang = "ar_001"
        self.assertIn('dir="rtl"', self._get().text)

    def test_somebody_of_the_shop_who_presses_it_is_named(self):
        self.authenticate("shop_staff", "shop_staff")
        self._post({"action": "stop"})
        consent = self.customer.consent_ids.sorted("id")[-1]
        self.assertEqual(consent.user_id, self.staff)

    # --- what it does to what is planned ---

    def test_what_is_planned_is_not_sent_any_more(self):
        email = self._plan()
        card = self._plan(channel="post")
        estimate = self._plan("test_estimate")
        waiting = self._plan()
        mail = self._mail(waiting)
        on_run = self._plan(channel="post")
        on_run._dispatch()
        self.assertEqual((waiting.state, on_run.state), ("queued", "queued"))
        self._post(ONE_CLICK)
        (email + card + estimate)._dispatch()
        self.assertEqual(
            [(row.state, row.reason_code) for row in email + card + estimate],
            [
                ("cancelled", "do_not_mail"),
                ("cancelled", "do_not_mail"),
                ("queued", False),
            ],
        )
        self.assertFalse(
            self.env["mail.mail"].search([("interaction_id", "=", email.id)])
        )
        # In the mail queue, and on a print run, it is looked at once more.
        self.assertFalse(mail._drop_unwanted())
        run = on_run.print_run_id
        other = self._plan(
            channel="post",
            customer=self._create_customer(
                name="Bob",
                email="bob@example.com",
                street="3 Oak Street",
                city="Austin",
                zip="78701",
                state_id=self.state_texas.id,
            ),
        )
        other._dispatch()
        self.assertEqual(other.print_run_id, run)
        run.action_print()
        self.assertEqual(
            [(row.state, row.reason_code) for row in waiting + on_run],
            [("cancelled", "do_not_mail")] * 2,
        )
        self.assertEqual(run._get_cards(), other)

    def test_taken_back_in_time_what_is_planned_goes(self):
        email = self._plan()
        undo = self._undo_token(self._post({"action": "stop"}))
        self._post({"action": "undo", "undo": undo})
        email._dispatch()
        self.assertEqual(email.state, "queued")

    # --- cost ---

    def test_garbage_costs_little(self):
        self._get(PATH + "a" * 45)
        before = self.cr.sql_log_count
        self._get(PATH + "b" * 45)
        self.assertLess(self.cr.sql_log_count - before, 12)


# Looked at again and again while pages come and go. A page that is not as it should
# be is not left, which fails the test in the end.
WALK = """
(() => {
    const said = document.querySelector("h1")?.textContent;
    const button = document.querySelector("button");
    const fits = document.documentElement.scrollWidth <= window.innerWidth;
    const large = !button || button.getBoundingClientRect().height >= 44;
    const plain = !document.scripts.length;
    const press = {
        "No more reminders and offers?": "Stop sending me these",
        "You are unsubscribed": "Keep sending me these",
    }[said];
    if (!fits || !large || !plain || document.readyState !== "complete") {
        return false;
    }
    if (press && button?.textContent.trim() === press && !window.pressed) {
        window.pressed = true;
        button.click();
    }
    return said === "%s";
})()
"""


@tagged("post_install", "-at_install")
class TestUnsubscribeInBrowser(HttpCase, UnsubscribeCommon):
    """As a customer on a telephone who follows the link in his e-mail."""

    browser_size = "360x640"
    touch_enabled = True

    def test_unsubscribe_as_a_customer(self):
        self.company.name = "The Longest Name of a Shop-in-the-" + "Neighbourhood" * 4
        self.company.logo = PIXEL
        mail = self._mail(self._plan())
        path = re.search(rf'href="[^"]*({PATH}\w+)"', mail.body_html)[1]
        done = "console.log('test successful')"
        self.browser_js(path, done, WALK % "You keep getting our messages")
        self.env.invalidate_all()
        self.assertFalse(self.customer.do_not_mail)
        self.assertEqual(
            self._rows(), [("do_not_mail", False, "web"), ("do_not_mail", True, "web")]
        )
