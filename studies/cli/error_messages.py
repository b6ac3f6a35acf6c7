"""What becomes of an error: one line with the way out, without passwords, and an exit code."""

import sys
import traceback
from collections.abc import Mapping
from typing import NoReturn

import click

from ...storage.redact import shown
from ..display.terminal_escape import escape_control_characters
from .shared_options import UsageError, with_option_names

MAX_LINE_LENGTH = 400  # letters of a line
OUT_OF_MEMORY_TEXTS = ("out of memory", "not enough memory", "can't allocate memory", "bad_alloc")
"""What PyTorch says where Python would raise a MemoryError."""


def exit_with_error(message: str, code: int = 2) -> NoReturn:
    """Prints a line to standard error, and ends the process."""
    line = escape_control_characters(" ".join(shown(message).split()))
    if len(line) > MAX_LINE_LENGTH:  # somebody's text is in it; what to do stands at the end
        line = f"{line[: MAX_LINE_LENGTH // 2]} ... {line[-MAX_LINE_LENGTH // 3 :]}"
    click.echo(f"latentune: {line}", err=True)
    sys.exit(code)


def exit_with_exception(error: Exception, verbs: Mapping[str, click.Command]) -> NoReturn:
    """Ends the process by an error: in a line if people can do something, else by a traceback."""
    from ..study.study_error import explain_unreadable_database

    error = explain_unreadable_database(error)
    typed = next((verbs[word] for word in sys.argv[1:] if word in verbs), None)
    message = error_message(error, typed, verbs)
    if message is None:
        click.echo(shown("".join(traceback.format_exception(error)).rstrip()), err=True)
        sys.exit(1)
    exit_with_error(message, code=getattr(error, "exit_code", 2))


def error_message(
    error: Exception,
    command: click.Command | None = None,
    verbs: Mapping[str, click.Command] | None = None,
) -> str | None:
    """Returns the message of an error that users can mend; the others are ours to mend.

    Args:
        error: The error.
        command: The verb that was typed.
        verbs: All verbs, by their names.
    """
    if isinstance(error, UsageError):
        return str(error)
    if isinstance(error, OSError):
        return _os_error_message(error)
    if (line := _machine_error_message(error)) is not None:
        return line
    import sqlite3

    from ...objectives.data.data_error import DataError
    from ...objectives.metric_tracker import MonitorError
    from ...search_spaces.space_errors import SpaceError
    from ...storage.database import DatabaseError, DatabaseLostError, database_message
    from ...storage.runs_folder import StorageError
    from ..study.study_error import StudyError

    known = DataError | DatabaseLostError | MonitorError | SpaceError | StorageError | StudyError
    if isinstance(error, known):
        return with_option_names(str(error), command, verbs or {})
    if isinstance(error, DatabaseError):
        return (
            f"the database failed ({database_message(error)}); the same command goes on when it "
            "works"
        )
    if isinstance(error, sqlite3.Error):
        return f"the database failed ({error}); the same command goes on when it works"
    return None


def _os_error_message(error: OSError) -> str:
    """Returns what the system has refused, and of which file."""
    files = " and ".join(str(f) for f in (error.filename, error.filename2) if f is not None)
    said = error.strerror or str(error) or type(error).__name__
    if "No usable temporary directory" in str(error):
        return f"{said}: name a folder that can be written by TMPDIR"
    where = f" {files}" if files else ""
    return f"cannot read or write{where}: {said}"


def _machine_error_message(error: Exception) -> str | None:
    """Returns what the machine lacks, if it does."""
    text = str(error)
    if isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(word in text for word in OUT_OF_MEMORY_TEXTS)
    ):
        lines = [line for line in text.splitlines() if line.strip()]
        said = f" ({lines[0]})" if lines else ""
        return f"memory ran out{said}: ask for less by --batch-size or --workers"
    if isinstance(error, RecursionError):
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"something is nested too deeply: {text} ({last.filename}, line {last.lineno})"
    if isinstance(error, RuntimeError) and "can't start new thread" in text:
        return "the system allows no more threads or processes: ask for fewer by --workers"
    if isinstance(error, RuntimeError) and "home directory" in text:
        return "there is no home folder: set HOME, or name the folder of the data by --data-dir"
    if isinstance(error, NotImplementedError) and "flock" in text:
        return "the file system knows no locks: name a folder on another disk by --runs"
    return None
