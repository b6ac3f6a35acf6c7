"""The parameter that separates failed trials from those that ran."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from latentune.studies.study.failure_causes import describe_causes

SPACE = {"width": FloatDistribution(1, 4), "activation": CategoricalDistribution(["relu", "elu"])}


def make_trials(
    fails: Callable[[dict[str, Any]], bool], stopped: str, n: int = 40, seed: int = 0
) -> list[FrozenTrial]:
    drawn, trials = random.Random(seed), []
    for _ in range(n):
        params = {"width": drawn.uniform(1, 4), "activation": drawn.choice(["relu", "elu"])}
        failed = fails(params)
        trials.append(
            create_trial(
                state=TrialState.FAIL if failed else TrialState.COMPLETE,
                value=None if failed else 0.5,
                params=params,
                distributions=SPACE,
                user_attrs={
                    "stopped": stopped.format(drawn.randrange(9999)) if failed else "all epochs",
                    "parameters": int(1000 * params["width"] ** 2),
                },
            )
        )
    return trials


def test_a_limit_of_a_parameter_is_named() -> None:
    trials = make_trials(lambda p: p["width"] > 2.8, "out of memory: {:,} parameters, batch of 64")
    (line,) = describe_causes(trials)
    failed = [trial.params["width"] for trial in trials if trial.state == TrialState.FAIL]
    n = len(failed)
    assert line == (
        f"{n} trials ran out of memory: width >= {min(failed):.4g} (of {n} such trials {n} "
        f"failed; of {40 - n} others 0)"
    )


def test_a_choice_is_named() -> None:
    trials = make_trials(lambda p: p["activation"] == "elu", "val_mse is nan after epoch {}")
    (line,) = describe_causes(trials)
    assert "failed (val_mse is nan after epoch" in line
    assert "): activation = elu (of " in line


def test_the_number_of_weights_is_named_if_no_parameter_separates_as_well() -> None:
    trials = make_trials(lambda p: p["width"] > 2.8, "out of memory")
    for trial in trials:
        trial.params["width"] = 1.0
    (line,) = describe_causes(trials)
    assert "ran out of memory: number of weights >= 8," in line


def test_each_reason_has_its_own_line() -> None:
    large = make_trials(lambda p: p["width"] > 2.8, "out of memory")
    wrong = make_trials(lambda p: p["width"] < 1.6, "RuntimeError: shapes {} differ")
    trials = [b if b.state == TrialState.FAIL else a for a, b in zip(large, wrong, strict=True)]
    lines = describe_causes(trials)
    assert len(lines) == 2
    assert any("shapes" in line and "width <= 1.5" in line for line in lines)


@pytest.mark.parametrize("n", [6, 40, 200])
def test_nothing_is_said_of_failures_at_random(n: int) -> None:
    chance = random.Random(5)
    said = [
        describe_causes(make_trials(lambda _: chance.random() < 0.3, "out of memory", n, seed))
        for seed in range(40)
    ]
    assert sum(map(bool, said)) <= 1
