"""The result of `anomalies`: scores, thresholds and the AUROC of reconstruction errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

import pandas as pd
from rich.console import RenderableType

from ...objectives.metrics.confidence_intervals import (
    Interval,
    auroc_interval,
    binomial_interval,
    exceedance_interval,
)
from ..display.result import FolderResult, frame_table

INLIERS, OUTLIERS = "inliers", "outliers"
PCA_SCORE = "score_pca"
REGRESSION = "logistic regression"
MAX_UNREADABLE = 10
"""Maximum number of unreadable items that are named."""


@dataclass(frozen=True, repr=False)
class AnomalyReport(FolderResult):
    """Scores of the test part and of other items by reconstruction error.

    Attributes:
        folder: The folder with `table.csv`, `scores.csv`, `scores.png` and, of images,
            `images.png`.
        names: Names of the data of the `inliers` and of the `outliers`.
        scores: A row for each item: its `set`; its name (`item`: its file, its row, or its index
            in an array); its `score`; the score by as many principal components (`score_pca`, if
            the network encodes and the items are in memory); and whether it is an `anomaly` by
            the first threshold.
        thresholds: The score of each rule above which an item is an anomaly.
        unreadable: Why some items could not be read, by their names.
        quantile: Share of the validation part below the first threshold.
        n_validation: Number of validation items that the first threshold was computed from.
    """

    names: Mapping[str, str]
    scores: pd.DataFrame
    thresholds: Mapping[str, float]
    unreadable: Mapping[str, str]
    quantile: float
    n_validation: int

    @property
    def auroc(self) -> float:
        """The probability that an outlier has a larger score than an inlier, from 0 to 1."""
        return self._auroc("score")

    @property
    def pca_auroc(self) -> float | None:
        """The AUROC of PCA with the same code length; None if it has no scores."""
        return self._auroc(PCA_SCORE) if PCA_SCORE in self.scores else None

    @property
    def auroc_interval(self) -> Interval:
        """The 95 % confidence interval of the AUROC."""
        n_outliers = int((self.scores["set"] == OUTLIERS).sum())
        return auroc_interval(self.auroc, len(self.scores) - n_outliers, n_outliers)

    def _auroc(self, column: str) -> float:
        from sklearn.metrics import roc_auc_score

        return float(roc_auc_score(self.scores["set"] == OUTLIERS, self.scores[column]))

    @property
    def table(self) -> pd.DataFrame:
        """The threshold of each rule, and the shares of both sets that it classifies correctly."""
        sets = dict(iter(self.scores.groupby("set")["score"]))
        rows = {
            rule: {
                "threshold": threshold,
                "inliers passed": (sets[INLIERS] <= threshold).mean(),
                "outliers found": (sets[OUTLIERS] > threshold).mean(),
            }
            for rule, threshold in self.thresholds.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("rule")

    @property
    def verdict(self) -> list[str]:
        """The AUROC with its interval, and that of principal components."""
        low, high = self.auroc_interval
        chance = ": not better than chance" if low <= 0.5 <= high else ""
        lines = [f"AUROC {self.auroc:.4f}, 95 % interval {low:.4f} to {high:.4f}{chance}"]
        if (pca := self.pca_auroc) is not None:
            comparison = "" if self.auroc > pca else ": the network is not better"
            lines.append(f"AUROC {pca:.4f} of as many principal components{comparison}")
        return lines

    @property
    def notes(self) -> list[str]:
        """Remarks on the thresholds, and the items that could not be read."""
        rule, threshold = next(iter(self.thresholds.items()))
        inliers = self.scores.loc[self.scores["set"] == INLIERS, "score"]
        above, n = int((inliers > threshold).sum()), len(inliers)
        notes = [
            f"{rule} of {self.n_validation:,} validation items: "
            f"{_format_interval(exceedance_interval(self.n_validation, self.quantile))} of items "
            "like them are above it",
            f"of {n:,} test items, {above:,} are above it: {above / n:.2%}, "
            f"{_format_interval(binomial_interval(above, n))}",
        ]
        if self.auroc < 0.5:
            notes.append(f"the network reconstructs {self.names[OUTLIERS]} better than its own")
        for name, reason in islice(self.unreadable.items(), MAX_UNREADABLE):
            notes.append(f"not scored: {name} {reason}")
        if len(self.unreadable) > MAX_UNREADABLE:
            notes.append(f"not scored: {len(self.unreadable) - MAX_UNREADABLE:,} more")
        if REGRESSION not in self.thresholds:
            notes.append(f"known anomalies, given by `labeled=`, add a threshold by {REGRESSION}")
        return notes

    def lines(self) -> list[RenderableType]:
        share = "{:.2%}".format
        formats = {"threshold": "{:.4g}".format, "inliers passed": share, "outliers found": share}
        sets = [
            f"{name} {self.names[str(name)]}: {len(scores):,} items, "
            f"score {scores.mean():.4g} ± {scores.std(ddof=0):.4g}"
            for name, scores in self.scores.groupby("set")["score"]
        ]
        table = frame_table(self.table.rename_axis("rule"), formats=formats)
        return [*sets, *self.verdict, table, *self.notes]


def _format_interval(interval: Interval) -> str:
    return f"{interval[0]:.2%} to {interval[1]:.2%} (95 % interval)"
