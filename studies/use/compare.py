"""The pre-training question: what a trained encoder is worth to a classifier."""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from ...objectives.data.preparation.labels import format_label_count, require_labels
from ...objectives.data.tensor_data import TensorData
from ...storage.checkpoint_file import file_hash, read_checkpoint
from ...storage.resumable_folder import find_resumable, resumable_folder
from ...storage.resume_checkpoints import remove_with_partials
from ...storage.runs_folder import Runs
from ...storage.spreadsheet_csv import write_csv
from ..cluster.ray_cluster import join_cluster
from ..cluster.run_jobs import run_jobs
from ..display.plots.training_curves import plot_accuracy_curves
from ..study.build import load_encoder
from ..study.checkpoint_lookup import find_encoder
from ..study.defaults import (
    COMPARE_EPOCHS,
    COMPARE_LABELS,
    COMPARE_REACH,
    COMPARE_SEEDS,
    CPUS,
    GPUS,
    RUNS,
)
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_at_least
from .classifier_training import (
    LAST,
    TRAININGS,
    Outcome,
    load_outcomes,
    save_outcomes,
    train_classifier,
)

SCRATCH = "from scratch"

log = logging.getLogger(__name__)

OnResult = Callable[[str, str, int, float], None]


@public_api
def compare(
    data: str,
    encoders: Sequence[str],
    *,
    labels: Sequence[int | None] = COMPARE_LABELS,
    seeds: int = COMPARE_SEEDS,
    epochs: int = COMPARE_EPOCHS,
    reach: float = COMPARE_REACH,
    cluster: str | None = None,
    cpus: float = CPUS,
    gpus: float = GPUS,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
    on_result: OnResult = lambda start, labels, seed, accuracy: None,
) -> tuple[Path, pd.DataFrame]:
    """Trains the same classifier from scratch and from each encoder, all of its weights.

    A classifier is a `Predictor` on an encoder; from scratch, it is that on the same network with
    new weights, once for each network that differs. For each seed, all of them see the same
    labeled images, in the same number of epochs. The same call goes on with a comparison that
    was stopped.

    Args:
        data: Data with labels: a data set of the list, or a folder of images.
        encoders: Studies, best.toml files or checkpoints; at least one.
        labels: Numbers of labeled training images; None for all of them.
        seeds: How often each is trained, at least 1.
        epochs: Epochs of each training, at least 1.
        reach: Validation accuracy whose first epoch is told, above 0 and at most 1.
        cluster: A Ray cluster on which the classifiers are trained side by side; as in `search`.
        cpus: CPUs of each training there.
        gpus: GPUs of each training there.
        data_dir: Where torchvision data lies, if not in the usual places.
        runs: The folder with all studies.
        on_result: Called after each training with the start, the labels, the seed and the
        accuracy.

    Returns:
        The folder, `runs/comparisons/DATA`, with `accuracy.csv` (validation, per epoch),
        `table.csv` and `accuracy.png`; and the table: test accuracy after the last epoch, its
        mean and standard deviation over the seeds, for each start and number of labels, and the
        mean of the first epoch that reached `reach`, if each seed did.

    Raises:
        StudyError: If an encoder or a number is missing or not allowed.
        DataError: If the data has no labels, or fewer than asked for.

    Example:
        >>> folder, table = latentune.compare(
        ...     "digits", ["conv-ae-digits"], labels=[50], seeds=1, epochs=1
        ... )
        >>> list(table["start"])
        ['from scratch', 'conv-ae-digits']
    """
    if not encoders:
        raise StudyError("name at least one trained encoder by `encoders=`")
    check_at_least("seeds", seeds, 1)
    check_at_least("epochs", epochs, 1)
    if not 0 < reach <= 1:
        raise StudyError(f"reach must be above 0 and at most 1, not {reach:g}")
    place = Runs(Path(runs))
    whole = require_labels(TensorData(data, data_dir=data_dir, cache=place.cache))
    paths = {name: find_encoder(name, place) for name in dict.fromkeys(encoders)}
    for path in paths.values():
        load_encoder(path, whole.spec, place)  # complains before hours have passed
    nodes = join_cluster(cluster, cpus, gpus)
    starts = _from_scratch(paths) | {name: (path, True) for name, path in paths.items()}
    trainings = [
        (count, format_label_count(count, whole), seed, start)
        for count in labels
        for seed in range(seeds)
        for start in starts
    ]
    target = place.comparison(str(whole.name))
    settings = {
        "data": whole.fingerprint,
        "encoders": {name: file_hash(path) for name, path in paths.items()},
        "labels": list(labels),
        "seeds": seeds,
        "epochs": epochs,
    }
    known = load_outcomes(find_resumable(target, TRAININGS), settings)
    found = known or {}
    if known is not None:
        log.info("going on after %s of %s trainings", len(found), len(trainings))
    new = [number for number in range(len(trainings)) if number not in found]
    with resumable_folder(target, place, TRAININGS, resume=known is not None) as folder:
        save_outcomes(folder, settings, found)
        grows = folder if nodes is None else None
        jobs = [
            (data, data_dir, count, seed, *starts[start], epochs, grows)
            for count, _, seed, start in (trainings[number] for number in new)
        ]
        files = [str(path) for path in paths.values()]
        for nth, came in run_jobs(train_classifier, jobs, place, cluster=nodes, files=files):
            found[new[nth]] = came
            save_outcomes(folder, settings, found)
            _, text, seed, start = trainings[new[nth]]
            on_result(start, text, seed, came[1])
        remove_with_partials(folder / LAST)
        history, table = _tables(trainings, found, reach)
        write_csv(history, folder / "accuracy.csv")
        write_csv(table, folder / "table.csv")
        plot_accuracy_curves(history, folder / "accuracy.png")
    return target, table


def _tables(
    trainings: Sequence[tuple[int | None, str, int, str]],
    found: Mapping[int, Outcome],
    reach: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns the accuracies of all epochs, and of each start and number of labels the means."""
    curves, ends = [], []
    for number, (_, text, seed, start) in enumerate(trainings):
        accuracies, test = found[number]
        row = {"start": start, "labels": text, "seed": seed}
        first = next((n for n, a in enumerate(accuracies, 1) if a >= reach), math.nan)
        curves += [
            {**row, "epoch": epoch, "accuracy": accuracy}
            for epoch, accuracy in enumerate(accuracies, start=1)
        ]
        ends.append({**row, "accuracy": test, "epochs": first})
    grouped = pd.DataFrame(ends).groupby(["labels", "start"], sort=False)
    table = grouped.agg(
        mean=("accuracy", "mean"),
        std=("accuracy", lambda values: values.std(ddof=0)),
        epochs=("epochs", lambda firsts: firsts.mean(skipna=False)),
    ).reset_index()
    return pd.DataFrame(curves), table


def _from_scratch(paths: Mapping[str, Path]) -> dict[str, tuple[Path, bool]]:
    """Returns a checkpoint of each of the networks that differ, whose weights are not read."""
    found: dict[object, tuple[str, Path]] = {}
    for name, path in paths.items():
        _, weights = read_checkpoint(path)
        shapes = tuple((key, value.shape) for key, value in weights.items())
        found.setdefault(shapes, (name, path))
    if len(found) == 1:
        ((_, path),) = found.values()
        return {SCRATCH: (path, False)}
    return {f"{SCRATCH}, as {name}": (path, False) for name, path in found.values()}
