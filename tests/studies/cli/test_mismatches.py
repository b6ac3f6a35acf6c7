"""Encoders, data and weights that do not fit each other: one line and exit code 2."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from PIL import Image

import latentune

Cli = Callable[..., Any]


def _refused(answer: Any, message: str) -> None:
    assert answer.code == 2
    assert message in answer.err
    assert answer.err.count("\n") == 1, "one line"
    assert answer.err.startswith("latentune: ")


def snapshot() -> dict[Path, object]:
    """The content of every file below the working folder; of a database, its rows."""
    files = [path for path in Path().rglob("*") if path.is_file()]
    found: dict[Path, object] = {
        path: path.read_bytes() for path in files if not path.name.startswith("studies.db")
    }
    with closing(sqlite3.connect("runs/studies.db")) as connection:
        return found | {Path("runs/studies.db"): list(connection.iterdump())}


def test_data_of_your_own_must_have_a_shape(cli: Cli) -> None:
    Path("shapeless.py").write_text("""
import pytorch_lightning as pl
from latentune import Objective, StudySpec
SPEC = StudySpec("shapeless", Objective(lambda trial, shape: None, pl.LightningDataModule))
""")
    _refused(cli("search", "shapeless:SPEC"), "LightningDataModule has no `spec`")


def _images(folder: Path, side: int) -> None:
    folder.mkdir(parents=True)
    for i in range(12):
        Image.fromarray(np.full((side, side), 20 * i, dtype="uint8")).save(folder / f"{i}.png")


def test_an_encoder_of_another_shape(cli: Cli, trained: Path) -> None:
    for name in ("light", "dark"):
        _images(Path("photos") / name, 12)
    before = snapshot()
    words = ("search", "head", "photos", "--encoder", "conv-ae-digits")
    _refused(cli(*words, "--image-size", 12), "encodes items of 1x8x8, but the data has 1x12x12")
    assert snapshot() == before
    answer = cli(*words, "--trials", 1, "--epochs", 1, "--dry-run")
    assert answer.code == 0, answer.err
    assert "images are scaled to 8x8, the image size of the encoder" in answer.out
    assert "photos 1x8x8" in answer.out


def test_data_without_labels(cli: Cli, trained: Path) -> None:
    _images(Path("photos"), 8)
    before = snapshot()
    for options in ((), ("--unfreeze",)):
        answer = cli("search", "head", "photos", "--encoder", "conv-ae-digits", *options)
        _refused(answer, "photos has no labels to learn from")
    _refused(cli("compare", "photos", "--encoder", "conv-ae-digits"), "photos has no labels")
    assert snapshot() == before


def test_a_parent_without_a_finished_trial(cli: Cli, trained: Path) -> None:
    study = optuna.create_study(study_name="empty", storage="sqlite:///runs/studies.db")
    record = {"definition": {"model": "x"}, "recipe": {"model": "x"}, "command": "latentune"}
    for name, value in {**record, "metrics": {"val": "minimize"}}.items():
        study.set_user_attr(name, value)
    before = snapshot()
    _refused(cli("search", "head", "digits", "--encoder", "empty"), "has no complete trial yet")
    assert snapshot() == before


def test_first_weights_of_another_model(cli: Cli, trained: Path) -> None:
    latentune.search("conv-vae", "digits", trials=1, epochs=1, batch_size=200)
    answer = cli("train", "conv-vae-digits", "--init-from", "conv-ae-digits")
    _refused(answer, "is a checkpoint of another model than VAE")
    assert not Path("runs/conv-vae-digits/final").exists()
