"""The class `StudyError`, and checks that raise it."""

from collections.abc import Collection

from ...models.errors import LatentuneError
from ...search_spaces.space_errors import did_you_mean


def explain_unreadable_database(error: Exception) -> Exception:
    """Returns an error about a cell of the database that Optuna cannot read, or else `error`.

    Such a cell can cause an exception of any class. `error` itself is returned if all cells can be
    read, or if `error` is a `LatentuneError`.
    """
    from ...storage.database import first_bad_cell_error

    return error if isinstance(error, LatentuneError) else first_bad_cell_error() or error


class StudyError(LatentuneError, ValueError):
    """The error for a study, model or option that does not exist or does not fit."""


def check_at_least(name: str, value: int, least: int) -> None:
    """Raises StudyError if the value of the option `name` is less than `least`."""
    if value < least:
        raise StudyError(f"{name} must be at least {least}, not {value}")


def check_at_most(name: str, value: int, most: int) -> None:
    """Raises StudyError if the value of the option `name` is greater than `most`."""
    if value > most:
        raise StudyError(f"{name} must be at most {most:,}, not {value}")


def check_choice(name: str, value: str, known: Collection[str]) -> None:
    """Raises StudyError if the value of the option `name` is not one of the `known` choices."""
    check_known(value, known, f"there is no {name} {value!r}")


def check_known(word: str, known: Collection[str], problem: str) -> None:
    """Raises StudyError if a word is not in `known`.

    The message consists of `problem` and the known word that is closest to `word`.
    """
    if word not in known:
        raise StudyError(f"{problem}; {did_you_mean(word, list(known))}")


def check_seed(seed: int) -> None:
    """Raises StudyError if a seed is not in the range that all random number generators allow."""
    if not 0 <= seed < 2**31:
        raise StudyError(f"seed must be from 0 to {2**31 - 1}, not {seed}")
