"""Final training: the chosen configuration, to the end, with its test score and pictures."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from ...models.roles import Predicts
from ...objectives.history_checkpoint import BEST, LAST, find_best_row
from ...objectives.metrics.anomaly_scores import anomaly_threshold_entry
from ...objectives.metrics.linear_baseline import linear_baseline
from ...objectives.metrics.pca_baseline import pca_baseline
from ...objectives.provenance import git_commit, versions
from ...objectives.rng import spawn_seeds
from ...storage.best_toml import write_best_toml
from ...storage.checkpoint_file import add_configuration
from ...storage.json_text import to_strict_json
from ...storage.resumable_folder import resumable_folder
from ...storage.runs_folder import Runs
from ..cluster.ray_cluster import join_cluster
from ..display.plots.training_curves import plot_loss_curve
from ..study.build import encoder_configuration
from ..study.defaults import (
    ACCELERATOR,
    ANOMALY_QUANTILE,
    CPUS,
    DEFAULT_PICTURES,
    FINAL_EPOCHS,
    GPUS,
    LOGGER,
    MAX_SEEDS,
    PRECISION,
    RUNS,
)
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_at_least, check_at_most
from .final_training import FinalTraining
from .fit_network import FitOptions, fit_network, load_initial_weights, should_resume
from .network_report import score_test_part, write_report
from .train_on_seeds import score_row, train_on_seeds
from .training_setup import load_training_setup
from .trial_comparison import notes_if_worse_than_trial


@public_api
def train(
    source: str,
    *,
    epochs: int = FINAL_EPOCHS,
    seeds: int = 1,
    resume: bool | None = None,
    init_from: str | Path | None = None,
    accelerator: str = ACCELERATOR,
    precision: str = PRECISION,
    deterministic: bool = False,
    pictures: str = DEFAULT_PICTURES,
    logger: str = LOGGER,
    cluster: str | None = None,
    cpus: float = CPUS,
    gpus: float = GPUS,
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
    the process: the same training then goes on, and on the CPU ends with the numbers of one that
    was not stopped.

    Args:
        source: `STUDY` for its best trial, `STUDY:17` for a trial, or the path of a best.toml.
        epochs: Epochs to train for, at least 1.
        seeds: How many seeds to train on, from 1 to 1,000. The network that is kept is always
            that of the trial's own seed; the others say how much its scores owe to luck, by their
            mean and standard deviation and in `seeds.csv`. The split of the data stays.
        resume: Whether to go on with what was stopped, after its last epoch. If None, where the
            same training was stopped; True refuses to begin anew, and False to go on.
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
        cluster: A Ray cluster on which the further seeds are trained side by side; as in `search`.
        cpus: CPUs of each training there.
        gpus: GPUs of each training there.
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
    options = FitOptions(epochs, origin, accelerator, precision, deterministic, pictures, logger)
    check_at_least("seeds", seeds, 1)
    check_at_most("seeds", seeds, MAX_SEEDS)
    if cluster is not None and seeds == 1:
        raise StudyError("`cluster=` is for further seeds: ask for them by `seeds=`")
    place = Runs(Path(runs))
    work = load_training_setup(source, place, storage, data_dir)
    best, recipe, objective, data, model = (
        work.best,
        work.recipe,
        work.objective,
        work.data,
        work.model,
    )
    nodes = join_cluster(cluster, cpus, gpus)
    resumes = should_resume(source, work, options, resume)
    if not resumes:
        load_initial_weights(model, options, place)
    place.make()
    with resumable_folder(work.target, place, LAST, resume=resumes) as folder:
        title = f"training {source}, {epochs} epochs"
        keep, trainer = fit_network(folder, work, options, title, callbacks)
        seconds, best_row = round(keep.seconds, 1), find_best_row(keep.history, objective)
        kept = anomaly_threshold_entry(model, data, ANOMALY_QUANTILE)
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
        tested = score_test_part(model, data, objective, accelerator)
        metrics: dict[str, Any] = {
            "study": best.study,
            "trial": best.trial,
            **pca_baseline(model, data),
            **(linear_baseline(data) if isinstance(model, Predicts) else {}),
            **tested,  # what the model says of itself counts
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
        shown = write_report(model, data, folder, pictures=pictures != "none")
        metrics |= shown
        first = score_row(work, {**tested, **shown}, best_row)
        further = spawn_seeds(work.seed, seeds - 1)
        metrics |= train_on_seeds(work, options, further, first, folder, place, nodes)
        if not work.is_trial:  # the value in the file is that of the trial that it was made from
            best = replace(
                best,
                value=best_row[next(iter(objective.metrics))],
                best_epoch=int(best_row["epoch"]),
            )
        write_best_toml(best, folder / "best.toml", work.target / "best.toml")
        (folder / "metrics.json").write_text(to_strict_json(metrics))
        if pictures != "none":
            metric, way = next(iter(objective.metrics.items()))
            plot_loss_curve(
                keep.history,
                metric.removeprefix("val_"),
                int(best_row["epoch"]),
                folder / "loss.png",
                is_loss=way == "minimize",
            )
    notes = notes_if_worse_than_trial(source, work, options, best_row)
    return FinalTraining(work.target, metrics, notes)
