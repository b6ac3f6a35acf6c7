"""A few cases of the fuzzer; `python -m benchmarks.fuzz` runs thousands."""

from importlib import import_module
from pathlib import Path

import pytest


def test_random_command_lines_end_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1])
    faults = import_module("benchmarks.fuzz").run(40)
    assert not faults, "repeat one by: python -m benchmarks.fuzz --only CASE"
