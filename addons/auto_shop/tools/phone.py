# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Phone numbers as they are kept and as texts need them. Knows no records."""

import re

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
