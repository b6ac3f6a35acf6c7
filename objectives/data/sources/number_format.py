"""How numbers are written: decimal and thousands marks, units, signs; and what is not a number."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

PLAIN = (
    r"[+-]?(?:"
    r"(?:0|[1-9][0-9]*)(?:[eE][+-][0-9]+)?"
    r"|(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    r"|[iI]nf(?:inity)?)"
)
"""A number as programs write it: no zeros before it, `1e-05` and `1.5E3` but not `1E2`."""
PLAIN_LINES = re.compile(rf"(?:{PLAIN}\n)*+")
AMBIGUOUS_LINES = re.compile(r"(?:[+-]?(?:0|[1-9][0-9]{0,2}(?:\.[0-9]{3})?)\n)*+")
"""Whole numbers below 1000, and such that are a thousand or a fraction."""
LONG_INTEGER = re.compile(r"^[+-]?[0-9]{16,}$", re.MULTILINE)
FIRST_INEXACT_INTEGER = 2**53
"""From here on, a float cannot tell one whole number from the next: it is a name."""
UNITS = (
    r"%|‰|°[CF]?|[a-zA-Z]?[$€£¥₹₽₩₺₪₫฿]"
    r"|USD|EUR|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|BRL|kr|Rs\.?"
)
MEASURES = (
    r"kg|g|mg|µg|t|lbs?|oz|km|m|cm|mm|µm|nm|mi|ft|in|km/h|mph|m/s|s|ms|min|h|hrs?|days?|years?|"
    r"kWh|kW|W|mV|V|mA|A|Hz|kHz|MHz|GHz|kB|MB|GB|TB|l|ml|dl|m²|m2|km²|sqft|cc|hp|bpm|mmHg|kcal|K"
)
NUMBER = re.compile(
    rf"(?P<sign>[+-]?)\s*(?P<before>{UNITS})?\s*(?P<inner>[+-]?)"
    r"(?P<digits>[0-9][0-9.,' ]*(?<![ '])|[.,][0-9]+)(?P<exponent>[eE][+-]?[0-9]+)?"
    rf"\s*(?P<after>{UNITS}|{MEASURES}|[a-zA-Z]{{1,6}})?(?P<behind>-?)"
)
KNOWN_UNIT = re.compile(f"{UNITS}|{MEASURES}")
SPACED_DIGITS = re.compile(r"[1-9][0-9]{0,2}(?:([ '])[0-9]{3})(?:\1[0-9]{3})*(?![0-9])")
GROUPED = {
    ",": re.compile(r"(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)?(?:,[0-9]*)?"),
    ".": re.compile(r"(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)?(?:\.[0-9]*)?"),
}
"""Digits with each decimal mark: the other mark, if there is one, stands before each thousand."""
THOUSAND_OR_FRACTION = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
"""What is a thousand by one decimal mark and a fraction by the other."""
LOOKALIKES = str.maketrans(
    {"\u2212": "-", "\xa0": " ", "\u2009": " ", "\u202f": " ", "\u2019": "'"}
)


class NumberFormat(NamedTuple):
    """How the numbers of a column are written.

    Attributes:
        decimal: The decimal mark, `.` or `,`; nothing if no number has a mark.
        unit: The unit that stands before or behind each, such as `$` or `%`.
        grouped: Whether marks stand before thousands.
    """

    decimal: str = ""
    unit: str = ""
    grouped: bool = False


class AmbiguousNumberError(ValueError):
    """A number that is a thousand by one decimal mark and a fraction by the other."""


class MixedFormatError(ValueError):
    """Numbers that are not written in one way, such as with several units."""


class _NumberParts(NamedTuple):
    sign: str
    digits: str
    exponent: str
    unit: str
    spaced: bool


def are_plain_numbers(texts: Sequence[str]) -> bool:
    """Says whether all texts are numbers as programs write them, of which floats are made at once.

    Whole numbers that a float cannot hold are not, nor are those that may be thousands.
    """
    lines = "\n".join(texts) + "\n"
    if lines.count("\n") != len(texts) or not PLAIN_LINES.fullmatch(lines):
        return False
    if are_ambiguous_numbers(texts):
        return False
    return not any(_is_inexact(match[0]) for match in LONG_INTEGER.finditer(lines))


def are_ambiguous_numbers(texts: Sequence[str]) -> bool:
    """Says whether all are whole numbers below 1000 or such as 1.234, which may be a thousand."""
    lines = "\n".join(texts) + "\n"
    return "." in lines and AMBIGUOUS_LINES.fullmatch(lines) is not None


def infer_number_format(
    texts: Iterable[str], decimal: str | None = None, allow_codes: bool = False
) -> NumberFormat:
    """Returns how the numbers of a column are written, seen from all of them.

    Args:
        texts: The different values of a column, without those that are missing.
        decimal: The decimal mark, where the numbers do not say it.
        allow_codes: Whether `007`, `1E2` and numbers that no float can hold are numbers too.

    Raises:
        AmbiguousNumberError: If they could be thousands as well as fractions.
        ValueError: If one of them is not a number.
    """
    found = [_split_number(text) for text in texts]
    units = {one.unit for one in found if one.unit or one.digits.strip("0.,")}
    if any(unit and not KNOWN_UNIT.fullmatch(unit) for unit in units) and len(units) > 1:
        raise ValueError("codes such as 3A and 3B")
    if len(units) > 1:
        least, most = (repr(unit) if unit else "none" for unit in (min(units), max(units)))
        raise MixedFormatError(f"numbers with different units, such as {least} and {most}")
    unit = units.pop() if units else ""
    digits = [one.digits for one in found]
    mark = _find_decimal_mark(found, unit, decimal)
    for one in found:
        if allow_codes:
            continue
        if not GROUPED[mark or "."].fullmatch(one.digits) or _is_inexact(one.digits):
            raise ValueError(f"{one.digits} is not a number")
    fractions = any(mark and mark in one for one in digits)
    if unit and not fractions and not KNOWN_UNIT.fullmatch(unit):
        raise ValueError(f"{unit} may be part of a name, such as 3B")
    signed = any(one.exponent[1:2] in ("+", "-") for one in found if one.exponent)
    if any(one.exponent for one in found) and not (fractions or signed or allow_codes):
        raise ValueError("exponents without fractions are codes")
    other = {".": ",", ",": "."}.get(mark, "")
    grouped = any(one.spaced for one in found) or any(other and other in one for one in digits)
    return NumberFormat(mark, unit, grouped)


def parse_number(text: str, decimal: str, unit: str = "") -> float:
    """Returns the number that a text is.

    Args:
        text: With or without a unit and marks of thousands.
        decimal: The decimal mark; nothing means a point.
        unit: The unit that it may have.

    Raises:
        ValueError: If it is not a number, or has another unit.

    Example:
        >>> parse_number("1.234,50 €", ",", "€")
        1234.5
    """
    decimal = decimal or "."
    if re.fullmatch(r"[+-]?inf(inity)?", text, re.IGNORECASE):
        return float(text)
    one = _split_number(text)
    other = "," if decimal == "." else "."
    if one.unit not in ("", unit):
        raise ValueError(f"{text!r} has another unit than {unit!r}")
    if not re.fullmatch(r"0*", one.digits) and not GROUPED[decimal].fullmatch(
        one.digits.lstrip("0") or "0"
    ):
        raise ValueError(f"{text!r} is not a number")
    plain = one.digits.replace(other, "").replace(decimal, ".")
    return float(f"{one.sign}{plain}{one.exponent}")


def _split_number(text: str) -> _NumberParts:
    """Splits a number into its sign, digits with marks, exponent and unit.

    Raises:
        ValueError: If it is not a number.
    """
    plain = unicodedata.normalize("NFC", text.translate(LOOKALIKES)).strip()
    bracketed = plain.startswith("(") and plain.endswith(")")
    found = NUMBER.fullmatch(plain[1:-1].strip() if bracketed else plain)
    if found is None:
        raise ValueError(f"{text!r} is not a number")
    signs = [found["sign"], found["inner"], found["behind"], "-" if bracketed else ""]
    if sum(map(bool, signs)) > 1 or (found["before"] and found["after"]):
        raise ValueError(f"{text!r} is not a number")
    digits, spaced = found["digits"], False
    if " " in digits or "'" in digits:
        if SPACED_DIGITS.match(digits) is None:
            raise ValueError(f"{text!r} is not a number")
        digits, spaced = re.sub("[ ']", "", digits), True
    unit = found["before"] or found["after"] or ""
    return _NumberParts("".join(signs), digits, found["exponent"] or "", unit, spaced)


def _find_decimal_mark(parts: Iterable[_NumberParts], unit: str, decimal: str | None) -> str:
    """Returns the decimal mark of numbers, or nothing where no mark is in them."""
    sure, either, bare = set(), set(), []
    for one, exponent in ((part.digits, part.exponent) for part in parts):
        marks = [letter for letter in one if letter in ".,"]
        if not marks:
            bare.append(one)
        elif len(set(marks)) == 2:
            sure.add(marks[-1])
        elif len(marks) > 1:
            sure.add("," if marks[0] == "." else ".")
        elif THOUSAND_OR_FRACTION.fullmatch(one) and not exponent:
            either.add(one)
        else:
            sure.add(marks[0])
    if len(sure) > 1:
        raise MixedFormatError("numbers with decimal points and with decimal commas")
    if sure or not either:
        return next(iter(sure), "")
    if decimal:
        return decimal
    return _likely_decimal_mark(either, unit, bare)


def _likely_decimal_mark(either: set[str], unit: str, bare: Sequence[str]) -> str:
    """Returns the decimal mark of numbers that each could be a thousand or a fraction."""
    commas = [one for one in either if "," in one]
    below_thousand = all(len(one.lstrip("0")) < 4 for one in bare)
    whole = bool(bare) and below_thousand
    if len(commas) == len(either):
        money = unicodedata.category(unit[-1:] or "x") == "Sc"
        round_ = len(either) > 2 and all(one.endswith("0") for one in either)
        if below_thousand and (whole or money or round_):
            return "."
    elif not commas and not whole:
        return "."  # 1.250 and 3.125 as programs write them, without a whole number among them
    raise AmbiguousNumberError(min(either))


def _is_inexact(text: str) -> bool:
    """Says whether a whole number is so large that a float does not tell it from the next."""
    return LONG_INTEGER.fullmatch(text) is not None and abs(int(text)) >= FIRST_INEXACT_INTEGER
