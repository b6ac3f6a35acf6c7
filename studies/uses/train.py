"""Final training: the chosen configuration, to the end, with its test score and pictures."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_utilities.core.overrides import is_overridden
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger

from ...models.roles import Predicts
from ...objectives.history import best_row_of, read_history
from ...objectives.metrics.anomaly import kept_threshold
from ...objectives.metrics.classification import Classification, classification
from ...objectives.metrics.components import beside_components
from ...objectives.metrics.linear import beside_linear
from ...objectives.objective import Objective
from ...objectives.progress import progress
from ...objectives.provenance import git_commit, versions
from ...objectives.report import MODES
from ...objectives.training import ShowTraining, fit, quiet, quiet_trainer
from ...search_spaces.watch import replay
from ...search_spaces.words import SpaceError
from ...storage.best import Best, write_best
from ...storage.checkpoint import add_configuration, load_weights, read_checkpoint
from ...storage.drawing.curves import loss_curve
from ...storage.drawing.scores import confusion
from ...storage.runs import Runs, replaced_folder
from ..defaults import (
    ACCELERATOR,
    ACCELERATORS,
    FINAL_EPOCHS,
    PRECISION,
    PRECISIONS,
    QUANTILE,
    RUNS,
)
from ..errors import StudyError, check_at_least, check_choice
from ..facade import public
from ..finding import checkpoint_of, find
from ..making import encoder_configuration, make_spec
from ..pictures import DrawEachEpoch, draw_pictures
from ..recipe import Recipe
from .final import FinalTraining, final_folder
from .trained import next_use


@public
def train(
    source: str,
    *,
    epochs: int = FINAL_EPOCHS,
    init_from: str | Path | None = None,
    accelerator: str = ACCELERATOR,
    precision: str = PRECISION,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
    callbacks: Sequence[pl.Callback] = (),
) -> FinalTraining:
    """Trains a configuration, keeps its best epoch, and scores that once on the test part.

    The folder then holds `model.ckpt`, `best.toml`,
    `metrics.csv` (per epoch), `metrics.json` (the test score), and pictures of the loss curve
    and of what the network can do: reconstructions, samples of its prior (in `epochs/` after each
    epoch), pairs or triplets, a confusion matrix. What an earlier training left there is kept
    beside it, with `-before` behind its name.

    Args:
        source: `STUDY` for its best trial, `STUDY:17` for a trial, or the path of a best.toml.
        epochs: Epochs to train for, at least 1.
        init_from: `STUDY`, `STUDY:17` or path of a checkpoint of a network of the same shapes,
            whose weights are the first ones. If None, they are as they were in the trial.
        accelerator: The device: `auto`, `cpu`, `gpu` or `mps`.
        precision: `32`, as in trials, or `bf16` for half of the bits where they suffice.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder.
        callbacks: Further Lightning callbacks.

    Returns:
        The figures, and the folder: `runs/STUDY/final`, `runs/STUDY/final-17` for trial 17, or
        `runs/STUDY/config-...` for the configuration of a file that is no trial of the study.

    Raises:
        StudyError: If there is no such study or trial, or the data are others than it searched.
        SpaceError: If a value of best.toml is missing, unknown or out of range.
        StorageError: If a file cannot be read or written.
        DataError: If the data is missing or broken.
        KeyboardInterrupt: On Ctrl-C; what was in the folder before is then still there.

    Example:
        >>> latentune.train("conv-ae-digits", epochs=2).metrics["epochs"]
        2
    """
    check_at_least("epochs", epochs, 1)
    _check_device(accelerator, precision)
    place = Runs(Path(runs))
    best = find(source, place, storage)
    target, of_trial = final_folder(source, best, place, storage)
    if not of_trial:
        best = replace(best, trial=None)
    seed = best.provenance.get("seed")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise StudyError(f"{source} has no whole number from 0 on as the seed of its provenance")
    recipe = Recipe.from_table(best.recipe, place, storage).at(data_dir)
    objective = make_spec(recipe, place).objective
    pl.seed_everything(seed, verbose=False)
    data = objective.data()
    _check_data(best, data)
    try:
        model = replay(objective.model, best.params, data.spec)
    except SpaceError as error:
        raise SpaceError(f"{source}: {error}") from error
    if init_from is not None:
        path = checkpoint_of(init_from, place)
        load_weights(model, read_checkpoint(path)[1], path)
    place.make()
    with replaced_folder(target, place, keep=True) as folder:
        started = time.perf_counter()
        options = {"accelerator": accelerator, "precision": PRECISIONS[precision]}
        shown = ShowTraining(f"training {source}, {epochs} epochs")
        watchers = [shown, DrawEachEpoch(folder / "epochs"), *callbacks]
        trainer = _fit(model, data, objective, folder, epochs, options, watchers)
        seconds = round(time.perf_counter() - started, 1)
        configuration: dict[str, Any] = {
            "study": best.study,
            "trial": best.trial,
            "recipe": recipe.to_table(place),
            "params": dict(best.params),
            "data": data.spec.to_table(),
            "streamed": getattr(data, "streamed", False),  # how `predict` is to read new images
        }
        if recipe.encoder is not None:  # so that the network can be rebuilt from this file alone
            configuration["encoder"] = encoder_configuration(recipe)
        checkpoint = folder / "model.ckpt"
        add_configuration(checkpoint, configuration)
        load_weights(model, read_checkpoint(checkpoint)[1], checkpoint)
        kept = kept_threshold(model, data, QUANTILE)  # of the weights that are kept
        add_configuration(checkpoint, configuration | kept)
        history = read_history(folder)
        best_row = best_row_of(history, objective)
        metrics: dict[str, Any] = {
            "study": best.study,
            "trial": best.trial,
            **beside_components(model, data),
            **(beside_linear(data) if isinstance(model, Predicts) else {}),
            **_test(model, data, objective, accelerator),  # what the model says of itself counts
            **{name: best_row[name] for name in objective.metrics},
            **kept,
            "best_epoch": int(best_row["epoch"]),
            "epochs": epochs,
            "seconds": seconds,
            "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "device": str(trainer.strategy.root_device),
            "precision": str(trainer.precision),
            "init_from": None if init_from is None else str(init_from),
            "seed": seed,
            "data_fingerprint": best.provenance.get("data_fingerprint"),
            "git_commit": git_commit(),
            "versions": versions(),
        }
        if isinstance(model, Predicts) and data.spec.classes:
            metrics |= _write_classes(classification(model, data), folder)
        if not of_trial:  # the value in the file is that of the trial that it was made from
            best = replace(
                best,
                value=best_row[next(iter(objective.metrics))],
                best_epoch=int(best_row["epoch"]),
            )
        write_best(best, folder / "best.toml", target / "best.toml")
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
        metric = next(iter(objective.metrics)).removeprefix("val_")
        loss_curve(history, metric, int(best_row["epoch"]), folder / "loss.png")
        draw_pictures(model, data.spec, data.val_dataloader(), folder)
    return FinalTraining(target, metrics, next_use(model))


def _check_device(accelerator: str, precision: str) -> None:
    check_choice("accelerator", accelerator, ACCELERATORS)
    check_choice("precision", precision, PRECISIONS)
    here = {"gpu": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not here.get(accelerator, True):
        raise StudyError(f"there is no {accelerator} on this machine; leave out `accelerator=`")


def _fit(
    model: pl.LightningModule,
    data: Any,
    objective: Objective,
    folder: Path,
    epochs: int,
    options: Mapping[str, Any],
    callbacks: Sequence[pl.Callback],
) -> pl.Trainer:
    """Trains, and leaves the checkpoint of the best epoch and Lightning's log in the folder."""
    monitor, way = objective.best_by or (None, "minimize")  # of compromises, the last epoch
    keep = ModelCheckpoint(
        folder, filename="model", monitor=monitor, mode=MODES[way], save_weights_only=True
    )
    trainer = quiet_trainer(
        epochs,
        [*(judge() for judge in objective.judges), keep, *callbacks],
        **options,
        logger=CSVLogger(folder, name="", version=""),
        enable_checkpointing=True,
        log_every_n_steps=sys.maxsize,  # metrics of an epoch are logged all the same
    )
    fit(trainer, model, data)
    return trainer


def _check_data(best: Best, data: Any) -> None:
    now, then = getattr(data, "fingerprint", None), best.provenance.get("data_fingerprint")
    if now != then:
        raise StudyError(
            f"the data are not those that {best.study!r} was searched on "
            f"(fingerprint {then} there, {now} here): search them by `name=` as a new study"
        )


def _test(
    model: pl.LightningModule, data: Any, objective: Objective, accelerator: str
) -> dict[str, float]:
    if not is_overridden("test_step", model, pl.LightningModule):
        return {}
    judges = [judge() for judge in objective.judges]
    trainer = quiet_trainer(1, judges, accelerator=accelerator)
    with progress("scoring the test part"), quiet():
        return dict(trainer.test(model, datamodule=data, verbose=False)[0])


def _write_classes(found: Classification, folder: Path) -> dict[str, Any]:
    """Writes `classes.csv` and a heatmap of the confusion matrix; returns the other figures."""
    names, share = list(found.classes["class"]), found.classes["accuracy"]
    found.classes.to_csv(folder / "classes.csv", index=False)
    accuracy = found.confusion.trace() / found.confusion.sum()
    title = f"Test accuracy {accuracy:.3f}"
    confusion(found.confusion, names, title, folder / "confusion.png")
    return {
        "test_calibration_error": found.calibration_error,
        "class_accuracy": dict(zip(names, map(float, share), strict=True)),
    }
