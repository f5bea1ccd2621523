# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import json
from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tests.common import freeze_time
from odoo.tools import file_open, mute_logger

from ..models import outside_crm_message
from ..models.outside_crm_message import BACK_OFF, STALE_CLAIM
from .common import NOW, TOMORROW, AutoGlassInvoicingCommon
from .fake_crm import SECRET, fake_crm

TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}


def schema_problems(schema, value, path="$"):
    """Check what our schema uses of JSON Schema; also that nothing is left over."""
    if "const" in schema:
        return [] if value == schema["const"] else [f"{path}: not {schema['const']}"]
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{path}: {value} is not listed"]
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    fits = isinstance(value, tuple(TYPES[t] for t in types if t != "integer")) or (
        "integer" in types and isinstance(value, int)
    )
    if not fits or (isinstance(value, bool) and "boolean" not in types):
        return [f"{path}: {value!r} is no {types}"]
    problems = []
    if isinstance(value, dict):
        names = schema["properties"].keys()
        problems += [
            f"{path}.{name}: missing"
            for name in schema["required"]
            if name not in value
        ]
        problems += [
            f"{path}.{name}: not in the schema" for name in value.keys() - names
        ]
        for name in value.keys() & names:
            problems += schema_problems(
                schema["properties"][name], value[name], f"{path}.{name}"
            )
    if isinstance(value, list):
        for position, item in enumerate(value):
            problems += schema_problems(schema["items"], item, f"{path}[{position}]")
    return problems


@tagged("post_install", "-at_install")
class TestOutsideCrm(AutoGlassInvoicingCommon):
    def setUp(self):
        super().setUp()
        self.crm = self.enterContext(fake_crm())
        self.enterContext(freeze_time(NOW))
        self.company.write(
            {"outside_crm_url": self.crm.url, "outside_crm_secret": SECRET}
        )
        self.outbox = self.env["outside.crm.message"]
        self.enterContext(self.enter_registry_test_mode())

    def _run(self):
        self.env.ref("auto_glass_crm.ir_cron_send_outside_crm").method_direct_trigger()
        self.env.invalidate_all()

    def _messages(self):
        return self.outbox.search([("company_id", "=", self.company.id)], order="id")

    def test_every_moment_is_told_in_order(self):
        order = self._create_sent_order()
        event = self._book(order, notify_customer=True)
        later = TOMORROW + timedelta(days=1)
        event.write({"start": later, "notify_customer": True})
        event.write({"shop_state": "completed", "notify_customer": True})
        order.action_confirm()
        self._invoice(order).action_customer_experience("smile")
        other = self._create_sent_order(self._create_customer())
        self._book(other, notify_customer=True)
        other.action_void(notify_customer=True)
        unhappy = self._create_confirmed_order(self._create_customer())
        self._invoice(unhappy).action_customer_experience("frown")
        self._run()
        self.assertEqual(set(self._messages().mapped("state")), {"sent"})
        by_order = {}
        for request in self.crm.requests:
            payload = request["payload"]
            by_order.setdefault(payload["order"]["id"], []).append(payload["event"])
        self.assertEqual(
            by_order,
            {
                order.id: [
                    "lead",
                    "scheduled",
                    "rescheduled",
                    "completed",
                    "invoiced_smile",
                ],
                other.id: ["lead", "scheduled", "cancelled"],
                unhappy.id: ["lead", "invoiced_frown"],
            },
        )
        with file_open(
            "auto_glass_crm/static/schema/outside_crm_v1.schema.json"
        ) as handle:
            schema = json.load(handle)
        for request in self.crm.requests:
            with self.subTest(request["payload"]["event"]):
                self.assertTrue(request["signed"])
                self.assertTrue(request["timestamp"].isdecimal())
                self.assertEqual(request["id"], request["payload"]["id"])
                self.assertFalse(schema_problems(schema, request["payload"]))

    def test_what_is_told(self):
        order = self._create_sent_order()
        self._book(order, notify_customer=True)
        self._run()
        payload = self.crm.requests[-1]["payload"]
        self.assertEqual(payload["schema"], "auto-glass-crm/1")
        self.assertEqual(payload["occurred_at"], "2026-03-02T16:00:00Z")
        self.assertEqual(payload["shop"]["name"], "Main Street Auto")
        self.assertEqual(payload["customer"]["first_name"], "Ann")
        self.assertEqual(payload["customer"]["text_number"], "+15125550123")
        self.assertTrue(payload["customer"]["can_be_texted"])
        self.assertEqual(payload["vehicle"]["year"], 2019)
        self.assertEqual(
            payload["order"]["glass"],
            [
                {
                    "name": "Windshield Civic",
                    "nags_number": "FW02345 GBYN",
                    "opening": "windshield",
                }
            ],
        )
        self.assertEqual(payload["lead"]["stage"], "scheduled")
        self.assertEqual(payload["appointment"]["start"], "2026-03-03T16:00:00Z")
        self.assertEqual(payload["appointment"]["timezone"], "America/Chicago")

    def test_cancel_and_not_ready_tell_nothing(self):
        order = self._create_glass_order()
        order.customer_answer("send_to_crm", "not_ready")
        self.assertFalse(self._messages())
        order.action_send_to_crm()
        event = self._book(order, notify_customer=False)
        event.write({"start": TOMORROW + timedelta(days=1), "notify_customer": False})
        event.write({"shop_state": "completed", "notify_customer": False})
        self.assertEqual(self._messages().mapped("event"), ["lead"])

    def test_nothing_about_who_cannot_be_texted(self):
        self.customer.allow_texting = False
        order = self._create_sent_order()
        self._book(order).action_complete()
        self.assertFalse(self._messages())

    def test_without_a_webhook_nothing_is_kept(self):
        self.company.outside_crm_url = False
        self._create_sent_order()
        self.assertFalse(self._messages())

    def test_voiding_tells_once(self):
        order = self._create_sent_order()
        self._book(order, notify_customer=True)
        order.action_cancel()
        self.assertEqual(
            self._messages().mapped("event"), ["lead", "scheduled", "cancelled"]
        )
        order.customer_answer(order.customer_question()["key"], "ok")
        self.assertEqual(len(self._messages()), 3)

    def test_failures_that_pass(self):
        cases = [
            (500, "status 500"),
            (503, "status 503"),
            (429, "status 429"),
            (408, "status 408"),
            ("drop", "cannot be reached"),
            ("garbage", "cannot be reached"),
            ("hang", "in time"),
        ]
        for behave, sentence in cases:
            with self.subTest(behave=behave):
                self.crm.requests.clear()
                self.crm.behave[:] = [behave]
                self._create_sent_order(self._create_customer())
                message = self._messages()[-1]
                self._run()
                self.assertEqual((message.state, message.attempts), ("waiting", 1))
                self.assertIn(sentence, message.failure_reason)
                self.assertEqual(message.next_try_at, NOW + timedelta(minutes=1))
                # Not before its time.
                self._run()
                self.assertEqual(len(self.crm.requests), 1)
                with freeze_time(NOW + timedelta(minutes=2)):
                    self._run()
                self.assertEqual((message.state, message.attempts), ("sent", 2))
                self.assertFalse(message.failure_reason)
                ids = {request["id"] for request in self.crm.requests}
                self.assertEqual(ids, {message.message_id})
                self.assertTrue(all(r["signed"] for r in self.crm.requests))

    def test_refusals_are_given_up_at_once(self):
        for status in (400, 401, 404, 410, 422, 301, 302):
            with self.subTest(status=status):
                self.crm.behave[:] = [(status, {"Location": self.crm.url})]
                self._create_sent_order(self._create_customer())
                message = self._messages()[-1]
                before = len(self.crm.requests)
                self._run()
                self.assertEqual(message.state, "dead")
                self.assertIn(str(status), message.failure_reason)
                # A redirect is not followed.
                self.assertEqual(len(self.crm.requests), before + 1)

    def test_given_up_after_the_last_attempt_and_sent_again_by_hand(self):
        self._create_sent_order()
        message = self._messages()
        self.crm.behave[:] = [500] * (len(BACK_OFF) + 1)
        moment = NOW
        for minutes in (0, *BACK_OFF):
            self.assertEqual(message.state, "waiting")
            moment += timedelta(minutes=minutes, seconds=1)
            with freeze_time(moment):
                self._run()
        self.assertEqual((message.state, message.attempts), ("dead", len(BACK_OFF) + 1))
        with freeze_time(moment + timedelta(days=9)):
            self._run()
            self.assertEqual(message.state, "dead")
            message.with_user(self.manager).action_send_again()
            self._run()
        self.assertEqual((message.state, message.attempts), ("sent", 1))
        self.assertEqual({r["id"] for r in self.crm.requests}, {message.message_id})

    def test_the_other_side_says_when(self):
        cases = [("7200", 7200), ("5", 60), ("soon", 60), ("99999999", 24 * 3600)]
        for header, seconds in cases:
            with self.subTest(header=header):
                self.crm.behave[:] = [(429, {"Retry-After": header})]
                self._create_sent_order(self._create_customer())
                self._run()
                self.assertEqual(
                    self._messages()[-1].next_try_at, NOW + timedelta(seconds=seconds)
                )

    def test_nothing_overtakes_within_a_lead(self):
        first = self._create_sent_order()
        self._book(first, notify_customer=True)
        second = self._create_sent_order(self._create_customer())
        self.crm.behave[:] = [500]
        with patch.object(outside_crm_message, "BATCH_SIZE", 1):
            self._run()
        # The lead of the first failed: its appointment waits, the other goes.
        self.assertEqual(
            [r["payload"]["order"]["id"] for r in self.crm.requests],
            [first.id, second.id],
        )
        with freeze_time(NOW + timedelta(minutes=2)):
            self._run()
        self.assertEqual(
            [r["payload"]["event"] for r in self.crm.requests],
            ["lead", "lead", "lead", "scheduled"],
        )

    def test_a_process_that_died_after_the_call(self):
        self._create_sent_order()
        message = self._messages()
        # Not `assertRaises`: that rolls back what was committed before the end.
        with (
            suppress(SystemExit),
            patch.object(type(self.outbox), "_keep_outcome", side_effect=SystemExit),
        ):
            self._run()
            self.fail("The process should have died.")
        self.env.invalidate_all()
        self.assertEqual(len(self.crm.requests), 1)
        # The claim was committed before the call: nobody takes it now ...
        self.assertEqual(message.state, "sending")
        self._run()
        self.assertEqual(len(self.crm.requests), 1)
        # ... and later it comes with the same id, so that it is taken once.
        with freeze_time(NOW + timedelta(minutes=STALE_CLAIM + 1)):
            self._run()
        self.assertEqual(message.state, "sent")
        self.assertEqual(len(self.crm.requests), 2)
        self.assertEqual(self.crm.events, ["lead"])

    def test_no_call_in_the_business_transaction(self):
        self._create_sent_order()
        self.assertFalse(self.crm.requests)
        self.assertEqual(self._messages().state, "waiting")

    def test_address_is_gone(self):
        self._create_sent_order()
        self.company.outside_crm_url = False
        self._run()
        self.assertEqual(self._messages().state, "dead")
        self.assertFalse(self.crm.requests)

    def test_secrets_stay_secret(self):
        self.crm.behave[:] = ["drop", 404]
        with self.assertLogs(level="DEBUG") as logs:
            self._create_sent_order()
            self._create_sent_order(self._create_customer())
            self._run()
        messages = self._messages()
        shown = " ".join(
            [
                *(
                    record.getMessage()
                    for record in logs.records
                    if record.name.startswith("odoo.addons.auto_glass_crm")
                ),
                *messages.mapped("failure_reason"),
                *messages.mapped("payload"),
            ]
        )
        for secret in (SECRET, "hidden", "other side"):
            self.assertNotIn(secret, shown)
        for user in (self.staff, self.manager):
            with self.assertRaises(AccessError):
                self.company.with_user(user).read(["outside_crm_secret"])
        with self.assertRaises(AccessError):
            self.company.with_user(self.staff).read(["outside_crm_url"])

    def test_manager_settings(self):
        company = self._as(self.company, self.manager)
        stage = self.env["crm.stage"].create({"name": "Elsewhere"})
        team = self.env["crm.team"].create({"name": "Other Glass", "company_id": False})
        cases = {
            "experience_user_id": self.staff.id,
            "glass_stage_cancelled_id": stage.id,
            "glass_stage_completed_id": stage.id,
            "glass_stage_new_id": stage.id,
            "glass_stage_scheduled_id": stage.id,
            "glass_team_id": team.id,
            "glass_unsent_appointment": "warn",
            "google_place_id": "ChIJ1",
            "outside_crm_url": "https://crm.example.com/hook",
            "review_requests": "everyone",
            "review_url": "https://example.com/review",
        }
        for name, value in cases.items():
            with self.subTest(field=name):
                company.write({name: value})
                self.assertEqual(company.read([name], load=None)[0][name], value)
        own = {
            name
            for name in company._get_shop_manager_fields()
            if "auto_glass_crm" in company._fields[name]._modules
        }
        # A field more is a decision: it wants a case above.
        self.assertEqual(own, {*cases, "outside_crm_new_secret"})
        with self.assertRaises(AccessError):
            self._as(self.company, self.staff).write({"google_place_id": "x"})
        with self.assertRaises(AccessError):
            self.other_company.with_user(self.manager).write({"google_place_id": "x"})

    def test_manager_enters_a_secret_that_he_cannot_read(self):
        company = self._as(self.company, self.manager)
        with self.assertRaises(AccessError):
            company.write({"outside_crm_secret": "x" * 40})
        self.assertEqual(self.company.outside_crm_secret, SECRET)
        company.write({"outside_crm_new_secret": "y" * 40})
        self.assertEqual(self.company.outside_crm_secret, "y" * 40)
        company.write({"outside_crm_new_secret": False})
        self.assertEqual(self.company.outside_crm_secret, "y" * 40)
        for fresh in (False, True):
            if fresh:
                self.env.invalidate_all()
            shown = company.read(["outside_crm_new_secret", "outside_crm_secret_set"])
            self.assertFalse(shown[0]["outside_crm_new_secret"])
            self.assertTrue(shown[0]["outside_crm_secret_set"])

    def test_only_an_administrator_enters_a_webhook_of_this_machine(self):
        company = self._as(self.company, self.manager)
        with self.assertRaises(ValidationError):
            company.write({"outside_crm_url": "http://127.0.0.1:8069/hook"})

    def test_people_of_the_location(self):
        team = self.env["crm.team"].create(
            {"name": "Airport Glass", "company_id": self.other_company.id}
        )
        for vals in (
            {"glass_team_id": team.id},
            {"experience_user_id": self.outsider.id},
        ):
            with self.subTest(vals=vals), self.assertRaises(ValidationError):
                self._as(self.company, self.manager).write(vals)

    def test_manager_screen(self):
        companies = self.env["res.company"].with_user(self.manager)
        view = self.env.ref("auto_shop.res_company_view_form")
        arch = companies.get_view(view.id, "form")["arch"]
        self.assertIn("outside_crm_new_secret", arch)
        self.assertNotIn('name="outside_crm_secret"', arch)

    def test_addresses(self):
        cases = [
            ("https://crm.example.com/hook?key=1", True),
            ("http://127.0.0.1:8080/hook", True),
            ("http://localhost/hook", True),
            ("http://[::1]/hook", True),
            ("http://crm.example.com/hook", False),
            ("http://localhost.example.com/hook", False),
            ("http://127.0.0.1.example.com/hook", False),
            ("https://user:pass@crm.example.com/", False),
            ("ftp://crm.example.com/", False),
            ("crm.example.com/hook", False),
            ("https://crm.example.com:port/", False),
        ]
        for url, fine in cases:
            with self.subTest(url=url):
                if fine:
                    self.company.outside_crm_url = url
                    continue
                with self.assertRaises(ValidationError) as caught:
                    self.company.outside_crm_url = url
                self.assertNotIn(url, str(caught.exception))

    def test_a_secret_is_made(self):
        self.other_company.outside_crm_url = "https://crm.example.com/"
        self.assertGreaterEqual(len(self.other_company.outside_crm_secret), 32)

    def test_locations_have_their_own_webhooks(self):
        foreign = (
            self.env["sale.order"]
            .with_user(self.outsider)
            .create({"partner_id": self._create_customer().id})
        )
        foreign.action_send_to_crm()
        self.assertFalse(self.outbox.search([("work_order_id", "=", foreign.id)]))
        self._create_sent_order()
        seen = self.outbox.with_user(self.manager).search([])
        self.assertEqual(seen.company_id, self.company)
        boss = self._create_user(
            "glass_other_boss", "auto_shop.group_manager", company=self.other_company
        )
        self.assertFalse(self.outbox.with_user(boss).search([]))
        with self.assertRaises(AccessError):
            self._messages().with_user(boss).action_send_again()

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_only_managers_look_and_nobody_writes(self):
        self._create_sent_order()
        message = self._messages()
        with self.assertRaises(AccessError):
            message.with_user(self.staff).read(["payload"])
        with self.assertRaises(AccessError):
            message.with_user(self.staff).action_send_again()
        manager = message.with_user(self.manager)
        self.assertTrue(manager.payload)
        with self.assertRaises(AccessError):
            manager.write({"payload": "{}"})
        with self.assertRaises(AccessError):
            manager.unlink()
        with self.assertRaises(AccessError):
            self.outbox.with_user(self.manager).create(
                {
                    "company_id": self.company.id,
                    "event": "lead",
                    "order_key": "x",
                    "payload": "{}",
                }
            )

    def test_old_ones_are_forgotten(self):
        self._create_sent_order()
        message = self._messages()
        self._run()
        with freeze_time(NOW + timedelta(days=89)):
            self.outbox._gc_sent()
            self.assertTrue(message.exists())
        with freeze_time(NOW + timedelta(days=91)):
            self.outbox._gc_sent()
        self.assertFalse(message.exists())
