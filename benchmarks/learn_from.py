"""Searches with and without `--learn-from auto` on recorded trials of five data sets.

    python -W ignore -m benchmarks.learn_from --seeds 10

A Gaussian process for each data set predicts the learning curve of any configuration from those
in `benchmarks/past_studies.jsonl` (`python -m benchmarks.past_studies`). One study of 20 trials on
each data set, with the defaults of `search`, is the past. Then each data set is searched again
with another seed, with and without points of the four studies on the other data sets. The table
has the median number of trials until a search is within 2 % of the best value of all searches, 30
if it never is, and the gap after 20 trials, in % above the best. Intervals of 95 % are from a
bootstrap over the seeds; p is of Wilcoxon's test, paired by seed.
"""

import argparse
import json
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import optuna
from optuna.trial import TrialState
from rich.console import Console
from rich.table import Table

from latentune import DataSpec
from latentune.search_spaces.strategies import PRUNERS, SAMPLERS, SpareFixedTrials
from latentune.search_spaces.suggestions import (
    SpaceParameters,
    nearest_parameters,
    record_parameters,
)
from latentune.storage.study_record import DataSize
from latentune.studies.transfer.past_studies import SHARE, choose_points, distance

from .past_studies import EPOCHS, MODELS
from .replay import Surrogate, paired_p

RECORDED = Path(__file__).with_name("past_studies.jsonl")
TRIALS = 20  # of a study, by default
MOST = 30  # trials of a search that may still reach the target
TOLERANCE = 0.02
ALONE, LEARNING = "alone", "with points of others"
IMAGES = 1000  # for training, of each data set
SIZES = {
    "mnist": (14, 10),
    "fashion-mnist": (14, 10),
    "digits": (8, 10),
    "shapes": (16, 4),
    "waves": (20, 6),
}
"""Side of the images and number of classes of each data set."""


class Landscape(NamedTuple):
    """What a configuration is worth on a data set, epoch by epoch."""

    parameters: SpaceParameters
    curves: Surrogate
    spec: DataSpec


@cache
def landscape(model: str, data: str) -> Landscape:
    """Returns the landscape that the recorded trials of a model on a data set show."""
    side, classes = SIZES[data]
    spec = DataSpec((1, side, side), classes=tuple(map(str, range(classes))))
    lines = map(json.loads, RECORDED.read_text().splitlines())
    records = [line for line in lines if (line["model"], line["data"]) == (model, data)]
    parameters = record_parameters(MODELS[model][0], spec)
    points, curves = ([record[key] for record in records] for key in ("params", "values"))
    return Landscape(parameters, Surrogate(points, curves, parameters.distributions), spec)


def search(
    model: str, data: str, seed: int, trials: int, past: Sequence[optuna.Study] = ()
) -> optuna.Study:
    """Searches a landscape as `latentune search` does, with points of past studies if any."""
    parameters, curves, spec = landscape(model, data)

    def fit(params: Mapping[str, Any]) -> Any:
        return nearest_parameters(MODELS[model][0], {**parameters.defaults, **params}, spec)

    pruner = SpareFixedTrials(PRUNERS["halving"](EPOCHS), trials)
    study = optuna.create_study(study_name=data, sampler=SAMPLERS["tpe"](seed), pruner=pruner)
    first = parameters.first_trial({})
    study.enqueue_trial(first)
    study.add_trials(choose_points(past, fit, [first], TRIALS // SHARE))
    for _ in range(trials):
        trial = study.ask(dict(curves.space))
        for epoch, value in enumerate(curve := curves(trial.params), start=1):
            trial.report(value, epoch)
            if epoch < len(curve) and trial.should_prune():
                study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            study.tell(trial, min(curve))
    return study


def nearest_first(data: str, studies: Mapping[str, optuna.Study]) -> list[optuna.Study]:
    """Returns the studies on all other data sets, those on the most similar data first."""

    def distance_to(other: str) -> tuple[bool, float]:
        sizes = [
            DataSize(kind="image", shape=[1, side, side], items=IMAGES, classes=classes)
            for side, classes in (SIZES[data], SIZES[other])
        ]
        return distance(*sizes)

    return [studies[name] for name in sorted(studies, key=distance_to) if name != data]


def best_so_far(study: optuna.Study) -> list[float]:
    """Returns the best complete value after each trial."""
    complete = [t.value if t.state == TrialState.COMPLETE else np.inf for t in study.trials]
    return list(np.minimum.accumulate(np.array(complete, dtype=float)))


def trials_to(history: Sequence[float], target: float) -> int:
    """Returns the number of trials after which the target is reached, at most `MOST`."""
    return next((n for n, best in enumerate(history, start=1) if best <= target), MOST)


def with_interval(values: Sequence[float]) -> str:
    """Returns the median of some values, with an interval of 95 % from a bootstrap."""
    rng = np.random.default_rng(0)
    drawn = np.median(rng.choice(values, (10_000, len(values))), axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{np.median(values):.3g} ({low:.3g} to {high:.3g})"


def compare(model: str, seeds: int) -> Table:
    """Searches all data sets with and without points of past studies."""
    found: dict[tuple[str, str], list[list[float]]] = {}
    for seed in range(seeds):
        past = {data: search(model, data, 1000 + seed, TRIALS) for data in SIZES}
        for data in SIZES:
            for case, studies in ((ALONE, []), (LEARNING, nearest_first(data, past))):
                history = best_so_far(search(model, data, seed, MOST, studies))
                found.setdefault((data, case), []).append(history)
    columns = ("trials alone", "learning", "difference", "p", "gap alone", "learning", "", "p")
    table = Table("", "R2", *columns, title=model, box=None)
    total: list[list[float]] = [[], [], [], []]
    for data in SIZES:
        alone, learning = found[data, ALONE], found[data, LEARNING]
        best = min(history[-1] for history in alone + learning)
        measured = [
            *(
                [float(trials_to(h, best * (1 + TOLERANCE))) for h in each]
                for each in (alone, learning)
            ),
            *([100 * (h[TRIALS - 1] / best - 1) for h in each] for each in (alone, learning)),
        ]
        for values, of_data in zip(total, measured, strict=True):
            values += of_data
        r2 = landscape(model, data).curves.r2
        table.add_row(data, f"{r2:.2f}", *_compare(*measured[:2]), *_compare(*measured[2:]))
    table.add_row("all", "", *_compare(*total[:2]), *_compare(*total[2:]))
    return table


def _compare(before: Sequence[float], after: Sequence[float]) -> list[str]:
    differences = np.subtract(after, before)
    return [*map(with_interval, (before, after, differences)), paired_p(after, before)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    for model in options.models:
        Console(width=180).print(compare(model, options.seeds))


if __name__ == "__main__":
    main()
