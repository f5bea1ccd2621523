# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Phone numbers as they are kept and as texts need them. Knows no records."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from odoo.exceptions import UserError

from odoo.addons.phone_validation.tools import phone_validation

# In North America a number does not tell a mobile from a landline.
MOBILE_TYPES = frozenset((PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE))
# The only letters of a number that say nothing a person would miss.
KNOWN_WORDS = re.compile(
    r"^tel:|[\s,;]*(?:e?xt(?:n|ensi[oó]n)?|x|int|anexo|доб)[\s:.,=-]*\d+#?$",
    re.IGNORECASE,
)


NUMBER_SIGNS = re.compile(r"[\d\s()+./-]+")
NORTH_AMERICA = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")
E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def parse_number(number, country_code=None):
    """Return the ``phonenumbers.PhoneNumber`` of what a person typed, or ``None``.

    ``None`` for everything that is not, as a whole, one valid number: words beside
    the number ("ask for Bob") would be lost, so they make it unreadable.

    :param number: what was typed, may be empty
    :param country_code: two-letter code that numbers without ``+`` belong to
    """
    if not number or not (number := number.strip()):
        return None
    try:
        parsed = phone_validation.phone_parse(number, country_code)
    except UserError:
        return None
    if any(char.isalpha() for char in KNOWN_WORDS.sub("", number)):
        return None
    return parsed


def is_e164(number):
    """Whether ``number`` has the form of E.164: a plus sign and up to 15 digits."""
    return bool(number and E164.fullmatch(number))


def normalize_number(number, country_code=None):
    """Return ``number`` as E.164 (with `` ext. 5`` when it has an extension).

    What cannot be read stays exactly as typed, so that nothing is ever lost.
    """
    parsed = parse_number(number, country_code)
    if parsed is None:
        return number
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    return f"{e164} ext. {parsed.extension}" if parsed.extension else e164


def text_number(number, country_code=None):
    """Return the E.164 number that a text can go to, or ``False``.

    A number with an extension is a switchboard: nobody would get the text.
    """
    parsed = parse_number(number, country_code)
    if (
        parsed is None
        or parsed.extension
        or phonenumbers.number_type(parsed) not in MOBILE_TYPES
    ):
        return False
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


@lru_cache(maxsize=8192)
def format_number(number, country_code=None):
    """Return a number that is kept as E.164 as people write it.

    The way of the country within it ("(512) 555-0123"), else the international one
    ("+44 20 7946 0958"). What is no such number stays as it is.

    :param number: as `normalize_number` returns it, may be empty
    :param country_code: two-letter code of those who read it
    """
    if not number or not number.startswith("+"):
        return number
    if calling_code(country_code) == 1 and (parts := NORTH_AMERICA.fullmatch(number)):
        # What nearly all of them are, two hundred times as fast.
        return "({}) {}-{}".format(*parts.groups())
    parsed = parse_number(number)
    if parsed is None:
        return number
    own = country_code and parsed.country_code == calling_code(country_code)
    style = PhoneNumberFormat.NATIONAL if own else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def to_kept_digits(text):
    """Return a number, or a part of one, as it stands within one that is kept.

    For a search: "(512) 555" is found in +15125550123. Other words stay as they are.
    """
    if not NUMBER_SIGNS.fullmatch(text):
        return text
    return re.sub(r"\D", "", text) or text


def calling_code(country_code):
    """Return the telephone code of a country, such as 1 for US; 0 when unknown."""
    return phonenumbers.country_code_for_region(country_code or "")
