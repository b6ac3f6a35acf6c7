"""Trials that are trained several times: with several seeds, or on several folds of the data."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import optuna
import pytest
import pytorch_lightning as pl
import torch
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial, TrialState
from PIL import Image

import latentune
from latentune.objectives.data.parts import Part
from latentune.objectives.objective import Objective
from latentune.search_spaces.strategies import PRUNERS
from latentune.storage.runs_folder import Runs
from latentune.studies.study.build import build_spec
from latentune.studies.study.recipe import Recipe

Cli = Callable[..., Any]
Refused = Callable[..., str]


class Killed(BaseException):
    """Ends a training as the death of its process does: nobody catches it."""


class Begun(pl.Callback):
    """Notes the epochs that begin, and lets the process die before one of them."""

    def __init__(self, dies_before: int) -> None:
        self.left, self.epochs = dies_before, 0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed
        self.epochs += 1


def objective_of(model: str = "mlp", data: str = "wine", **options: Any) -> Objective:
    recipe = Recipe(model, data, epochs=2, batch_size=50, **options)
    return build_spec(recipe, Runs()).objective


def study_of(objective: Objective) -> optuna.Study:
    return optuna.create_study(
        directions=list(objective.metrics.values()),
        sampler=RandomSampler(seed=0),
        pruner=PRUNERS["none" if objective.n_trainings == 1 else "wilcoxon"](objective.n_reports),
    )


def run(objective: Objective) -> FrozenTrial:
    study = study_of(objective)
    study.optimize(objective, n_trials=1)
    return study.trials[0]


def test_the_value_of_a_repeated_trial_is_the_mean_over_shared_seeds() -> None:
    trial = run(replace(objective_of(repeats=3), seed=7))
    alone = [run(replace(objective_of(), seed=seed)).value for seed in (7, 8, 9)]
    assert list(trial.intermediate_values.items()) == list(enumerate(alone, start=1))
    assert trial.value == fmean(alone)
    assert trial.user_attrs["spread"] == [stdev(alone)]
    assert trial.user_attrs["epochs"] == 6
    assert trial.user_attrs["stopped"].startswith("mean of 3 seeds, spread 0.")


def test_a_trial_that_is_worse_with_each_seed_is_pruned() -> None:
    objective = objective_of(repeats=3)
    study = study_of(objective)
    for rate in (1e-2, 1e-4):
        study.enqueue_trial({"lr": rate, "layers": 1, "hidden": 64})
    study.optimize(objective, n_trials=2)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE, TrialState.PRUNED]
    assert list(study.trials[1].intermediate_values) == [1, 2]


def test_several_objectives_have_a_mean_each() -> None:
    two = {"objectives": ["reconstruction", "kl"], "repeats": 2}
    trial = run(objective_of("conv-vae", "digits", **two))
    runs = [training["values"] for training in trial.user_attrs["trainings"]]
    assert trial.values == [fmean(column) for column in zip(*runs, strict=True)]
    assert len(trial.user_attrs["spread"]) == 2


def items(part: Part) -> list[tuple[float, ...]]:
    return [tuple(item.flatten().tolist()) for item in torch.as_tensor(part.inputs)]


@pytest.mark.parametrize("name", ["wine", "digits"])
def test_each_item_outside_the_test_part_validates_in_one_fold(name: str) -> None:
    whole = latentune.TensorData(name)
    folds = [whole.fold(index, 4) for index in range(4)]
    validated = [item for fold in folds for item in items(fold.splits.val)]
    assert sorted(validated) == sorted(items(whole.splits.train) + items(whole.splits.val))
    for fold in folds:
        assert fold.splits.test is whole.splits.test
        assert not set(items(fold.splits.train)) & set(items(fold.splits.val))
        shares = torch.tensor(fold.spec.shares)
        of_val = torch.as_tensor(fold.splits.val.targets).bincount() / len(fold.splits.val)
        assert (shares - of_val).abs().max() < 0.05, "each fold has its share of every class"
    assert len({fold.fingerprint for fold in folds}) == 4
    assert (folds[0].spec.mean != folds[1].spec.mean) == (name == "wine"), "rows are standardized"


def test_a_trial_on_folds_validates_on_each_of_them() -> None:
    seen: list[Sequence[float]] = []

    class Watch(pl.Callback):
        def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            seen.extend(items(trainer.datamodule.splits.val))  # type: ignore[attr-defined]

    trial = run(replace(objective_of(folds=4), callbacks=lambda trial: [Watch()]))
    data = latentune.TensorData("wine")
    assert len(set(seen)) == len(data.splits.train) + len(data.splits.val)
    assert trial.value == fmean(trial.intermediate_values.values())
    assert trial.user_attrs["provenance"]["data_fingerprint"] == data.fingerprint


def test_a_killed_trial_repeats_no_finished_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentune.objectives.resumable_checkpoint.SAVE_TIME_FACTOR", 0)
    objective = objective_of(folds=3)
    whole = run(objective)
    study = study_of(objective)
    number = study.ask()._trial_id
    begun = []
    for dies_before in (4, 2, 9):  # in the second epoch of the second fold, and of the third
        watch = Begun(dies_before)
        begun.append(watch)
        watched = replace(
            objective,
            callbacks=lambda trial: [begun[-1]],
            last_epoch=lambda trial: Path("last.ckpt"),
        )
        with suppress(Killed):
            study.tell(number, watched(optuna.Trial(study, number)))
    assert [watch.epochs for watch in begun] == [3, 1, 2]
    (killed,) = study.trials
    assert killed.intermediate_values == whole.intermediate_values
    assert killed.user_attrs["trainings"] == whole.user_attrs["trainings"]
    assert killed.value == whole.value


def test_a_head_is_searched_on_folds_of_codes(trained: Path) -> None:
    options = {"encoder": "conv-ae-digits", "trials": 1, "epochs": 1}
    study = latentune.search("head", "digits", folds=2, **options)
    assert len(study.trials[0].intermediate_values) == 2
    assert study.user_attrs["definition"]["folds"] == "2"
    assert len(list((trained / "conv-ae-digits/final").glob("codes-*.npy"))) == 3


def test_the_command_line_and_what_follows_a_repeated_search(cli: Cli) -> None:
    words = ("search", "mlp", "wine", "--trials", 2, "--epochs", 1)
    answer = cli(*words, "--folds", 2)
    assert answer.code == 0, answer.err
    assert "mean of 2 folds, spread" in answer.out
    assert "2/2" in answer.out
    assert "folds = 2" in Path("runs/mlp-wine/best.toml").read_text()
    assert "folds is 2 there, absent here" in cli(*words).err
    assert "repeats is absent there, 2 here" in cli(*words, "--repeats", 2).err
    assert cli("train", "mlp-wine", "--epochs", 1, "--pictures", "none").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--repeats", 0), "repeats must be at least 1, not 0"),
        (("--folds", 1), "folds must be at least 2, not 1"),
        (("--folds", 3, "--repeats", 2), "choose one of --repeats and --folds"),
        (("--folds", 143), "142 items cannot be split into 143 folds"),
        (("--folds", 3, "--pruner", "median"), "the pruner median compares epochs"),
        (("--pruner", "wilcoxon"), "the pruner wilcoxon compares trainings"),
    ],
)
def test_contradictory_options_are_rejected(
    words: tuple[object, ...], message: str, refused: Refused
) -> None:
    assert message in refused("search", "mlp", "wine", *words)


def test_data_that_bring_a_validation_part_are_not_cut_into_folds(refused: Refused) -> None:
    for part in ("train", "val", "test"):
        for color in (0, 255):
            folder = Path("mine", part, str(color))
            folder.mkdir(parents=True)
            for n in range(5):
                Image.new("L", (8, 8), color).save(folder / f"{n}.png")
    assert "this data has a separate validation part" in refused(
        "search", "cnn", "mine", "--folds", 2
    )


def test_a_custom_data_module_makes_its_own_folds(
    refused: Refused,
) -> None:
    Path("odd.py").write_text(
        "from latentune import DataSpec, Objective, StudySpec\n"
        "class Data: spec = DataSpec((1, 8, 8))\n"
        "from latentune.search_spaces.autoencoder_spaces import conv_ae\n"
        "SPEC = StudySpec('odd', Objective(conv_ae, Data))\n"
    )
    assert "Data cannot be split into folds" in refused("search", "odd:SPEC", "--folds", 2)
