"""The result of `confirm`: a row for each finalist, the winner, and the luck of the search."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from ...storage.study_record import Confirmed
from ..display.result import Result
from .race import probabilities_better

CONFIDENT = 0.95


@dataclass(frozen=True, repr=False)
class Confirmation(Result):
    """The finalists of a study, trained on new seeds.

    Attributes:
        study: Name of the study.
        confirmed: The winner.
        table: A row for each finalist, in the order of the search: `trial`; `search_value`, its
            value in the search; `mean`, `std` and the 95 % confidence interval of the mean (of
            Student's t), from `low` to `high`; `seeds`, the number of its seeds; `dropped`, True
            if it dropped out because it was clearly worse; `probability`, that it is better than
            the winner.
        luck: By how much the best value of the search was better than the mean of its trial.
        path: The best.toml with the winner's configuration.
    """

    study: str
    confirmed: Confirmed
    table: pd.DataFrame
    luck: float
    path: Path

    @property
    def runner_up(self) -> tuple[int, float] | None:
        """The next best trial, and the probability that the winner is better; None if alone."""
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
            more = "" if probability >= CONFIDENT else "; more seeds would tell"
            lines.append(
                f"it is better than trial {second} with probability {probability:.2f}{more}"
            )
        return "\n".join([*lines, self._luck_text(), f"wrote {self.path}"])

    def _luck_text(self) -> str:
        best = self.table.iloc[0]
        subject = f"the search's best value, of trial {best['trial']:.0f},"
        if not np.isfinite(best["mean"]):
            return f"{subject} was luck: the trial diverges on other seeds"
        if self.luck == 0:
            return f"{subject} is the same on other seeds"
        amount = f"{abs(self.luck):.2g}"
        if best["mean"]:
            amount = f"{100 * abs(self.luck / best['mean']):.2g} %"
        if best["std"] > 0:
            amount += f", {abs(self.luck) / best['std']:.1f} standard deviations"
        direction = "better" if self.luck > 0 else "worse"
        return f"{subject} looked {direction} than it is by {amount}"


def finalist_table(
    trials: list[int], search_values: list[float], values: list[list[float]], best: int, sign: int
) -> pd.DataFrame:
    """Returns the table of a `Confirmation` from the finalists' values in the search and on seeds.

    An infinite value stands for a training that diverged, `best` is the index of the winner, and
    `sign` is 1 if lower values are better, and -1 otherwise.
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
