"""Searches in processes of their own, forked from one that has imported what they need."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import IO, Any

from latentune.studies.cli import app as command_line
from latentune.studies.search.fork_server import process_context, start_fork_server


@dataclass
class Fork:
    """A process, and what it prints; its searches need one worker each."""

    process: BaseProcess
    out: IO[str]
    err: IO[str]

    def end(self) -> tuple[int | None, str, str]:
        """Waits for its end; returns its exit code and the rest of what it has printed."""
        with self.out, self.err:
            said = self.out.read(), self.err.read()
        self.process.join()
        return self.process.exitcode, *said


def fork(call: Callable[..., Any], *arguments: Any, **options: Any) -> Fork:
    """Begins a call in a process."""
    start_fork_server()
    (out, to_out), (err, to_err) = (
        process_context.Pipe(duplex=False),
        process_context.Pipe(duplex=False),
    )
    process = process_context.Process(
        target=_apart, args=(to_out, to_err, call, arguments, options)
    )
    process.start()
    to_out.close()
    to_err.close()
    return Fork(process, os.fdopen(os.dup(out.fileno())), os.fdopen(os.dup(err.fileno())))


def command(*words: object) -> None:
    """Runs a command in this process."""
    sys.argv = ["latentune", *map(str, words)]
    command_line.main()


def without_rights_of_root(call: Callable[..., Any], *arguments: Any) -> None:
    """Makes a call that may write only what the modes of folders and files allow."""
    libc = ctypes.CDLL(None)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # the third version of rights, this process
    rights = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, rights) == 0
    rights[0] &= ~0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
    assert libc.capset(header, rights) == 0
    call(*arguments)


def _apart(
    out: Connection, err: Connection, call: Callable[..., Any], arguments: Any, options: Any
) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which it was forked without
    for pipe, stream in ((out, 1), (err, 2)):
        os.dup2(pipe.fileno(), stream)
        pipe.close()
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    call(*arguments, **options)


def killed_before(event: str, name: str, call: Callable[..., Any], *arguments: Any) -> None:
    """Runs a call in a process that is killed before it does something to a file.

    Args:
        event: What Python's audit hooks call it, such as `os.rename`.
        name: How the path of the file ends.
        call: A function of a module.
        arguments: What it is given.
    """
    code, _, err = fork(_watched, event, name, call, *arguments).end()
    assert code == -signal.SIGKILL, err


def _watched(event: str, name: str, call: Callable[..., Any], *arguments: Any) -> None:
    def kill(happens: str, details: tuple[Any, ...]) -> None:
        if happens == event and str(details[0]).endswith(name):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(kill)
    call(*arguments)
