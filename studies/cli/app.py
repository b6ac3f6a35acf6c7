"""The table of all verbs, and what becomes of an error."""

import errno
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NoReturn

import click

from ..visible import VisibleStream, visible
from .anomalies import anomalies
from .best import best
from .common import UsageError, as_typed, listen
from .compare import compare
from .compress import compress
from .confirm import confirm
from .dashboard import dashboard
from .doctor import doctor
from .encode import encode
from .export import export
from .import_ import import_
from .interpolate import interpolate
from .list import list_
from .map import map_
from .predict import predict
from .probe import probe
from .reproduce import reproduce
from .sample import sample
from .search import search
from .show import show
from .status import status
from .train import train
from .verify import verify

LONGEST = 400  # letters of an error


GROUPS = {
    "Look": (list_, show, status, best, dashboard),
    "Search": (search, confirm, verify, doctor),
    "Train": (train,),
    "Use": (
        predict,
        encode,
        sample,
        map_,
        interpolate,
        probe,
        compress,
        anomalies,
        compare,
    ),
    "Keep": (export, import_, reproduce),
}
"""The verbs, grouped by what a person wants to do."""


class _Grouped(click.Group):
    """Lists its commands by what they are for, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        longest = max(map(len, self.commands))
        for title, verbs in GROUPS.items():
            with formatter.section(title):
                limit = formatter.width - 6 - longest
                rows = [
                    (f"{verb.name:<{longest}}", verb.get_short_help_str(limit)) for verb in verbs
                ]
                formatter.write_dl(rows)


@click.group(cls=_Grouped, context_settings={"show_default": True, "max_content_width": 100})
@click.version_option(package_name="latentune", message="%(prog)s %(version)s")
def app() -> None:
    """Search, train and sample small representation-learning models.

    Example: latentune search conv-ae digits
    """


for verbs in GROUPS.values():
    for verb in verbs:
        app.add_command(verb)


def main() -> NoReturn:
    """Runs the command line: an error of the user is one line and exit code 2."""
    with redirect_stdout(_shown(sys.stdout)), redirect_stderr(_shown(sys.stderr)):
        _run()


def _shown(stream: Any) -> Any:
    """Returns a terminal that no text can play with; a program gets the bytes of file names."""
    if stream is None:  # it was closed
        return None
    if stream.isatty():
        return VisibleStream(stream)
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="surrogateescape")
    return stream


def _run() -> NoReturn:
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
    except Exception as failure:
        from ..errors import explanation

        explained = explanation(failure)
        message = _message(explained)
        if message is None:
            raise
        _fail(message, code=getattr(explained, "exit_code", 2))
    sys.exit(code)


def _message(error: Exception) -> str | None:
    """Returns the message of an error that users can mend; the others are ours to mend."""
    if isinstance(error, UsageError):
        return str(error)
    from ...objectives.data.errors import DataError
    from ...objectives.report import MonitorError
    from ...search_spaces.words import SpaceError
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
    line = visible(" ".join(message.split()))
    if len(line) > LONGEST:  # somebody's text is in it; what to do stands at the end
        line = f"{line[: LONGEST // 2]} ... {line[-LONGEST // 3 :]}"
    click.echo(f"latentune: {line}", err=True)
    sys.exit(code)
