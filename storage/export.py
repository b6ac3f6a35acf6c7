"""Exporting a study: every trial as a row of CSV or an object of JSON."""

import json

import optuna


def to_csv(study: optuna.Study) -> str:
    """Returns a study as CSV: number, state, value, times, `params_*` and `user_attrs_*`."""
    return study.trials_dataframe().to_csv(index=False)


def to_json(study: optuna.Study) -> str:
    """Returns a study as JSON: its attributes, and every trial with its value of each epoch."""
    trials = [
        {
            "number": trial.number,
            "state": trial.state.name.lower(),
            "values": trial.values,
            "params": trial.params,
            "epochs": trial.intermediate_values,
            "started": trial.datetime_start and trial.datetime_start.isoformat(),
            "ended": trial.datetime_complete and trial.datetime_complete.isoformat(),
            "attributes": trial.user_attrs,
        }
        for trial in study.get_trials(deepcopy=False)
    ]
    whole = {"study": study.study_name, "attributes": study.user_attrs, "trials": trials}
    return json.dumps(whole, indent=2)
