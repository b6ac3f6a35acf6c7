"""The verb `compare`: the accuracy of classifiers that begin with or without trained encoders."""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import RenderableType
from rich.table import Table

from ...objectives.data.preparation.labels import format_label_count, require_labels
from ...objectives.data.tensor_data import TensorData
from ...storage.checkpoint_file import file_hash, read_checkpoint
from ...storage.folder_replacement import find_resumable, resumable_folder
from ...storage.resume_checkpoints import remove_with_partials
from ...storage.runs_folder import Runs
from ...storage.spreadsheet_csv import write_csv
from ..cluster.missing_jobs import run_missing_jobs
from ..cluster.ray_cluster import join_cluster
from ..display.plots.metric_plots import plot_accuracy_curves
from ..display.result import FolderResult
from ..study.build import load_encoder
from ..study.checkpoint_lookup import find_encoder
from ..study.defaults import (
    COMPARE_EPOCHS,
    COMPARE_LABEL_COUNTS,
    COMPARE_REACH,
    COMPARE_SEEDS,
    RUNS,
)
from ..study.kept_data import Data, with_kept_data
from ..study.option_fields import describe_options
from ..study.public_api import public_api
from ..study.search_options import ClusterOptions
from ..study.study_error import StudyError, check_at_least
from .classifier_training import (
    LAST,
    OUTCOMES,
    Outcome,
    Training,
    load_outcomes,
    save_outcomes,
    train_classifier,
)

SCRATCH_START = "from scratch"

log = logging.getLogger(__name__)

OnResult = Callable[[str, str, int, float], None]


@dataclass(frozen=True, repr=False)
class ComparisonReport(FolderResult):
    """The accuracy of classifiers from scratch and from trained encoders.

    Attributes:
        folder: The folder with `accuracy.csv` (validation, per epoch), `table.csv` and
            `accuracy.png`.
        table: A row for each `start` and number of `labels`. `mean` and `std` are the mean and the
            standard deviation of the test accuracy after the last epoch, over all seeds. `epochs`
            is the mean number of epochs until the validation accuracy was `reach` or more. It is
            empty if this accuracy was not reached with one of the seeds.
        reach: The validation accuracy for the column `epochs`, from 0 to 1.
    """

    table: pd.DataFrame
    reach: float

    def lines(self) -> list[RenderableType]:
        shown = Table(
            "test accuracy", *(f"{n} labels" for n in self.table["labels"].unique()), box=None
        )
        for start, rows in self.table.groupby("start", sort=False):
            cells = rows[["mean", "std", "epochs"]].to_numpy()
            shown.add_row(str(start), *(_format_accuracy(*cell) for cell in cells))
        if self.table["epochs"].isna().all():
            return [shown]
        return [shown, f"in brackets: epochs until the validation accuracy was {self.reach:g}"]


def _format_accuracy(mean: float, std: float, epochs: float) -> str:
    return f"{mean:.4f} ± {std:.4f}" + ("" if math.isnan(epochs) else f" ({epochs:.1f})")


@public_api
@describe_options(ClusterOptions)
def compare(  # noqa: D417 - the rows of the options are made from their fields
    data: Data,
    encoders: Sequence[str],
    *,
    labels: Sequence[int | None] = COMPARE_LABEL_COUNTS,
    seeds: int = COMPARE_SEEDS,
    epochs: int = COMPARE_EPOCHS,
    reach: float = COMPARE_REACH,
    cluster: str | None = None,
    cpus: float = ClusterOptions.cpus,
    gpus: float = ClusterOptions.gpus,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
    on_result: OnResult = lambda start, labels, seed, accuracy: None,
) -> ComparisonReport:
    """Compares classifiers that begin with trained encoders and classifiers from scratch.

    A classifier is a `Predictor` on an encoder, and all its weights are trained. A classifier from
    scratch has the architecture of one of the encoders, with new weights. With the same seed, all
    classifiers are trained on the same labeled images for the same number of epochs. If a
    comparison was stopped, the same call resumes it.

    Args:
        data: Data with labels: a built-in data set, a folder of images, or data in memory; see
            `search`.
        encoders: The encoders: studies, best.toml files or checkpoints; at least one.
        labels: Numbers of labeled training images; None for all of them.
        seeds: Number of trainings of each classifier, at least 1.
        epochs: Epochs of each training, at least 1.
        reach: A validation accuracy, above 0 and at most 1. The report has the number of epochs
            until this accuracy.
        data_dir: Folder of torchvision data; None for the usual places.
        runs: The folder with all studies. The result is in its folder `comparisons/DATA`.
        on_result: Called after each training with the start, the number of labels, the seed and
            the test accuracy.

    Raises:
        StudyError: If an encoder is missing, or a number is out of range.
        DataError: If the data have no labels, or fewer than `labels`.

    Example:
        >>> report = latentune.compare(
        ...     "digits", ["conv-ae-digits"], labels=[50], seeds=1, epochs=1
        ... )
        >>> list(report.table["start"])
        ['from scratch', 'conv-ae-digits']
    """
    if not encoders:
        raise StudyError("name at least one trained encoder by `encoders=`")
    check_at_least("seeds", seeds, 1)
    check_at_least("epochs", epochs, 1)
    if not 0 < reach <= 1:
        raise StudyError(f"reach must be above 0 and at most 1, not {reach:g}")
    place, name = Runs(Path(runs)), str(with_kept_data(locals())["data"])
    labeled = require_labels(TensorData(name, data_dir=data_dir, cache=place.cache))
    paths = {name: find_encoder(name, place) for name in dict.fromkeys(encoders)}
    for path in paths.values():
        load_encoder(path, labeled.spec, place)  # fails now, not after hours
    nodes = join_cluster(cluster, cpus, gpus)
    starts = _starts_from_scratch(paths) | {name: (path, True) for name, path in paths.items()}
    trainings = [
        Training(start, *starts[start], count, seed)
        for count in labels
        for seed in range(seeds)
        for start in starts
    ]
    counts = {count: format_label_count(count, labeled) for count in labels}
    target = place.comparison(str(labeled.name))
    settings = {
        "data": labeled.fingerprint,
        "encoders": {name: file_hash(path) for name, path in paths.items()},
        "labels": list(labels),
        "seeds": seeds,
        "epochs": epochs,
    }
    saved = load_outcomes(find_resumable(target, OUTCOMES), settings)
    outcomes = saved or {}
    if saved is not None:
        log.info("resuming after %s of %s trainings", len(outcomes), len(trainings))
    with resumable_folder(target, place, OUTCOMES, resume=saved is not None) as folder:
        save_outcomes(folder, settings, outcomes)
        shared = (name, data_dir, epochs, folder if nodes is None else None)
        jobs = {number: (training, *shared) for number, training in enumerate(trainings)}
        files = [str(path) for path in paths.values()]
        for number in run_missing_jobs(
            train_classifier, jobs, outcomes, place, cluster=nodes, files=files
        ):
            save_outcomes(folder, settings, outcomes)
            training = trainings[number]
            accuracy = outcomes[number].test
            on_result(training.start, counts[training.labels], training.seed, accuracy)
        remove_with_partials(folder / LAST)
        history, table = _make_accuracy_tables(trainings, counts, outcomes, reach)
        write_csv(history, folder / "accuracy.csv")
        write_csv(table, folder / "table.csv")
        plot_accuracy_curves(history, folder / "accuracy.png")
    return ComparisonReport(target, table, reach)


def _make_accuracy_tables(
    trainings: Sequence[Training],
    counts: Mapping[int | None, str],
    outcomes: Mapping[int, Outcome],
    reach: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns a table with the validation accuracy of each epoch, and the table of the report."""
    history, ends = [], []
    for number, training in enumerate(trainings):
        curve, test = outcomes[number]
        row = {
            "start": training.start,
            "labels": counts[training.labels],
            "seed": training.seed,
        }
        first = next((n for n, accuracy in enumerate(curve, 1) if accuracy >= reach), math.nan)
        history += [
            {**row, "epoch": n, "accuracy": accuracy} for n, accuracy in enumerate(curve, 1)
        ]
        ends.append({**row, "accuracy": test, "epochs": first})
    table = (
        pd.DataFrame(ends)
        .groupby(["labels", "start"], sort=False)
        .agg(
            mean=("accuracy", "mean"),
            std=("accuracy", lambda values: values.std(ddof=0)),
            epochs=("epochs", lambda firsts: firsts.mean(skipna=False)),
        )
        .reset_index()
    )
    return pd.DataFrame(history), table


def _starts_from_scratch(paths: Mapping[str, Path]) -> dict[str, tuple[Path, bool]]:
    """Returns the starts from scratch by their names, one for each architecture.

    A start is the path of a checkpoint with this architecture, and False, because its weights are
    not used.
    """
    found: dict[object, tuple[str, Path]] = {}
    for name, path in paths.items():
        _, weights = read_checkpoint(path)
        shapes = tuple((key, value.shape) for key, value in weights.items())
        found.setdefault(shapes, (name, path))
    if len(found) == 1:
        ((_, path),) = found.values()
        return {SCRATCH_START: (path, False)}
    return {f"{SCRATCH_START}, as {name}": (path, False) for name, path in found.values()}
