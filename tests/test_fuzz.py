"""A few cases of the fuzzer; `python -m benchmarks.fuzz` runs thousands."""

from importlib import import_module
from pathlib import Path

import pytest

KINDS = ("commands", "written", "databases", "folders", "tables", "arrays", "texts", "zips")


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_odd_ends_in_disorder(
    kind: str, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1])
    fuzz = import_module("benchmarks.fuzz")
    assert set(fuzz.KINDS) == set(KINDS)
    assert fuzz.fuzz(kind, 6, trained).total() >= 6
