"""The benchmarks run; what they say is for people to read."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from PIL import Image


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    monkeypatch.syspath_prepend(Path(__file__).parents[1])
    return lambda name: import_module(f"benchmarks.{name}")


def test_a_replayed_search_spends_epochs_and_finds_better_values(
    benchmark: Callable[[str], Any],
) -> None:
    replay = benchmark("replay")
    for curve_set in replay.SETS:
        history = replay.search("random, halving", seed=0, curve_set=curve_set)
        epochs, values = zip(*history, strict=True)
        assert max(replay.BUDGETS) <= epochs[-1] < 10 * len(history)
        assert list(values) == sorted(values, reverse=True)
        assert replay.best_at(history, 100) >= replay.best_at(history, 150)
        assert replay.epochs_to(history, values[-1]) in epochs


def test_a_sampler_is_shown_pruned_trials_as_if_they_were_complete(
    benchmark: Callable[[str], Any],
) -> None:
    replay, seen = benchmark("replay"), []

    class Watching(optuna.samplers.RandomSampler):
        def sample_relative(self, study: optuna.Study, *_: Any) -> dict[str, Any]:
            seen.append([(t.state, t.value) for t in study.get_trials()])
            return {}

    study = optuna.create_study(sampler=replay.Extrapolating(Watching()))
    for curve, state in (((4.0, 1.0), TrialState.COMPLETE), ((2.0,), TrialState.PRUNED)):
        add = {"intermediate_values": dict(enumerate(curve, start=1)), "value": curve[-1]}
        study.add_trial(optuna.trial.create_trial(state=state, **add))
    study.ask().suggest_float("x", 0, 1)
    assert seen == [[(TrialState.COMPLETE, 1.0), (TrialState.COMPLETE, 2.0 * 1 / 4)]]
    assert study.trials[1].state == TrialState.PRUNED


def test_the_cost_of_storage_is_measured(benchmark: Callable[[str], Any]) -> None:
    storage = benchmark("storage")
    ours, plain = (run(size=20, trials=2) for run in (storage.measure, storage.measure_optuna))
    assert min(ours.cpu, plain.cpu) > 0
    assert ours.writes < 20
    assert ours.writes <= plain.writes


def test_a_folder_is_read_and_measured(benchmark: Callable[[str], Any], tmp_path: Path) -> None:
    folder = benchmark("folder")
    folder.write(tmp_path / "images", images=30, side=8)
    seconds, cpu, memory = folder.read(tmp_path / "images", tmp_path / "cache")
    assert min(seconds, cpu) > 0
    assert memory >= 0
    assert len(list((tmp_path / "cache" / "folders").iterdir())) == 2  # pixels, and equal files


def test_a_table_is_read_and_measured(benchmark: Callable[[str], Any], tmp_path: Path) -> None:
    table, path = benchmark("table"), tmp_path / "a.csv"
    table.write(path, rows=30, columns=3)
    for reader in ("pandas.read_csv", "TensorData, cached"):
        cpu, wall, memory = table.measure(reader, path, tmp_path / "cache")
        assert min(cpu, wall) > 0
        assert memory >= 0


def test_tiles_of_a_part_come_from_its_own_regions(
    benchmark: Callable[[str], Any], tmp_path: Path
) -> None:
    tiles = benchmark("tiles")
    size = 10 * tiles.REGION
    rows, columns = np.indices((size, size)) // tiles.REGION
    region = (rows * 10 + columns).astype("uint8")  # every pixel knows where it is from
    tiles.write_tiles([np.stack([region] * 3, axis=2)], tmp_path)
    seen = {}
    for part, (start, end, count) in tiles.PARTS.items():
        paths = list((tmp_path / part).iterdir())
        assert len(paths) == count
        seen[part] = {int(np.asarray(Image.open(path)).max()) for path in paths}
        assert len(seen[part]) == round(100 * (end - start))
    assert seen["train"].isdisjoint(seen["val"] | seen["test"])
    assert seen["val"].isdisjoint(seen["test"])


def test_confirming_halves_the_regret_of_a_noisy_search(benchmark: Callable[[str], Any]) -> None:
    confirm = benchmark("confirm")
    values = confirm.recorded()["all"]
    drawn = np.random.default_rng(0)
    found = [confirm.simulate(values, confirm.distance(values), drawn) for _ in range(200)]
    searched, confirmed = (
        sum(getattr(regret, of) for regret in found) for of in ("searched", "confirmed")
    )
    assert 0 < confirmed <= searched / 2
    assert max(regret.trainings for regret in found) <= 20
