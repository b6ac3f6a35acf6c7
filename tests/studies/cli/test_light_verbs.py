"""Verbs that only read studies import no library that takes seconds to import."""

import shutil
import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "pytorch_lightning", "torchvision", "pandas", "matplotlib", "sklearn")
CODE = f"""
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY}:
            raise ImportError(f"{{name}} is heavy")

sys.meta_path.insert(0, Refused())
from latentune.studies.cli.app import main

for words in sys.stdin.read().splitlines():
    sys.argv = ["latentune", *words.split()]
    try:
        main()
    except SystemExit as end:
        assert not end.code, words
"""
COMMANDS = """\
list
status
status conv-ae-digits
best conv-ae-digits
export conv-ae-digits
"""


def test_verbs_that_read_studies_import_nothing_heavy(trained: Path) -> None:
    # Only torch can tell whether a checkpoint lies in the right folder.
    shutil.rmtree(trained / "conv-ae-digits" / "final")
    command = [sys.executable, "-c", CODE]
    answer = subprocess.run(command, input=COMMANDS, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
