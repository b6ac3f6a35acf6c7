"""The model as a parameter: those of its space follow it, each below the model's name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

import pytorch_lightning as pl
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from .catalog.candidates import MODEL
from .catalog.models import MODELS
from .suggestions import (
    Space,
    SpaceParameters,
    add_prefix,
    build_without_weights,
    random_trials,
    record_parameters,
    watch,
)


@dataclass(frozen=True)
class Auto:
    """The space `default` of one of several models.

    What one of them varies is called `conv-ae.lr`, because ranges of the same name differ.

    Attributes:
        models: Keys of the catalogue.
    """

    models: Sequence[str]

    def __call__(self, trial: BaseTrial, data: DataSpec) -> pl.LightningModule:
        """Builds the model that the trial chooses."""
        model = trial.suggest_categorical(MODEL, self.models)
        space: Space = resolve_name(MODELS[model].spaces["default"])
        return space(add_prefix(trial, f"{model}."), data)


def add_model_prefix(model: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parameters of a model's own space as those of a choice of it."""
    return {MODEL: model, **{f"{model}.{name}": value for name, value in params.items()}}


def strip_model_prefix(params: Mapping[str, Any]) -> dict[str, Any]:
    """Returns parameters by the names that a model's own space has for them, and the choice."""
    prefix = f"{params.get(MODEL)}."
    return {name.removeprefix(prefix): value for name, value in params.items()}


def record_model_choices(space: Space, data: DataSpec) -> SpaceParameters:
    """Looks at what a space varies that chooses a model, for each of its choices.

    Args:
        space: An `Auto`, or a view of one.
        data: The data.

    Returns:
        What all of them vary, and the defaults of each, by the names of the choice.
    """
    (trial,) = random_trials(1)
    build_without_weights(space, trial, data)
    choice = trial.distributions[MODEL]
    assert isinstance(choice, CategoricalDistribution)
    found: dict[str, BaseDistribution] = {}
    defaults: dict[str, Any] = {}
    for model in map(str, choice.choices):
        own = record_parameters(_restrict_to_model(space, model), data)
        found |= own.distributions
        defaults |= add_model_prefix(model, {**own.defaults, **MODELS[model].first})
    return SpaceParameters({**found, MODEL: choice}, defaults)


def default_trial_per_model(parameters: SpaceParameters) -> list[dict[str, Any]]:
    """Returns a first trial for each model that can be chosen, with its defaults."""
    choice, values = parameters.distributions[MODEL], parameters.first({})
    assert isinstance(choice, CategoricalDistribution)
    return [
        {MODEL: model, **{n: v for n, v in values.items() if n.startswith(f"{model}.")}}
        for model in choice.choices
    ]


def _restrict_to_model(space: Space, model: str) -> Space:
    """Returns a view of a space that has no other choice."""

    def pin(name: str, own: BaseDistribution) -> BaseDistribution:
        return CategoricalDistribution([model]) if name == MODEL else own

    return lambda trial, data: space(watch(trial, pin), data)
