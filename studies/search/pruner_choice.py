"""Which pruner a search has: epochs are compared by others than trainings are."""

from ...search_spaces.strategies import NONE, PRUNERS, WILCOXON
from ..study.defaults import PRUNER
from ..study.study_error import StudyError, check_choice


def choose_pruner(asked: str | None, runs: int) -> str:
    """Returns the pruner that was asked for, or the usual one of such trials.

    Args:
        asked: A key of `PRUNERS`, or None.
        runs: How often each trial is trained.

    Raises:
        StudyError: If there is none of this name, or it is made for other trials.
    """
    if asked is None:
        return PRUNER if runs == 1 else WILCOXON
    check_choice("pruner", asked, PRUNERS)
    if runs == 1 and asked == WILCOXON:
        raise StudyError(
            f"the pruner {asked} compares trainings, of which each trial has one here: ask for "
            "more by `repeats=` or `folds=`"
        )
    if runs > 1 and asked not in (WILCOXON, NONE):
        raise StudyError(
            f"the pruner {asked} compares epochs, and trials of {runs} trainings are compared by "
            f"these: {WILCOXON} and {NONE} are for `pruner=`"
        )
    return asked
