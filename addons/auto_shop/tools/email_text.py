# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""The plain text beside an e-mail: what telephones preview and screen readers read.

Odoo's own conversion puts the points of a list in one line, names pictures, and moves
each address to the end of the text.
"""

import re

from lxml import html as lxml_html
from lxml.etree import ParserError

# How many line ends are around an element, at least.
_ENDS = {
    **dict.fromkeys(("div", "li", "td", "th", "tr"), 1),
    **dict.fromkeys(("blockquote", "hr", "ol", "p", "table", "ul"), 2),
    **dict.fromkeys((f"h{level}" for level in range(1, 7)), 2),
}
_SILENT = frozenset(("head", "img", "script", "style", "title"))
_BLANKS = re.compile(r"[ \t\r\n\f]+")


def email_to_text(source):
    """Return an HTML e-mail as plain text, paragraphs apart, links in their place."""
    try:
        document = lxml_html.document_fromstring(source)
    except ParserError:
        # Nothing in it, or nothing but comments.
        return ""
    text, ends = "", 0
    for part in _read(document):
        if isinstance(part, int):
            ends = max(ends, part)
        elif part.strip(" ") or (part and text and not ends):
            # What follows the sign of a point stays on its line.
            glued = text.endswith(_GLUE)
            text = text.removesuffix(_GLUE) + "\n" * (0 if glued else ends) + part
            ends = 0
    lines = [line.strip() for line in text.removesuffix(_GLUE).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


# Behind the sign of a point: no text of an e-mail has it, an HTML parser drops it.
_GLUE = "\0"


def _read(node):
    """Yield text, and for the edges of elements the number of line ends there."""
    if isinstance(node.tag, str) and node.tag not in _SILENT:
        ends = _ENDS.get(node.tag, 0)
        yield ends
        if node.tag == "li":
            yield _get_bullet(node) + _GLUE
        if node.tag == "br":
            yield "\n"
        yield _flatten(node.text)
        for child in node:
            yield from _read(child)
        if node.tag == "a":
            yield _get_address(node)
        yield ends
    yield _flatten(node.tail)


def _flatten(text):
    return _BLANKS.sub(" ", text or "")


def _get_bullet(item):
    parent = item.getparent()
    if parent is None or parent.tag != "ol":
        return "- "
    return f"{1 + sum(1 for _item in item.itersiblings('li', preceding=True))}. "


def _get_address(link):
    """Return where a link leads, unless its text says so."""
    address = (link.get("href") or "").strip()
    said = "".join(link.itertext())
    told = address.startswith(("#", "tel:")) or said.strip() in (
        address,
        address.removeprefix("mailto:"),
    )
    return "" if told or not address else f" <{address}>"
