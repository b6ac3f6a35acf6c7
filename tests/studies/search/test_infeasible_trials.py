"""Trials that failed teach the sampler where not to search."""

from collections.abc import Sequence
from functools import partial

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

import latentune
from latentune.search_spaces.strategies import SAMPLERS, StatelessSampler
from latentune.storage.trial_record import TrialRecord
from latentune.studies.search.infeasible_trials import is_infeasible
from latentune.studies.search.new_trial import new_trial

from .disturbed_model import write_spec

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE
SPACE = {name: FloatDistribution(0, 1) for name in "xy"}


def suggest(trial: optuna.Trial) -> TrialRecord:
    for name in SPACE:
        trial.suggest_float(name, 0, 1)
    return TrialRecord()


def make_study(
    sampler: str, *directions: StudyDirection, violation: float, n_complete: int = 5
) -> optuna.Study:
    """Returns a study with failed trials where x is above 0.5 and complete ones below."""
    study = optuna.create_study(
        directions=directions, sampler=StatelessSampler(SAMPLERS[sampler], seed=0)
    )
    add = partial(create_trial, distributions=SPACE)
    for i in range(5):
        x, y = i / 10, (i * 2) % 5 / 5
        values = [1 - x, y][: len(directions)]  # better towards the trials that fail
        failed = {"x": 1 - x, "y": 1 - y}
        study.add_trial(
            add(state=TrialState.FAIL, params=failed, constraints={"failed": violation})
        )
        if i < n_complete:
            study.add_trial(add(params={"x": x, "y": y}, values=values))
    return study


def suggested(study: optuna.Study) -> FrozenTrial:
    trial = new_trial(study, study.get_trials(deepcopy=False), suggest)
    return study.trials[trial.number]


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
@pytest.mark.parametrize("directions", [[MINIMIZE], [MINIMIZE, MAXIMIZE]], ids=["one", "two"])
def test_a_sampler_avoids_where_trials_failed(
    sampler: str, directions: Sequence[StudyDirection]
) -> None:
    study = make_study(sampler, *directions, violation=1)
    assert suggested(study).params["x"] < 0.6
    ignored = make_study(sampler, *directions, violation=0)
    assert suggested(ignored).params["x"] > 0.6
    assert [trial.state for trial in study.trials[:10:2]] == [TrialState.FAIL] * 5


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("n_complete", [0, 1])
def test_a_study_whose_trials_have_nearly_all_failed_goes_on(
    sampler: str, n_complete: int
) -> None:
    study = make_study(sampler, MINIMIZE, violation=1, n_complete=n_complete)
    assert suggested(study).params.keys() == SPACE.keys()


def test_a_trial_that_exceeds_a_limit_a_little_is_nearer_than_one_that_does_a_lot() -> None:
    study = optuna.create_study(sampler=StatelessSampler(SAMPLERS["tpe"], seed=0))
    for i in range(8):
        params = {"x": (i + 0.5) / 8, "y": 0.5}
        failed = create_trial(
            state=TrialState.FAIL, params=params, distributions=SPACE, constraints={"params": i}
        )
        study.add_trial(failed)
    assert suggested(study).params["x"] < 0.5


def test_only_trials_whose_parameters_failed_are_infeasible() -> None:
    bug = 'if self.number in (1, 2): raise RuntimeError("shapes differ")'
    study = latentune.search(write_spec("taught", bug), trials=4)
    assert [trial.number for trial in study.trials if is_infeasible(trial)] == [1, 2]
    trial = latentune.ask("mine")
    latentune.tell("mine", trial, None)
    other = latentune.ask("mine")
    study.tell(other.number, state=TrialState.FAIL)  # as the dashboard does
    assert [trial.number for trial in study.trials if is_infeasible(trial)] == [1, 2, 4]
