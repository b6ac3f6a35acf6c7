"""The command line: its verbs, its output streams and its errors."""

import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NoReturn

import click

from ..display.terminal_escape import EscapingStream
from .archive_verbs import export, import_
from .check_verbs import doctor, verify
from .error_messages import exit_with_exception, exit_with_message
from .list import list_
from .messages import print_log_messages
from .network_verbs import anomalies, compress, encode, interpolate, map_, predict, probe, sample
from .search import search
from .study_verbs import best, dashboard, show, status
from .training_verbs import compare, confirm, train

VERB_GROUPS = {
    "Look": (list_, show, status, best, dashboard),
    "Search": (search, confirm, verify, doctor),
    "Train": (train,),
    "Use": (predict, encode, sample, map_, interpolate, probe, compress, anomalies, compare),
    "Keep": (export, import_),
}
"""The verbs, grouped by what a person wants to do."""


class _GroupedCommands(click.Group):
    """Lists its commands under the titles of `VERB_GROUPS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self.commands))
        for title, verbs in VERB_GROUPS.items():
            with formatter.section(title):
                limit = formatter.width - 6 - width
                formatter.write_dl(
                    [(f"{verb.name:<{width}}", verb.get_short_help_str(limit)) for verb in verbs]
                )


@click.group(
    cls=_GroupedCommands, context_settings={"show_default": True, "max_content_width": 100}
)
@click.version_option(package_name="latentune", message="%(prog)s %(version)s")
def app() -> None:
    """Search, train and sample small representation-learning models.

    Example: latentune search conv-ae digits
    """


for verbs in VERB_GROUPS.values():
    for verb in verbs:
        app.add_command(verb)


def main() -> NoReturn:
    """Runs the command line; prints an error of the user in one line and exits with code 2."""
    _open_closed_streams()
    with redirect_stdout(_safe_stream(sys.stdout)), redirect_stderr(_safe_stream(sys.stderr)):
        try:
            _run()
        except SystemExit as end:
            code = _flush_output(end.code)
    sys.exit(code)


def _open_closed_streams() -> None:
    """Reserves the numbers of closed streams: a database must not be opened under one of them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number


def _flush_output(code: Any) -> Any:
    """Flushes the output; returns the exit code, or 1 in place of 0 if flushing fails."""
    try:
        sys.stdout.flush()
    except OSError as error:
        with open(os.devnull, "w") as nowhere:  # Python would try once more at its exit
            os.dup2(nowhere.fileno(), 1)
        if not isinstance(error, BrokenPipeError):
            click.echo(f"latentune: cannot write the output: {error.strerror}", err=True)
        return code or 1
    return code


def _safe_stream(stream: Any) -> Any:
    """Returns a stream that escapes control characters on terminals, and takes any file name."""
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
        exit_with_message(
            f"the working directory cannot be used ({error.strerror}): change it by cd"
        )
    try:
        code = app(prog_name="latentune", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.BadParameter as error:
        exit_with_message(error.format_message())
    except click.ClickException as error:
        exit_with_message(f"{error.format_message().rstrip('.')}; see latentune --help")
    except (KeyboardInterrupt, click.Abort):  # click turns the first into the second
        click.echo("stopped; no file is half written")
        sys.exit(130)
    except BrokenPipeError:  # the reader of the output has closed it
        sys.exit(1)
    except Exception as error:
        exit_with_exception(error, app.commands)
    sys.exit(code)
