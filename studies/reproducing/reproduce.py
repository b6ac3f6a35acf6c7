"""Running the rows, each command as a user would type it; what has been found is kept."""

import json
import os
import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ...objectives.data.sources.builtin import DATASETS, data_root
from ...objectives.history import BEST
from ...search_spaces.words import did_you_mean
from ...storage.checkpoint import file_hash
from ...storage.database import open_database
from ...storage.runs import Runs, write_text
from ..cluster.joining import Cluster
from ..errors import StudyError
from ..finding import open_study
from .row import Row, Run
from .rows import ROWS

Call = Callable[[Sequence[str]], str | None]
"""Runs a command, given its words; returns in a line why it failed, or None."""

SPREAD = ("search", "compare")
"""Verbs whose runs go to a cluster, if there is one."""
SEARCHED = "searched"
RESULTS = "results"
QUICK = {
    "search": ["--trials", "2", "--epochs", "1", "--workers", "1"],
    "compare": ["--labels", "100", "--epochs", "1"],
}
"""Options that leave almost nothing of a command, but that it works."""


@dataclass(frozen=True)
class Found:
    """What came of a run.

    Attributes:
        row: The row.
        kind: `settings` or `searched`.
        value: The figure; None if it was not reached.
        commands: The commands, as they were run.
        seconds: What they took together.
        epochs: Epochs of the final training, if there was one.
        of: Epochs that it should have had.
        why_not: Why there is no figure.
    """

    row: str
    kind: str
    value: float | None = None
    commands: list[str] = field(default_factory=list)
    seconds: float = 0.0
    epochs: int = 0
    of: int = 0
    why_not: str = ""

    @property
    def failed(self) -> bool:
        """Whether one of its commands failed, and not for want of data."""
        return bool(self.why_not and self.commands)


@dataclass(frozen=True)
class Reproduction:
    """Runs rows, those first whose networks others need, and each once.

    Attributes:
        root: The folder for all studies and results of it.
        call: What runs a command.
        quick: Whether all searches and trainings are cut to almost nothing.
        minutes: How long a search may start trials, and how long a final training may take; its
            epochs are cut to what fits. None for no limit.
        data_dir: Where torchvision data lies, and the folders of other data beside it.
        cluster: Where the trials of searches run, and what compares; None for this machine.
    """

    root: Path
    call: Call
    quick: bool = False
    minutes: float | None = None
    data_dir: str | None = None
    cluster: Cluster | None = None

    def run(self, names: Iterable[str]) -> Iterator[Found]:
        """Runs rows, and gives what comes of each run as soon as it is there."""
        for name in names:
            for kind in ROWS[name].runs:
                yield self.find(name, kind)

    def kept(self) -> list[Found]:
        """Returns what was found before, by whichever command, with whichever limits."""
        files = sorted((self.root / RESULTS).glob("*.json"))
        return [Found(**json.loads(path.read_text())["found"]) for path in files]

    def find(self, name: str, kind: str) -> Found:
        """Runs one run of a row, unless it was run before with the same commands and limits.

        What needs the network of another row is run again if that was trained anew meanwhile.
        """
        row = ROWS[name]
        if (why_not := self._absence(row)) is not None:
            return Found(name, kind, why_not=why_not)
        names = {"network": network(name, kind)}
        names["data"] = row.data if row.data in DATASETS else str(self._place / row.data)
        on: dict[str, str] = {}
        for needed in row.runs[kind].networks():
            other = _split(needed)
            if not self._result(*other).exists() and (why_not := self.find(*other).why_not):
                return Found(name, kind, why_not=f"{needed} is needed: {why_not}")
            names[needed] = network(*other)
            on[needed] = file_hash(Runs(self.root).final(names[needed]) / BEST)
            names["network"] += f"-{on[needed][:6]}"
        asked: dict[str, object] = {"quick": self.quick, "minutes": self.minutes, "on": on}
        asked["run"] = list(row.runs[kind])
        path = self._result(name, kind)
        if path.exists() and (kept := json.loads(path.read_text()))["asked"] == asked:
            return Found(**kept["found"])
        found = self._find(name, kind, names)
        if not found.why_not:
            kept = {"asked": asked, "found": asdict(found)}
            write_text(path, json.dumps(kept, indent=2) + "\n")
        return found

    def _result(self, name: str, kind: str) -> Path:
        return self.root / RESULTS / f"{network(name, kind)}.json"

    def _find(self, name: str, kind: str, names: dict[str, str]) -> Found:
        row, started = ROWS[name], time.perf_counter()
        run, commands, epochs = row.runs[kind], [], 0
        for words in self._commands(run, names):
            commands.append(shlex.join(["latentune", *words]))
            where = [*self._where, *self._nodes(words[0])]
            if (why_not := self.call([*words, *where])) is not None:
                return Found(name, kind, commands=commands, why_not=why_not)
            if words[0] == "train":
                epochs = int(words[-1])
        assert row.figure is not None  # a row without one has no runs
        value = row.figure.read(self.root, names)
        seconds = round(time.perf_counter() - started, 1)
        return Found(name, kind, value, commands, seconds, epochs, run.epochs)

    def _commands(self, run: Run, names: dict[str, str]) -> Iterator[list[str]]:
        """Gives the words of each command; how many epochs fit is known after the search."""
        if run.search:
            own = names["network"]
            yield self._cut(["search", *_words(run.search, names), "--name", own])
            yield ["train", own, "--epochs", str(self._epochs(own, run.epochs))]
        if run.use:
            yield self._cut(_words(run.use, names))

    def _cut(self, words: list[str]) -> list[str]:
        if self.quick:
            return words + QUICK.get(words[0], [])
        if words[0] == "search" and self.minutes is not None:
            return [*words, "--time", f"{self.minutes:g}m"]
        return words

    def _epochs(self, own: str, epochs: int) -> int:
        """Returns how many epochs fit into the time, as long as they were in the best trial."""
        if self.quick:
            return 1
        if self.minutes is None:
            return epochs
        study = open_study(open_database(Runs(self.root).database), own)
        best = study.best_trial
        assert best.duration is not None  # it is complete
        per_epoch = best.duration.total_seconds() / max(1, best.user_attrs["epochs"])
        return max(1, min(epochs, int(60 * self.minutes / per_epoch)))

    @property
    def _where(self) -> list[str]:
        words = ["--runs", str(self.root)]
        return words if self.data_dir is None else [*words, "--data-dir", self.data_dir]

    def _nodes(self, verb: str) -> list[str]:
        if self.cluster is None or verb not in SPREAD:
            return []
        words = ["--cluster", self.cluster.address, "--cpus", f"{self.cluster.cpus:g}"]
        return [*words, "--gpus", f"{self.cluster.gpus:g}"]

    @property
    def _place(self) -> Path:
        return data_root(self.data_dir)

    def _absence(self, row: Row) -> str | None:
        """Returns why the data of a row are not there, if they are not."""
        if row.data in DATASETS or os.path.isdir(self._place / row.data):
            return None
        return f"no data: there is no folder {row.data} in {self._place}"


def network(row: str, kind: str) -> str:
    """Returns what the study of a run is called, and the network that it trains.

    On the network of another row, it has the start of its hash behind that.
    """
    return f"{row.lower()}-{kind}"


def chosen_rows(words: Sequence[str]) -> list[str]:
    """Returns the rows that are meant: `A6` means `A6-4` and `A6-64`; nothing means all.

    Raises:
        StudyError: If there is no such row.
    """
    chosen = []
    for word in words:
        meant = [
            name for name in ROWS if word.lower() in (name.lower(), name.lower().split("-")[0])
        ]
        if not meant:
            raise StudyError(f"there is no row {word!r}; {did_you_mean(word.upper(), list(ROWS))}")
        chosen += meant
    return list(dict.fromkeys(chosen)) or list(ROWS)


def _split(needed: str) -> tuple[str, str]:
    """Returns the row and the run that a name in braces means."""
    if needed in ROWS:
        return needed, SEARCHED
    row, _, kind = needed.rpartition("-")
    return row, kind


def _words(text: str, names: dict[str, str]) -> list[str]:
    # Split first: the path of a folder may have blanks in it.
    return [word.format_map(names) for word in text.split()]
