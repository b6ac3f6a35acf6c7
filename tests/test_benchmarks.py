"""The benchmarks run; what they say is for people to read."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    monkeypatch.syspath_prepend(Path(__file__).parents[1])
    return lambda name: import_module(f"benchmarks.{name}")


def test_a_replayed_search_spends_epochs_and_finds_better_values(
    benchmark: Callable[[str], Any],
) -> None:
    replay = benchmark("replay")
    history = replay.search("random", "halving by 4", seed=0)
    epochs, values = zip(*history, strict=True)
    assert max(replay.BUDGETS) <= epochs[-1] < 10 * len(history)
    assert list(values) == sorted(values, reverse=True)
    assert replay.best_at(history, 100) >= replay.best_at(history, 150)


def test_the_cost_of_storage_is_measured(benchmark: Callable[[str], Any]) -> None:
    assert 0 < benchmark("storage").measure(size=20, trials=2) < 10
