"""Fills the database of a study with finished trials of recorded learning curves."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytorch_lightning as pl
from optuna.distributions import distribution_to_json
from optuna.trial import BaseTrial, FrozenTrial, TrialState, create_trial
from torch import nn

from latentune import DataSpec
from latentune.search_spaces.suggestions import record_parameters
from latentune.storage.database import open_database
from latentune.storage.optuna_internals import (
    relational_storage,
    storage_of,
    study_id,
    tables,
)

CURVES = Path(__file__).with_name("curves.jsonl")
DATA = DataSpec((1, 28, 28))
EPOCHS = 10
RUNGS = {1: 0, 4: 1}  # epochs after which successive halving by 4 looks


class Nothing(pl.LightningModule):
    """A model with six options that is not trained."""

    def __init__(self, data: DataSpec, **options: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = nn.Linear(1, 1)


def space(trial: BaseTrial, data: DataSpec) -> Nothing:
    """Suggests six parameters and returns a model with them."""
    return Nothing(
        data,
        latent_dim=trial.suggest_int("latent_dim", 2, 32, log=True),
        width=trial.suggest_float("width", 0.5, 2),
        lr=trial.suggest_float("lr", 1e-5, 1e-2, log=True),
        l1=trial.suggest_float("l1", 1e-6, 1e-3, log=True),
        l2=trial.suggest_float("l2", 1e-6, 1e-3, log=True),
        momentum=trial.suggest_float("momentum", 0.5, 0.99),
    )


def recorded_curves() -> list[list[float]]:
    """Returns the validation errors of each recorded training, epoch by epoch."""
    return [json.loads(line)["val_mse"] for line in CURVES.read_text().splitlines()]


def past_trials(size: int) -> Iterator[FrozenTrial]:
    """Makes finished trials of recorded learning curves, one in four of which passed a rung."""
    rng, curves = np.random.default_rng(0), recorded_curves()
    distributions = record_parameters(space, DATA).distributions
    drawn = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(size):
        epochs = next((epoch for epoch in RUNGS if rng.random() < 0.75), EPOCHS)
        curve = curves[rng.integers(len(curves))][:epochs]
        params = drawn.ask(distributions).params
        yield create_trial(
            state=TrialState.COMPLETE if epochs == EPOCHS else TrialState.PRUNED,
            value=min(curve),
            params=params,
            distributions=distributions,
            intermediate_values=dict(enumerate(curve, start=1)),
            user_attrs={
                "provenance": {"seed": 0, "versions": {"python": "3"}},
                "hparams": params,
                "parameters": 2,
                "stopped": "all epochs" if epochs == EPOCHS else "pruned",
                "epochs": epochs,
                "best_epoch": epochs,
            },
        )


def create_past_study(url: str, name: str, size: int) -> None:
    """Creates a study with `size` finished trials by a few statements of SQL."""
    study = optuna.create_study(study_name=name, storage=open_database(url, create=True))
    storage = relational_storage(storage_of(study))
    assert storage is not None
    rows: dict[str, list[dict[str, Any]]] = {}
    for number, trial in enumerate(past_trials(size)):
        for table, row in _rows(trial, number):
            rows.setdefault(table, []).append({**row, "trial_id": number + 1})
    for row in rows.get("trials", []):
        row["study_id"] = study_id(study)
    with storage.engine.begin() as connection:
        for table, inserted in rows.items():
            connection.execute(tables()[table].insert(), inserted)
    storage.remove_session()
    storage.engine.dispose()


def _rows(trial: FrozenTrial, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the name of a table and a row for each fact of a trial, without the trial's id."""
    now = datetime.now()
    yield (
        "trials",
        {
            "number": number,
            "state": trial.state.name,
            "datetime_start": now,
            "datetime_complete": now,
        },
    )
    yield "trial_values", {"objective": 0, "value": trial.value, "value_type": "FINITE"}
    for name, distribution in trial.distributions.items():
        yield (
            "trial_params",
            {
                "param_name": name,
                "param_value": distribution.to_internal_repr(trial.params[name]),
                "distribution_json": distribution_to_json(distribution),
            },
        )
    for step, value in trial.intermediate_values.items():
        yield (
            "trial_intermediate_values",
            {"step": step, "intermediate_value": value, "intermediate_value_type": "FINITE"},
        )
    for key, attribute in trial.user_attrs.items():
        yield "trial_user_attributes", {"key": key, "value_json": json.dumps(attribute)}
