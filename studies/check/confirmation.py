"""The result of `confirm`: a table of the finalists, and the winner."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from ...storage.study_record import Confirmed
from ..display.result import Result
from .luck import describe_luck
from .race import probabilities_better

CONFIDENT_PROBABILITY = 0.95


@dataclass(frozen=True, repr=False)
class Confirmation(Result):
    """The result of `confirm`, which trains the best trials, the finalists, on new seeds.

    Attributes:
        study: Name of the study.
        confirmed: The winner, the finalist with the best mean.
        table: A row for each finalist, sorted by the values in the search. Columns: `trial`, the
            number; `search_value`, the value in the search; `mean` and `std` over the new seeds;
            `low` and `high`, the 95 % confidence interval of the mean (Student's t); `seeds`, the
            number of seeds; `dropped`, True if the finalist was clearly worse and dropped out;
            `probability`, the probability that the finalist is better than the winner.
        luck: The best value in the search compared to the same trial's mean on the new seeds:
            positive if the value in the search is better.
        path: Path of the best.toml with the winner's configuration.
    """

    study: str
    confirmed: Confirmed
    table: pd.DataFrame
    luck: float
    path: Path

    @property
    def runner_up(self) -> tuple[int, float] | None:
        """The number of the second best finalist, and the probability that the winner is better.

        None if there is only one finalist.
        """
        others = self.table[self.table["trial"] != self.confirmed.trial]
        if others.empty:
            return None
        row = others.iloc[int(others["probability"].argmax())]
        return int(row["trial"]), 1 - float(row["probability"])

    def __rich__(self) -> str:
        header = f"{'trial':>7} {'search':>10} {'mean':>10} {'std':>9}  {'95 %':<22} seeds"
        rows = [_row_text(row) for _, row in self.table.iterrows()]
        lines = [header, *rows, str(self.confirmed)]
        if self.runner_up is not None:
            second, probability = self.runner_up
            more = "" if probability >= CONFIDENT_PROBABILITY else "; more seeds would tell"
            lines.append(
                f"it is better than trial {second} with probability {probability:.2f}{more}"
            )
        return "\n".join([*lines, self._luck_text(), f"wrote {self.path}"])

    def _luck_text(self) -> str:
        best = self.table.iloc[0]
        return describe_luck(int(best["trial"]), self.luck, best["mean"], best["std"])


def finalist_table(
    trials: list[int], search_values: list[float], values: list[list[float]], best: int, sign: int
) -> pd.DataFrame:
    """Returns the table of a `Confirmation`.

    Args:
        trials: Number of each finalist.
        search_values: Value of each finalist in the search.
        values: Values of each finalist on the new seeds; infinite if the training diverged.
        best: Index of the winner.
        sign: 1 if lower values are better, and -1 if higher values are better.
    """
    table = pd.DataFrame({"trial": trials, "search_value": search_values})
    series = [pd.Series(row if np.isfinite(row).all() else [np.nan] * len(row)) for row in values]
    seeds = np.array([len(row) for row in values])
    table["mean"], table["std"] = [row.mean() for row in series], [row.std() for row in series]
    half = stats.t.ppf(0.975, seeds - 1) * table["std"] / seeds**0.5
    table["low"], table["high"] = table["mean"] - half, table["mean"] + half
    table["seeds"], table["dropped"] = seeds, seeds < seeds[best]
    costs = [[sign * value for value in row] for row in values]
    table["probability"] = probabilities_better(costs, best)
    return table


def _row_text(row: pd.Series) -> str:
    start = f"{row['trial']:>7} {row['search_value']:>10.4g}"
    if np.isnan(row["mean"]):
        return f"{start} {'diverged':>10}"
    interval = f"{row['low']:.4g} to {row['high']:.4g}"
    dropped = ", then clearly worse" if row["dropped"] else ""
    return (
        f"{start} {row['mean']:>10.4g} {row['std']:>9.2g}  {interval:<22} {row['seeds']}{dropped}"
    )
