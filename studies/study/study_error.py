"""The error of studies, and the checks that raise it."""

from collections.abc import Collection

from ...models.errors import LatentuneError
from ...search_spaces.space_errors import did_you_mean


def explain_unreadable_database(error: Exception) -> Exception:
    """Returns an error that names the cell of the database that Optuna cannot read.

    Such a cell can cause any error. If all cells can be read, or the error is of this package, the
    error itself is returned.
    """
    from ...storage.database import first_bad_cell_error

    return error if isinstance(error, LatentuneError) else first_bad_cell_error() or error


class StudyError(LatentuneError, ValueError):
    """A study, model or option that does not exist, or does not fit the study."""


def check_at_least(name: str, value: int, least: int) -> None:
    """Raises StudyError if an option is too small."""
    if value < least:
        raise StudyError(f"{name} must be at least {least}, not {value}")


def check_at_most(name: str, value: int, most: int) -> None:
    """Raises StudyError if an option is too large."""
    if value > most:
        raise StudyError(f"{name} must be at most {most:,}, not {value}")


def check_choice(name: str, value: str, known: Collection[str]) -> None:
    """Raises StudyError if an option is not one of its choices."""
    check_known(value, known, f"there is no {name} {value!r}")


def check_known(word: str, known: Collection[str], problem: str) -> None:
    """Raises StudyError if a word is not known; its message ends with the closest known word."""
    if word not in known:
        raise StudyError(f"{problem}; {did_you_mean(word, list(known))}")


def check_seed(seed: int) -> None:
    """Raises StudyError if a number cannot seed all random number generators."""
    if not 0 <= seed < 2**31:
        raise StudyError(f"seed must be from 0 to {2**31 - 1}, not {seed}")
