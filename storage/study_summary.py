"""Optuna's study with a short summary as its `repr`."""

from collections import Counter

import optuna

from .study_record import read_study_record
from .trial_outcome import REJECTED, STATE_NAMES, state_name


def format_value(value: object, none: str = "-") -> str:
    """Returns a value as text: a float with four significant digits, and None as `none`.

    A float that is a whole number of at least 1,000, such as a count, has all its digits.
    """
    if value is None:
        return none
    if isinstance(value, float) and value.is_integer() and value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class Study(optuna.Study):
    """An Optuna study with a summary as its `repr`."""

    def __repr__(self) -> str:
        counts = Counter(map(state_name, self.get_trials(deepcopy=False)))
        names = [*STATE_NAMES.values(), REJECTED]
        states = ", ".join(f"{counts[name]} {name}" for name in names if counts[name])
        lines = [f"study {self.study_name}: {states or 'no trials'}"]
        best = self.best_trials
        if best and len(self.directions) == 1:
            monitor = read_study_record(self).monitor or "value"
            lines.append(f"best: trial {best[0].number}, {monitor} {best[0].values[0]:.4g}")
            lines += [f"  {n} = {format_value(v, 'None')}" for n, v in best[0].params.items()]
        elif best:
            lines.append(f"best: a front of {len(best)}")
        return "\n".join(lines)
