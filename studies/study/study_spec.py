"""The class `StudySpec`: the description of a study as a Python object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution

from ...objectives.data.describe_object import describe_object
from ...objectives.network_costs import format_limits
from ...objectives.objective import Objective
from ...search_spaces.batch_size import BATCH_SIZE
from ...search_spaces.distributions import describe_distribution
from ...storage.study_export import PARAM_PREFIX, disambiguate
from .definition import FROM_ENTRY, LIMITS_ENTRY
from .study_error import StudyError


@dataclass(frozen=True)
class StudySpec:
    """The description of a study: the name, the objective, and the number of trials.

    If your own module defines a `StudySpec`, search it by `latentune search module:NAME`.

    Attributes:
        name: Name of the study and of its folder.
        objective: Maps a trial to its value.
        trials: Total number of trials, unless `search` is given another number.

    Example:
        >>> from functools import partial
        >>> from latentune.search_spaces.autoencoder_spaces import conv_ae
        >>> digits = partial(latentune.TensorData, "digits")
        >>> spec = latentune.StudySpec("mine", latentune.Objective(conv_ae, digits))
        >>> spec.objective.metrics
        {'val_mse': 'minimize'}
    """

    name: str
    objective: Objective
    trials: int = 20

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise StudyError(f"a StudySpec needs a name, not {describe_object(self.name)}")
        if not isinstance(self.objective, Objective):
            found = describe_object(self.objective)
            raise StudyError(f"a StudySpec needs an Objective, not {found}")

    def definition(
        self,
        data: Any,
        distributions: Mapping[str, BaseDistribution],
        recipe_entries: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """Returns the study's definition. Studies with equal definitions have comparable trials.

        A parameter with the name of another entry, such as `epochs`, gets the prefix `params_`.

        Args:
            data: The data of the study.
            distributions: The distribution of each searched parameter.
            recipe_entries: The entries that come from the recipe.
        """
        metrics = self.objective.metrics.items()
        known = dict(recipe_entries or {}) | {
            "metric": ", ".join(f"{way} {name}" for name, way in metrics),
            "epochs": str(self.objective.max_epochs),
            "data": f"{getattr(data, 'name', type(data).__name__)} {data.spec}",
            "split": str(getattr(data, "fingerprint", "unknown")),
            "batch size": str(getattr(data, "batch_size", "unknown")),
        }
        if self.objective.folds:
            known["folds"] = str(self.objective.folds)
        elif self.objective.repeats > 1:
            known["repeats"] = str(self.objective.repeats)
        if self.objective.limits:
            known[LIMITS_ENTRY] = format_limits(self.objective.limits)
        if self.objective.precision != Objective.precision:
            known["precision"] = self.objective.precision
        if BATCH_SIZE in distributions:
            del known["batch size"]  # it is a searched parameter
        if data.spec.mean is not None:
            known["input"] = "standardized"
        names = disambiguate(sorted(distributions), [*known, FROM_ENTRY], PARAM_PREFIX)
        return known | {
            names[name]: describe_distribution(found)
            for name, found in sorted(distributions.items())
        }
