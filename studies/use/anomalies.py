"""The verb `anomalies`: scores the test part and other items by their reconstruction error."""

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import torch
from torch import Tensor

from ...models.roles import Encodes, Reconstructs
from ...objectives.data.batches import apply_in_batches
from ...objectives.data.item_metadata import ITEM_COLUMN, item_metadata
from ...objectives.data.new_items.new_items import NewItems
from ...objectives.data.new_items.read_new_items import OTHER_CLASSES, read_other_data
from ...objectives.data.parts import to_float
from ...objectives.data.sources.builtin_datasets import DATASETS
from ...objectives.data.tensor_data import TensorData
from ...objectives.metrics.anomaly_scores import (
    anomaly_scores,
    quantile_threshold,
    separating_threshold,
)
from ...objectives.metrics.baselines import code_length, pca_scorer
from ...storage.folder_replacement import replace_folder
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.image_grids import plot_extreme_images
from ..display.plots.score_distributions import plot_score_distributions
from ..study.defaults import ANOMALY_QUANTILE, RUNS, SEED
from ..study.kept_data import Data
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_seed
from .anomaly_report import INLIERS, OUTLIERS, PCA_SCORE, REGRESSION_RULE, AnomalyReport
from .inference import make_item_reader, run_inference
from .trained_network import load_trained_network

if TYPE_CHECKING:
    from ...objectives.data.parts import Items


@public_api
def anomalies(
    source: str | Path,
    *,
    against: Data,
    quantile: float = ANOMALY_QUANTILE,
    labeled: Data | None = None,
    seed: int = SEED,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> AnomalyReport:
    """Scores the test part and other items by their reconstruction error.

    The score of an item is the L2 norm of its reconstruction error. An item is an anomaly if its
    score is above a threshold. The first threshold is a quantile of the scores of the validation
    part. If anomalies are known, there is a second threshold: the boundary between known anomalies
    and validation items by logistic regression. The report has no scores of known anomalies and
    validation items.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        against: The other items: a folder, a file, an array or a data frame, of which all items
            are scored, or a built-in data set, of which the test part is scored. Images are
            scaled to the size of the training images. `others` stands for the classes that the
            search left out by `only=`; their test part is scored.
        quantile: Share of the validation part below the first threshold, above 0 and below 1.
        labeled: Known anomalies: a folder, a file, an array or a data frame, or a built-in data
            set, of which the training part is used. If None and `against` is a built-in data set
            or `others`, its training part is used.
        seed: Seed that chooses 10,000 known anomalies if there are more.
        data_dir: Folder of torchvision data; None for the one that the search used.
        runs: The folder with all studies.

    Raises:
        StudyError: If the model has no `reconstruct`, or an option is out of range.
        DataError: If the other data are missing or broken, have another shape, or are the data of
            the study.
        StorageError: If the network has not been trained yet, or a file cannot be written.

    References:
        Outlier Detection Using Replicator Neural Networks (Hawkins, He, Williams, Baxter, 2002)

    Example:
        >>> np.save("noise.npy", np.random.default_rng(0).random((20, 8, 8)))
        >>> report = latentune.anomalies("conv-ae-digits", against="noise.npy")
        >>> report.auroc > 0.99
        True
    """
    if not 0 < quantile < 1:
        raise StudyError(f"quantile must be above 0 and below 1, not {quantile:g}")
    check_seed(seed)
    network = load_trained_network(source, runs, data_dir)
    model, data = network.model, network.tensor_data
    if not isinstance(model, Reconstructs):
        raise network.missing_method_error(
            "reconstruct()",
            "anomaly scores need an autoencoder, e.g. `latentune search conv-ae DATA`",
        )
    if data.spec.kind == "text":
        raise StudyError(f"{data.name} holds texts, which have no reconstruction error")
    known = _read_known_anomalies(against, labeled, data, seed)
    others = read_other_data(against, data, "test")
    test, score_items = data.splits.test, _make_scorer(model, data)
    test_names = item_metadata(data.source, "test", test, data.spec)[ITEM_COLUMN]
    outliers = run_inference(others, score_items)
    other_names = [outliers.names[index] for index in outliers.readable]
    rows = [
        _make_score_rows(INLIERS, test_names, score_items(test.inputs)),
        _make_score_rows(OUTLIERS, other_names, torch.cat(outliers.outputs)),
    ]
    scores = pd.concat(rows, ignore_index=True)
    network_scores = partial(anomaly_scores, model, data.spec)
    validation = network_scores(data.splits.val.inputs)
    thresholds = {f"quantile {quantile:g}": quantile_threshold(validation, quantile)}
    if known is not None:
        known_scores = torch.cat(run_inference(known, network_scores).outputs)
        thresholds[REGRESSION_RULE] = separating_threshold(validation, known_scores)
    scores["anomaly"] = scores["score"] > next(iter(thresholds.values()))
    names = {INLIERS: str(data.name), OUTLIERS: _name_of(against)}
    if names[INLIERS] == names[OUTLIERS]:
        names[OUTLIERS] = f"other {names[OUTLIERS]}"
    target, unreadable = network.folder / "anomalies", outliers.unreadable
    report = AnomalyReport(
        target, names, scores, thresholds, unreadable, quantile, len(validation)
    )
    with replace_folder(report.folder, network.runs) as folder:
        write_csv(report.table, folder / "table.csv", index="rule")
        write_csv(scores, folder / "scores.csv")
        plot_score_distributions(scores, names, thresholds, folder / "scores.png")
        if data.spec.kind == "image":
            read_other = make_item_reader(others, outliers)

            def read_image(row: int) -> Tensor:
                n = len(test)
                return to_float(test.inputs[[row]]) if row < n else read_other(row - n)

            plot_extreme_images(scores, names, read_image, folder / "images.png")
    return report


def _read_known_anomalies(
    against: Data, labeled: Data | None, data: TensorData, seed: int
) -> list[NewItems] | None:
    """Returns the known anomalies: `labeled`, or the training part of `against` if it has parts.

    Returns None if there are none.
    """
    known = against if labeled is None else labeled
    if labeled is None and not _has_parts(against):
        return None
    names = [name for name in (known, against) if isinstance(name, str)]
    if not _has_parts(known) and len(set(map(os.path.abspath, names))) < len(names):
        raise StudyError(f"all of {against} is scored: name other data by `labeled=`")
    return read_other_data(known, data, "train", seed)


def _name_of(against: Data) -> str:
    if not isinstance(against, str):
        return "given items"
    return "other classes" if against == OTHER_CLASSES else Path(os.path.abspath(against)).name


def _has_parts(data: Data) -> bool:
    """Returns whether data have a part to score and a part of known anomalies."""
    return isinstance(data, str) and data in (*DATASETS, OTHER_CLASSES)


def _make_scorer(model: Reconstructs, data: TensorData) -> Callable[["Items"], Tensor]:
    """Returns a function that maps N items to scores of shape (N, 2) or (N, 1).

    The first column has the scores by the network, and the second the scores by PCA. The second is
    left out if the network has no `encode`, or the training items are not in memory.
    """
    train, scorers = data.splits.train.inputs, [partial(anomaly_scores, model, data.spec)]
    if isinstance(model, Encodes) and isinstance(train, Tensor):
        pca_scores = pca_scorer(train, code_length(model, train), data.spec)
        scorers.append(partial(apply_in_batches, pca_scores))
    return lambda items: torch.stack([score(items) for score in scorers], dim=1)


def _make_score_rows(name: str, items: Iterable[str], scores: Tensor) -> pd.DataFrame:
    """Returns a row for each item of the set `name`; `scores` has shape (N, 1) or (N, 2)."""
    if not scores.isfinite().all():
        raise StudyError("the reconstructions of the network are not finite: train another trial")
    columns = zip(("score", PCA_SCORE), scores.T.numpy(), strict=False)
    return pd.DataFrame({"set": name, "item": list(items), **dict(columns)})
