# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import Form, HttpCase, tagged
from odoo.tests.common import freeze_time
from odoo.tools import mute_logger

from .common import NOW, AutoGlassCommon, AutoGlassInvoicingCommon

# What a customer may know; the rest is the shop's own business. A new field has to be
# decided about, here or by its groups.
OPEN_TO_CUSTOMERS = {
    "res.company": {"google_place_id", "review_url"},
    "sale.order.line": {"glass_opening", "is_glass", "nags_number"},
}


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestPortal(AutoGlassInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = cls._create_portal_user(cls.customer)
        cls.order = cls._create_confirmed_order()
        cls.order.message_subscribe(cls.customer.ids)
        cls.invoice = cls._invoice(cls.order)
        question = cls.invoice.customer_question()
        cls.invoice.customer_answer(question["key"], "frown")

    def test_every_field_is_decided_about(self):
        public = self.env.ref("base.public_user")
        readable = self._get_readable_fields(self.portal, "auto_glass_crm")
        self.assertEqual(readable, OPEN_TO_CUSTOMERS)
        for model, names in self._get_readable_fields(public, "auto_glass_crm").items():
            with self.subTest(model):
                self.assertLessEqual(names, OPEN_TO_CUSTOMERS[model])

    @mute_logger("odoo.models")
    def test_what_the_shop_noted_about_the_customer(self):
        order = self._as(self.order, self.portal)
        invoice = self._as(self.invoice, self.portal)
        self.assertTrue(order.read(["name"]))
        self.assertTrue(invoice.read(["name"]))
        for record, names in (
            (
                order,
                (
                    "customer_experience",
                    "customer_experience_date",
                    "customer_experience_user_id",
                    "sent_to_crm_at",
                    "sent_to_crm_user_id",
                    "crm_note",
                    "glass_selected",
                    "experience_invoice_id",
                    "open_question",
                ),
            ),
            (invoice, ("customer_experience", "experience_order_ids", "open_question")),
        ):
            for name in names:
                with self.subTest(name, model=record._name):
                    with self.assertRaises(AccessError):
                        record.read([name])
                    with self.assertRaises(AccessError):
                        record.web_read({name: {}})
        for name in ("customer_experience", "sent_to_crm_at"):
            with self.subTest(name, way="search"), self.assertRaises(AccessError):
                order.search([(name, "!=", False)])
            with self.subTest(name, way="path"), self.assertRaises(AccessError):
                self._as(order.order_line, self.portal).search(
                    [(f"order_id.{name}", "!=", False)]
                )

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_customer_does_nothing_of_the_shop(self):
        order = self._as(self.order, self.portal)
        invoice = self._as(self.invoice, self.portal)
        self.assertFalse(order.customer_question())
        self.assertFalse(invoice.customer_question())
        for act in (
            lambda: order.customer_answer("send_to_crm", "ready"),
            lambda: order.action_send_to_crm(),
            lambda: order.action_void(),
            lambda: order.write({"customer_experience": "smile"}),
            lambda: invoice.customer_answer("customer_experience", "smile"),
        ):
            with self.assertRaises(AccessError):
                act()
        invoice.action_customer_experience("smile")
        self.assertEqual(self.order.customer_experience, "frown")


@tagged("post_install", "-at_install")
class TestPortalPages(AutoGlassCommon, HttpCase):
    def test_order_page(self):
        order = self._create_sent_order()
        order.action_quotation_sent()
        order.message_subscribe(self.customer.ids)
        portal = self._create_portal_user(self.customer)
        self.authenticate(portal.login, portal.login)
        response = self.url_open(order.get_portal_url())
        self.assertEqual(response.status_code, 200)
        self.assertIn(order.name, response.text)


@tagged("post_install", "-at_install")
class TestOtherRoles(AutoGlassInvoicingCommon):
    """People without a role in the shop sell and invoice as before."""

    def test_salesperson_and_accountant(self):
        salesperson = self._create_user("sales", "sales_team.group_sale_salesman")
        accountant = self._create_user("books", "account.group_account_invoice")
        with Form(self._as(self.env["sale.order"], salesperson)) as form:
            form.partner_id = self.customer
            with form.order_line.new() as line:
                line.product_id = self.glass
        order = form.record
        with Form(order) as form:
            form.client_order_ref = "PO 7"
        order.action_cancel()
        order.action_draft()
        order.partner_id = self._create_customer(name="Bob")
        copy = order.copy()
        self.assertFalse(copy.sudo().sent_to_crm_at)
        order.action_confirm()
        order.search([("client_order_ref", "=", "PO 7")]).web_read({"name": {}})
        order._create_invoices()
        invoice = self._as(order.invoice_ids, accountant)
        with Form(invoice) as form:
            form.ref = "PO 7"
        invoice.action_post()
        self.assertEqual(invoice.state, "posted")
        self.assertEqual(order.sudo().experience_invoice_id, invoice.sudo())
        self.assertFalse(invoice.customer_question())
        for report in ("sale.action_report_saleorder", "account.account_invoices"):
            record = order if report.startswith("sale") else invoice
            html, _kind = (
                self.env["ir.actions.report"]
                .with_user(record.env.user)
                ._render_qweb_html(report, record.ids)
            )
            self.assertIn(record.name.encode(), html)

    def test_views_of_other_roles(self):
        """No view asks for a field that its reader may not have."""
        order = self._create_sent_order()
        for groups, model, records in (
            ("sales_team.group_sale_salesman_all_leads", "sale.order", order),
            ("sales_team.group_sale_salesman_all_leads", "crm.lead", None),
            ("sales_team.group_sale_salesman_all_leads", "res.partner", self.customer),
            ("account.group_account_invoice", "account.move", None),
            ("base.group_user", "calendar.event", None),
            ("base.group_user", "res.partner", self.customer),
        ):
            user = self._create_user(f"{model}_{groups}", groups)
            records = self._as(self.env[model] if records is None else records, user)
            for kind in ("form", "list", "kanban", "search"):
                with self.subTest(model=model, groups=groups, kind=kind):
                    arch = etree.fromstring(records.get_view(view_type=kind)["arch"])
                    names = arch.xpath("//field[not(ancestor::field)]/@name")
                    self.assertLessEqual(set(names), records.fields_get().keys())
                    if kind != "search":
                        (records[:1] or records.search([], limit=1)).web_read(
                            {name: {} for name in names}
                        )
