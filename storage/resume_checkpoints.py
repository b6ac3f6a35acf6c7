"""The last epochs of trials that have not ended: how many there are, and removing the others."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .runs_folder import Runs


@dataclass(frozen=True)
class ResumeCheckpoints:
    """What is kept of trials that have not ended; one epoch of each at most.

    Attributes:
        count: Number of trials.
        size: Bytes of all files.
    """

    count: int
    size: int

    def __str__(self) -> str:
        trials = "trial goes" if self.count == 1 else "trials go"
        return f"{self.count} {trials} on from an epoch that is kept ({self.size / 1e6:.1f} MB)"


def last_epoch(runs: Runs, study: str, number: int) -> Path:
    """Returns the file with the last epoch of a trial."""
    return runs.last_epochs(study) / f"{number}.ckpt"


def last_epochs(runs: Runs, study: str | None = None) -> ResumeCheckpoints:
    """Returns how much is kept of a study's trials, or of all studies'."""
    pattern = f"{study or '*'}/*.ckpt"
    sizes = []
    for path in runs.last_epochs("").glob(pattern):
        with suppress(OSError):  # its trial has ended meanwhile
            sizes.append(path.stat().st_size)
    return ResumeCheckpoints(len(sizes), sum(sizes))


def remove_resume_checkpoint(runs: Runs, study: str, number: int) -> None:
    """Removes what is kept of a trial, and what a process left that died while it wrote."""
    remove_with_partials(last_epoch(runs, study, number))


def remove_with_partials(path: Path) -> None:
    """Removes an epoch that is kept, and what a process left that died while it wrote it."""
    for left in (path, *path.parent.glob(f".{path.stem}.*.partial")):
        with suppress(OSError):
            left.unlink(missing_ok=True)


def remove_stale_checkpoints(runs: Runs, study: str, unfinished: Collection[int]) -> None:
    """Removes what is kept of a study's trials that have ended, or are no more.

    Args:
        runs: The runs folder.
        study: Name of the study.
        unfinished: The numbers of the trials that may still go on.
    """
    folder = runs.last_epochs(study)
    numbers = {path.name.lstrip(".").partition(".")[0] for path in folder.glob("*.*")}
    for number in map(int, filter(str.isdecimal, numbers)):
        if number not in unfinished:
            remove_resume_checkpoint(runs, study, number)
    for empty in (folder, folder.parent):
        with suppress(OSError):
            empty.rmdir()
