"""Training the classifiers of a comparison. Each training can be resumed."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl

from ...models.linear_path import leave_out_components
from ...models.predictor import Predictor
from ...objectives.data.preparation.labels import load_label_subset
from ...objectives.resumable_checkpoint import LastEpochCheckpoint
from ...objectives.trainer import fit, quiet_trainer, silence_lightning
from ...storage.atomic_write import write_text
from ...storage.checkpoint_file import read_header
from ..cluster.missing_jobs import JobContext
from ..study.build import build_network, load_encoder

OUTCOMES, LAST = "trainings.json", "classifier.ckpt"
HIDDEN_SIZE = 64


class Training(NamedTuple):
    """Settings of one training of a classifier.

    Attributes:
        start: The name of the start, such as `from scratch`, in the table of the report.
        path: Checkpoint of the encoder.
        pretrained: Whether the weights of the checkpoint are used.
        labels: Number of labeled training images; None for all.
        seed: Seed of the weights and of the choice of labeled images.
    """

    start: str
    path: Path
    pretrained: bool
    labels: int | None
    seed: int


class Outcome(NamedTuple):
    """The result of a training: the validation accuracy of each epoch, and the test accuracy."""

    validation: list[float]
    test: float


def load_outcomes(folder: Path | None, settings: Mapping[str, Any]) -> dict[int, Outcome] | None:
    """Returns the outcomes that a stopped comparison saved in `folder`.

    The keys are the numbers of the trainings. Returns None if the folder has no outcomes, or if
    the comparison had other settings.
    """
    if folder is not None:
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            saved = json.loads((folder / OUTCOMES).read_text())
            if saved["settings"] == json.loads(json.dumps(settings)):
                items = saved["found"].items()
                return {int(n): Outcome([*map(float, v)], float(t)) for n, (v, t) in items}
    return None


def save_outcomes(
    folder: Path, settings: Mapping[str, Any], outcomes: Mapping[int, Outcome]
) -> None:
    """Saves the outcomes of finished trainings, and the settings of their comparison."""
    write_text(folder / OUTCOMES, json.dumps({"settings": settings, "found": outcomes}))


def train_classifier(
    context: JobContext,
    training: Training,
    data: str,
    data_dir: str | Path | None,
    epochs: int,
    folder: Path | None,
) -> Outcome:
    """Trains a classifier on an encoder, and returns the accuracies.

    If `folder` has a stopped training, it is resumed. If `folder` is None, nothing is saved.
    """
    images = load_label_subset(data, data_dir, training.labels, training.seed)
    path = Path(context.local_paths.get(str(training.path), training.path))
    pl.seed_everything(training.seed, verbose=False)
    codec = (
        load_encoder(path, images.spec, context.runs)
        if training.pretrained
        else leave_out_components(build_network(read_header(path), context.runs))
    )
    model = Predictor(images.spec, codec=codec, unfreeze=True, lin_dim=HIDDEN_SIZE, lr=1e-3)
    accuracies = _AccuracyHistory()
    last: Path | None = None
    callbacks: list[pl.Callback] = [accuracies]
    if folder is not None:
        settings = training._asdict() | {"path": str(training.path), "epochs": epochs}
        checkpoint = LastEpochCheckpoint(folder / LAST, settings)
        last = checkpoint.find_resumable(model)
        callbacks.append(checkpoint)
    trainer = quiet_trainer(epochs, callbacks, images, enable_checkpointing=folder is not None)
    fit(trainer, model, images, last)
    with silence_lightning():
        (metrics,) = trainer.test(model, datamodule=images, verbose=False)
    return Outcome(accuracies.values, metrics["test_accuracy"])


class _AccuracyHistory(pl.Callback):
    def __init__(self) -> None:
        self.values: list[float] = []

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.values.append(float(trainer.callback_metrics["val_accuracy"]))

    def state_dict(self) -> dict[str, Any]:
        return {"values": self.values}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.values = state_dict["values"]
