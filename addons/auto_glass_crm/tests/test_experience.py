# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .common import NOW, AutoGlassInvoicingCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestExperience(AutoGlassInvoicingCommon):
    def test_asked_with_the_completing_invoice(self):
        order = self._create_sent_order(
            order_line=[
                Command.create({"product_id": self.glass.id, "product_uom_qty": 2})
            ]
        )
        order.action_confirm()
        first = self._invoice(order, post=False)
        first.invoice_line_ids.quantity = 1
        first.action_post()
        self.assertFalse(first.customer_question())
        self.assertFalse(order.experience_invoice_id)
        second = self._invoice(order, post=False)
        self.assertFalse(second.customer_question())
        second.action_post()
        self.assertTrue(second.customer_question())
        self.assertTrue(second.open_question)
        self.assertFalse(first.customer_question())

    def test_two_drafts_ask_with_the_last_posted(self):
        order = self._create_sent_order(
            order_line=[
                Command.create({"product_id": self.glass.id, "product_uom_qty": 2})
            ]
        )
        order.action_confirm()
        first = self._invoice(order, post=False)
        first.invoice_line_ids.quantity = 1
        second = self._invoice(order, post=False)
        second.action_post()
        self.assertFalse(second.customer_question())
        first.action_post()
        self.assertTrue(first.customer_question())
        self.assertFalse(second.customer_question())

    def test_a_down_payment_does_not_ask(self):
        for method, amount in (("percentage", 50), ("fixed", 300)):
            with self.subTest(method=method):
                order = self._create_confirmed_order()
                wizard = (
                    self.env["sale.advance.payment.inv"]
                    .with_user(self.staff)
                    .with_context(active_model="sale.order", active_ids=order.ids)
                    .create(
                        {
                            "advance_payment_method": method,
                            "amount"
                            if method == "percentage"
                            else "fixed_amount": amount,
                        }
                    )
                )
                deposit = wizard._create_invoices(order)
                deposit.action_post()
                self.assertFalse(deposit.customer_question())
                final = self._invoice(order, final=True)
                self.assertTrue(final.customer_question())

    def test_a_credit_note_never_asks(self):
        move = self._invoice(self._create_confirmed_order())
        refund = move._reverse_moves([{"invoice_date": fields.Date.today()}])
        refund.action_post()
        self.assertFalse(refund.customer_question())
        self.assertTrue(move.customer_question())

    def test_an_invoice_of_several_orders_asks_once(self):
        orders = self._create_confirmed_order() | self._create_confirmed_order()
        move = orders._create_invoices()
        move.action_post()
        self.assertEqual(len(move), 1)
        question = move.customer_question()
        move.customer_answer(question["key"], "smile")
        self.assertFalse(move.customer_question())
        self.assertEqual(orders.mapped("customer_experience"), ["smile", "smile"])
        self.assertEqual(len(self._texts("experience_smile")), 1)

    def test_an_insurer_pays_for_several_customers(self):
        insurer = self.env["res.partner"].create({"name": "Safe Insurance"})
        other = self._create_customer(name="Bob Jones", mobile="(512) 555-0188")
        billing = {
            "partner_invoice_id": insurer.id,
            "partner_shipping_id": insurer.id,
        }
        orders = self._create_confirmed_order(**billing)
        orders |= self._create_confirmed_order(other, **billing)
        move = orders._create_invoices()
        move.action_post()
        first = move.customer_question()
        self.assertIn("Ann Miller", first["message"])
        move.customer_answer(first["key"], "smile")
        second = move.customer_question()
        self.assertIn("Bob Jones", second["message"])
        move.customer_answer(second["key"], "frown")
        self.assertFalse(move.customer_question())
        self.assertEqual(len(self._texts("experience_smile")), 1)
        self.assertEqual(len(self._texts("experience_frown", other)), 1)
        self.assertEqual(move.customer_experience, "frown")

    def test_answer_is_kept_and_asked_once(self):
        order = self._create_confirmed_order()
        move = self._invoice(order)
        move.customer_answer(move.customer_question()["key"], "smile")
        self.assertRecordValues(
            order,
            [
                {
                    "customer_experience": "smile",
                    "customer_experience_date": NOW,
                    "customer_experience_user_id": self.staff.id,
                }
            ],
        )
        self.assertEqual(move.customer_experience, "smile")
        self.assertEqual(order.opportunity_id.stage_id, self._stage("completed"))
        key = f"customer_experience:{self.customer.id}"
        self.assertFalse(move.customer_answer(key, "frown"))
        move._reverse_moves([{"invoice_date": fields.Date.today()}]).action_post()
        again = self._invoice(order)
        self.assertFalse(again.customer_question())
        self.assertEqual(len(self._texts("experience_smile")), 1)

    def test_an_invoice_that_is_done_again_asks_again(self):
        order = self._create_confirmed_order()
        move = self._invoice(order)
        move.button_draft()
        self.assertFalse(move.customer_question())
        move.action_post()
        self.assertTrue(move.customer_question())
        move.button_draft()
        move.button_cancel()
        other = self._invoice(order)
        self.assertTrue(other.customer_question())
        self.assertFalse(move.customer_question())

    def test_closing_sends_nothing_and_it_can_be_answered_later(self):
        move = self._invoice(self._create_confirmed_order())
        self.assertTrue(move.customer_question())
        self.assertFalse(self._texts("experience_smile"))
        with freeze_time("2026-03-09 16:00:00"):
            self.assertTrue(move.action_customer_experience("frown"))
            self.assertTrue(move.action_customer_experience("smile"))
        self.assertEqual(move.customer_experience, "frown")
        self.assertFalse(self._texts("experience_smile"))

    def test_only_the_two_faces_are_answers(self):
        move = self._invoice(self._create_confirmed_order())
        with self.assertRaises(UserError):
            move.customer_answer(move.customer_question()["key"], "meh")
        self.assertFalse(move.customer_experience)

    def test_who_cannot_be_texted_is_invoiced_freely(self):
        for vals in ({"allow_texting": False}, {"mobile": False}):
            with self.subTest(vals=vals):
                partner = self._create_customer(**vals)
                move = self._invoice(self._create_confirmed_order(partner))
                self.assertEqual(move.state, "posted")
                self.assertFalse(move.customer_question())
                self.assertFalse(move.action_customer_experience("smile") is False)
                self.assertFalse(move.customer_experience)
                self.assertFalse(self._texts(partner=partner))

    def test_frown_gives_the_manager_a_call_to_make(self):
        leader = self._create_user("glass_leader", "auto_shop.group_manager")
        team = self.env["crm.team"].create(
            {"name": "Counter", "company_id": self.company.id, "user_id": leader.id}
        )
        admin = self.env.ref("base.user_admin")
        admin.company_ids |= self.company
        admins_team = team.copy({"user_id": admin.id})
        cases = [
            ("chosen", {"experience_user_id": self.staff.id}, {}, self.staff),
            (
                "leader",
                {"experience_user_id": False},
                {"team_id": team.id},
                leader,
            ),
            (
                "led by the administrator, as in a new database",
                {"experience_user_id": False},
                {"team_id": admins_team.id},
                self.manager | leader,
            ),
            (
                "any manager",
                {"experience_user_id": False},
                {"team_id": False},
                self.manager | leader,
            ),
        ]
        for name, company_vals, order_vals, expected in cases:
            with self.subTest(name):
                self.company.write(company_vals)
                order = self._create_confirmed_order(self._create_customer())
                order.sudo().write(order_vals)
                move = self._invoice(order)
                move.action_customer_experience("frown")
                activity = order.activity_ids
                self.assertEqual(len(activity), 1)
                self.assertIn(activity.user_id, expected)
                self.assertIn("Ann Miller", activity.summary)
                self.assertEqual(activity.date_deadline, fields.Date.today())

    def test_smile_plans_no_call(self):
        order = self._create_confirmed_order()
        self._invoice(order).action_customer_experience("smile")
        self.assertFalse(order.activity_ids)

    def test_who_gets_the_link(self):
        place = {"google_place_id": "ChIJ a/b"}
        page = {"review_url": "https://reviews.example.com/us"}
        cases = [
            # setting, addresses, face, link
            ("off", place, "smile", False),
            ("off", place, "frown", False),
            ("after_smile", place, "smile", True),
            ("after_smile", place, "frown", False),
            ("after_smile", page, "smile", True),
            ("after_smile", {}, "smile", False),
            ("everyone", place, "smile", True),
            ("everyone", place, "frown", True),
            ("everyone", {}, "frown", False),
        ]
        for setting, addresses, face, has_link in cases:
            with self.subTest(setting=setting, addresses=addresses, face=face):
                self.company.write(
                    {
                        "review_requests": setting,
                        "google_place_id": False,
                        "review_url": False,
                        **addresses,
                    }
                )
                partner = self._create_customer()
                move = self._invoice(self._create_confirmed_order(partner))
                previews = self._previews(move)
                move.action_customer_experience(face)
                [text] = self._texts(f"experience_{face}", partner)
                body = self._wording(text)
                link = self.env["link.tracker"].search(
                    [("interaction_id", "=", text.id)]
                )
                self.assertEqual("/r/" in body, has_link)
                self.assertEqual("/r/" in previews[face], has_link)
                self.assertEqual(bool(link), has_link)
                self.assertEqual("review" in body.lower(), has_link)
                if has_link:
                    self.assertIn(link.short_url, body)
                    expected = addresses.get("review_url") or (
                        "https://search.google.com/local/writereview?placeid=ChIJ+a%2Fb"
                    )
                    self.assertEqual(link.redirected_url, expected)
                    # Rendered again (send again): the same link.
                    self.assertEqual(self._wording(text), body)

    def _previews(self, move):
        question = move.customer_question()
        self.assertFalse(question["preview"])
        return {button["value"]: button["preview"] for button in question["buttons"]}

    def test_a_preview_makes_no_link(self):
        self.company.write({"review_requests": "everyone", "google_place_id": "ChIJab"})
        before = self.env["link.tracker"].search_count([])
        move = self._invoice(self._create_confirmed_order())
        for preview in self._previews(move).values():
            self.assertIn("/r/", preview)
        self.assertEqual(self.env["link.tracker"].search_count([]), before)

    def test_clicks_are_counted_on_the_message(self):
        self.company.write({"review_requests": "everyone", "google_place_id": "ChIJab"})
        texts = self.env["customer.interaction"]
        for name in ("Ann", "Bob"):
            partner = self._create_customer(name=name)
            self._invoice(
                self._create_confirmed_order(partner)
            ).action_customer_experience("smile")
            texts |= self._texts("experience_smile", partner)
        purpose = texts.purpose_id
        purpose._render(texts, "sms")
        links = self.env["link.tracker"].search([("interaction_id", "in", texts.ids)])
        self.assertEqual(len(links), 2)
        clicks = self.env["link.tracker.click"].sudo()
        clicks.add_click(links[0].code, ip="198.51.100.1")
        clicks.add_click(links[0].code, ip="198.51.100.2")
        self.assertEqual(links[0].count, 2)
        self.assertEqual(links[0].interaction_id.clicked_at, NOW)
        self.assertFalse(links[1].interaction_id.clicked_at)

    def test_links_of_a_batch_cost_the_same(self):
        self.company.write({"review_requests": "everyone", "google_place_id": "ChIJab"})
        purpose = self.env.ref("auto_glass_crm.customer_interaction_purpose_smile")

        def render(count):
            rows = self.env["customer.interaction"]._plan(
                [
                    {
                        "purpose_id": purpose.id,
                        "company_id": self.company.id,
                        "partner_id": self.customer.id,
                    }
                ]
                * count
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            purpose._render(rows, "sms")
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        render(2)
        few, many = render(5), render(50)
        # A code may have to be drawn a second time.
        self.assertLessEqual(many - few, 5)

    def test_review_page_has_to_be_an_address(self):
        for url in ("javascript:alert(1)", "reviews", "https://", "ftp://a.example"):
            with self.subTest(url=url), self.assertRaises(ValidationError):
                self.company.review_url = url

    def test_bookkeeper_posts_and_is_not_asked(self):
        bookkeeper = self._create_user("glass_books", "account.group_account_invoice")
        order = self._create_confirmed_order()
        move = self._invoice(order, post=False).with_user(bookkeeper)
        move.action_post()
        self.assertFalse(move.customer_question())
        self.assertFalse(move.open_question)
        with self.assertRaises(AccessError):
            move.customer_answer(f"customer_experience:{self.customer.id}", "smile")
        self.assertTrue(move.with_user(self.staff).customer_question())
