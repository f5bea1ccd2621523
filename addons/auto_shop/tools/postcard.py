# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Both sides of a postcard: where everything stands, and drawing it as PDF or PNG.

One layout, two ways to draw it, so that the picture on the screen is what the printer
makes. Lengths are points (1/72 inch), counted from the upper left corner of the paper
with its bleed. Knows no records.

Sources of the measures: bleed and ink-free zone, Lob's design specifications for
postcards; barcode clear zone and the place of the address, USPS Domestic Mail Manual
202 (5/8 by 4 3/4 inches in the lower right corner; address at least 1/2 inch from the
edges, between 5/8 and 2 3/4 inches from the bottom).
"""

import io
import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

import lxml.html
from PIL import Image, ImageDraw, ImageFont

from .pdf_stream import PdfPicture, PdfStream, PrintFont, flatten, load_font

INCH = 72
# What is printed beyond the cut, on each side, so that no white edge shows.
BLEED = 0.125 * INCH
# Text keeps this far from the cut: it is never quite where it should be.
MARGIN = 0.22 * INCH
BARCODE_WIDTH, BARCODE_HEIGHT = 4.75 * INCH, 0.625 * INCH
# Lob's ink-free zone, from the edge of the paper with its bleed.
CLEAR_RIGHT, CLEAR_BOTTOM, CLEAR_HEIGHT = 0.275 * INCH, 0.25 * INCH, 2.375 * INCH
ADDRESS_EDGE = 0.5 * INCH
ADDRESS_TOP_FROM_BOTTOM = 2.75 * INCH
STAMP_WIDTH, STAMP_HEIGHT = 0.86 * INCH, 1.0 * INCH

BLACK, GREY, WHITE = (0, 0, 0), (90, 90, 90), (255, 255, 255)
LIGHT_GREY = (190, 190, 190)
ACCENT = (23, 50, 77)
LINE_HEIGHT = 1.3
BULLET_INDENT = 1.1
# Paragraphs of so few lines are not torn between two places.
KEPT_LINES = 4

LATO = "web/static/fonts/lato/Lato-%s-webfont.ttf"
# For signs that Lato lacks: Greek, Cyrillic, the rest of Latin.
NOTO = "web/static/fonts/sign/NotoSans-Reg.ttf"
BOLD_WEIGHT = 0.028

BLOCKS = {
    *("address", "article", "blockquote", "div", "dd", "dl", "dt", "figure", "footer"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre"),
    *("section", "table", "tbody", "td", "th", "tr", "ul"),
}
NO_TEXT = {"head", "script", "style", "template", "title"}
BOLD = {"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th"}
WHITE_SPACE = re.compile(r"[ \t\r\n\f\v]+")
# Looks of a sign that print has not, and marks that nobody sees.
INVISIBLE = re.compile("[\ufe00-\ufe0f]")
# A telephone number stays together.
DIALLING_CODE = re.compile(r"(\+\d{1,3}) (?=\d)")


@dataclass(frozen=True)
class CardSize:
    """A size of postcards, cut; ``clear_width`` is that of Lob's ink-free zone."""

    code: str
    width: float
    height: float
    clear_width: float
    band: float
    body: tuple
    title: tuple
    sender: tuple
    address: tuple

    @property
    def paper(self):
        return self.width + 2 * BLEED, self.height + 2 * BLEED

    @property
    def clear_zone(self):
        """Left, top, right, bottom of what Lob prints on."""
        width, height = self.paper
        right, bottom = width - CLEAR_RIGHT, height - CLEAR_BOTTOM
        return right - self.clear_width, bottom - CLEAR_HEIGHT, right, bottom

    @property
    def barcode_zone(self):
        right, bottom = BLEED + self.width, BLEED + self.height
        return right - BARCODE_WIDTH, bottom - BARCODE_HEIGHT, right, bottom

    @property
    def text_zone(self):
        """Left, top, right, bottom of the sender and the text."""
        edge = BLEED + MARGIN
        return edge, edge, self.clear_zone[0] - 9, self.barcode_zone[1] - 4

    @property
    def more_zone(self):
        """Where text goes on that is too long for the text zone: above the address."""
        left, top, _right, _bottom = self.clear_zone
        return (
            left + 8,
            BLEED + MARGIN,
            BLEED + self.width - MARGIN - STAMP_WIDTH - 8,
            top - 4,
        )

    @property
    def address_zone(self):
        left, _top, _right, _bottom = self.clear_zone
        top = BLEED + self.height - ADDRESS_TOP_FROM_BOTTOM
        return (
            left + 0.2 * INCH,
            max(top, self.clear_zone[1]) + 0.5 * INCH,
            BLEED + self.width - ADDRESS_EDGE,
            self.barcode_zone[1] - 2,
        )


# Sizes of type: the one it should be, the smallest it may be; of the text also the
# smallest that reads well.
SIZES = {
    "4x6": CardSize(
        code="4x6",
        width=6 * INCH,
        height=4 * INCH,
        clear_width=3.2835 * INCH,
        band=82,
        body=(9.5, 8.5, 7),
        title=(25, 13),
        sender=(9, 6.5),
        address=(11, 8),
    ),
    "6x9": CardSize(
        code="6x9",
        width=9 * INCH,
        height=6 * INCH,
        clear_width=4 * INCH,
        band=118,
        body=(12.5, 10, 8),
        title=(38, 18),
        sender=(11, 8),
        address=(12, 9),
    ),
}


@dataclass
class Paragraph:
    """Pieces of text, each ``(text, bold)``; a line break is ``("\\n", False)``."""

    runs: list = field(default_factory=list)
    bullet: str = ""


@dataclass
class Card:
    """What stands on one postcard.

    ``sender`` and ``address`` are lists of lines, ``address`` is empty where somebody
    else prints it; ``picture`` and ``logo`` the bytes of pictures, or empty.
    """

    size: CardSize
    title: str
    body: str
    sender: list
    address: list
    contact: str = ""
    picture: bytes = b""
    logo: bytes = b""
    accent: tuple = ACCENT
    has_stamp: bool = True


@dataclass
class Side:
    """Shapes of one side, in the order in which they are drawn:

    - ``("rect", left, top, width, height, colour)``, ``("frame", ...)`` for its outline
    - ``("picture", data, left, top, width, height)``: fills it, cut where it must be
    - ``("text", left, baseline, font, size, colour, text)``
    """

    shapes: list = field(default_factory=list)

    def add(self, *shape):
        self.shapes.append(shape)


# === TEXT ===


def clean(text):
    """Return text as it can be set: one kind of blank, nothing that nobody sees."""
    signs = []
    for sign in unicodedata.normalize("NFC", INVISIBLE.sub("", text or "")):
        category = unicodedata.category(sign)
        if category == "Zs" and sign != " ":
            signs.append("\xa0")
        elif sign == "\u2011":
            signs.append("-")
        elif category not in ("Cf", "Cc") or sign in "\t\n\r":
            signs.append(sign)
    return DIALLING_CODE.sub("\\1\xa0", "".join(signs))


def read_html(html):
    """Return the paragraphs of a wording; tables and pictures are read as text."""
    paragraphs = [Paragraph()]
    if not (html or "").strip():
        return []
    root = lxml.html.fragment_fromstring(html, create_parent="div")

    def start(bullet=""):
        if paragraphs[-1].runs:
            paragraphs.append(Paragraph())
        paragraphs[-1].bullet = bullet

    def add(text, bold):
        # White space between blocks is none of the text.
        text = WHITE_SPACE.sub(" ", clean(text))
        runs = paragraphs[-1].runs
        if text.strip(" ") or (text and runs):
            runs.append((text, bold))

    def walk(element, bold):
        if not isinstance(element.tag, str) or element.tag in NO_TEXT:
            return
        tag = element.tag
        if tag == "br":
            paragraphs[-1].runs.append(("\n", False))
        if tag in BLOCKS:
            start(_get_bullet(element) if tag == "li" else "")
        bold = bold or tag in BOLD
        add(element.text, bold)
        for child in element:
            walk(child, bold)
            add(child.tail, bold)
        if tag in BLOCKS:
            start()

    walk(root, False)
    return [
        paragraph
        for paragraph in paragraphs
        if any(text.strip() for text, _bold in paragraph.runs)
    ]


def _get_bullet(item):
    parent = item.getparent()
    if parent is None or parent.tag != "ol":
        return "•"
    before = [child for child in item.itersiblings("li", preceding=True)]
    return f"{len(before) + 1}."


def get_fonts(*texts):
    """Return ``(plain, bold, missing)`` for a card, and the signs that none has.

    One font for all of a card: half a name in another one looks like a mistake.
    """
    signs = {sign for text in texts for sign in clean(text)} - set("\n\r\t\xa0")
    plain, bold = load_font(LATO % "Reg"), load_font(LATO % "Bol")
    if all(plain.has(sign) and bold.has(sign) for sign in signs):
        return plain, bold, ""
    plain, bold = load_font(NOTO), load_font(NOTO, BOLD_WEIGHT)
    return plain, bold, "".join(sorted(sign for sign in signs if not plain.has(sign)))


class Words:
    """The words of a paragraph, measured once for all sizes."""

    def __init__(self, paragraph, plain, bold):
        self.bullet = paragraph.bullet
        self.plain = plain
        self.space = plain.width(" ")
        # Words are lists of (text, font, width); None is a line break.
        self.words = []
        glued = False
        for text, is_bold in paragraph.runs:
            font = bold if is_bold else plain
            if text == "\n":
                self.words.append(None)
                glued = False
                continue
            parts = text.split(" ")
            for index, part in enumerate(parts):
                if index:
                    glued = False
                if not part:
                    continue
                part = part.replace("\xa0", " ")
                piece = (part, font, font.width(part))
                if glued and self.words and self.words[-1] is not None:
                    self.words[-1].append(piece)
                else:
                    self.words.append([piece])
                glued = True
        while self.words and self.words[-1] is None:
            self.words.pop()
        while self.words and self.words[0] is None:
            self.words.pop(0)

    def wrap(self, width):
        """Return lines, each a list of words, for a width in sizes of the font."""
        lines, line, used = [], [], 0.0
        for word in self.words:
            if word is None:
                lines.append(line)
                line, used = [], 0.0
                continue
            for part in self._break(word, width):
                wide = sum(piece[2] for piece in part)
                if line and used + self.space + wide > width:
                    lines.append(line)
                    line, used = [], 0.0
                used += wide + (self.space if line else 0)
                line.append(part)
        lines.append(line)
        return lines

    @staticmethod
    def _break(word, width):
        """A word that is wider than a line, such as an address, goes on in the next."""
        if sum(piece[2] for piece in word) <= width:
            return [word]
        parts, part, used = [], [], 0.0
        for text, font, _width in word:
            for sign in text:
                wide = font.width(sign)
                if part and used + wide > width:
                    parts.append(part)
                    part, used = [], 0.0
                if part and part[-1][1] is font:
                    before = part.pop()
                    part.append((before[0] + sign, font, before[2] + wide))
                else:
                    part.append((sign, font, wide))
                used += wide
        return [*parts, part]


def _join(line):
    """Return the pieces of a line, ``(text, font)``, as few as there can be."""
    pieces = []
    for word in line:
        for index, (text, font, _width) in enumerate(word):
            blank = " " if not index and pieces else ""
            if pieces and pieces[-1][1] is font:
                pieces[-1] = (pieces[-1][0] + blank + text, font)
            else:
                if blank:
                    # The blank belongs to what is before it.
                    pieces[-1] = (pieces[-1][0] + " ", pieces[-1][1])
                pieces.append((text, font))
    return pieces


def _sizes(largest, smallest, step=0.25):
    size = largest
    while size >= smallest:
        yield size
        size -= step


@dataclass
class _Line:
    """A line of set text: in sizes of the font, what it keeps free and is moved by."""

    pieces: list
    indent: float = 0
    bullet: str = ""
    gap: float = 0
    # So many lines, with this one, stay together.
    keep: int = 1


def _break_lines(measured, width, gap):
    """Return the lines of measured paragraphs, for a width in sizes of the font."""
    lines = []
    before = None
    for words in measured:
        indent = BULLET_INDENT if words.bullet else 0
        wrapped = words.wrap(width - indent)
        for number, line in enumerate(wrapped):
            space = 0
            if not number and before:
                # Items of a list stand closer together than paragraphs.
                space = gap * (0.4 if before.bullet and words.bullet else 1)
            bullet = "" if number else words.bullet
            keep = len(wrapped) if not number and len(wrapped) <= KEPT_LINES else 1
            lines.append(_Line(_join(line), indent, bullet, space, keep))
        before = words
    return lines


def _flow(lines, size, zones):
    """Return ``(line, left, baseline)`` of lines in zones, one after the other.

    :return: ``None`` when they do not fit
    """
    placed = []
    rest = list(zones)
    left, y, bottom = None, None, None
    for line in lines:
        top = None if y is None else y + line.gap * size
        needed = line.keep * size * LINE_HEIGHT - 0.01
        if top is None or top + needed > bottom:
            if not rest:
                return None
            left, top, _right, bottom = rest.pop(0)
            if top + needed > bottom:
                return None
        placed.append((line, left + line.indent * size, top + size * 0.95))
        y = top + size * LINE_HEIGHT
    return placed


def _set_text(side, paragraphs, zones, sizes, fonts, colour=BLACK, gap=0.5):
    """Set paragraphs into a zone, or from one into the next, as large as they fit.

    :return: whether they fit
    """
    plain, bold = fonts
    measured = [Words(paragraph, plain, bold) for paragraph in paragraphs]
    width = min(right - left for left, _top, right, _bottom in zones)
    for size in _sizes(*sizes):
        placed = _flow(_break_lines(measured, width / size, gap), size, zones)
        if placed is not None:
            break
    else:
        return False
    for line, left, baseline in placed:
        if line.bullet:
            start = left - line.indent * size
            side.add("text", start, baseline, plain, size, colour, line.bullet)
        for text, font in line.pieces:
            side.add("text", left, baseline, font, size, colour, text)
            left += font.width(text) * size
    return True


def _plain_paragraph(text, bold=False):
    return Paragraph([(WHITE_SPACE.sub(" ", clean(text)), bold)])


# === LAYOUT ===


def lay_out(card):
    """Return ``(front, back, problems)`` of a card.

    ``problems`` are pairs of a code and a detail: ``title``, ``text``, ``sender`` or
    ``address`` do not fit even in the smallest type; ``signs`` cannot be printed.
    """
    paragraphs = read_html(card.body)
    plain, bold, missing = get_fonts(
        card.title,
        card.contact,
        *card.sender,
        *card.address,
        *(p.bullet for p in paragraphs),
        *(text for p in paragraphs for text, _bold in p.runs),
    )
    front, back = Side(), Side()
    if missing:
        return front, back, [("signs", missing)]
    problems = []
    if not _lay_out_front(front, card, (plain, bold)):
        problems.append(("title", ""))
    problems += _lay_out_back(back, card, paragraphs, (plain, bold))
    return front, back, problems


def get_picture_size(size):
    """Return width and height in inches of the place for the picture."""
    width, height = size.paper
    return width / INCH, (height - size.band) / INCH


def get_fingerprint(*sides):
    """Return a name for what these sides look like: another look, another name."""
    digest = sha256()
    for side in sides:
        for kind, *values in side.shapes:
            digest.update(kind.encode())
            for value in values:
                if isinstance(value, bytes):
                    digest.update(sha256(value).digest())
                else:
                    if isinstance(value, PrintFont):
                        value = (value.name, value.weight)
                    digest.update(repr(value).encode())
    return digest.hexdigest()[:32]


def get_text(side):
    """Return what stands on a side, for those who cannot see it."""
    return " ".join(shape[-1] for shape in side.shapes if shape[0] == "text")


def _lay_out_front(side, card, fonts):
    size = card.size
    width, height = size.paper
    top = height - size.band
    edge = BLEED + MARGIN
    if card.picture:
        side.add("picture", card.picture, 0, 0, width, top)
    else:
        side.add("rect", 0, 0, width, top, _lighten(card.accent, 0.88))
    side.add("rect", 0, top, width, size.band, card.accent)
    on_dark = _is_dark(card.accent)
    colour, quiet = (WHITE, (215, 222, 230)) if on_dark else (BLACK, GREY)
    bottom = height - BLEED - MARGIN * 0.8
    right = width - edge
    if card.logo and (box := _fit_logo(card, right, top, bottom)):
        left, logo_top, logo_width, logo_height = box
        pad = 5
        side.add(
            "rect",
            left - pad,
            logo_top - pad,
            logo_width + 2 * pad,
            logo_height + 2 * pad,
            WHITE,
        )
        side.add("picture", card.logo, left, logo_top, logo_width, logo_height)
        right = left - 2 * pad - 6
    small = size.sender[0]
    contact_top = bottom - small * LINE_HEIGHT
    # The line of the shop gives way first: its name is on the other side as well.
    contact = [_plain_paragraph(card.contact)] if card.contact else []
    _set_text(
        side,
        contact,
        [(edge, contact_top, right, bottom)],
        (small, size.sender[1]),
        fonts,
        quiet,
    )
    return _set_text(
        side,
        [_plain_paragraph(card.title, bold=True)],
        [(edge, top + size.band * 0.1, right, contact_top - 1)],
        size.title,
        fonts,
        colour,
    )


def _fit_logo(card, right, top, bottom):
    picture = load_picture(card.logo)
    room_width, room_height = card.size.width * 0.22, (bottom - top) * 0.78
    scale = min(room_width / picture.width, room_height / picture.height)
    width, height = picture.width * scale, picture.height * scale
    middle = (top + bottom + MARGIN * 0.2) / 2
    return right - width - 5, middle - height / 2, width, height


def _lay_out_back(side, card, paragraphs, fonts):
    size = card.size
    left, top, right, bottom = size.text_zone
    problems = []
    name, *lines = card.sender or [""]
    paragraph = Paragraph([(clean(name), True)])
    for line in lines:
        paragraph.runs += [("\n", False), (WHITE_SPACE.sub(" ", clean(line)), False)]
    largest, smallest = size.sender
    # Measured alone, so that the text begins where the sender ends.
    head = Side()
    zone = (left, top, right, top + (bottom - top) * 0.36)
    if not _set_text(head, [paragraph], [zone], (largest, smallest), fonts, GREY):
        problems.append(("sender", ""))
    side.shapes += head.shapes
    ends = [shape[2] for shape in head.shapes if shape[0] == "text"]
    rule = max(ends, default=top) + largest * 0.75
    side.add("rect", left, rule, 28, 1.6, card.accent)
    text_zone = (left, rule + largest * 0.9, right, bottom)
    usual, comfortable, smallest = size.body
    # Rather than in very small print, long text goes on above the address.
    if not (
        _set_text(side, paragraphs, [text_zone], (usual, comfortable), fonts)
        or _set_text(
            side, paragraphs, [text_zone, size.more_zone], (usual, smallest), fonts
        )
    ):
        problems.append(("text", ""))
    if card.has_stamp:
        x = BLEED + size.width - MARGIN - STAMP_WIDTH
        side.add("frame", x, BLEED + MARGIN, STAMP_WIDTH, STAMP_HEIGHT, LIGHT_GREY)
    if card.address and not _set_text(
        side,
        _get_address_lines(card.address),
        [size.address_zone],
        size.address,
        fonts,
        gap=0,
    ):
        problems.append(("address", ""))
    return problems


def _get_address_lines(address):
    return [_plain_paragraph(line) for line in address]


def _lighten(colour, part):
    return tuple(round(value + (255 - value) * part) for value in colour)


def _is_dark(colour):
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue < 150


def read_colour(text):
    """Return ``#rrggbb`` as numbers, or the usual colour."""
    found = re.fullmatch(r"#([0-9a-fA-F]{6})", text or "")
    return tuple(bytes.fromhex(found[1])) if found else ACCENT


# === PDF ===


@lru_cache(maxsize=32)
def load_picture(data):
    """Return the picture in ``data``, the same object for the same bytes."""
    return PdfPicture(data)


class PostcardPdf:
    """A PDF of postcards of one size, two pages each; see ``PdfStream``.

    :param sides: which sides go in, of ``front`` and ``back``
    """

    def __init__(self, file, size, title="", sides=("front", "back")):
        self.size = size
        self.sides = sides
        width, height = size.paper
        self.height = height
        self.pdf = PdfStream(
            file,
            (0, 0, width, height),
            (BLEED, BLEED, width - BLEED, height - BLEED),
            title,
        )

    def add(self, front, back):
        for name, side in (("front", front), ("back", back)):
            if name in self.sides:
                self.pdf.add_page(b"\n".join(map(self._draw, side.shapes)))

    def close(self):
        self.pdf.close()

    def _draw(self, shape):
        return getattr(self, f"_draw_{shape[0]}")(*shape[1:])

    def _draw_rect(self, left, top, width, height, colour):
        return b"%s %.2f %.2f %.2f %.2f re f" % (
            _pdf_colour(colour),
            left,
            self.height - top - height,
            width,
            height,
        )

    def _draw_frame(self, left, top, width, height, colour):
        return b"%s 0.5 w %.2f %.2f %.2f %.2f re S" % (
            _pdf_colour(colour).upper(),
            left,
            self.height - top - height,
            width,
            height,
        )

    def _draw_text(self, left, baseline, font, size, colour, text):
        name, signs = self.pdf.encode(font, text)
        # A font without a bold one is drawn around as well.
        bold = (
            b"2 Tr %s %.2f w " % (_pdf_colour(colour).upper(), font.weight * size)
            if font.weight
            else b""
        )
        return b"BT %s %s%s %.2f Tf %.2f %.2f Td <%s> Tj%s ET" % (
            _pdf_colour(colour),
            bold,
            name,
            size,
            left,
            self.height - baseline,
            signs,
            b" 0 Tr" if bold else b"",
        )

    def _draw_picture(self, data, left, top, width, height):
        picture = load_picture(data)
        scale = max(width / picture.width, height / picture.height)
        wide, high = picture.width * scale, picture.height * scale
        bottom = self.height - top - height
        return b"q %.2f %.2f %.2f %.2f re W n %.4f 0 0 %.4f %.2f %.2f cm %s Do Q" % (
            left,
            bottom,
            width,
            height,
            wide,
            high,
            left - (wide - width) / 2,
            bottom - (high - height) / 2,
            self.pdf.get_picture(picture),
        )


def _pdf_colour(colour):
    """Greys go to the printer as black ink alone, so that text is crisp."""
    red, green, blue = (value / 255 for value in colour)
    if red == green == blue:
        return b"%.3f g" % red
    return b"%.3f %.3f %.3f rg" % (red, green, blue)


# === PNG ===

# Drawn larger and shrunk: small type looks better so.
OVERSAMPLING = 2


def draw_png(side, size, width, trimmed=True):
    """Return a side as a PNG file, ``width`` pixels wide, as it is after the cut."""
    paper_width, paper_height = size.paper
    scale = width / (size.width if trimmed else paper_width) * OVERSAMPLING
    image = Image.new(
        "RGB", (round(paper_width * scale), round(paper_height * scale)), WHITE
    )
    draw = ImageDraw.Draw(image)
    for kind, *values in side.shapes:
        if kind == "text":
            left, baseline, font, points, colour, text = values
            draw.text(
                (left * scale, baseline * scale),
                text,
                fill=colour,
                font=_get_screen_font(font.path, round(points * scale)),
                anchor="ls",
                stroke_width=round(font.weight * points * scale / 2),
                stroke_fill=colour,
            )
        elif kind == "picture":
            _paste(image, scale, *values)
        else:
            left, top, wide, high, colour = values
            box = [v * scale for v in (left, top, left + wide, top + high)]
            if kind == "rect":
                draw.rectangle(box, fill=colour)
            else:
                draw.rectangle(box, outline=colour, width=OVERSAMPLING)
    if trimmed:
        edge = BLEED * scale
        image = image.crop(
            (
                round(edge),
                round(edge),
                round(edge + size.width * scale),
                round(edge + size.height * scale),
            )
        )
    height = round(width * image.height / image.width)
    image = image.resize((width, height), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=False, compress_level=6)
    return file.getvalue()


@lru_cache(maxsize=64)
def _get_screen_font(path, size):
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def _paste(image, scale, data, left, top, width, height):
    target = round(width * scale), round(height * scale)
    image.paste(
        _get_screen_picture(data, target), (round(left * scale), round(top * scale))
    )


@lru_cache(maxsize=16)
def _get_screen_picture(data, target):
    """Return a picture that fills ``target`` pixels, cut where it must be."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.draft("RGB", target)
        picture = flatten(picture)
    scale = max(target[0] / picture.width, target[1] / picture.height)
    wide, high = (max(1, round(v * scale)) for v in picture.size)
    picture = picture.resize((wide, high), Image.Resampling.BILINEAR, reducing_gap=2)
    left, top = (wide - target[0]) // 2, (high - target[1]) // 2
    return picture.crop((left, top, left + target[0], top + target[1]))
