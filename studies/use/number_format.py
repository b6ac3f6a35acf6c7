"""Numbers as they are written: with as many digits as mean something."""

from math import ceil, isfinite, log10

DIGITS = 6
MOST = 17  # which tell any two numbers apart


def round_significant(value: float, unit: float = 0.0) -> float:
    """Returns a number with six digits, or with as many as tell a unit's millionth.

    Args:
        value: Any number.
        unit: What differences of such numbers are large beside, such as their standard
            deviation; 0 if that is not known.

    Example:
        >>> round_significant(1_000_000_123.4567891, unit=100.0), round_significant(0.123456789)
        (1000000123.4568, 0.123457)
    """
    digits = DIGITS
    if unit > 0 and value and isfinite(value):
        digits = min(MOST, max(DIGITS, DIGITS + ceil(log10(abs(value) / unit))))
    return float(f"{value:.{digits}g}")


def format_number(value: float) -> str:
    """Returns a number that was rounded as text for a terminal: four digits, or all beyond six.

    Example:
        >>> format_number(0.123457), format_number(1000000123.4568)
        ('0.1235', '1000000123.4568')
    """
    digits = len(f"{value!r}".partition("e")[0].replace(".", "").strip("-0"))
    return f"{value:.{digits if digits > DIGITS else 4}g}"
