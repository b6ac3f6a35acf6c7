"""Creating a trial with all its parameters in one transaction."""

import copy
import warnings
from collections.abc import Callable, Container, Sequence
from contextlib import suppress

import optuna
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from ...search_spaces.suggestions import silence_optuna
from ...storage.optuna_internals import add_running_trial
from ...storage.trial_record import TrialRecord
from .infeasible_trials import show_infeasible_trials
from .trial_subset import choose_trials


def next_trial(
    study: optuna.Study, trials: Sequence[FrozenTrial], suggest: Callable[[Trial], TrialRecord]
) -> Trial | None:
    """Returns a trial that waits, such as an interrupted one, or else the result of `new_trial`.

    `trials` are all trials of the study.
    """
    if all(trial.state != TrialState.WAITING for trial in trials):
        return new_trial(study, trials, suggest)
    with warnings.catch_warnings():
        # Optuna warns about its own heartbeats, which it does not send here.
        warnings.filterwarnings("ignore", message="Heartbeat of storage")
        return study.ask()


def new_trial(
    study: optuna.Study,
    other_trials: Sequence[FrozenTrial],
    suggest: Callable[[Trial], TrialRecord],
) -> Trial | None:
    """Returns a new RUNNING trial that has all the parameters that `suggest` suggests.

    If the record that `suggest` returns is rejected, the new trial fails at once, and None is
    returned.

    `Study.ask` would write each parameter in its own transaction. If a process died before the
    last one, its trial would have only some of its parameters. If `suggest` raises an error, the
    new trial has the parameters that were suggested before the error.
    """
    draft_study = optuna.Study(study.study_name, _DraftStorage(study, other_trials), study.sampler)
    draft, record = draft_study.ask(), TrialRecord()
    with suppress(Exception):
        record = suggest(draft)
    trial = create_trial(
        state=TrialState.FAIL if record.rejected else TrialState.RUNNING,
        params=draft.params,
        distributions=draft.distributions,
        user_attrs=draft.user_attrs | record.to_table(),
        constraints=draft.constraints,
    )
    if record.rejected:
        study.add_trial(trial)
        return None
    return add_running_trial(study, trial)


class _DraftStorage(InMemoryStorage):
    """A storage in memory that holds the new trial and lists the trials for the sampler."""

    def __init__(self, study: optuna.Study, other_trials: Sequence[FrozenTrial]) -> None:
        super().__init__()
        self.number = len(other_trials)
        chosen = choose_trials(other_trials, study.directions)
        self.other_trials = show_infeasible_trials(chosen, study.directions)
        with silence_optuna():
            self.create_new_study(study.directions, study.study_name)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        draft = copy.copy(super().get_trial(trial_id))
        draft.number = self.number
        return draft

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        trials = [t for t in self.other_trials if states is None or t.state in states]
        return copy.deepcopy(trials) if deepcopy else trials
