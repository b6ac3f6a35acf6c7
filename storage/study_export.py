"""Converts a study to CSV, JSON or Parquet."""

import csv
import io
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import optuna

from .parquet_file import require_pyarrow, write_parquet
from .spreadsheet_csv import escape_formula
from .study_record import read_study_record
from .trial_record import read_trial_record

TRIAL_COLUMNS = (
    "number",
    "state",
    "epochs",
    "best_epoch",
    "started",
    "ended",
    "seconds",
    "stopped",
)
"""The columns of every table. Metrics and then parameters are inserted after the second column."""
TABLE_ATTRIBUTES = ("epochs", "best_epoch", "stopped")
"""The user attributes of a trial that are columns of the table."""
PARAM_PREFIX, VALUE_PREFIX = "params_", "values_"
"""The prefixes of the columns of parameters and metrics in Optuna's `trials_dataframe`."""


def trial_rows(study: optuna.Study) -> tuple[list[str], list[dict[str, Any]]]:
    """Returns the columns of a table of trials, and a row for each trial.

    The column of a parameter is `params_NAME`, as in Optuna's `trials_dataframe`. The column of a
    metric is its name, or `values_NAME` if another column has that name. A parameter with the
    value None has the word None. If the trial lacks a parameter, its row has no such key.
    """
    trials = study.get_trials(deepcopy=False)
    metrics = read_study_record(study).metrics
    parameters = [
        f"{PARAM_PREFIX}{name}" for name in sorted({n for t in trials for n in t.params})
    ]
    named = disambiguate(metrics, [*TRIAL_COLUMNS, *parameters], VALUE_PREFIX)
    rows = []
    for trial in trials:
        record = read_trial_record(trial)
        params = {
            f"{PARAM_PREFIX}{name}": "None" if value is None else value
            for name, value in trial.params.items()
        }
        own = {
            "number": trial.number,
            "state": trial.state.name.lower(),
            "epochs": record.epochs,
            "best_epoch": record.best_epoch,
            "started": trial.datetime_start,
            "ended": trial.datetime_complete,
            "seconds": trial.duration and trial.duration.total_seconds(),
            "stopped": record.stopped,
        }
        rows.append(
            {**dict(zip(named.values(), trial.values or [], strict=False)), **params, **own}
        )
    return [*TRIAL_COLUMNS[:2], *named.values(), *parameters, *TRIAL_COLUMNS[2:]], rows


def to_csv(study: optuna.Study) -> str:
    """Returns the rows of `trial_rows` as CSV."""
    columns, rows = trial_rows(study)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writerow({name: escape_formula(name) for name in columns})
    for row in rows:
        writer.writerow({name: escape_formula(value) for name, value in row.items()})
    return text.getvalue()


def to_parquet(study: optuna.Study) -> bytes:
    """Returns the rows of `trial_rows` as a Parquet file.

    A column whose values have several types, such as numbers and the word None, holds texts.

    Raises:
        StorageError: If pyarrow is not installed.
    """
    require_pyarrow("the format parquet")
    columns, rows = trial_rows(study)
    file = io.BytesIO()
    write_parquet({name: [row.get(name) for row in rows] for name in columns}, file)
    return file.getvalue()


def disambiguate(names: Iterable[str], taken: Collection[str], prefix: str) -> dict[str, str]:
    """Returns a unique column name for each name.

    The column name has `prefix` before it if the name is in `taken` or begins with `prefix`.
    """
    return {n: f"{prefix}{n}" if n in taken or n.startswith(prefix) else n for n in names}


def params_key(params: Mapping[str, Any]) -> str:
    """Returns a text that is the same for two sets of parameters only if they are identical.

    Comparing the values is not enough: in Python, 1 == 1.0 == True, and NaN != NaN.
    """
    return json.dumps(params, sort_keys=True, default=str)


def to_json(study: optuna.Study) -> str:
    """Returns a study as JSON, with its attributes and all intermediate values of its trials."""
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
