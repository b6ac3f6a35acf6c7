"""An automatic study of three autoencoders, searched and trained once."""

import shutil
from pathlib import Path

import optuna
import pytest

import latentune

from ...shared_folders import shared_folder

THREE = ("conv-ae", "dense-ae", "deep-ae")
SMALL = {
    "objectives": ["mse"],
    "epochs": 1,
    "batch_size": 300,
    "ranges": {"model": ",".join(THREE)},
}


@pytest.fixture(scope="session")
def _studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def fill(folder: Path) -> None:
        runs = folder / "runs"
        latentune.search("digits", trials=4, pruner="none", runs=runs, **SMALL)
        latentune.train("auto-digits", epochs=1, runs=runs, pictures="none")

    return shared_folder(tmp_path_factory, "studied", fill) / "runs"


@pytest.fixture
def studied(_studied: Path, tmp_path: Path) -> optuna.Study:
    """A copy, in the working folder, of an automatic study whose winner was trained."""
    shutil.copytree(_studied, tmp_path / "runs")
    return optuna.load_study(study_name="auto-digits", storage="sqlite:///runs/studies.db")
