"""Where final training leaves its network, and what it says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from operator import itemgetter
from pathlib import Path
from typing import Any

from ...objectives.epoch_callbacks import Direction
from ...objectives.metrics.linear_baseline import LINEAR_ACCURACY, LINEAR_MSE
from ...objectives.metrics.pca_baseline import PCA

BASELINES: dict[str, tuple[str, str, Direction]] = {
    PCA: ("test_mse", "as many principal components", "minimize"),
    LINEAR_ACCURACY: ("test_accuracy", "a linear model", "maximize"),
    LINEAR_MSE: ("test_mse", "a linear model", "minimize"),
}
"""What stands beside which figure, in words, and which way is better."""
MORE = "try more trials or more epochs"
CLASSES = 20
"""Classes, at most, that are all printed."""
WORST = 5
"""Classes that are printed of more: those that are recognised least."""
ADVICE = {PCA: f"{MORE}, or a shorter code", LINEAR_ACCURACY: MORE, LINEAR_MSE: MORE}


@dataclass(frozen=True)
class FinalTraining:
    """What final training left.

    Attributes:
        folder: The folder with the network, its pictures and its figures.
        metrics: The figures, as `metrics.json` holds them.
        notes: What else is to be said, a line each.
    """

    folder: Path
    metrics: Mapping[str, Any]
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        plain = {n: v for n, v in self.metrics.items() if not isinstance(v, dict | list | None)}
        classes = self.metrics.get("class_accuracy", {})
        known = [(name, share) for name, share in classes.items() if not isnan(share)]
        worst = dict(sorted(known, key=itemgetter(1))[:WORST])
        shown = classes if len(classes) <= CLASSES else worst
        rows = plain | {f"class {name}": share for name, share in shown.items()}
        lines = [f"  {name:<22} {_figure(value)}" for name, value in rows.items()]
        if more := len(classes) - len(shown):
            lines.append(f"  and {more:,} more classes, in classes.csv")
        said = [*self._spread, *self.verdict, *self.notes]
        return "\n".join([*lines, *said, f"wrote {self.folder}"])

    __repr__ = __str__  # what a notebook shows

    @property
    def _spread(self) -> list[str]:
        """What the scores are over several seeds, if they were."""
        spread, mean = self.metrics.get("std", {}), self.metrics.get("mean", {})
        seeds = f"over {len(self.metrics.get('seeds', []))} seeds"
        return [f"{n} {mean[n]:.4g} ± {std:.2g} {seeds}" for n, std in spread.items()]

    @property
    def verdict(self) -> list[str]:
        """What is to be said beside the figures: whether a network is worth its trouble."""
        for scale, (name, what, way) in BASELINES.items():
            if scale in self.metrics and name in self.metrics:
                own, linear = self.metrics[name], self.metrics[scale]
                beside = f"{name.removeprefix('test_')} {own:.4g}, beside {linear:.4g} of {what}"
                if own < linear if way == "minimize" else own > linear:
                    return [beside]
                if own == linear:
                    return [f"{beside}: no better"]
                return [f"{beside}: the network loses; {ADVICE[scale]}"]
        return []


def _figure(value: object) -> object:
    """Returns a figure as it is printed; one that is not defined, of no items, as `-`."""
    if not isinstance(value, float):
        return value
    return "-" if isnan(value) else f"{value:.4g}"
