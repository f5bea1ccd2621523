# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import io
import shutil
import subprocess

from PIL import Image

from odoo.tests import HttpCase, tagged

from .test_postcard import PostcardCommon


@tagged("post_install", "-at_install")
class TestPostcardTour(PostcardCommon, HttpCase):
    def test_print_a_run(self):
        purposes = self.env["customer.interaction.purpose"]
        kinds = ("reminder_1", "thank_you", "inactive")
        interactions = self.env["customer.interaction"]
        cards = interactions._plan(
            [
                {
                    "purpose_id": purposes._get(f"contact_{kind}", self.company).id,
                    "partner_id": self.bob.id,
                    "vehicle_id": self.bobs_car.id,
                    "channel": "post",
                }
                for kind in kinds
            ]
        )
        misfit = interactions._plan(
            [
                {
                    "partner_id": self.ann.id,
                    "channel": "post",
                    "subject": "Hello",
                    "body": "<p>%s</p>" % ("very long " * 200),
                }
            ]
        )
        (cards + misfit)._dispatch()
        self.assertEqual(cards.mapped("state"), ["queued"] * 3)
        self.start_tour(
            "/odoo/postcards", "customer_contact_360_print_run", login="shop_staff"
        )
        self.assertEqual(set(cards.mapped("state")), {"sent"})
        self.assertEqual(misfit.state, "failed")
        self._check_pages(cards.print_run_id, 6)

    def _check_pages(self, run, count):
        """Look at the printed pages as pictures."""
        self.authenticate("shop_staff", "shop_staff")
        pdf = self.url_open(f"/auto_shop/print_run/{run.id}.pdf").content
        if not shutil.which("pdftoppm"):
            return
        for number in range(1, count + 1):
            done = subprocess.run(
                ["pdftoppm", "-r", "96", "-f", str(number), "-l", str(number), "-"],
                input=pdf,
                capture_output=True,
                check=True,
            )
            page = Image.open(io.BytesIO(done.stdout)).convert("RGB")
            with self.subTest(page=number):
                self.assertEqual(page.size, (600, 408))
                if number % 2:
                    # The picture and the band below it reach to the edges.
                    corners = [(0, 0), (599, 0), (0, 407), (599, 407)]
                    for corner in corners:
                        self.assertNotEqual(page.getpixel(corner), (255, 255, 255))
                else:
                    # Nothing in the lower right corner, for the barcode.
                    corner = page.crop((600 - 12 - 456, 408 - 12 - 60, 600, 408))
                    self.assertEqual(corner.getcolors(), [(468 * 72, (255,) * 3)])

    def test_postcards_in_the_setup(self):
        self._invoice("2026-01-01", vehicle=self.bobs_car)
        self.start_tour(
            "/odoo/action-customer_contact_360.customer_contact_setup_action_open",
            "customer_contact_360_postcard_setup",
            login="shop_manager",
        )
        self.assertEqual(self.company.postcard_size, "6x9")
