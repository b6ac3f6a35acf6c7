"""The figures of a final training beside their scale, and what limits them, from its metrics."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from ...storage.json_text import parse_json
from ...storage.runs_folder import check_regular_file
from ...storage.storage_error import StorageError
from .final_training import BASELINES

METRICS_FILE = "metrics.json"
MAX_METRICS_BYTES = 2**24
N_WORST_CLASSES = 3
FEW_TEST_ITEMS = 200
"""Number of test items below which a card and a report warn."""
SHARES = ("accuracy", "precision")
"""Endings of the names of scores that are shares."""
CALIBRATION_ERROR = "test_calibration_error"
UNCALIBRATED_ERROR = "test_uncalibrated_error"


class FinalFigure(NamedTuple):
    """A score of a trained network on the test part.

    Attributes:
        name: Name of the metric in `metrics.json`.
        value: The score of the network.
        interval: Its 95 % confidence interval over test items; None if it is not known.
        reference: The score of a baseline; None without one.
        scale: The baseline in words; empty without one.
        seeds: Number of seeds, if the network was trained on several; 0 otherwise.
        mean: Mean over several seeds; None if one seed was used.
        std: Standard deviation over these seeds; None if one seed was used.
    """

    name: str
    value: float
    interval: tuple[float, float] | None = None
    reference: float | None = None
    scale: str = ""
    seeds: int = 0
    mean: float | None = None
    std: float | None = None

    @property
    def is_share(self) -> bool:
        """Whether the score is a share from 0 to 1, of which 1 is the best."""
        return self.name.endswith(SHARES)


def read_metrics(folder: Path) -> dict[str, Any]:
    """Returns the content of `metrics.json` in the folder of a final training.

    Raises:
        StorageError: If the file is missing or broken.
    """
    path = check_regular_file(folder / METRICS_FILE, MAX_METRICS_BYTES)
    try:
        metrics = parse_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StorageError(f"{path} cannot be read: {error}") from error
    if not isinstance(metrics, dict):
        raise StorageError(f"{path} cannot be read: it holds no table of metrics")
    return metrics


def final_figures(metrics: Mapping[str, Any]) -> list[FinalFigure]:
    """Returns the scores on the test part in `metrics`, the content of `metrics.json`."""
    references = {
        metric: (number, words)
        for baseline, (metric, words, _) in BASELINES.items()
        if (number := _number(metrics.get(baseline))) is not None
    }
    mean, std, intervals = (_table(metrics, name) for name in ("mean", "std", "intervals"))
    seeds, found = metrics.get("seeds"), []
    n_seeds = len(seeds) if isinstance(seeds, list) else 0
    for name, value in metrics.items():
        number = _number(value)
        if not name.startswith("test_") or name in BASELINES or number is None:
            continue
        reference, scale = references.get(name, (None, ""))
        figure = FinalFigure(name, number, _pair(intervals.get(name)), reference, scale, n_seeds)
        found.append(figure._replace(mean=_number(mean.get(name)), std=_number(std.get(name))))
    return found


def main_figure(figures: Sequence[FinalFigure], metric: str) -> FinalFigure | None:
    """Returns the score that says most: that of the searched metric, or else one with a baseline.

    `metric` is the name of the searched metric, such as `val_accuracy`.
    """
    searched = f"test_{metric.removeprefix('val_')}"
    ranked = sorted(figures, key=lambda one: (one.name != searched, one.reference is None))
    return next(iter(ranked), None)


def class_accuracies(metrics: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Returns the accuracy of each class with test items, the worst class first."""
    table = _table(metrics, "class_accuracy").items()
    found = [(name, n) for name, value in table if (n := _number(value)) is not None]
    return sorted(found, key=itemgetter(1))


def limits(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Yields sentences about what a trained network cannot do well."""
    items = _number(_table(metrics, "items").get("test"))
    if items is not None and items < FEW_TEST_ITEMS:
        yield f"The test part has only {items:,.0f} items, so that its scores are rough."
    for figure in final_figures(metrics):
        if figure.reference is not None and _is_worse(figure):
            yield (
                f"Its {figure.name}, {figure.value:.4g}, is not better than that of "
                f"{figure.scale}, {figure.reference:.4g}."
            )
    error = _number(metrics.get(CALIBRATION_ERROR))
    if error is not None:
        yield (
            f"Its probabilities differ from how often it is right by {error:.2g} on average "
            f"(expected calibration error){_format_calibration(metrics)}."
        )
    worst = [pair for pair in class_accuracies(metrics)[:N_WORST_CLASSES] if pair[1] < 1]
    if worst:
        names = ", ".join(f"{name} ({100 * share:.0f} %)" for name, share in worst)
        yield f"The classes that it recognizes least: {names}."
    if (anomaly := _table(metrics, "anomaly")) and _number(anomaly.get("quantile")):
        share, known = 1 - float(anomaly["quantile"]), _number(anomaly.get("items")) or 0
        yield (
            f"It calls {100 * share:.2g} % of normal items anomalies, by a threshold that "
            f"{known:,.0f} validation items gave."
        )


def _format_calibration(metrics: Mapping[str, Any]) -> str:
    """Returns what the temperature changed as a clause; empty without a temperature."""
    found, before = _table(metrics, "calibration"), _number(metrics.get(UNCALIBRATED_ERROR))
    temperature, items = _number(found.get("temperature")), _number(found.get("items"))
    if before is None or temperature is None or items is None:
        return ""
    return (
        f", and by {before:.2g} before its logits were divided by the temperature "
        f"{temperature:.3g}, which {items:,.0f} validation items gave"
    )


def _is_worse(figure: FinalFigure) -> bool:
    direction = next(way for metric, _, way in BASELINES.values() if metric == figure.name)
    assert figure.reference is not None
    gain = figure.value - figure.reference
    if figure.is_share and figure.value == 1:  # none can be better
        return False
    return gain <= 0 if direction == "maximize" else gain >= 0


def _number(value: object) -> float | None:
    """Returns a value if it is a finite number; None for everything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and isfinite(value) else None  # type: ignore[arg-type]


def _table(metrics: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = metrics.get(name)
    return found if isinstance(found, Mapping) else {}


def _pair(value: object) -> tuple[float, float] | None:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    low, high = map(_number, value)
    return None if low is None or high is None else (low, high)
