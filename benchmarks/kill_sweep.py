"""Kills each verb before each of its operations on files, and runs it again: what was lost?

    python -m benchmarks.kill_sweep
    python -m benchmarks.kill_sweep "train --seeds 2" --every 5

Each verb is run once without being disturbed. Then, for each operation n, it is killed before the
n-th, in a process forked from one that has imported everything, and run again by the same command.
That must succeed, and leave what the undisturbed run has left: the same figures, the same trials,
the same files and no others. A file that is opened to be written is once not there yet
when the process is killed, and once it is empty. A table says what was lost: epochs that were
trained again beyond the one that was under way, files that differ, and files that are left over.
A command that refuses to be repeated because its result is whole has lost nothing.
"""

import argparse
import gc
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
from rich.console import Console
from rich.table import Table

from .file_operations import Operations
from .kill_sweep_contents import contents

STUDY, CLASSES = "conv-ae-items", "mlp-items"
TRAIN = ("train", STUDY, "--epochs", "3", "--pictures", "best")
DATA = ("items.npz", "--trials", "3", "--epochs", "2", "--workers", "1", "--pruner", "none")
DATA += ("--batch-size", "40")
COMPARE = ("--labels", "all", "--seeds", "1", "--epochs", "2")
PREPARE = [
    ("search", "conv-ae", *DATA, "--range", "latent_dim=2:3"),
    ("search", "mlp", *DATA),
    ("train", CLASSES, "--epochs", "2", "--pictures", "none"),
    TRAIN,
    TRAIN,
    ("export", STUDY, "--to", "packed.zip"),
]


@dataclass(frozen=True)
class Verb:
    """A command that is killed.

    Attributes:
        words: The command.
        prepare: Prepares the folder before the command runs.
    """

    words: tuple[str, ...]
    prepare: Callable[[], object] = lambda: None


def _without_training() -> None:
    shutil.rmtree(Path("runs", STUDY, "final"))
    shutil.rmtree(Path("runs", STUDY, "final-before"))


def _without_study() -> None:
    shutil.rmtree("runs")


def _half_a_study() -> None:
    import latentune

    shutil.rmtree("runs")
    options = {"epochs": 2, "batch_size": 40, "ranges": {"latent_dim": "2:3"}}
    latentune.search("conv-ae", "items.npz", trials=1, pruner="none", **options)


def _with_faults() -> None:
    from .doctor import plant

    plant(Path("runs"), STUDY)


VERBS = {
    "train": Verb(TRAIN),
    "train, the first time": Verb(TRAIN, _without_training),
    "train --seeds 2": Verb((*TRAIN[:-1], "none", "--seeds", "2"), _without_training),
    "confirm": Verb(("confirm", STUDY, "--top", "2", "--seeds", "2")),
    "export": Verb(("export", STUDY, "--to", "again.zip")),
    "import": Verb(("import", "packed.zip"), _without_study),
    "import --into": Verb(("import", "packed.zip", "--into", STUDY), _half_a_study),
    "doctor --fix": Verb(("doctor", "--fix"), _with_faults),
    "predict --out": Verb(("predict", CLASSES, "items.npz", "--out", "answers.csv")),
    "compare": Verb(("compare", "items.npz", "--encoder", STUDY, *COMPARE)),
}


@dataclass
class Run:
    """The result of a command.

    Attributes:
        code: Its exit code; negative if it was killed.
        said: What it printed.
        operations: Its file operations.
        epochs: Number of epochs that it began to train.
        modules: Names of all modules that it imported.
    """

    code: int
    said: str
    operations: list[str]
    epochs: int
    modules: list[str]


def run(folder: Path, act: Callable[[], object], kill_at: int | None, torn: bool) -> Run:
    """Runs a function in a folder, in a fork of this process that is killed at an operation."""
    heard, mouth = os.pipe()
    with tempfile.TemporaryFile() as out:
        child = os.fork()
        if not child:
            _in_fork(folder, act, kill_at, torn, mouth, out.fileno())
        os.close(mouth)
        with os.fdopen(heard) as lines:
            recorded = lines.read().splitlines()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0)
        said = out.read().decode(errors="replace")
    operations = [line for line in recorded if not line.startswith(("epoch ", "module "))]
    modules = [line.removeprefix("module ") for line in recorded if line.startswith("module ")]
    return Run(code, said, operations, len(recorded) - len(operations) - len(modules), modules)


def _in_fork(
    folder: Path, act: Callable[[], object], kill_at: int | None, torn: bool, mouth: int, out: int
) -> None:
    code = 1
    try:
        os.chdir(folder)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        tempfile.tempdir = str(folder / "tmp")
        begin = pl.loops.fit_loop._FitLoop.advance

        def advance(self: Any) -> None:
            os.write(mouth, b"epoch \n")
            begin(self)

        pl.loops.fit_loop._FitLoop.advance = advance
        report = lambda line: os.write(mouth, f"{line}\n".encode())  # noqa: E731
        Operations((folder,), kill_at, torn, report).watch()
        try:
            act()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os.write(mouth, "".join(f"module {name}\n" for name in sys.modules).encode())
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def command(words: Sequence[str]) -> Callable[[], object]:
    """Returns a function that runs a command in this process."""

    def act() -> None:
        from latentune.studies.cli import app

        sys.argv = ["latentune", *words]
        app.main()

    return act


@dataclass
class SweepResult:
    """What was lost in all runs of a verb."""

    operations: int = 0
    kills: int = 0
    whole: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def note(self, what: str, where: str) -> None:
        self.lost[what] += 1
        if self.lost[what] <= 3:
            self.examples.append(f"{what}: {where}")


def sweep(base: Path, verb: Verb, every: int, first: int = 1) -> SweepResult:
    """Kills a verb at its file operations, and runs it again after each kill."""
    place = Path(tempfile.mkdtemp(prefix="kill-sweep-"))
    ready, folder = place / "ready", place / "folder"
    shutil.copytree(base, ready)
    prepared = run(ready, verb.prepare, None, False)
    assert prepared.code == 0, prepared.said
    shutil.copytree(ready, folder)
    calm = run(folder, command(verb.words), None, False)
    assert calm.code in (0, 1), calm.said
    right = contents(folder)
    swept = SweepResult(len(calm.operations))
    for n, torn in _points(calm.operations, every, first):
        shutil.rmtree(folder)
        shutil.copytree(ready, folder)
        killed = run(folder, command(verb.words), n, torn)
        if killed.code >= 0:
            continue  # it had fewer operations this time
        swept.kills += 1
        again = run(folder, command(verb.words), None, False)
        last = killed.operations[-1].replace(str(folder), "")
        where = f"{n}{' torn' if torn else ''}: {last}"
        if again.code != calm.code and contents(folder) == right:
            swept.whole += 1  # it says that the result is there already
            continue
        if again.code != calm.code:
            said = (again.said.strip().splitlines() or ["nothing"])[-1]
            swept.note("the command fails", f"{where}: {said.replace(str(folder), '')[:160]}")
            continue
        if killed.epochs + again.epochs > calm.epochs + 1:
            more = killed.epochs + again.epochs - calm.epochs
            swept.note("more than one epoch", f"{where}: {more} epochs again")
        found = contents(folder)
        if missing := sorted(right.keys() - found.keys()):
            swept.note("missing", f"{where}: {missing[0]}, {len(missing)} in all")
        if left := sorted(found.keys() - right.keys()):
            swept.note("left over", f"{where}: {left[0]}, {len(left)} in all")
        both = sorted(name for name in right.keys() & found.keys() if right[name] != found[name])
        if both:
            swept.note("differs", f"{where}: {both[0]}, {len(both)} in all")
    shutil.rmtree(place)
    return swept


def _points(operations: Sequence[str], every: int, first: int) -> Iterator[tuple[int, bool]]:
    for n, operation in enumerate(operations, 1):
        if n >= first and (n - first) % every == 0:
            yield n, False
            if operation.startswith(("open", "torch.save")):
                yield n, True


def prepare(base: Path) -> None:
    """Searches, trains and exports two small studies, and imports the modules that this needs."""
    (base / "tmp").mkdir(parents=True)
    drawn = np.random.default_rng(0)
    labels = np.arange(40) % 2
    images = drawn.random((40, 8, 8), dtype=np.float32) / 2 + labels[:, None, None] / 2
    np.savez(base / "items.npz", x=images.astype(np.float32), y=labels)
    for words in PREPARE:
        done = run(base, command(words), None, False)
        assert done.code == 0, done.said
        for name in done.modules:
            if not name.startswith("triton"):  # which complains at the end
                with suppress(Exception):
                    import_module(name)
    gc.collect()
    gc.freeze()  # so that forks share what they do not change


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verbs", nargs="*", choices=[[], *VERBS], help="all of them if left out")
    parser.add_argument("--every", type=int, default=1, help="kill at each n-th operation alone")
    parser.add_argument("--first", type=int, default=1, help="the first operation to kill at")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    from latentune.storage.optuna_schema import schema_version

    schema_version()  # known to all forks

    table = Table("verb", "operations", "kills", "whole already", "lost", "seconds")
    console = Console(width=180)
    with tempfile.TemporaryDirectory(prefix="kill-sweep-") as base:
        prepare(Path(base) / "base")
        for name in options.verbs or VERBS:
            began = time.monotonic()
            found = sweep(Path(base) / "base", VERBS[name], options.every, options.first)
            lost = ", ".join(f"{what} {n}" for what, n in found.lost.items()) or "0"
            seconds = f"{time.monotonic() - began:.0f}"
            table.add_row(
                name, str(found.operations), str(found.kills), str(found.whole), lost, seconds
            )
            for example in found.examples:
                console.print(f"{name}: {example}")
            console.print(f"{name}: {found.operations} operations, {found.kills} kills: {lost}")
    console.print(table)


if __name__ == "__main__":
    main()
