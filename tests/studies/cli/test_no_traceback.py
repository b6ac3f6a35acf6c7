"""One line in place of a traceback, whatever the system or the machine lacks."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from latentune.studies.cli import app as command_line
from latentune.studies.cli.error_messages import error_message

from ...conftest import Cli

VERBS = [
    ("list",),
    ("show", "digits"),
    ("status",),
    ("best", "x"),
    ("report", "x"),
    ("search", "conv-ae", "digits", "--epochs", 1, "--trials", 1),
    ("confirm", "x"),
    ("verify", "x"),
    ("doctor",),
    ("train", "x"),
    ("predict", "x", "a.png"),
    ("encode", "x", "a.png", "--out", "x.npz"),
    ("sample", "x"),
    ("map", "x"),
    ("interpolate", "x"),
    ("likelihood", "x"),
    ("traverse", "x"),
    ("probe", "x"),
    ("compress", "x"),
    ("anomalies", "x", "--against", "digits"),
    ("similar", "x", "--labels"),
    ("compare", "digits", "--encoder", "x"),
    ("export", "x"),
    ("import", "x.zip"),
    ("dashboard", "--port", 0),
]


def test_all_verbs_are_tried() -> None:
    assert {words[0] for words in VERBS} == {*command_line.app.commands}


def in_a_line(answer: Any, *, code: int = 2) -> str:
    assert (answer.code, answer.err.count("\n")) == (code, 1), answer.err + answer.out
    assert "Traceback" not in answer.err
    assert "Errno" not in answer.err
    return str(answer.err)


def test_a_working_folder_that_was_deleted(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path.cwd()
    for words in VERBS:
        Path("gone").mkdir()
        os.chdir("gone")
        shutil.rmtree(home / "gone")
        assert "change it by cd" in in_a_line(cli(*words))
        os.chdir(home)
    assert os.listdir() == []


@pytest.mark.parametrize("words", VERBS, ids=lambda words: words[0])
def test_files_where_folders_are_expected(words: tuple[Any, ...], cli: Cli) -> None:
    """A runs folder that is a file."""
    Path("runs").write_text("mine")
    answer = cli(*words)
    assert "Traceback" not in answer.err
    if answer.code:
        in_a_line(answer)
    assert Path("runs").read_text() == "mine"
    assert [path for path in os.listdir() if path != "runs"] == []


SEARCH = ("search", "conv-ae", "digits", "--epochs", 1, "--trials", 1, "--batch-size", 700)


@pytest.mark.parametrize("name", ["cache", "search.lock", "studies.db", "conv-ae-digits"])
def test_something_else_where_a_search_writes(name: str, cli: Cli) -> None:
    path = Path("runs", name)
    if name in ("cache", "conv-ae-digits"):
        path.parent.mkdir()
        path.write_text("mine")
    else:
        path.mkdir(parents=True)
    answer = cli(*SEARCH)
    line = in_a_line(answer, code=answer.code or 2)
    assert name in line
    assert path.is_dir() or path.read_text() == "mine"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "memory ran out"),
        (MemoryError("Unable to allocate 9 GiB"), "memory ran out (Unable to allocate 9 GiB)"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), "memory ran out (CUDA"),
        (RuntimeError("[enforce] DefaultCPUAllocator: can't allocate memory"), "memory ran out"),
        (RuntimeError("not enough memory: you tried to allocate 9 bytes"), "memory ran out"),
        (OSError(errno.EIO, "Input/output error", "runs/x"), "runs/x: Input/output error"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError(errno.EMFILE, "Too many open files", "a"), "a: Too many open files"),
        (OSError(errno.EXDEV, "Cross-device link", "a", None, "b"), "a and b: Cross-device link"),
        (FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"), "TMPDIR"),
        (NotImplementedError("FileSystem does not appear to support flock"), "has no file locks"),
        (RuntimeError("can't start new thread"), "fewer by --workers"),
        (RuntimeError("Could not determine home directory."), "HOME is not set"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_what_a_machine_lacks_is_a_line(error: Exception, says: str) -> None:
    line = error_message(error)
    assert line is not None
    assert says in line
    assert "Errno" not in line


def test_what_is_nested_too_deeply_is_a_line_and_a_bug_is_a_traceback(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deep() -> None:
        deep()

    def bug() -> None:
        raise KeyError("postgresql://me:s3cret@host/x")

    status = command_line.app.commands["status"]
    monkeypatch.setattr(status, "callback", lambda **_: deep())
    assert "nested too deeply" in in_a_line(cli("status"))
    monkeypatch.setattr(status, "callback", lambda **_: bug())
    answer = cli("status")
    assert answer.code == 1
    assert answer.err.startswith("Traceback")
    assert "s3cret" not in answer.err


def shell(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    latentune = f"{sys.executable} -m latentune"
    return subprocess.run(
        ["sh", "-c", command.format(latentune)],
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
    )


def test_streams_that_are_closed_or_full() -> None:
    done = shell("{0} list >&- 2>&-; echo $?; {0} list | true; {0} list > /dev/full; echo $?")
    assert done.stdout == "0\n2\n"
    assert done.stderr == "latentune: cannot read or write: No space left on device\n"


def test_no_temporary_folder(cli: Cli) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "latentune.studies.search.fork_server._folder_locks", []
        )  # as if none were running
        patch.setattr("tempfile.gettempdir", nowhere)
        patch.setattr("multiprocessing.util.get_temp_dir", nowhere)
        assert "TMPDIR" in in_a_line(cli(*SEARCH, "--workers", 2))
        assert not Path("runs").exists()
        assert cli(*SEARCH).code == 0  # one process needs none


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EACCES])
def test_locks_that_fail(code: int, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import filelock

    def fail(self: object) -> None:
        raise OSError(code, os.strerror(code), "runs/search.lock")

    monkeypatch.setattr(filelock.FileLock, "_acquire", fail)
    assert os.strerror(code) in in_a_line(cli(*SEARCH))
    assert not Path("runs/conv-ae-digits").exists()
