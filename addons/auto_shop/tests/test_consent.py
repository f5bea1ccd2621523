# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from freezegun import freeze_time

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Datetime
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import AutoShopCommon

NUMBER = "+15125550123"
OTHER_NUMBER = "+15125550199"


class ConsentCommon(AutoShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.admin.write(
            {
                "company_ids": [Command.link(cls.company.id)],
                "company_id": cls.company.id,
            }
        )
        cls.customer = cls._create_customer()

    @classmethod
    def _stop(cls, number=NUMBER, location=None):
        partners = cls.env["res.partner"].sudo().with_company(location)
        return partners._text_stop(number, "text", note="STOP")

    @classmethod
    def _start(cls, number=NUMBER, location=None):
        partners = cls.env["res.partner"].sudo().with_company(location)
        return partners._text_start(number, "text", note="START")

    @classmethod
    def _start_everywhere(cls, number=NUMBER):
        for location in cls.env["res.company"].search([]):
            cls._start(number, location)

    @classmethod
    def _blocked(cls, number=NUMBER):
        return cls.env["phone.blacklist"].search([("number", "=", number)])

    def _rows(self, partner):
        """The consent history of ``partner``, oldest first, as tuples."""
        return (
            partner.sudo()
            .consent_ids.sorted("id")
            .mapped(lambda row: (row.field_name, row.granted, row.source))
        )

    def _people(self):
        return {
            "staff": self.staff,
            "manager": self.manager,
            "administrator": self.admin,
            "superuser": self.env["res.users"].browse(SUPERUSER_ID),
        }


@tagged("post_install", "-at_install")
class TestCanBeTexted(ConsentCommon):
    def test_why_not(self):
        self._stop(OTHER_NUMBER)
        self.env["phone.blacklist"].create({"number": "+15125550177"})
        cases = [
            ({}, None),
            ({"mobile": False}, "no_number"),
            ({"mobile": "ask at the desk"}, "invalid_number"),
            ({"mobile": "000-000-0000"}, "invalid_number"),
            ({"mobile": "800-234-5678"}, "not_mobile"),
            ({"mobile": "512-471-1234 ext. 5"}, "not_mobile"),
            ({"mobile": False, "phone": "512-555-0123"}, None),
            ({"allow_texting": False}, "no_consent"),
            ({"mobile": OTHER_NUMBER}, "number_stopped"),
            ({"mobile": "+15125550177"}, "number_stopped"),
            ({"mobile": OTHER_NUMBER, "allow_texting": False}, "number_stopped"),
            ({"mobile": False, "allow_texting": False}, "no_number"),
        ]
        customers = self.env["res.partner"]
        for vals, code in cases:
            with self.subTest(vals=vals):
                customer = self._create_customer(**vals).with_user(self.staff)
                customers |= customer
                reason = customer._text_block_reasons().get(customer.id)
                self.assertEqual(reason and reason[0], code)
                self.assertEqual(customer.can_be_texted, code is None)
                self.assertEqual(bool(customer.text_block_reason), code is not None)
        self.assertEqual(
            customers.search(
                [("id", "in", customers.ids), ("can_be_texted", "=", True)]
            ),
            customers.filtered("can_be_texted"),
        )
        self.assertEqual(
            customers.search(
                [("id", "in", customers.ids), ("can_be_texted", "=", False)]
            ),
            customers.filtered(lambda customer: not customer.can_be_texted),
        )

    def test_search_knows_the_stopped_customer(self):
        self._stop()
        self.customer.mobile = OTHER_NUMBER
        found = self.customer.search([("can_be_texted", "=", True)])
        self.assertNotIn(self.customer, found)

    def test_a_lifted_block_is_seen_at_once(self):
        blocked = self.env["phone.blacklist"].create({"number": NUMBER})
        self.assertFalse(self.customer.can_be_texted)
        blocked.action_archive()
        self.assertTrue(self.customer.can_be_texted)

    def test_queries_do_not_grow_with_the_customers(self):
        self._stop("+15125550003")
        counts = []
        # The first round only fills the caches of languages and access rights.
        for size in (10, 10, 200):
            customers = self.env["res.partner"].create(
                [
                    {
                        "name": f"Customer {index}",
                        "mobile": f"512-555-{index:04d}",
                        "allow_texting": index % 2,
                        "country_id": self.country_us.id,
                    }
                    for index in range(size)
                ]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            reasons = customers.with_user(self.staff)._text_block_reasons()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(
                len(reasons),
                sum(not index % 2 or index == 3 for index in range(size)),
            )
        # A chunk more or less, whatever ran before; never one a customer.
        self.assertLessEqual(counts[-1], counts[-2] + 2)

    def test_create_queries_do_not_grow_with_the_customers(self):
        counts = []
        for size in (10, 10, 200):
            vals_list = [
                {
                    "name": f"Customer {index}",
                    "mobile": f"512-555-{index:04d}",
                    "email": f"c{index}.{len(counts)}@example.com",
                    "allow_texting": True,
                    "do_not_mail": True,
                    "country_id": self.country_us.id,
                }
                for index in range(size)
            ]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["res.partner"].create(vals_list)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLess(counts[-1], counts[-2] + 10, counts)


@tagged("post_install", "-at_install")
class TestConsentHistory(ConsentCommon):
    def test_each_decision_leaves_a_line(self):
        customer = self._create_customer(allow_texting=False)
        self.assertEqual(self._rows(customer), [])
        with freeze_time("2026-03-05 15:00:00"):
            customer.with_user(self.staff).allow_texting = True
        customer.with_user(self.manager).write(
            {"allow_texting": False, "do_not_mail": True, "do_not_call": True}
        )
        customer.with_user(self.manager).write({"do_not_call": True})
        self.assertEqual(
            self._rows(customer),
            [
                ("allow_texting", True, "staff"),
                ("allow_texting", False, "staff"),
                ("do_not_mail", False, "staff"),
                ("do_not_call", False, "staff"),
            ],
        )
        first = customer.consent_ids.sorted("id")[0]
        self.assertEqual(first.user_id, self.staff)
        self.assertEqual(first.number, NUMBER)
        self.assertEqual(first.date, Datetime.to_datetime("2026-03-05 15:00:00"))

    def test_consent_given_with_a_new_customer(self):
        customer = (
            self.env["res.partner"]
            .with_user(self.staff)
            .create({"name": "Bea", "mobile": OTHER_NUMBER, "allow_texting": True})
        )
        self.assertEqual(self._rows(customer), [("allow_texting", True, "staff")])

    def test_a_copy_has_not_consented(self):
        self.assertFalse(self.customer.copy().allow_texting)

    def test_the_portal_is_named(self):
        portal = new_test_user(self.env, "portal_ann", groups="base.group_portal")
        partner = portal.partner_id
        partner.with_user(portal).sudo().write({"do_not_call": True})
        self.assertEqual(self._rows(partner), [("do_not_call", False, "portal")])

    def test_a_system_path_names_its_source(self):
        self.customer.sudo()._set_consent(
            {"allow_texting": True}, "web", note="Form on the website"
        )
        row = self.customer.consent_ids.sorted("id")[-1]
        self.assertEqual((row.source, row.granted), ("web", True))
        self.assertEqual(row.note, "Form on the website")

    def test_a_client_cannot_forge_the_source(self):
        for forged in (
            {"consent_context": "text"},
            {"consent_context": {"source": "text", "may_stop": True}},
            {"import_file": True},
        ):
            customer = self._create_customer(allow_texting=False)
            with self.subTest(forged=forged):
                customer.with_user(self.staff).with_context(**forged).write(
                    {"allow_texting": True}
                )
                self.assertEqual(
                    self._rows(customer), [("allow_texting", True, "staff")]
                )
                with self.assertRaises(UserError):
                    customer.with_user(self.staff).with_context(**forged).write(
                        {"sms_stopped_at": "2026-01-01"}
                    )

    def test_nobody_changes_the_history(self):
        row = self.customer.consent_ids
        vals = {
            "partner_id": self.customer.id,
            "field_name": "allow_texting",
            "granted": True,
            "source": "text",
            "date": "2020-01-01",
        }
        for who, user in self._people().items():
            with self.subTest(who=who):
                mine = row.with_user(user)
                with self.assertRaises(UserError):
                    mine.write({"granted": False})
                with self.assertRaises(UserError):
                    mine.unlink()
                if user.id != SUPERUSER_ID:
                    with self.assertRaises(AccessError):
                        mine.create(vals)
        with self.assertRaises(UserError):
            row.sudo().write({"granted": False})
        with self.assertRaises(UserError):
            row.sudo().unlink()
        self.assertTrue(row.granted)

    def test_who_reads_the_history(self):
        row = self.customer.consent_ids
        self.assertTrue(row.with_user(self.staff).number)
        with self.assertRaises(AccessError):
            row.with_user(self.employee).read(["number"])
        with self.assertRaises(AccessError):
            self.customer.with_user(self.employee).read(["consent_ids"])

    def test_other_location_does_not_read_the_history(self):
        self.customer.company_id = self.company
        row = self.customer.consent_ids
        Consent = self.env["customer.consent"]
        self.assertIn(row, Consent.with_user(self.staff).search([]))
        self.assertNotIn(row, Consent.with_user(self.outsider).search([]))
        self.customer.company_id = False
        self.assertIn(row, Consent.with_user(self.outsider).search([]))

    def test_the_history_outlives_the_contact(self):
        self.customer.company_id = self.company
        self.customer.allow_texting = False
        rows = self.customer.consent_ids
        self.customer.unlink()
        self.env.invalidate_all()
        self.assertEqual(len(rows.exists()), 2)
        self.assertEqual(set(rows.mapped("partner_name")), {"Ann Miller"})
        self.assertEqual(set(rows.mapped("number")), {NUMBER})
        row = rows.filtered("company_id")
        Consent = self.env["customer.consent"]
        self.assertIn(row, Consent.with_user(self.staff).search([]))
        self.assertNotIn(row, Consent.with_user(self.outsider).search([]))


@tagged("post_install", "-at_install")
class TestStop(ConsentCommon):
    def test_stop_blocks_the_number_and_each_customer_with_it(self):
        by_phone = self._create_customer(mobile=OTHER_NUMBER, phone=NUMBER)
        elsewhere = self._create_customer(company_id=self.other_company.id)
        archived = self._create_customer(active=False)
        untouched = self._create_customer(mobile=OTHER_NUMBER)
        with freeze_time("2026-03-05 15:00:00"):
            stopped = self._stop()
        self.assertLessEqual(self.customer | by_phone | elsewhere | archived, stopped)
        for customer in stopped:
            self.assertFalse(customer.allow_texting)
            self.assertEqual(
                customer.sms_stopped_at, Datetime.to_datetime("2026-03-05 15:00:00")
            )
            self.assertEqual(self._rows(customer)[-1], ("allow_texting", False, "text"))
        self.assertTrue(self._blocked().stop_received_at)
        self.assertTrue(untouched.can_be_texted)
        self.assertEqual(
            self.customer._text_block_reasons()[self.customer.id][0],
            "customer_stopped",
        )

    def test_stop_twice_keeps_the_first_date(self):
        with freeze_time("2026-03-05 15:00:00"):
            self._stop()
        with freeze_time("2026-04-05 15:00:00"):
            self._stop()
        self.assertEqual(
            self.customer.sms_stopped_at, Datetime.to_datetime("2026-03-05 15:00:00")
        )
        self.assertEqual(len(self._blocked()), 1)
        self.assertEqual(self._rows(self.customer)[-1][1:], (False, "text"))

    def test_stop_from_an_unknown_number_is_kept(self):
        self._stop("+12025550155")
        row = self.env["customer.consent"].search([("number", "=", "+12025550155")])
        self.assertEqual((row.granted, row.source), (False, "text"))
        customer = self._create_customer(mobile="+12025550155")
        self.assertFalse(customer.can_be_texted)

    def test_stop_of_what_is_no_number_does_nothing(self):
        for number in ("", False, "12345", "BANK"):
            with self.subTest(number=number):
                self.assertFalse(self._stop(number))
                self.assertFalse(self._start(number))

    def test_start_to_every_location_lifts_it_all(self):
        self._stop()
        self._start_everywhere()
        self.assertTrue(self.customer.allow_texting)
        self.assertFalse(self.customer.sms_stopped_at)
        self.assertFalse(self._blocked())
        self.assertTrue(self.customer.can_be_texted)
        starts = [("allow_texting", True, "text")] * len(
            self.env["res.company"].search([])
        )
        self.assertEqual(
            self._rows(self.customer)[1:], [("allow_texting", False, "text"), *starts]
        )
        self._stop()
        self.assertFalse(self.customer.can_be_texted)
        self.assertTrue(self._blocked().stop_received_at)

    def test_stop_of_a_number_that_was_blocked_or_unblocked_before(self):
        entry = self.env["phone.blacklist"].create({"number": NUMBER})
        for active in (True, False):
            with self.subTest(active=active):
                entry.active = active
                self._stop()
                self.assertEqual(self._blocked(), entry)
                self.assertTrue(entry.stop_received_at)
                self._start_everywhere()

    def test_nobody_undoes_a_stop_on_the_customer(self):
        self._stop()
        undo = [
            lambda customer: customer.write({"allow_texting": True}),
            lambda customer: customer.write({"sms_stopped_at": False}),
            lambda customer: customer.write(
                {"sms_stopped_at": False, "allow_texting": True}
            ),
            lambda customer: customer.sudo().write({"allow_texting": True}),
            lambda customer: customer._set_consent({"allow_texting": True}, "web"),
            lambda customer: customer.with_context(
                consent_context={"may_stop": True}
            ).write({"allow_texting": True}),
            lambda customer: customer.with_context(install_mode=True).write(
                {"allow_texting": True}
            ),
            lambda customer: customer.unlink(),
            lambda customer: customer.create(
                {"name": "Ann", "sms_stopped_at": "2026-01-01"}
            ),
        ]
        for who, user in self._people().items():
            for index, attempt in enumerate(undo):
                with self.subTest(who=who, attempt=index):
                    with self.assertRaises(UserError):
                        attempt(self.customer.with_user(user))
                    self.assertTrue(self.customer.sms_stopped_at)
                    self.assertFalse(self.customer.allow_texting)
        with self.assertRaisesRegex(UserError, r"Ann Miller texted STOP.*text START"):
            self.customer.with_user(self.staff).allow_texting = True

    def test_an_import_does_not_undo_a_stop(self):
        self._stop()
        external_id = self.customer.export_data(["id"])["datas"][0][0]
        for who, user in self._people().items():
            with self.subTest(who=who):
                result = self.customer.with_user(user).load(
                    ["id", "allow_texting"], [[external_id, "1"]]
                )
                self.assertFalse(result["ids"])
                self.assertIn("START", result["messages"][0]["message"])
                self.assertFalse(self.customer.allow_texting)

    def test_nobody_lifts_the_block_of_the_number(self):
        self._stop()
        blocked = self._blocked()
        attempts = [
            lambda entry: entry.write({"active": False}),
            lambda entry: entry.action_archive(),
            lambda entry: entry.write({"number": OTHER_NUMBER}),
            lambda entry: entry.write({"stop_received_at": False}),
            lambda entry: entry.unlink(),
            lambda entry: entry.remove(NUMBER),
            lambda entry: entry._remove([NUMBER], message="please"),
            lambda entry: entry.with_context(consent_context={"may_stop": True}).write(
                {"active": False}
            ),
            lambda entry: (
                entry.env["phone.blacklist.remove"]
                .create({"phone": NUMBER, "reason": "please"})
                .action_unblacklist_apply()
            ),
        ]
        for who, user in self._people().items():
            for sudo in (False, True):
                for index, attempt in enumerate(attempts):
                    with self.subTest(who=who, sudo=sudo, attempt=index):
                        entry = blocked.with_user(user).sudo(sudo)
                        with self.assertRaises(UserError):
                            attempt(entry)
                        self.env.invalidate_all()
                        self.assertTrue(blocked.active)
                        self.assertTrue(blocked.stop_received_at)
        with self.assertRaisesRegex(UserError, r"texted STOP.*text START"):
            blocked.with_user(self.admin).action_archive()
        with self.assertRaises(UserError):
            self.customer._phone_reset_blacklisted()

    def test_nobody_makes_up_a_stop(self):
        with self.assertRaises(UserError):
            self.env["phone.blacklist"].with_user(self.admin).create(
                {"number": NUMBER, "stop_received_at": "2026-01-01"}
            )

    def test_an_import_does_not_lift_the_block(self):
        self._stop()
        external_id = self._blocked().export_data(["id"])["datas"][0][0]
        result = (
            self.env["phone.blacklist"]
            .with_user(self.admin)
            .load(["id", "active"], [[external_id, "0"]])
        )
        self.assertFalse(result["ids"])
        self.assertTrue(self._blocked())

    def test_what_staff_blocked_staff_may_lift(self):
        entry = self.env["phone.blacklist"].with_user(self.admin).add(NUMBER)
        self.assertFalse(self.customer.can_be_texted)
        entry.remove(NUMBER)
        self.assertTrue(self.customer.can_be_texted)

    def test_another_number_does_not_bring_him_back(self):
        self._stop()
        self.customer.with_user(self.staff).mobile = OTHER_NUMBER
        self.assertFalse(self.customer.can_be_texted)
        with self.assertRaises(UserError):
            self.customer.with_user(self.staff).allow_texting = True
        self._start(OTHER_NUMBER)
        self.assertTrue(self.customer.can_be_texted)
        self.customer.mobile = NUMBER
        self.assertFalse(self.customer.can_be_texted)

    def test_another_contact_does_not_bring_the_number_back(self):
        self._stop()
        twin = self._create_customer(name="Ann Again")
        self.assertFalse(twin.can_be_texted)
        self.assertFalse(self.customer.copy({"allow_texting": True}).can_be_texted)


@tagged("post_install", "-at_install")
class TestConsentByRpc(HttpCase, ConsentCommon):
    def _call(self, model, method, *args, context=None):
        """What the server answers: a result, or the message of its refusal."""
        answer = self.url_open(
            f"/web/dataset/call_kw/{model}/{method}",
            json={
                "jsonrpc": "2.0",
                "params": {
                    "model": model,
                    "method": method,
                    "args": args,
                    "kwargs": {"context": context or {}},
                },
            },
        ).json()
        error = answer.get("error")
        return error["data"]["message"] if error else answer["result"]

    @mute_logger("odoo.http")
    def test_a_client_cannot_undo_a_stop(self):
        self._stop()
        stop = self._blocked()
        forged = {"consent_context": {"source": "text", "may_stop": True}}
        customer, blocked = self.customer.ids, stop.ids
        # who, model, method, arguments
        cases = [
            ("shop_staff", "res.partner", "write", (customer, {"allow_texting": True})),
            ("admin", "res.partner", "write", (customer, {"allow_texting": True})),
            ("admin", "res.partner", "write", (customer, {"sms_stopped_at": False})),
            ("admin", "res.partner", "unlink", (customer,)),
            ("admin", "phone.blacklist", "action_archive", (blocked,)),
            ("admin", "phone.blacklist", "remove", ([], NUMBER)),
            ("admin", "phone.blacklist", "unlink", (blocked,)),
        ]
        for login, model, method, args in cases:
            with self.subTest(login=login, method=method):
                self.authenticate(login, login)
                refusal = self._call(model, method, *args, context=forged)
                self.assertIn("STOP", refusal)
        for method in ("_text_start", "_set_consent", "_write_stop"):
            with self.subTest(method=method):
                refusal = self._call("res.partner", method, NUMBER, "text")
                self.assertIn("rivate method", refusal)
        self.env.invalidate_all()
        self.assertFalse(self.customer.allow_texting)
        self.assertTrue(self.customer.sms_stopped_at)
        self.assertTrue(stop.active)

    def test_a_client_cannot_name_the_source(self):
        customer = self._create_customer(allow_texting=False)
        self.authenticate("shop_staff", "shop_staff")
        self._call(
            "res.partner",
            "write",
            customer.ids,
            {"allow_texting": True},
            context={"consent_context": {"source": "text"}, "import_file": True},
        )
        self.env.invalidate_all()
        self.assertEqual(self._rows(customer), [("allow_texting", True, "staff")])
        self.assertEqual(customer.consent_ids.user_id, self.staff)


@tagged("post_install", "-at_install")
class TestMergeConsent(ConsentCommon):
    def _merge(self, source, target):
        self.env["base.partner.merge.automatic.wizard"].with_user(self.admin)._merge(
            (source | target).ids, target.with_user(self.admin)
        )

    def test_the_stop_survives(self):
        for stopped_is_source in (True, False):
            with self.subTest(stopped_is_source=stopped_is_source):
                stopped = self._create_customer(mobile="+15125550166")
                other = self._create_customer(mobile=OTHER_NUMBER)
                self._stop("+15125550166")
                date = stopped.sms_stopped_at
                rows = (stopped | other).consent_ids
                source, target = (
                    (stopped, other) if stopped_is_source else (other, stopped)
                )
                self._merge(source, target)
                self.assertFalse(source.exists())
                self.assertEqual(target.sms_stopped_at, date)
                self.assertFalse(target.allow_texting)
                self.assertFalse(target.can_be_texted)
                self.assertLessEqual(rows, target.consent_ids)

    def test_the_strictest_answer_wins(self):
        fields = ("allow_texting", "do_not_mail", "do_not_call")
        cases = [
            ((True, False, False), (True, False, False), (True, False, False)),
            ((True, False, False), (False, False, False), (False, False, False)),
            ((False, True, False), (True, False, True), (False, True, True)),
            ((True, True, True), (True, False, False), (True, True, True)),
        ]
        for source_vals, target_vals, expected in cases:
            with self.subTest(source=source_vals, target=target_vals):
                source = self._create_customer(
                    **dict(zip(fields, source_vals, strict=True))
                )
                target = self._create_customer(
                    **dict(zip(fields, target_vals, strict=True))
                )
                self._merge(source, target)
                self.assertFalse(source.exists())
                self.assertEqual(tuple(target[name] for name in fields), expected)

    def test_a_tightened_consent_leaves_a_line(self):
        source = self._create_customer(name="Ann M.", do_not_call=True)
        target = self._create_customer()
        self._merge(source, target)
        row = target.consent_ids.filtered(
            lambda row: row.note and row.field_name == "do_not_call"
        )
        self.assertEqual((row.granted, row.user_id), (False, self.admin))
        self.assertIn("Ann M.", row.note)


@tagged("post_install", "-at_install")
class TestMail(ConsentCommon):
    def _entry(self, email="ann.miller@example.com"):
        return (
            self.env["mail.blacklist"]
            .with_context(active_test=False)
            .search([("email", "=", email)])
        )

    def test_do_not_mail_keeps_the_blacklist_in_step(self):
        customer = self.customer.with_user(self.staff)
        customer.do_not_mail = True
        self.assertTrue(self._entry().active)
        customer.do_not_mail = False
        self.assertFalse(self._entry().active)
        customer.do_not_mail = True
        self.assertTrue(self._entry().active)
        self.assertEqual(len(self._entry()), 1)

    def test_an_address_that_two_customers_share(self):
        wife = self._create_customer(name="Eve Miller", do_not_mail=True)
        self.customer.do_not_mail = True
        self.customer.do_not_mail = False
        self.assertTrue(self._entry().active)
        wife.do_not_mail = False
        self.assertFalse(self._entry().active)

    def test_who_unsubscribed_stays_unsubscribed(self):
        self.env["mail.blacklist"]._add("ann.miller@example.com")
        self.customer.do_not_mail = True
        self.customer.do_not_mail = False
        self.assertTrue(self._entry().active)

    def test_unblocking_the_address_turns_do_not_mail_off(self):
        for how in ("_remove", "unlink"):
            with self.subTest(how=how):
                self.customer.do_not_mail = True
                if how == "unlink":
                    self._entry().unlink()
                else:
                    self.env["mail.blacklist"]._remove("ann.miller@example.com")
                self.assertFalse(self.customer.do_not_mail)
                self.assertEqual(
                    self._rows(self.customer)[-1], ("do_not_mail", True, "staff")
                )

    def test_a_new_address_is_blocked_too(self):
        self.customer.do_not_mail = True
        self.customer.email = "Ann <ANN@example.org>"
        self.assertTrue(self._entry("ann@example.org").active)

    def test_why_not(self):
        self.env["mail.blacklist"]._add("gone@example.com")
        cases = [
            # values, marketing, transactional
            ({}, None, None),
            ({"email": False}, "no_email", "no_email"),
            ({"email": "ann at home"}, "invalid_email", "invalid_email"),
            ({"email": "a@example.com, b@example.com"}, None, None),
            ({"message_bounce": 4}, None, None),
            ({"message_bounce": 5}, "bounced", "bounced"),
            ({"email_hard_bounced": True}, "bounced", "bounced"),
            ({"email": "x@example.com", "do_not_mail": True}, "do_not_mail", None),
            ({"email": "gone@example.com"}, "blacklisted", None),
        ]
        for vals, marketing, transactional in cases:
            with self.subTest(vals=vals):
                customer = self._create_customer(**vals).with_user(self.staff)
                found = customer._mail_block_reasons(marketing=True)
                self.assertEqual(found.get(customer.id, (None,))[0], marketing)
                found = customer._mail_block_reasons(
                    marketing=False, honour_do_not_mail=False
                )
                self.assertEqual(found.get(customer.id, (None,))[0], transactional)

    def test_a_new_address_starts_without_bounces(self):
        self.customer.message_bounce = 7
        found = self.env["res.partner"]._flag_hard_bounce("Ann.Miller@example.com")
        self.assertIn(self.customer, found)
        self.assertEqual(
            self.customer._mail_block_reasons()[self.customer.id][0], "bounced"
        )
        self.customer.email = "ann@example.org"
        self.assertFalse(self.customer._mail_block_reasons())

    def test_queries_do_not_grow_with_the_customers(self):
        counts = []
        # The first round only fills the caches of access rights.
        for size in (10, 10, 200):
            customers = self.env["res.partner"].create(
                [
                    {"name": f"C {index}", "email": f"c{index}@example.com"}
                    for index in range(size)
                ]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            customers.with_user(self.staff)._mail_block_reasons()
            counts.append(self.env.cr.sql_log_count - before)
        # A chunk more or less, whatever ran before; never one a customer.
        self.assertLessEqual(counts[-1], counts[-2] + 2)

    def test_post_needs_a_whole_address(self):
        whole = {
            "street": "1 Main Street",
            "city": "Austin",
            "zip": "78701",
            "state_id": self.state_texas.id,
        }
        cases = [
            ({}, None),
            ({"street": False}, "no_address"),
            ({"city": False}, "no_address"),
            ({"zip": False}, "no_address"),
            ({"state_id": False}, "no_address"),
            (
                {"state_id": False, "country_id": self.env.ref("base.uk").id},
                None,
            ),
            ({"do_not_mail": True}, "do_not_mail"),
        ]
        for vals, code in cases:
            with self.subTest(vals=vals):
                customer = self._create_customer(**{**whole, **vals})
                found = customer._post_block_reasons()
                self.assertEqual(found.get(customer.id, (None,))[0], code)

    def test_an_address_that_the_printer_refused_counts_as_none(self):
        whole = {
            "street": "1 Main Street",
            "city": "Austin",
            "zip": "78701",
            "state_id": self.state_texas.id,
        }
        cases = [
            ({"street": "2 Main Street"}, None),
            ({"street2": "Apt 3"}, None),
            ({"zip": "78702"}, None),
            ({"street": "1 Main Street"}, "bad_address"),
            ({"phone": "+15125550123"}, "bad_address"),
            ({"email": "new@example.com"}, "bad_address"),
        ]
        for vals, code in cases:
            with self.subTest(vals=vals):
                customer = self._create_customer(**whole)
                customer._set_postal_problem("to.address_line1 is not known")
                found = customer._post_block_reasons()[customer.id]
                self.assertEqual(found[0], "bad_address")
                self.assertIn("to.address_line1 is not known", found[1])
                customer.with_user(self.staff).write(vals)
                found = customer._post_block_reasons()
                self.assertEqual(found.get(customer.id, (None,))[0], code)
        customer.with_user(self.staff).action_forget_postal_problem()
        self.assertFalse(customer._post_block_reasons())
        customer._set_postal_problem("no")
        with self.assertRaises(AccessError):
            customer.with_user(self.employee).action_forget_postal_problem()


@tagged("post_install", "-at_install")
class TestFindCustomer(ConsentCommon):
    NUMBER = "+12025550187"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.mobile = cls.NUMBER

    def test_newest_business_first(self):
        with freeze_time("2026-01-01"):
            older = self._create_customer(name="Older business", mobile=self.NUMBER)
            self._create_order(older, date_order="2026-01-05 10:00:00")
            newer = self._create_customer(name="Newer business", mobile=self.NUMBER)
            self._create_order(newer, date_order="2026-02-05 10:00:00")
            none = self._create_customer(name="No business", mobile=self.NUMBER)
        found = self.env["res.partner"]._find_by_text_number(self.NUMBER, self.company)
        self.assertEqual(found, newer + older + none + self.customer)

    def test_locations_apart(self):
        ours = self._create_customer(company_id=self.company.id, mobile=self.NUMBER)
        theirs = self._create_customer(
            company_id=self.other_company.id, mobile=self.NUMBER
        )
        found = (
            self.env["res.partner"]
            .sudo()
            ._find_by_text_number(self.NUMBER, self.company)
        )
        self.assertIn(ours, found)
        self.assertIn(self.customer, found)
        self.assertNotIn(theirs, found)

    def test_a_second_number_is_found_when_no_text_number_is(self):
        customer = self._create_customer(mobile=OTHER_NUMBER, phone="202-555-0144")
        found = self.env["res.partner"]._find_by_text_number(
            "(202) 555-0144", self.company
        )
        self.assertEqual(found, customer)

    def test_names_split(self):
        cases = [
            ("Ann Miller", False, ("Ann", "Miller")),
            ("Ann", False, ("Ann", "")),
            ("  Ann   van der Berg ", False, ("Ann", "van der Berg")),
            ("Miller, Ann", False, ("Ann", "Miller")),
            (False, False, ("", "")),
            ("Miller Glass Inc", True, ("", "Miller Glass Inc")),
        ]
        for name, is_company, expected in cases:
            with self.subTest(name=name):
                partner = self.env["res.partner"].new(
                    {"name": name, "is_company": is_company}
                )
                self.assertEqual(partner._split_name(), expected)
                self.assertEqual(
                    (partner.first_name or "", partner.last_name or ""), expected
                )
