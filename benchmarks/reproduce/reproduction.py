"""Runs the commands of rows and keeps each result in a file."""

import json
import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from latentune.objectives.data.sources.builtin_datasets import DATASETS, data_root
from latentune.objectives.history_checkpoint import BEST_CHECKPOINT
from latentune.storage.atomic_write import write_text
from latentune.storage.checkpoint_file import file_hash
from latentune.storage.database import open_database
from latentune.storage.runs_folder import Runs
from latentune.storage.trial_record import read_trial_record
from latentune.studies.study.study_lookup import open_study

from .rows import ROWS, Row, RunKind

RunCommand = Callable[[Sequence[str]], str | None]
"""Runs a command, given its words; returns the error message in one line, or None."""

RESULTS = "results"
TORCHVISION_FOLDERS = {"cifar-10": "cifar-10-batches-py", "cifar-100": "cifar-100-python"}
"""The folders of data sets that are not downloaded; a folder of images serves as well."""
QUICK = {
    "search": ["--trials", "2", "--epochs", "1", "--workers", "1"],
    "compare": ["--labels", "100", "--epochs", "1"],
}
"""Options that cut a command to a check that it works."""


@dataclass(frozen=True)
class Result:
    """The result of one run of a row.

    Attributes:
        row: Name of the row.
        kind: `settings` or `searched`.
        value: The reproduced value; None if there is none.
        commands: The commands that ran, with `data` for the folder of torchvision's data.
        seconds: CPU seconds of all commands together.
        epochs: Epochs of the final training.
        planned_epochs: Epochs of the final training without a time limit.
        std: Standard deviation of the value over the seeds of the final training; None with one.
        error: Why there is no value.
    """

    row: str
    kind: RunKind
    value: float | None = None
    commands: list[str] = field(default_factory=list)
    seconds: float = 0.0
    epochs: int = 0
    planned_epochs: int = 0
    std: float | None = None
    error: str = ""

    @property
    def is_cut(self) -> bool:
        """True if the final training had fewer epochs than planned."""
        return self.epochs < self.planned_epochs

    @property
    def failed(self) -> bool:
        """True if a command failed; missing data do not count."""
        return bool(self.error and self.commands)


@dataclass(frozen=True)
class Reproduction:
    """Runs rows, and before each row those whose networks it needs.

    Attributes:
        root: The folder of all studies and results of the reproduction.
        run_command: Runs a command.
        quick: Whether every search and training is cut to a check that it works.
        minutes: How long a search may start trials, and how long a final training may take; the
            epochs of a training are cut to what fits. None for no limit.
        data_dir: The folder of torchvision's data, and of the folders of other data.
        cluster: Options of `search` and `compare` that name a Ray cluster.
    """

    root: Path
    run_command: RunCommand
    quick: bool = False
    minutes: float | None = None
    data_dir: str | None = None
    cluster: Sequence[str] = ()

    def run(self, names: Iterable[str]) -> Iterator[Result]:
        """Runs the rows and yields the result of each run as soon as it exists."""
        for name in names:
            for kind in ROWS[name].runs:
                yield self.run_once(name, kind)

    def load_results(self) -> list[Result]:
        """Returns the results of all earlier runs."""
        return load_results(self.root / RESULTS)

    def run_once(self, name: str, kind: RunKind) -> Result:
        """Runs one run of a row, or returns its stored result.

        A stored result is valid if commands, limits and the networks of other rows that the run
        needs are the same as before.
        """
        row = ROWS[name]
        if (data := self._data(row)) is None:
            missing = f"there is no folder {row.data} in {data_root(self.data_dir)}"
            return Result(name, kind, error=f"no data: {missing}")
        study, names, hashes = study_name(name, kind), {"data": data}, dict[str, str]()
        for needed in row.runs[kind].networks():
            other = _row_and_kind(needed)
            if not self._result_file(*other).exists() and (error := self.run_once(*other).error):
                return Result(name, kind, error=f"{needed} is needed: {error}")
            names[needed] = study_name(*other)
            hashes[needed] = file_hash(Runs(self.root).final(names[needed]) / BEST_CHECKPOINT)
            study += f"-{hashes[needed][:6]}"
        names["network"] = study
        run = row.runs[kind].model_dump() | {"seeds": row.seeds, "epochs": row.epochs}
        request = {"quick": self.quick, "minutes": self.minutes, "networks": hashes, "run": run}
        path = self._result_file(name, kind)
        if path.exists() and (stored := json.loads(path.read_text()))["request"] == request:
            return Result(**stored["result"])
        result = self._run(name, kind, names)
        if not result.error:
            stored = {"request": request, "result": asdict(result)}
            write_text(path, json.dumps(stored, indent=2) + "\n")
        return result

    def _result_file(self, name: str, kind: RunKind) -> Path:
        return self.root / RESULTS / f"{study_name(name, kind)}.json"

    def _run(self, name: str, kind: RunKind, names: dict[str, str]) -> Result:
        """Runs the commands of a run and reads its metric."""
        row, before = ROWS[name], _children_seconds()
        commands, epochs = list[str](), 0
        seeds = 1 if self.quick or not row.runs[kind].search else row.seeds
        for words in self._commands(row, kind, names, seeds):
            line = shlex.join(["latentune", *words])
            commands.append(
                line.replace(f"{data_root(self.data_dir)}/", "data/")
            )  # for all machines
            if (error := self.run_command([*words, *self._options(words[0])])) is not None:
                return Result(name, kind, commands=commands, error=error)
            if words[0] == "train":
                epochs = int(words[words.index("--epochs") + 1])
        value = row.read_metric(self.root, names, "mean" if seeds > 1 else "")
        std = row.read_metric(self.root, names, "std") if seeds > 1 else None
        seconds = round(_children_seconds() - before, 1)
        return Result(name, kind, value, commands, seconds, epochs, row.epochs, std)

    def _commands(
        self, row: Row, kind: RunKind, names: dict[str, str], seeds: int
    ) -> Iterator[list[str]]:
        """Yields the words of each command; the epochs of a training depend on the search."""
        run = row.runs[kind]
        if run.search:
            study = names["network"]
            yield self._limited(["search", *_fill_in(run.search, names), "--name", study])
            train = ["train", study, "--epochs", str(self._epochs(study, row.epochs))]
            yield [*train, "--seeds", str(seeds)] if seeds > 1 else train
        if run.use:
            yield self._limited(_fill_in(run.use, names))

    def _limited(self, words: list[str]) -> list[str]:
        if self.quick:
            return words + QUICK.get(words[0], [])
        if words[0] == "search" and self.minutes is not None:
            return [*words, "--time", f"{self.minutes:g}m"]
        return words

    def _epochs(self, study: str, epochs: int) -> int:
        """Returns how many epochs, each as long as in the best trial, fit into the limit."""
        if self.quick:
            return 1
        if self.minutes is None:
            return epochs
        best = open_study(open_database(Runs(self.root).database), study).best_trial
        assert best.duration is not None  # a complete trial has one
        per_epoch = best.duration.total_seconds() / max(1, read_trial_record(best).epochs or 1)
        return max(1, min(epochs, int(60 * self.minutes / per_epoch)))

    def _options(self, verb: str) -> list[str]:
        """Returns the options that say where a command reads, writes and computes."""
        data_dir = [] if self.data_dir is None else ["--data-dir", self.data_dir]
        cluster = self.cluster if verb in ("search", "compare") else ()
        return ["--runs", str(self.root), *data_dir, *cluster]

    def _data(self, row: Row) -> str | None:
        """Returns the name or the folder of a row's data; None if they are missing."""
        root = data_root(self.data_dir)
        files = TORCHVISION_FOLDERS.get(row.data)
        if row.data in DATASETS and (files is None or (root / files).is_dir()):
            return row.data
        return str(root / row.data) if (root / row.data).is_dir() else None


def _children_seconds() -> float:
    """Returns the CPU seconds of all processes that this one has started and waited for."""
    times = os.times()
    return times.children_user + times.children_system


def load_results(folder: Path) -> list[Result]:
    """Returns the results in a folder."""
    files = sorted(folder.glob("*.json"))
    return [Result(**json.loads(path.read_text())["result"]) for path in files]


def study_name(row: str, kind: RunKind) -> str:
    """Returns the name of a run's study, to which the hashes of needed networks are added."""
    return f"{row.lower()}-{kind}"


def _row_and_kind(needed: str) -> tuple[str, RunKind]:
    """Returns the row and the kind of run for a name in braces."""
    row, _, kind = needed.rpartition("-")
    return (row, "settings") if kind == "settings" else (needed, "searched")


def _fill_in(text: str, names: dict[str, str]) -> list[str]:
    # The path of a folder may contain blanks, so the text is split first.
    return [word.format_map(names) for word in text.split()]
