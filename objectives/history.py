"""What a training has logged: a row an epoch, and the best of them."""

from pathlib import Path

import pandas as pd

from .objective import Objective


def read_history(folder: Path) -> pd.DataFrame:
    """Rewrites Lightning's log, a row a call, as one row an epoch; epochs count from 1."""
    log = pd.read_csv(folder / "metrics.csv")
    (folder / "hparams.yaml").unlink()
    history = log.drop(columns="step").groupby("epoch", as_index=False).first()
    history["epoch"] += 1
    history.to_csv(folder / "metrics.csv", index=False)
    return history


def best_row_of(history: pd.DataFrame, objective: Objective) -> dict[str, float]:
    """Returns the row of the best epoch; of several objectives, that of the last one."""
    best = history.iloc[-1]
    if objective.best_by is not None:
        name, way = objective.best_by
        best = history.sort_values(name, ascending=way == "minimize", kind="stable").iloc[0]
    return {str(name): float(value) for name, value in best.items()}
