# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""A PDF that is written page by page: memory stays flat, however many there are.

Libraries keep a document together until it is saved. A print run may have thousands
of cards, so each page goes to the file at once here; only where its objects begin is
remembered. What it can is what cards need: text in embedded fonts, filled shapes and
pictures. Knows no records.
"""

import io
import struct
import zlib
from array import array
from functools import lru_cache
from secrets import token_hex

from PIL import Image
from reportlab.pdfbase.ttfonts import TTFontFile

from odoo.tools.misc import file_path

# Signs of a font that one block of a character map may name.
MAP_BLOCK = 100
# Colour types of a PNG whose data a PDF takes as it is: grey, RGB, palette.
PNG_PLAIN = {0: (1, b"/DeviceGray"), 2: (3, b"/DeviceRGB"), 3: (1, None)}


class PrintFont:
    """A TrueType font: what it has, how wide it is, and its file.

    :param str path: of the file, within the addons
    :param float weight: how much is drawn around a sign to make it bold, as a part of
        the size; for fonts that have no bold one
    """

    def __init__(self, path, weight=0):
        self.path = file_path(path)
        self.weight = weight
        font = TTFontFile(self.path)
        self.name = font.name.decode("ascii")
        self.glyphs = font.charToGlyph
        scale = 1000 / font.unitsPerEm
        self.widths = [advance * scale for advance, _bearing in font.hmetrics]
        self.ascent = font.ascent
        self.descent = font.descent
        self.cap_height = font.capHeight
        self.box = font.bbox
        self.stem = font.stemV
        self.angle = font.italicAngle

    def has(self, text):
        return all(ord(sign) in self.glyphs for sign in text)

    def width(self, text):
        """Return how wide ``text`` is, in parts of the size of the font."""
        glyphs, widths = self.glyphs, self.widths
        return sum(widths[glyphs[ord(sign)]] for sign in text) / 1000

    def get_data(self):
        with open(self.path, "rb") as file:
            return file.read()


@lru_cache(maxsize=8)
def load_font(path, weight=0):
    """Return the font in that file, read once for each process."""
    return PrintFont(path, weight)


class PdfPicture:
    """A picture as a PDF holds it, made once from the bytes of a PNG or JPEG file.

    JPEG data, and PNG data that is neither transparent nor interlaced, goes in as it
    is; everything else is laid on white.

    :raises OSError: when it is no picture
    """

    def __init__(self, data):
        with Image.open(io.BytesIO(data)) as image:
            self.width, self.height = image.size
            self.entries, self.data = (
                self._take_jpeg(image, data)
                or self._take_png(data)
                or self._convert(image)
            )

    @staticmethod
    def _take_jpeg(image, data):
        spaces = {"L": b"/DeviceGray", "RGB": b"/DeviceRGB"}
        turned = image.format == "JPEG" and image.getexif().get(0x0112, 1) != 1
        if image.format != "JPEG" or image.mode not in spaces or turned:
            return None
        return (
            b"/ColorSpace %s /BitsPerComponent 8 /Filter /DCTDecode"
            % spaces[image.mode],
            data,
        )

    @staticmethod
    def _take_png(data):
        if not data.startswith(b"\x89PNG\r\n\x1a\n"):
            return None
        chunks, palette, position = [], b"", 8
        while position < len(data):
            length, kind = struct.unpack_from(">I4s", data, position)
            content = data[position + 8 : position + 8 + length]
            position += length + 12
            if kind == b"IHDR":
                width, _height, depth, colors, _z, _f, interlaced = struct.unpack(
                    ">IIBBBBB", content
                )
            elif kind == b"PLTE":
                palette = content
            elif kind == b"tRNS":
                return None
            elif kind == b"IDAT":
                chunks.append(content)
        if depth != 8 or interlaced or colors not in PNG_PLAIN:
            return None
        count, space = PNG_PLAIN[colors]
        if space is None:
            space = b"[/Indexed /DeviceRGB %d <%s>]" % (
                len(palette) // 3 - 1,
                palette.hex().encode(),
            )
        return (
            b"/ColorSpace %s /BitsPerComponent 8 /Filter /FlateDecode /DecodeParms "
            b"<< /Predictor 15 /Colors %d /BitsPerComponent 8 /Columns %d >>"
            % (space, count, width),
            b"".join(chunks),
        )

    def _convert(self, image):
        image = flatten(image)
        self.width, self.height = image.size
        return (
            b"/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode",
            zlib.compress(image.tobytes(), 6),
        )


def flatten(image):
    """Return a picture as it stands on white paper, the right way up, in RGB."""
    turned = {3: 180, 6: 270, 8: 90}.get(image.getexif().get(0x0112, 1))
    if turned:
        image = image.rotate(turned, expand=True)
    if "A" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(paper, image)
    return image.convert("RGB")


class PdfStream:
    """Write a PDF to a binary file, page by page. Lengths are points (1/72 inch).

    ``box`` is the paper with its bleed, ``trim`` what is left when that is cut off,
    each ``(left, bottom, right, top)``.
    """

    CATALOG, PAGES, RESOURCES, INFO = 1, 2, 3, 4

    def __init__(self, file, box, trim, title=""):
        self.file = file
        self.box = box
        self.trim = trim
        self.title = title
        self.position = 0
        # Where each object begins; the first has no number.
        self.offsets = array("Q", [0] * 5)
        self.pages = array("L")
        self.fonts = {}
        self.pictures = {}
        self._write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")

    def _write(self, data):
        self.file.write(data)
        self.position += len(data)

    def _begin(self, number=None):
        if number is None:
            number = len(self.offsets)
            self.offsets.append(0)
        self.offsets[number] = self.position
        self._write(b"%d 0 obj\n" % number)
        return number

    def _add(self, content, number=None):
        number = self._begin(number)
        self._write(content)
        self._write(b"\nendobj\n")
        return number

    def _add_stream(self, data, entries=b""):
        return self._add(
            b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)
        )

    def _add_compressed(self, data, entries=b""):
        return self._add_stream(
            zlib.compress(data, 6), entries + b" /Filter /FlateDecode"
        )

    def get_font(self, font):
        """Return the name of a font in the pages, and the set of signs used of it."""
        if font not in self.fonts:
            self.fonts[font] = (len(self.fonts), {})
        index, used = self.fonts[font]
        return b"/F%d" % index, used

    def get_picture(self, picture):
        """Return the name of a picture in the pages; it is written once.

        :param PdfPicture picture: the same object each time
        """
        if picture not in self.pictures:
            entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d " % (
                picture.width,
                picture.height,
            )
            number = self._add_stream(picture.data, entries + picture.entries)
            self.pictures[picture] = (len(self.pictures), number)
        return b"/P%d" % self.pictures[picture][0]

    def encode(self, font, text):
        """Return ``(name of the font, text)`` as they stand in a page."""
        name, used = self.get_font(font)
        glyphs = font.glyphs
        numbers = []
        for sign in text:
            number = glyphs[ord(sign)]
            used[number] = sign
            numbers.append(number)
        return name, struct.pack(f">{len(numbers)}H", *numbers).hex().encode()

    def add_page(self, content):
        """Add a page that draws ``content`` (operators, as bytes)."""
        drawing = self._add_compressed(content)
        self.pages.append(
            self._add(
                b"<< /Type /Page /Parent %d 0 R /Resources %d 0 R /MediaBox %s "
                b"/BleedBox %s /TrimBox %s /Contents %d 0 R >>"
                % (
                    self.PAGES,
                    self.RESOURCES,
                    _numbers(self.box),
                    _numbers(self.box),
                    _numbers(self.trim),
                    drawing,
                )
            )
        )

    def close(self):
        """Write what stands at the end; the file stays open."""
        fonts = b" ".join(
            b"/F%d %d 0 R" % (index, self._add_font(font, used))
            for font, (index, used) in self.fonts.items()
        )
        pictures = b" ".join(b"/P%d %d 0 R" % pair for pair in self.pictures.values())
        self._add(
            b"<< /ProcSet [/PDF /Text /ImageB /ImageC /ImageI] /Font << %s >> "
            b"/XObject << %s >> >>" % (fonts, pictures),
            self.RESOURCES,
        )
        self._begin(self.PAGES)
        self._write(b"<< /Type /Pages /Count %d /Kids [" % len(self.pages))
        for page in self.pages:
            self._write(b"%d 0 R\n" % page)
        self._write(b"] >>\nendobj\n")
        self._add(b"<< /Type /Catalog /Pages %d 0 R >>" % self.PAGES, self.CATALOG)
        self._add(
            b"<< /Title <%s> /Producer (Auto Shop) >>"
            % b"".join((b"feff", self.title.encode("utf-16-be").hex().encode())),
            self.INFO,
        )
        self._write_references()
        self.file.flush()

    def _write_references(self):
        start = self.position
        self._write(b"xref\n0 %d\n0000000000 65535 f \n" % len(self.offsets))
        for offset in self.offsets[1:]:
            self._write(b"%010d 00000 n \n" % offset)
        name = token_hex(16).encode()
        self._write(
            b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /ID [<%s> <%s>] >>\n"
            b"startxref\n%d\n%%%%EOF\n"
            % (len(self.offsets), self.CATALOG, self.INFO, name, name, start)
        )

    def _add_font(self, font, used):
        data = font.get_data()
        file = self._add_compressed(data, b"/Length1 %d" % len(data))
        name = font.name.encode("ascii")
        descriptor = self._add(
            b"<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox %s "
            b"/ItalicAngle %d /Ascent %d /Descent %d /CapHeight %d /StemV %d "
            b"/FontFile2 %d 0 R >>"
            % (
                name,
                _numbers(font.box),
                font.angle,
                font.ascent,
                font.descent,
                font.cap_height,
                font.stem,
                file,
            )
        )
        widths = b" ".join(
            b"%d [%d]" % (number, round(font.widths[number])) for number in sorted(used)
        )
        descendant = self._add(
            b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo "
            b"<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            b"/FontDescriptor %d 0 R /CIDToGIDMap /Identity /W [%s] >>"
            % (name, descriptor, widths)
        )
        names = self._add_compressed(_get_character_map(used))
        return self._add(
            b"<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H "
            b"/DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>"
            % (name, descendant, names)
        )


def _numbers(values):
    return b"[%s]" % b" ".join(b"%.2f" % value for value in values)


def _get_character_map(used):
    """Return which sign each glyph is, so that the text can be searched and copied."""
    pairs = [
        b"<%04x> <%s>" % (number, sign.encode("utf-16-be").hex().encode())
        for number, sign in sorted(used.items())
    ]
    blocks = [pairs[i : i + MAP_BLOCK] for i in range(0, len(pairs), MAP_BLOCK)]
    return (
        b"/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        b"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        b"1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        + b"".join(
            b"%d beginbfchar\n%s\nendbfchar\n" % (len(block), b"\n".join(block))
            for block in blocks
        )
        + b"endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    )
