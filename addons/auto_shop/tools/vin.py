# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
"""Vehicle identification numbers and plates, without records.

Source of the rules: 49 CFR 565 (length, letters, check digit). What a VIN means
comes from NHTSA's vPIC data inside the ``ultravin`` package: nothing leaves the
machine.
"""

import re

import ultravin

from odoo.tools import SQL

VIN_LENGTH = 17
# 49 CFR 565.15(c), table III: value of each letter for the check digit.
_VALUES = {
    **{str(digit): digit for digit in range(10)},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMN", range(1, 6), strict=True)),
    **{"P": 7, "R": 9},
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
# 49 CFR 565.15(c), table IV: weight of each position; the check digit weighs none.
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_CHECK_POSITION = 8

# vPIC: characters that the manufacturer's own submission does not explain.
_DOUBTFUL_CODES = {2, 3, 4, 5, 14}
_CONFIGURATIONS = {
    "V-Shaped": "V",
    "In-Line": "I",
    "W Shaped": "W",
    "Horizontally opposed (boxer)": "H",
}
# Below this many litres an engine is spoken of in cubic centimetres.
_SMALL_ENGINE = 0.95
_SMALL_WORDS = {"and", "de", "for", "in", "la", "of", "the"}


def normalize_vin(text):
    """Return ``text`` in upper case without blanks and dashes, or ``False``."""
    return re.sub(r"[\s\-\u2010-\u2015]+", "", text or "").upper() or False


def plate_key(text):
    """Return letters and digits of a plate only, in upper case, or ``False``.

    Plates are read aloud and typed in many ways: "7abc 123" is "7ABC-123".
    """
    return "".join(char for char in (text or "").upper() if char.isalnum()) or False


def check_digit(vin):
    """Return the check digit that a VIN of 17 valid characters should carry."""
    remainder = (
        sum(_VALUES[char] * weight for char, weight in zip(vin, _WEIGHTS, strict=True))
        % 11
    )
    return "X" if remainder == 10 else str(remainder)


def vin_problem(vin):
    """Return what is wrong with a normalised VIN, ``False`` when nothing is.

    ``length``: not 17 characters; ``letters``: has a character that no VIN has
    (I, O, Q, signs); ``check_digit``: mistyped, or made for a market that has no
    check digits. An empty VIN has no problem.
    """
    if not vin:
        return False
    if not set(vin) <= _VALUES.keys():
        return "letters"
    if len(vin) != VIN_LENGTH:
        return "length"
    if vin[_CHECK_POSITION] != check_digit(vin):
        return "check_digit"
    return False


def vin_valid_sql(vin):
    """Return as SQL whether a VIN has no :func:`vin_problem`; false for none.

    For what is asked of a million vehicles at once.

    :param SQL vin: an expression
    """
    letters = "".join(char for char in _VALUES if not char.isdigit())
    digits = SQL(
        "translate(%s, %s, %s)",
        vin,
        letters,
        "".join(str(_VALUES[char]) for char in letters),
    )
    remainder = SQL(
        "(%s) %% 11",
        SQL(" + ").join(
            SQL("substr(%s, %s, 1)::int * %s", digits, position, weight)
            for position, weight in enumerate(_WEIGHTS, 1)
            if weight
        ),
    )
    return SQL(
        """CASE WHEN %(vin)s ~ %(shape)s
                THEN substr(%(vin)s, %(check)s, 1) = CASE %(remainder)s WHEN 10 THEN 'X'
                     ELSE (%(remainder)s)::text END
                ELSE FALSE END""",
        vin=vin,
        shape=f"^[{''.join(_VALUES)}]{{{VIN_LENGTH}}}$",
        check=_CHECK_POSITION + 1,
        remainder=remainder,
    )


def decode_vins(vins):
    """Return ``{vin: values}`` for normalised VINs, decoded side by side.

    Values: ``year`` (int), ``make``, ``model`` (as vPIC writes them),
    ``submodel``, ``engine`` (text), each false when the VIN does not tell, and
    ``doubtful`` (bool): some characters mean nothing for this manufacturer.
    """
    vins = list(dict.fromkeys(vins))
    return {
        vin: _read_decoded(decoded)
        for vin, decoded in zip(vins, ultravin.decode_batch(vins), strict=True)
    }


def _read_decoded(decoded):
    attributes = {
        name: " ".join(value.split())
        for name, value in decoded["attributes"].items()
        if isinstance(value, str) and value != "Not Applicable"
    }
    return {
        "year": decoded["model_year"] or 0,
        "make": attributes.get("Make", ""),
        "model": attributes.get("Model", ""),
        "submodel": attributes.get("Trim") or attributes.get("Series", ""),
        "engine": _engine_text(attributes),
        "doubtful": bool(_DOUBTFUL_CODES.intersection(decoded["error_codes"])),
    }


def _engine_text(attributes):
    """Return an engine as a parts counter names it: "3.0L V6 J30A4"."""
    fuel = attributes.get("Fuel Type - Primary", "")
    electrification = attributes.get("Electrification Level", "")
    if electrification.startswith(("BEV", "FCEV")) or (
        fuel == "Electric" and not electrification
    ):
        return "Electric"
    parts = []
    litres = float(attributes.get("Displacement (L)") or 0)
    if litres:
        small = litres < _SMALL_ENGINE
        parts.append(f"{litres * 1000:.0f}cc" if small else f"{litres:.1f}L")
    cylinders = attributes.get("Engine Number of Cylinders")
    configuration = attributes.get("Engine Configuration", "")
    if configuration == "Rotary":
        parts.append(configuration)
    elif cylinders and configuration in _CONFIGURATIONS:
        parts.append(f"{_CONFIGURATIONS[configuration]}{cylinders}")
    elif cylinders:
        parts.append(f"{cylinders}cyl")
    # What follows the code in vPIC is prose about valves and injection.
    code = re.split(r"\s[-:(]|[,;(]", attributes.get("Engine Model", ""))[0].strip()
    if code:
        parts.append(code)
    if "Hybrid" in electrification or "PHEV" in electrification:
        parts.append("Hybrid")
    elif fuel == "Diesel":
        parts.append(fuel)
    return " ".join(parts)


def spell_name(name):
    """Return a make or model that vPIC writes in capitals as people write it.

    A name that has small letters already is kept. Words without a vowel or with
    a digit, and words of two letters, are taken for abbreviations.
    """
    name = " ".join((name or "").split())
    if name != name.upper():
        return name
    return " ".join(
        _spell_word(word, first=not position)
        for position, word in enumerate(name.split(" "))
    )


def _spell_word(word, first):
    if word.lower() in _SMALL_WORDS:
        return word.capitalize() if first else word.lower()
    letters = re.sub(r"[^A-Z]", "", word)
    if len(letters) < 3 or re.search(r"\d", word) or not re.search("[AEIOUY]", word):
        return word
    return "-".join(part.capitalize() for part in word.split("-"))
