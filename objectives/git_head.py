"""The commit of a folder, read from git's own files: git itself would run what a repository says.

Its configuration may name programs for nearly every command: a monitor of files, filters, pagers.
"""

import os
import re
from pathlib import Path

MAX_BYTES = 4096  # bytes of a file that names a commit, a branch or a folder
MAX_PACKED_REFS_BYTES = 2**24
MAX_REDIRECTS = 10  # names of branches that stand for others

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BRANCH = re.compile(r"refs/[^\s\\:?*\[~^]+")


def read_head_commit(folder: Path) -> str:
    """Returns the commit that is checked out in a folder; an empty text outside a repository.

    Whether files differ from it is not known: to compare them, git may run filters.
    """
    try:
        git = _git_folder(folder)
        return "" if git is None else _resolve("HEAD", git)
    except (OSError, ValueError):  # what cannot be read, or is not text
        return ""


def _git_folder(folder: Path) -> Path | None:
    """Returns the folder with git's files of the repository that a folder lies in."""
    for place in (folder, *folder.parents):
        git = place / ".git"
        if (git / "HEAD").is_file():
            return git
        if git.is_file():  # of another working tree, or a module: it says where
            return place / _read(git).removeprefix("gitdir:").strip()
    return None


def _resolve(name: str, git: Path) -> str:
    """Follows a name to its commit, in the files of a working tree and those that all share."""
    shared = git / "commondir"
    common = git / _read(shared).strip() if shared.is_file() else git
    for _ in range(MAX_REDIRECTS):
        found = next((_read(p / name) for p in (git, common) if (p / name).is_file()), None)
        text = _read_packed_ref(name, common) if found is None else found.strip()
        if _COMMIT.fullmatch(text):
            return text
        name = text.removeprefix("ref:").strip()
        if not _BRANCH.fullmatch(name) or ".." in name:
            break
    return ""


def _read_packed_ref(name: str, git: Path) -> str:
    """Returns the commit of a branch that has no file of its own."""
    path = git / "packed-refs"
    if not path.is_file():
        return ""
    lines = _read(path, MAX_PACKED_REFS_BYTES).splitlines()
    return next((line.split()[0] for line in lines if line.split()[1:] == [name]), "")


def _read(path: Path, most: int = MAX_BYTES) -> str:
    """Returns the text of a plain file; a pipe would be waited for."""
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        return file.read(most).decode()
