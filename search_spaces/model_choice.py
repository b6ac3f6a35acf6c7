"""ModelChoice: a search space whose parameters are the model and the parameters of each model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.types import Space
from .catalog.candidates import MODEL
from .catalog.models import MODELS
from .suggestions import (
    SpaceParameters,
    add_prefix,
    build_without_weights,
    override_suggestions,
    random_trials,
    record_parameters,
)

if TYPE_CHECKING:
    from pytorch_lightning import LightningModule


@dataclass(frozen=True)
class ModelChoice:
    """A search space that chooses one of several models, and uses the model's space `default`.

    Parameter names get the model as a prefix, such as `conv-ae.lr`, because models have different
    ranges for parameters of the same name.

    Attributes:
        models: Names of models in the catalog.
    """

    models: Sequence[str]

    def __call__(self, trial: BaseTrial, data: DataSpec) -> LightningModule:
        """Builds the model that the trial chooses."""
        model = trial.suggest_categorical(MODEL, self.models)
        space: Space = resolve_name(MODELS[model].spaces["default"])
        return space(add_prefix(trial, f"{model}."), data)


def add_model_prefix(model: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parameters with prefixed names, and the parameter that chooses `model`."""
    return {MODEL: model, **{f"{model}.{name}": value for name, value in params.items()}}


def strip_model_prefix(params: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parameters of the chosen model without prefixes, and its parameter `model`."""
    prefix = f"{params.get(MODEL)}."
    return {name.removeprefix(prefix): value for name, value in params.items()}


def record_model_choices(space: Space, data: DataSpec) -> SpaceParameters:
    """Returns the parameters of all models of a `ModelChoice`, with prefixed names."""
    (trial,) = random_trials(1)
    build_without_weights(space, trial, data)
    choice = trial.distributions[MODEL]
    assert isinstance(choice, CategoricalDistribution)
    distributions: dict[str, BaseDistribution] = {}
    defaults: dict[str, Any] = {}
    for model in map(str, choice.choices):
        found = record_parameters(_restrict_to_model(space, model), data)
        distributions |= found.distributions
        defaults |= add_model_prefix(model, {**found.defaults, **MODELS[model].first})
    return SpaceParameters({**distributions, MODEL: choice}, defaults)


def default_trial_per_model(parameters: SpaceParameters) -> list[dict[str, Any]]:
    """Returns the parameters of one trial for each model, with the model's default values."""
    choice, values = parameters.distributions[MODEL], parameters.first_trial({})
    assert isinstance(choice, CategoricalDistribution)
    return [
        {MODEL: model, **{n: v for n, v in values.items() if n.startswith(f"{model}.")}}
        for model in choice.choices
    ]


def _restrict_to_model(space: Space, model: str) -> Space:
    def override(name: str, original: BaseDistribution) -> BaseDistribution:
        return CategoricalDistribution([model]) if name == MODEL else original

    return lambda trial, data: space(override_suggestions(trial, override), data)
