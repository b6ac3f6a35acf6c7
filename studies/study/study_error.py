"""The error of studies, and the checks that raise it."""

from collections.abc import Collection

from ...models.errors import LatentuneError
from ...search_spaces.space_errors import did_you_mean


def explain_unreadable_database(error: Exception) -> Exception:
    """Returns the error to raise in place of one that others have raised.

    If the database that was opened last has a cell that Optuna cannot read, that is named: who
    meets it may fail in any way.
    """
    from ...storage.database import first_bad_cell_error  # and with it Optuna

    ours = type(error).__module__.startswith(f"{__name__.partition('.')[0]}.")
    return error if ours else first_bad_cell_error() or error


class StudyError(LatentuneError, ValueError):
    """A study, model or option that does not exist, or does not fit what the study is."""


def check_at_least(name: str, value: int, least: int) -> None:
    """Raises StudyError if an option is a smaller number than it may be."""
    if value < least:
        raise StudyError(f"{name} must be at least {least}, not {value}")


def check_at_most(name: str, value: int, most: int) -> None:
    """Raises StudyError if an option is a larger number than a machine can bear."""
    if value > most:
        raise StudyError(f"{name} must be at most {most:,}, not {value}")


def check_choice(name: str, value: str, known: Collection[str]) -> None:
    """Raises StudyError if an option is none of its choices."""
    if value not in known:
        raise StudyError(f"there is no {name} {value!r}; {did_you_mean(value, list(known))}")


def check_seed(seed: int) -> None:
    """Raises StudyError if a number cannot seed every generator that it reaches."""
    if not 0 <= seed < 2**31:
        raise StudyError(f"seed must be from 0 to {2**31 - 1}, not {seed}")
