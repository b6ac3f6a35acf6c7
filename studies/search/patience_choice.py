"""The patience of a search, which is checked before a study is created."""

from ...objectives.objective import Objective
from ..study.forecast.seed_spread import measured_spread
from ..study.patience import Patience
from ..study.study_error import StudyError
from ..study.study_lookup import find_study


def choose_patience(
    value: int | str | None, objective: Objective, storage: str, name: str
) -> Patience | None:
    """Returns the patience that the option `patience` means; None if it was not given.

    `name` is the name of the study, which may not exist yet.

    Raises:
        StudyError: If the study has several objectives, or its spread of seeds is not known.
    """
    if value is None:
        return None
    patience = Patience.parse(value)
    if len(objective.metrics) > 1:
        raise StudyError(
            f"`patience=` follows one objective, not {', '.join(objective.metrics)}: leave "
            "it out, or search by one of them by `objectives=`"
        )
    if patience.share is not None or objective.repeats > 1:
        return patience
    study = find_study(storage, name)
    if study is None or measured_spread(study, ()) is None:
        raise StudyError(
            f"`patience=` {patience.trials} ends a search when it gains less than seeds differ, "
            f"which is not measured yet: run latentune confirm {name} first, or give it as a "
            f"share of the best value by `patience=` {patience.trials}:0.5%"
        )
    return patience
