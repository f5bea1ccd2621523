# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import logging
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..tools import feed_transport
from . import feed_servers
from .common_feed import FeedCommon
from .feed_servers import PASSWORD, USER, FtpServer, SftpServer, SilentServer


class DeliveryCase(FeedCommon):
    """A feed to a real server; what holds for each way of delivery."""

    delivery = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(tempfile.mkdtemp(prefix="feed-certificates-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def setUp(self):
        super().setUp()
        self.server = self._start_server()
        self.addCleanup(self.server.close)
        self.feed.action_turn_off()
        self.feed = self._create_feed(
            on=False,
            name="To the server",
            columns=("order_number", "customer_name", "customer_street"),
            delivery=self.delivery,
            host="127.0.0.1",
            port=self.server.port,
            username=USER,
            password=PASSWORD,
            **self._server_vals(),
        )
        self._turn_on(self.feed)
        self.stem = f"4711{self.feed._get_today():%m%d}"

    def _start_server(self):
        raise NotImplementedError

    def _server_vals(self):
        return {}

    def _long_file(self):
        """Post an order whose row is 300 kB."""
        self.ann.street = "".join(f"{number:06}" for number in range(50_000))
        return self._invoice()

    def _try_again(self, run=None):
        run = run or self.feed.run_ids[:1]
        run.next_try_at = False
        self.env.flush_all()
        self._run_cron()

    def _assert_arrived(self, run, name=None):
        self.assertEqual(run.state, "sent")
        self.assertFalse(run.error)
        self.assertTrue(run.sent_at)
        name = name or f"{self.stem}.dat"
        self.assertEqual(run.file_name, name)
        self.assertEqual(self.server.files()[name].decode(), self._read(run))

    def _assert_failed(self, run, text, told):
        self.assertEqual(run.state, "failed")
        self.assertIn(text, run.error)
        self.assertNotIn(PASSWORD, run.error)
        self.assertEqual(self.server.arrived(), {})
        self.assertGreater(run.next_try_at, fields.Datetime.now())
        self.assertEqual(bool(self.feed.activity_ids), told)
        self.assertEqual(self.feed.status, "failing")
        self.assertEqual(self.feed.problem, run.error)


class DeliveryTests:
    """For each way of delivery the same."""

    def test_arrives(self):
        move = self._invoice()
        run = self._run_feed()
        self._assert_arrived(run)
        self.assertEqual(set(self.server.files()), {f"{self.stem}.dat"})
        self.assertIn(move.name, self._read(run))
        self.assertEqual(self.feed.last_run, run.sent_at)

    def test_nothing_new_sends_nothing(self):
        self.assertEqual(self._run_feed().state, "empty")
        self.assertEqual((self.server.files(), self.server.logins), ({}, []))

    def test_no_file_is_overwritten(self):
        """One of our own of the same day, and one that somebody else put there."""
        (self.server.folder / f"{self.stem}.dat").write_bytes(b"old")
        self._invoice(60)
        with self._at(fields.Datetime.now() - timedelta(minutes=50)):
            self._assert_arrived(self._run_feed(), f"{self.stem}-2.dat")
        self._invoice(40)
        self._assert_arrived(self._run_feed(), f"{self.stem}-3.dat")
        self.assertEqual(self.server.files()[f"{self.stem}.dat"], b"old")

    def test_wrong_password(self):
        self._invoice()
        self.feed.password = "wrong"
        run = self._run_feed()
        self._assert_failed(run, "refused user name or password", told=True)
        self.feed.password = PASSWORD
        self._try_again(run)
        self._assert_arrived(run)
        self.assertFalse(self.feed.activity_ids)

    def test_directory(self):
        self._invoice()
        self.feed.directory = "incoming"
        run = self._run_feed()
        self._assert_failed(run, "directory is not on the server", told=True)
        (self.server.folder / "incoming").mkdir()
        self._try_again(run)
        self.assertEqual(run.state, "sent")
        file = self.server.folder / "incoming" / f"{self.stem}.dat"
        self.assertEqual(file.read_text(), self._read(run))

    def test_cut_in_the_middle_goes_on_from_there(self):
        self._long_file()
        self.server.faults.cut_after = 120_000
        run = self._run_feed()
        self._assert_failed(run, "connection broke off", told=False)
        [(name, part)] = self.server.files().items()
        self.assertTrue(name.endswith(".part"))
        self.assertGreater(len(part), 80_000)
        # It breaks once more, further on.
        self.server.faults.cut_after = 200_000
        self._try_again(run)
        self.assertEqual(run.state, "failed")
        self.server.faults.cut_after = None
        self._try_again(run)
        self._assert_arrived(run)
        self.assertEqual(set(self.server.files()), {f"{self.stem}.dat"})
        self.assertLess(self.server.received, run.file_size * 1.1)

    def test_part_that_is_not_the_beginning(self):
        for change in (
            lambda part: b"y" * len(part),
            lambda part: part + b"x" * 500_000,
            lambda part: part[:-1] + b"?",
        ):
            with self.subTest(change):
                self._long_file()
                self.server.faults.cut_after = 120_000
                run = self._run_feed()
                [part] = self.server.folder.glob("*.part")
                part.write_bytes(change(part.read_bytes()))
                self.server.faults.cut_after = None
                self._try_again(run)
                self._assert_arrived(run, run.file_name)
                self.feed.entered_from -= timedelta(days=1)

    def test_part_that_cannot_be_read(self):
        self._long_file()
        self.server.faults.cut_after = 120_000
        run = self._run_feed()
        self.server.faults.cut_after = None
        self.server.faults.no_reading = True
        self._try_again(run)
        self._assert_arrived(run)
        self.assertGreater(self.server.received, run.file_size * 1.2)

    disk_full_text = "no room left"

    def test_disk_full(self):
        self._long_file()
        self.server.faults.full_after = 120_000
        run = self._run_feed()
        self._assert_failed(run, self.disk_full_text, told=False)
        self._try_again(run)
        self._try_again(run)
        # It has lasted: somebody should know. Nobody is told twice.
        self._assert_failed(run, self.disk_full_text, told=True)
        self._try_again(run)
        self.assertEqual(len(self.feed.activity_ids), 1)
        self.server.faults.full_after = None
        self._try_again(run)
        self._assert_arrived(run)

    def test_too_slow(self):
        silent = SilentServer()
        self.addCleanup(silent.close)
        self.patch(feed_transport, "TIMEOUT", 0.5)
        vals = self._server_vals()
        self.feed.write({"port": silent.port, **vals})
        self._invoice()
        run = self._run_feed()
        self._assert_failed(run, "did not answer in time", told=False)
        self.feed.write({"port": self.server.port, **vals})
        self._try_again(run)
        self._assert_arrived(run)

    def test_server_down(self):
        self._invoice()
        self.server.stop()
        run = self._run_feed()
        self._assert_failed(run, "Nobody answers", told=False)
        waits = []
        for _number in range(6):
            waits.append(round((run.next_try_at - run.write_date).total_seconds() / 60))
            self._try_again(run)
        self.assertEqual(waits, [5, 15, 30, 60, 120, 240])
        self.server.start()
        self._try_again(run)
        self._assert_arrived(run)

    def test_time_is_up(self):
        """A long file goes in slices, none of which is a failure."""
        self._long_file()
        self.patch(feed_transport.deliver, "__defaults__", (-1,))
        run = self._run_feed()
        self.assertEqual((run.state, run.attempts, run.error), ("waiting", 0, False))
        self.patch(feed_transport.deliver, "__defaults__", (45,))
        self._run_cron()
        self._assert_arrived(run)

    def test_files_arrive_in_order(self):
        first = self._invoice(60)
        self.server.stop()
        with self._at(fields.Datetime.now() - timedelta(minutes=50)):
            failed = self._run_feed()
        second = self._invoice(40)
        waiting = self._run_feed()
        self.assertEqual((failed.state, waiting.state), ("failed", "waiting"))
        self.server.start()
        # The second one has to wait for the first.
        self._run_cron()
        self.assertEqual((failed.state, waiting.state), ("failed", "waiting"))
        self._try_again(failed)
        self._assert_arrived(failed)
        self._assert_arrived(waiting, f"{self.stem}-2.dat")
        self.assertIn(first.name, self._read(failed))
        self.assertIn(second.name, self._read(waiting))

    def test_given_up(self):
        self._invoice(60)
        self.server.stop()
        with self._at(fields.Datetime.now() - timedelta(minutes=50)):
            failed = self._run_feed()
        self._invoice(40)
        waiting = self._run_feed()
        self.server.start()
        failed.action_discard()
        self._run_cron()
        self.assertEqual((failed.state, waiting.state), ("discarded", "sent"))

    def test_nobody_heard_that_it_was_renamed(self):
        self._invoice()
        self.server.faults.cut_rename = True
        run = self._run_feed()
        self.assertEqual((run.state, run.is_complete), ("failed", True))
        self.server.faults.cut_rename = False
        self._try_again(run)
        self._assert_arrived(run)
        self.assertEqual(set(self.server.files()), {f"{self.stem}.dat"})

    def test_fetched_before_anybody_heard(self):
        """The receiver has it, probably: a person decides, nothing goes twice."""
        self._invoice(60)
        self.server.faults.cut_rename = self.server.faults.fetch = True
        with self._at(fields.Datetime.now() - timedelta(minutes=50)):
            run = self._run_feed()
        self.server.faults.cut_rename = self.server.faults.fetch = False
        self._try_again(run)
        self.assertEqual(run.state, "unknown")
        self.assertIn("probably fetched it", run.error)
        self.assertTrue(self.feed.activity_ids)
        self.assertEqual(set(self.server.arrived()), {f"{self.stem}.dat"})
        # What comes after it goes.
        self._invoice(40)
        self._assert_arrived(self._run_feed(), f"{self.stem}-2.dat")
        run.action_mark_sent()
        self.assertEqual((run.state, run.error), ("sent", False))
        self.assertFalse(self.feed.activity_ids)

    def test_send_again(self):
        self._invoice()
        run = self._run_feed()
        content = self._read(run)
        again = run.with_user(self.manager).browse(run.action_send_again()["res_id"])
        self._run_cron()
        again = again.with_env(self.env)
        self._assert_arrived(again, f"{self.stem}-2.dat")
        self.assertEqual(self._read(again), content)
        self.assertEqual((again.origin_run_id, again.checksum), (run, run.checksum))
        self.assertEqual(again.attachment_id.store_fname, run.attachment_id.store_fname)

    def test_turned_off_nothing_is_sent(self):
        self._invoice()
        self.server.stop()
        run = self._run_feed()
        self.feed.action_turn_off()
        self.server.start()
        self._try_again(run)
        self.assertEqual(self.server.files(), {})
        self.feed.action_agree("1")
        self._try_again(run)
        self._assert_arrived(run)

    def test_claim_of_a_process_that_died(self):
        self._invoice()
        self.server.stop()
        run = self._run_feed()
        self.server.start()
        run.write(
            {
                "state": "sending",
                "claimed_at": fields.Datetime.now() - timedelta(minutes=4),
            }
        )
        self._try_again(run)
        self.assertEqual(run.state, "sending")
        run.claimed_at = fields.Datetime.now() - timedelta(minutes=6)
        self._try_again(run)
        self._assert_arrived(run)

    def test_test_connection(self):
        self.assertEqual(
            self.feed.action_test_connection()["params"]["type"], "success"
        )
        self.assertEqual(self.server.files(), {})
        self.feed.password = f"{PASSWORD}?"
        with self.assertRaisesRegex(UserError, "refused user name or password") as e:
            self.feed.action_test_connection()
        self.assertNotIn(PASSWORD, str(e.exception))
        self.assertNotIn("tried again", str(e.exception))


@tagged("post_install", "-at_install")
class TestFtp(DeliveryTests, DeliveryCase):
    delivery = "ftp"

    def _start_server(self):
        return FtpServer()

    def test_active_mode(self):
        self.feed.passive = False
        self._invoice()
        self._assert_arrived(self._run_feed())

    def test_server_that_repeats_the_password(self):
        self._invoice()
        self.server.faults.echo = True
        with self.assertLogs("odoo.addons.customer_contact_360", logging.INFO) as logs:
            run = self._run_feed()
        self._assert_failed(run, "Wrong password: •••", told=True)
        self.assertNotIn(PASSWORD, str(logs.output))
        self.assertNotIn(PASSWORD, str(self.feed.activity_ids.note))
        with self.assertRaisesRegex(UserError, "•••") as caught:
            self.feed.action_test_connection()
        self.assertNotIn(PASSWORD, str(caught.exception))


@tagged("post_install", "-at_install")
class TestFtps(DeliveryTests, DeliveryCase):
    # Over TLS the reset of the connection may overtake the server's words.
    disk_full_text = "It is tried again by itself"

    delivery = "ftps"

    def _start_server(self):
        self.paths = feed_servers.make_certificate(self.folder, "127.0.0.1")
        return FtpServer(self.paths)

    def _server_vals(self):
        return {"tls_certificate": self.paths[0].read_text()}

    def test_certificate_that_nobody_trusts(self):
        self._invoice()
        self.feed.tls_certificate = False
        run = self._run_feed()
        self._assert_failed(run, "certificate cannot be trusted", told=True)
        self.assertEqual(self.server.logins, [])

    def test_certificate_of_another_server(self):
        self._invoice()
        other = feed_servers.make_certificate(self.folder, "ftp.example.com")
        self.server.stop()
        self.server.certificate = other
        self.server.start()
        self.feed.tls_certificate = other[0].read_text()
        run = self._run_feed()
        self._assert_failed(run, "certificate cannot be trusted", told=True)
        self.assertEqual(self.server.logins, [])

    def test_certificate_that_is_none(self):
        self._invoice()
        self.feed.tls_certificate = "Certificate"
        self._assert_failed(self._run_feed(), "not one in PEM", told=True)

    def test_server_without_tls(self):
        """The password is not sent in the clear."""
        plain = FtpServer()
        self.addCleanup(plain.close)
        self._invoice()
        self.feed.port = plain.port
        run = self._run_feed()
        self._assert_failed(run, "No secure connection", told=False)
        self.assertEqual(plain.logins, [])


@tagged("post_install", "-at_install")
class TestSftp(DeliveryTests, DeliveryCase):
    delivery = "sftp"

    def _start_server(self):
        return SftpServer()

    def _server_vals(self):
        return {"host_key": self.server.fingerprint}

    def test_key_is_shown_and_confirmed(self):
        self.feed.host_key = False
        action = self.feed.with_user(self.manager).action_test_connection()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(wizard.host_key, self.server.fingerprint)
        self.assertEqual(self.server.logins, [])
        result = wizard.with_user(self.manager).action_confirm()
        self.assertEqual(result["params"]["type"], "success")
        self.assertEqual(self.feed.host_key, self.server.fingerprint)

    def test_key_that_was_not_confirmed(self):
        self._invoice()
        self.feed.host_key = False
        run = self._run_feed()
        self._assert_failed(run, "has not been confirmed", told=True)
        self.assertEqual(self.server.logins, [])

    def test_server_with_another_key(self):
        self._invoice()
        self.server.new_key()
        run = self._run_feed()
        self._assert_failed(run, self.server.fingerprint, told=True)
        self.assertEqual(self.server.logins, [])
        with self.assertRaisesRegex(UserError, "another key"):
            self.feed.action_test_connection()
        self.feed.action_forget_host_key()
        self.feed.host_key = self.server.fingerprint
        self._try_again(run)
        self._assert_arrived(run)

    def test_another_server_has_another_key(self):
        self.feed.host = "localhost"
        self.assertFalse(self.feed.host_key)
