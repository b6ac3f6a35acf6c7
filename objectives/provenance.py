"""The provenance of a trial: versions of libraries, the user's git commit, and the machine."""

import os
import platform
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..storage.trial_record import Provenance

RECORDED_LIBRARIES = (
    "latentune",
    "optuna",
    "pytorch-lightning",
    "torch",
    "torchvision",
    "scikit-learn",
)
MAX_GIT_FILE_BYTES = 4096  # of a file that names a commit, a branch or a folder
MAX_PACKED_REFS_BYTES = 2**24
MAX_REDIRECTS = 10  # of branches that name other branches
_COMMIT_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF_NAME = re.compile(r"refs/[^\s\\:?*\[~^]+")


@cache
def versions() -> dict[str, str]:
    """Returns the versions of Python and of the libraries that results depend on."""
    return {"python": platform.python_version()} | {
        name: version(name) for name in RECORDED_LIBRARIES
    }


@cache
def git_commit() -> str:
    """Returns the git commit of the working directory; empty outside a git repository."""
    try:
        return read_head_commit(Path.cwd())
    except OSError:  # the folder is gone
        return ""


def machine() -> dict[str, Any]:
    """Returns the hardware that training runs on, because rounding errors depend on it.

    Returns:
        `threads` of PyTorch on the CPU; the `device` that Lightning chooses by default; and the
        `cpu` with its vector instructions.
    """
    import torch

    return {
        "threads": torch.get_num_threads(),
        "device": _describe_device(),
        "cpu": _describe_cpu(),
    }


def _describe_device() -> str:
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return "mps" if torch.backends.mps.is_available() else "cpu"


@cache
def _describe_cpu() -> str:
    import torch

    name = platform.machine()  # `platform.processor` would run a program
    try:  # only Linux has this file
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(x.partition(":")[2].strip() for x in lines if x.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


def current_provenance(seed: int, data: Any) -> Provenance:
    """Returns what must be the same for another training to give the same numbers.

    `seed` and `data` are those of the training.
    """
    return Provenance(
        seed=seed,
        data_fingerprint=getattr(data, "fingerprint", None),
        git_commit=git_commit(),
        versions=versions(),
        **machine(),
    )


def read_head_commit(folder: Path) -> str:
    """Returns the git commit that is checked out in a folder; empty outside a git repository.

    The files of git are read directly. Running git could run programs that the repository's
    configuration names, such as file monitors, filters and pagers.
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
    """Returns the commit of a git ref, read from the files of a worktree or its repository."""
    link = git / "commondir"
    common = git / _read_file(link).strip() if link.is_file() else git
    for _ in range(MAX_REDIRECTS):
        found = next((_read_file(p / name) for p in (git, common) if (p / name).is_file()), None)
        text = _read_packed_ref(name, common) if found is None else found.strip()
        if _COMMIT_HASH.fullmatch(text):
            return text
        name = text.removeprefix("ref:").strip()
        if not _REF_NAME.fullmatch(name) or ".." in name:
            break
    return ""


def _read_packed_ref(name: str, git: Path) -> str:
    path = git / "packed-refs"
    if not path.is_file():
        return ""
    lines = _read_file(path, MAX_PACKED_REFS_BYTES).splitlines()
    return next((line.split()[0] for line in lines if line.split()[1:] == [name]), "")


def _read_file(path: Path, most: int = MAX_GIT_FILE_BYTES) -> str:
    """Returns the text of a regular file; it does not wait for a pipe."""
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        return file.read(most).decode()
