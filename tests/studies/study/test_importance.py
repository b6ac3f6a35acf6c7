"""The importance of parameters: Optuna's own figures, with intervals and a word of caution."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState, create_trial

from latentune.studies.study.importance import parameter_importances

Cli = Callable[..., Any]
RANGES = {
    "lr": FloatDistribution(1e-4, 1.0, log=True),
    "layers": IntDistribution(1, 3),
    "activation": CategoricalDistribution(["relu", "tanh"]),
}


def study_of(n: int, directions: list[str] | None = None) -> optuna.Study:
    """A study in which the learning rate alone decides, with a pruned trial at the end."""
    study = optuna.create_study(directions=directions or ["minimize"])
    drawn = np.random.default_rng(0)
    for number in range(n + 1):
        lr = 10 ** drawn.uniform(-4, 0)
        params = {
            "lr": lr,
            "layers": int(drawn.integers(1, 4)),
            "activation": str(drawn.choice(["relu", "tanh"])),
        }
        state = TrialState.PRUNED if number == n else TrialState.COMPLETE
        values = [float(np.log10(lr) + 2) ** 2] * len(study.directions)
        study.add_trial(
            create_trial(state=state, params=params, distributions=RANGES, values=values)
        )
    return study


def test_the_parameter_that_decides_is_the_most_important() -> None:
    study = study_of(60)
    found = parameter_importances(study)
    by_optuna = get_param_importances(
        study, evaluator=PedAnovaImportanceEvaluator(target_quantile=0.1)
    )
    assert {row.parameter: row.share for row in found.rows} == pytest.approx(by_optuna)
    assert [row.share for row in found.rows] == sorted(by_optuna.values(), reverse=True)
    assert (found.rows[0].parameter, found.trials, found.best) == ("lr", 60, 6)
    assert all(0 <= row.low <= row.high <= 1 for row in found.rows)
    assert found.rows[0].low > max(row.high for row in found.rows[1:])
    assert found.caution == ""
    assert parameter_importances(study) == found


def test_few_trials_bring_a_word_of_caution_and_wider_intervals() -> None:
    few, many = parameter_importances(study_of(12)), parameter_importances(study_of(200))
    assert few.best == 5
    assert "12 complete trials are few" in few.caution
    assert few.caution in str(few)
    assert max(r.high - r.low for r in few.rows) > max(r.high - r.low for r in many.rows)

    none = parameter_importances(study_of(3))
    assert none.rows == ()
    assert str(none) == "importances need 4 complete trials, and there are 3"


def test_several_objectives_have_the_importances_of_their_front() -> None:
    found = parameter_importances(study_of(40, ["minimize", "minimize"]))
    assert found.rows[0].parameter == "lr"


def test_status_and_best_print_importances(cli: Cli, trained: Path) -> None:
    assert "importance" not in cli("status", "conv-ae-digits").out
    for verb in ("status", "best"):
        answer = cli(verb, "conv-ae-digits", "--importance")
        assert answer.code == 0
        assert "importances need 4 complete trials, and there are 3" in answer.out
    study = optuna.load_study(study_name="conv-ae-digits", storage="sqlite:///runs/studies.db")
    study.add_trials(study.get_trials() * 2)
    answer = cli("status", "conv-ae-digits", "--importance")
    assert "latent_dim" in answer.out.partition("interval")[2]
    assert "9 complete trials are few" in answer.out


def test_importances_are_of_one_study(refused: Callable[..., str], trained: Path) -> None:
    assert "latentune status STUDY --importance" in refused("status", "--importance")
