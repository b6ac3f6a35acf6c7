"""Trials that ended for no reason of their own: they are tried again, and do not count."""

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from ...objectives.objective import INTERRUPTED
from ...storage.database import silent_trials

DEATHS = 3


def requeue(study: optuna.Study) -> list[FrozenTrial]:
    """Puts every trial in the queue again that was interrupted, or whose process has died.

    Returns:
        All trials of the study as they are then.
    """
    trials = study.get_trials(deepcopy=False)
    dead = silent_trials(study, trials)
    for trial in dead:
        study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
    if dead:
        trials = study.get_trials(deepcopy=False)
    again = [trial for trial in finished(trials) if _is_lost(trial)]
    for trial in again:
        study.add_trial(_copy(trial))
    return study.get_trials(deepcopy=False) if again else trials


def finished(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Returns those of a study's trials that count towards its total: not those tried again."""
    again = {n for trial in trials for n in trial.system_attrs.get("retry_history", [])}
    return [t for t in trials if t.state.is_finished() and t.number not in again]


def reason(trial: FrozenTrial) -> str:
    """Returns why a finished trial ended, in the words that users see."""
    if not _has_died(trial):
        return str(trial.user_attrs["stopped"])
    if _is_given_up(trial):
        return f"its process died {DEATHS} times after epoch {_deaths(trial)[-1]}"
    return "its process died"


def _is_lost(trial: FrozenTrial) -> bool:
    if trial.state != TrialState.FAIL:
        return False
    if _has_died(trial):
        return not _is_given_up(trial)
    return bool(trial.user_attrs["stopped"] == INTERRUPTED)


def _has_died(trial: FrozenTrial) -> bool:
    return "stopped" not in trial.user_attrs


def _deaths(trial: FrozenTrial) -> list[int]:
    """Returns after which epoch each process died that had a point, the trial's own last."""
    before: list[int] = trial.system_attrs.get("deaths", [])
    return [*before, len(trial.intermediate_values)] if _has_died(trial) else before


def _is_given_up(trial: FrozenTrial) -> bool:
    """Whether a point has killed its process in the same epoch each of the last three times."""
    last = _deaths(trial)[-DEATHS:]
    return len(last) == DEATHS and len(set(last)) == 1


def _copy(trial: FrozenTrial) -> FrozenTrial:
    """Returns a trial that waits with the same values, without what the first one recorded."""
    history = [*trial.system_attrs.get("retry_history", []), trial.number]
    return create_trial(
        state=TrialState.WAITING,
        params=trial.params,
        distributions=trial.distributions,
        system_attrs={
            # What was given to the first is given to this one; Optuna asks for it by this name.
            **{k: v for k, v in trial.system_attrs.items() if k == "fixed_params"},
            "failed_trial": history[0],
            "retry_history": history,
            "deaths": _deaths(trial),
        },
    )
