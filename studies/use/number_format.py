"""Numbers with as many digits as are meaningful."""

from math import ceil, isfinite, log10

DIGITS = 6
MAX_DIGITS = 17
"""Digits that tell any two floats apart."""


def round_significant(value: float, unit: float = 0.0) -> float:
    """Returns a number rounded to six digits, or to as many as show a millionth of a unit.

    The unit is a scale of differences, such as a standard deviation; 0 if it is not known.

    Example:
        >>> round_significant(1_000_000_123.4567891, unit=100.0), round_significant(0.123456789)
        (1000000123.4568, 0.123457)
    """
    digits = DIGITS
    if unit > 0 and value and isfinite(value):
        digits = min(MAX_DIGITS, max(DIGITS, DIGITS + ceil(log10(abs(value) / unit))))
    return float(f"{value:.{digits}g}")


def format_number(value: float) -> str:
    """Returns a rounded number as text: four digits, or all of them if it has more than six.

    Example:
        >>> format_number(0.123457), format_number(1000000123.4568)
        ('0.1235', '1000000123.4568')
    """
    digits = len(f"{value!r}".partition("e")[0].replace(".", "").strip("-0"))
    return f"{value:.{digits if digits > DIGITS else 4}g}"
