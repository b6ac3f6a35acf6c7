"""PointCheck: suggests points of a search space, and says which of them exceed a limit."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import optuna
from optuna.trial import BaseTrial, FixedTrial

from ...models.data_spec import DataSpec
from ...objectives.limits import check_limits, record_costs
from ...objectives.model_record import model_record
from ...objectives.network_costs import COSTS
from ...objectives.objective import Objective
from ...objectives.training_errors import LimitError
from ...search_spaces.suggestions import build_without_weights, random_trials
from ...storage.trial_outcome import violation
from ...storage.trial_record import TrialRecord, write_trial_record

N_RANDOM_TRIALS = 50


@dataclass(frozen=True)
class PointCheck:
    """Checks points of a search space, which are sets of parameter values, before training.

    Attributes:
        objective: The objective, with its search space and its limits.
        data: The data module.
        has_encoder: Whether the models use an encoder. Without weights, a small network replaces
            it, so such models are built with weights if their costs are needed.
    """

    objective: Objective
    data: Any
    has_encoder: bool

    @property
    def spec(self) -> DataSpec:
        """The description of the data."""
        spec: DataSpec = self.data.spec
        return spec

    def suggest(self, trial: BaseTrial) -> TrialRecord:
        """Makes a trial suggest all its parameters, and returns the record of its model.

        The record has the costs that are known without weights. If one exceeds its limit, the
        record has nothing but the costs, and says that the trial is rejected.
        """
        names = [name for name in self.objective.cost_names if not COSTS[name].needs_weights]
        space = self.objective.model
        if names and self.has_encoder:
            model = space(trial, self.spec)
        else:
            model = build_without_weights(space, trial, self.spec)
        if not names:
            return model_record(model)
        costs = record_costs(trial, model, self.spec, names, self.objective.limits)
        return costs if costs.rejected else model_record(model).model_copy(update=costs.to_table())

    def excess(self, params: Mapping[str, Any], *, with_weights: bool = False) -> str:
        """Returns which limits a point exceeds, in words; empty if it exceeds none.

        Args:
            params: The value of each parameter.
            with_weights: Whether costs that need weights are measured, on the device of training.
        """
        if not self.objective.limits:
            return ""
        trial = FixedTrial(dict(params))
        record = self.suggest(trial)
        if record.rejected or not with_weights:
            return record.stopped
        write_trial_record(trial, record)
        return self.measured_excess(trial)

    def measured_excess(self, trial: BaseTrial) -> str:
        """Returns which limits of costs that need weights a trial exceeds, in words."""
        if not any(COSTS[name].needs_weights for name in self.objective.limits):
            return ""
        try:
            model = self.objective.model(trial, self.spec)
            check_limits(trial, model, self.data, self.objective.cost_names, self.objective.limits)
        except LimitError as error:
            return str(error)
        return ""

    def random_trials(self, n: int) -> list[optuna.Trial]:
        """Returns up to n random trials within the limits; if there is none, the one nearest.

        The trials belong to no study in a database.
        """
        if not self.objective.limits:
            return random_trials(n)
        trials = random_trials(N_RANDOM_TRIALS)
        fitting = islice((trial for trial in trials if not self.suggest(trial).rejected), n)
        return list(fitting) or [min(trials, key=violation)]
