# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import email.message
import email.policy
import re
import socket
from unittest.mock import patch

from aiosmtpd.controller import Controller

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, HttpCase, tagged

from odoo.addons.auto_shop.models.customer_unsubscribe import PATH
from odoo.addons.base.models.ir_mail_server import IrMail_Server

from .common import Contact360Common

KINDS = ("reminder_1", "reminder_2", "no_show", "thank_you", "deferred", "inactive")


class Mailbox:
    """What an SMTP server on loopback takes in, byte for byte."""

    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):
        self.taken.append(envelope)
        return "250 taken"


class EmailCommon(Contact360Common):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["customer.quiet.hours"].search([]).active = False
        cls.setup.write(
            {
                "business_name": "Main Street Auto & Glass",
                "owner_name": "Mary Owner",
                "phone": "+15125550188",
                "email": "service@example.com",
                "feedback_url": "https://example.com/feedback?a=1&b=2",
            }
        )
        cls.company.email = "shop@example.com"
        cls.vehicle.write(
            {
                "year": 2019,
                "make_id": cls.env["vehicle.make"].create({"name": "Fordy"}).id,
                "license_plate": "ABC 123",
            }
        )
        cls.interactions = cls.env["customer.interaction"]

    @classmethod
    def _plan(cls, kind="inactive", **vals):
        """A message of a kind, as nothing but a query would plan it."""
        return cls.interactions.sudo()._plan(
            [
                {
                    "partner_id": cls.ann.id,
                    "company_id": cls.company.id,
                    "vehicle_id": cls.vehicle.id,
                    "purpose": f"contact_{kind}",
                    "channel": "email",
                    **vals,
                }
            ]
        )

    def _mail(self, row):
        row._dispatch()
        self.assertEqual(row.state, "queued", row.failure_reason)
        return self.env["mail.mail"].search([("interaction_id", "=", row.id)])


@tagged("post_install", "-at_install")
class TestEmailSetup(EmailCommon):
    def test_email_needs_a_postal_address_and_a_mailbox(self):
        company = self.env["res.company"].create({"name": "New Auto"})
        setup = self.env["customer.contact.setup"].create({"company_id": company.id})
        self.assertIn("postal address of New Auto", setup.email_problem)
        self.assertIn("business e-mail", setup.email_problem)
        address = {"street": "9 New Street", "city": "Waco"}
        cases = [
            ({"email_enabled": True}, "postal address of New Auto"),
            ({"email_enabled": True, "email": "new@example.com"}, "postal address"),
            ({"email_enabled": True, "street": "9 New Street"}, "postal address"),
            ({"email_enabled": True, **address}, "business e-mail"),
        ]
        for vals, said in cases:
            with (
                self.subTest(vals=vals),
                self.assertRaisesRegex(ValidationError, said),
                self.cr.savepoint(),
            ):
                setup.write(vals)
            setup.invalidate_recordset()
            self.assertFalse(setup.email_enabled)
        # All at once, as the form saves it.
        setup.write({"email_enabled": True, "email": "new@example.com", **address})
        self.assertTrue(setup.email_enabled)
        self.assertEqual(company.street, "9 New Street")
        with self.assertRaisesRegex(ValidationError, "business e-mail"):
            setup.email = False

    def test_a_manager_enters_the_address_of_his_location(self):
        company = self.env["res.company"].create(
            {"name": "New Auto", "email": "new@example.com"}
        )
        manager = self._create_user("new_manager", "auto_shop.group_manager", company)
        setup = self._as(self.env["customer.contact.setup"], manager)
        setup = setup.with_company(company).create({"company_id": company.id})
        with Form(setup) as form:
            form.street = "9 New Street"
            form.city = "Waco"
            form.zip = "76701"
            form.email_enabled = True
        self.assertTrue(setup.email_enabled)
        self.assertEqual(company._get_address_line(), "9 New Street, Waco, 76701")
        # Not of another one, nor its name.
        with self.assertRaises(AccessError):
            self._as(self.company, manager).write({"street": "1 Other Street"})
        with self.assertRaises(AccessError):
            self._as(company, manager).write({"name": "Mine"})

    def test_address_that_goes_later_is_said_and_stops_nothing(self):
        self.company.street = False
        self.setup.invalidate_recordset()
        self.assertIn("postal address", self.setup.email_problem)
        self.setup.owner_name = "Somebody"
        self.assertTrue(self._mail(self._plan()))

    def test_links_that_customers_could_not_follow(self):
        parameters = self.env["ir.config_parameter"].sudo()
        cases = [
            ("http://localhost:8069", "cannot reach"),
            ("http://127.0.0.1:8069", "cannot reach"),
            ("https://192.168.1.5", "cannot reach"),
            ("https://shopserver", "cannot reach"),
            ("http://shop.example.com", "https:"),
            ("https://shop.example.com", ""),
        ]
        database = self.env.cr.dbname
        path = "odoo.addons.customer_contact_360.models.customer_contact_setup_mail"
        with patch(f"{path}.db_list", return_value=[database]) as found:
            for url, said in cases:
                with self.subTest(url=url):
                    parameters.set_param("web.base.url", url)
                    self.setup.invalidate_recordset()
                    if said:
                        self.assertIn(said, self.setup.email_problem)
                    else:
                        self.assertFalse(self.setup.email_problem)
            found.return_value = [database, "another"]
            self.setup.invalidate_recordset()
            self.assertIn("dbfilter", self.setup.email_problem)
            self.assertEqual(found.call_args.kwargs["host"], "shop.example.com")

    def test_answers_that_odoo_does_not_read(self):
        self.assertIn("service@example.com", self.setup.answers_hint)
        server = self.env["fetchmail.server"].create(
            {"name": "Shop", "user": "service@example.com", "server": "mx.example.com"}
        )
        self.setup.invalidate_recordset()
        self.assertTrue(self.setup.answers_hint)
        server.state = "done"
        self.setup.invalidate_recordset()
        self.assertFalse(self.setup.answers_hint)
        server.state = "draft"
        self.env["mail.alias.domain"].create({"name": "example.com"})
        self.setup.invalidate_recordset()
        self.assertFalse(self.setup.answers_hint)
        # A manager, who may not read the servers, is told as well.
        mine = self._as(self.setup, self.manager)
        mine.invalidate_recordset()
        self.assertFalse(mine.answers_hint)


@tagged("post_install", "-at_install")
class TestEmailContent(EmailCommon):
    def test_every_kind_has_the_link_to_unsubscribe(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                row = self._plan(kind)
                row.body = "<p>Said</p>"
                mail = self._mail(row)
                self.assertEqual(mail.body_html.count(PATH), 1)
                self.assertIn("List-Unsubscribe-Post", mail.headers)
                self.assertTrue(row.purpose_id.honour_do_not_mail)

    def test_sender_and_answers(self):
        mail = self._mail(self._plan())
        self.assertEqual(
            (mail.email_from, mail.reply_to),
            (
                '"Main Street Auto & Glass" <shop@example.com>',
                '"Main Street Auto & Glass" <service@example.com>',
            ),
        )
        self.assertIn("1 Main Street, Austin", mail.body_html)
        self.assertIn("+1 512-555-0188", mail.body_html)
        # Where the location has no address of its own.
        self.company.email = False
        mail = self._mail(self._plan())
        self.assertEqual(
            mail.email_from, '"Main Street Auto & Glass" <service@example.com>'
        )

    def test_each_location_signs_for_itself(self):
        self._create_setup(
            self.other_company, business_name="Airport Glass", email="air@example.com"
        )
        mail = self._mail(self._plan(company_id=self.other_company.id, vehicle_id=None))
        self.assertIn("Airport Glass", mail.reply_to)
        self.assertIn("air@example.com", mail.reply_to)
        self.assertNotIn("Main Street Auto", mail.body_html)

    # --- feedback ---

    def test_feedback_page_is_a_link_of_its_own(self):
        rows = self._plan("thank_you") + self._plan("thank_you", vehicle_id=None)
        rows._dispatch()
        links = self.env["link.tracker"].search([("interaction_id", "in", rows.ids)])
        self.assertEqual(len(links), 2)
        for link in links:
            body = link.interaction_id.body
            self.assertIn(f'href="{link.short_url}"', body)
            self.assertNotIn("example.com/feedback", body)
            self.assertEqual(
                link.redirected_url, "https://example.com/feedback?a=1&b=2"
            )
        link = links[0]
        self.env["link.tracker.click"].sudo().add_click(link.code, ip="198.51.100.1")
        self.assertTrue(link.interaction_id.clicked_at)
        self.assertFalse(links[1].interaction_id.clicked_at)

    def test_feedback_by_mail_is_not_tracked(self):
        self.setup.feedback_url = "mailto:owner@example.com"
        row = self._plan("thank_you")
        row._dispatch()
        self.assertIn('href="mailto:owner@example.com"', row.body)
        self.assertFalse(
            self.env["link.tracker"].search([("interaction_id", "=", row.id)])
        )

    def test_no_feedback_wanted(self):
        self.setup.feedback_url = False
        row = self._plan("thank_you")
        row._dispatch()
        self.assertNotIn("How did we do", row.body)

    def test_preview_makes_no_link(self):
        before = self.env["link.tracker"].search_count([])
        purpose = self.env["customer.interaction.purpose"]._get("contact_thank_you")
        shown = purpose._preview("email", partner_id=self.ann.id)
        self.assertIn("/r/", shown["body"])
        self.assertEqual(self.env["link.tracker"].search_count([]), before)

    def test_queries_do_not_grow_with_the_mails(self):
        def count(size):
            customers = self.env["res.partner"].create(
                [
                    {"name": f"C{n}", "email": f"c{n}.{size}@example.com"}
                    for n in range(size)
                ]
            )
            rows = self.interactions.sudo()._plan(
                [
                    {
                        "partner_id": customer.id,
                        "company_id": self.company.id,
                        "purpose": "contact_thank_you",
                        "channel": "email",
                    }
                    for customer in customers
                ]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            rows._dispatch()
            self.env.flush_all()
            self.assertEqual(set(rows.mapped("state")), {"queued"})
            return self.cr.sql_log_count - before

        count(2)
        few, many = count(5), count(50)
        # A code of a link may have to be drawn a second time.
        self.assertLessEqual(many - few, 8)


@tagged("post_install", "-at_install")
class TestEmailOnTheWire(HttpCase, EmailCommon):
    """What a mail server gets, read as a mail program reads it."""

    def setUp(self):
        super().setUp()
        self.mailbox = Mailbox()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        controller = Controller(self.mailbox, hostname="127.0.0.1", port=port)
        controller.start()
        self.addCleanup(controller.stop)
        self.env["ir.mail_server"].search([]).active = False
        self.env["ir.mail_server"].create(
            {
                "name": "Loopback",
                "smtp_host": "127.0.0.1",
                "smtp_port": port,
                "smtp_encryption": "none",
            }
        )
        self.startPatcher(
            patch.object(IrMail_Server, "_disable_send", return_value=False)
        )
        self.env["ir.config_parameter"].set_param(
            "web.base.url", "https://service.main-street-auto-and-glass.example.com"
        )

    def _send(self, row):
        """Send an e-mail; return what arrived, and its bytes."""
        mail = self._mail(row)
        mail.send()
        self.assertEqual(row.state, "sent", row.failure_reason)
        content = self.mailbox.taken[-1].content
        message = email.message_from_bytes(content, policy=email.policy.default)
        return message, content

    def test_headers(self):
        row = self._plan("thank_you")
        message, content = self._send(row)
        url = self.env["customer.unsubscribe"]._get_urls(row)[row.id]
        self.assertGreater(len(url), 78)
        # To the letter: a mail program does not look into encoded words.
        self.assertEqual(content.count(b"\r\nList-Unsubscribe: "), 1)
        self.assertIn(f"\r\nList-Unsubscribe: <{url}>\r\n".encode(), content)
        self.assertIn(
            b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", content
        )
        self.assertEqual(message["To"], "ann@example.com")
        self.assertIn("service@example.com", message["Reply-To"])
        self.assertEqual(
            message["From"].addresses[0].display_name, self.setup.business_name
        )
        self.assertLess(max(map(len, content.split(b"\r\n"))), 998)

    def test_both_parts_say_the_same(self):
        row = self._plan("thank_you")
        message, _content = self._send(row)
        url = self.env["customer.unsubscribe"]._get_urls(row)[row.id]
        plain = message.get_body(("plain",)).get_content()
        html = message.get_body(("html",)).get_content()
        for part in (plain, html):
            self.assertIn(url, part)
            self.assertIn("1 Main Street, Austin, 78701", part)
            self.assertRegex(part, r"https://[\w.-]+/r/\w+")
            self.assertNotIn("{{", part)
            self.assertNotIn("unsubscribe.invalid", part)

    def test_a_mail_by_hand_has_no_such_header(self):
        row = self.interactions.sudo()._plan(
            [
                {
                    "partner_id": self.ann.id,
                    "company_id": self.company.id,
                    "channel": "email",
                    "subject": "Hello",
                    "body": "<p>Your estimate</p>",
                    "automatic": False,
                }
            ]
        )
        message, content = self._send(row)
        self.assertFalse(message["List-Unsubscribe"])
        self.assertNotIn(PATH.encode(), content)

    def test_from_the_mail_to_do_not_mail(self):
        """The button of the mail program: the header is all that it knows."""
        row = self._plan("inactive")
        message, _content = self._send(row)
        url = re.fullmatch(r"<(https://[^>]+)>", message["List-Unsubscribe"])[1]
        name, _equals, value = message["List-Unsubscribe-Post"].partition("=")
        self.opener.cookies.clear()
        answer = self.url_open(PATH + url.rpartition("/")[2], data={name: value})
        self.assertEqual(answer.status_code, 200)
        self.env.invalidate_all()
        self.assertTrue(self.ann.do_not_mail)
        self.assertTrue(row.unsubscribed_at)
        # The page bears the name that the e-mail did.
        self.assertIn("Main Street Auto &amp; Glass", answer.text)
        # What the plan of the next night finds, and what waits.
        waiting = self._plan("thank_you")
        waiting._dispatch()
        self.assertEqual(
            (waiting.state, waiting.reason_code), ("cancelled", "do_not_mail")
        )
        self.assertEqual(len(self.mailbox.taken), 1)

    def test_an_answer_that_odoo_reads_reaches_the_history(self):
        """As a mail program answers: to Reply-To, naming what it answers."""
        row = self._plan("no_show")
        message, _content = self._send(row)
        answer = email.message.EmailMessage()
        answer["From"] = message["To"]
        answer["To"] = message["Reply-To"]
        answer["Subject"] = f"Re: {message['Subject']}"
        answer["Message-Id"] = "<answer-1@example.com>"
        answer["In-Reply-To"] = message["Message-Id"]
        answer["References"] = message["Message-Id"]
        answer.set_content("Monday suits me")
        # The mailbox is fetched for no model in particular.
        self.env["mail.thread"].message_process(False, answer.as_bytes())
        received = self.interactions.search(
            [("partner_id", "=", self.ann.id), ("direction", "=", "in")]
        )
        self.assertEqual(
            (received.channel, received.company_id), ("email", self.company)
        )
        self.assertIn("Monday suits me", received.body)
