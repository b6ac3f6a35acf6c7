"""Verbs that only read studies import no library that takes seconds to import."""

import os
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
import latentune
from latentune.studies.cli.app import main

latentune.load_best("conv-ae-digits")

for line in sys.stdin.read().splitlines():
    code, *words = line.split()
    sys.argv = ["latentune", *words]
    try:
        main()
    except SystemExit as end:
        assert str(end.code or 0) == code, line
"""
COMMANDS = """\
0 --help
0 list
0 status
0 status conv-ae-digits
0 status conv-ae-digits --importance
0 status conv-ae-digits --json
0 status --json
0 best conv-ae-digits
0 report conv-ae-digits
0 export conv-ae-digits
0 export conv-ae-digits --format json
0 export conv-ae-digits --to study.zip
0 import study.zip --name theirs
0 import study.zip --into theirs
0 doctor
2 doctor conv-ae-digit
2 train conv-ae-digit
2 confirm conv-ae-digit
2 sample conv-ae-digit
2 similar conv-ae-digit --labels
2 search conv-ae nope.csv
2 search conv-a digits
2 show nope.csv
"""
"""Commands and their exit codes."""


def test_verbs_that_read_studies_and_refusals_import_nothing_heavy(trained: Path) -> None:
    command = [sys.executable, "-c", CODE]
    answer = subprocess.run(command, input=COMMANDS, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_search_prints_its_plan_before_heavy_imports(trained: Path) -> None:
    terminal, end = os.openpty()
    command = [sys.executable, "-c", CODE]
    subprocess.run(command, input=b"1 search conv-ae digits", stderr=end, check=False)
    assert os.read(terminal, 1000).startswith(
        b"conv-ae on digits, 20 trials of 10 epochs, minimize val_mse"
    )
