"""Comparison of final training with its trial, and the reason if the training is worse."""

from collections.abc import Iterator, Mapping

from ...objectives.provenance import machine, versions
from ..study.training_options import TrainingOptions
from .training_setup import TrainingSetup

SEEDS_FLAG = " --seeds 5"


def compare_with_trial(
    source: str, setup: TrainingSetup, options: TrainingOptions, best_row: Mapping[str, float]
) -> list[str]:
    """Returns a list with the reason why a training is worse than its trial.

    The list is empty if the training is not worse. `best_row` has the metrics of the best epoch of
    the training. `source` is the argument of `train`.
    """
    if not setup.is_trial or setup.objective.monitor is None:
        return []
    name, direction = setup.objective.monitor
    now, then = best_row[name], setup.best.value
    is_worse = now > then if direction == "minimize" else now < then
    if not is_worse or f"{now:.4g}" == f"{then:.4g}":
        return []
    reason, flags = _explain_difference(setup, options)
    return [
        f"{name} {now:.4g} is worse than {then:.4g} of trial {setup.best.trial} in the search: "
        f"{reason}; try: latentune train {source}{flags}"
    ]


def _explain_difference(setup: TrainingSetup, options: TrainingOptions) -> tuple[str, str]:
    """Returns how a training differed from its trial, and flags of `train` to avoid this."""
    searched, epochs = setup.objective.max_epochs, options.epochs
    same_epochs = f" --epochs {searched}"
    if options.init_from is not None:
        return f"it began with the weights of {options.init_from}", same_epochs
    if options.precision != (precision := setup.objective.precision):
        return f"it was trained with precision {options.precision}, not {precision}", same_epochs
    if epochs < searched:
        reason = f"it had {epochs} epochs and the trial {searched}, so that its learning rate"
        return f"{reason} decayed sooner", same_epochs
    if setup.objective.n_trainings > 1 or setup.best.provenance.get("confirmed"):
        kind = "folds" if setup.objective.folds else "seeds"
        return f"that is a mean over several {kind}, and this is one training", SEEDS_FLAG
    if epochs > searched:
        reason = f"it had {epochs} epochs and the trial {searched}, so that its learning rate"
        return f"{reason} decayed later", same_epochs
    changes = ", ".join(_describe_provenance_changes(setup.best.provenance))
    return changes or "nothing recorded differs, so that it is chance", SEEDS_FLAG


def _describe_provenance_changes(provenance: Mapping[str, object]) -> Iterator[str]:
    """Yields a phrase for each version or part of the hardware that differs from the trial's."""
    then, now = provenance.get("versions"), {**machine(), **versions()}
    recorded = {**provenance, **(then if isinstance(then, Mapping) else {})}
    for name, value in now.items():
        if name in recorded and recorded[name] != value:
            yield f"{name} was {recorded[name]}, and is {value}"
