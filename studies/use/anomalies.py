"""Anomalies: whether a network knows its own data from others by how badly it draws them."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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
from ...objectives.data.new_items.read_new_items import read_other_data
from ...objectives.data.sources.builtin_datasets import DATASETS
from ...objectives.data.tensor_data import TensorData
from ...objectives.metrics.anomaly_scores import (
    anomaly_scores,
    quantile_threshold,
    separating_threshold,
)
from ...objectives.metrics.confidence_intervals import (
    Interval,
    auroc_interval,
    binomial_interval,
    exceedance_interval,
)
from ...objectives.metrics.pca_baseline import code_length, pca_scorer
from ...storage.runs_folder import Runs, replace_folder
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.score_distributions import plot_score_distributions
from ..study.defaults import ANOMALY_QUANTILE, RUNS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_seed
from .extreme_images import INLIERS, OUTLIERS, plot_extreme_images
from .inference import run_inference
from .trained_network import load_trained_network

if TYPE_CHECKING:
    from ...objectives.data.parts import Items

REGRESSION = "logistic regression"
PCA_SCORE = "score_pca"
SHOWN = 10


@dataclass(frozen=True)
class AnomalyReport:
    """How well the errors of a network tell other items from its own.

    Attributes:
        folder: The folder with `table.csv`, `scores.csv`, `scores.png` and, of images,
            `images.png`.
        names: What the data of the `inliers` and of the `outliers` are called.
        scores: A row for each item: its `set`, what it is called (`item`: its file, its
            row, or its number in an array), its `score`, that of as many principal components
            (`score_pca`, if the network encodes and the items are in memory), and whether it is
            an `anomaly` by the first threshold.
        thresholds: The score of each rule beyond which an item is an anomaly.
        quantile: Share of the validation part that the first threshold promises to pass.
        validated: Number of validation items that it was taken of.
        unreadable: Why other items could not be read, by their names.
    """

    folder: Path
    names: Mapping[str, str]
    scores: pd.DataFrame
    thresholds: Mapping[str, float]
    unreadable: Mapping[str, str]
    quantile: float
    validated: int

    @property
    def auroc(self) -> float:
        """How often an outlier has a larger score than an inlier, from 0 to 1."""
        return self._auroc_of("score")

    @property
    def pca_auroc(self) -> float | None:
        """The AUROC of as many principal components; None if they have no scores."""
        return self._auroc_of(PCA_SCORE) if PCA_SCORE in self.scores else None

    @property
    def auroc_interval(self) -> Interval:
        """What the AUROC of more such items lies in, with 95 %."""
        outside = int((self.scores["set"] == OUTLIERS).sum())
        return auroc_interval(self.auroc, len(self.scores) - outside, outside)

    def _auroc_of(self, column: str) -> float:
        from sklearn.metrics import roc_auc_score

        return float(roc_auc_score(self.scores["set"] == OUTLIERS, self.scores[column]))

    @property
    def table(self) -> pd.DataFrame:
        """The threshold of each rule, and the shares of both sets that it gets right."""
        sets = dict(iter(self.scores.groupby("set")["score"]))
        rows = {
            rule: {
                "threshold": threshold,
                "inliers passed": (sets[INLIERS] <= threshold).mean(),
                "outliers found": (sets[OUTLIERS] > threshold).mean(),
            }
            for rule, threshold in self.thresholds.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index")

    @property
    def notes(self) -> list[str]:
        """What else is to be known before the figures are read."""
        notes = []
        low, high = exceedance_interval(self.validated, self.quantile)
        rule, threshold = next(iter(self.thresholds.items()))
        inside = self.scores.loc[self.scores["set"] == INLIERS, "score"]
        beyond, n = int((inside > threshold).sum()), len(inside)
        notes.append(
            f"{rule} of {self.validated:,} validation items: {_between(low, high)} of items like "
            "them lie beyond it"
        )
        share = f"{beyond / n:.2%}, which may stand for {_between(*binomial_interval(beyond, n))}"
        notes.append(f"of {n:,} test items, {beyond:,} lie beyond it: {share}")
        if self.auroc < 0.5:
            notes.append(f"the network draws {self.names[OUTLIERS]} better than what it has seen")
        for path, reason in list(self.unreadable.items())[:SHOWN]:
            notes.append(f"not scored: {path} {reason}")
        if len(self.unreadable) > SHOWN:
            notes.append(f"not scored: {len(self.unreadable) - SHOWN:,} more")
        if REGRESSION not in self.thresholds:
            notes.append("known anomalies, named by `labeled=`, would give logistic regression")
        return notes

    def __str__(self) -> str:
        sets = [
            f"{name} {self.names[str(name)]}: {len(scores):,} items, "
            f"score {scores.mean():.4g} ± {scores.std(ddof=0):.4g}"
            for name, scores in self.scores.groupby("set")["score"]
        ]
        share = "{:.2%}".format
        table = self.table.to_string(formatters=["{:.4g}".format, share, share])
        last = f"wrote {self.folder}"
        return "\n".join([*sets, *self._verdict, table, *self.notes, last])

    __repr__ = __str__  # what a notebook shows

    @property
    def _verdict(self) -> list[str]:
        """The AUROC with its interval, and that of principal components beside it."""
        low, high = self.auroc_interval
        chance = ": no better than chance" if low <= 0.5 <= high else ""
        lines = [f"AUROC {self.auroc:.4f}, with 95 % from {low:.4f} to {high:.4f}{chance}"]
        if (beside := self.pca_auroc) is not None:
            better = "" if self.auroc > beside else ": the network is no better"
            lines.append(f"AUROC {beside:.4f} of as many principal components{better}")
        return lines


def _between(low: float, high: float) -> str:
    return f"{low:.2%} to {high:.2%} (with 95 %)"


@public_api
def anomalies(
    source: str,
    *,
    against: str,
    quantile: float = ANOMALY_QUANTILE,
    labeled: str | None = None,
    seed: int = SEED,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
) -> AnomalyReport:
    """Scores the test part, and other items, by how badly a network draws them.

    An item is an anomaly if its score, the L2 norm of its reconstruction error, is beyond a
    threshold: a quantile of the scores of the validation part or, where anomalies are known, what
    logistic regression makes of these and the validation part. Nothing that chooses a threshold
    is scored.

    Args:
        source: `STUDY`, `STUDY:17` or path of a model.ckpt, trained by `train` before.
        against: The other data: a data set of the list, whose test part is scored, or a folder or
            file, of which all is. Images are brought to the size of those that were trained on.
        quantile: Share of the validation part that is no anomaly, above 0 and below 1.
        labeled: Known anomalies, for logistic regression: of a data set of the list the training
            part. If None, they are that of `against`; a folder or file then has none.
        seed: Chooses the known anomalies of a data set of the list, which has more than 10,000.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.

    Raises:
        StudyError: If the model has no `reconstruct`, or an option is not allowed.
        DataError: If the other data are missing or broken, of another shape, or the same.
        StorageError: If it was not trained yet, or a file cannot be written.

    References:
        Outlier Detection Using Replicator Neural Networks (Hawkins, He, Williams, Baxter, 2002)

    Example:
        >>> np.save("noise.npy", np.random.default_rng(0).random((20, 8, 8)))
        >>> found = latentune.anomalies("conv-ae-digits", against="noise.npy")
        >>> found.auroc > 0.99
        True
    """
    if not 0 < quantile < 1:
        raise StudyError(f"quantile must be above 0 and below 1, not {quantile:g}")
    check_seed(seed)
    trained = load_trained_network(source, runs, data_dir)
    model, data = trained.model, trained.items
    if not isinstance(model, Reconstructs):
        kind = type(model).__name__
        raise StudyError(f"a {kind} draws nothing again: only an autoencoder sees anomalies")
    if data.spec.kind == "text":
        raise StudyError(f"{data.name} holds texts, of which no error can be measured")
    known = _known(against, labeled, data, seed)
    others = read_other_data(against, data, "test")
    test = data.splits.test.inputs
    called = item_metadata(data.source, "test", data.splits.test, data.spec)[ITEM_COLUMN]
    scored = _scorer(model, data)
    said = run_inference(others, scored)
    scores = pd.concat(
        [
            _rows(INLIERS, called, scored(test)),
            _rows(OUTLIERS, [said.names[i] for i in said.read], torch.cat(said.answers)),
        ],
        ignore_index=True,
    )
    validated = anomaly_scores(model, data.spec, data.splits.val.inputs)
    thresholds = {f"quantile {quantile:g}": quantile_threshold(validated, quantile)}
    if known is not None:
        found_known = run_inference(known, partial(anomaly_scores, model, data.spec))
        thresholds[REGRESSION] = separating_threshold(validated, torch.cat(found_known.answers))
    scores["anomaly"] = scores["score"] > next(iter(thresholds.values()))
    names = {INLIERS: str(data.name), OUTLIERS: Path(os.path.abspath(against)).name}
    if names[INLIERS] == names[OUTLIERS]:
        names[OUTLIERS] = f"other {names[OUTLIERS]}"
    found = AnomalyReport(
        trained.folder / "anomalies",
        names,
        scores,
        thresholds,
        said.unreadable,
        quantile,
        len(validated),
    )
    with replace_folder(found.folder, Runs(Path(runs))) as folder:
        write_csv(found.table, folder / "table.csv", index="rule")
        write_csv(scores, folder / "scores.csv")
        plot_score_distributions(scores, names, thresholds, folder / "scores.png")
        if data.spec.kind == "image":
            plot_extreme_images(test, others, scores, names, folder / "images.png")
    return found


def _known(
    against: str, labeled: str | None, data: TensorData, seed: int
) -> list[NewItems] | None:
    """Returns anomalies to learn a threshold from, none of which is scored."""
    if labeled is None and against not in DATASETS:
        return None
    name = labeled or against
    if name not in DATASETS and os.path.abspath(name) == os.path.abspath(against):
        raise StudyError(f"all of {against} is scored: name other data by `labeled=`")
    return read_other_data(name, data, "train", seed)


def _scorer(model: Reconstructs, data: TensorData) -> Callable[["Items"], Tensor]:
    """Returns what scores items by the network and, if it can, by as many components, (N, 2)."""
    train, own = data.splits.train.inputs, partial(anomaly_scores, model, data.spec)
    if not (isinstance(model, Encodes) and isinstance(train, Tensor)):
        return lambda items: own(items)[:, None]
    beside = pca_scorer(train, code_length(model, train), data.spec)
    return lambda items: torch.stack([own(items), apply_in_batches(beside, items)], 1)


def _rows(name: str, items: Iterable[str], scores: Tensor) -> pd.DataFrame:
    """Returns a row for each item of a set, given its scores, with shape (N, 1) or (N, 2)."""
    if not scores.isfinite().all():
        raise StudyError("the network draws items that are no numbers: train another trial")
    columns = zip(("score", PCA_SCORE), scores.T.numpy(), strict=False)
    return pd.DataFrame({"set": name, "item": list(items), **dict(columns)})
