"""The table of all verbs, and what becomes of an error."""

import errno
import sys
from typing import NoReturn

import click

from .common import UsageError, as_typed, listen
from .look import best, dashboard, export, list_, status
from .search import search
from .use import compare, interpolate, map_, sample, train

LONGEST = 400  # letters of an error


class _AsAdded(click.Group):
    """Lists its commands in the order in which they are used, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_AsAdded, context_settings={"show_default": True, "max_content_width": 100})
@click.version_option(package_name="latentune", message="%(prog)s %(version)s")
def app() -> None:
    """Search, train and sample small representation-learning models.

    Example: latentune search conv-ae digits
    """


for verb in (
    list_,
    search,
    status,
    best,
    train,
    sample,
    map_,
    interpolate,
    compare,
    dashboard,
    export,
):
    app.add_command(verb)


def main() -> NoReturn:
    """Runs the command line: an error of the user is one line and exit code 2."""
    listen()
    try:
        code = app(prog_name="latentune", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _fail(f"{error.format_message().rstrip('.')}; see latentune --help")
    except (KeyboardInterrupt, click.Abort):  # click makes the second of the first
        click.echo("stopped; nothing is half written")
        sys.exit(130)
    except Exception as error:
        message = _message(error)
        if message is None:
            raise
        _fail(message, code=getattr(error, "exit_code", 2))
    sys.exit(code)


def _message(error: Exception) -> str | None:
    """Returns the message of an error that users can mend; the others are ours to mend."""
    if isinstance(error, UsageError):
        return str(error)
    from ...objectives.report import MonitorError
    from ...objectives.splits import DataError
    from ...search_spaces.watch import SpaceError
    from ...storage.database import DatabaseError, DatabaseLost, reason
    from ...storage.runs import StorageError
    from ..errors import StudyError

    known = DataError | DatabaseLost | MonitorError | SpaceError | StorageError | StudyError
    if isinstance(error, known):
        return as_typed(str(error))
    if isinstance(error, DatabaseError):
        return f"the database failed ({reason(error)}); the same command goes on when it works"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return f"cannot write: {error}"
    return None


def _fail(message: str, code: int = 2) -> NoReturn:
    line = " ".join(message.split())
    if len(line) > LONGEST:  # somebody's text is in it; what to do stands at the end
        line = f"{line[: LONGEST // 2]} ... {line[-LONGEST // 3 :]}"
    click.echo(f"latentune: {line}", err=True)
    sys.exit(code)
