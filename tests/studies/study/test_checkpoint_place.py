"""A network in the folder of another study or trial is said, wherever it is used."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

import latentune
from latentune.storage.checkpoint_file import CheckpointHeader, read_header, write_header

Cli = Callable[..., Any]
NAME = "conv-ae-digits"
FINAL = Path("runs") / NAME / "final"


def with_changes(path: Path, **changes: Any) -> None:
    write_header(path, CheckpointHeader(**(read_header(path).to_table() | changes)))


def of_another_study() -> str:
    with_changes(FINAL / "model.ckpt", study="theirs")
    return "is not of conv-ae-digits: it says trial"


def in_a_copied_folder() -> str:
    other = optuna.copy_study(
        from_study_name=NAME,
        from_storage="sqlite:///runs/studies.db",
        to_storage="sqlite:///runs/studies.db",
        to_study_name="other",
    )
    assert other is None
    shutil.copytree(FINAL, "runs/other/final")
    return "is not of other: it says trial"


def of_another_trial() -> str:
    trial = read_header(FINAL / "model.ckpt").trial
    shutil.copytree(FINAL, FINAL.with_name("final-7"))
    return f"is not of trial 7: it says trial {trial} of {NAME}"


def of_a_trial_that_is_gone() -> str:
    with_changes(FINAL / "model.ckpt", trial=99)
    return "is of trial 99, which conv-ae-digits does not have"


def of_no_trial() -> str:
    with_changes(FINAL / "model.ckpt", trial=None)
    return "is of a configuration of no trial, which conv-ae-digits does not have"


def of_a_trial_that_the_study_lacks() -> str:
    with_changes(FINAL / "model.ckpt", trial=999)
    return "is of trial 999, which conv-ae-digits does not have"


def of_other_parameters() -> str:
    params = read_header(FINAL / "model.ckpt").params
    with_changes(FINAL / "model.ckpt", params={**params, "lr": 0.5})
    return "has other parameters than trial"


def of_another_recipe() -> str:
    recipe = read_header(FINAL / "model.ckpt").recipe.to_table()
    with_changes(FINAL / "model.ckpt", recipe={**recipe, "encoder_hash": "0123"})
    return "was made of another recipe than conv-ae-digits: encoder_hash is 0123, not absent"


@pytest.mark.parametrize(
    "plant",
    [
        of_another_study,
        in_a_copied_folder,
        of_another_trial,
        of_a_trial_that_is_gone,
        of_no_trial,
        of_a_trial_that_the_study_lacks,
        of_other_parameters,
        of_another_recipe,
    ],
    ids=lambda plant: plant.__name__,
)
def test_a_network_of_another_place_is_said(
    cli: Cli, trained: Path, plant: Callable[[], str]
) -> None:
    said = plant()
    name, source = NAME, NAME
    if plant is in_a_copied_folder:
        name = source = "other"
    if plant is of_another_trial:
        source = f"{NAME}:7"
    path = Path("runs", name, "final-7" if plant is of_another_trial else "final", "model.ckpt")
    looks = [["status", name], ["doctor", name]]
    for words in [["status"], ["doctor"], *looks] if plant is of_another_study else looks:
        answer = cli(*words)
        assert " ".join(answer.out.split()).count(f"{path} {said}") == 1, answer.out
        assert answer.code == (words[0] == "doctor")
    for words in (["encode", source, "digits"], ["encode", path, "digits"]):
        answer = cli(*words, "--out", f"{len(words[1].__str__())}.npz")
        assert f"{path} {said}" in " ".join(answer.out.split()), "it is said, and used"


def test_a_network_in_its_place_or_in_a_place_of_nobody_needs_no_word(
    cli: Cli, trained: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert " is not of " not in cli("status").out
    latentune.load_model(NAME)
    shutil.copytree(FINAL, "kept/final")  # by somebody who knows what it is
    latentune.load_model("kept/final/model.ckpt")
    shutil.copytree(FINAL, FINAL.with_name("mine"))
    latentune.load_model(FINAL.with_name("mine") / "model.ckpt")
    shutil.move("runs", "moved")
    latentune.load_model(NAME, runs="moved")
    Path("moved/studies.db").write_text("no database")
    latentune.load_model(NAME, runs="moved")
    Path("moved/studies.db").unlink()
    latentune.load_model(NAME, runs="moved")
    assert not caplog.messages
