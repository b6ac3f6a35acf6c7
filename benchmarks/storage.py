"""What a trial spends in storage, sampler and pruner, in a study that has many trials already."""

import json
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from latentune import DataSpec
from latentune.search_spaces.autoencoder import conv_ae_seed
from latentune.search_spaces.strategies import PRUNERS, SAMPLERS, Repeatable
from latentune.search_spaces.watch import probe
from latentune.storage.database import open_database
from latentune.studies.defaults import PRUNER, SAMPLER
from latentune.studies.running.retries import finished, requeue

CURVES = Path(__file__).with_name("curves.jsonl")
DATA = DataSpec((1, 28, 28))
EPOCHS = 10
RUNGS = {1: 0, 4: 1}  # epochs after which successive halving by 4 looks


def measure(size: int, trials: int = 40) -> float:
    """Returns the seconds of one trial beside its training, the mean of several.

    Args:
        size: Finished trials that the study has at the start.
        trials: Trials to take the mean of; they repeat recorded learning curves.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    records = [json.loads(line) for line in CURVES.read_text().splitlines()]
    space = probe(conv_ae_seed, DATA).distributions
    rng = np.random.default_rng(0)

    def past() -> FrozenTrial:
        record = records[rng.integers(len(records))]
        # One trial in four gets past a rung.
        epochs = next((epoch for epoch in RUNGS if rng.random() < 0.75), EPOCHS)
        curve = record["val_mse"][:epochs]
        return create_trial(
            state=TrialState.COMPLETE if epochs == EPOCHS else TrialState.PRUNED,
            value=min(curve),
            params=record["params"],
            distributions=space,
            intermediate_values=dict(enumerate(curve, start=1)),
            system_attrs={
                f"completed_rung_{rung}": curve[epoch - 1]
                for epoch, rung in RUNGS.items()
                if epoch <= epochs
            },
        )

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/studies.db"
        made = optuna.create_study(study_name="s", storage=open_database(url, create=True))
        made.add_trials([past() for _ in range(size)])
        study = optuna.load_study(study_name="s", storage=open_database(url))
        study.sampler = Repeatable(SAMPLERS[SAMPLER], 0)
        study.pruner = PRUNERS[PRUNER](EPOCHS)
        study.get_trials(deepcopy=False)  # the first look reads them all
        started = time.perf_counter()
        with warnings.catch_warnings(action="ignore"):  # it misses Study.optimize
            for _ in range(trials):
                _trial(study, space, records[rng.integers(len(records))]["val_mse"])
        return (time.perf_counter() - started) / trials


def _trial(
    study: optuna.Study,
    space: dict[str, optuna.distributions.BaseDistribution],
    curve: list[float],
) -> None:
    finished(requeue(study))
    trial = study.ask(space)
    for name in ("provenance", "hparams", "parameters"):
        trial.set_user_attr(name, {"some": "thing"})
    state = TrialState.COMPLETE
    for epoch, value in enumerate(curve, start=1):
        trial.report(value, epoch)
        if epoch < EPOCHS and trial.should_prune():
            state = TrialState.PRUNED
            break
    for name in ("stopped", "epochs", "best_epoch"):
        trial.set_user_attr(name, epoch)
    study.tell(trial, min(curve) if state == TrialState.COMPLETE else None, state)
