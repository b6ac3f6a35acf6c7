"""The table of all verbs, and what becomes of an error."""

import errno
import sys
from collections.abc import Callable
from typing import NoReturn

import typer

from .common import UsageError
from .look import best, dashboard, export, list_, status
from .search import search
from .use import sample, train

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
VERBS: dict[str, Callable[..., None]] = {
    "list": list_,
    "search": search,
    "status": status,
    "best": best,
    "train": train,
    "sample": sample,
    "dashboard": dashboard,
    "export": export,
}
for name, verb in VERBS.items():
    app.command(name)(verb)


@app.callback()
def latentune() -> None:
    """Search, train and sample small representation-learning models.

    Example: latentune search conv-ae digits
    """


def main() -> NoReturn:
    """Runs the command line: an error of the user is one line and exit code 2."""
    try:
        code = app(prog_name="latentune", standalone_mode=False)
    except typer.TyperException as error:
        _fail(f"{error.format_message()}; see latentune --help")
    except Exception as error:
        message = _message(error)
        if message is None:
            raise
        _fail(message)
    sys.exit(code)


def _message(error: Exception) -> str | None:
    """Returns the message of an error that users can mend; the others are ours to mend."""
    if isinstance(error, UsageError):
        return str(error)
    from ...objectives.report import MonitorError
    from ...objectives.splits import DataError
    from ...search_spaces.watch import SpaceError
    from ...storage.database import DatabaseError, reason
    from ...storage.runs import StorageError
    from ..recipe import StudyError

    if isinstance(error, DataError | MonitorError | SpaceError | StorageError | StudyError):
        return str(error)
    if isinstance(error, DatabaseError):
        return f"the database failed ({reason(error)}); the same command goes on when it works"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return f"cannot write: {error}"
    return None


def _fail(message: str) -> NoReturn:
    typer.echo(f"latentune: {' '.join(message.split())}", err=True)
    sys.exit(2)
