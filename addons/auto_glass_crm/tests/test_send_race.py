# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import threading

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.service.model import retrying
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestSendRace(TransactionCase):
    """Several people send at once, each in a real transaction."""

    def setUp(self):
        super().setUp()
        # What is committed here does not go away with the test's own transaction.
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            customer = env["res.partner"].create(
                {"name": "Rob Race", "mobile": "+15125550177", "allow_texting": True}
            )
            product = env["product.product"].create({"name": "Windshield, raced"})
            orders = env["sale.order"].create(
                [
                    {
                        "partner_id": customer.id,
                        "order_line": [
                            Command.create(
                                {"product_id": product.id, "price_unit": 100}
                            )
                        ],
                    }
                ]
                * 3
            )
            self.customer_id, self.product_id = customer.id, product.id
            self.order_ids = orders.ids
        self.addCleanup(self._clean_up)

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            customer = [("partner_id", "=", self.customer_id)]
            env["customer.interaction"].search(customer).unlink()
            env["sale.order"].browse(self.order_ids).unlink()
            env["crm.lead"].search(customer).unlink()
            env["product.product"].browse(self.product_id).product_tmpl_id.unlink()
            env["res.partner"].browse(self.customer_id).unlink()

    def _send_together(self, order_ids):
        together = threading.Barrier(len(order_ids))
        failures = []

        def send(order_id):
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                order = env["sale.order"].browse(order_id)
                # The transaction has begun to look before anybody writes.
                self.assertFalse(order.sent_to_crm_at)
                together.wait(timeout=20)
                try:
                    retrying(order.action_send_to_crm, env)
                except Exception as error:  # noqa: BLE001 - told by the test below
                    failures.append(error)

        threads = [
            threading.Thread(target=send, args=(order_id,)) for order_id in order_ids
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        self.assertFalse(failures)
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            domain = [("partner_id", "=", self.customer_id)]
            leads = env["crm.lead"].search(domain)
            texts = env["customer.interaction"].search_count(domain)
            return len(leads), texts, sum(leads.mapped("expected_revenue"))

    def test_two_people_send_one_order(self):
        self.assertEqual(self._send_together(self.order_ids[:1] * 3), (1, 1, 100))

    def test_orders_of_one_customer_join_one_lead(self):
        self.assertEqual(self._send_together(self.order_ids), (1, 1, 300))
