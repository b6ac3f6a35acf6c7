"""The command line: its verbs, its output streams and its errors."""

import atexit
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from typing import Any, NoReturn

import click

from ..display.terminal_escape import EscapingStream
from ..study.garbage_collection import delay_garbage_collection
from .error_messages import exit_with_exception, exit_with_message
from .messages import print_log_messages

VERB_GROUPS = {
    "Look": {
        "list": "list",
        **dict.fromkeys(("show", "status", "best", "report", "dashboard"), "study_verbs"),
    },
    "Search": {
        "search": "search",
        "confirm": "training_verbs",
        **dict.fromkeys(("verify", "doctor"), "check_verbs"),
    },
    "Train": {"train": "training_verbs"},
    "Use": {
        **dict.fromkeys(("predict", "encode"), "network_verbs"),
        **dict.fromkeys(
            ("sample", "map", "interpolate", "traverse", "likelihood"), "latent_verbs"
        ),
        **dict.fromkeys(("probe", "compress", "anomalies", "similar"), "network_verbs"),
        "compare": "training_verbs",
    },
    "Keep": dict.fromkeys(("export", "import"), "archive_verbs"),
}
"""The module of each verb. The keys are the titles of the groups in `latentune --help`."""
VERB_MODULES = {verb: module for verbs in VERB_GROUPS.values() for verb, module in verbs.items()}


class _LazyCommands(Mapping[str, click.Command]):
    """A mapping from verbs to click commands; `[verb]` imports the module of the verb."""

    def __getitem__(self, verb: str) -> click.Command:
        module = import_module(f".{VERB_MODULES[verb]}", __package__)
        # `list`, `map` and `import` are words of Python.
        command: click.Command = getattr(module, verb, None) or getattr(module, f"{verb}_")
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(VERB_MODULES)

    def __len__(self) -> int:
        return len(VERB_MODULES)


class _GroupedCommands(click.Group):
    """A click group whose help lists the commands under the titles of `VERB_GROUPS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self.commands))
        for title, verbs in VERB_GROUPS.items():
            with formatter.section(title):
                limit = formatter.width - 6 - width
                helps = [self.commands[verb].get_short_help_str(limit) for verb in verbs]
                names = [f"{verb:<{width}}" for verb in verbs]
                formatter.write_dl(list(zip(names, helps, strict=True)))


@click.group(
    cls=_GroupedCommands,
    commands=_LazyCommands(),
    context_settings={"show_default": True, "max_content_width": 100},
)
@click.version_option(package_name="latentune", message="%(prog)s %(version)s")
def app() -> None:
    """Search, train and sample small representation-learning models.

    Example: latentune search conv-ae digits
    """


def main() -> NoReturn:
    """Runs the command line, and exits with its code.

    An error that the user can correct is printed in one line, with exit code 2.
    """
    _open_closed_streams()
    with redirect_stdout(_safe_stream(sys.stdout)), redirect_stderr(_safe_stream(sys.stderr)):
        try:
            _run_app()
        except SystemExit as end:
            code = _flush_output(end.code)
    sys.exit(code)


def run_process() -> NoReturn:
    """Runs the command line, and ends the process before Python unloads all modules.

    Unloading PyTorch and Lightning would take two seconds.
    """
    delay_garbage_collection()  # until the verb has imported what it needs
    try:
        main()
    except SystemExit as end:
        code = end.code
    threading._shutdown()  # type: ignore[attr-defined] # waits for threads that still write
    atexit._run_exitfuncs()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _open_closed_streams() -> None:
    """Opens `os.devnull` for each of standard input, output and error that is closed.

    Otherwise a database could get the file descriptor of a closed stream, and output would be
    written into the database.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number


def _flush_output(code: Any) -> Any:
    """Flushes standard output, and returns the exit code: `code`, or 1 if flushing fails."""
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
    """Returns a stream for `stream` that can write any file name without an error.

    On a terminal, it escapes control characters. If `stream` is None, it discards the output.
    """
    if stream is None:  # it was closed
        return open(os.devnull, "w")
    if stream.isatty():
        return EscapingStream(stream)
    if hasattr(stream, "reconfigure"):
        utf8 = str(stream.encoding).lower().replace("-", "") == "utf8"
        stream.reconfigure(errors="surrogateescape" if utf8 else "backslashreplace")
    return stream


def _run_app() -> NoReturn:
    print_log_messages()
    try:
        os.getcwd()
    except OSError as error:
        exit_with_message(
            f"the working directory cannot be used ({error.strerror}): change it by cd"
        )
    try:
        started_at = time.time()  # imports count for the time limit of a search
        code = app(prog_name="latentune", standalone_mode=False, obj=started_at)
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
