"""The verb `probe`: the accuracy of nearest neighbors in latent space with few labeled items."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from rich.console import RenderableType
from torch import Tensor

from ...models.roles import Compares, Predicts
from ...objectives.data.preparation.labels import require_labels
from ...objectives.metrics.baselines import baseline_features
from ...objectives.metrics.nearest_neighbors import few_label_accuracies
from ...objectives.progress import progress
from ...storage.folder_replacement import replace_folder
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.score_distributions import plot_accuracies
from ..display.result import FolderResult
from ..study.defaults import PROBE_LABELS, PROBE_NEIGHBORS, PROBE_SEEDS, RUNS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_at_least, check_at_most, check_seed
from .trained_network import load_trained_network

CODES_COLUMN = "codes"
MAX_SEEDS = 1000
MIN_WIN_SHARE = 0.9
"""Minimum share of the draws in which codes must win to be called better."""


@dataclass(frozen=True, repr=False)
class ProbeReport(FolderResult):
    """The accuracy of nearest neighbors with few labels: by latent codes and by simpler features.

    Attributes:
        folder: The folder with `table.csv`, `accuracy.csv` and `accuracy.png`.
        question: A text that says what was measured, and with how many items.
        accuracy: Test accuracy, from 0 to 1. It has a row for each draw, which is a random choice
            of labeled items, and a column for each kind of features: `codes`, `pca` and raw items.
        length: How many numbers an item has in each kind of features.
        notes: Sentences about the limits of the comparison.
    """

    question: str
    accuracy: pd.DataFrame
    length: pd.Series
    notes: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """A row for each kind of features, with the mean and standard deviation of accuracy."""
        mean, std = self.accuracy.mean(), self.accuracy.std(ddof=0)
        return pd.DataFrame({"numbers": self.length, "mean": mean, "std": std})

    @property
    def verdict(self) -> str:
        """A sentence that says in how many draws codes are better than the other features."""
        codes, n = self.accuracy[CODES_COLUMN], len(self.accuracy)
        wins = {
            name: int((codes > others).sum())
            for name, others in self.accuracy.items()
            if name != CODES_COLUMN
        }
        if not wins:
            return "the codes were compared with nothing"
        counts = ", ".join(f"{name} in {count} of {n} draws" for name, count in wins.items())
        best = max(wins, key=lambda name: self.accuracy[name].mean())
        if min(wins.values()) >= MIN_WIN_SHARE * n:
            return f"the codes are better than {counts}"
        if codes.mean() < self.accuracy[best].mean():
            return f"the codes are worse than {best} on average; they are better than {counts}"
        return f"the codes are hardly better: they beat {counts}"

    def lines(self) -> list[RenderableType]:
        rows = [
            f"  {name:<9} {row['numbers']:>6,.0f} numbers   {row['mean']:.4f} ± {row['std']:.4f}"
            for name, row in self.table.iterrows()
        ]
        return [self.question, *rows, self.verdict, *self.notes]


@public_api
def probe(
    source: str | Path,
    *,
    labels: int | None = None,
    seeds: int = PROBE_SEEDS,
    neighbors: int = PROBE_NEIGHBORS,
    seed: int = SEED,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> ProbeReport:
    """Classifies test items by the nearest of a few labeled training items.

    This is done with three kinds of features: latent codes, principal components and raw items.
    There are as many principal components as latent dimensions, and they are fitted to the
    training part without labels. In each draw, all three use the same random choice of labeled
    items. If images are too large for memory, only latent codes are used.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        labels: Number of training items with a label, at least 1. None means 100, or half of the
            training part if this is less.
        seeds: Number of draws, from 1 to 1,000.
        neighbors: Number of nearest items that vote for the class, at most `labels`.
        seed: Seed of the first draw; the seed of each further draw is larger by 1.
        data_dir: Folder of torchvision data; None for the one that the search used.
        runs: The folder with all studies.

    Raises:
        StudyError: If the model has no `encode`, or a number is out of range.
        DataError: If the data have no labels.
        StorageError: If the network has not been trained yet, or a file cannot be written.

    References:
        Nearest Neighbor Pattern Classification (Cover, Hart, 1967)

    Example:
        >>> found = latentune.probe("conv-ae-digits", labels=50, seeds=3)
        >>> list(found.table.index)
        ['codes', 'pca', 'pixels']
    """
    if labels is not None:
        check_at_least("labels", labels, 1)
    check_at_least("seeds", seeds, 1)
    check_at_most("seeds", seeds, MAX_SEEDS)
    check_at_least("neighbors", neighbors, 1)
    check_seed(seed)
    network = load_trained_network(source, runs, data_dir)
    data = require_labels(network.tensor_data)
    n_train = len(data.splits.train)
    labels = min(PROBE_LABELS, n_train // 2) if labels is None else labels
    check_at_most("labels", labels, n_train)
    if neighbors > labels:
        raise StudyError(f"`neighbors=` must be at most {labels}, the number of labels")
    codes = network.kept_codes("train"), network.kept_codes("test")
    train_targets, test_targets = data.splits.train.targets, data.splits.test.targets
    assert train_targets is not None
    assert test_targets is not None
    rows = {CODES_COLUMN: codes, **baseline_features(data, codes[0].shape[1])}
    features = {name: tuple(map(torch.from_numpy, pair)) for name, pair in rows.items()}
    accuracy = {}
    with progress("classifying by nearest neighbors", len(features)) as advance:
        for name, (train, test) in features.items():
            accuracy[name] = few_label_accuracies(
                train,
                train_targets,
                test,
                test_targets,
                labels=labels,
                seeds=range(seed, seed + seeds),
                neighbors=neighbors,
            )
            advance(1)
    nearest = f"the nearest {neighbors}" if neighbors > 1 else "the nearest"
    report = ProbeReport(
        network.folder / "probe",
        f"accuracy by {nearest} of {labels:,} labeled items, {seeds} draws, "
        f"{len(test_targets):,} test items",
        pd.DataFrame(accuracy, index=pd.RangeIndex(seed, seed + seeds, name="seed")),
        pd.Series({name: train.shape[1] for name, (train, _) in features.items()}),
        tuple(_make_comparison_notes(network.model, features)),
    )
    with replace_folder(report.folder, network.runs) as folder:
        write_csv(report.table, folder / "table.csv", index="of")
        write_csv(report.accuracy, folder / "accuracy.csv", index="seed")
        title = f"{labels:,} labels on {data.name}"
        plot_accuracies(report.accuracy, title, folder / "accuracy.png")
    return report


def _make_comparison_notes(model: object, features: dict[str, tuple[Tensor, ...]]) -> list[str]:
    notes = []
    if len(features) == 1:
        notes.append("images that are too large for memory are not compared as pixels")
    if isinstance(model, Predicts | Compares):
        notes.append("this network was trained with all labels, not only with these few")
    return notes
