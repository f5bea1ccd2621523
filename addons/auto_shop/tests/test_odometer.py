# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import psycopg2
from freezegun import freeze_time

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_vehicle import VehicleCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-11-21 12:00:00")
class TestOdometer(VehicleCommon):
    def _read(self, vehicle, day, value, **vals):
        return (
            self.env["vehicle.odometer.reading"]
            .with_user(self.staff)
            .create({"vehicle_id": vehicle.id, "date": day, "value": value, **vals})
        )

    def test_writing_the_odometer_adds_a_reading(self):
        vehicle = self._create_vehicle(odometer=52000)
        self.assertRecordValues(
            vehicle.odometer_reading_ids,
            [{"value": 52000, "unit": "mi", "source": "manual", "is_suspect": False}],
        )
        vehicle.odometer = 53000
        self.assertEqual(vehicle.odometer, 53000)
        self.assertEqual(len(vehicle.odometer_reading_ids), 2)
        vehicle.odometer = 53000
        vehicle.odometer = 0
        vehicle.invalidate_recordset()
        self.assertEqual(vehicle.odometer, 53000)
        self.assertEqual(len(vehicle.odometer_reading_ids), 2)

    def test_empty_field_of_a_new_card_is_no_reading(self):
        self.assertFalse(self._create_vehicle(odometer=0).odometer_reading_ids)

    def test_imported_reading_says_so(self):
        result = self.vehicles.with_context(import_file=True).load(
            ["owner_id/.id", "odometer"], [[str(self.owner.id), "777"]]
        )
        reading = self.vehicles.browse(result["ids"]).odometer_reading_ids
        self.assertRecordValues(reading, [{"value": 777, "source": "import"}])

    def test_latest_is_by_date_then_by_entry(self):
        vehicle = self._create_vehicle()
        self._read(vehicle, "2026-10-01", 50000)
        self._read(vehicle, "2026-01-01", 40000)
        self._read(vehicle, "2026-10-01", 50010)
        self.assertEqual(vehicle.odometer, 50010)
        self.assertEqual(str(vehicle.odometer_date), "2026-10-01")

    def test_units(self):
        vehicle = self._create_vehicle(odometer_unit="km")
        self._read(vehicle, "2026-10-01", 100000, unit="mi")
        self.assertEqual(vehicle.odometer, 160934)
        vehicle.odometer_unit = "mi"
        self.assertEqual(vehicle.odometer, 100000)

    def test_unit_of_the_country(self):
        cases = [
            ("base.us", "mi"),
            ("base.uk", "mi"),
            ("base.mm", "mi"),
            ("base.lr", "mi"),
            ("base.ca", "km"),
            ("base.mx", "km"),
        ]
        for country, unit in cases:
            with self.subTest(country=country):
                self.company.country_id = self.env.ref(country)
                vehicle = self._create_vehicle(odometer=10)
                self.assertEqual(vehicle.odometer_unit, unit)
                self.assertEqual(vehicle.odometer_reading_ids.unit, unit)

    def test_reading_below_an_earlier_one_is_kept_flagged_and_said(self):
        vehicle = self._create_vehicle()
        high = self._read(vehicle, "2026-03-01", 84000)
        low = self._read(vehicle, "2026-09-01", 48000)
        self.assertTrue(low.is_suspect)
        self.assertFalse(high.is_suspect)
        self.assertIn("48,000", vehicle.odometer_warning)
        self.assertIn("84,000", vehicle.odometer_warning)
        low.value = 84500
        self.assertFalse(low.is_suspect)
        self.assertFalse(vehicle.odometer_warning)

    def test_flag_follows_every_change(self):
        vehicle = self._create_vehicle()
        typo = self._read(vehicle, "2026-03-01", 840000)
        later = self._read(vehicle, "2026-09-01", 85000)
        self.assertTrue(later.is_suspect)
        typo.value = 84000
        self.assertFalse(later.is_suspect)
        typo.write({"value": 86000})
        self.assertTrue(later.is_suspect)
        typo.date = "2026-10-01"
        self.assertFalse(later.is_suspect)
        typo.date = "2026-03-01"
        self.assertTrue(later.is_suspect)
        typo.unlink()
        self.env.flush_all()
        self.assertFalse(later.is_suspect)

    def test_flag_compares_over_units_and_forgives_rounding(self):
        vehicle = self._create_vehicle()
        self._read(vehicle, "2026-03-01", 161, unit="km")
        self.assertFalse(self._read(vehicle, "2026-04-01", 100, unit="mi").is_suspect)
        self.assertTrue(self._read(vehicle, "2026-05-01", 98, unit="mi").is_suspect)

    def test_refused(self):
        vehicle = self._create_vehicle()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.CheckViolation),
        ):
            self._read(vehicle, "2026-03-01", -1)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.CheckViolation),
        ):
            vehicle.odometer = -5
        with self.assertRaisesRegex(ValidationError, "future"):
            self._read(vehicle, "2026-11-23", 10)
        self._read(vehicle, "2026-11-22", 10)

    def test_queries_do_not_grow(self):
        counts = []
        for size in (5, 5, 100):
            vehicles = self.vehicles.create(
                [{"owner_id": self.owner.id, "odometer": 100} for _i in range(size)]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(set(vehicles.mapped("odometer")), {100})
            self.assertEqual(set(vehicles.mapped("odometer_warning")), {False})
            self.assertEqual(set(vehicles.mapped("open_work_count")), {0})
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])

    def test_saving_many_odometers_queries_do_not_grow(self):
        counts = []
        for size in (5, 50):
            before = self.env.cr.sql_log_count
            self.vehicles.create(
                [{"owner_id": self.owner.id, "odometer": 100} for _i in range(size)]
            )
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 5)
