"""Finds and removes resume checkpoints. An unfinished trial is resumed from such a checkpoint."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .runs_folder import Runs


@dataclass(frozen=True)
class ResumeCheckpoints:
    """The number of resume checkpoints, and their total size in bytes."""

    count: int
    size: int

    def __str__(self) -> str:
        trials = "trial goes" if self.count == 1 else "trials go"
        return f"{self.count} {trials} on from an epoch that is kept ({self.size / 1e6:.1f} MB)"


def last_epoch(runs: Runs, study: str, number: int) -> Path:
    """Returns the path of the resume checkpoint, which trial `number` writes after each epoch."""
    return runs.last_epochs(study) / f"{number}.ckpt"


def last_epochs(runs: Runs, study: str | None = None) -> ResumeCheckpoints:
    """Returns the number and size of all resume checkpoints of a study, or of all studies."""
    sizes = []
    for path in runs.last_epochs("").glob(f"{study or '*'}/*.ckpt"):
        with suppress(OSError):  # its trial has ended meanwhile
            sizes.append(path.stat().st_size)
    return ResumeCheckpoints(len(sizes), sum(sizes))


def remove_resume_checkpoint(runs: Runs, study: str, number: int) -> None:
    """Removes the resume checkpoint of trial `number` and its temporary files."""
    remove_with_partials(last_epoch(runs, study, number))


def remove_with_partials(path: Path) -> None:
    """Removes a checkpoint and its temporary files, if they exist."""
    for file in (path, *path.parent.glob(f".{path.stem}.*.partial")):
        with suppress(OSError):
            file.unlink(missing_ok=True)


def remove_stale_checkpoints(runs: Runs, study: str, unfinished: Collection[int]) -> None:
    """Removes the resume checkpoints of a study, except those of the `unfinished` trials."""
    folder = runs.last_epochs(study)
    numbers = {path.name.lstrip(".").partition(".")[0] for path in folder.glob("*.*")}
    for number in map(int, filter(str.isdecimal, numbers)):
        if number not in unfinished:
            remove_resume_checkpoint(runs, study, number)
    for empty in (folder, folder.parent):
        with suppress(OSError):
            empty.rmdir()
