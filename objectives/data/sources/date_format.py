"""Finds the order of day, month and year in dates, and parses dates in this order."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

YEAR_FIRST, DAY_FIRST, MONTH_FIRST = DATE_ORDERS = ("year first", "day first", "month first")
TIME_PATTERN = (
    r"(?:(?:T|,? +)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>[0-5]\d(?:\.\d+)?))?"
    r"(?: ?(?P<half>[ap])m)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?"
)
DATE_WITH_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})(?P<mark>[-/])(?P<one>\d\d?)(?P=mark)(?P<two>\d\d?){TIME_PATTERN}", re.I
)
DATE_WITH_YEAR_LAST = re.compile(
    rf"(?P<one>\d\d?)(?P<mark>[-/.])(?P<two>\d\d?)(?P=mark)(?P<year>\d{{4}}){TIME_PATTERN}", re.I
)
EPOCH = datetime(1970, 1, 1)


class AmbiguousDateError(ValueError):
    """Raised for dates such as 01/02/2021 if no date tells which number is the day."""


def infer_date_order(texts: Sequence[str]) -> str:
    """Returns the only order of day, month and year in which all texts are dates.

    Raises:
        AmbiguousDateError: If there are two such orders.
        ValueError: If there is none.
    """
    orders = [order for order in DATE_ORDERS if texts and _are_dates(texts, order)]
    if not orders:
        raise ValueError("not all texts are dates")
    if len(orders) > 1:
        raise AmbiguousDateError(texts[0])
    return orders[0]


def parse_date(text: str, order: str) -> float:
    """Returns the days from 1970 to a date with or without a time of day; zones are ignored.

    Raises:
        ValueError: If the text is not a date in this order.

    Example:
        >>> parse_date("02.01.1970 18:00", "day first")
        1.75
    """
    match = (DATE_WITH_YEAR_FIRST if order == YEAR_FIRST else DATE_WITH_YEAR_LAST).fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a date with the {order}")
    month, day, hour = int(match["one"]), int(match["two"]), int(match["hour"] or 0)
    if order == DAY_FIRST:
        month, day = day, month
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(f"{text!r} is not a time of day")
        hour = hour % 12 + 12 * (match["half"].lower() == "p")
    date = datetime(int(match["year"]), month, day, hour, int(match["minute"] or 0))
    return (date - EPOCH + timedelta(seconds=float(match["second"] or 0))) / timedelta(days=1)


def _are_dates(texts: Sequence[str], order: str) -> bool:
    try:
        for text in texts:
            parse_date(text, order)
    except ValueError:
        return False
    return True
