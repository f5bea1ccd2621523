# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models.customer_data_feed import OmissionRule
from .common_feed import PASSWORD, FeedCommon

MODELS = (
    "customer.data.feed",
    "customer.data.feed.column",
    "customer.data.feed.run",
    "customer.data.feed.omission",
    "customer.data.feed.agreement",
    "customer.data.feed.agree",
    "customer.data.feed.host.key",
    "customer.data.feed.preview",
)


@tagged("post_install", "-at_install")
class TestFeedAccess(FeedCommon):
    """Who may see and do what."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_manager = cls._create_user(
            "other_manager", "auto_shop.group_manager", company=cls.other_company
        )

    def test_staff_have_no_access(self):
        self._invoice()
        run = self._run_feed()
        for user in (self.staff, self.employee):
            for model in MODELS:
                for operation in ("read", "write", "create", "unlink"):
                    with self.subTest(user=user.login, model=model, op=operation):
                        self.assertFalse(
                            self.env[model].with_user(user).has_access(operation)
                        )
        calls = [
            (self.feed, name)
            for name in (
                "action_turn_on",
                "action_turn_off",
                "action_send_now",
                "action_test_connection",
                "action_preview",
                "action_reset_columns",
                "action_forget_host_key",
            )
        ] + [
            (run, name)
            for name in (
                "action_download",
                "action_send_again",
                "action_try_now",
                "action_discard",
                "action_mark_sent",
            )
        ]
        for user in (self.staff, self.other_manager):
            for record, name in calls:
                with self.subTest(user=user.login, method=name):
                    record.invalidate_recordset()
                    with self.assertRaises(AccessError):
                        getattr(self._as(record, user), name)()
            with self.assertRaises(AccessError):
                self._as(self.feed, user).action_agree("1")
            with self.assertRaises(AccessError):
                self._as(run.attachment_id, user).read(["raw"])
        self.assertTrue(self._as(run.attachment_id, self.manager).raw)

    def test_locations_are_apart(self):
        self._invoice()
        self._run_feed()
        for model in MODELS[:5]:
            found = self.env[model].with_user(self.other_manager).search([])
            self.assertNotIn(self.company, found.company_id, model)
            self.assertTrue(
                self._as(self.env[model], self.manager).search_count([])
                or model.endswith("omission"),
                model,
            )

    def test_orders_of_other_locations_are_not_in_it(self):
        self._load_accounts(self.other_company)
        other = self._create_vehicle(
            self._create_customer(name="Bob", company_id=self.other_company.id),
            company_id=self.other_company.id,
            vin=False,
        )
        theirs = self._invoice(vehicle=other, company=self.other_company)
        ours = self._invoice()
        self.assertEqual(theirs.company_id, self.other_company)
        content = self._read(self._run_feed())
        self.assertIn("Ann Miller", content)
        self.assertNotIn("Bob", content)
        self.assertEqual(len(content.splitlines()), 2)
        self.assertIn(ours.name, content)

    def test_staff_cannot_read_settings_on_the_setup(self):
        self.setup.customerlink_password = PASSWORD
        setup = self._as(self.setup, self.staff)
        secret = [
            name
            for name in self.setup._fields
            if name.startswith(("customerlink_", "mechanicnet_", "feed_", "other_feed"))
        ]
        self.assertIn("customerlink_password", secret)
        self.assertFalse(set(secret) & set(setup.read()[0]))
        for name in secret:
            with self.subTest(name), self.assertRaises(AccessError):
                setup.read([name])
        with self.assertRaises(AccessError):
            setup.search([("customerlink_password", "=", PASSWORD)])
        with self.assertRaises(AccessError):
            setup.customerlink_host = "ftp.example.com"

    def test_password_is_in_no_export(self):
        self.manager.group_ids += self.env.ref("base.group_allow_export")
        feed = self._as(self.feed, self.manager)
        feed.password = PASSWORD
        self.assertEqual(feed.password, PASSWORD)
        rows = feed.export_data(["name", "password"])["datas"]
        self.assertEqual(rows, [["Feed", ""]])
        setup = self._as(self.setup, self.manager)
        setup.customerlink_password = PASSWORD
        rows = setup.export_data(
            [
                "customerlink_password",
                "customerlink_feed_id/password",
                "feed_ids/password",
            ]
        )["datas"]
        self.assertNotIn(PASSWORD, str(rows))
        self.assertFalse(feed.copy().password)

    def test_nobody_writes_the_log(self):
        self._invoice()
        run = self._as(self._run_feed(), self.manager)
        for record in (run, self._as(self.feed.agreement_id, self.manager)):
            with self.assertRaises(AccessError):
                record.write({"create_date": fields.Datetime.now()})
            with self.assertRaises(AccessError):
                record.unlink()
            with self.assertRaises(AccessError):
                record.create({"feed_id": self.feed.id})
        with self.assertRaisesRegex(UserError, "stays on record"):
            self._as(self.feed, self.manager).unlink()


@tagged("post_install", "-at_install")
class TestFeedAgreement(FeedCommon):
    """No data is passed on unless somebody agreed."""

    def setUp(self):
        super().setUp()
        self.new = self._as(self._create_feed(on=False, name="New"), self.manager)

    def test_agreement_is_kept(self):
        action = self.new.action_turn_on()
        wizard = self._as(self.env[action["res_model"]], self.manager).browse(
            action["res_id"]
        )
        self.assertIn("Main Street Auto", wizard.text)
        with self.assertRaisesRegex(UserError, "Tick"):
            wizard.action_agree()
        self.assertFalse(self.new.enabled)
        wizard.agreed = True
        wizard.action_agree()
        agreement = self.new.agreement_id
        self.assertTrue(self.new.enabled)
        self.assertEqual(agreement.user_id, self.manager)
        self.assertEqual(agreement.text, wizard.text)
        self.assertEqual(agreement.version, "1")
        self.assertTrue(agreement.agreed_at)
        self.assertEqual(self.new.status, "on")
        self.assertTrue(self.new.next_run)

        self.new.action_turn_off()
        self.assertTrue(agreement.withdrawn_at)
        self.assertFalse(self.new.next_run)
        self.assertEqual(self.new.status, "off")
        with self.assertRaises(ValidationError):
            self.new.enabled = True
        self.new.action_agree("1")
        self.assertNotEqual(self.new.agreement_id, agreement)
        self.assertEqual(len(self.new.agreement_ids), 2)

    def test_it_cannot_be_turned_on_otherwise(self):
        feeds = self.new.browse()
        ended = self.new.agreement_ids
        self.new.action_agree("1")
        ended = self.new.agreement_id
        self.new.action_turn_off()
        vals = {"name": "Sly", "enabled": True, "delivery": "none"}
        cases = {
            "write": lambda: self.new.write({"enabled": True}),
            "create": lambda: feeds.create(vals),
            "another feed's": lambda: feeds.create(
                {**vals, "agreement_id": self.feed.agreement_id.id}
            ),
            "another feed's by write": lambda: self.new.write(
                {"enabled": True, "agreement_id": self.feed.agreement_id.id}
            ),
            "one that has ended": lambda: self.new.write(
                {"enabled": True, "agreement_id": ended.id}
            ),
            "copy": lambda: self._as(self.feed, self.manager).copy({"enabled": True}),
            "default": lambda: feeds.with_context(default_enabled=True).create(
                {"name": "Sly", "delivery": "none"}
            ),
        }
        for name, turn_on in cases.items():
            with (
                self.subTest(name),
                self.env.cr.savepoint(),
                self.assertRaises(ValidationError),
            ):
                turn_on()
        setup = self._as(self.setup, self.manager)
        setup.write({"customerlink_enabled": True})
        self.env.invalidate_all()
        self.assertFalse(setup.customerlink_feed_id.enabled)
        result = feeds.load(
            ["name", "enabled", "delivery", "file_pattern"],
            [["Sly", "True", "none", "a.csv"]],
        )
        self.assertFalse(result["ids"])
        self.assertIn("Turn On", result["messages"][0]["message"])

    def test_a_text_that_has_changed_must_be_read(self):
        with self.assertRaisesRegex(UserError, "has changed"):
            self.new.action_agree("0")
        self.assertFalse(self.new.enabled)

    def test_a_new_version_asks_again(self):
        self._invoice()
        self.patch(type(self.feed), "_other_agreement", lambda feed: ("2", "New terms"))
        self.assertFalse(self._run_feed())
        self.feed.invalidate_recordset()
        self.assertEqual(self.feed.status, "agreement")
        self.assertIn("new terms", self.feed.activity_ids.note)
        self.feed.with_user(self.manager).action_agree("2")
        self.assertEqual(self.feed.status, "on")
        self.assertEqual(self._run_feed().row_count, 1)

    def test_incomplete(self):
        feed = self._as(
            self._create_feed(on=False, delivery="ftp", account=False), self.manager
        )
        with self.assertRaisesRegex(UserError, "Server, User Name, Password"):
            feed.action_turn_on()
        with self.assertRaisesRegex(UserError, "Server, User Name, Password"):
            feed.action_agree("1")
        link = self._as(self.setup, self.manager).customerlink_feed_id
        link.write({"host": "ftp.example.com", "username": "u", "password": "p"})
        with self.assertRaisesRegex(UserError, r"Fill in: Account\."):
            link.action_turn_on()
        link.account = "4711"
        link.action_agree("1")
        with self.assertRaisesRegex(UserError, "Server"):
            link.host = False

    def test_settings_that_make_no_sense(self):
        cases = [
            {"host": "ftp://example.com"},
            {"host": "a b"},
            {"username": "a\nDELE x"},
            {"password": "a\r\nb"},
            {"directory": "in\nout"},
            {"file_pattern": "{what}.dat"},
            {"account": "../.."},
        ]
        for vals in cases:
            with (
                self.subTest(vals),
                self.env.cr.savepoint(),
                self.assertRaises(ValidationError),
            ):
                self.new.write(vals)
        for vals in ({"port": 0}, {"port": 70000}, {"hour": 24}, {"hour": -1}):
            with (
                self.subTest(vals),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
                self.assertRaises(CheckViolation),
            ):
                self.new.write(vals)
                self.env.flush_all()

    def test_a_feed_keeps_provider_and_location(self):
        for vals in (
            {"provider": "customerlink"},
            {"company_id": self.other_company.id},
        ):
            with self.subTest(vals), self.assertRaisesRegex(UserError, "keeps"):
                self.feed.write(vals)
        self.feed.write({"provider": "other", "company_id": self.company.id})


@tagged("post_install", "-at_install")
class TestFeedProviders(FeedCommon):
    """What a provider is made of."""

    def test_setup_has_a_feed_for_each_tab(self):
        link, net = self.setup.customerlink_feed_id, self.setup.mechanicnet_feed_id
        self.assertEqual((link.provider, net.provider), ("customerlink", "mechanicnet"))
        self.assertEqual((link.port, link.passive, link.enabled), (21, True, False))
        self.assertFalse(link.directory)
        self.assertEqual(self.setup.other_feed_ids, self.feed)
        setup = self._as(self.setup, self.manager)
        setup.write(
            {
                "customerlink_account": "4711",
                "customerlink_host": "ftp.example.com",
                "mechanicnet_shop_id": "S1",
            }
        )
        self.assertEqual((link.account, link.host), ("4711", "ftp.example.com"))
        self.assertEqual(net.account, "S1")
        action = setup.with_context(
            feed_provider="mechanicnet", feed_action="action_open_form"
        ).action_on_feed()
        self.assertEqual(action["res_id"], net.id)
        self.assertFalse(
            setup.with_context(
                feed_provider="mechanicnet", feed_action="unlink"
            ).action_on_feed()
        )

    def test_setup_of_before(self):
        """A location that was set up before a provider came gets its feed."""
        self.setup.customerlink_feed_id.unlink()
        self._as(self.setup, self.manager).action_open()
        self.assertEqual(self.setup.customerlink_feed_id.provider, "customerlink")

    def test_file_of_customerlink(self):
        link = self.setup.customerlink_feed_id.with_user(self.manager)
        link.write({"delivery": "none", "account": "4711"})
        self._turn_on(link)
        self._invoice()
        run = self._run_feed(link.with_env(self.env))
        self.assertEqual(run.file_name, f"4711{link._get_today():%m%d}.dat")
        header, row = self._read(run).split("\r\n")[:2]
        self.assertTrue(header.startswith("AccountNumber,ShopName,ShopPhone,Order"))
        self.assertTrue(row.startswith("4711,Main Street Auto,+15125550100,INV"))

    def test_port_follows_the_way_of_delivery(self):
        feed = self._create_feed(on=False, delivery="sftp")
        self.assertEqual(feed.port, 22)
        feed.delivery = "ftps"
        self.assertEqual(feed.port, 21)
        feed.port = 2121
        feed.delivery = "sftp"
        self.assertEqual(feed.port, 2121)

    def test_what_is_left_out_comes_when_it_is_put_right(self):
        def rules(feed):
            return [
                OmissionRule(
                    "no_vin", "No VIN", SQL("vehicle.vin IS NULL"), ("vehicle",)
                ),
                OmissionRule(
                    "no_year", "No model year", SQL("vehicle.year < 1900"), ("vehicle",)
                ),
            ]

        self.patch(type(self.feed), "_other_omissions", rules)
        good = self._invoice()
        vehicles = [
            self._create_vehicle(self.ann, vin=False),
            self._create_vehicle(self.ann, vin="WBAFR7C57CC811956", year=False),
            self._create_vehicle(self.ann, vin="5UXWX7C5*BA", year=2011),
        ]
        # Nothing is known about it: neither right nor wrong.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE customer_vehicle SET year = NULL WHERE id = %s", [vehicles[2].id]
        )
        self.env.invalidate_all()
        bad = [self._invoice(vehicle=vehicle) for vehicle in vehicles]
        run = self._run_feed()
        self.assertEqual((run.row_count, run.left_out_count), (1, 3))
        self.assertIn(good.name, self._read(run))
        omissions = self.env["customer.data.feed.omission"].search(
            [("feed_id", "=", self.feed.id)]
        )
        omissions = omissions.sorted(lambda omission: omission.move_id.id)
        self.assertEqual(omissions.move_id, bad[0] + bad[1] + bad[2])
        self.assertEqual(
            omissions.mapped("reason"), ["No VIN", "No model year", "No model year"]
        )
        vehicles[0].vin = "JH4KA7650MC000000"
        with self._at(run.until + (run.until - run.since)):
            second = self._run_feed()
        self.assertEqual((second.row_count, second.left_out_count), (1, 2))
        self.assertIn(bad[0].name, self._read(second))
        self.assertEqual(omissions[0].sent_run_id, second)
        self.assertFalse(omissions[1:].sent_run_id)

    def test_a_provider_is_told_only_what_was_agreed(self):
        self.patch(type(self.feed), "_other_sources", lambda feed: {"order_number"})
        with self.assertRaisesRegex(ValidationError, "Customer: name"):
            self.feed.column_ids = [Command.create({"source": "customer_name"})]
        # Columns of before are no way round it.
        self._invoice()
        run = self._run_feed()
        self.assertEqual(run.state, "making")
        self.assertIn("must not be passed on", run.error)
        self.feed.column_ids.filtered(lambda c: c.source != "order_number").unlink()
        run.next_try_at = False
        self._run_cron()
        self.assertEqual(run.state, "ready")
