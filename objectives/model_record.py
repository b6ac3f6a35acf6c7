"""What a trial records about its model."""

from typing import Any

import pytorch_lightning as pl

from ..storage.trial_record import Provenance, TrialRecord
from .cost_measures import count_trained_weights


def model_record(model: pl.LightningModule, provenance: Provenance | None = None) -> TrialRecord:
    """Returns what a trial records about its model, such as options, but not the weights."""
    count = count_trained_weights(model)
    hparams = _to_json_values(dict(model.hparams))
    if provenance is None:
        return TrialRecord(hparams=hparams, parameters=count)
    return TrialRecord(hparams=hparams, parameters=count, provenance=provenance)


def _to_json_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _to_json_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json_values(item) for item in value]
    return value if isinstance(value, bool | int | float | str | None) else str(value)
