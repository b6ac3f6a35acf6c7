"""The status of a study, for programs."""

from collections import Counter
from datetime import datetime
from typing import Any

import optuna

from ...storage.study_record import read_study_record
from ...storage.trial_outcome import state_name
from .forecast.forecast import forecast


def study_status(study: optuna.Study) -> dict[str, Any]:
    """Returns what `status --json` prints of a study.

    The entries are the name (`study`), the direction of each objective (`metrics`), the number of
    trials in each state (`trials`), the best trials, of which several objectives have several
    (`best`), the result of `confirm` (`confirmed`) and the `Forecast` (`forecast`).
    """
    record, trials = read_study_record(study), study.get_trials(deepcopy=False)
    return {
        "study": study.study_name,
        "metrics": dict(record.metrics),
        "trials": dict(Counter(map(state_name, trials))),
        "best": [
            {"trial": trial.number, "values": list(trial.values), "params": dict(trial.params)}
            for trial in study.best_trials
        ],
        "confirmed": None if record.confirmed is None else record.confirmed.to_table(),
        "forecast": forecast(study, trials, datetime.now()).to_table(),
    }
