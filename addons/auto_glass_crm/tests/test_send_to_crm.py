# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tests.common import freeze_time

from .common import NOW, AutoGlassCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestSendToCrm(AutoGlassCommon):
    def test_question_lists_what_is_missing(self):
        complete = self.customer
        cases = [
            ({}, {}, []),
            ({"name": "Ann"}, {}, ["Last name"]),
            ({"email": False}, {}, ["E-mail"]),
            ({"street": False}, {}, ["Address"]),
            ({"city": False}, {}, ["Address"]),
            ({}, {"vehicle_id": False}, ["Vehicle"]),
            (
                {},
                {"order_line": [Command.create({"product_id": self.product.id})]},
                ["Glass"],
            ),
            (
                {"name": "Ann", "email": False, "street": False},
                {"vehicle_id": False, "order_line": False},
                ["Last name", "E-mail", "Vehicle", "Address", "Glass"],
            ),
        ]
        for partner_vals, order_vals, missing in cases:
            with self.subTest(missing=missing):
                partner = complete.copy({"name": complete.name, "allow_texting": True})
                partner.write(partner_vals)
                order = self._create_glass_order(
                    partner, **{"vehicle_id": self.vehicle.id, **order_vals}
                )
                question = order.customer_question()
                self.assertEqual(question["key"], "send_to_crm")
                self.assertEqual(question["missing"], missing)
                # Missing data do not forbid Ready.
                order.customer_answer("send_to_crm", "ready")
                self.assertTrue(order.sent_to_crm_at)

    def test_question_previews_the_welcome(self):
        question = self._create_glass_order().customer_question()
        self.assertIn("Main Street Auto", question["preview"])
        self.assertIn("STOP", question["preview"])
        self.assertGreaterEqual(question["segments"], 1)

    def test_when_the_question_is_open(self):
        other = {"mobile": "(512) 555-0199"}
        cases = [
            ("open", {}, {}, True),
            ("no number", {"mobile": False}, {}, False),
            ("no consent", {"allow_texting": False}, {}, False),
            ("not valid", {"mobile": "12"}, {}, False),
            ("cancelled", {}, {"state": "cancel"}, False),
            ("confirmed", {}, {"state": "sale"}, True),
        ]
        for name, partner_vals, order_vals, is_open in cases:
            with self.subTest(name):
                partner = self._create_customer(**{**other, **partner_vals})
                order = self._create_glass_order(partner)
                order.sudo().write(order_vals)
                self.assertEqual(bool(order.customer_question()), is_open)
                self.assertEqual(bool(order.open_question), is_open)
                if not is_open and name != "cancelled":
                    # The order says why.
                    self.assertIn(partner.text_block_reason, order.crm_note)

    def test_not_ready_changes_nothing_and_asks_again(self):
        order = self._create_glass_order()
        result = order.customer_answer("send_to_crm", "not_ready")
        self.assertEqual(result["type"], "info")
        self.assertFalse(order.sent_to_crm_at)
        self.assertFalse(order.opportunity_id)
        self.assertFalse(self._texts())
        self.assertEqual(order.customer_question()["key"], "send_to_crm")

    def test_ready_makes_a_lead_and_greets(self):
        order = self._create_glass_order()
        result = order.customer_answer("send_to_crm", "ready")
        self.assertEqual(result["type"], "success")
        self.assertEqual(order.sent_to_crm_at, NOW)
        self.assertEqual(order.sent_to_crm_user_id, self.staff)
        lead = order.opportunity_id
        self.assertRecordValues(
            lead,
            [
                {
                    "type": "opportunity",
                    "partner_id": self.customer.id,
                    "email_from": "ann.miller@example.com",
                    "street": "5 Oak Lane",
                    "city": "Austin",
                    "partner_mobile": "+15125550123",
                    "vehicle_id": self.vehicle.id,
                    "expected_revenue": 300.0,
                    "company_id": self.company.id,
                    "stage_id": self._stage("new").id,
                    "team_id": self.env.ref("auto_glass_crm.crm_team_glass").id,
                    "glass_summary": "Windshield FW02345 GBYN",
                }
            ],
        )
        [welcome] = self._texts("glass_welcome")
        self.assertEqual(
            (welcome.lead_id, welcome.work_order_id, welcome.vehicle_id),
            (lead, order, self.vehicle),
        )
        body = self._wording(welcome)
        self.assertIn("Main Street Auto", body)
        self.assertIn("STOP", body)
        self.assertFalse(order.customer_question())
        self.assertIn("Sent on", order.crm_note)

    def test_twice_sends_once(self):
        order = self._create_glass_order()
        order.action_send_to_crm()
        lead = order.opportunity_id
        order.action_send_to_crm()
        self.assertFalse(order.customer_answer("send_to_crm", "ready"))
        self.assertEqual(order.opportunity_id, lead)
        self.assertEqual(len(self._texts()), 1)
        leads = self.env["crm.lead"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual(leads, lead.sudo())

    def test_second_order_of_the_day_joins(self):
        first = self._create_sent_order()
        second = self._create_glass_order()
        question = second.customer_question()
        self.assertFalse(question["preview"])
        self.assertIn("joins", question["message"])
        second.action_send_to_crm()
        self.assertEqual(second.opportunity_id, first.opportunity_id)
        self.assertEqual(first.opportunity_id.expected_revenue, 600)
        self.assertEqual(len(self._texts()), 1)

    def test_day_ends_in_the_time_zone_of_the_shop(self):
        # 23:30 in Texas, then 00:30: the same day in UTC.
        cases = [
            (timedelta(hours=13, minutes=30), True),
            (timedelta(hours=14, minutes=30), False),
        ]
        first = self._create_sent_order()
        for later, joins in cases:
            with self.subTest(later=later), freeze_time(NOW + later):
                order = self._create_sent_order()
                self.assertEqual(order.opportunity_id == first.opportunity_id, joins)
        self.assertEqual(len(self._texts("glass_welcome")), 2)

    def test_another_customer_has_an_own_lead(self):
        first = self._create_sent_order()
        second = self._create_sent_order(
            self._create_customer(name="Bob Jones", mobile="(512) 555-0188")
        )
        self.assertNotEqual(first.opportunity_id, second.opportunity_id)

    def test_joining_a_scheduled_lead_leaves_its_stage(self):
        first = self._create_sent_order()
        self._book(first, notify_customer=True)
        self._create_sent_order()
        self.assertEqual(first.opportunity_id.stage_id, self._stage("scheduled"))

    def test_lead_follows_the_order(self):
        order = self._create_sent_order()
        lead = order.opportunity_id
        order.order_line.product_uom_qty = 2
        self.assertEqual(lead.expected_revenue, 600)
        other = self.env["customer.vehicle"].create({"owner_id": self.customer.id})
        order.vehicle_id = other
        self.assertEqual(lead.vehicle_id, other)
        self.assertEqual(len(self._texts()), 1)

    def test_lead_of_another_pipeline_is_left_alone(self):
        lead = self.env["crm.lead"].create(
            {
                "name": "Fleet contract",
                "type": "opportunity",
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "expected_revenue": 99.0,
            }
        )
        stage = lead.stage_id
        order = self._create_glass_order(opportunity_id=lead.id)
        order.order_line.product_uom_qty = 3
        self.assertEqual((lead.expected_revenue, lead.stage_id), (99.0, stage))
        order.action_send_to_crm()
        self.assertEqual(order.opportunity_id, lead)
        self.assertEqual(
            (lead.expected_revenue, lead.stage_id), (900.0, self._stage("new"))
        )

    def test_lead_of_another_customer_is_not_taken(self):
        first = self._create_sent_order()
        copy = first.copy(
            {
                "partner_id": self._create_customer(
                    name="Bob Jones", mobile="(512) 555-0188"
                ).id
            }
        )
        copy.action_send_to_crm()
        self.assertNotEqual(copy.opportunity_id, first.opportunity_id)

    def test_another_customer_on_the_order_is_asked_about_again(self):
        order = self._create_sent_order()
        order.partner_id = self._create_customer(
            name="Bob Jones", mobile="(512) 555-0188"
        )
        self.assertFalse(order.sent_to_crm_at)
        self.assertEqual(order.customer_question()["key"], "send_to_crm")

    def test_customer_without_consent_gets_a_lead_and_no_text(self):
        self.customer.allow_texting = False
        order = self._create_glass_order()
        self.assertFalse(order.customer_question())
        order.action_send_to_crm()
        self.assertTrue(order.opportunity_id)
        self.assertFalse(self._texts())

    def test_without_the_purpose_nothing_is_texted(self):
        self.env.ref(
            "auto_glass_crm.customer_interaction_purpose_welcome"
        ).active = False
        order = self._create_glass_order()
        self.assertFalse(order.customer_question()["preview"])
        order.action_send_to_crm()
        self.assertTrue(order.sent_to_crm_at)
        self.assertFalse(self._texts())

    def test_a_cancelled_order_is_not_sent(self):
        order = self._create_glass_order()
        order.action_cancel()
        with self.assertRaisesRegex(UserError, "cancelled"):
            order.action_send_to_crm()

    def test_a_copy_is_not_sent(self):
        self.assertFalse(self._create_sent_order().copy().sent_to_crm_at)

    def test_own_stages_of_the_location(self):
        stage = self.env["crm.stage"].create({"name": "Hot"})
        self.company.glass_stage_new_id = stage
        self.assertEqual(self._create_sent_order().opportunity_id.stage_id, stage)

    def test_a_client_cannot_mark_an_order_as_sent(self):
        order = self._create_glass_order()
        order.write({"sent_to_crm_at": NOW, "customer_experience": "smile"})
        self.assertFalse(order.sent_to_crm_at)
        self.assertFalse(order.customer_experience)
        created = (
            self.env["sale.order"]
            .with_user(self.staff)
            .create({"partner_id": self.customer.id, "sent_to_crm_at": NOW})
        )
        self.assertFalse(created.sent_to_crm_at)

    def test_only_shop_staff_send(self):
        seller = self._create_user(
            "glass_seller", "sales_team.group_sale_salesman_all_leads"
        )
        order = self._create_glass_order().with_user(seller)
        self.assertFalse(order.customer_question())
        with self.assertRaises(AccessError):
            order.action_send_to_crm()
        with self.assertRaises(AccessError):
            order.with_user(self.employee).action_send_to_crm()
        with self.assertRaises(AccessError):
            order.with_user(self.outsider).action_send_to_crm()
        self.assertFalse(order.sent_to_crm_at)

    def test_locations_are_apart(self):
        order = self._create_sent_order()
        foreign = (
            self.env["sale.order"]
            .with_user(self.outsider)
            .create({"partner_id": self.customer.id})
        )
        foreign.action_send_to_crm()
        self.assertEqual(foreign.company_id, self.other_company)
        self.assertNotEqual(foreign.opportunity_id.id, order.opportunity_id.id)
        self.assertEqual(self._texts().company_id, self.company | self.other_company)

    def test_orders_from_before_the_addon_ask_nothing(self):
        """A shop that works already is not asked about each of its old orders."""
        order = self._create_order(self.customer)
        self.assertTrue(order.customer_question())
        order.sudo().predates_glass_crm = True
        self.assertFalse(order.customer_question())
        self.company.glass_unsent_appointment = "refuse"
        event = self.env["calendar.event"].create(
            {"work_order_id": order.id, "start": "2035-03-01 15:00:00"}
        )
        self.assertFalse(event.crm_warning)
        order.action_send_to_crm()
        self.assertTrue(order.sent_to_crm_at)

    def test_a_client_cannot_exempt_an_order(self):
        order = self._create_order(self.customer)
        order.with_user(self.staff).write({"predates_glass_crm": True})
        self.assertFalse(order.predates_glass_crm)

    def test_lead_is_not_looked_up_elsewhere(self):
        """Odoo's lead enrichment would send the customer's e-mail to its service."""
        order = self._create_order(self.customer)
        order.action_send_to_crm()
        lead = order.opportunity_id
        if "iap_enrich_done" in lead._fields:
            self.assertTrue(lead.iap_enrich_done)
            self.assertFalse(lead.show_enrich_button)

    def test_defaults_do_not_make_up_what_was_sent(self):
        """Neither the context nor a saved default writes what only sending writes."""
        orders = self._as(self.env["sale.order"], self.staff).with_context(
            default_sent_to_crm_at=NOW, default_customer_experience="smile"
        )
        order = orders.create({"partner_id": self.customer.id})
        self.assertFalse(order.sent_to_crm_at)
        self.assertFalse(order.customer_experience)
        leads = self._as(self.env["crm.lead"], self.staff).with_context(
            default_glass_sent_at=NOW, default_glass_day_key="1:1:2026-03-02"
        )
        lead = leads.create({"name": "Ann", "partner_id": self.customer.id})
        self.assertFalse(lead.glass_sent_at)
        self.assertFalse(lead.glass_day_key)

    def test_shipped_texts_are_charged_once(self):
        """With names of usual length no text is longer than one segment."""
        self.company.write(
            {
                "name": "Lone Star Auto & Glass",
                "street": "4821 Burnet Road",
                "city": "Austin",
                "zip": "78756",
            }
        )
        self.vehicle.write(
            {
                "make_id": self.env.ref("auto_shop.vehicle_make_chevrolet").id,
                "model_id": self.env["vehicle.model"]
                .create(
                    {
                        "name": "Malibu",
                        "make_id": self.env.ref("auto_shop.vehicle_make_chevrolet").id,
                    }
                )
                .id,
            }
        )
        for code in (
            "glass_welcome",
            "appointment_scheduled",
            "appointment_rescheduled",
            "appointment_completed",
            "appointment_cancelled",
            "experience_smile",
            "experience_frown",
        ):
            purpose = self.env["customer.interaction.purpose"]._get(code, self.company)
            shown = purpose._preview(
                "sms",
                partner_id=self.customer.id,
                vehicle_id=self.vehicle.id,
                told_start=datetime(2026, 11, 25, 16, 0),
            )
            with self.subTest(code=code, body=shown["body"]):
                self.assertEqual(shown["segments"], 1)
                self.assertIn("Lone Star Auto & Glass", shown["body"])
