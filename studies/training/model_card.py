"""The card of a trained network: `README.md` beside its checkpoint, made from what is known."""

import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...search_spaces.catalog.models import MODELS
from ...storage.atomic_write import write_text
from ..display.report.card import render_card
from .final_figures import final_figures, limits
from .training_setup import TrainingSetup

CARD, NEW_CARD = "README.md", "README-new.md"
MARK = "<!-- Made by Latentune. An edited card is kept when the network is trained again. "
"""The beginning of the last line of a card, which ends in a hash of all lines before it."""
MARK_END = " -->\n"
MAX_CLASSES = 30


def write_card(folder: Path, setup: TrainingSetup, metrics: Mapping[str, Any]) -> list[str]:
    """Writes the card of a trained network into a folder, and returns sentences about it.

    If a user has edited the card of an earlier training, this card is kept, and the new one is
    called `README-new.md`.

    Args:
        folder: The folder of the new training.
        setup: The setup of the training; its `target` is the folder that `folder` will replace.
        metrics: The content of `metrics.json`.
    """
    old, text = setup.target / CARD, make_card(setup, metrics)
    if not is_edited(old):
        write_text(folder / CARD, text)
        return []
    shutil.copyfile(old, folder / CARD)
    write_text(folder / NEW_CARD, text)
    return [f"{old} was edited and is kept: the card of this training is {NEW_CARD}"]


def make_card(setup: TrainingSetup, metrics: Mapping[str, Any]) -> str:
    """Returns a card as Markdown; see `write_card`."""
    spec, model = setup.data.spec, setup.recipe.model
    text = render_card(
        metrics=metrics,
        model=model,
        summary=MODELS[model].summary if model in MODELS else "",
        data=str(getattr(setup.data, "name", type(setup.data).__name__)),
        spec=repr(spec).removeprefix("DataSpec(").removesuffix(")"),
        classes=spec.classes[:MAX_CLASSES],
        more_classes=len(spec.classes[MAX_CLASSES:]),
        trial=setup.best.trial if setup.is_trial else None,
        parameters=metrics["parameters"],
        figures=final_figures(metrics),
        limits=[*limits(metrics)],
    )
    return f"{text.rstrip()}\n\n{MARK}{_hash(text)}{MARK_END}"


def is_edited(path: Path) -> bool:
    """Returns whether a file exists that is not a card as `make_card` has made it."""
    if not path.is_file():
        return False
    text, mark, end = path.read_text(encoding="utf-8", errors="replace").rpartition(MARK)
    return not mark or end != f"{_hash(text)}{MARK_END}"


def _hash(text: str) -> str:
    return sha256(text.rstrip().encode()).hexdigest()[:16]
