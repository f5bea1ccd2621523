# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""How many SMS segments a text takes (3GPP TS 23.038, section 6.2.1)."""

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€\f")
GSM_SINGLE, GSM_MULTI = 160, 153
UCS2_SINGLE, UCS2_MULTI = 70, 67
# Typography that says the same in the GSM alphabet. One of these alone, such as the
# narrow space that the Unicode locales put before "PM", would more than double the
# price of a text.
PLAIN = str.maketrans(
    {
        # Blanks that do not break, or have a width of their own.
        "\u00a0": " ",
        **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),
        "\u202f": " ",
        # Signs that nobody sees.
        "\u00ad": "",
        "\u200b": "",
        "\u2060": "",
        "\ufeff": "",
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
    }
)


def use_plain_signs(text):
    """Return ``text`` with typographic signs in their plain form."""
    return text.translate(PLAIN)


def count_segments(text):
    """Return ``(segments, characters, is_unicode)`` of ``text``.

    Characters are counted as the network does: an extended GSM character takes
    two septets, a character outside the basic plane two UCS-2 units. A character
    that takes two places is never split over two segments.
    """
    text = text or ""
    if not text:
        return 0, 0, False
    is_unicode = not all(c in GSM_BASIC or c in GSM_EXTENDED for c in text)
    if is_unicode:
        widths = [2 if ord(c) > 0xFFFF else 1 for c in text]
        single, multi = UCS2_SINGLE, UCS2_MULTI
    else:
        widths = [2 if c in GSM_EXTENDED else 1 for c in text]
        single, multi = GSM_SINGLE, GSM_MULTI
    total = sum(widths)
    if total <= single:
        return 1, total, is_unicode
    segments, used = 1, 0
    for width in widths:
        if used + width > multi:
            segments, used = segments + 1, 0
        used += width
    return segments, total, is_unicode
