"""A new trial gets its values before the database hears of it, and is written as a whole."""

import copy
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from typing import Any

import optuna
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from ...search_spaces.watch import unannounced


class Draft(InMemoryStorage):
    """Where a trial chooses its values, among the other trials of its study.

    Written one by one, each value is a transaction, and the sampler's looks at the other trials
    are more of them.

    Args:
        study: The study, whose sampler chooses.
    """

    def __init__(self, study: optuna.Study) -> None:
        super().__init__()
        self.study, self.others = study, list[FrozenTrial]()
        with unannounced():
            self.create_new_study(study.directions, study.study_name)

    def new_trial(
        self, others: Sequence[FrozenTrial], choose: Callable[[Trial], Mapping[str, Any]]
    ) -> Trial:
        """Returns a new trial of the study, which runs and has all its values.

        Args:
            others: All trials of the study, of which none waits.
            choose: Lets the trial suggest its values, and returns attributes for it. An error ends
                the choice; whoever trains the trial meets it again.
        """
        self.others = list(others)
        study = optuna.Study(self.study.study_name, self, self.study.sampler)
        draft, attributes = study.ask(), dict[str, Any]()
        with suppress(Exception):
            attributes |= choose(draft)
        whole = create_trial(
            state=TrialState.RUNNING,
            params=draft.params,
            distributions=draft.distributions,
            user_attrs=draft.user_attrs | attributes,
        )
        storage = self.study._storage
        return Trial(self.study, storage.create_new_trial(self.study._study_id, whole))

    def get_trial(self, trial_id: int) -> FrozenTrial:
        draft = copy.copy(super().get_trial(trial_id))
        draft.number = len(self.others)
        return draft

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        found = [trial for trial in self.others if states is None or trial.state in states]
        return copy.deepcopy(found) if deepcopy else found
