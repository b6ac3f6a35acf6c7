"""Errors about search spaces, and a hint for unknown words."""

from collections.abc import Sequence
from difflib import get_close_matches

from ..models.errors import LatentuneError


class SpaceError(LatentuneError, ValueError):
    """A parameter, a range or a value does not fit a search space."""


class NotInSpaceError(SpaceError):
    """A search space could not have suggested these values.

    Attributes:
        parameter: The first parameter with a value that does not fit.
    """

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Returns a hint with the closest known word, or with all known words."""
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"
