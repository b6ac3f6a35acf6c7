"""What the tests share: the command line in this process, and one small study, trained."""

import gc
import importlib.metadata
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # a core for each process; torch asks when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from latentune.studies.cli import answer_cache
from latentune.studies.cli import app as command_line

from .shared_folders import shared_folder

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@dataclass
class Answer:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


Cli = Callable[..., Answer]


def edit_header(checkpoint: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes the header of a checkpoint, as another program might."""
    with ZipFile(checkpoint) as packed:
        header = json.loads(packed.read("archive/latentune.json"))
    change(header)
    add_header(checkpoint, json.dumps(header))


def add_header(checkpoint: Path, header: str) -> None:
    """Replaces the header of a checkpoint by a text."""
    import torch

    content = torch.load(checkpoint, weights_only=True)
    with checkpoint.open("wb") as file:
        torch.save(content, file)
    with ZipFile(checkpoint, "a", ZIP_DEFLATED) as packed:
        packed.writestr("archive/latentune.json", header)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(answer_cache, "user_cache_path", lambda _: tmp_path / "user-cache")
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in sys.modules.keys() - before:  # another test may have one of the same name
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]
    if cache := sys.modules.get("latentune.objectives.data.tensor_cache"):
        cache._pending_writes.clear()  # of a command that was refused


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command in this process."""

    def run(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["latentune", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            command_line.main()
        out, err = capfd.readouterr()
        return Answer(int(end.value.code or 0), out, err)

    return run


@pytest.fixture
def refused(cli: Cli) -> Callable[..., str]:
    """Runs a command that must end in one line and write nothing, and returns the line."""

    def files() -> set[Path]:
        # SQLite makes and removes these while a database is open.
        passing = (".lock", "-shm", "-wal")
        return {p for p in Path().rglob("*") if p.is_file() and not p.name.endswith(passing)}

    def run(*words: object) -> str:
        before = files()
        answer = cli(*words)
        assert (answer.code, answer.err.count("\n")) == (2, 1), answer.err
        assert files() == before
        return answer.err

    return run


@pytest.fixture(scope="session", autouse=True)
def _quick_collections() -> Iterator[None]:
    # Each search collects garbage, which takes 0.3 s if it looks at all that is imported.
    gc.collect()
    gc.freeze()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "freeze", lambda: None)
        patch.setattr(gc, "unfreeze", lambda: None)  # which a search does at its end
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_trainers() -> Iterator[None]:
    # Each Trainer looks for callbacks in all installed packages, which takes 0.04 s.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.metadata, "entry_points", cache(importlib.metadata.entry_points))
        yield


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def fill(folder: Path) -> None:
        import latentune

        runs = folder / "runs"
        latentune.search("conv-ae", "digits", trials=3, epochs=2, pruner="none", runs=runs)
        latentune.train("conv-ae-digits", epochs=3, runs=runs)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("latentune.objectives.metrics.feature_network.STEPS", 100)
            patch.setattr("latentune.models.densities.flow.MAX_EPOCHS", 2)
            latentune.sample("conv-ae-digits", n=70, runs=runs)

    return shared_folder(tmp_path_factory, "trained", fill) / "runs"


@pytest.fixture(autouse=True)
def _quick_features(monkeypatch: pytest.MonkeyPatch) -> None:
    # The network that rates samples need not be good at it, nor the flow that makes them.
    for steps in ("STEPS", "VIEW_STEPS"):
        monkeypatch.setattr(f"latentune.objectives.metrics.feature_network.{steps}", 100)
    monkeypatch.setattr("latentune.models.densities.flow.MAX_EPOCHS", 2)


@pytest.fixture(scope="session")
def quick_export() -> Iterator[None]:
    """Exports to ONNX read the table of operators once, which takes a second."""
    ours = pytest.importorskip("onnxscript._framework_apis.torch_2_11")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ours, "get_torchlib_ops", cache(ours.get_torchlib_ops))
        yield


@pytest.fixture
def trained(_trained: Path, tmp_path: Path) -> Path:
    """A copy, in the working folder, of a runs folder with a searched, trained, sampled study."""
    runs = tmp_path / "runs"
    shutil.copytree(_trained, runs)
    return runs


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with the real Fashion-MNIST and MNIST."""
    folder = Path(os.environ.get("LATENTUNE_DATA") or SHARED_DATA)
    if not (folder / "FashionMNIST" / "raw").is_dir():
        pytest.skip("needs Fashion-MNIST in the folder that LATENTUNE_DATA names")
    return folder
