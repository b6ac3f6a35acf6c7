"""Limits of the costs of a network, beyond which a trial is rejected without training."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytorch_lightning as pl
from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..storage.trial_outcome import REJECTED
from ..storage.trial_record import TrialRecord, read_trial_record, write_trial_record
from .network_costs import COSTS, describe_excess, measure_costs
from .trainer import training_device
from .training_errors import LimitError


def record_costs(
    trial: BaseTrial,
    model: pl.LightningModule,
    data: DataSpec,
    names: Sequence[str],
    limits: Mapping[str, float],
) -> TrialRecord:
    """Returns a record of the costs of a trial's model, which says whether one exceeds its limit.

    Costs that the trial has recorded are not measured again. Each new cost with a limit becomes a
    constraint of the trial: how far it is above the limit, as a share of the limit. Samplers learn
    from it in which direction the limit is.

    Args:
        trial: The trial.
        model: Its model.
        data: The description of the data.
        names: Names of the costs.
        limits: The largest allowed costs, by name.

    Raises:
        CostError: If the network cannot be run on an item.
    """
    known = read_trial_record(trial).costs
    new = measure_costs([name for name in names if name not in known], model, data)
    for name in limits.keys() & new.keys():
        trial.set_constraint(name, new[name] / limits[name] - 1)
    costs = known | new
    if excess := describe_excess(costs, limits):
        return TrialRecord(costs=costs, rejected=True, stopped=f"{REJECTED}: {excess}")
    return TrialRecord(costs=costs)


def check_limits(
    trial: BaseTrial,
    model: pl.LightningModule,
    data: Any,
    names: Sequence[str],
    limits: Mapping[str, float],
) -> None:
    """Writes the record of `record_costs` for a model with weights to its trial.

    If a cost needs the device of the training on the data module `data`, the model is moved there.

    Raises:
        LimitError: If a cost exceeds its limit.
        CostError: If the network cannot be run on an item.
    """
    if not names:
        return
    if any(COSTS[name].needs_weights for name in names):
        model.to(training_device(data))
    record = record_costs(trial, model, data.spec, names, limits)
    write_trial_record(trial, record.changes_from(read_trial_record(trial)))
    if record.rejected:
        raise LimitError(record.stopped)
