"""What the folder of a final training says: figures, limits and pictures."""

from collections.abc import Iterator, Sequence
from csv import DictReader
from dataclasses import dataclass
from fnmatch import fnmatchcase
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
    "predicted*": "Predicted and true values of the test part.",
    "maps/*": "Latent codes of items on a plane, by {stem}.",
    "samples/*-samples": "New items, decoded: {stem}.",
    "samples/*-codes": "Real latent codes beside sampled ones: {stem}.",
    "interpolations/*": "Items on the way from one latent code to another: {stem}.",
    "probe/accuracy": "Accuracy by the nearest of few labeled items, by latent codes and others.",
    "compression/*": "Items, decoded from codes of fewer bits.",
    "anomalies/scores": "Anomaly scores of the test part and of other items.",
    "anomalies/images": "The items with the smallest and the largest anomaly scores.",
}
"""Captions by the path of a picture in the folder of a final training, without its ending."""
COMMANDS = {
    "samples": ("sample", "{source}"),
    "maps": ("map", "{source}"),
    "interpolations": ("interpolate", "{source}"),
    "compression": ("compress", "{source}"),
    "anomalies": ("anomalies", "{source}", "--against", "DATA"),
}
"""The words of the command that writes a folder, if the folder is not called like the verb."""
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
            return _read_folder(folder, name, metric, read_metrics(folder))
    return None


def _read_folder(folder: Path, name: str, metric: str, metrics: dict[str, Any]) -> TrainedFacts:
    try:
        spec = read_header(folder / "model.ckpt").data_spec
    except StorageError:
        spec = None
    files = [*sorted(folder.glob("*.png")), *sorted(folder.glob("*/*.png"))]
    files = [path for path in files if path.parent.name != "epochs"]
    source = f"{name}{folder.name.removeprefix('final').replace('-', ':', 1)}"
    pictures = [*_read_pictures(folder, source, files[:MAX_PICTURES])]
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


def _read_pictures(folder: Path, source: str, paths: Sequence[Path]) -> Iterator[Picture]:
    """Yields the pictures that can be read. `source` names the trained network in commands."""
    for path in paths:
        inner = path.relative_to(folder).with_suffix("").as_posix()
        found = [text for pattern, text in CAPTIONS.items() if fnmatchcase(inner, pattern)]
        caption = found[0].format(stem=path.stem) if found else f"{inner}."
        verb = "train" if path.parent == folder else path.parent.name
        words = [word.format(source=source) for word in COMMANDS.get(verb, (verb, "{source}"))]
        picture = read_picture(path, caption, words)
        if picture is not None:
            yield picture
