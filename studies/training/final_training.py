"""The result of final training: the folder, the metrics, and a comparison with a baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from operator import itemgetter
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType

from ...models.types import Direction
from ...objectives.metrics.baseline_names import LINEAR_ACCURACY, LINEAR_MSE, PCA_MSE
from ..display.result import Result

BASELINES: dict[str, tuple[str, str, Direction]] = {
    PCA_MSE: ("test_mse", "as many principal components", "minimize"),
    LINEAR_ACCURACY: ("test_accuracy", "a linear model", "maximize"),
    LINEAR_MSE: ("test_mse", "a linear model", "minimize"),
}
"""For each baseline: the metric that is compared, the baseline in words, the better direction."""
IMPROVEMENT_HINT = "try more trials or more epochs"
MAX_CLASSES = 20
"""Maximum number of classes for which the accuracy of each is printed."""
N_WORST = 5
"""Number of classes with the smallest accuracy that are printed if there are more classes."""


@dataclass(frozen=True, repr=False)
class FinalTraining(Result):
    """The result of final training.

    Attributes:
        folder: The folder with the network, its figures and its metrics.
        metrics: The content of `metrics.json`.
        notes: Further sentences to print, each in its own line.
    """

    folder: Path
    metrics: Mapping[str, Any]
    notes: Sequence[str] = ()

    def __rich__(self) -> RenderableType:
        plain = {n: v for n, v in self.metrics.items() if not isinstance(v, dict | list | None)}
        accuracy = self.metrics.get("class_accuracy", {})
        defined = [(name, share) for name, share in accuracy.items() if not isnan(share)]
        worst = dict(sorted(defined, key=itemgetter(1))[:N_WORST])
        shown = accuracy if len(accuracy) <= MAX_CLASSES else worst
        rows = plain | {f"class {name}": share for name, share in shown.items()}
        lines = [f"  {name:<22} {_format_metric(value)}" for name, value in rows.items()]
        if others := len(accuracy) - len(shown):
            lines.append(f"  and {others:,} more classes, in classes.csv")
        return Group(
            *lines, *self._scores_over_seeds, *self.verdict, *self.notes, f"wrote {self.folder}"
        )

    @property
    def _scores_over_seeds(self) -> list[str]:
        """A line for each score with its mean and standard deviation over seeds.

        The list is empty if only one seed was used.
        """
        std, mean = self.metrics.get("std", {}), self.metrics.get("mean", {})
        seeds = f"over {len(self.metrics.get('seeds', []))} seeds"
        return [f"{name} {mean[name]:.4g} ± {std[name]:.2g} {seeds}" for name in std]

    @property
    def verdict(self) -> list[str]:
        """A list with a line that compares the network with a baseline.

        The list is empty if the metrics have no baseline.
        """
        for baseline, (metric, description, direction) in BASELINES.items():
            if baseline in self.metrics and metric in self.metrics:
                value, reference = self.metrics[metric], self.metrics[baseline]
                name = metric.removeprefix("test_")
                line = f"{name} {value:.4g}, compared with {reference:.4g} of {description}"
                if value < reference if direction == "minimize" else value > reference:
                    return [line]
                if value == reference:
                    return [f"{line}: not better"]
                advice = (
                    f"{IMPROVEMENT_HINT}, or fewer latent dimensions"
                    if baseline == PCA_MSE
                    else IMPROVEMENT_HINT
                )
                return [f"{line}: the network is worse; {advice}"]
        return []


def _format_metric(value: object) -> object:
    """Returns a metric as it is printed; `-` if it is NaN, because there were too few items."""
    if not isinstance(value, float):
        return value
    return "-" if isnan(value) else f"{value:.4g}"
