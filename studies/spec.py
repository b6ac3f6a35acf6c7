"""The description of a study, and the facts about it that must not change while it grows."""

from dataclasses import dataclass

from ..objectives.objective import Objective
from ..objectives.splits import DataError
from ..search_spaces.ranges import RangedSpace
from ..search_spaces.watch import describe, parameters


@dataclass(frozen=True)
class StudySpec:
    """What a study is called, what it searches, and how long.

    A module of your own that holds one is searched by `latentune search module:NAME`.

    Attributes:
        name: The study's name, which is also the name of its folder.
        objective: Turns a trial into a number.
        trials: How many trials the study has in the end, unless the search says otherwise.
    """

    name: str
    objective: Objective
    trials: int = 20

    def definition(self) -> dict[str, str]:
        """Returns what must agree for two trials to be comparable, in words.

        Loads the data and builds a few models to see what the space varies.

        Raises:
            DataError: If the data is missing or broken.
            SpaceError: If a range does not fit, or names a parameter that the space lacks.
        """
        objective = self.objective
        data = objective.data()
        if not hasattr(data, "input_shape"):
            raise DataError(f"{type(data).__name__} has no input_shape, (C, H, W) of an image")
        if isinstance(objective.model, RangedSpace):
            objective.model.check(data.input_shape)
        found = parameters(objective.model, data.input_shape)
        shape = "x".join(str(side) for side in data.input_shape)
        return {
            "metric": ", ".join(f"{way} {name}" for name, way in objective.metrics.items()),
            "epochs": str(objective.max_epochs),
            "data": f"{getattr(data, 'name', type(data).__name__)} {shape}",
            "split": str(getattr(data, "fingerprint", "unknown")),
            "batch size": str(getattr(data, "batch_size", "unknown")),
        } | {name: describe(distribution) for name, distribution in sorted(found.items())}
