"""The probe: what codes say of classes when few items have a label."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from ...models.roles import Compares, Predicts
from ...objectives.data.preparation.labels import require_labels
from ...objectives.data.tensor_data import TensorData
from ...objectives.metrics.nearest_neighbors import few_label_accuracies
from ...objectives.metrics.numeric_rows import NUMBERS, to_numeric_rows
from ...objectives.metrics.pca_baseline import fit_pca
from ...objectives.progress import progress
from ...storage.runs_folder import Runs, replace_folder
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.score_distributions import plot_accuracies
from ..study.defaults import NEIGHBORS, PROBE_LABELS, PROBE_SEEDS, RUNS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_at_least, check_at_most, check_seed
from .trained_network import load_trained_network

CODES, PCA = "codes", "pca"
MOST = 1000  # draws
CLEAR = 0.9  # share of the draws in which codes must be ahead


@dataclass(frozen=True)
class ProbeReport:
    """What few labels are worth on codes, and on what codes must beat.

    Attributes:
        folder: The folder with `table.csv`, `accuracy.csv` and `accuracy.png`.
        question: What was asked of how many items, in words.
        accuracy: Test accuracy, from 0 to 1: a row for each draw of labeled items, a column for
            `codes`, `pca` and the items as they are.
        length: How many numbers of an item each of these columns has seen.
        notes: What else is to be known before the figures are read.
    """

    folder: Path
    question: str
    accuracy: pd.DataFrame
    length: pd.Series
    notes: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """Mean and standard deviation over the draws, a row for each column of `accuracy`."""
        mean, std = self.accuracy.mean(), self.accuracy.std(ddof=0)
        return pd.DataFrame({"numbers": self.length, "mean": mean, "std": std})

    @property
    def verdict(self) -> str:
        """Whether the codes are worth it, by how often they are ahead in the same draw."""
        codes, n = self.accuracy[CODES], len(self.accuracy)
        ahead = {
            name: int((codes > others).sum())
            for name, others in self.accuracy.items()
            if name != CODES
        }
        if not ahead:
            return "codes alone were asked"
        counts = ", ".join(f"of {name} in {count} of {n} draws" for name, count in ahead.items())
        best = max(ahead, key=lambda name: self.accuracy[name].mean())
        if min(ahead.values()) >= CLEAR * n:
            return f"the codes are worth it: ahead {counts}"
        if codes.mean() < self.accuracy[best].mean():
            return f"the codes are not worth it, {best} do better: ahead {counts}"
        return f"the codes are hardly worth it: ahead {counts}"

    def __str__(self) -> str:
        rows = [
            f"  {name:<9} {row['numbers']:>6,.0f} numbers   {row['mean']:.4f} ± {row['std']:.4f}"
            for name, row in self.table.iterrows()
        ]
        return "\n".join([self.question, *rows, self.verdict, *self.notes, f"wrote {self.folder}"])

    __repr__ = __str__  # what a notebook shows


@public_api
def probe(
    source: str,
    *,
    labels: int | None = None,
    seeds: int = PROBE_SEEDS,
    neighbors: int = NEIGHBORS,
    seed: int = SEED,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
) -> ProbeReport:
    """Asks the nearest of a few labeled training items for the class of each test item.

    Nearness is that of codes; of as many principal components, fitted to the training part
    without labels; and of the items as they are. All three know the same labeled items, which
    are drawn without replacement, anew for each seed. Photographs that stay in their files are
    asked by their codes alone.

    Args:
        source: `STUDY`, `STUDY:17` or path of a model.ckpt, trained by `train` before.
        labels: How many training items have a label, at least 1; None for 100, or half of the
            training part if that is less.
        seeds: How often they are drawn, from 1 to 1,000.
        neighbors: How many of the nearest are asked, at most `labels`.
        seed: Of the first draw; the next one has the number after it.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.

    Raises:
        StudyError: If the model has no `encode`, or a number is not allowed.
        DataError: If the data have no labels.
        StorageError: If it was not trained yet, or a file cannot be written.

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
    check_at_most("seeds", seeds, MOST)
    check_at_least("neighbors", neighbors, 1)
    check_seed(seed)
    trained = load_trained_network(source, runs, data_dir)
    data = require_labels(trained.items)
    most = len(data.splits.train)
    labels = min(PROBE_LABELS, most // 2) if labels is None else labels
    check_at_most("labels", labels, most)
    if neighbors > labels:
        raise StudyError(f"there are {labels} labels: `neighbors=` must be at most that")
    codes = tuple(torch.from_numpy(trained.codes(part)[0]) for part in ("train", "test"))
    known, right = data.splits.train.targets, data.splits.test.targets
    assert known is not None
    assert right is not None
    seen = {CODES: codes, **_beside(data, codes[0].shape[1])}
    with progress("asking the nearest neighbors", len(seen)) as advance:
        found = {}
        for name, (train, test) in seen.items():
            found[name] = few_label_accuracies(
                train,
                known,
                test,
                right,
                labels=labels,
                seeds=range(seed, seed + seeds),
                neighbors=neighbors,
            )
            advance(1)
    of = f"the nearest {neighbors}" if neighbors > 1 else "the nearest"
    probed = ProbeReport(
        trained.folder / "probe",
        f"accuracy by {of} of {labels:,} labeled items, {seeds} draws, {len(right):,} test items",
        pd.DataFrame(found, index=pd.RangeIndex(seed, seed + seeds, name="seed")),
        pd.Series({name: train.shape[1] for name, (train, _) in seen.items()}),
        tuple(_notes(trained.model, seen)),
    )
    with replace_folder(probed.folder, Runs(Path(runs))) as folder:
        write_csv(probed.table, folder / "table.csv", index="of")
        write_csv(probed.accuracy, folder / "accuracy.csv", index="seed")
        plot_accuracies(
            probed.accuracy, f"{labels:,} labels on {data.name}", folder / "accuracy.png"
        )
    return probed


def _beside(data: TensorData, length: int) -> dict[str, tuple[Tensor, ...]]:
    """Returns what codes must beat: components and raw items, of the training and test part."""
    inputs = [part.inputs for part in (data.splits.train, data.splits.test)]
    rows = [to_numeric_rows(x, data.spec) for x in inputs if isinstance(x, Tensor)]
    if len(rows) < len(inputs):
        return {}
    plane = fit_pca(rows[0], length)
    planes = [plane.transform(x) for x in rows]
    pairs = {PCA: planes, NUMBERS[data.spec.kind]: rows}
    return {name: tuple(map(torch.from_numpy, pair)) for name, pair in pairs.items()}


def _notes(model: object, seen: dict[str, tuple[Tensor, ...]]) -> list[str]:
    notes = []
    if len(seen) == 1:
        notes.append("photographs that stay in their files are not compared as pixels")
    if isinstance(model, Predicts | Compares):
        notes.append("mind that this network was trained with all labels, and not with these few")
    return notes
