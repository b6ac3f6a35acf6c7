"""Files that nothing uses: old caches, unneeded checkpoints, remains of dead processes."""

import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
from filelock import Timeout

from ...storage.backup import BEFORE
from ...storage.checkpoint_file import file_hash
from ...storage.scratch_folder import OWNER_LOCK, SCRATCH_PREFIX, lock_folder
from .checkup import Checkup
from .finding import Finding, count

UNUSED_DAYS = 30
ABANDONED_S = 3600
CACHES = ("codes", "features", "folders")


def find_unused_files(checkup: Checkup) -> Iterator[Finding]:
    """Finds cached files that nothing has used for a month, and remains of dead processes."""
    runs, folders = checkup.runs, checkup.folders()
    codes = [path for folder in folders for path in folder.glob("*/codes-*.pt")]
    hidden = [path for folder in folders for path in folder.rglob(".*")]
    cached: list[Path] = []
    scratch: list[Path] = []
    if checkup.covers_runs_folder:
        cached = [path for name in CACHES for path in (runs.cache / name).glob("*.pt")]
        cached += runs.confirm_checkpoints.glob("*.ckpt")
        scratch = [*runs.cache.glob(f"{SCRATCH_PREFIX}*")]
        scratch += [path for path in runs.backups.glob("*") if not (path / BEFORE).exists()]
        hidden += [*runs.cache.rglob(".*"), *runs.root.glob(".*")]
    for description, paths in (
        ("that nothing has used for a month", filter(_is_old, cached)),
        (
            "of latent codes of an encoder that was trained again or deleted",
            filter(_is_stale, codes),
        ),
        ("of processes that died", filter(_is_abandoned, scratch)),
        ("not written to the end", filter(_is_partial, sorted({*hidden}))),
    ):
        unused = list(paths)
        if unused:
            files = [p for path in unused for p in (path, *path.rglob("*")) if p.is_file()]
            size = sum(path.stat().st_size for path in files) / 1e6
            yield Finding(
                "wasteful",
                f"{count(len(files), 'file')} {description}, {size:.1f} MB, such as {unused[0]}",
                "`fix=` moves them to the backup; remove that to free the space",
                fix=partial(checkup.changes.removed.extend, unused),
            )


def find_unneeded_checkpoints(checkup: Checkup) -> Iterator[Finding]:
    """Finds checkpoints of the last epochs of trials that have finished or do not exist."""
    states = {
        study.study_name: {str(t.number): t.state for t in study.get_trials(deepcopy=False)}
        for study in checkup.all_studies
    }
    names = {study.study_name for study in checkup.studies}
    unneeded = []
    for path in sorted((checkup.runs.cache / "trials").glob("*/*.ckpt")):
        name = path.parent.name
        is_examined = name in names or (checkup.covers_runs_folder and name not in states)
        state = states.get(name, {}).get(path.stem)
        if is_examined and (state is None or state.is_finished()):
            unneeded.append(path)
    if unneeded:
        yield Finding(
            "wasteful",
            f"{count(len(unneeded), 'checkpoint')} of trials that have finished or do not exist",
            "`fix=` moves them to the backup",
            fix=partial(checkup.changes.removed.extend, unneeded),
        )


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > UNUSED_DAYS * 86400


def _is_stale(path: Path) -> bool:
    """Returns whether cached codes do not belong to the network in the same folder.

    The name of their file holds the hash of their network.
    """
    checkpoint = path.with_name("model.ckpt")
    expected = path.name.removeprefix("codes-").split("-")[0]
    return not checkpoint.is_file() or file_hash(checkpoint) != expected


def _is_abandoned(folder: Path) -> bool:
    """Returns whether the process that made a scratch folder has died."""
    if not (folder / OWNER_LOCK).exists():
        return time.time() - folder.stat().st_mtime > ABANDONED_S
    try:
        lock_folder(folder).release()
    except (Timeout, OSError):
        return False
    return True


def _is_partial(path: Path) -> bool:
    """Returns whether a hidden file was begun by a process that has died."""
    by_process = re.fullmatch(r"\..+-(\d+)", path.name)
    if not path.is_file():
        return False
    if by_process:
        return not psutil.pid_exists(int(by_process[1]))
    is_old = time.time() - path.stat().st_mtime > ABANDONED_S
    return path.name.endswith(".partial") and is_old
