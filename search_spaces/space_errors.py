"""Errors about search spaces, and a hint for a misspelled word."""

from collections.abc import Sequence
from difflib import get_close_matches

from ..models.errors import LatentuneError


class SpaceError(LatentuneError, ValueError):
    """Raised if a parameter, a range or a value does not fit a search space."""


class NotInSpaceError(SpaceError):
    """Raised if a search space cannot suggest the given values.

    Attributes:
        parameter: The first parameter whose value does not fit.
    """

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Returns a hint with the known word that is most similar to `word`.

    If no known word is similar, the hint lists all of them.
    """
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"
