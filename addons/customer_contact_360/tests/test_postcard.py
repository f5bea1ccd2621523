# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import base64
import io

from freezegun import freeze_time
from PIL import Image

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger
from odoo.tools.misc import file_open
from odoo.tools.pdf import PdfFileReader

from ..models.customer_contact_rule import KINDS
from .common import Contact360Common


def make_picture(width=1900, height=950, colour="red", kind="PNG"):
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, kind)
    return base64.b64encode(file.getvalue())


class PostcardCommon(Contact360Common):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "street": "12 Main St",
                "city": "Austin",
                "zip": "78701",
                "state_id": cls.state_texas.id,
                "phone": "+15125550100",
            }
        )
        cls.setup.write({"post_enabled": True, "business_name": "Main Street"})
        cls.ann.write(cls._address("78704"))
        cls.bob = cls._create_customer(
            name="Bob Long", email=False, **cls._address("78705")
        )
        cls.bobs_car = cls._create_vehicle(cls.bob)

    @classmethod
    def _address(cls, zip_code):
        return {
            "street": "45 Oak Ave",
            "city": "Austin",
            "zip": zip_code,
            "state_id": cls.state_texas.id,
        }

    @classmethod
    def _post_rule(cls, kind, setup=None):
        return (setup or cls.setup).post_rule_ids.filtered(
            lambda rule: rule.kind == kind
        )

    def _plan_card(self, day="2026-04-01", partner=None):
        """A postcard about a long absence, handed over; it is due on ``day``."""
        self._set_rule("inactive", 90, "post", interval=90, dead=365)
        self._invoice("2026-01-01", vehicle=self.bobs_car)
        (card,) = self._run(day)
        with self.at(day, 11):
            card._dispatch()
        return card


@tagged("post_install", "-at_install")
class TestPostcard(PostcardCommon, HttpCase):
    """Pictures of the kinds, the previews of the CRM Setup, cards of reminders."""

    def test_each_kind_brings_a_picture_that_is_sharp_in_print(self):
        pictures = set()
        for kind, _label in KINDS:
            with (
                self.subTest(kind),
                file_open(
                    f"customer_contact_360/static/img/postcard_{kind}.png", "rb"
                ) as file,
            ):
                data = file.read()
                width, height = Image.open(io.BytesIO(data)).size
                # 300 dots an inch on the larger card, with its bleed.
                self.assertGreaterEqual(width, 9.25 * 300)
                self.assertEqual(width, 2 * height)
                self.assertEqual(self._post_rule(kind)._get_picture(), data)
                pictures.add(data)
        self.assertEqual(len(pictures), len(KINDS))

    def test_a_location_has_its_own_pictures(self):
        other = self._create_setup(self.other_company, post_enabled=True)
        rule = self._as(self._post_rule("thank_you"), self.manager)
        rule.post_picture = make_picture()
        own = base64.b64decode(rule.post_picture)
        self.assertEqual(rule._get_picture(), own)
        self.assertNotEqual(self._post_rule("inactive")._get_picture(), own)
        self.assertNotEqual(self._post_rule("thank_you", other)._get_picture(), own)
        rule.post_picture = False
        self.assertEqual(
            rule._get_picture(), self._post_rule("thank_you", other)._get_picture()
        )

    def test_who_may_change_a_picture(self):
        for user in (self.staff, self.outsider, self.employee):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self._as(
                    self._post_rule("inactive"), user
                ).post_picture = make_picture()

    def test_a_picture_that_cannot_be_printed_is_refused(self):
        svg = base64.b64encode(
            b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'
        )
        with self.assertRaisesRegex(ValidationError, "PNG or JPEG"):
            self._post_rule("inactive").post_picture = svg

    def test_a_small_picture_is_warned_of(self):
        rule = self._post_rule("inactive")
        cases = [
            ("4x6", make_picture(1900, 950), False),
            ("4x6", make_picture(800, 400), "800 x 400 pixels"),
            ("4x6", make_picture(1900, 400), "1900 x 400 pixels"),
            ("6x9", make_picture(1900, 950), False),
            ("6x9", make_picture(1300, 650), "needs 2775 x"),
        ]
        for size, picture, sentence in cases:
            with self.subTest(size=size, sentence=sentence):
                self.setup.post_size = size
                rule.post_picture = picture
                if sentence:
                    self.assertIn(sentence, rule.post_picture_note)
                else:
                    self.assertFalse(rule.post_picture_note)

    def test_the_preview_changes_with_what_stands_on_the_card(self):
        rule = self._as(self._post_rule("inactive"), self.manager)
        purpose = rule.purpose_id
        changes = [
            lambda: purpose.write({"post_title": "Come back"}),
            lambda: purpose.write({"post_body": "<p>We miss you</p>"}),
            lambda: rule.write({"post_picture": make_picture(colour="blue")}),
            lambda: rule.setup_id.write({"business_name": "Another Name"}),
            lambda: rule.setup_id.write({"post_size": "6x9"}),
            lambda: self.company.write({"street": "13 Main St"}),
            lambda: rule.setup_id.sample_vehicle_id.owner_id.write({"name": "Zoe"}),
        ]
        seen = {rule.post_preview}
        for index, change in enumerate(changes):
            with self.subTest(change=index):
                change()
                rule.invalidate_recordset()
                self.assertNotIn(rule.post_preview, seen)
                seen.add(rule.post_preview)
        last = rule.post_preview
        self._post_rule("thank_you").post_picture = make_picture()
        rule.invalidate_recordset()
        self.assertEqual(rule.post_preview, last)

    def test_the_preview_says_what_does_not_fit(self):
        rule = self._as(self._post_rule("inactive"), self.manager)
        self.assertFalse(rule.post_warning)
        rule.purpose_id.post_body = "<p>%s</p>" % ("very long " * 200)
        rule.invalidate_recordset()
        self.assertIn("too long for a card of 4 x 6 in", rule.post_warning)

    def test_a_location_without_customers_has_previews_too(self):
        setup = self._create_setup(self.other_company, post_enabled=True)
        for rule in setup.post_rule_ids:
            with self.subTest(rule.kind):
                self.assertTrue(rule.post_preview)
                self.assertFalse(rule.post_warning)

    def test_preview_pictures(self):
        rule = self._post_rule("reminder_1")
        self._book("2026-12-01")
        self.authenticate("shop_manager", "shop_manager")
        key = self._as(rule, self.manager).post_preview
        base = f"/customer_contact_360/postcard/{rule.id}"
        sides = set()
        for name in ("front-small", "back-small", "front-large", "back-large"):
            with self.subTest(name):
                response = self.url_open(f"{base}/{key}/{name}.png")
                self.assertEqual(response.status_code, 200)
                image = Image.open(io.BytesIO(response.content))
                self.assertAlmostEqual(image.width / image.height, 1.5, delta=0.01)
                self.assertRegex(response.headers["Cache-Control"], "private, max-age")
                sides.add(response.content)
        self.assertEqual(len(sides), 4)
        outdated = self.url_open(f"{base}/{'0' * 32}/front-small.png")
        self.assertEqual(outdated.headers["Cache-Control"], "no-store")
        self.assertEqual(self.url_open(f"{base}/{key}/../x.png").status_code, 404)
        for login in ("shop_outsider", "plain_employee"):
            with self.subTest(login), mute_logger("odoo.http"):
                self.authenticate(login, login)
                response = self.url_open(f"{base}/{key}/front-small.png")
                self.assertEqual(response.status_code, 403)

    def test_cards_have_the_picture_of_their_kind_and_the_signature(self):
        card = self._plan_card()
        self.assertEqual(
            (card.state, card.post_provider, card.post_size),
            ("queued", "print_run", "4x6"),
        )
        rule = self._post_rule("inactive")
        rule.post_picture = make_picture(colour="lime")
        self.assertEqual(card._get_postcard_pictures(), {card.id: rule._get_picture()})
        file = io.BytesIO()
        card.print_run_id._write_pdf(file)
        front, back = (page.extract_text() for page in PdfFileReader(file).pages)
        self.assertIn("It has been a while", front)
        self.assertIn("Main Street", front)
        self.assertIn("Dear Bob Long", back)
        self.assertIn("12 Main St", back)
        self.assertIn("Austin TX 78705", back)

    def test_a_run_that_is_printed_later_still_has_its_cards(self):
        card = self._plan_card()
        run = card.print_run_id
        # Ten days are longer than the days to catch up; and he has an address by now.
        self.bob.email = "bob@example.com"
        with self.at("2026-04-11"):
            self._as(run, self.staff).action_print()
        self.assertEqual((card.state, run.card_count), ("queued", 1))
        with self.at("2026-04-11"):
            self._as(run, self.staff).action_mailed()
        self.assertEqual(card.state, "sent")

    def test_what_is_no_longer_true_is_not_printed(self):
        cases = [
            ("he came", lambda: self._invoice("2026-04-02", vehicle=self.bobs_car)),
            ("he booked", lambda: self._book("2026-05-01", vehicle=self.bobs_car)),
            ("he wants none", lambda: self.bob.write({"do_not_mail": True})),
            ("he moved", lambda: self.bob.write({"street": False})),
        ]
        card = self._plan_card()
        for name, change in cases:
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                with self.at("2026-04-03"):
                    change()
                    self._as(card.print_run_id, self.staff).action_print()
                    self.assertEqual(card.state, "cancelled")
                savepoint.rollback()
                self.env.invalidate_all()
        with freeze_time("2026-04-03"):
            self.assertEqual(card.state, "queued")
