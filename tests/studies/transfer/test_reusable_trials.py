"""A search that goes on from another one, with other ranges or one choice more."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

import latentune

Cli = Callable[..., Any]
Refused = Callable[..., str]
OLD = "conv-ae-digits"
SEARCH = ("search", "conv-ae", "digits", "--epochs", 2, "--pruner", "none", "--workers", 1)
KEPT = {"l1": 1e-7, "l2": 1e-7}
RANGES = {
    "l1": FloatDistribution(1e-9, 1e-4, log=True),
    "l2": FloatDistribution(1e-9, 1e-4, log=True),
    "lr": FloatDistribution(3e-4, 1e-2, log=True),
    "latent_dim": IntDistribution(2, 16, log=True),
}


def study_of(name: str) -> optuna.Study:
    return optuna.load_study(study_name=name, storage="sqlite:///runs/studies.db")


def add(lr: float, latent_dim: int, state: TrialState = TrialState.COMPLETE) -> None:
    """Adds a trial that nobody has trained."""
    failed = state == TrialState.FAIL
    study_of(OLD).add_trial(
        create_trial(
            state=state,
            value=None if failed else 0.01 + lr,
            params={**KEPT, "lr": lr, "latent_dim": latent_dim},
            distributions=RANGES,
            intermediate_values={1: 0.5, 2: 0.01 + lr},
            user_attrs={
                **{"best_epoch": 2, "epochs": 2, "hparams": {}, "stopped": "all epochs"},
                "provenance": {"seed": 7},
            },
        )
    )


@pytest.fixture
def old(trained: Path) -> optuna.Study:
    """A study of three trained trials and four that only say so."""
    add(1e-3, 16)
    add(2e-3, 16, TrialState.PRUNED)
    add(1e-3, 4, TrialState.FAIL)
    add(5e-4, 4)
    return study_of(OLD)


def parse_range(*more: object) -> tuple[object, ...]:
    return (*SEARCH, "--range", "latent_dim=2:15", "--range", "lr=7e-4:1", *more)


def test_trials_within_the_new_ranges_are_taken_over(cli: Cli, old: optuna.Study) -> None:
    inside = [
        trial
        for trial in old.trials
        if trial.state.is_finished()
        and trial.values
        and trial.params["latent_dim"] <= 15
        and trial.params["lr"] >= 7e-4
    ]
    plan = cli(*parse_range("--from", OLD, "--dry-run")).out
    assert f"{len(inside)} of 6 trials of {OLD}; {6 - len(inside)} lie outside: " in plan
    assert optuna.get_all_study_names("sqlite:///runs/studies.db") == [OLD]
    total = len(inside) + 1
    answer = cli(*parse_range("--from", OLD, "--trials", total))
    assert f"reuses {len(inside)} of 6 trials of {OLD}; " in answer.out
    assert "latent_dim (2)" in answer.out
    assert f"next: latentune train {OLD}-2" in answer.out
    new = study_of(f"{OLD}-2")
    assert len(new.trials) == total, "those that were taken over count"
    for before, now in zip(inside, new.trials, strict=False):
        assert now.user_attrs.pop("origin") == {"study": OLD, "trial": before.number}
        for fact in ("values", "params", "intermediate_values", "user_attrs", "datetime_start"):
            assert getattr(now, fact) == getattr(before, fact)
        assert now.distributions["lr"] == FloatDistribution(7e-4, 1, log=True)
    assert new.user_attrs["definition"]["from"] == OLD
    assert latentune.load_best(f"{OLD}-2").value <= min(t.values[0] for t in inside)
    assert f"{len(inside)} of its trials came from {OLD}" in cli("status", f"{OLD}-2").out
    again = cli(*parse_range("--from", OLD, "--trials", total))
    assert "reuses" not in again.out
    assert len(study_of(f"{OLD}-2").trials) == total
    cli(*SEARCH, "--from", f"{OLD}-2", "--trials", total)
    assert len(study_of(f"{OLD}-3").trials) == total


def test_only_ranges_may_differ(refused: Refused, old: optuna.Study) -> None:
    assert "batch size is 20 there, 30 here" in refused(
        *SEARCH, "--from", OLD, "--batch-size", 30, "--trials", 1
    )
    assert f"did you mean '{OLD}'" in refused(*SEARCH, "--from", f"{OLD}x")
    assert f"or one that takes over what fits by --from {OLD}" in refused(*parse_range())
    assert "--from" not in refused(*SEARCH, "--batch-size", 30)


def test_a_model_more_can_be_chosen(cli: Cli) -> None:
    search = ("search", "digits", "--epochs", 1, "--workers", 1, "--batch-size", 300)
    model = "model=logistic-regression"
    cli(*search, "--range", model, "--trials", 1)
    answer = cli(*search, "--range", f"{model},mlp", "--from", "auto-digits", "--trials", 2)
    assert "reuses 1 of 1 trials of auto-digits\n" in answer.out
    chosen = [trial.params["model"] for trial in study_of("auto-digits-2").trials]
    assert chosen == ["logistic-regression", "mlp"], "the defaults that were tried are not again"
    both = CategoricalDistribution(("logistic-regression", "mlp"))
    assert study_of("auto-digits-2").trials[0].distributions["model"] == both
