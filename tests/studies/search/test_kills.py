"""A kill between two file operations: the same command goes on, and nothing is lost or left.

`python -m benchmarks.kill_sweep` kills each verb at each operation.
"""

import json
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl

import latentune
from latentune.storage import folder_replacement as replacing
from latentune.storage.folder_replacement import finish_replacement, replace_with
from latentune.storage.scratch_folder import (
    scratch_folder,
    temporary_scratch_folder,
    user_temporary_folder,
)
from latentune.studies.search.fork_server import start_fork_server

from ...forked import command, killed_before

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals that kill")

NAME = "conv-ae-digits"
HOME = Path("runs") / NAME
TRAIN = ("train", NAME, "--epochs", "1", "--pictures", "none")
SEEDS = (*TRAIN, "--seeds", "2")


class Begun(pl.Callback):
    """Counts the epochs that begin."""

    def __init__(self) -> None:
        self.epochs = 0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.epochs += 1


def figures(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "metrics.json").read_text())
    return {n: v for n, v in found.items() if n not in ("seconds", "git_commit")}


def left() -> set[str]:
    """What lies in the folder of the study, and which scratch folders are there."""
    places = (Path("runs/cache"), user_temporary_folder())
    scratches = {path.name for place in places for path in place.glob("scratch-*")}
    return scratches | {path.name for path in HOME.iterdir()}


@pytest.fixture(autouse=True)
def _a_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    start_fork_server()  # by way of the usual folder, where it stays
    with tempfile.TemporaryDirectory(prefix="k") as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        yield


@pytest.mark.parametrize(
    ("event", "file"),
    [
        ("os.rename", f"{NAME}/final-finished"),
        ("os.rename", f"{NAME}/final"),
        ("os.rmdir", "final-before"),  # of the training before the last one
    ],
)
def test_a_training_that_is_killed_in_its_last_renames_is_not_trained_again(
    trained: Path, event: str, file: str
) -> None:
    if event == "os.rmdir":
        latentune.train(NAME, epochs=1, pictures="none")
    before = figures(HOME / "final")
    killed_before(event, file, command, *TRAIN)
    latentune.load_model(NAME)  # which ends the renames
    whole, begun = figures(HOME / "final"), Begun()
    latentune.train(NAME, epochs=1, pictures="none", callbacks=[begun])
    assert begun.epochs == 0
    assert (figures(HOME / "final"), figures(HOME / "final-before")) == (whole, before)
    assert left() == {"best.toml", "final", "final-before"}
    assert not (HOME / "final/last.ckpt").exists()


def test_seeds_resume_after_a_kill_during_a_removal(trained: Path) -> None:
    (seed,) = latentune.train(NAME, epochs=1, pictures="none", seeds=2).metrics["seeds"][1:]
    whole = figures(HOME / "final")
    shutil.rmtree(HOME / "final")
    killed_before("os.rmdir", f"seed-{seed}", command, *SEEDS)
    begun = Begun()
    again = latentune.train(NAME, epochs=1, pictures="none", seeds=2, callbacks=[begun])
    assert begun.epochs == 0
    assert again.metrics["seeds"][1:] == [seed]
    assert figures(HOME / "final") == whole
    assert not list((HOME / "final").glob("seed-*"))


def test_a_comparison_and_a_confirmation_train_nothing_again(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs: list[str] = []
    begin = pl.loops.fit_loop._FitLoop.advance

    def advance(self: Any) -> None:
        epochs.append("begun")
        begin(self)

    monkeypatch.setattr(pl.loops.fit_loop._FitLoop, "advance", advance)
    compare = ("compare", "digits", "--encoder", NAME, "--labels", "50", "--seeds", "1")
    killed_before("os.remove", "/classifier.ckpt", command, *compare, "--epochs", "2")
    table = latentune.compare("digits", [NAME], labels=[50], seeds=1, epochs=2).table
    assert not epochs, "both trainings were written down"
    assert len(table) == 2
    assert not list(Path("runs/comparisons/digits").glob("*.ckpt"))
    assert [path.name for path in Path("runs/comparisons").iterdir()] == ["digits"]
    epochs.clear()
    confirm = ("confirm", NAME, "--top", "1", "--seeds", "2")
    killed_before("os.remove", ".ckpt", command, *confirm)
    latentune.confirm(NAME, top=1, seeds=2)
    assert len(epochs) == 2, "the first of two trainings was whole"
    assert not Path("runs/cache/confirming").exists()


def test_the_next_command_removes_temporary_folders_of_a_killed_one(
    trained: Path,
) -> None:
    killed_before("sqlite3.connect", "studies.db", _in_temporary, tempfile.gettempdir())
    assert list(user_temporary_folder().glob("scratch-*"))
    with scratch_folder(Path("runs/cache")):
        assert not list(user_temporary_folder().glob("scratch-*"))
    assert {path.name for path in user_temporary_folder().iterdir()} == {"sweep.lock"}


def _in_temporary(folder: str) -> None:
    tempfile.tempdir = folder
    with temporary_scratch_folder() as place:
        (place / "copy").write_bytes(bytes(1000))
        command("doctor")


def test_a_temporary_folder_of_another_user_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs").mkdir()
    user_temporary_folder().symlink_to(tmp_path / "theirs")
    with temporary_scratch_folder() as place:
        assert not place.is_relative_to(user_temporary_folder())
    assert not list((tmp_path / "theirs").iterdir())


class Killed(BaseException):
    """Nobody catches it, as nobody survives a kill."""


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("at", range(1, 8))
def test_a_replaced_folder_exists_after_any_kill(
    at: int, keep: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache = tmp_path / "study/folder", tmp_path / "cache"

    def made(text: str, place: Path) -> Path:
        (place / "new").mkdir(parents=True)
        (place / "new/text").write_text(text)
        return place / "new"

    def begin(text: str) -> None:
        with scratch_folder(cache) as place:
            replace_with(made(text, place), folder, place, keep=keep)

    begin("oldest")
    begin("old")
    with monkeypatch.context() as patch:
        _kill_at(at, patch)
        with suppress(Killed):  # the last of them are more operations than there are
            begin("new")
    with scratch_folder(cache) as place:
        finish_replacement(folder, place)
    assert (folder / "text").read_text() in ("old", "new")
    begin("newest")
    names = {"folder", "folder-before"} if keep else {"folder"}
    assert {path.name for path in folder.parent.iterdir()} == names
    assert (folder / "text").read_text() == "newest"


def _kill_at(at: int, patch: pytest.MonkeyPatch) -> None:
    """Lets a rename fail as if the process was killed before it."""
    done = [0]

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counts(*args: Any) -> Any:
            done[0] += 1
            if done[0] == at:
                raise Killed
            return call(*args)

        return counts

    patch.setattr(Path, "rename", counted(Path.rename))
    patch.setattr(replacing.shutil, "move", counted(shutil.move))
