# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import hashlib
from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common_feed import FeedCommon


@tagged("post_install", "-at_install")
class TestFeed(FeedCommon):
    """What is in a file, and in which."""

    def test_a_file_holds_what_was_posted_since_the_last_one(self):
        first, second = self._invoice(60), self._invoice(50, price=7.5)
        run = self._run_feed()
        self.assertEqual(
            self._read(run),
            "order_number,customer_name,order_total\n"
            f"{first.name},Ann Miller,50.00\n{second.name},Ann Miller,7.50\n",
        )
        self.assertEqual((run.state, run.row_count), ("ready", 2))
        self.assertEqual(
            run.checksum, hashlib.sha256(self._read(run).encode()).hexdigest()
        )
        self.assertEqual(run.file_size, len(self._read(run)))
        today = self.feed._get_today()
        self.assertEqual(run.file_name, f"4711{today:%m%d}.dat")
        self.assertEqual(self.feed.entered_from, run.until)

        with self._at(run.until + timedelta(seconds=1)):
            self.assertEqual(self._run_feed().state, "empty")

    def test_the_end_of_one_file_is_the_beginning_of_the_next(self):
        """What is posted at the very moment is in the second one, once."""
        now = fields.Datetime.now().replace(microsecond=0)
        moves = [self._invoice(minutes) for minutes in (31, 30, 29)]
        for move, minutes in zip(moves, (31, 30, 29), strict=True):
            move.posted_at = now - timedelta(minutes=minutes)
        with self._at(now - timedelta(minutes=30)):
            first = self._run_feed()
        second = self._run_feed()
        self.assertIn(moves[0].name, self._read(first))
        self.assertNotIn(moves[1].name, self._read(first))
        self.assertIn(moves[1].name, self._read(second))
        self.assertEqual((first.row_count, second.row_count), (1, 2))

    def test_what_is_no_repair_order(self):
        cases = {
            "no vehicle": lambda: self._invoice(vehicle=self.env["customer.vehicle"]),
            "a refund": lambda: self._invoice(move_type="out_refund"),
            "a draft": lambda: self._invoice().button_draft(),
            "too early": lambda: self._invoice(60 * 25),
        }
        for name, make in cases.items():
            with self.subTest(name):
                make()
                self.assertEqual(self._run_feed().state, "empty")
                self.feed.entered_from = fields.Datetime.now() - timedelta(days=1)

    def test_a_correction_goes_again(self):
        move = self._invoice(60)
        self._run_feed()
        move.button_draft()
        self._post(move, 0)
        move.posted_at = self.feed.entered_from
        with self._at(self.feed.entered_from + timedelta(seconds=1)):
            run = self._run_feed()
        self.assertIn(move.name, self._read(run))

    def test_an_open_transaction_holds_everything_up(self):
        self._invoice(60)
        with self._at(self.feed.entered_from):
            self.assertFalse(self._run_feed())
        self.assertGreater(self.feed.next_run, fields.Datetime.now())
        self.assertLess(
            self.feed.next_run, fields.Datetime.now() + timedelta(minutes=20)
        )

    def test_second_file_of_a_day_has_a_name_of_its_own(self):
        names = []
        for minutes in (60, 50, 40):
            self._invoice(minutes)
            with self._at(fields.Datetime.now() - timedelta(minutes=minutes - 5)):
                names.append(self._run_feed().file_name)
        stem = f"4711{self.feed._get_today():%m%d}"
        self.assertEqual(names, [f"{stem}.dat", f"{stem}-2.dat", f"{stem}-3.dat"])

    def test_formats(self):
        self.ann.name = 'Ann "A" | Miller,\nJr.'
        self.ann.street = None
        columns = ("customer_name", "order_date", "order_total", "customer_street")
        cases = [
            ("csv", '"Ann ""A"" | Miller, Jr.",02/03/2020,1234.50,\n'),
            ("pipe", 'Ann "A"   Miller, Jr.|02/03/2020|1234.50|\n'),
            ("fixed", 'Ann "A" | Mi02/03/2020       1234.50            \n'),
        ]
        for file_format, expected in cases:
            with self.subTest(file_format):
                feed = self._create_feed(
                    file_format=file_format,
                    columns=columns,
                    with_header=False,
                    date_format="MM/DD/YYYY",
                )
                self._invoice(price=1234.5)
                self.assertEqual(
                    self._read(self._run_feed(feed)).splitlines(True)[-1], expected
                )

    def test_what_does_not_fit_is_not_another_number(self):
        feed = self._create_feed(
            file_format="fixed", columns=("order_total", "customer_name")
        )
        feed.column_ids.width = 6
        self._invoice(price=12345.0)
        self.assertEqual(
            self._read(self._run_feed(feed)), "order_custom\n######Ann Mi\n"
        )

    def test_ends_of_line_and_characters(self):
        self.ann.name = "Zoë Šimůnek 汉"
        feed = self._create_feed(
            columns=("customer_name",),
            line_end="crlf",
            encoding="cp1252",
        )
        self._invoice()
        run = self._run_feed(feed)
        with run.attachment_id._open_streamed() as file:
            self.assertEqual(file.read(), b"customer_name\r\nZo\xeb \x8aim?nek ?\r\n")

    def test_every_source(self):
        sources = self.env["customer.data.feed.source"]._get_sources(self.feed)
        feed = self._create_feed(columns=tuple(sources), file_format="pipe")
        self.env["vehicle.odometer.reading"].create(
            {"vehicle_id": self.vehicle.id, "date": "2020-02-03", "value": 12345}
        )
        order = self._create_order(self.ann, vehicle_id=self.vehicle.id, odometer=54321)
        order.action_confirm()
        move = self._invoice()
        self._read(self._run_feed(feed))
        invoice = order._create_invoices()
        invoice.invoice_date = "2020-02-04"
        self._post(invoice)
        feed.entered_from = fields.Datetime.now() - timedelta(days=1)
        lines = self._read(self._run_feed(feed)).splitlines()
        by_order = {
            row["order_number"]: row
            for row in (
                dict(zip(sources, line.split("|"), strict=True)) for line in lines[1:]
            )
        }
        row = by_order[move.name]
        expected = {
            "account": "4711",
            "customer_city": "Austin",
            "customer_do_not_mail": "N",
            "customer_allow_texting": "Y",
            "customer_email": "ann.miller@example.com",
            "customer_mobile": "+15125550123",
            "customer_number": str(self.ann.id),
            "odometer": "12345",
            "odometer_unit": "mi",
            "order_currency": "USD",
            "order_date": "2020-02-03",
            "order_total": "50.00",
            "plate": "ABC 123",
            "plate_state": "TX",
            "services": "Oil change",
            "shop_city": "Austin",
            "shop_name": "Main Street Auto",
            "shop_state": "TX",
            "vin": "1HGCM82633A004352",
            "work_order": "",
            "year": "2003",
        }
        self.assertEqual({name: row[name] for name in expected}, expected)
        row = by_order[invoice.name]
        self.assertEqual((row["work_order"], row["odometer"]), (order.name, "54321"))

    def test_texts_are_allowed_where_the_customer_came_back(self):
        feed = self._create_feed(columns=("customer_allow_texting",))
        customers = self.env["res.partner"].sudo()
        number = self.ann.text_number
        # the word, the location that it is texted to, what the feed says
        cases = [
            ("stop", self.company, "N"),
            ("start", self.other_company, "N"),
            ("start", self.company, "Y"),
            ("stop", self.other_company, "N"),
        ]
        for word, location, flag in cases:
            with self.subTest(word=word, location=location.name):
                texted = customers.with_company(location)
                getattr(texted, f"_text_{word}")(number, source="text")
                self._invoice()
                feed.entered_from = fields.Datetime.now() - timedelta(days=1)
                last = self._read(self._run_feed(feed)).splitlines()[-1]
                self.assertEqual(last.strip('"'), flag)

    def test_file_names(self):
        cases = {
            "{account}{MM}{DD}.dat": True,
            "{YY}{YYYY}": True,
            "{month}.dat": False,
            "../{MM}.dat": False,
            "a/b": False,
            ".hidden": False,
            "": False,
            "x" * 101: False,
            "a\nb": False,
        }
        for pattern, good in cases.items():
            with self.subTest(pattern), self.env.cr.savepoint():
                if good:
                    self.feed.file_pattern = pattern
                else:
                    with self.assertRaises(ValidationError):
                        self.feed.file_pattern = pattern

    def test_nightly_at_the_hour_of_the_location(self):
        cases = [
            # now (UTC), hour at the location, next run (UTC)
            ("2026-01-10 07:00:00", 2.0, "2026-01-10 08:00:00"),
            ("2026-01-10 08:00:00", 2.0, "2026-01-11 08:00:00"),
            ("2026-07-10 06:30:00", 2.0, "2026-07-10 07:00:00"),
            # The clock goes from two to three: the hour that is left out.
            ("2026-03-08 06:30:00", 2.5, "2026-03-08 08:30:00"),
            # From two back to one: the first of the two.
            ("2026-11-01 05:30:00", 1.5, "2026-11-01 06:30:00"),
        ]
        for now, hour, expected in cases:
            with self.subTest(now), freeze_time(now):
                self.feed.hour = hour
                self.assertEqual(str(self.feed.next_run), expected)

    def test_one_feed_that_fails_does_not_stop_the_others(self):
        broken = self._create_feed(name="Broken")
        self._invoice()
        (broken | self.feed).next_run = fields.Datetime.now() - timedelta(seconds=1)
        self.env.flush_all()
        columns = type(broken)._get_columns
        problem = "No such column"

        def fail(feed):
            if feed == broken:
                raise UserError(problem)
            return columns(feed)

        self.patch(type(broken), "_get_columns", fail)
        self._run_cron()
        self.assertEqual(self.feed.run_ids.state, "ready")
        self.assertEqual(broken.run_ids.state, "making")
        self.assertEqual(broken.status, "failing")
        self.assertEqual(broken.problem, problem)
        self.assertEqual(broken.activity_ids.user_id, self.manager)
        # Nobody is told twice.
        broken.run_ids.next_try_at = False
        self._run_cron()
        self.assertEqual(broken.run_ids.attempts, 2)
        self.assertEqual(len(broken.activity_ids), 1)
        # Once it is over, the task is taken back and nothing is missing.
        self.patch(type(broken), "_get_columns", columns)
        broken.run_ids.next_try_at = False
        self._run_cron()
        self.assertEqual((broken.run_ids.state, broken.run_ids.row_count), ("ready", 1))
        self.assertEqual(broken.status, "on")
        self.assertFalse(broken.activity_ids)

    def test_preview(self):
        headers, rows, is_new = self.feed._get_preview()
        self.assertEqual((rows, is_new), ([], False))
        move = self._invoice()
        headers, rows, is_new = self.feed._get_preview()
        self.assertEqual(headers, ["order_number", "customer_name", "order_total"])
        self.assertEqual(rows, [(move.name, "Ann Miller", "50.00")])
        self.assertTrue(is_new)
        self.feed.entered_from = fields.Datetime.now()
        _headers, rows, is_new = self.feed._get_preview()
        self.assertEqual((len(rows), is_new), (1, False))
        self.ann.name = "<script>alert(1)</script>"
        preview = self.env["customer.data.feed.preview"].create(
            {"feed_id": self.feed.id}
        )
        self.assertIn("&lt;script&gt;", preview.table)
        for _number in range(25):
            self._invoice()
        self.assertEqual(len(self.feed._get_preview()[1]), 20)

    def test_send_now_is_left_to_the_scheduled_action(self):
        self._invoice()
        self.feed.action_send_now()
        self.assertFalse(self.feed.run_ids)
        self._run_cron()
        self.assertEqual(self.feed.run_ids.row_count, 1)
        self.feed.action_turn_off()
        with self.assertRaisesRegex(UserError, "Turn On"):
            self.feed.action_send_now()
