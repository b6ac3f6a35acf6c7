"""A search whose first points are the best trials of studies on other data."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial

from latentune.search_spaces.distributions import describe_distribution
from latentune.storage.database import open_database
from latentune.storage.study_record import (
    DataSize,
    RecipeTable,
    StudyRecord,
    write_study_record,
)

Cli = Callable[..., Any]
Refused = Callable[..., str]
URL = "sqlite:///runs/studies.db"
SEARCH = ("--epochs", 2, "--batch-size", 30, "--workers", 1, "--fix", "linear_path=False")
RANGES: Mapping[str, BaseDistribution] = {
    "l1": FloatDistribution(1e-9, 1e-4, log=True),
    "l2": FloatDistribution(1e-9, 1e-4, log=True),
    "lr": FloatDistribution(1e-4, 1e-2, log=True),
    "latent_dim": IntDistribution(2, 18, log=True),
    "linear_path": CategoricalDistribution((False, True)),
}
AUTO_RANGES: Mapping[str, BaseDistribution] = {
    "model": CategoricalDistribution(("mlp", "logistic-regression")),
    "mlp.lr": FloatDistribution(1e-4, 1e-2, log=True),
}
SPEC = """
from functools import partial
from latentune import Objective, StudySpec, TensorData
from latentune.search_spaces.autoencoder_spaces import conv_ae

NEW = StudySpec("mine", Objective(conv_ae, partial(TensorData, "new.npz"), max_epochs=1))
"""


def study_of(name: str) -> optuna.Study:
    return optuna.load_study(study_name=name, storage=URL)


def create_past_study(
    name: str,
    trials: Mapping[float, float],
    *,
    model: str = "conv-ae",
    space: str = "default",
    side: int = 12,
    items: int = 60,
    ranges: Mapping[str, BaseDistribution] = RANGES,
    **params: object,
) -> None:
    """Creates a study with a complete trial of each value and learning rate."""
    Path("runs").mkdir(exist_ok=True)
    way = "maximize" if model == "auto" else "minimize"
    metric = "val_accuracy" if model == "auto" else "val_mse"
    study = optuna.create_study(
        study_name=name, storage=open_database(URL, create=True), direction=way
    )
    record = StudyRecord(
        command="latentune search",
        recipe=RecipeTable(model=model, data="other.npz", space=space, seed=0),
        metrics={metric: way},
        data_size=DataSize(kind="image", shape=[1, side, side], items=items, classes=3),
        definition={n: describe_distribution(found) for n, found in ranges.items()},
    )
    write_study_record(study, record)
    for value, lr in trials.items():
        known = {"l1": 1e-8, "l2": 1e-8, "latent_dim": 18, "lr": lr, "mlp.lr": lr, "model": "mlp"}
        known["linear_path"] = False
        point = {name: (known | params)[name] for name in ranges}
        study.add_trial(create_trial(value=value, params=point, distributions=dict(ranges)))


@pytest.fixture
def past() -> None:
    """Two studies on data of other sizes, and new data that is more like `small`."""
    create_past_study("small", {0.3: 1e-4, 0.1: 2e-3}, side=12, items=60)
    create_past_study("large", {0.01: 4e-3, 0.02: 5e-3}, side=28, items=4000)
    drawn = np.random.default_rng(0)
    images = drawn.integers(0, 255, (60, 8, 8), dtype=np.uint8)
    np.savez("new.npz", x=images, y=np.arange(60) % 3)


def test_the_best_trials_of_the_nearest_studies_are_tried_and_pruned_as_others(
    cli: Cli, past: None
) -> None:
    search = ("search", "conv-ae", "new.npz", *SEARCH, "--learn-from", "auto")
    answer = cli(*search, "--trials", 9)
    said = "first points from small (trials 1, 0) and large (trial 0)"
    assert said in answer.out
    study = study_of("conv-ae-new")
    assert len(study.trials) == 9
    learned = study.trials[1:4]
    assert [trial.params["lr"] for trial in learned] == [2e-3, 4e-3, 1e-4], "in turn, after ours"
    origins = [
        {"study": name, "trial": n} for name, n in [("small", 1), ("large", 0), ("small", 0)]
    ]
    assert [trial.user_attrs["learned_from"] for trial in learned] == origins
    assert study.user_attrs["learned_from"] == origins
    assert {trial.params["latent_dim"] for trial in learned} == {8}, "18 is moved into 2:8"
    assert learned[2].state == TrialState.PRUNED, "its learning rate is too low"
    assert "learned_from" not in study.trials[4].user_attrs, "a third of the trials at most"
    size = {"kind": "image", "shape": [1, 8, 8], "items": 43, "classes": 3}
    assert study.user_attrs["data_size"] == size
    assert said in cli("status", "conv-ae-new").out
    again = cli(*search, "--trials", 10)
    assert "other studies" not in again.out
    assert "first points" not in again.out
    assert "learned_from" not in study_of("conv-ae-new").trials[9].user_attrs


def test_studies_that_do_not_fit_are_refused(refused: Refused, past: None) -> None:
    def why(names: str, *more: object) -> str:
        return refused("search", "conv-ae", "new.npz", *SEARCH, "--learn-from", names, *more)

    create_past_study("dense", {}, model="dense-ae")
    create_past_study("published", {}, space="published")
    assert "did you mean 'small'" in why("smal")
    assert "its model is dense-ae, not conv-ae" in why("small,dense")
    assert "its space is published, not default" in why("published")
    assert "it is this study itself" in why("small", "--name", "small")
    probe = why("small", "--objectives", "probe")
    assert "its objective is to minimize val_mse, not to maximize val_probe" in probe


def test_without_a_study_that_fits_the_search_goes_on(cli: Cli, past: None) -> None:
    search = ("search", "dense-ae", "new.npz", *SEARCH, "--trials", 3)
    answer = cli(*search, "--learn-from", "auto")
    assert answer.out.count("first points from no other study: none has points that fit") == 1
    assert len(study_of("dense-ae-new").trials) == 3
    few = ("search", "conv-ae", "new.npz", *SEARCH, "--learn-from", "small", "--dry-run")
    assert "no other study: none" in cli(*few, "--trials", 2).out
    assert "small (trial 1)" in cli(*few, "--trials", 3).out
    assert "other study" not in cli(*search, "--learn-from", "none", "--name", "alone").out
    late = cli(*search, "--learn-from", "auto", "--name", "alone")
    assert "alone exists: only a new study learns from other studies" in late.out


def test_a_past_study_chose_the_model_too(cli: Cli, past: None) -> None:
    create_past_study("chosen", {0.9: 2e-3}, model="auto", ranges=AUTO_RANGES)
    search = ("search", "auto", "new.npz", "--dry-run", "--learn-from", "auto", "--range")
    assert "chosen (trial 0)" in cli(*search, "model=mlp,logistic-regression").out
    assert "no other study" in cli(*search, "model=logistic-regression").out


def test_a_study_of_ones_own_learns_from_its_module(
    cli: Cli, refused: Refused, past: None
) -> None:
    Path("mine.py").write_text(SPEC)
    create_past_study("other", {0.1: 2e-3}, model="mine:OTHER")
    create_past_study("wide", {}, model="mine:WIDE", ranges={"width": FloatDistribution(1, 2)})
    search = ("search", "mine:NEW", "--trials", 3, "--dry-run", "--learn-from")
    assert "other (trial 0)" in cli(*search, "auto").out
    assert "its model is conv-ae, not mine:NEW" in refused(*search, "small")
    assert "its parameters are width, not l1, l2, latent_dim, linear_path, lr" in refused(
        *search, "wide"
    )
