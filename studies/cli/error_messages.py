"""Error messages for users: one line that says what to do, without passwords."""

import sys
import traceback
from collections.abc import Mapping
from typing import NoReturn

import click

from ...models.errors import LatentuneError
from ...storage.redact import redact
from ..display.terminal_escape import escape_control_characters
from .messages import with_flags

MAX_LENGTH = 400  # in characters
OUT_OF_MEMORY_PHRASES = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "bad_alloc",
)
"""Parts of the messages of PyTorch's errors when memory runs out."""


def exit_with_message(message: str, code: int = 2) -> NoReturn:
    """Prints `message` in one line to standard error, and exits with `code`."""
    line = escape_control_characters(" ".join(redact(message).split()))
    if len(line) > MAX_LENGTH:  # keeps the end, which says what to do
        line = f"{line[: MAX_LENGTH // 2]} ... {line[-MAX_LENGTH // 3 :]}"
    click.echo(f"latentune: {line}", err=True)
    sys.exit(code)


def exit_with_exception(error: Exception, verbs: Mapping[str, click.Command]) -> NoReturn:
    """Prints an error to standard error, and exits.

    It prints one line if `error_message` has a message for the error, otherwise the traceback.
    """
    from ..study.study_error import explain_unreadable_database

    error = explain_unreadable_database(error)
    typed = next((verbs[word] for word in sys.argv[1:] if word in verbs), None)
    message = error_message(error, typed, verbs)
    if message is None:
        click.echo(redact("".join(traceback.format_exception(error)).rstrip()), err=True)
        sys.exit(1)
    exit_with_message(message, code=getattr(error, "exit_code", 2))


def error_message(
    error: Exception,
    command: click.Command | None = None,
    verbs: Mapping[str, click.Command] | None = None,
) -> str | None:
    """Returns the message for the user, or None if the error is a bug in the package.

    The message names the flags of `command`; see `with_flags`.
    """
    if isinstance(error, LatentuneError):
        return with_flags(str(error), command, verbs)
    if isinstance(error, OSError):
        return _os_error_message(error)
    return _machine_error_message(error) or _database_error_message(error)


def _os_error_message(error: OSError) -> str:
    files = " and ".join(str(f) for f in (error.filename, error.filename2) if f is not None)
    reason = error.strerror or str(error) or type(error).__name__
    if "No usable temporary directory" in str(error):
        return f"{reason}: name a folder that can be written by TMPDIR"
    return f"cannot read or write{f' {files}' if files else ''}: {reason}"


def _machine_error_message(error: Exception) -> str | None:
    """Returns the message if the machine caused the error, such as by too little memory.

    Returns None for other errors.
    """
    text = str(error)
    is_runtime = isinstance(error, RuntimeError)
    if isinstance(error, MemoryError) or (
        is_runtime and any(w in text for w in OUT_OF_MEMORY_PHRASES)
    ):
        lines = [line for line in text.splitlines() if line.strip()]
        reason = f" ({lines[0]})" if lines else ""
        return f"memory ran out{reason}: use less by --batch-size or --workers"
    if isinstance(error, RecursionError):
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"something is nested too deeply: {text} ({last.filename}, line {last.lineno})"
    if is_runtime and "can't start new thread" in text:
        return "the system allows no more threads or processes: use fewer by --workers"
    if is_runtime and "home directory" in text:
        return "HOME is not set: set it, or name the folder of the data by --data-dir"
    if isinstance(error, NotImplementedError) and "flock" in text:
        return "the file system has no file locks: name a folder on another disk by --runs"
    return None


def _database_error_message(error: Exception) -> str | None:
    import sqlite3

    from ...storage.database import DatabaseError, database_message

    if not isinstance(error, (*DatabaseError, sqlite3.Error)):
        return None
    message = database_message(error)
    return f"the database failed ({message}); the same command continues when it works"
