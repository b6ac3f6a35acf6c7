"""What can be made again and nothing uses, and what processes that died have left half made."""

import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
from filelock import Timeout

from ...storage.backup_manifest import MANIFEST
from ...storage.checkpoint_file import file_hash
from ...storage.scratch_folder import OWNER_LOCK, SCRATCH_PREFIX, lock_folder
from .checkup import Checkup
from .finding import Finding, count

UNUSED_DAYS = 30
HALF_WRITTEN_S = 3600


def find_unused_files(checkup: Checkup) -> Iterator[Finding]:
    """Finds what is kept and nothing has used for a month, and what processes have left."""
    folders = [checkup.runs.cache / name for name in ("codes", "features", "folders")]
    kept = [path for folder in folders if checkup.whole for path in folder.glob("*.pt")]
    kept += checkup.runs.confirming.glob("*.ckpt") if checkup.whole else []
    yield from _unused(checkup, "that nothing has used for a month", filter(_is_old, kept))
    codes = [path for folder in checkup.folders() for path in folder.glob("*/codes-*.pt")]
    yield from _unused(
        checkup,
        "of codes whose encoder was trained anew, or is gone",
        filter(_is_of_another, codes),
    )
    backups = [path for path in checkup.runs.backups.glob("*") if not (path / MANIFEST).exists()]
    left = [*checkup.runs.cache.glob(f"{SCRATCH_PREFIX}*"), *backups] if checkup.whole else []
    yield from _unused(checkup, "of processes that died", filter(_is_abandoned, left))
    places = [
        *checkup.folders(),
        *([checkup.runs.cache, checkup.runs.root] if checkup.whole else []),
    ]
    hidden = {path for place in places for path in _hidden(place, deep=place != checkup.runs.root)}
    yield from _unused(checkup, "not written to the end", filter(_is_half, sorted(hidden)))


def _unused(checkup: Checkup, what: str, paths: Iterator[Path]) -> Iterator[Finding]:
    found = list(paths)
    if found:
        files = [p for path in found for p in (path, *path.rglob("*")) if p.is_file()]
        size = sum(path.stat().st_size for path in files) / 1e6
        yield Finding(
            "wasteful",
            f"{count(len(files), 'file')} {what}, {size:.1f} MB, such as {found[0]}",
            "`fix=` moves them to the backup; whoever removes that has the space",
            fix=partial(checkup.changes.removed.extend, found),
        )


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > UNUSED_DAYS * 86400


def _is_of_another(path: Path) -> bool:
    """Whether codes are not of the network beside them, whose hash is in their name."""
    checkpoint = path.with_name("model.ckpt")
    known = path.name.removeprefix("codes-").split("-")[0]
    return not checkpoint.is_file() or file_hash(checkpoint) != known


def _is_abandoned(folder: Path) -> bool:
    """Whether the process has died that a scratch folder was made for."""
    owner = folder / OWNER_LOCK
    if not owner.exists():
        return time.time() - folder.stat().st_mtime > HALF_WRITTEN_S
    try:
        lock_folder(folder).release()
    except (Timeout, OSError):
        return False
    return True


def _hidden(folder: Path, *, deep: bool) -> list[Path]:
    found = folder.rglob(".*") if deep else folder.glob(".*")
    return [path for path in found if path.is_file()]


def _is_half(path: Path) -> bool:
    """Whether a file is what a process had begun to write beside another, and never will end."""
    by_process = re.fullmatch(r"\..+-(\d+)", path.name)
    if by_process:
        return not psutil.pid_exists(int(by_process[1]))
    old = time.time() - path.stat().st_mtime > HALF_WRITTEN_S
    return path.name.endswith(".partial") and old
