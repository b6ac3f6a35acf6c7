"""Exporting a study: every trial as a row of CSV or an object of JSON."""

import csv
import io
import json

import optuna

# Columns beside those of the metrics and the parameters, in this order.
FACTS = ("number", "state", "epochs", "best_epoch", "started", "ended", "seconds", "stopped")


def to_csv(study: optuna.Study) -> str:
    """Returns a study as CSV: a row for each trial, with its values, parameters, times and end."""
    trials = study.get_trials(deepcopy=False)
    metrics = study.user_attrs["monitor"].split(", ")
    parameters = sorted({name for trial in trials for name in trial.params})
    text = io.StringIO()
    writer = csv.DictWriter(text, [*FACTS[:2], *metrics, *parameters, *FACTS[2:]])
    writer.writeheader()
    for trial in trials:
        values = dict(zip(metrics, trial.values or [], strict=False))
        writer.writerow(
            {
                **values,
                **trial.params,
                "number": trial.number,
                "state": trial.state.name.lower(),
                "epochs": trial.user_attrs.get("epochs"),
                "best_epoch": trial.user_attrs.get("best_epoch"),
                "started": trial.datetime_start,
                "ended": trial.datetime_complete,
                "seconds": trial.duration and trial.duration.total_seconds(),
                "stopped": trial.user_attrs.get("stopped"),
            }
        )
    return text.getvalue()


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
