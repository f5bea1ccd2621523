# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import io

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, TransactionCase, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfFileReader

from .common import AutoShopCommon


@tagged("post_install", "-at_install")
class TestPrintRun(AutoShopCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"street": "12 Main St", "city": "Austin", "zip": "78701"})
        cls.purpose = cls.env["customer.interaction.purpose"].create(
            {
                "code": "postcard_test",
                "name": "Postcard",
                "channel": "post",
                "post_title": "Time for service, {{ first_name }}?",
                "post_body": "<p>Dear {{ customer_name }}</p>",
            }
        )
        cls.customers = cls.env["res.partner"].create(
            [
                {
                    "name": f"Customer {zip_code}",
                    "street": "45 Oak Ave",
                    "city": "Austin",
                    "state_id": cls.state_texas.id,
                    "zip": zip_code,
                    "country_id": cls.country_us.id,
                }
                for zip_code in ("78704", "10001", "60601")
            ]
        )
        cls.cards = cls.env["customer.interaction"]._plan(
            [
                {"purpose_id": cls.purpose.id, "partner_id": customer.id}
                for customer in cls.customers
            ]
        )
        cls.cards._dispatch()
        cls.run_record = cls.cards.print_run_id

    def _plan_cards(self, count, dedupe_key, **vals):
        cards = self.env["customer.interaction"]._plan(
            [
                {
                    "purpose_id": self.purpose.id,
                    "partner_id": customer.id,
                    "dedupe_key": f"{dedupe_key}:{customer.id}",
                    **vals,
                }
                for customer in self.customers[:count]
            ]
        )
        cards._dispatch()
        return cards

    def _as_staff(self):
        return self._as(self.run_record, self.staff)

    def _get_pages(self, run=None):
        file = io.BytesIO()
        (run or self.run_record)._write_pdf(file)
        return PdfFileReader(io.BytesIO(file.getvalue())).pages

    def test_two_pages_a_card_sorted_by_postal_code(self):
        pages = self._get_pages()
        self.assertEqual(len(pages), 6)
        texts = [" ".join(page.extract_text().split()) for page in pages]
        fronts, backs = texts[::2], texts[1::2]
        for front in fronts:
            self.assertIn("Time for service", front)
            self.assertNotIn("Oak Ave", front)
        for zip_code, back in zip(("10001", "60601", "78704"), backs, strict=True):
            self.assertIn(f"Dear Customer {zip_code}", back)
            self.assertIn("45 Oak Ave", back)
            self.assertIn(f"Austin TX {zip_code}", back)
            self.assertIn("12 Main St", back)

    def test_pages_have_the_size_of_the_card_with_its_bleed(self):
        cases = [("4x6", (6.25, 4.25)), ("6x9", (9.25, 6.25))]
        for size, paper in cases:
            with self.subTest(size=size):
                self.company.postcard_size = size
                (card,) = self._plan_cards(1, dedupe_key=size)
                self.assertEqual(card.post_size, size)
                for page in self._get_pages(card.print_run_id):
                    for box, inset in (
                        (page.mediabox, 0),
                        (page["/BleedBox"], 0),
                        (page["/TrimBox"], 9),
                    ):
                        self.assertEqual(
                            [float(value) for value in box],
                            [inset, inset] + [length * 72 - inset for length in paper],
                        )

    def test_each_size_has_its_own_run(self):
        self.company.postcard_size = "6x9"
        larger = self._plan_cards(2, dedupe_key="larger")
        self.assertNotEqual(larger.print_run_id, self.run_record)
        self.assertEqual(larger.print_run_id.size, "6x9")
        self.company.postcard_size = "4x6"
        small = self._plan_cards(1, dedupe_key="small")
        self.assertEqual(small.print_run_id, self.run_record)

    def test_what_does_not_fit_is_left_out_and_said(self):
        long_text = self.purpose.copy(
            {"code": "too_long", "post_body": "<p>%s</p>" % ("very long " * 200)}
        )
        cases = [
            ({"purpose_id": long_text.id}, {}, "The text is too long"),
            ({}, {"name": "張偉"}, "cannot be printed: 偉 張"),
            ({}, {"street": "W" * 400}, "address of the customer is too long"),
        ]
        for index, (vals, customer, sentence) in enumerate(cases):
            with self.subTest(sentence=sentence):
                self.customers[0].write({"name": "Ann", "street": "1 Oak", **customer})
                (card,) = self._plan_cards(1, dedupe_key=f"misfit:{index}", **vals)
                self.assertEqual(card.state, "failed")
                self.assertEqual(card.reason_code, "not_printable")
                self.assertIn(sentence, card.failure_reason)
                self.assertEqual(card.print_run_id, self.run_record)
                # It is worded anew when it is sent again.
                self.assertFalse(card.body)
        self.assertEqual(self.run_record.card_count, 3)
        self.assertEqual(self.run_record.left_out_count, 3)
        self.assertEqual(len(self._get_pages()), 6)
        long_text.post_body = "<p>Short</p>"
        self.customers[0].write({"name": "Ann", "street": "1 Oak"})
        cards = self.run_record.interaction_ids.filtered(lambda c: c.state == "failed")
        self._as(cards, self.staff).action_send_again()
        cards._dispatch()
        self.assertEqual(set(cards.mapped("state")), {"queued"})
        self.assertEqual(self.run_record.card_count, 6)

    def test_what_a_person_wrote_is_kept_when_it_is_too_long(self):
        (card,) = self._plan_cards(
            1, dedupe_key="own", body="<p>%s</p>" % ("x " * 5000)
        )
        self.assertEqual(card.state, "failed")
        self.assertIn("x x x", card.body)

    def test_what_may_not_go_any_more_is_not_printed(self):
        run = self._as_staff()
        self.customers[0].do_not_mail = True
        self.customers[1].street = False
        run.action_print()
        self.assertEqual(
            self.cards.mapped("state"), ["cancelled", "cancelled", "queued"]
        )
        self.assertEqual(run.card_count, 1)
        self.assertEqual(len(self._get_pages()), 2)
        run.action_mailed()
        self.assertEqual(self.cards.mapped("state"), ["cancelled", "cancelled", "sent"])

    def test_a_run_of_which_nothing_is_left_stays_open(self):
        self.customers.do_not_mail = True
        action = self._as_staff().action_print()
        self.assertEqual(action["tag"], "display_notification")
        self.assertEqual(self.run_record.state, "to_print")
        self.assertEqual(set(self.cards.mapped("state")), {"cancelled"})

    def test_download(self):
        url = self._as_staff().action_print()["params"]["url"]
        self.authenticate("shop_staff", "shop_staff")
        response = self.url_open(url)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        self.assertIn("no-store", response.headers["Cache-Control"])
        self.assertEqual(len(PdfFileReader(io.BytesIO(response.content)).pages), 6)
        for login, status in (("shop_outsider", 403), ("plain_employee", 403)):
            with self.subTest(login=login), mute_logger("odoo.http"):
                self.authenticate(login, login)
                self.assertEqual(self.url_open(url).status_code, status)

    def test_address_lines(self):
        cards = dict(zip(self.cards.mapped("partner_id.zip"), self.cards, strict=True))
        self.assertEqual(
            cards["78704"]._get_postal_lines(),
            ["Customer 78704", "45 Oak Ave", "Austin TX 78704"],
        )
        canadian = self.customers[0].copy(
            {"country_id": self.env.ref("base.ca").id, "state_id": False}
        )
        card = self.cards[0]
        card.partner_id = canadian
        self.assertEqual(card._get_postal_lines()[-1], "Canada")

    def test_from_print_to_post(self):
        run = self._as_staff()
        with self.assertRaisesRegex(UserError, "Print the run first"):
            run.action_mailed()
        self.assertEqual(run.card_count, 3)
        action = run.action_print()
        self.assertEqual(action["params"]["url"], f"/auto_shop/print_run/{run.id}.pdf")
        self.assertEqual(run.state, "printed")
        self.assertEqual(set(self.cards.mapped("state")), {"queued"})
        later = self.env["customer.interaction"]._plan(
            [
                {
                    "purpose_id": self.purpose.id,
                    "partner_id": self.customers[0].id,
                    "dedupe_key": "later",
                }
            ]
        )
        later._dispatch()
        self.assertNotEqual(later.print_run_id, run)
        run.action_mailed()
        self.assertEqual(set(self.cards.mapped("state")), {"sent"})
        self.assertEqual(later.state, "queued")

    def test_a_reopened_run_waits_its_turn(self):
        run = self._as_staff()
        run.action_print()
        run.action_reopen()
        self.assertEqual(run.state, "to_print")
        run.action_print()
        self.env["customer.print.run"]._get_open(self.company)
        with self.assertRaisesRegex(UserError, "already an open run"):
            run.action_reopen()

    def test_an_empty_run_prints_nothing(self):
        self.cards._set_state("cancelled")
        with self.assertRaisesRegex(UserError, "no postcard"):
            self._as_staff().action_print()

    def test_other_locations_do_not_see_it(self):
        for user in (self.outsider, self.employee):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._as(self.run_record, user).action_print()


@tagged("post_install", "-at_install")
class TestPrintRunRace(TransactionCase):
    """A card that arrives while somebody prints, each in a real transaction."""

    def test_no_card_on_a_run_that_is_being_printed(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            run_id = env["customer.print.run"]._get_open(env.company).id
        with (
            self.registry.cursor() as dispatcher,
            self.registry.cursor() as printer,
            mute_logger("odoo.sql_db"),
        ):
            env = api.Environment(dispatcher, SUPERUSER_ID, {})
            env["customer.print.run"]._get_open(env.company)
            printer.execute("SET LOCAL lock_timeout = '200ms'")
            run = api.Environment(printer, SUPERUSER_ID, {})["customer.print.run"]
            with self.assertRaises(psycopg2.errors.LockNotAvailable):
                run.browse(run_id).write({"state": "printed"})
                run.flush_model()
            printer.rollback()
            # It is free again once the cards are there.
            dispatcher.commit()
            run.browse(run_id).write({"state": "printed"})
            printer.commit()
            self.assertNotEqual(
                env["customer.print.run"]._get_open(env.company).id, run_id
            )
            dispatcher.rollback()
            run.browse(run_id).unlink()
            printer.commit()
