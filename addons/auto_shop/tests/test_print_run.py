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

    def _as_staff(self):
        return self._as(self.run_record, self.staff)

    def test_two_pages_a_card_sorted_by_postal_code(self):
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        if reports.get_wkhtmltopdf_state() == "install":
            self.skipTest("wkhtmltopdf is not installed")
        # An unpatched wkhtmltopdf tells which of Odoo's switches it does not know.
        with mute_logger("odoo.addons.base.models.ir_actions_report"):
            pdf, kind = reports._render_qweb_pdf(
                "auto_shop.report_print_run", self.run_record.ids
            )
        self.assertEqual(kind, "pdf")
        pages = PdfFileReader(io.BytesIO(pdf)).pages
        self.assertEqual(len(pages), 6)
        for page in pages:
            # 6 x 4 inches, within half a millimetre.
            self.assertAlmostEqual(float(page.mediabox.width), 432, delta=1.5)
            self.assertAlmostEqual(float(page.mediabox.height), 288, delta=1.5)
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
        self.assertEqual(action["report_name"], "auto_shop.report_print_run")
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
