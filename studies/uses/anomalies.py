"""Anomalies: whether a network knows its own data from others by how badly it draws them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
import torch

from ...models.roles import Reconstructs
from ...objectives.data.alike import read_alike
from ...objectives.data.kept import save_kept
from ...objectives.data.module import TensorData
from ...objectives.data.parts import Part, floats, joined
from ...objectives.data.sources.builtin import DATASETS
from ...objectives.data.splits import PARTS, Splits
from ...objectives.metrics.anomaly import anomaly_scores, separating_score, threshold_at
from ...storage.drawing.images import labelled_grid
from ...storage.drawing.scores import score_distributions
from ...storage.runs import Runs, replaced_folder
from ..defaults import QUANTILE, RUNS, SEED
from ..errors import StudyError, check_seed
from ..facade import public
from .trained import load_trained

if TYPE_CHECKING:
    from ...objectives.data.parts import Items

INSIDE, OUTSIDE = "inliers", "outliers"
REGRESSION = "logistic regression"
SHOWN = 10
MOST = 10_000  # known anomalies

Sets: TypeAlias = Mapping[str, Mapping[str, "Items"]]
"""The parts of the inliers, and those of the outliers, that are scored."""


@dataclass(frozen=True)
class Anomalies:
    """How well the errors of a network tell other items from its own.

    Attributes:
        folder: The folder with `table.csv`, `scores.csv`, `scores.png` and, of images,
            `images.png`.
        names: What the data of the `inliers` and of the `outliers` are called.
        scores: A row for each item: its `set`, its `part` and number in it (`item`), its `score`,
            and whether it is an `anomaly` by the first threshold.
        thresholds: The score of each rule beyond which an item is an anomaly.
    """

    folder: Path
    names: Mapping[str, str]
    scores: pd.DataFrame
    thresholds: Mapping[str, float]

    @property
    def auroc(self) -> float:
        """How often an outlier has a larger score than an inlier, from 0 to 1."""
        from sklearn.metrics import roc_auc_score

        return float(roc_auc_score(self.scores["set"] == OUTSIDE, self.scores["score"]))

    @property
    def table(self) -> pd.DataFrame:
        """The threshold of each rule, and the shares of both sets that it gets right."""
        sets = dict(iter(self.scores.groupby("set")["score"]))
        rows = {
            rule: {
                "threshold": threshold,
                "inliers passed": (sets[INSIDE] <= threshold).mean(),
                "outliers found": (sets[OUTSIDE] > threshold).mean(),
            }
            for rule, threshold in self.thresholds.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index")

    @property
    def notes(self) -> list[str]:
        """What else is to be known before the figures are read."""
        notes = []
        if self.auroc < 0.5:
            notes.append(f"the network draws {self.names[OUTSIDE]} better than what it has seen")
        if REGRESSION not in self.thresholds:
            notes.append("known anomalies, named by `labelled=`, would give logistic regression")
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
        return "\n".join([*sets, f"AUROC {self.auroc:.4f}", table, *self.notes, last])

    __repr__ = __str__  # what a notebook shows


@public
def anomalies(
    source: str,
    *,
    against: str,
    quantile: float = QUANTILE,
    labelled: str | None = None,
    seed: int = SEED,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
) -> Anomalies:
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
        labelled: Known anomalies, for logistic regression: of a data set of the list the training
            part. If None, they are that of `against`; a folder or file then has none.
        seed: Chooses the known anomalies, if there are more than 10,000.
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
    trained = load_trained(source, runs, data_dir)
    model, data = trained.model, trained.items
    if not isinstance(model, Reconstructs):
        kind = type(model).__name__
        raise StudyError(f"a {kind} draws nothing again: only an autoencoder sees anomalies")
    if data.spec.kind == "text":
        raise StudyError(f"{data.name} holds texts, of which no error can be measured")
    others = read_alike(against, data)
    known = _known(against, others, labelled, data, seed)
    save_kept()  # nothing is left to be refused
    parts = ("test",) if against in DATASETS else PARTS
    sets = {
        INSIDE: {"test": data.splits.test.inputs},
        OUTSIDE: {part: getattr(others, part).inputs for part in parts},
    }
    scores = _scores(model, data, sets)
    validated = anomaly_scores(model, data.spec, data.splits.val.inputs)
    thresholds = {f"quantile {quantile:g}": threshold_at(validated, quantile)}
    if known is not None:
        thresholds[REGRESSION] = separating_score(
            validated, anomaly_scores(model, data.spec, known)
        )
    scores["anomaly"] = scores["score"] > next(iter(thresholds.values()))
    names = {INSIDE: str(data.name), OUTSIDE: Path(os.path.abspath(against)).name}
    found = Anomalies(trained.folder / "anomalies", names, scores, thresholds)
    with replaced_folder(found.folder, Runs(Path(runs))) as folder:
        found.table.to_csv(folder / "table.csv", index_label="rule")
        scores.to_csv(folder / "scores.csv", index=False)
        score_distributions(scores, names, thresholds, folder / "scores.png")
        if data.spec.kind == "image":
            _draw(sets, found, folder / "images.png")
    return found


def _known(
    against: str, others: Splits, labelled: str | None, data: TensorData, seed: int
) -> "Items | None":
    """Returns anomalies to learn a threshold from, none of which is scored."""
    if labelled is None and against not in DATASETS:
        return None
    named = others if labelled in (None, against) else read_alike(labelled or against, data)
    if (labelled or against) in DATASETS:
        known = named.train
    elif named.fingerprint == others.fingerprint:
        raise StudyError(f"all of {against} is scored: name other data by `labelled=`")
    else:
        known = Part(joined([part.inputs for part in named[:3]]), None)
    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))
    return known.take(order[:MOST].tolist()).inputs


def _scores(model: Reconstructs, data: TensorData, sets: Sets) -> pd.DataFrame:
    """Returns a row for each item: where it is from, and its score."""
    tables = []
    for name, parts in sets.items():
        for part, items in parts.items():
            score = anomaly_scores(model, data.spec, items).numpy()
            places = {"set": name, "part": part, "item": range(len(items))}
            tables.append(pd.DataFrame({**places, "score": score}))
    scores = pd.concat(tables, ignore_index=True)
    if not np.isfinite(scores["score"]).all():
        raise StudyError("the network draws items that are no numbers: train another trial")
    return scores


def _draw(sets: Sets, found: Anomalies, path: Path) -> None:
    """Draws the items of each set that are least and most like anomalies."""
    rows = {}
    for name, parts in sets.items():
        ordered = found.scores[found.scores["set"] == name].sort_values("score")
        for which, some in (("least", ordered[:SHOWN]), ("most", ordered[-SHOWN:][::-1])):
            images = [parts[row["part"]][[row["item"]]] for _, row in some.iterrows()]
            rows[f"{found.names[name]}: {which}"] = floats(torch.cat(images))
    labelled_grid(rows, "Least and most reconstruction error", path)
