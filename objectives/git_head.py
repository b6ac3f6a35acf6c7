"""The commit of a folder, read from git's files without running git.

Git would run programs that the repository's configuration names: file monitors, filters, pagers.
"""

import os
import re
from pathlib import Path

MAX_BYTES = 4096  # of a file that names a commit, a branch or a folder
MAX_PACKED_REFS_BYTES = 2**24
MAX_REDIRECTS = 10  # of branches that name other branches

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BRANCH = re.compile(r"refs/[^\s\\:?*\[~^]+")


def read_head_commit(folder: Path) -> str:
    """Returns the commit that is checked out in a folder, or an empty text outside a repository.

    Files may differ from it: comparing them could run git's filters.
    """
    try:
        git = _find_git_folder(folder)
        return "" if git is None else _resolve_ref("HEAD", git)
    except (OSError, ValueError):  # unreadable, or not text
        return ""


def _find_git_folder(folder: Path) -> Path | None:
    """Returns the folder `.git` of a folder's repository."""
    for parent in (folder, *folder.parents):
        git = parent / ".git"
        if (git / "HEAD").is_file():
            return git
        if git.is_file():  # a worktree or a submodule: the file names the folder
            return parent / _read_file(git).removeprefix("gitdir:").strip()
    return None


def _resolve_ref(name: str, git: Path) -> str:
    """Returns the commit of a ref, from the files of a worktree or those of its repository."""
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
    """Returns the commit of a branch from the file of packed refs."""
    path = git / "packed-refs"
    if not path.is_file():
        return ""
    lines = _read_file(path, MAX_PACKED_REFS_BYTES).splitlines()
    return next((line.split()[0] for line in lines if line.split()[1:] == [name]), "")


def _read_file(path: Path, most: int = MAX_BYTES) -> str:
    """Returns the text of a file, without waiting if it is a pipe."""
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        return file.read(most).decode()
