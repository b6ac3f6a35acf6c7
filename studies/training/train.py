"""Final training: the chosen configuration, to the end, with its test score and pictures."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from lightning_utilities.core.overrides import is_overridden

from ...models.roles import Predicts
from ...objectives.history import BEST, LAST, best_row_of
from ...objectives.metrics.anomaly import kept_threshold
from ...objectives.metrics.components import beside_components
from ...objectives.metrics.linear import beside_linear
from ...objectives.objective import Objective
from ...objectives.progress import progress
from ...objectives.provenance import git_commit, versions
from ...objectives.training import quiet, quiet_trainer
from ...storage.best import write_best
from ...storage.checkpoint import add_configuration, load_weights, read_checkpoint
from ...storage.drawing.curves import loss_curve
from ...storage.partial import partial_folder
from ...storage.runs import Runs
from ..defaults import ACCELERATOR, FINAL_EPOCHS, LOGGER, PICTURED, PRECISION, QUANTILE, RUNS
from ..facade import public
from ..finding import checkpoint_of
from ..making import encoder_configuration
from .configured import configured
from .final import FinalTraining, next_use
from .fitting import FitOptions, check_resumable, fit_in
from .reports import report


@public
def train(
    source: str,
    *,
    epochs: int = FINAL_EPOCHS,
    resume: bool = False,
    init_from: str | Path | None = None,
    accelerator: str = ACCELERATOR,
    precision: str = PRECISION,
    deterministic: bool = False,
    pictures: str = PICTURED,
    logger: str = LOGGER,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
    callbacks: Sequence[pl.Callback] = (),
) -> FinalTraining:
    """Trains a configuration, keeps its best epoch, and scores that once on the test part.

    The folder then holds `model.ckpt`, `best.toml`,
    `metrics.csv` (per epoch), `metrics.json` (the test score), and pictures of the loss curve
    and of what the network can do: reconstructions and samples of its prior (in `epochs/` after
    each epoch), pairs or triplets; of classes a confusion matrix, precision-recall curves and
    calibration, of numbers what was predicted beside what is true. What an earlier training left
    there is kept beside it, with `-before` behind its name.

    Until then it grows in a folder with `-partial` behind its name, which outlives whatever ends
    the process.

    Args:
        source: `STUDY` for its best trial, `STUDY:17` for a trial, or the path of a best.toml.
        epochs: Epochs to train for, at least 1.
        resume: Whether to go on with the same training where it was stopped, after its last
            epoch. On the CPU, it ends with the numbers of one that was not stopped.
        init_from: `STUDY`, `STUDY:17` or path of a checkpoint of a network of the same shapes,
            whose weights are the first ones. If None, they are as they were in the trial.
        accelerator: The device: `auto`, `cpu`, `gpu` or `mps`.
        precision: `32`, as in trials, or `bf16` for half of the bits where they suffice; on a
            GPU also `16`, with scaled gradients.
        deterministic: Whether to compute only in ways that give the same numbers each time, also
            where that is slower.
        pictures: When to draw: after `every` epoch (100 at most) and at the end, of the `best`
            epoch alone, or `none`.
        logger: Where to log beside metrics.csv: `tensorboard` (scalars, pictures, the graph of
            the network, and codes with their images) or `wandb` (scalars and pictures), in a
            folder of that name; `csv` for nowhere else.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder.
        callbacks: Further Lightning callbacks.

    Returns:
        The figures, and the folder: `runs/STUDY/final`, `runs/STUDY/final-17` for trial 17, or
        `runs/STUDY/config-...` for the configuration of a file that is no trial of the study.

    Raises:
        StudyError: If there is no such study or trial, the data are others than it searched, or
            there is no training to resume, or it had other options.
        SpaceError: If a value of best.toml is missing, unknown or out of range.
        StorageError: If a file cannot be read or written, or another process trains the same.
        DataError: If the data is missing or broken.
        KeyboardInterrupt: On Ctrl-C; what was in the folder before is then still there.

    Example:
        >>> latentune.train("conv-ae-digits", epochs=2).metrics["epochs"]
        2
    """
    origin = None if init_from is None else str(init_from)
    options = FitOptions(
        epochs, resume, origin, accelerator, precision, deterministic, pictures, logger
    )
    place = Runs(Path(runs))
    work = configured(source, place, storage, data_dir)
    best, recipe, objective, data, model = (
        work.best,
        work.recipe,
        work.objective,
        work.data,
        work.model,
    )
    if resume:
        check_resumable(source, work, options)
    elif init_from is not None:
        path = checkpoint_of(init_from, place)
        load_weights(model, read_checkpoint(path)[1], path)
    place.make()
    with partial_folder(work.target, place, LAST, resume=resume) as folder:
        title = f"training {source}, {epochs} epochs"
        keep, trainer = fit_in(folder, work, options, title, callbacks)
        seconds, best_row = round(keep.seconds, 1), best_row_of(keep.history, objective)
        kept = kept_threshold(model, data, QUANTILE)
        configuration: dict[str, Any] = {
            "study": best.study,
            "trial": best.trial,
            "recipe": recipe.to_table(place),
            "params": dict(best.params),
            "data": data.spec.to_table(),
            "streamed": getattr(data, "streamed", False),  # how `predict` is to read new images
            **kept,
        }
        if recipe.encoder is not None:  # so that the network can be rebuilt from this file alone
            configuration["encoder"] = encoder_configuration(recipe)
        add_configuration(folder / BEST, configuration)
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
            "init_from": origin,
            "seed": work.seed,
            "data_fingerprint": best.provenance.get("data_fingerprint"),
            "git_commit": git_commit(),
            "versions": versions(),
        }
        metrics |= report(model, data, folder, pictures=pictures != "none")
        if not work.of_trial:  # the value in the file is that of the trial that it was made from
            best = replace(
                best,
                value=best_row[next(iter(objective.metrics))],
                best_epoch=int(best_row["epoch"]),
            )
        write_best(best, folder / "best.toml", work.target / "best.toml")
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
        if pictures != "none":
            metric = next(iter(objective.metrics)).removeprefix("val_")
            loss_curve(keep.history, metric, int(best_row["epoch"]), folder / "loss.png")
    return FinalTraining(work.target, metrics, next_use(model))


def _test(
    model: pl.LightningModule, data: Any, objective: Objective, accelerator: str
) -> dict[str, float]:
    if not is_overridden("test_step", model, pl.LightningModule):
        return {}
    judges = [judge() for judge in objective.judges]
    trainer = quiet_trainer(1, judges, accelerator=accelerator)
    with progress("scoring the test part"), quiet():
        return dict(trainer.test(model, datamodule=data, verbose=False)[0])
