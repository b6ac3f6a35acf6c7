"""The batch size as a parameter of a search."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import pytest
import pytorch_lightning as pl

import latentune
from latentune.studies.search.search_plan import plan_search

SMALL = {"epochs": 1, "trials": 2}


class NoteSizes(pl.Callback):
    """Keeps the number of items of each training batch."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def on_train_batch_start(self, trainer: Any, model: Any, batch: Any, *args: Any) -> None:
        self.sizes.append(len(batch[0]))


def test_the_batch_size_is_a_parameter_of_every_trial() -> None:
    study = latentune.search("conv-ae", "digits", ranges={"batch_size": "100:400"}, **SMALL)
    first, second = (trial.params["batch_size"] for trial in study.trials)
    assert first == 100, "the one that is nearest to the usual size"
    assert 100 <= second <= 400
    definition = study.user_attrs["definition"]
    assert definition["batch_size"] == "int 100:400:log"
    assert "batch size" not in definition
    assert latentune.verify("conv-ae-digits:1").reproduced
    best = latentune.load_best("conv-ae-digits")
    assert best.params["batch_size"] in (first, second)
    assert "batch_size" not in best.recipe
    latentune.train("conv-ae-digits", epochs=1, pictures="none")
    assert 100 <= latentune.ask("conv-ae-digits").params["batch_size"] <= 400
    with pytest.raises(latentune.StudyError, match="batch size is absent there"):
        latentune.search("conv-ae", "digits", **SMALL)


def test_batches_have_the_suggested_size() -> None:
    note = NoteSizes()

    def space(trial: optuna.trial.BaseTrial, data: latentune.DataSpec) -> pl.LightningModule:
        trial.suggest_int("batch_size", 700, 700)
        return latentune.Autoencoder(data)

    digits = partial(latentune.TensorData, "digits")
    objective = latentune.Objective(space, digits, max_epochs=1, callbacks=lambda trial: [note])
    optuna.create_study().optimize(objective, n_trials=1)
    assert note.sizes[0] == 700


def test_final_training_has_the_batch_size_of_its_trial() -> None:
    latentune.search("mlp", "wine", ranges={"batch_size": "20"}, **SMALL)
    note = NoteSizes()
    latentune.train("mlp-wine", epochs=1, pictures="none", threads=1, callbacks=[note])
    assert note.sizes[0] == 20


def test_a_head_learns_from_batches_of_codes_of_the_suggested_size(trained: Path) -> None:
    ranges = {"batch_size": "30:40"}
    study = latentune.search("head", "digits", encoder="conv-ae-digits", ranges=ranges, **SMALL)
    assert all(30 <= trial.params["batch_size"] <= 40 for trial in study.trials)
    assert latentune.verify(study.study_name).reproduced


def test_the_first_trial_of_each_model_has_the_usual_batch_size() -> None:
    ranges = {"batch_size": "4:64", "model": "mlp,logistic-regression"}
    plan = plan_search("auto", "wine", ranges=ranges)
    assert [values["batch_size"] for values in plan.first] == [8, 8]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--range", "batch_size=32:64", "--batch-size", 64), "leave out one of the two"),
        (("--range", "batch_size=0:64"), "a log range starts above 0"),
    ],
)
def test_a_batch_size_that_is_no_range_is_refused(
    refused: Callable[..., str], options: tuple[object, ...], error: str
) -> None:
    assert error in refused("search", "conv-ae", "digits", *options)
