"""Verbs that only read studies import no library that takes seconds to import."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "pytorch_lightning", "torchvision", "pandas", "matplotlib", "sklearn")
CODE = f"""
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY}:
            raise ImportError(f"{{name}} is heavy")

sys.meta_path.insert(0, Refused())
from latentune.studies.cli.app import main
main()
"""
VERBS = [
    ("list",),
    ("status",),
    ("status", "conv-ae-digits"),
    ("best", "conv-ae-digits"),
    ("export", "conv-ae-digits"),
]


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_a_verb_imports_nothing_heavy(trained: Path, words: tuple[str, ...]) -> None:
    # Only torch can tell whether a checkpoint lies in the right folder.
    shutil.rmtree(trained / "conv-ae-digits" / "final")
    command = [sys.executable, "-c", CODE, *words]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
