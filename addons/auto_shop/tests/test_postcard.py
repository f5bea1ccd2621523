# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
import io
import re
import shutil
import subprocess
import tracemalloc
from unittest.mock import Mock

from PIL import Image

from odoo.tests import BaseCase, tagged
from odoo.tools.misc import file_open
from odoo.tools.pdf import PdfFileReader

from odoo.addons.auto_shop.tools import postcard
from odoo.addons.auto_shop.tools.pdf_stream import PdfPicture
from odoo.addons.auto_shop.tools.postcard import SIZES, Card

INCH = 72
BODY = (
    "<p>Dear Ann Miller,</p><p>We have a place for you in the schedule:</p>"
    "<p><b>Friday, March 20, 10:00 AM</b></p><ul><li>Front brakes</li>"
    "<li>Left rear tire, worn to 3/32 in</li></ul><p>Call +1 512-555-0100.</p>"
)


@tagged("post_install", "-at_install")
class TestPostcard(BaseCase):
    """The layout of a card, and the files that are made of it."""

    def _card(self, size="4x6", **vals):
        return Card(
            **{
                "size": SIZES[size],
                "title": "We look forward to your visit",
                "body": BODY,
                "sender": ["Main Street Auto", "12 Main St", "Austin TX 78701"],
                "address": ["Ann Miller", "45 Oak Ave", "Austin TX 78704"],
                "contact": "Main Street Auto",
                **vals,
            }
        )

    def _boxes(self, side):
        """Yield ``(kind, left, top, right, bottom)`` of all that is drawn."""
        for kind, *values in side.shapes:
            if kind == "text":
                left, baseline, font, size, _colour, text = values
                yield (
                    "text",
                    left,
                    baseline - font.ascent * size / 1000,
                    left + font.width(text) * size,
                    baseline - font.descent * size / 1000,
                )
            else:
                left, top, width, height = values[-4:]
                if kind != "picture":
                    left, top, width, height = values[:4]
                yield kind, left, top, left + width, top + height

    def _assert_free(self, side, zone, kinds=("text", "rect", "frame", "picture")):
        left, top, right, bottom = zone
        for kind, *box in self._boxes(side):
            if kind in kinds:
                apart = (
                    box[0] >= right
                    or box[2] <= left
                    or box[1] >= bottom
                    or box[3] <= top
                )
                self.assertTrue(apart, f"{kind} {box} is in {zone}")

    def _pdf(self, *cards, size="4x6"):
        file = io.BytesIO()
        pdf = postcard.PostcardPdf(file, SIZES[size], "Cards")
        for card in cards:
            front, back, problems = postcard.lay_out(card)
            self.assertEqual(problems, [])
            pdf.add(front, back)
        pdf.close()
        return file.getvalue()

    def test_measures(self):
        """As the post and the printer publish them, in inches of the paper."""
        cases = [
            # size, paper, Lob's ink-free zone, barcode clear zone
            ("4x6", (6.25, 4.25), (2.6915, 1.625, 5.975, 4.0), (1.375, 3.5)),
            ("6x9", (9.25, 6.25), (4.975, 3.625, 8.975, 6.0), (4.375, 5.5)),
        ]
        for code, paper, clear, barcode in cases:
            with self.subTest(code):
                size = SIZES[code]
                self.assertEqual([v / INCH for v in size.paper], list(paper))
                for value, expected in zip(size.clear_zone, clear, strict=True):
                    self.assertAlmostEqual(value / INCH, expected)
                self.assertEqual(
                    [v / INCH for v in size.barcode_zone],
                    [*barcode, paper[0] - 0.125, paper[1] - 0.125],
                )

    def test_zones_stay_free(self):
        for code, words in (("4x6", 25), ("6x9", 110)):
            for body in (BODY, BODY + "<p>%s</p>" % ("And one more word. " * words)):
                card = self._card(code, body=body)
                size = card.size
                with self.subTest(size=code, body=len(body)):
                    _front, back, problems = postcard.lay_out(card)
                    self.assertEqual(problems, [])
                    self._assert_free(back, size.barcode_zone)
                    own = self._card(code, body=body, address=[], has_stamp=False)
                    _front, back, problems = postcard.lay_out(own)
                    self.assertEqual(problems, [])
                    self._assert_free(back, size.clear_zone)
                    # Nor below and beside that, nor where the postage goes.
                    left, top, _right, _bottom = size.clear_zone
                    width, height = size.paper
                    self._assert_free(back, (left, top, width, height))
                    self._assert_free(back, (width - 1.1 * INCH, 0, width, height))

    def test_text_keeps_away_from_the_cut(self):
        safe = 0.125 * INCH
        for code, size in SIZES.items():
            width, height = size.paper
            edge = postcard.BLEED + safe
            for side in postcard.lay_out(self._card(code))[:2]:
                for kind, left, top, right, bottom in self._boxes(side):
                    if kind == "text":
                        with self.subTest(size=code):
                            self.assertGreaterEqual(min(left, top), edge)
                            self.assertLessEqual(right, width - edge)
                            self.assertLessEqual(bottom, height - edge)

    def test_address_where_the_post_reads_it(self):
        for code, size in SIZES.items():
            _front, back, _problems = postcard.lay_out(self._card(code))
            trim_right = postcard.BLEED + size.width
            trim_bottom = postcard.BLEED + size.height
            lines = [
                shape
                for shape in back.shapes
                if shape[0] == "text" and shape[-1] in self._card().address
            ]
            self.assertEqual(len(lines), 3)
            for _kind, left, baseline, font, points, _colour, text in lines:
                with self.subTest(size=code, text=text):
                    self.assertLessEqual(
                        left + font.width(text) * points, trim_right - 0.5 * INCH
                    )
                    self.assertGreaterEqual(baseline, trim_bottom - 2.75 * INCH)
                    self.assertLessEqual(baseline, trim_bottom - 0.625 * INCH)

    def test_long_text_is_set_smaller_then_refused(self):
        def get_size(body, code):
            _front, back, problems = postcard.lay_out(self._card(code, body=body))
            sizes = {s[4] for s in back.shapes if s[0] == "text" and "word" in s[-1]}
            return min(sizes, default=None), problems

        for code, (largest, smallest) in (("4x6", (9.5, 7)), ("6x9", (12.5, 8))):
            with self.subTest(code):
                self.assertEqual(get_size("<p>One word.</p>", code)[0], largest)
                count, sizes = 10, []
                while True:
                    points, problems = get_size("<p>%s</p>" % ("word " * count), code)
                    if problems:
                        break
                    sizes.append(points)
                    count += 10
                self.assertEqual(problems, [("text", "")])
                self.assertIsNone(points, "nothing of it is set when it does not fit")
                self.assertLess(min(sizes), smallest + 0.5)

    def test_long_text_goes_on_above_the_address(self):
        items = "".join(
            f"<li>Replace ignition coil and spark plug of cylinder {number}</li>"
            for number in range(1, 9)
        )
        card = self._card(body=f"<p>Dear Ann,</p><ul>{items}</ul><p>The end</p>")
        _front, back, problems = postcard.lay_out(card)
        self.assertEqual(problems, [])
        texts = [shape for shape in back.shapes if shape[0] == "text"]
        (end,) = [shape for shape in texts if shape[-1] == "The end"]
        left, top, _right, bottom = card.size.more_zone
        self.assertEqual(end[1], left)
        self.assertTrue(top < end[2] < bottom)
        self.assertGreater(end[4], 7)
        for number in range(1, 9):
            self.assertIn(f"cylinder {number}", postcard.get_text(back))

    def test_what_does_not_fit_is_said(self):
        cases = [
            ({"title": "Very long title " * 12}, "title"),
            ({"sender": ["Shop", *["Line of an address"] * 30]}, "sender"),
            ({"address": ["Ann", *["Line of an address"] * 12]}, "address"),
            ({"title": "Ann 張"}, "signs"),
            ({"body": "<p>See you 🚗</p>"}, "signs"),
        ]
        for vals, code in cases:
            with self.subTest(code, vals=vals):
                problems = postcard.lay_out(self._card(**vals))[2]
                self.assertEqual([found for found, _detail in problems], [code])

    def test_long_names_and_addresses_fit(self):
        address = [
            "Maximiliane Wilhelmina Featherstonehaugh-Cholmondeley de la Torre",
            "Residencial Las Flores Building 12 Apartment 4096, Entrance B",
            "Rear House",
            "Rancho Cucamonga CA 91730-1234",
        ]
        for code in SIZES:
            card = self._card(
                code,
                address=address,
                sender=["The Honest Brothers' Automotive Repair & Tire Center, Inc."]
                + ["12345 North Martin Luther King Jr. Boulevard, Suite 200"]
                + ["San Buenaventura CA 93001", "+1 805-555-0100"],
                title="Still to do on your Mercedes-Benz Sprinter 3500 Cargo Van",
            )
            with self.subTest(code):
                _front, back, problems = postcard.lay_out(card)
                self.assertEqual(problems, [])
                text = postcard.get_text(back)
                for line in address:
                    self.assertIn(line, text.replace("  ", " "))

    def test_other_alphabets(self):
        for text in ("Łukasz Żółć", "Ελένη Παππά", "Дмитрий Щукин", "Nguyễn Thị"):
            with self.subTest(text):
                data = self._pdf(self._card(address=[text, "1 Oak"], title=text))
                front, back = PdfFileReader(io.BytesIO(data)).pages
                self.assertIn(text, front.extract_text())
                self.assertIn(text, back.extract_text())

    def test_reading_html(self):
        cases = [
            ("", []),
            ("<p>A</p><p><br></p><p>B</p>", ["A", "B"]),
            ("A<br>B", ["A|B"]),
            ("<div>A <b>bold</b> end</div>", ["A *bold* end"]),
            ("<p>A\n  B</p>", ["A B"]),
            ("<ul><li>A</li>\n<li>B <i>c</i></li></ul>", ["• A", "• B c"]),
            ("<ol><li>A</li><li>B</li></ol>", ["1. A", "2. B"]),
            ("<p>A</p><script>alert(1)</script><style>p {}</style>", ["A"]),
            ("<p>A\u200b\ufeff &amp; <a href='x'>link</a></p>", ["A & link"]),
            ("<table><tr><td>A</td><td>B</td></tr></table>", ["A", "B"]),
            ("<!-- x --><p>A</p>", ["A"]),
        ]
        for html, expected in cases:
            with self.subTest(html):
                found = [
                    f"{p.bullet} ".lstrip()
                    + "".join(
                        "|" if text == "\n" else f"*{text}*" if bold else text
                        for text, bold in p.runs
                    ).strip()
                    for p in postcard.read_html(html)
                ]
                self.assertEqual(found, expected)

    def test_a_long_word_goes_on_in_the_next_line(self):
        url = "https://example.com/" + "long-path-" * 12
        _front, back, problems = postcard.lay_out(self._card(body=f"<p>{url}</p>"))
        self.assertEqual(problems, [])
        self.assertIn(url, postcard.get_text(back).replace(" ", ""))

    def test_a_telephone_number_stays_in_one_line(self):
        for words in range(1, 12):
            body = "<p>%s+1 512-555-0100</p>" % ("word " * words)
            _front, back, _problems = postcard.lay_out(self._card(body=body))
            lines = [s[-1] for s in back.shapes if s[0] == "text"]
            self.assertTrue(any("+1 512-555-0100" in line for line in lines), lines)

    def test_pdf_is_what_a_print_shop_takes(self):
        if not shutil.which("pdffonts"):
            self.skipTest("poppler-utils are not installed")
        for code in SIZES:
            card = self._card(code, picture=self._picture())
            data = self._pdf(card, card, size=code)
            fonts = self._run("pdffonts", data).splitlines()[2:]
            self.assertEqual(len(fonts), 2)
            for line in fonts:
                self.assertRegex(line, r"CID TrueType +Identity-H +yes")
            images = self._run("pdfimages", data, "-list").splitlines()[2:]
            # The picture is in the file once, for all cards, sharp enough for print.
            objects = {line.split()[10] for line in images}
            self.assertEqual(len(objects), 1)
            self.assertGreaterEqual(int(images[0].split()[12]), 300)

    def test_pictures_of_every_kind(self):
        def save(mode, kind, **options):
            file = io.BytesIO()
            image = Image.new("RGB", (40, 20), (200, 30, 30))
            image.convert(mode).save(file, kind, **options)
            return file.getvalue()

        turned = Image.Exif()
        turned[0x0112] = 6
        cases = [
            ("RGB", save("RGB", "PNG"), (40, 20)),
            ("palette", save("P", "PNG"), (40, 20)),
            ("grey", save("L", "PNG"), (40, 20)),
            ("transparent", save("RGBA", "PNG"), (40, 20)),
            ("16 bit", save("I;16", "PNG"), (40, 20)),
            ("1 bit", save("1", "PNG"), (40, 20)),
            ("JPEG", save("RGB", "JPEG"), (40, 20)),
            ("CMYK", save("CMYK", "JPEG"), (40, 20)),
            ("turned", save("RGB", "JPEG", exif=turned), (20, 40)),
            ("GIF", save("P", "GIF"), (40, 20)),
        ]
        for name, data, size in cases:
            with self.subTest(name):
                picture = PdfPicture(data)
                self.assertEqual((picture.width, picture.height), size)
                if shutil.which("pdftoppm"):
                    pdf = self._pdf(self._card(picture=data))
                    page = self._run("pdftoppm", pdf, "-r", "20", "-f", "1", "-l", "1")
                    image = Image.open(io.BytesIO(page))
                    red, green, _blue = image.convert("RGB").getpixel((60, 20))
                    if name not in ("grey", "1 bit", "16 bit"):
                        self.assertGreater(red, green + 80)
        with self.assertRaises(OSError):
            PdfPicture(b"<svg/>")

    def test_screen_and_paper_show_the_same(self):
        if not shutil.which("pdftoppm"):
            self.skipTest("poppler-utils are not installed")
        for code, size in SIZES.items():
            card = self._card(code, picture=self._picture())
            sides = postcard.lay_out(card)[:2]
            pdf = self._pdf(card, size=code)
            for number, side in enumerate(sides, start=1):
                with self.subTest(size=code, side=number):
                    width = round(size.paper[0])
                    screen = Image.open(
                        io.BytesIO(postcard.draw_png(side, size, width, trimmed=False))
                    )
                    page = self._run(
                        "pdftoppm", pdf, "-r", "72", "-f", str(number), "-singlefile"
                    )
                    paper = Image.open(io.BytesIO(page)).convert("RGB")
                    self.assertEqual(screen.size, paper.size)
                    # Coarse on purpose: each draws the edges of letters its own way.
                    pairs = zip(
                        screen.resize((45, 30)).convert("L").tobytes(),
                        paper.resize((45, 30)).convert("L").tobytes(),
                        strict=True,
                    )
                    self.assertLess(max(abs(one - two) for one, two in pairs), 45)

    def test_memory_does_not_grow_with_the_cards(self):
        def measure(count):
            nowhere = Mock(write=len, spec=["write", "flush"])
            front, back, _problems = postcard.lay_out(self._card())
            tracemalloc.start()
            pdf = postcard.PostcardPdf(nowhere, SIZES["4x6"])
            for _index in range(count):
                pdf.add(front, back)
            pdf.close()
            _now, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return peak

        self._pdf(self._card())  # fonts are read once for the process
        few, many = measure(50), measure(450)
        # Where its four objects begin, and nothing else.
        self.assertLess(many - few, 400 * 100)

    def _picture(self):
        with file_open("auto_shop/static/img/postcard.png", "rb") as file:
            return file.read()

    def _run(self, program, data, *options):
        """Return what a program of poppler says of a PDF."""
        done = subprocess.run(
            [program, *options, "-"], input=data, capture_output=True, check=True
        )
        self.assertFalse(re.search(rb"rror", done.stderr), done.stderr)
        return done.stdout if program == "pdftoppm" else done.stdout.decode()
