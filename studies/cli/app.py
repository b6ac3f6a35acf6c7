"""The table of all verbs, and what becomes of an error."""

import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NoReturn

import click

from ..display.terminal_escape import EscapingStream
from .anomalies import anomalies
from .best import best
from .compare import compare
from .compress import compress
from .confirm import confirm
from .dashboard import dashboard
from .doctor import doctor
from .encode import encode
from .error_messages import exit_with_error, exit_with_exception
from .export import export
from .import_ import import_
from .interpolate import interpolate
from .list import list_
from .map import map_
from .predict import predict
from .probe import probe
from .sample import sample
from .search import search
from .shared_options import print_log_messages
from .show import show
from .status import status
from .train import train
from .verify import verify

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
    "ReadCached": (export, import_),
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
    _open_streams()
    with (
        redirect_stdout(_escape_terminal(sys.stdout)),
        redirect_stderr(_escape_terminal(sys.stderr)),
    ):
        try:
            _run()
        except SystemExit as end:
            code = _flush_output(end.code)
    sys.exit(code)


def _open_streams() -> None:
    """Lets the numbers of closed streams be nobody's: else a database would be opened as one."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the first that is free


def _flush_output(code: Any) -> Any:
    """Writes out what was printed; returns the exit code, 1 in place of 0 if that cannot be."""
    try:
        sys.stdout.flush()
    except OSError as error:
        with open(os.devnull, "w") as nowhere:  # what is left would be tried once more at exit
            os.dup2(nowhere.fileno(), 1)
        if not isinstance(error, BrokenPipeError):
            click.echo(f"latentune: cannot write the output: {error.strerror}", err=True)
        return code or 1
    return code


def _escape_terminal(stream: Any) -> Any:
    """Returns a terminal that no text can play with; a program gets the bytes of file names."""
    if stream is None:  # it was closed
        return open(os.devnull, "w")
    if stream.isatty():
        return EscapingStream(stream)
    if hasattr(stream, "reconfigure"):
        utf8 = str(stream.encoding).lower().replace("-", "") == "utf8"
        stream.reconfigure(errors="surrogateescape" if utf8 else "backslashreplace")
    return stream


def _run() -> NoReturn:
    print_log_messages()
    try:
        os.getcwd()
    except OSError as error:
        exit_with_error(
            f"the working folder cannot be used ({error.strerror}): go to another one by cd"
        )
    try:
        code = app(prog_name="latentune", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        exit_with_error(f"{error.format_message().rstrip('.')}; see latentune --help")
    except (KeyboardInterrupt, click.Abort):  # click makes the second of the first
        click.echo("stopped; nothing is half written")
        sys.exit(130)
    except BrokenPipeError:  # whoever read the output has seen enough
        sys.exit(1)
    except Exception as error:
        exit_with_exception(error, app.commands)
    sys.exit(code)
