# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import threading
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields
from odoo.service.model import retrying
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestQuestionRace(TransactionCase):
    """Two people answer the same question at once, each in a real transaction."""

    def setUp(self):
        super().setUp()
        # What is committed here does not go away with the test's own transaction.
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            purpose = env["customer.interaction.purpose"].create(
                {
                    "code": "appointment_scheduled",
                    "name": "Test: race",
                    "sms_body": "You are scheduled.",
                    "company_id": env.company.id,
                }
            )
            customer = env["res.partner"].create(
                {
                    "name": "Rita Race",
                    "mobile": "+15125550199",
                    "allow_texting": True,
                }
            )
            event = env["calendar.event"].create(
                {
                    "shop_state": "booked",
                    "customer_id": customer.id,
                    "start": fields.Datetime.now() + timedelta(days=1),
                }
            )
            self.key = event.customer_question()["key"]
            self.event_id, self.made = event.id, [purpose, event, customer]
            self.made = [(record._name, record.id) for record in self.made]
        self.addCleanup(self._clean_up)

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            interactions = env["customer.interaction"]
            interactions.search([("event_id", "=", self.event_id)]).unlink()
            env["calendar.event"].browse(self.event_id).write({"start": "2020-01-01"})
            for model, record_id in self.made:
                env[model].browse(record_id).unlink()

    def test_two_answers_at_once_are_one(self):
        together = threading.Barrier(2)
        results = []

        def answer(value):
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                event = env["calendar.event"].browse(self.event_id)
                event.customer_question()
                together.wait(timeout=20)
                results.append(
                    retrying(lambda: event.customer_answer(self.key, value), env)
                )

        threads = [
            threading.Thread(target=answer, args=(value,)) for value in ("ok", "ok")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        self.assertEqual(sorted(map(bool, results)), [False, True])
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self.assertEqual(
                env["customer.interaction"].search_count(
                    [("event_id", "=", self.event_id)]
                ),
                1,
            )
