"""In a large study, the sampler sees the best trials and a sample of the others."""

from typing import Any

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from latentune.storage.trial_record import TrialRecord
from latentune.studies.search import trial_subset
from latentune.studies.search.infeasible_trials import is_infeasible
from latentune.studies.search.new_trial import new_trial
from latentune.studies.search.trial_subset import choose_trials

MAXIMIZE, MINIMIZE = StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE
N_TRIALS = 300


@pytest.fixture(autouse=True)
def _small_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_subset, "MAX_TRIALS", 50)


def make_study(*directions: StudyDirection, n: int = N_TRIALS) -> optuna.Study:
    study = optuna.create_study(directions=directions)
    for number in range(n):
        state = TrialState.PRUNED if number % 3 == 0 else TrialState.COMPLETE
        values = [number * 7 % n, n - number * 7 % n][: len(directions)]
        done = state == TrialState.COMPLETE
        study.add_trial(create_trial(state=state, values=values if done else None))
    study.enqueue_trial({})
    study.add_trial(create_trial(state=TrialState.FAIL))
    study.add_trial(create_trial(state=TrialState.RUNNING))
    return study


def numbers(trials: Any) -> list[int]:
    return [trial.number for trial in trials]


@pytest.mark.parametrize("direction", [MINIMIZE, MAXIMIZE])
def test_the_best_trials_and_running_ones_are_seen(direction: StudyDirection) -> None:
    trials = make_study(direction).trials
    chosen = choose_trials(trials, [direction])
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    best = sorted(complete, key=lambda t: t.values[0], reverse=direction == MAXIMIZE)[:5]
    assert set(numbers(best)) < set(numbers(chosen))
    assert numbers(chosen) == sorted(numbers(chosen))
    assert chosen[-1].state == TrialState.RUNNING
    assert len(chosen) == 50 + 1
    assert {trial.state for trial in chosen[:-1]} == {TrialState.COMPLETE, TrialState.PRUNED}
    assert max(numbers(chosen)[:-1]) > 200 > 100 > min(numbers(chosen))  # a sample of all times


def test_the_sample_depends_on_the_number_of_trials_alone() -> None:
    trials = make_study(MINIMIZE).trials
    first, again = (numbers(choose_trials(trials, [MINIMIZE])) for _ in range(2))
    assert first == again
    assert first != numbers(choose_trials(trials[:-3], [MINIMIZE]))


def test_the_pareto_front_is_seen() -> None:
    study = make_study(MINIMIZE, MAXIMIZE)
    front = study.best_trials
    assert 0 < len(front) <= 5
    chosen = choose_trials(study.trials, study.directions)
    assert set(numbers(front)) <= set(numbers(chosen))


def test_all_trials_of_a_small_study_are_seen() -> None:
    trials = make_study(MINIMIZE, n=50).trials
    assert choose_trials(trials, [MINIMIZE]) == trials


def test_infeasible_trials_are_sampled_as_others_are() -> None:
    study = make_study(MINIMIZE, n=40)
    best = study.best_trial
    for _ in range(200):
        failed = create_trial(
            state=TrialState.FAIL,
            params={"x": 1.0},
            distributions={"x": FloatDistribution(0, 1)},
            constraints={"failed": 1},
        )
        study.add_trial(failed)
    chosen = choose_trials(study.trials, [MINIMIZE])
    assert len(chosen) == 50 + 1
    assert best in chosen
    assert sum(map(is_infeasible, chosen)) > 30


def test_many_pruned_trials_without_a_complete_one() -> None:
    pruned = [create_trial(state=TrialState.PRUNED) for _ in range(60)]
    assert len(choose_trials(pruned, [MINIMIZE])) == 50


def test_a_new_trial_is_suggested_from_the_subset() -> None:
    seen: list[tuple[int, int]] = []

    class Sampler(optuna.samplers.RandomSampler):
        def sample_independent(
            self, study: optuna.Study, trial: FrozenTrial, name: str, distribution: Any
        ) -> Any:
            seen.append((trial.number, len(study.get_trials(deepcopy=False))))
            return super().sample_independent(study, trial, name, distribution)

    def suggest(trial: optuna.Trial) -> TrialRecord:
        trial.suggest_float("x", 0, 1)
        return TrialRecord()

    study = make_study(MINIMIZE)
    study.sampler = Sampler()
    trial = new_trial(study, study.trials, suggest)
    assert seen == [(N_TRIALS + 3, 50 + 1)]
    assert trial.number == N_TRIALS + 3
