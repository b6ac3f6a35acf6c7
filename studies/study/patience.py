"""Patience: after how many trials without a real gain a search ends."""

import re
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Patience:
    """The option `patience` of a search, such as `15` or `15:0.5%`.

    Attributes:
        trials: Number of finished trials in a row, at least 1.
        share: The gain, as a share of the best value, below which these trials have brought
            nothing. If None, it is the spread that seeds make.
    """

    trials: int
    share: float | None = None

    @classmethod
    def parse(cls, value: int | str) -> Self:
        """Returns the patience that a user means by a number of trials or by a text.

        Raises:
            ValueError: If the value is neither a number of trials nor a text such as `15:0.5%`.

        Example:
            >>> Patience.parse("15:0.5%")
            Patience(trials=15, share=0.005)
        """
        match = re.fullmatch(r"(\d{1,9})(?::(\d+(?:\.\d+)?)%)?", str(value))
        if match is None or int(match[1]) == 0:
            raise ValueError(f"{str(value)!r} is not a number of trials such as 15 or 15:0.5%")
        return cls(int(match[1]), None if match[2] is None else float(match[2]) / 100)


def check_patience(text: str) -> str:
    """Returns a text if `Patience.parse` takes it, or else raises its ValueError."""
    Patience.parse(text)
    return text
