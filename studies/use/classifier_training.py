"""The classifiers that a comparison trains: each goes on where it was stopped, and is kept."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from ...models.predictor import Predictor
from ...objectives.data.preparation.labels import load_label_subset
from ...objectives.last_epoch_checkpoint import LastEpochCheckpoint
from ...objectives.trainer import fit, quiet_trainer, silence_lightning
from ...storage.checkpoint_file import read_checkpoint
from ...storage.runs_folder import write_text
from ..cluster.run_jobs import JobContext
from ..study.build import build_network, load_encoder

TRAININGS, LAST = "trainings.json", "classifier.ckpt"
HIDDEN = 64

Outcome = tuple[list[float], float]
"""The accuracy in validation after each epoch, and that of the test part."""


def load_outcomes(folder: Path | None, settings: Mapping[str, Any]) -> dict[int, Outcome] | None:
    """Returns what a comparison that was stopped has found, by the number of the training.

    Args:
        folder: What it has left; None for nothing.
        settings: What it depends on; of another comparison None is returned.
    """
    if folder is not None:
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            kept = json.loads((folder / TRAININGS).read_text())
            if kept["settings"] == json.loads(json.dumps(settings)):
                found = kept["found"].items()
                return {int(n): ([*map(float, curve)], float(end)) for n, (curve, end) in found}
    return None


def save_outcomes(folder: Path, settings: Mapping[str, Any], found: Mapping[int, Outcome]) -> None:
    """Writes down what the trainings of a comparison have found."""
    write_text(folder / TRAININGS, json.dumps({"settings": settings, "found": found}))


def train_classifier(
    place: JobContext,
    data: str,
    data_dir: str | None,
    labels: int | None,
    seed: int,
    path: Path,
    trained: bool,
    epochs: int,
    folder: Path | None,
) -> Outcome:
    """Trains a classifier on a network; if a folder is given, it goes on with what was stopped."""
    images = load_label_subset(data, data_dir, labels, seed)
    here = Path(place.local_paths.get(str(path), path))
    pl.seed_everything(seed, verbose=False)
    codec = (
        load_encoder(here, images.spec, place.runs)
        if trained
        else build_network(read_checkpoint(here)[0], place.runs)
    )
    model = Predictor(images.spec, codec=codec, unfreeze=True, lin_dim=HIDDEN, lr=1e-3)
    accuracies = _Accuracies()
    last: Path | None = None
    callbacks: list[pl.Callback] = [accuracies]
    if folder is not None:
        settings = {"path": str(path), "trained": trained, "labels": labels, "seed": seed}
        keep = LastEpochCheckpoint(folder / LAST, {**settings, "epochs": epochs})
        last = keep.find_resumable(model)
        callbacks.append(keep)
    trainer = quiet_trainer(epochs, callbacks, images, enable_checkpointing=folder is not None)
    fit(trainer, model, images, last)
    with silence_lightning():
        (tested,) = trainer.test(model, datamodule=images, verbose=False)
    return accuracies.values, tested["test_accuracy"]


class _Accuracies(pl.Callback):
    def __init__(self) -> None:
        self.values: list[float] = []

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.values.append(float(trainer.callback_metrics["val_accuracy"]))

    def state_dict(self) -> dict[str, Any]:
        return {"values": self.values}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.values = state_dict["values"]
