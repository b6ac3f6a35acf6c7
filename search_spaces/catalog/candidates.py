"""The model `auto`: selects the models of the catalog that a study compares on its data."""

from collections.abc import Sequence

from ...models.data_spec import DataSpec
from .entry import CatalogEntry, spaces_of
from .models import MODELS

AUTO = "auto"
MODEL = "model"
"""The name of the parameter that chooses the model in a study of `auto`."""
KINDS_WITHOUT_TARGET = frozenset(
    kind
    for entry in MODELS.values()
    if entry.predicts is None and not entry.needs_encoder
    for kind in entry.kinds
)
"""The kinds of data for which some model learns without targets."""
SUMMARY = "chooses the model too, among those that fit the data and the objectives"


def find_fitting_models(data: DataSpec) -> dict[str, CatalogEntry]:
    """Returns all models of the catalog that can be trained on such data, by name."""
    predicted = "number" if data.target else "class" if len(data.classes) > 1 else None
    side = min(data.shape[1:]) if data.kind == "image" else 1
    return {
        name: entry
        for name, entry in MODELS.items()
        if data.kind in entry.kinds
        and entry.predicts in (None, predicted)
        and entry.min_side <= side
        and not entry.needs_encoder
    }


def default_objective(data: DataSpec) -> str:
    """Returns `accuracy` if the data has classes, otherwise `mse`."""
    return "accuracy" if len(data.classes) > 1 else "mse"


def find_candidates(data: DataSpec, objectives: Sequence[str]) -> tuple[str, ...]:
    """Returns the models that fit the data and can be compared by all of these objectives."""
    known = {
        name: entry
        for name, entry in find_fitting_models(data).items()
        if set(objectives) <= set(entry.metrics) - set(entry.incomparable_metrics)
    }
    # The MSE of a prediction cannot be compared with the MSE of a reconstruction.
    numbers = tuple(name for name, entry in known.items() if entry.predicts == "number")
    return numbers or tuple(known)


def join_entries(models: Sequence[str]) -> CatalogEntry:
    """Returns the catalog entry of `auto` for a choice among `models`."""
    entries = [MODELS[name] for name in models]
    shared = set.intersection(*(set(entry.metrics) for entry in entries)) if entries else set()
    callbacks = [item for entry in entries for item in entry.metric_callbacks.items()]
    return CatalogEntry(
        summary=SUMMARY,
        spaces=spaces_of("model_choice", "ModelChoice"),
        metrics={name: way for e in entries for name, way in e.metrics.items() if name in shared},
        metric_callbacks=dict(callbacks),
        predicts=next((entry.predicts for entry in entries if entry.predicts), None),
        batch_size=max((entry.batch_size or 0 for entry in entries), default=0) or None,
        epochs=max([10, *(entry.epochs for entry in entries)]),
        trials=max(20, 2 * len(entries)),  # one with defaults for each, then the best are refined
    )
