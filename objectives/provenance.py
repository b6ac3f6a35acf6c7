"""What must be known to run a trial again: library versions and the commit of the user's code."""

import platform
import subprocess
from functools import cache
from importlib.metadata import version

LIBRARIES = ("latentune", "optuna", "pytorch-lightning", "torch", "torchvision", "scikit-learn")


@cache
def versions() -> dict[str, str]:
    """Returns the versions of Python and of the libraries that a result depends on."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


@cache
def git_commit() -> str:
    """Returns the commit of the working folder, with `-dirty` behind it if files differ.

    It is empty outside a git repository.
    """
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:  # git is not installed
        return ""
    return answer.stdout.strip()
