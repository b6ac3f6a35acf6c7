"""Searches of recorded learning curves on a virtual clock, whose epochs take time.

The seconds of an epoch depend on the configuration, as a network with more latent codes is slower,
and on chance. The values differ between seeds by `SEED_SPREAD`. The first trial has the published
configuration, as that of a search has.
"""

import heapq
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from latentune.search_spaces.strategies import (
    PRUNERS,
    SAMPLERS,
    SpareFixedTrials,
    StatelessSampler,
)
from latentune.storage.study_record import LastSearch, StudyRecord, write_study_record

from .replay import EPOCHS, surrogate

SEED_SPREAD = 0.01  # relative standard deviation of a value over seeds
EPOCH_NOISE = 0.1  # relative standard deviation of the seconds of an epoch
WITHOUT_LUCK = "without_luck"  # attribute of a trial: its value without the spread of seeds
PUBLISHED = {"latent_dim": 6, "lr": 1e-3, "l1": 1e-6, "l2": 1e-5}
START = datetime(2026, 1, 1)


@dataclass(frozen=True)
class StandIn:
    """A finished search of recorded curves.

    Attributes:
        study: The study, in memory.
        search: The settings of the search.
        trials: All trials in the order in which they were started, with times of the clock.
    """

    study: optuna.Study
    search: LastSearch
    trials: Sequence[FrozenTrial]

    def at(self, now: datetime) -> list[FrozenTrial]:
        """Returns the trials as they were at a time."""
        started = [copy(t) for t in self.trials if t.datetime_start and t.datetime_start <= now]
        for trial in started:
            if trial.datetime_complete is None or trial.datetime_complete > now:
                trial.state, trial.datetime_complete = TrialState.RUNNING, None
        return started


class _Running:
    """A trial that runs: its curve, and the seconds of each epoch."""

    def __init__(self, trial: optuna.Trial, curve: Sequence[float], seconds: float) -> None:
        self.trial, self.curve, self.seconds, self.epoch = trial, curve, seconds, 0


def search_curves(
    curve_set: str,
    seed: int,
    trials: int,
    workers: int = 1,
    sampler: str = "tpe",
    pruner: str = "halving",
) -> StandIn:
    """Returns a search of a set of recorded curves."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    curves, random = surrogate(curve_set), np.random.default_rng(seed)
    study = optuna.create_study(
        sampler=StatelessSampler(SAMPLERS[sampler], seed),
        pruner=SpareFixedTrials(PRUNERS[pruner](EPOCHS), trials),
    )
    write_study_record(study, StudyRecord(metrics={"val_mse": "minimize"}))
    study.enqueue_trial(PUBLISHED)
    base, power = random.uniform(1, 30), random.uniform(0, 1)
    times: dict[int, list[datetime]] = {}
    events: list[tuple[float, int, _Running]] = []  # when an epoch ends

    def train_epoch(running: _Running, now: float) -> None:
        seconds = running.seconds * random.lognormal(0, EPOCH_NOISE)
        heapq.heappush(events, (now + seconds, running.trial.number, running))

    def start_trial(now: float) -> None:
        if len(times) < trials:
            trial = study.ask(dict(curves.space))
            times[trial.number] = [START + timedelta(seconds=now)]
            smooth = np.array(curves(trial.params))
            trial.set_user_attr(WITHOUT_LUCK, float(smooth.min()))
            curve = smooth * random.lognormal(0, SEED_SPREAD)
            seconds = base * (trial.params["latent_dim"] / 6) ** power
            train_epoch(_Running(trial, curve.tolist(), seconds), now)

    for _ in range(workers):
        start_trial(0)
    while events:
        now, number, running = heapq.heappop(events)
        trial, running.epoch = running.trial, running.epoch + 1
        trial.report(running.curve[running.epoch - 1], running.epoch)
        if running.epoch == EPOCHS:
            study.tell(trial, min(running.curve))
        elif trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
        else:
            train_epoch(running, now)
            continue
        times[number].append(START + timedelta(seconds=now))
        start_trial(now)
    found = study.get_trials()
    for trial in found:
        trial.datetime_start, trial.datetime_complete = times[trial.number]
    search = LastSearch(trials=trials, workers=workers, sampler=sampler, pruner=pruner)
    return StandIn(study, search, found)
