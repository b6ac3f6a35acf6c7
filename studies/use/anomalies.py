"""The verb `anomalies`: scores of the test part and of other items by reconstruction error."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from torch import Tensor

from ...models.roles import Encodes, Reconstructs
from ...objectives.data.batches import apply_in_batches
from ...objectives.data.item_metadata import ITEM_COLUMN, item_metadata
from ...objectives.data.new_items.new_items import NewItems
from ...objectives.data.new_items.read_new_items import read_other_data
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
from ..display.plots.image_grids import plot_labeled_grid
from ..display.plots.plot_text import shorten_label
from ..display.plots.score_distributions import plot_score_distributions
from ..study.defaults import ANOMALY_QUANTILE, RUNS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_seed
from .anomaly_report import INLIERS, OUTLIERS, PCA_SCORE, REGRESSION, AnomalyReport
from .inference import run_inference
from .trained_network import load_trained_network

if TYPE_CHECKING:
    from ...objectives.data.parts import Items


@public_api
def anomalies(
    source: str | Path,
    *,
    against: str,
    quantile: float = ANOMALY_QUANTILE,
    labeled: str | None = None,
    seed: int = SEED,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> AnomalyReport:
    """Scores the test part and other items by their reconstruction error.

    An item is an anomaly if its score, the L2 norm of its reconstruction error, is above a
    threshold. The threshold is a quantile of the scores of the validation part and, if anomalies
    are known, the boundary of a logistic regression between these and the validation part. Items
    that determine a threshold are not scored.

    Args:
        source: `STUDY`, `STUDY:17` or path of a model.ckpt, trained by `train` before.
        against: The other data. Of a built-in data set, the test part is scored; of a folder or
            file, all items are. Images are scaled to the size of the training images.
        quantile: Share of the validation part below the threshold, above 0 and below 1.
        labeled: Known anomalies for logistic regression. If it is a built-in data set, its
            training part is used. If None, and `against` is a built-in data set, the training
            part of `against` is used.
        seed: Seed that chooses the known anomalies if the data set has more than 10,000.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.

    Raises:
        StudyError: If the model has no `reconstruct`, or an option is out of range.
        DataError: If the other data are missing or broken, of another shape, or the same.
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
    known = _known_anomalies(against, labeled, data, seed)
    others = read_other_data(against, data, "test")
    test = data.splits.test.inputs
    test_names = item_metadata(data.source, "test", data.splits.test, data.spec)[ITEM_COLUMN]
    scorer = _make_scorer(model, data)
    outliers = run_inference(others, scorer)
    outlier_names = [outliers.names[index] for index in outliers.readable]
    scores = pd.concat(
        [
            _make_score_rows(INLIERS, test_names, scorer(test)),
            _make_score_rows(OUTLIERS, outlier_names, torch.cat(outliers.outputs)),
        ],
        ignore_index=True,
    )
    own_scores = partial(anomaly_scores, model, data.spec)
    validation = own_scores(data.splits.val.inputs)
    thresholds = {f"quantile {quantile:g}": quantile_threshold(validation, quantile)}
    if known is not None:
        known_scores = torch.cat(run_inference(known, own_scores).outputs)
        thresholds[REGRESSION] = separating_threshold(validation, known_scores)
    scores["anomaly"] = scores["score"] > next(iter(thresholds.values()))
    names = {INLIERS: str(data.name), OUTLIERS: Path(os.path.abspath(against)).name}
    if names[INLIERS] == names[OUTLIERS]:
        names[OUTLIERS] = f"other {names[OUTLIERS]}"
    report = AnomalyReport(
        network.folder / "anomalies",
        names,
        scores,
        thresholds,
        outliers.unreadable,
        quantile,
        len(validation),
    )
    with replace_folder(report.folder, network.runs) as folder:
        write_csv(report.table, folder / "table.csv", index="rule")
        write_csv(scores, folder / "scores.csv")
        plot_score_distributions(scores, names, thresholds, folder / "scores.png")
        if data.spec.kind == "image":
            plot_extreme_images(test, others, scores, names, folder / "images.png")
    return report


def _known_anomalies(
    against: str, labeled: str | None, data: TensorData, seed: int
) -> list[NewItems] | None:
    """Returns the anomalies that determine a threshold and are not scored."""
    if labeled is None and against not in DATASETS:
        return None
    name = labeled or against
    if name not in DATASETS and os.path.abspath(name) == os.path.abspath(against):
        raise StudyError(f"all of {against} is scored: name other data by `labeled=`")
    return read_other_data(name, data, "train", seed)


def _make_scorer(model: Reconstructs, data: TensorData) -> Callable[["Items"], Tensor]:
    """Returns a function that maps N items to scores, with shape (N, 2) or (N, 1).

    The first column is by the network. The second is by PCA; it is left out if the network has no
    codes or the training items are decoded on demand.
    """
    train, own_scores = data.splits.train.inputs, partial(anomaly_scores, model, data.spec)
    if not (isinstance(model, Encodes) and isinstance(train, Tensor)):
        return lambda items: own_scores(items)[:, None]
    pca_scores = pca_scorer(train, code_length(model, train), data.spec)
    return lambda items: torch.stack(
        [own_scores(items), apply_in_batches(pca_scores, items)], dim=1
    )


def _make_score_rows(name: str, items: Iterable[str], scores: Tensor) -> pd.DataFrame:
    """Returns a row for each item of a set, given its scores, with shape (N, 1) or (N, 2)."""
    if not scores.isfinite().all():
        raise StudyError("the reconstructions of the network are not finite: train another trial")
    columns = zip(("score", PCA_SCORE), scores.T.numpy(), strict=False)
    return pd.DataFrame({"set": name, "item": list(items), **dict(columns)})


N_IMAGES = 10


def plot_extreme_images(
    test: "Items",
    others: Sequence[NewItems],
    scores: pd.DataFrame,
    names: Mapping[str, str],
    path: Path,
) -> None:
    """Plots the images of each set with the least and the most reconstruction error.

    The scores have columns `set`, `item` and `score`; first come those of the test part.
    """
    places = {name: (group, index) for group in others for index, name in enumerate(group.names)}

    def read_image(row: "pd.Series[Any]") -> Tensor:
        if row["set"] == INLIERS:
            return to_float(test[[int(str(row.name))]])
        group, index = places[row["item"]]
        return group.read(slice(index, index + 1)).items

    rows = {}
    for name, of_set in scores.groupby("set"):
        label, ordered = shorten_label(names[str(name)], 16), of_set.sort_values("score")
        count = min(N_IMAGES, (len(ordered) + 1) // 2)  # no image is in both rows
        extremes = {"least": ordered[:count], "most": ordered[count:][-count:][::-1]}
        for kind, chosen in extremes.items():
            if images := [read_image(row) for _, row in chosen.iterrows()]:
                rows[f"{label}: {kind}"] = torch.cat(images)
    plot_labeled_grid(rows, "Least and most reconstruction error", path)
