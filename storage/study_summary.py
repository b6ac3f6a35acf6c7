"""Optuna's study with a short summary as its `repr`."""

from collections import Counter

import optuna
from optuna.trial import TrialState

from .study_record import read_study_record

STATE_NAMES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}
"""The word for each state of a trial in messages to users."""


def format_value(value: object, none: str = "-") -> str:
    """Returns a value as text: a float with four significant digits, and None as `none`."""
    if value is None:
        return none
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class Study(optuna.Study):
    """An Optuna study with a summary as its `repr`."""

    def __repr__(self) -> str:
        trials = self.get_trials(deepcopy=False)
        counts = Counter(trial.state for trial in trials)
        states = ", ".join(
            f"{counts[state]} {STATE_NAMES[state]}" for state in STATE_NAMES if counts[state]
        )
        lines = [f"study {self.study_name}: {states or 'no trials'}"]
        best = self.best_trials
        if best and len(self.directions) == 1:
            monitor = read_study_record(self).monitor or "value"
            lines.append(f"best: trial {best[0].number}, {monitor} {best[0].values[0]:.4g}")
            lines += [f"  {n} = {format_value(v, 'None')}" for n, v in best[0].params.items()]
        elif best:
            lines.append(f"best: a front of {len(best)}")
        return "\n".join(lines)
