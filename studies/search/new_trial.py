"""A new trial gets its values before the database hears of it, and is written as a whole."""

import copy
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from typing import Any

import optuna
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from ...search_spaces.suggestions import silence_optuna


def new_trial(
    study: optuna.Study,
    other_trials: Sequence[FrozenTrial],
    suggest: Callable[[Trial], Mapping[str, Any]],
) -> Trial:
    """Returns a new trial of a study, which runs and has all its values.

    Written one by one, each value is a transaction, the sampler's looks at the other trials are
    more of them, and a process that dies meanwhile leaves a trial with half of its values.

    Args:
        study: The study, whose sampler chooses.
        other_trials: All its trials, of which none waits.
        suggest: Lets the trial suggest its values, and returns attributes for it. An error ends
            the choice, and the trial has what was chosen until then.
    """
    drafting = optuna.Study(study.study_name, _NewTrialStorage(study, other_trials), study.sampler)
    draft, attributes = drafting.ask(), dict[str, Any]()
    with suppress(Exception):
        attributes.update(suggest(draft))
    whole = create_trial(
        state=TrialState.RUNNING,
        params=draft.params,
        distributions=draft.distributions,
        user_attrs=draft.user_attrs | attributes,
    )
    return Trial(study, study._storage.create_new_trial(study._study_id, whole))


class _NewTrialStorage(InMemoryStorage):
    """Holds the one trial that is being made; asked for all, it returns the others."""

    def __init__(self, study: optuna.Study, other_trials: Sequence[FrozenTrial]) -> None:
        super().__init__()
        self.other_trials = other_trials
        with silence_optuna():
            self.create_new_study(study.directions, study.study_name)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        draft = copy.copy(super().get_trial(trial_id))
        draft.number = len(self.other_trials)
        return draft

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        found = [trial for trial in self.other_trials if states is None or trial.state in states]
        return copy.deepcopy(found) if deepcopy else found
