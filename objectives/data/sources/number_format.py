"""Finds the format of numbers in text (decimal mark, thousands separators, unit).

Parses numbers in this format.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

PLAIN_NUMBER_PATTERN = (
    r"[+-]?(?:"
    r"(?:0|[1-9][0-9]*)(?:[eE][+-][0-9]+)?"
    r"|(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    r"|[iI]nf(?:inity)?)"
)
"""Matches numbers as programs write them, such as `1e-05` and `1.5E3`, but not `007` or `1E2`."""
PLAIN_NUMBER_LINES = re.compile(rf"(?:{PLAIN_NUMBER_PATTERN}\n)*+")
AMBIGUOUS_NUMBER_LINES = re.compile(r"(?:[+-]?(?:0|[1-9][0-9]{0,2}(?:\.[0-9]{3})?)\n)*+")
"""Matches integers below 1000, and numbers such as 1.234, which is a thousand or a fraction."""
LONG_INTEGER = re.compile(r"^[+-]?[0-9]{16,}$", re.MULTILINE)
FIRST_INEXACT_INTEGER = 2**53
"""The first integer that float64 cannot tell from the next one. Such integers are names."""
UNIT_PATTERN = (
    r"%|‰|°[CF]?|[a-zA-Z]?[$€£¥₹₽₩₺₪₫฿]"
    r"|USD|EUR|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|BRL|kr|Rs\.?"
)
MEASURE_UNIT_PATTERN = (
    r"kg|g|mg|µg|t|lbs?|oz|km|m|cm|mm|µm|nm|mi|ft|in|km/h|mph|m/s|s|ms|min|h|hrs?|days?|years?|"
    r"kWh|kW|W|mV|V|mA|A|Hz|kHz|MHz|GHz|kB|MB|GB|TB|l|ml|dl|m²|m2|km²|sqft|cc|hp|bpm|mmHg|kcal|K"
)
NUMBER_WITH_UNIT = re.compile(
    rf"(?P<sign>[+-]?)\s*(?P<before>{UNIT_PATTERN})?\s*(?P<inner>[+-]?)"
    r"(?P<digits>[0-9][0-9.,' ]*(?<![ '])|[.,][0-9]+)(?P<exponent>[eE][+-]?[0-9]+)?"
    rf"\s*(?P<after>{UNIT_PATTERN}|{MEASURE_UNIT_PATTERN}|[a-zA-Z]{{1,6}})?(?P<behind>-?)"
)
KNOWN_UNIT = re.compile(f"{UNIT_PATTERN}|{MEASURE_UNIT_PATTERN}")
SPACED_DIGITS = re.compile(r"[1-9][0-9]{0,2}(?:([ '])[0-9]{3})(?:\1[0-9]{3})*(?![0-9])")
GROUPED_DIGITS = {
    ",": re.compile(r"(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)?(?:,[0-9]*)?"),
    ".": re.compile(r"(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)?(?:\.[0-9]*)?"),
}
"""Matches digits with a given decimal mark; the other mark may separate thousands."""
THOUSAND_OR_FRACTION = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
"""Matches digits such as 1.234 or 1,234, which are a thousand or a fraction."""
ASCII_LOOKALIKES = str.maketrans(
    {"\u2212": "-", "\xa0": " ", "\u2009": " ", "\u202f": " ", "\u2019": "'"}
)


class NumberFormat(NamedTuple):
    """The format of the numbers of a column.

    Attributes:
        decimal: The decimal mark, `.` or `,`. It is empty if no number has a decimal mark.
        unit: The unit before or after each number, such as `$` or `%`.
        has_thousands_marks: Whether marks or blanks separate thousands in a number.
    """

    decimal: str = ""
    unit: str = ""
    has_thousands_marks: bool = False


class AmbiguousNumberError(ValueError):
    """Raised for a number such as 1.234, which is a thousand or a fraction."""


class MixedFormatError(ValueError):
    """Raised for numbers with different formats, such as different units."""


class _NumberParts(NamedTuple):
    sign: str
    digits: str
    exponent: str
    unit: str
    is_spaced: bool


def are_plain_numbers(texts: Sequence[str]) -> bool:
    """Returns whether all texts are numbers as programs write them.

    Integers that float64 cannot hold exactly are not plain. Numbers that may have a thousands
    separator, such as 1.234, are not plain either.
    """
    return hold_plain_numbers(texts) and not are_ambiguous_numbers(texts)


def hold_plain_numbers(texts: Sequence[str]) -> bool:
    """Returns whether all texts are plain numbers or may have a thousands mark, as 1.234 may."""
    lines = "\n".join(texts) + "\n"
    if lines.count("\n") != len(texts) or not PLAIN_NUMBER_LINES.fullmatch(lines):
        return False
    return not any(_is_inexact(match[0]) for match in LONG_INTEGER.finditer(lines))


def are_ambiguous_numbers(texts: Sequence[str]) -> bool:
    """Returns whether the only fractions are like 1.234, which may also mean 1,234.

    The other texts must be integers below 1000.
    """
    lines = "\n".join(texts) + "\n"
    return "." in lines and AMBIGUOUS_NUMBER_LINES.fullmatch(lines) is not None


def infer_number_format(
    texts: Iterable[str], decimal: str | None = None, allow_codes: bool = False
) -> NumberFormat:
    """Returns the common format of the distinct values of a column.

    `decimal` is the decimal mark of ambiguous numbers. If `allow_codes` is True, `007`, `1E2` and
    integers that float64 cannot hold exactly also count as numbers.

    Raises:
        AmbiguousNumberError: If the numbers may be thousands or fractions, and `decimal` is None.
        MixedFormatError: If the numbers have different units or decimal marks.
        ValueError: If a text is not a number.
    """
    numbers = [_split_number(text) for text in texts]
    units = {number.unit for number in numbers if number.unit or number.digits.strip("0.,")}
    if any(unit and not KNOWN_UNIT.fullmatch(unit) for unit in units) and len(units) > 1:
        raise ValueError("the letters differ: they are codes, such as 3A and 3B")
    if len(units) > 1:
        least, most = (repr(unit) if unit else "none" for unit in (min(units), max(units)))
        raise MixedFormatError(f"numbers with different units, such as {least} and {most}")
    unit = units.pop() if units else ""
    mark = _find_decimal_mark(numbers, unit, decimal)
    if not allow_codes:
        for number in numbers:
            if not GROUPED_DIGITS[mark or "."].fullmatch(number.digits) or _is_inexact(
                number.digits
            ):
                raise ValueError(f"{number.digits} is not a number")
    are_fractions = any(mark and mark in number.digits for number in numbers)
    if unit and not are_fractions and not KNOWN_UNIT.fullmatch(unit):
        raise ValueError(f"{unit!r} is not a known unit: 3{unit} may be a name")
    exponents = [number.exponent for number in numbers if number.exponent]
    is_signed = any(exponent[1:2] in ("+", "-") for exponent in exponents)
    if exponents and not (are_fractions or is_signed or allow_codes):
        raise ValueError("values such as 1E2 may be names and not numbers")
    other = {".": ",", ",": "."}.get(mark, "")
    has_thousands_marks = any(n.is_spaced or (other and other in n.digits) for n in numbers)
    return NumberFormat(mark, unit, has_thousands_marks)


def parse_number(text: str, decimal: str, unit: str = "") -> float:
    """Returns the number in a text, which may contain thousands separators and `unit`.

    Raises:
        ValueError: If the text is not a number, or has another unit.

    Example:
        >>> parse_number("1.234,50 €", ",", "€")
        1234.5
    """
    decimal = decimal or "."
    if re.fullmatch(r"[+-]?inf(inity)?", text, re.IGNORECASE):
        return float(text)
    parts = _split_number(text)
    if parts.unit not in ("", unit):
        raise ValueError(f"{text!r} has another unit than {unit!r}")
    if not re.fullmatch(r"0*", parts.digits) and not GROUPED_DIGITS[decimal].fullmatch(
        parts.digits.lstrip("0") or "0"
    ):
        raise ValueError(f"{text!r} is not a number")
    digits = parts.digits.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    return float(f"{parts.sign}{digits}{parts.exponent}")


def _split_number(text: str) -> _NumberParts:
    """Returns sign, digits with marks, exponent and unit of a number, or raises ValueError."""
    plain = unicodedata.normalize("NFC", text.translate(ASCII_LOOKALIKES)).strip()
    is_bracketed = plain.startswith("(") and plain.endswith(")")
    match = NUMBER_WITH_UNIT.fullmatch(plain[1:-1].strip() if is_bracketed else plain)
    if match is None:
        raise ValueError(f"{text!r} is not a number")
    signs = [match["sign"], match["inner"], match["behind"], "-" if is_bracketed else ""]
    if sum(map(bool, signs)) > 1 or (match["before"] and match["after"]):
        raise ValueError(f"{text!r} is not a number")
    digits = match["digits"]
    is_spaced = " " in digits or "'" in digits
    if is_spaced:
        if SPACED_DIGITS.match(digits) is None:
            raise ValueError(f"{text!r} is not a number")
        digits = re.sub("[ ']", "", digits)
    unit = match["before"] or match["after"] or ""
    return _NumberParts("".join(signs), digits, match["exponent"] or "", unit, is_spaced)


def _find_decimal_mark(numbers: Iterable[_NumberParts], unit: str, decimal: str | None) -> str:
    marks, ambiguous, without_mark = set(), set(), []
    for number in numbers:
        digits = number.digits
        found = [character for character in digits if character in ".,"]
        if not found:
            without_mark.append(digits)
        elif len(set(found)) == 2:
            marks.add(found[-1])
        elif len(found) > 1:
            marks.add("," if found[0] == "." else ".")
        elif THOUSAND_OR_FRACTION.fullmatch(digits) and not number.exponent:
            ambiguous.add(digits)
        else:
            marks.add(found[0])
    if len(marks) > 1:
        raise MixedFormatError("numbers with decimal points and with decimal commas")
    if marks or not ambiguous:
        return next(iter(marks), "")
    return decimal or _likely_decimal_mark(ambiguous, unit, without_mark)


def _likely_decimal_mark(ambiguous: set[str], unit: str, without_mark: Sequence[str]) -> str:
    with_comma = [digits for digits in ambiguous if "," in digits]
    are_below_thousand = all(len(digits.lstrip("0")) < 4 for digits in without_mark)
    has_small_integers = bool(without_mark) and are_below_thousand
    if len(with_comma) == len(ambiguous):
        is_money = unicodedata.category(unit[-1:] or "x") == "Sc"
        are_round = len(ambiguous) > 2 and all(digits.endswith("0") for digits in ambiguous)
        if are_below_thousand and (has_small_integers or is_money or are_round):
            return "."
    elif not with_comma and not has_small_integers:
        return "."  # 1.250 and 3.125 as programs write them, without an integer among them
    raise AmbiguousNumberError(min(ambiguous))


def _is_inexact(text: str) -> bool:
    return LONG_INTEGER.fullmatch(text) is not None and abs(int(text)) >= FIRST_INEXACT_INTEGER
