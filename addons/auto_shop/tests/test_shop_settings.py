# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from lxml import etree

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import AutoShopCommon

ALLOWED = {
    "shop_tz": "America/Denver",
    "automatic_message_limit": 5,
    "text_keyword_answers": False,
}


@tagged("post_install", "-at_install")
class TestShopSettings(AutoShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sid = "AC" + "0" * 32
        cls.company.write(
            {"sms_twilio_account_sid": cls.sid, "sms_twilio_auth_token": "token"}
        )

    def test_manager_writes_what_addons_list(self):
        company = self._as(self.company, self.manager)
        for name, value in ALLOWED.items():
            with self.subTest(field=name):
                company.write({name: value})
                self.assertEqual(self.company[name], value)
        self.assertLessEqual(ALLOWED.keys(), company._get_shop_manager_fields())
        self.assertEqual(self.company.write_uid, self.manager)

    @mute_logger("odoo.models")
    def test_manager_is_refused_the_rest(self):
        company = self._as(self.company, self.manager)
        cases = {
            "name": "Mine",
            "currency_id": self.env.ref("base.EUR").id,
            "parent_id": self.other_company.id,
            "active": False,
            "partner_id": self.manager.partner_id.id,
            "email": "mine@example.com",
            "user_ids": [Command.link(self.outsider.id)],
            "report_header": "<p>Mine</p>",
            "sms_provider": "iap",
            "sms_twilio_account_sid": "AC" + "1" * 32,
            "sms_twilio_auth_token": "mine",
            "twilio_messaging_service_sid": "MG" + "1" * 32,
            "sms_twilio_number_ids": [Command.clear()],
        }
        for name, value in cases.items():
            with self.subTest(field=name):
                before = self.company[name]
                with self.assertRaises(AccessError) as caught:
                    company.write({name: value, "shop_tz": "America/Denver"})
                self.assertIn("Only an administrator", str(caught.exception))
                self.assertEqual(self.company[name], before)
                self.assertFalse(self.company.shop_tz)
        with self.assertRaises(AccessError):
            company.read(["sms_twilio_auth_token"])
        with self.assertRaises(AccessError):
            company.read(["sms_twilio_account_sid"])
        self.assertTrue(company.twilio_account_set)
        self.assertFalse(self.other_company.twilio_account_set)

    @mute_logger("odoo.models")
    def test_a_field_of_other_groups_stays_closed_though_listed(self):
        listed = self.company._get_shop_manager_fields() | {"sms_twilio_auth_token"}
        self.patch(
            type(self.env["res.company"]),
            "_get_shop_manager_fields",
            lambda self: listed,
        )
        with self.assertRaises(AccessError):
            self._as(self.company, self.manager).write({"sms_twilio_auth_token": "x"})
        self.assertEqual(self.company.sms_twilio_auth_token, "token")

    def test_only_where_he_works(self):
        other = self.other_company.with_user(self.manager)
        for companies in (other, other | self.company.with_user(self.manager)):
            with self.assertRaises(AccessError) as caught:
                companies.write({"shop_tz": "America/Denver"})
            self.assertIn("that you work for", str(caught.exception))
        self.assertFalse((self.company | self.other_company).filtered("shop_tz"))
        self.manager.company_ids = [Command.link(self.other_company.id)]
        other.write({"shop_tz": "America/Denver"})
        self.assertEqual(self.other_company.shop_tz, "America/Denver")

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_others_write_nothing(self):
        for user in (self.staff, self.employee):
            for name, value in ALLOWED.items():
                with self.subTest(user=user.login, field=name):
                    with self.assertRaises(AccessError):
                        self._as(self.company, user).write({name: value})

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.models")
    def test_no_other_door_opens(self):
        """Attachments, translations and other methods ask for the right to write."""
        company = self._as(self.company, self.manager)
        self.assertFalse(company.has_access("write"))
        attachment = {"res_model": "res.company", "res_id": company.id, "name": "x"}
        doors = {
            "create": lambda: company.create({"name": "Third"}),
            "unlink": company.unlink,
            "archive": company.action_archive,
            "attachment": lambda: company.env["ir.attachment"].create(attachment),
            "translation": lambda: company.update_field_translations(
                "report_footer", {"en_US": "<p>Mine</p>"}
            ),
            "settings": lambda: (
                company.env["res.config.settings"]
                .create({"sms_provider": "iap"})
                .execute()
            ),
        }
        for name, door in doors.items():
            with self.subTest(door=name), self.assertRaises(AccessError):
                door()

    def test_administrator_writes_all(self):
        admin = self._create_user("shop_admin", "base.group_system")
        for user in (admin, self._create_user("both", "base.group_system")):
            if user.login == "both":
                user.group_ids += self.env.ref("auto_shop.group_manager")
            self._as(self.company, user).write(
                {"street": user.login, "shop_tz": "America/Denver"}
            )
            self.assertEqual(self.company.street, user.login)

    @mute_logger("odoo.models")
    def test_import(self):
        xmlid = self.company.export_data(["id"])["datas"][0][0]
        companies = self._as(self.company, self.manager)
        done = companies.load(["id", "automatic_message_limit"], [[xmlid, "7"]])
        self.assertEqual(done["ids"], self.company.ids, done["messages"])
        self.assertEqual(self.company.automatic_message_limit, 7)
        for header, value in (("name", "Mine"), ("sms_provider", "iap")):
            with self.subTest(field=header):
                done = companies.load(["id", header], [[xmlid, value]])
                self.assertFalse(done["ids"])
                self.assertNotEqual(self.company[header], value)
        done = companies.load(["name"], [["Third"]])
        self.assertFalse(done["ids"])

    def test_screen(self):
        companies = self.env["res.company"].with_user(self.manager)
        action = companies.with_context(
            allowed_company_ids=self.company.ids
        ).action_open_shop_settings()
        form = self.env.ref("auto_shop.res_company_view_form")
        self.assertEqual(action["res_id"], self.company.id)
        self.assertEqual(action["views"], [(form.id, "form")])
        self.manager.company_ids = [Command.link(self.other_company.id)]
        action = companies.with_context(
            allowed_company_ids=(self.company | self.other_company).ids
        ).action_open_shop_settings()
        self.assertFalse(action.get("res_id"))
        arch = etree.fromstring(companies.get_view(form.id, "form")["arch"])
        self.assertEqual(arch.get("edit"), "1")
        shown = {
            node.get("name")
            for node in arch.iter("field")
            if node.get("readonly") != "1" and node.get("invisible") != "1"
        }
        self.assertLessEqual(shown, companies._get_shop_manager_fields())
        menu = self.env.ref("auto_shop.res_company_menu")
        visible = self.env["ir.ui.menu"].with_user(self.manager)._visible_menu_ids()
        self.assertIn(menu.id, visible)
        visible = self.env["ir.ui.menu"].with_user(self.staff)._visible_menu_ids()
        self.assertNotIn(menu.id, visible)
        server_action = self.env.ref("auto_shop.res_company_action_open_settings")
        with self.assertRaises(AccessError):
            server_action.with_user(self.staff).run()
        self.assertTrue(server_action.with_user(self.manager).run())


@tagged("post_install", "-at_install")
class TestShopSettingsRpc(AutoShopCommon, HttpCase):
    @mute_logger("odoo.http")
    def test_rpc(self):
        self.authenticate("shop_manager", "shop_manager")
        company = self.company

        def save(vals):
            return self.make_jsonrpc_request(
                "/web/dataset/call_kw/res.company/web_save",
                {
                    "model": "res.company",
                    "method": "web_save",
                    "args": [company.ids, vals],
                    "kwargs": {"specification": {"shop_tz": {}}},
                },
            )

        self.assertEqual(
            save({"shop_tz": "America/Denver"}),
            [{"id": company.id, "shop_tz": "America/Denver"}],
        )
        for vals in ({"name": "Mine"}, {"shop_tz": "UTC", "sms_provider": "iap"}):
            with self.subTest(vals=vals), self.assertRaises(Exception) as caught:
                save(vals)
            self.assertIn("AccessError", str(caught.exception))
        company.invalidate_recordset()
        self.assertEqual(company.name, "Main Street Auto")
        self.assertEqual(company.shop_tz, "America/Denver")
