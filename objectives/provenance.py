"""The provenance of a trial: library versions, the user's commit, and the machine."""

import os
import platform
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..storage.trial_record import Provenance

LIBRARIES = ("latentune", "optuna", "pytorch-lightning", "torch", "torchvision", "scikit-learn")
MAX_BYTES = 4096  # of a file that names a commit, a branch or a folder
MAX_PACKED_REFS_BYTES = 2**24
MAX_REDIRECTS = 10  # of branches that name other branches
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BRANCH = re.compile(r"refs/[^\s\\:?*\[~^]+")


@cache
def versions() -> dict[str, str]:
    """Returns the versions of Python and of the libraries that a result depends on."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


@cache
def git_commit() -> str:
    """Returns the commit of the working folder; it is empty outside a git repository."""
    try:
        return read_head_commit(Path.cwd())
    except OSError:  # the folder is gone
        return ""


def machine() -> dict[str, Any]:
    """Returns the hardware, because the last digits of a sum depend on it.

    Returns:
        `threads` of PyTorch on the CPU; the `device` that Lightning chooses by default; and the
        `cpu` with its vector instructions.
    """
    import torch

    return {"threads": torch.get_num_threads(), "device": _device(), "cpu": _cpu()}


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return "mps" if torch.backends.mps.is_available() else "cpu"


@cache
def _cpu() -> str:
    import torch

    name = platform.machine()  # `platform.processor` would run a program
    try:  # only Linux has this file
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(x.partition(":")[2].strip() for x in lines if x.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


def current_provenance(seed: int, data: Any) -> Provenance:
    """Returns the facts that must be equal for a training with this seed to repeat its numbers."""
    return Provenance(
        seed=seed,
        data_fingerprint=getattr(data, "fingerprint", None),
        git_commit=git_commit(),
        versions=versions(),
        **machine(),
    )


def read_head_commit(folder: Path) -> str:
    """Returns the commit that is checked out in a folder, or an empty text outside a repository.

    It reads git's files. Git itself would run programs that the configuration of the repository
    names: file monitors, filters, pagers. For the same reason, no files are compared with it.
    """
    try:
        git = _find_git_folder(folder)
        return "" if git is None else _resolve_ref("HEAD", git)
    except (OSError, ValueError):  # unreadable, or not text
        return ""


def _find_git_folder(folder: Path) -> Path | None:
    for parent in (folder, *folder.parents):
        git = parent / ".git"
        if (git / "HEAD").is_file():
            return git
        if git.is_file():  # a worktree or a submodule: the file names the folder
            return parent / _read_file(git).removeprefix("gitdir:").strip()
    return None


def _resolve_ref(name: str, git: Path) -> str:
    """Returns the commit of a ref, from the files of a worktree or of its repository."""
    link = git / "commondir"
    common = git / _read_file(link).strip() if link.is_file() else git
    for _ in range(MAX_REDIRECTS):
        found = next((_read_file(p / name) for p in (git, common) if (p / name).is_file()), None)
        text = _read_packed_ref(name, common) if found is None else found.strip()
        if _COMMIT.fullmatch(text):
            return text
        name = text.removeprefix("ref:").strip()
        if not _BRANCH.fullmatch(name) or ".." in name:
            break
    return ""


def _read_packed_ref(name: str, git: Path) -> str:
    path = git / "packed-refs"
    if not path.is_file():
        return ""
    lines = _read_file(path, MAX_PACKED_REFS_BYTES).splitlines()
    return next((line.split()[0] for line in lines if line.split()[1:] == [name]), "")


def _read_file(path: Path, most: int = MAX_BYTES) -> str:
    """Returns the text of a file, without waiting if it is a pipe."""
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        return file.read(most).decode()
