"""A working folder full of files that Python or git would run: none of them is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from latentune.objectives.provenance import read_head_commit

MODULES = (
    *("random", "numpy", "torch", "click", "typing", "sitecustomize", "usercustomize", "optuna"),
    *("tempfile", "selectors", "socket", "pickle", "pandas", "rich", "matplotlib", "runpy"),
    *("multiprocessing", "signal", "struct", "threading", "PIL", "sqlalchemy", "alembic", "git"),
    *("umap", "ipywidgets", "wandb", "tensorboard", "cupy", "jax", "onnx", "tqdm", "psycopg"),
)
RAN = "import pathlib; pathlib.Path({!r}).touch()\n"
MINE = """
from functools import partial
import helper
from latentune import Objective, StudySpec, TensorData
from latentune.search_spaces.autoencoder_spaces import conv_ae
data = partial(TensorData, "digits", batch_size=700)
SPEC = StudySpec(helper.NAME, Objective(conv_ae, data, max_epochs=1))
"""
PROGRAM = "#!/bin/sh\ntouch {}\n"


def fill(ran: Path) -> None:
    """Fills the working folder with modules, programs and a repository that leave a trace."""
    for name in MODULES:
        Path(f"{name}.py").write_text(RAN.format(str(ran / f"{name}.py")))
    Path("evil.pth").write_text(RAN.format(str(ran / "evil.pth")))
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run([*git, "init", "-q"], check=True)
    Path(".gitattributes").write_text("* filter=evil diff=evil\n")
    Path("tracked.txt").write_text("a")
    subprocess.run([*git, "add", "tracked.txt", ".gitattributes"], check=True)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)
    Path("tracked.txt").write_text("b")
    for program in ("evil", "git", "uname"):
        Path(program).write_text(PROGRAM.format(ran / program))
        Path(program).chmod(0o755)
    evil = os.path.abspath("evil")
    names = ("core.fsmonitor", "core.pager", "diff.external", "core.sshCommand")
    for name in (*names, "filter.evil.clean", "diff.evil.command", "alias.describe"):
        subprocess.run(
            ["git", "config", name, f"!{evil}" if "alias" in name else evil], check=True
        )
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        path = Path(".git/hooks", hook)
        path.write_text(PROGRAM.format(ran / hook))
        path.chmod(0o755)
    Path("mine.py").write_text(MINE)
    Path("helper.py").write_text("NAME = 'mine'\n")


SEARCH = ("search", "mine:SPEC", "--trials", "2", "--workers", "2")


@pytest.mark.parametrize(
    ("begin", "words", "says"),
    [
        (["-m", "latentune"], SEARCH, "next: latentune train mine"),
        ([str(Path(sys.executable).with_name("latentune"))], ["list"], "next: latentune search"),
    ],
    ids=["python -m", "console script"],
)
def test_nothing_of_the_working_folder_is_run_but_the_module_that_is_named(
    begin: list[str], words: list[str], says: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ran = tmp_path_factory.mktemp("ran")
    fill(ran)
    done = subprocess.run([sys.executable, *begin, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert says in done.stdout
    assert sorted(os.listdir(ran)) == []


def git(*words: str) -> str:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@y", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_is_what_git_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_head_commit(Path.cwd()) == ""
    git("init", "-q")
    assert read_head_commit(Path.cwd()) == ""  # nothing is committed
    Path("a").write_text("a")
    git("add", "a")
    git("commit", "-qm", "first")
    first = git("rev-parse", "HEAD")
    Path("inner").mkdir()
    monkeypatch.chdir("inner")
    assert read_head_commit(Path.cwd()) == first
    git("checkout", "-qb", "a/b-c")
    git("commit", "-q", "--allow-empty", "-m", "second")
    second = git("rev-parse", "HEAD")
    assert read_head_commit(Path.cwd()) == second != first
    git("pack-refs", "--all")
    assert read_head_commit(Path.cwd()) == second
    git("worktree", "add", "-q", "../../tree", first)
    git("worktree", "add", "-q", "-b", "other", "../../branch", second)
    assert read_head_commit(Path("../../tree").resolve()) == first
    assert read_head_commit(Path("../../branch").resolve()) == second
    git("checkout", "-q", first)
    assert read_head_commit(Path.cwd()) == first


@pytest.mark.parametrize(
    "head",
    [b"", b"\xff\xfe", b"ref: ", b"ref: HEAD", b"ref: refs/../../secret", b"0" * 39, b"x" * 9000],
)
def test_a_broken_repository_has_no_commit(head: bytes) -> None:
    Path(".git").mkdir()
    Path("secret").write_text("0" * 40)
    Path(".git/HEAD").write_bytes(head)
    assert read_head_commit(Path.cwd()) == ""


def test_nothing_in_a_repository_is_waited_for() -> None:
    Path(".git/refs/heads").mkdir(parents=True)
    Path(".git/HEAD").write_text("ref: refs/heads/main")
    os.mkfifo(".git/refs/heads/main")
    assert read_head_commit(Path.cwd()) == ""
