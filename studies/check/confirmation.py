"""What confirming has found: a row a finalist, the winner, and how lucky the search was."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from ...storage.study_record import Confirmed
from .race import probabilities_better

CONFIDENT = 0.95


@dataclass(frozen=True)
class Confirmation:
    """The finalists of a study, trained on further seeds.

    Attributes:
        study: Name of the study.
        confirmed: The winner.
        table: A row for each finalist, in the order of the search: `trial`, its value in the
            search (`searched`), `mean`, `std` and the interval from `low` to `high` that holds
            the mean with 95 % (after Student), `seeds` that it has run on, `left` (whether it
            left early, because it was clearly worse), and `chance`, the probability that it is
            better than the winner.
        luck: By how much the search's best value was better than the mean of its trial.
        path: The best.toml with the winner's configuration.
    """

    study: str
    confirmed: Confirmed
    table: pd.DataFrame
    luck: float
    path: Path

    @property
    def second(self) -> tuple[int, float] | None:
        """The next best trial, and how probable it is that the winner is better; None if alone."""
        others = self.table[self.table["trial"] != self.confirmed.trial]
        if others.empty:
            return None
        row = others.iloc[int(others["chance"].argmax())]
        return int(row["trial"]), 1 - float(row["chance"])

    def __str__(self) -> str:
        rows = [_row(row) for _, row in self.table.iterrows()]
        head = f"{'trial':>7} {'searched':>10} {'mean':>10} {'std':>9}  {'95 %':<22} seeds"
        lines = [head, *rows, str(self.confirmed)]
        if self.second is not None:
            second, chance = self.second
            more = "" if chance >= CONFIDENT else "; more seeds would tell"
            lines.append(f"it is better than trial {second} with probability {chance:.2f}{more}")
        return "\n".join([*lines, self._lucky(), f"wrote {self.path}"])

    __repr__ = __str__  # what a notebook shows

    def _lucky(self) -> str:
        first = self.table.iloc[0]
        by = f"{abs(self.luck):.2g}"
        if first["mean"]:
            by = f"{100 * abs(self.luck / first['mean']):.2g} %"
        if first["std"] > 0:
            by += f", {abs(self.luck) / first['std']:.1f} standard deviations"
        found = f"the search's best value, of trial {first['trial']:.0f}"
        if not np.isfinite(first["mean"]):
            return f"{found}, was luck: it diverges on other seeds"
        if self.luck == 0:
            return f"{found}, is the same on other seeds"
        if self.luck > 0:
            return f"{found}, looked better than it is by {by}"
        return f"{found}, was no luck: it is better than it looked by {by}"


def finalist_table(
    trials: list[int], searched: list[float], values: list[list[float]], best: int, sign: int
) -> pd.DataFrame:
    """Returns the table of a confirmation; an infinite value is a training that diverged.

    Args:
        trials: Numbers of the finalists.
        searched: Their values in the search.
        values: Their values on each seed.
        best: Which of them has won.
        sign: 1 if less is better, -1 if more is.
    """
    costs = [[sign * value for value in own] for own in values]
    rows = []
    for trial, before, own, chance in zip(
        trials, searched, values, probabilities_better(costs, best), strict=True
    ):
        whole = bool(np.isfinite(own).all())
        mean, std = (np.mean(own), np.std(own, ddof=1)) if whole else (np.nan, np.nan)
        half = stats.t.ppf(0.975, len(own) - 1) * std / len(own) ** 0.5
        rows.append((trial, before, mean, std, mean - half, mean + half, len(own), chance))
    columns = ["trial", "searched", "mean", "std", "low", "high", "seeds", "chance"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(7, "left", table["seeds"] < len(values[best]))
    return table


def _row(row: pd.Series) -> str:
    start = f"{row['trial']:>7} {row['searched']:>10.4g}"
    if np.isnan(row["mean"]):
        return f"{start} {'diverged':>10}"
    interval = f"{row['low']:.4g} to {row['high']:.4g}"
    left = ", then clearly worse" if row["left"] else ""
    return f"{start} {row['mean']:>10.4g} {row['std']:>9.2g}  {interval:<22} {row['seeds']}{left}"
