"""A final training beside the trial that it is of: whether it ended worse, and why."""

from collections.abc import Iterator, Mapping

from ...objectives.provenance import machine, versions
from ..study.defaults import PRECISION
from .fit_network import FitOptions
from .training_setup import TrainingSetup

SEEDS = " --seeds 5"
"""The option that tells how much of a value is luck."""


def notes_if_worse_than_trial(
    source: str, work: TrainingSetup, options: FitOptions, best_row: Mapping[str, float]
) -> list[str]:
    """Returns a line if a training ended worse than its trial did in the search; else nothing.

    Args:
        source: What is trained, in the words of the user.
        work: The same, with its value in the search.
        options: How it was trained.
        best_row: The metrics of its best epoch.
    """
    if not work.is_trial or work.objective.monitor is None:
        return []
    name, way = work.objective.monitor
    now, then = best_row[name], work.best.value
    worse = now > then if way == "minimize" else now < then
    if not worse or f"{now:.4g}" == f"{then:.4g}":
        return []
    why, way_out = _reason(work, options)
    which = f"trial {work.best.trial}"
    line = f"{name} {now:.4g} is worse than {then:.4g}, which {which} had in the search: {why}"
    return [f"{line}; try: latentune train {source}{way_out}"]


def _reason(work: TrainingSetup, options: FitOptions) -> tuple[str, str]:
    """Returns how a training differed from the trial, and the options that make up for it."""
    searched, epochs = work.objective.max_epochs, options.epochs
    same = f" --epochs {searched}"
    if options.init_from is not None:
        return f"it began with the weights of {options.init_from}", same
    if options.precision != PRECISION:
        return f"it was trained with precision {options.precision}, not {PRECISION}", same
    if epochs < searched:
        fell = "so that its learning rate fell sooner"
        return f"it had {epochs} epochs and the trial {searched}, {fell}", same
    if work.objective.runs > 1 or work.best.provenance.get("confirmed"):
        kind = "folds" if work.objective.folds else "seeds"
        return f"that is a mean over several {kind}, and this is one training", SEEDS
    if epochs > searched:
        fell = "so that its learning rate fell later"
        return f"it had {epochs} epochs and the trial {searched}, {fell}", same
    changed = ", ".join(_changed(work.best.provenance))
    return changed or "nothing differs that was recorded, so that it is chance", SEEDS


def _changed(provenance: Mapping[str, object]) -> Iterator[str]:
    """Yields what computes otherwise than in the trial, as far as that was recorded."""
    then, known = provenance.get("versions"), versions()
    recorded = {**provenance, **(then if isinstance(then, Mapping) else {})}
    for name, now in {**machine(), **known}.items():
        if name in recorded and recorded[name] != now:
            yield f"{name} was {recorded[name]}, and is {now}"
