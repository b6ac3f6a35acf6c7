"""The importance of each parameter of a study for its best trials."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState

from ...storage.optuna_internals import storage_of
from ..display.result import Result

if TYPE_CHECKING:
    from rich.console import RenderableType

BEST_SHARE = 0.1
"""Share of the trials that count as the best, as Optuna has it by default."""
MIN_BEST_TRIALS = 5
"""Minimum number of best trials. Optuna's documentation recommends it."""
MIN_TRIALS = 4
"""Minimum number of complete trials, so that half of them can be compared with each other."""
ENOUGH_TRIALS = 30
"""Number of complete trials below which importances come with a word of caution."""
N_HALVES = 20
"""Number of random halves of the trials, from which the intervals are."""


class Importance(NamedTuple):
    """The importance of a parameter, as a share: those of all parameters add to 1.

    Attributes:
        parameter: Name of the parameter.
        share: The importance in all trials, from 0 to 1.
        low: The second smallest importance in 20 random halves of the trials.
        high: The second largest one, so that 90 % of them are from `low` to `high`.
    """

    parameter: str
    share: float
    low: float
    high: float


@dataclass(frozen=True, repr=False)
class Importances(Result):
    """The importances of a study's parameters.

    Attributes:
        rows: The parameters, the most important first. Empty if there are too few trials.
        trials: Number of complete trials.
        best: Number of them that count as the best.
    """

    rows: tuple[Importance, ...]
    trials: int
    best: int

    @property
    def caution(self) -> str:
        """A sentence if the trials are too few, or else an empty text."""
        if self.trials < MIN_TRIALS:
            return f"importances need {MIN_TRIALS} complete trials, and there are {self.trials}"
        if self.trials < ENOUGH_TRIALS:
            return (
                f"{self.trials} complete trials are few: below {ENOUGH_TRIALS}, importances may "
                "differ much from those of another search"
            )
        return ""

    @property
    def basis(self) -> str:
        """What the importances are of, in words."""
        return (
            f"what the best {self.best} of {self.trials} complete trials have in common, by "
            f"PED-ANOVA; 90 % of {N_HALVES} random halves of the trials are in the interval"
        )

    def __rich__(self) -> "RenderableType":
        from rich.console import Group
        from rich.table import Table

        lines = [line for line in (self.basis, self.caution) if line]
        if not self.rows:
            return Group(*lines[1:])
        table = Table("parameter", "importance", "interval", box=None)
        for row in self.rows:
            table.add_row(row.parameter, f"{row.share:.2f}", f"{row.low:.2f} to {row.high:.2f}")
        return Group(table, *lines)


class _Subset(optuna.Study):
    """Some of the trials of a study, as a study."""

    def __init__(self, study: optuna.Study, trials: Sequence[FrozenTrial]) -> None:
        super().__init__(study.study_name, storage_of(study))
        self.chosen = list(trials)

    def get_trials(self, *args: Any, **kwargs: Any) -> list[FrozenTrial]:
        return self.chosen


def parameter_importances(study: optuna.Study) -> Importances:
    """Returns the importance of each parameter of a study, by Optuna's PED-ANOVA.

    The importance of a parameter is how much the distribution of its values in the best trials
    differs from that in all complete trials. The best trials are a tenth of them, but at least
    five; of several objectives, they are those nearest to the Pareto front. The random halves are
    the same in each call.

    References:
        PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces
        (Watanabe, Bansal, Hutter, 2023)
        The Jackknife, the Bootstrap and Other Resampling Plans (Efron, 1982), for random halves
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    trials = [trial for trial in complete if all(map(math.isfinite, trial.values))]
    n = len(trials)
    share = min(max(BEST_SHARE, MIN_BEST_TRIALS / max(n, 1)), 0.5)
    best = math.ceil(share * n)
    if n < MIN_TRIALS:
        return Importances((), n, best)
    shares, random = _shares(study, trials, share), Random(0)  # noqa: S311 - not for secrets
    halves = [_shares(study, random.sample(trials, n // 2), share) for _ in range(N_HALVES)]
    rows = []
    for name, value in shares.items():
        of_halves = sorted(half.get(name, 0.0) for half in halves)
        rows.append(Importance(name, value, of_halves[1], of_halves[-2]))
    return Importances(tuple(sorted(rows, key=lambda row: -row.share)), n, best)


def _shares(
    study: optuna.Study, trials: Sequence[FrozenTrial], best_share: float
) -> dict[str, float]:
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    evaluator = PedAnovaImportanceEvaluator(target_quantile=best_share)
    with warnings.catch_warnings(action="ignore"):  # of few trials, which `caution` says
        return get_param_importances(_Subset(study, trials), evaluator=evaluator)
