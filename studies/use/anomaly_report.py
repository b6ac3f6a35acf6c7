"""The result of `anomalies`: scores, thresholds, and how well the scores find the other items."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd
from rich.console import RenderableType

from ...objectives.metrics.anomaly_score_names import SCORE_NAMES
from ...objectives.metrics.confidence_intervals import (
    Interval,
    auroc_interval,
    binomial_interval,
    exceedance_interval,
)
from ..display.result import FolderResult, frame_table

INLIERS, OUTLIERS = "inliers", "outliers"
PCA_SCORE = "score_pca"
REGRESSION_RULE = "logistic regression"
KNOWN = "known anomalies"
SCORE_LABELS = dict(
    zip(
        SCORE_NAMES,
        (
            "reconstruction error (L2 norm)",
            "negative ELBO (nats)",
            "negative log density of the code",
            "distance to the nearest codes",
            "Mahalanobis distance of the code",
        ),
        strict=True,
    )
)
"""What each score is, in figures."""
FIGURES = {
    "auroc": "AUROC",
    "average_precision": "average precision",
    "fpr95": "FPR at 95 % TPR",
}
"""The titles of the figures of a score."""
SCORE_PREFIX = "score_"
MAX_UNREADABLE = 10
"""Maximum number of unreadable items whose names are printed."""


@dataclass(frozen=True, repr=False)
class AnomalyReport(FolderResult):
    """Anomaly scores of the test part and of other items.

    Attributes:
        folder: The folder with `table.csv`, `detection.csv`, `scores.csv`, `scores.png` and, if
            the items are images, `images.png` and the folder `heat_maps` with the most anomalous.
        names: Names of the two data sets, `inliers` and `outliers`.
        scores: A row for each item, with these columns:

            - `set`: `inliers` or `outliers`.
            - `item`: The file, the row, or the index in an array.
            - `score`: The score that is used.
            - `score_error` and the like: All scores that were computed.
            - `score_pca`: The reconstruction error by PCA, with as many components as latent
              dimensions. The column is missing if `error` is not computed, the network has no
              `encode`, or the items are not in memory.
            - `anomaly`: Whether `score` is above the first threshold.
        score_name: The name of the score that is used.
        trial: The AUROC with which each score tells known anomalies, or corrupted validation
            items, from validation items; without columns if a single score was computed.
        thresholds: The threshold of each rule; an item with a larger score is an anomaly.
        unreadable: The reason why an item could not be read. The keys are the names of the items.
        quantile: Share of the validation part with scores below the first threshold.
        n_validation: Number of validation items from which the first threshold was computed.
    """

    names: Mapping[str, str]
    scores: pd.DataFrame
    score_name: str
    trial: pd.DataFrame
    thresholds: Mapping[str, float]
    unreadable: Mapping[str, str]
    quantile: float
    n_validation: int

    @property
    def auroc(self) -> float:
        """The probability that an outlier has a larger score than an inlier, from 0 to 1."""
        return self._compute_auroc("score")

    @property
    def pca_auroc(self) -> float | None:
        """The AUROC of the column `score_pca`; None if `scores` has no such column."""
        return self._compute_auroc(PCA_SCORE) if PCA_SCORE in self.scores else None

    @property
    def auroc_interval(self) -> Interval:
        """The 95 % confidence interval of the AUROC."""
        n_outliers = int((self.scores["set"] == OUTLIERS).sum())
        return auroc_interval(self.auroc, len(self.scores) - n_outliers, n_outliers)

    @property
    def detection(self) -> pd.DataFrame:
        """AUROC, average precision and FPR at 95 % TPR of each score, with 95 % intervals.

        The intervals are those of bootstrap samples. A row is a score; `pca` is the error by PCA.
        """
        from ...objectives.metrics.detection_metrics import detection_metrics

        anomalous = (self.scores["set"] == OUTLIERS).to_numpy()
        rows: list[dict[str, float]] = []
        columns = [str(name) for name in self.scores if str(name).startswith(SCORE_PREFIX)]
        for column in columns:
            values, intervals = detection_metrics(self.scores[column].to_numpy(float), anomalous)
            rows.append({})
            for name, value, interval in zip(values._fields, values, intervals, strict=True):
                ends = {f"{name}_low": interval.low, f"{name}_high": interval.high}
                rows[-1] |= {name: value, **ends}
        names = [column.removeprefix(SCORE_PREFIX) for column in columns]
        return pd.DataFrame(rows, index=pd.Index(names, name="score"))

    @property
    def score_label(self) -> str:
        """What the score that is used measures."""
        return SCORE_LABELS[self.score_name]

    def most_anomalous(self, most: int) -> list[int]:
        """Returns the rows of at most `most` other items that are anomalies, the largest first."""
        found = self.scores[(self.scores["set"] == OUTLIERS) & self.scores["anomaly"]]
        rows: list[int] = found["score"].sort_values(ascending=False).index[:most].tolist()
        return rows

    def _compute_auroc(self, column: str) -> float:
        from sklearn.metrics import roc_auc_score

        return float(roc_auc_score(self.scores["set"] == OUTLIERS, self.scores[column]))

    @property
    def table(self) -> pd.DataFrame:
        """A row for each rule, with its threshold and its accuracy on each set."""
        sets = dict(iter(self.scores.groupby("set")["score"]))
        thresholds = self.thresholds.values()
        columns = {
            "threshold": thresholds,
            "inliers passed": [(sets[INLIERS] <= threshold).mean() for threshold in thresholds],
            "outliers found": [(sets[OUTLIERS] > threshold).mean() for threshold in thresholds],
        }
        return pd.DataFrame(columns, index=pd.Index(self.thresholds, name="rule"))

    @property
    def verdict(self) -> list[str]:
        """Lines with the AUROC, its confidence interval, and the AUROC of PCA."""
        low, high = self.auroc_interval
        chance = ": not better than chance" if low <= 0.5 <= high else ""
        lines = [
            *self._choice(),
            f"AUROC {self.auroc:.4f}, 95 % interval {low:.4f} to {high:.4f}{chance}",
        ]
        if (pca := self.pca_auroc) is not None:
            comparison = "" if self.auroc > pca else ": the network is not better"
            lines.append(f"AUROC {pca:.4f} of as many principal components{comparison}")
        return lines

    def _choice(self) -> Iterator[str]:
        """Yields a line about how the score was chosen, if there was a choice."""
        if self.trial.empty:
            return
        means = self.trial.mean(axis=1).sort_values(ascending=False)
        corruptions = ", ".join(map(str, self.trial))
        found = KNOWN if KNOWN in self.trial else f"validation items with {corruptions}"
        others = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
        yield f"score {self.score_name}, which finds {found} best; AUROC: {others}"

    @property
    def notes(self) -> list[str]:
        """Lines about the thresholds, and the names of items that could not be read."""
        rule, threshold = next(iter(self.thresholds.items()))
        inliers = self.scores.loc[self.scores["set"] == INLIERS, "score"]
        above, n = int((inliers > threshold).sum()), len(inliers)
        intervals = (
            exceedance_interval(self.n_validation, self.quantile),
            binomial_interval(above, n),
        )
        expected, observed = (f"{i.low:.2%} to {i.high:.2%} (95 % interval)" for i in intervals)
        notes = [
            f"{rule} of {self.n_validation:,} validation items: {expected} of items like them "
            "are above it",
            f"of {n:,} test items, {above:,} are above it: {above / n:.2%}, {observed}",
        ]
        if self.auroc < 0.5:
            better = "the network reconstructs {outliers} better than {inliers}"
            notes.append(better.format(**self.names))
        unreadable = [f"{name} {reason}" for name, reason in self.unreadable.items()]
        if others := len(unreadable[MAX_UNREADABLE:]):
            unreadable[MAX_UNREADABLE:] = [f"{others:,} more"]
        notes += [f"not scored: {item}" for item in unreadable]
        if REGRESSION_RULE not in self.thresholds:
            notes.append(
                f"known anomalies, given by `labeled=`, add a threshold by {REGRESSION_RULE}"
            )
        return notes

    def lines(self) -> list[RenderableType]:
        share = "{:.2%}".format
        formats = {"threshold": "{:.4g}".format, "inliers passed": share, "outliers found": share}
        sets = [
            f"{name} {self.names[str(name)]}: {len(scores):,} items, "
            f"score {scores.mean():.4g} ± {scores.std(ddof=0):.4g}"
            for name, scores in self.scores.groupby("set")["score"]
        ]
        table = frame_table(self.table, formats)
        return [*sets, *self.verdict, table, *self._detection_table(), *self.notes]

    def _detection_table(self) -> Iterator[RenderableType]:
        if self.trial.empty:
            return
        found = self.detection
        cells = {
            title: [
                f"{row[name]:.4f} ({row[f'{name}_low']:.4f} to {row[f'{name}_high']:.4f})"
                for _, row in found.iterrows()
            ]
            for name, title in FIGURES.items()
        }
        yield frame_table(pd.DataFrame(cells, index=found.index), {})


def score_column(name: str) -> str:
    """Returns the name of the column with the score `name`."""
    return f"{SCORE_PREFIX}{name}"
