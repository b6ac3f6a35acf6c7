"""The verb `anomalies`: scores the test part and other items, and chooses the score to use."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ...models.pixels import to_float
from ...models.roles import Encodes, Reconstructs
from ...objectives.data.batches import apply_in_batches
from ...objectives.data.item_metadata import ITEM_COLUMN, item_metadata
from ...objectives.data.new_items.new_items import NewItems
from ...objectives.data.new_items.read_new_items import OTHER_CLASSES, read_other_data
from ...objectives.data.sources.builtin_datasets import DATASETS
from ...objectives.data.tensor_data import TensorData
from ...objectives.metrics.anomaly_score_names import ALL_SCORES, ERROR
from ...objectives.metrics.anomaly_scorer import (
    AnomalyScorer,
    aurocs,
    available_scores,
    corrupted_aurocs,
)
from ...objectives.metrics.anomaly_scores import quantile_threshold, separating_threshold
from ...objectives.metrics.baselines import code_length, pca_scorer
from ...objectives.metrics.error_maps import error_maps
from ...search_spaces.space_errors import did_you_mean
from ...storage.folder_replacement import replace_folder
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.heat_maps import MAX_HEAT_MAPS, write_heat_map
from ..display.plots.image_grids import plot_extreme_images
from ..display.plots.score_distributions import plot_score_distributions
from ..study.defaults import ANOMALY_QUANTILE, RUNS, SEED
from ..study.kept_data import Data
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_seed
from .anomaly_report import (
    INLIERS,
    KNOWN,
    OUTLIERS,
    PCA_SCORE,
    REGRESSION_RULE,
    AnomalyReport,
    score_column,
)
from .inference import make_item_reader, run_inference
from .trained_network import TrainedNetwork, load_trained_network

if TYPE_CHECKING:
    from ...objectives.data.parts import Items


@public_api
def anomalies(
    source: str | Path,
    *,
    against: Data,
    score: str = ALL_SCORES,
    quantile: float = ANOMALY_QUANTILE,
    labeled: Data | None = None,
    seed: int = SEED,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> AnomalyReport:
    """Scores the test part and other items, and tells which items are anomalies.

    The scores of an item are the L2 norm of its reconstruction error, minus its ELBO if the
    network has one, and three scores of its latent code: minus the log density of training codes,
    the mean distance to the five nearest of them, and the Mahalanobis distance to their mean. The
    score that is used is the one which best tells known anomalies from validation items. If none
    are known, corrupted validation items stand for them. The items that are scored choose nothing.

    An item is an anomaly if its score is above a threshold. The first threshold is a quantile of
    the scores of the validation part. If anomalies are known, there is a second threshold: the
    boundary between known anomalies and validation items by logistic regression. The report has no
    scores of known anomalies and validation items.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        against: The other items: a folder, a file, an array or a data frame, of which all items
            are scored, or a built-in data set, of which the test part is scored. Images are
            scaled to the size of the training images. `others` stands for the classes that the
            search left out by `only=`; their test part is scored.
        score: The score to use: `error`, `elbo`, `density`, `neighbors` or `mahalanobis`. With
            `all`, all of them are compared, and one is chosen.
        quantile: Share of the validation part below the first threshold, above 0 and below 1.
        labeled: Known anomalies: a folder, a file, an array or a data frame, or a built-in data
            set, of which the training part is used. If None and `against` is a built-in data set
            or `others`, its training part is used.
        seed: Seed that chooses 10,000 known anomalies if there are more.
        data_dir: Folder of torchvision data; None for the one that the search used.
        runs: The folder with all studies.

    Raises:
        StudyError: If the model has not this score, or an option is out of range.
        DataError: If the other data are missing or broken, have another shape, or are the data of
            the study.
        StorageError: If the network has not been trained yet, or a file cannot be written.

    References:
        Outlier Detection Using Replicator Neural Networks (Hawkins, He, Williams, Baxter, 2002)

    Example:
        >>> np.save("noise.npy", np.random.default_rng(0).random((20, 8, 8)))
        >>> report = latentune.anomalies("conv-ae-digits", against="noise.npy", score="error")
        >>> report.auroc > 0.99
        True
    """
    if not 0 < quantile < 1:
        raise StudyError(f"quantile must be above 0 and below 1, not {quantile:g}")
    check_seed(seed)
    network = load_trained_network(source, runs, data_dir)
    model, data = network.model, network.tensor_data
    names = _check_score(score, network)
    known = _read_known_anomalies(against, labeled, data, seed)
    others = read_other_data(against, data, "test")
    scorer = AnomalyScorer(model, data, names)
    test, score_items = data.splits.test, _add_pca_scores(scorer, model, data)
    test_names = item_metadata(data.source, "test", test, data.spec)[ITEM_COLUMN]
    outliers = run_inference(others, score_items)
    other_names = [outliers.names[index] for index in outliers.readable]
    columns = [*map(score_column, names), PCA_SCORE]
    rows = [
        _make_score_rows(INLIERS, test_names, score_items(test.inputs), columns),
        _make_score_rows(OUTLIERS, other_names, torch.cat(outliers.outputs), columns),
    ]
    scores = pd.concat(rows, ignore_index=True)
    validation = scorer(data.splits.val.inputs)
    known_scores = None if known is None else torch.cat(run_inference(known, scorer).outputs)
    trial = _try_scores(scorer, data, validation, known_scores, seed)
    used = int(np.argmax(trial.mean(axis=1))) if len(names) > 1 else 0
    thresholds = {f"quantile {quantile:g}": quantile_threshold(validation[:, used], quantile)}
    if known_scores is not None:
        thresholds[REGRESSION_RULE] = separating_threshold(
            validation[:, used], known_scores[:, used]
        )
    scores.insert(2, "score", scores[score_column(names[used])])
    scores["anomaly"] = scores["score"] > next(iter(thresholds.values()))
    sets = {INLIERS: str(data.name), OUTLIERS: _name_of(against)}
    if sets[INLIERS] == sets[OUTLIERS]:
        sets[OUTLIERS] = f"other {sets[OUTLIERS]}"
    target, unreadable = network.folder / "anomalies", outliers.unreadable
    report = AnomalyReport(
        target, sets, scores, names[used], trial, thresholds, unreadable, quantile, len(validation)
    )
    with replace_folder(report.folder, network.runs) as folder:
        write_csv(report.table, folder / "table.csv", index="rule")
        write_csv(report.detection, folder / "detection.csv", index="score")
        write_csv(scores, folder / "scores.csv")
        label = report.score_label
        plot_score_distributions(scores, sets, thresholds, label, folder / "scores.png")
        if data.spec.kind == "image":
            read_other = make_item_reader(others, outliers)

            def read_image(row: int) -> Tensor:
                n = len(test)
                return to_float(test.inputs[[row]]) if row < n else read_other(row - n)

            plot_extreme_images(scores, sets, label, read_image, folder / "images.png")
            if isinstance(model, Reconstructs):
                _write_heat_maps(report, model, read_image, data.streamed, folder / "heat_maps")
    return report


def _write_heat_maps(
    report: AnomalyReport,
    model: Reconstructs,
    read_image: Callable[[int], Tensor],
    cropped: bool,
    folder: Path,
) -> None:
    """Writes where the most anomalous images differ from their reconstructions.

    `read_image` returns the image of a row of the scores, with shape (1, C, H, W).
    """
    folder.mkdir()
    for number, row in enumerate(report.most_anomalous(MAX_HEAT_MAPS)):
        image, name = read_image(row), str(report.scores["item"][row])
        path = folder / f"{number:02}-{Path(name).stem}.png"
        write_heat_map(name, image, error_maps(model, image)[0], cropped, path)


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


def _check_score(score: str, network: TrainedNetwork) -> list[str]:
    """Returns the names of the scores to compute.

    Raises:
        StudyError: If the network has not this score, or no score at all.
    """
    data = network.tensor_data
    available = available_scores(network.model, len(data.splits.train))
    if not available:
        raise network.missing_method_error(
            "reconstruct()",
            "anomaly scores need an autoencoder, e.g. `latentune search conv-ae DATA`",
        )
    if data.spec.kind == "text":
        raise StudyError(f"{data.name} holds texts, which have no reconstruction error")
    if score == ALL_SCORES:
        return available
    if score not in available:
        hint = did_you_mean(score, [*available, ALL_SCORES])
        raise StudyError(f"{network.header.study} has no score {score!r}; {hint}")
    return [score]


def _try_scores(
    scorer: AnomalyScorer,
    data: TensorData,
    validation: Tensor,
    known: Tensor | None,
    seed: int,
) -> pd.DataFrame:
    """Returns the AUROC of each score for known anomalies, or for corrupted validation items.

    The rows are the scores. The result has no columns if there is a single score.
    """
    if len(scorer.names) == 1:
        return pd.DataFrame(index=scorer.names)
    if known is None:
        return corrupted_aurocs(scorer, data, seed)
    return pd.DataFrame({KNOWN: aurocs(validation, known)}, index=scorer.names)


def _add_pca_scores(
    scorer: AnomalyScorer, model: Any, data: TensorData
) -> Callable[["Items"], Tensor]:
    """Returns a function that maps N items to their scores and, in a last column, those by PCA.

    The last column is left out if the network has no codes or no reconstructions, or the training
    items are not in memory.
    """
    train = data.splits.train.inputs
    if not (ERROR in scorer.names and isinstance(model, Encodes) and isinstance(train, Tensor)):
        return scorer
    pca_scores = pca_scorer(train, code_length(model, train), data.spec)

    def score(items: "Items") -> Tensor:
        return torch.column_stack([scorer(items), apply_in_batches(pca_scores, items)])

    return score


def _make_score_rows(
    name: str, items: Iterable[str], scores: Tensor, columns: Sequence[str]
) -> pd.DataFrame:
    """Returns a row for each item of the set `name`; `scores` has shape (N, S).

    `columns` has the names of S columns, and may have further ones.
    """
    if not scores.isfinite().all():
        raise StudyError("the scores of the network are not finite: train another trial")
    named = zip(columns, scores.T.numpy(), strict=False)
    return pd.DataFrame({"set": name, "item": list(items), **dict(named)})
