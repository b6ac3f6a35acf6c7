"""The error of this room, and the hint that goes with every unknown word."""

from collections.abc import Sequence
from difflib import get_close_matches

from ..models.errors import LatentuneError


class SpaceError(LatentuneError, ValueError):
    """A parameter, a range or a value that the search space does not have."""


class NotInSpaceError(SpaceError):
    """Values that a search space could not have chosen.

    Attributes:
        parameter: The first of them that it could not.
    """

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Returns a hint with the closest known word, or with all of them."""
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"
