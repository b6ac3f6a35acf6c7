"""Final training: the chosen configuration, to the end, with its test score and pictures."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
import torch
from lightning_utilities.core.overrides import is_overridden
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger

from ...models.head import HeadClassifier
from ...objectives.objective import Objective
from ...objectives.provenance import git_commit, versions
from ...objectives.training import fit, quiet, quiet_trainer
from ...search_spaces.watch import SpaceError, replay
from ...storage.best import Best, write_best
from ...storage.checkpoint import add_configuration, load_weights, read_checkpoint
from ...storage.runs import Runs, check_name, replaced_folder
from ..defaults import FINAL_EPOCHS, RUNS
from ..errors import StudyError
from ..pictures import loss_curve, reconstructions
from ..recipe import Recipe
from ..results import checkpoint_of, find, split_source
from ..running.callbacks import reconstruct
from .classification import classification_report


def train(
    source: str,
    *,
    epochs: int = FINAL_EPOCHS,
    init_from: str | Path | None = None,
    accelerator: str = "auto",
    data_dir: str | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
    callbacks: Sequence[pl.Callback] = (),
) -> Path:
    """Trains a configuration, keeps its best epoch, and scores that once on the test part.

    The folder then holds `model.ckpt`, `best.toml`,
    `metrics.csv` (per epoch), `metrics.json` (the test score), and pictures of the loss curve
    and of reconstructions.

    Args:
        source: `STUDY` for its best trial, `STUDY:17` for a trial, or the path of a best.toml.
        epochs: Epochs to train for, at least 1.
        init_from: `STUDY`, `STUDY:17` or path of a checkpoint of a network of the same shapes,
            whose weights are the first ones. If None, they are as they were in the trial.
        accelerator: What Lightning calls the device: `auto`, `cpu`, `gpu` and so on.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder.
        callbacks: Further Lightning callbacks.

    Returns:
        The folder: `runs/STUDY/final`, or `runs/STUDY/final-17` for trial 17.

    Raises:
        StudyError: If there is no such study or trial, or the data are others than it searched.
        SpaceError: If a value of best.toml is missing, unknown or out of range.
        StorageError: If a file cannot be read or written.
        DataError: If the data is missing or broken.
        KeyboardInterrupt: On Ctrl-C; what was in the folder before is then still there.
    """
    if epochs < 1:
        raise StudyError(f"epochs must be at least 1, not {epochs}")
    place = Runs(Path(runs))
    best = find(source, place, storage)
    check_name(best.study)  # a file may hold any text; this one names the folder to write
    seed = best.provenance.get("seed")
    if not isinstance(seed, int):
        raise StudyError(f"{source} has no whole number as the seed of its provenance")
    number = None if source.endswith(".toml") else split_source(source)[1]
    recipe = Recipe.from_table(best.recipe).at(data_dir)
    objective = recipe.spec().objective
    pl.seed_everything(seed, verbose=False)
    data = objective.data()
    _check_data(best, data)
    try:
        model = replay(objective.model, best.params, data.input_shape)
    except SpaceError as error:
        raise SpaceError(f"{source}: {error}") from error
    if init_from is not None:
        path = checkpoint_of(init_from, place)
        load_weights(model, read_checkpoint(path)[1], path)
    place.make()
    with replaced_folder(place.final(best.study, number)) as folder:
        started = time.perf_counter()
        trainer = _fit(model, data, objective, folder, epochs, accelerator, callbacks)
        seconds = round(time.perf_counter() - started, 1)
        configuration: dict[str, Any] = {
            "study": best.study,
            "trial": best.trial,
            "recipe": recipe.to_table(),
            "params": dict(best.params),
            "input_shape": list(data.input_shape),
        }
        if recipe.encoder is not None:  # so that the network can be rebuilt from this file alone
            configuration["encoder"] = read_checkpoint(Path(recipe.encoder))[0]
            configuration["classes"] = list(data.classes)
        checkpoint = folder / "model.ckpt"
        add_configuration(checkpoint, configuration)
        load_weights(model, read_checkpoint(checkpoint)[1], checkpoint)
        write_best(best, folder / "best.toml")
        history = _history(folder)
        best_row = _best_row(history, objective)
        metrics: dict[str, Any] = {
            "study": best.study,
            "trial": best.trial,
            **_test(model, data, accelerator),
            **{name: best_row[name] for name in objective.metrics},
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
        if isinstance(model, HeadClassifier):
            metrics |= classification_report(model, data, folder)
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
        metric = objective.monitor.removeprefix("val_")
        loss_curve(history, metric, int(best_row["epoch"]), folder / "loss.png")
        originals = next(iter(data.val_dataloader()))[0][:10]
        drawn = reconstruct(model, originals)
        if drawn is not None:
            reconstructions(originals, drawn, folder / "reconstructions.png")
    return place.final(best.study, number)


def _fit(
    model: pl.LightningModule,
    data: Any,
    objective: Objective,
    folder: Path,
    epochs: int,
    accelerator: str,
    callbacks: Sequence[pl.Callback],
) -> pl.Trainer:
    """Trains, and leaves the checkpoint of the best epoch and Lightning's log in the folder."""
    keep = ModelCheckpoint(
        folder,
        filename="model",
        monitor=None if objective.also else objective.monitor,  # of compromises, the last epoch
        mode="min" if objective.direction == "minimize" else "max",
        save_weights_only=True,
    )
    trainer = quiet_trainer(
        epochs,
        [keep, *callbacks],
        accelerator=accelerator,
        precision=_precision(accelerator),
        logger=CSVLogger(folder, name="", version=""),
        enable_checkpointing=True,
        log_every_n_steps=sys.maxsize,  # metrics of an epoch are logged all the same
    )
    fit(trainer, model, data)
    return trainer


def _precision(accelerator: str) -> str:
    on_gpu = accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()
    return "bf16-mixed" if on_gpu and torch.cuda.is_bf16_supported() else "32-true"


def _check_data(best: Best, data: Any) -> None:
    now, then = getattr(data, "fingerprint", None), best.provenance.get("data_fingerprint")
    if now != then:
        raise StudyError(
            f"the data are not those that {best.study!r} was searched on "
            f"(fingerprint {then} there, {now} here): search them by --name as a new study"
        )


def _test(model: pl.LightningModule, data: Any, accelerator: str) -> dict[str, float]:
    if not is_overridden("test_step", model, pl.LightningModule):
        return {}
    trainer = quiet_trainer(1, [], accelerator=accelerator)
    with quiet():
        return dict(trainer.test(model, datamodule=data, verbose=False)[0])


def _history(folder: Path) -> pd.DataFrame:
    """Rewrites Lightning's log, a row a call, as one row an epoch; epochs count from 1."""
    log = pd.read_csv(folder / "metrics.csv")
    (folder / "hparams.yaml").unlink()
    history = log.drop(columns="step").groupby("epoch", as_index=False).first()
    history["epoch"] += 1
    history.to_csv(folder / "metrics.csv", index=False)
    return history


def _best_row(history: pd.DataFrame, objective: Objective) -> dict[str, float]:
    if objective.also:
        return {str(name): float(value) for name, value in history.iloc[-1].items()}
    ascending = objective.direction == "minimize"
    best = history.sort_values(objective.monitor, ascending=ascending, kind="stable").iloc[0]
    return {str(name): float(value) for name, value in best.items()}
