"""Confirmation: which finalists drop out, which one wins, and what is recorded."""

from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import create_trial

import latentune
from latentune.objectives.rng import spawn_seeds
from latentune.studies.check import confirm as confirming
from latentune.studies.check.race import probabilities_better, race, winner
from latentune.studies.study.study_lookup import open_study

Cli = Callable[..., Any]
Refused = Callable[..., str]
NAME = "conv-ae-digits"

# What seeds add to everybody, and noise of each training.
SEEDS = (0.0, 5.0, -3.0, 1.0)
NOISE = ((0.1, -0.1, 0.0, 0.1), (-0.1, 0.1, 0.1, -0.1), (0.0, 0.1, -0.1, 0.0))


def run(*means: float) -> list[list[float]]:
    def train(chosen: Sequence[int], seed: int) -> list[float]:
        return [means[i] + SEEDS[seed] + NOISE[i % 3][seed] for i in chosen]

    return race(train, len(means), len(SEEDS))


def test_clearly_worse_finalists_drop_out() -> None:
    costs = run(1.0, 1.05, 4.0)
    assert [len(own) for own in costs] == [4, 4, 2]
    assert winner(costs) == 0
    assert 0.1 < probabilities_better(costs, 0)[1] < 0.5
    assert probabilities_better(costs, 0)[2] < 0.05


def test_effects_of_seeds_do_not_hide_a_difference() -> None:
    assert [len(own) for own in run(1.0, 1.6, 2.0, 2.4)] == [4, 2, 2, 2]


def test_failed_finalists_drop_out_and_equal_ones_stay() -> None:
    costs = race(lambda chosen, seed: [inf if i == 1 else 1.0 for i in chosen], 3, 4)
    assert [len(own) for own in costs] == [4, 1, 4]
    assert probabilities_better(costs, 0) == [0.5, 0.0, 0.5]
    assert winner(race(lambda chosen, seed: [inf] * len(chosen), 2, 3)) is None


def test_new_seeds_begin_with_the_same_ones() -> None:
    assert spawn_seeds(7, 9)[:3] == spawn_seeds(7, 3)
    assert len({*spawn_seeds(7, 9), *spawn_seeds(8, 9)}) == 18
    assert all(1000 < seed < 2**31 for seed in spawn_seeds(7, 9))


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces training by numbers: the search's best trial was lucky, the second one is best."""
    study = the_study()
    order = sorted(study.trials, key=lambda trial: trial.value)
    worth = {str(trial.params): 1 + 0.5 * abs(nth - 1) for nth, trial in enumerate(order)}
    begun: list[str] = []

    def train(place: Any, recipe: Any, params: Any, record: Any, seed: int, title: str) -> float:
        if len(begun) == 3 and "stopped" not in begun:
            begun.append("stopped")
            raise KeyboardInterrupt
        begun.append(title)
        return float(worth[str(params)] + seed % 100 / 1000 + len(begun) / 1e4)

    monkeypatch.setattr(confirming, "_train_finalist", train)
    return begun


def the_study() -> Any:
    return open_study(optuna.storages.RDBStorage("sqlite:///runs/studies.db"), NAME)


def test_confirm_continues_after_an_interruption(
    cli: Cli, trained: Path, trainings: list[str]
) -> None:
    answer = cli("confirm", NAME, "--seeds", 3)
    assert answer.code == 130
    assert answer.out.endswith(f"next: latentune confirm {NAME} --seeds 3\n")
    lucky, best, _ = sorted(the_study().trials, key=lambda trial: trial.value)
    answer = cli("confirm", NAME, "--seeds", 3)
    assert answer.code == 0, answer.err
    assert len({*trainings}) == len(trainings) == 3 * 2 + 1 + 1, "two have left after two seeds"
    assert f"trial {best.number} is confirmed: val_mse 1.0" in answer.out
    assert "over 3 seeds" in answer.out
    assert f"of trial {lucky.number}, looked better than it is by 9" in answer.out
    assert answer.out.endswith(f"next: latentune train {NAME}\n")
    cli("confirm", NAME, "--seeds", 5)
    assert trainings[-2:] == [f"trial {best.number}, seed {n} of 5" for n in (4, 5)]


def test_the_confirmed_trial_is_the_best(cli: Cli, trained: Path, trainings: list[str]) -> None:
    trainings.append("stopped")
    found = latentune.confirm(NAME, seeds=2)
    lucky, best, _ = sorted(the_study().trials, key=lambda trial: trial.value)
    assert found.confirmed.trial == best.number
    assert list(found.table["trial"])[:2] == [lucky.number, best.number]
    assert found.runner_up is not None
    assert found.runner_up[1] > 0.95
    kept = latentune.load_best(NAME)
    assert (kept.trial, kept.value) == (best.number, found.confirmed.mean)
    assert kept.provenance["confirmed"]["seeds"] == 2
    assert latentune.train(NAME, epochs=1, pictures="none").metrics["trial"] == best.number
    answer = cli("train", f"runs/{NAME}/best.toml", "--epochs", 1, "--pictures", "none")
    assert f"wrote runs/{NAME}/final\n" in answer.out
    assert f"trial = {lucky.number}\n" in cli("best", f"{NAME}:{lucky.number}").out
    for verb in ("status", "best"):
        assert f"trial {best.number} is confirmed" in cli(verb, NAME).out

    better = create_trial(
        params=best.params,
        distributions=best.distributions,
        value=lucky.value / 2,
        user_attrs=best.user_attrs,
    )
    the_study().add_trial(better)
    answer = cli("search", "conv-ae", "digits", "--trials", 4, "--epochs", 2)
    assert f"trial 3 has {lucky.value / 2:.4g} since" in answer.out
    assert f"latentune confirm {NAME}" in answer.out
    assert latentune.load_best(NAME).trial == best.number, "until it is confirmed again"


def test_confirm_trains_as_the_search_does(trained: Path) -> None:
    found = latentune.confirm(NAME, top=1, seeds=2)
    assert found.runner_up is None
    assert found.table["mean"][0] == pytest.approx(the_study().best_value, rel=0.5)
    assert found.table["std"][0] > 0


def test_studies_that_cannot_be_confirmed_are_refused(refused: Refused, trained: Path) -> None:
    assert "seeds must be at least 2" in refused("confirm", NAME, "--seeds", 1)
    assert "top must be at least 1" in refused("confirm", NAME, "--top", 0)
    assert "there is no study 'x'" in refused("confirm", "x")
    front = optuna.create_study(
        study_name="front", storage="sqlite:///runs/studies.db", directions=["minimize"] * 2
    )
    for name, value in the_study().user_attrs.items():
        front.set_user_attr(name, value)
    front.set_user_attr("metrics", {"val_mse": "minimize", "val_kl": "minimize"})
    assert "has several objectives and no single best trial to confirm" in refused(
        "confirm", "front"
    )
    assert "by one of its --objectives" in refused("confirm", "front")


@pytest.mark.parametrize("found", ["yes", {"trial": 0}, {"trial": "x", "monitor": 1}])
def test_invalid_records_confirm_nothing(cli: Cli, trained: Path, found: object) -> None:
    study = the_study()
    study.set_user_attr("confirmed", found)
    for verb in ("best", "status"):
        answer = cli(verb, NAME)
        assert answer.code == 0
        assert "confirmed" not in answer.out
