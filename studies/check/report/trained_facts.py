"""What the folder of a final training says: figures, limits and pictures."""

from collections.abc import Iterator
from csv import DictReader
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....models.data_spec import DataSpec
from ....storage.checkpoint_file import read_header
from ....storage.folder_replacement import recover_folder
from ....storage.runs_folder import Runs, check_regular_file
from ....storage.storage_error import StorageError
from ...display.report.charts import Chart
from ...display.report.interval_strips import interval_strip, strip_scale
from ...display.report.pictures import MAX_PICTURES, Picture, read_picture
from ...training.final_figures import (
    METRICS_FILE,
    FinalFigure,
    class_accuracies,
    final_figures,
    limits,
    main_figure,
    read_metrics,
)
from .score_strips import score_scale, score_strip

CAPTIONS = {
    "loss": "Loss and metric of each epoch of the final training.",
    "reconstructions": "Validation items, and below each its reconstruction from the latent code.",
    "samples": "Samples of the prior, decoded.",
    "pairs": "Pairs of validation items, and the distance between their codes.",
    "triplets": "Triplets of validation items, and the distances between their codes.",
    "confusion": "Confusion matrix of the test part: true classes in rows.",
    "precision-recall": "Precision and recall of each class on the test part.",
    "calibration": "How often predictions of the test part are right, beside their probability.",
    "predicted": "Predicted and true values of the test part.",
    "accuracy": "Accuracy by the nearest labeled items, for each kind of features.",
}
"""Captions of pictures by the beginning of their file names."""
VERBS = {"samples": "sample", "maps": "map", "interpolations": "interpolate"}
"""The verbs that write folders of another name."""
MAX_CLASSES = 20
MAX_TABLE_BYTES = 2**20


@dataclass(frozen=True)
class ScoreRow:
    """A score, and a strip that shows it beside its baseline; None without such a scale."""

    figure: FinalFigure
    strip: Chart | None


@dataclass(frozen=True)
class TrainedFacts:
    """A trained network: its scores on the test part, their limits, and pictures.

    Attributes:
        folder: The folder of the final training.
        metrics: The content of `metrics.json`.
        spec: What an item of the data is; None if the checkpoint cannot be read.
        main: The score that says most; None without one.
        scores: The scores on the test part.
        classes: The worst classes, each with its accuracy and a strip; all if they are few.
        limits: Sentences about what the network cannot do well.
        pictures: The pictures in the folder.
        left_out: Number of pictures that are not shown, because they are too many or broken.
    """

    folder: Path
    metrics: dict[str, Any]
    spec: DataSpec | None
    main: FinalFigure | None
    scores: list[ScoreRow]
    classes: list[tuple[str, float, Chart]]
    limits: list[str]
    pictures: list[Picture]
    left_out: int


def read_trained_facts(name: str, metric: str, runs: Runs) -> TrainedFacts | None:
    """Returns the facts of the final training of a study's best trial.

    If the best trial was not trained, the facts are those of another trial. None if the study
    has no final training. `metric` is the name of the searched metric.

    Raises:
        StorageError: If `metrics.json` is broken.
    """
    best = recover_folder(runs.final(name), runs)
    others = sorted((runs.root / name).glob("final-*[0-9]")) if (runs.root / name).is_dir() else []
    for folder in (best, *others):
        if (folder / METRICS_FILE).exists():
            return _read_folder(folder, metric, read_metrics(folder))
    return None


def _read_folder(folder: Path, metric: str, metrics: dict[str, Any]) -> TrainedFacts:
    try:
        spec = read_header(folder / "model.ckpt").data_spec
    except StorageError:
        spec = None
    files = [*sorted(folder.glob("*.png")), *sorted(folder.glob("*/*.png"))]
    files = [path for path in files if path.parent.name != "epochs"]
    found = [read_picture(path, *_caption(path, folder)) for path in files[:MAX_PICTURES]]
    pictures = [picture for picture in found if picture is not None]
    figures = final_figures(metrics)
    accuracies = class_accuracies(metrics)[:MAX_CLASSES]
    scale = strip_scale([0.0, 1.0])
    return TrainedFacts(
        folder,
        metrics,
        spec,
        main_figure(figures, metric),
        [ScoreRow(figure, score_strip(figure, score_scale([figure]))) for figure in figures],
        [(name, share, interval_strip(share, None, None, scale)) for name, share in accuracies],
        [*limits(metrics), *_probe_limit(folder / "probe" / "table.csv")],
        pictures,
        len(files) - len(pictures),
    )


def _probe_limit(path: Path) -> Iterator[str]:
    """Yields a sentence about the result of `probe`, if there is one."""
    try:
        with check_regular_file(path, MAX_TABLE_BYTES).open(encoding="utf-8", newline="") as file:
            shares = {row["of"]: float(row["mean"]) for row in DictReader(file)}
    except (OSError, ValueError, KeyError, TypeError, StorageError):
        return
    words = ", ".join(f"{name} in {100 * share:.3g} %" for name, share in shares.items())
    yield f"With few labels, test items are recognized by {words} of all cases."


def _caption(path: Path, folder: Path) -> tuple[str, str]:
    """Returns the caption of a picture, and the verb that made it."""
    verb = "train" if path.parent == folder else VERBS.get(path.parent.name, path.parent.name)
    words = next(_captions(path.stem), path.stem.replace("-", " ").replace("_", " "))
    return (words if verb == "train" else f"{verb.capitalize()}: {words}"), verb


def _captions(stem: str) -> Iterator[str]:
    yield from (text for name, text in CAPTIONS.items() if stem.startswith(name))
