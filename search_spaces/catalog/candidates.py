"""Auto: the model is a choice too, among those of the catalogue that fit data and objectives."""

from collections.abc import Sequence

from ...models.data_spec import DataSpec
from .entry import SPACES, CatalogEntry
from .models import MODELS

AUTO = "auto"
MODEL = "model"
"""The parameter of an automatic study that chooses among its models."""
SUMMARY = "chooses the model too, among those that fit the data and the objectives"


def find_fitting_models(data: DataSpec) -> dict[str, CatalogEntry]:
    """Returns the models that can learn from such data, by any objective."""
    predicted = "number" if data.target else "class" if len(data.classes) > 1 else None
    side = min(data.shape[1:]) if data.kind == "image" else 1
    return {
        name: entry
        for name, entry in MODELS.items()
        if data.kind in entry.kinds
        and entry.predicts in (None, predicted)
        and entry.min_side <= side
        and not entry.on_encoder
    }


def default_objective(data: DataSpec) -> str:
    """Returns what is searched by unless asked otherwise: what targets there are is predicted."""
    return "accuracy" if len(data.classes) > 1 else "mse"


def find_candidates(data: DataSpec, objectives: Sequence[str]) -> tuple[str, ...]:
    """Returns the models that can be compared on such data by some objectives, if any can."""
    known = {
        name: entry
        for name, entry in find_fitting_models(data).items()
        if set(objectives) <= set(entry.metrics) - set(entry.incomparable_metrics)
    }
    # The error of a prediction has the name of that of a reconstruction, and is another thing.
    numbers = tuple(name for name, entry in known.items() if entry.predicts == "number")
    return numbers or tuple(known)


def join_entries(models: Sequence[str]) -> CatalogEntry:
    """Returns an entry of which some models are the one parameter that decides about others."""
    entries = [MODELS[name] for name in models]
    shared = set.intersection(*(set(entry.metrics) for entry in entries)) if entries else set()
    return CatalogEntry(
        summary=SUMMARY,
        spaces={"default": f"{SPACES}.auto:Auto"},
        metrics={name: way for e in entries for name, way in e.metrics.items() if name in shared},
        metric_callbacks={
            name: make_callback
            for entry in entries
            for name, make_callback in entry.metric_callbacks.items()
        },
        predicts=next((entry.predicts for entry in entries if entry.predicts), None),
        batch_size=max((entry.batch_size or 0 for entry in entries), default=0) or None,
        epochs=max([10, *(entry.epochs for entry in entries)]),
        trials=max(20, 2 * len(entries)),  # each has its defaults, and the best ones are refined
    )
