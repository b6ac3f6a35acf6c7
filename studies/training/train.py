"""The verb `train`: final training of a configuration, with its test scores and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytorch_lightning as pl

from ...models.roles import Predicts
from ...objectives.cost_measures import count_trained_weights
from ...objectives.history_checkpoint import BEST_CHECKPOINT, LAST_CHECKPOINT, find_best_row
from ...objectives.metrics.anomaly_scores import fit_anomaly_threshold
from ...objectives.metrics.baselines import linear_baseline, pca_baseline
from ...objectives.metrics.calibration import calibrate
from ...objectives.provenance import git_commit, versions
from ...objectives.rng import spawn_seeds
from ...objectives.threads import restore_threads
from ...storage.best_toml import Best, write_best_toml
from ...storage.checkpoint_file import (
    AnomalyThreshold,
    Calibration,
    CheckpointHeader,
    write_header,
)
from ...storage.folder_replacement import resumable_folder
from ...storage.json_text import to_strict_json
from ...storage.runs_folder import Runs
from ...storage.study_record import RecipeTable
from ..cluster.ray_cluster import join_cluster
from ..display.plots.metric_plots import plot_loss_curve
from ..study.build import describe_encoder
from ..study.defaults import ANOMALY_QUANTILE, RUNS
from ..study.device_check import check_device
from ..study.option_fields import describe_options, pick_options
from ..study.public_api import public_api
from ..study.search_options import ClusterOptions
from ..study.study_error import StudyError
from ..study.training_options import TrainingOptions
from .final_training import FinalTraining
from .fit_network import fit_network, load_initial_weights, should_resume
from .model_card import write_card
from .network_report import count_items, score_test_part, write_report
from .train_on_seeds import make_score_row, train_on_seeds
from .training_loggers import check_logger
from .training_setup import TrainingSetup, load_training_setup
from .trial_comparison import compare_with_trial


@public_api
@describe_options(TrainingOptions, ClusterOptions)
def train(  # noqa: D417 - the rows of the options are made from their fields
    source: str,
    *,
    epochs: int = 100,
    seeds: int = 1,
    resume: bool | None = None,
    init_from: str | Path | None = None,
    accelerator: str = "auto",
    threads: int | None = None,
    precision: str | None = None,
    deterministic: bool = False,
    pictures: str = "every",
    logger: str = "csv",
    cluster: str | None = None,
    cpus: float = 1.0,
    gpus: float = 0.0,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
    callbacks: Sequence[pl.Callback] = (),
) -> FinalTraining:
    """Trains a configuration, saves the weights of the best epoch, and scores the test part once.

    The returned folder has `model.ckpt`, `best.toml`, `metrics.csv` (a row for each epoch),
    `metrics.json` (the test scores), `README.md` (a card, which you can edit) and figures. All
    networks have a loss curve. Networks that make or compare images have reconstructions, samples
    of the prior, or pairs and triplets; figures of each epoch are in `epochs/`. A classifier has a
    confusion matrix, precision-recall curves and a calibration curve; its logits are divided by a
    temperature, which the validation part gives, so that its probabilities are calibrated. A
    regression has predicted against true values. An earlier training is kept in a folder whose
    name ends in `-before`.

    During training, the name of the folder ends in `-partial`. If training is stopped, this folder
    stays, and the same call resumes the training. On the CPU, a resumed training has the same
    result as one that was not stopped.

    The number of threads is chosen by timing some steps, and again after an epoch that takes twice
    the time of the fastest one. Results on the CPU may differ in the last digits between numbers
    of threads. `metrics.json` has the numbers, by the epoch from which on they were used.

    Args:
        source: `STUDY` for its best trial, `STUDY:17` for a trial, or the path of a best.toml.
        data_dir: The folder of torchvision data; None for the one that the search used.
        runs: The folder with all studies.
        storage: Optuna URL of the database; None for the database in `runs`.
        callbacks: Further Lightning callbacks.

    Returns:
        The metrics, and the folder. It is `runs/STUDY/final` for the best trial,
        `runs/STUDY/final-17` for trial 17, and `runs/STUDY/config-...` for a best.toml with a
        configuration that no trial of the study has.

    Raises:
        StudyError: If the study or trial does not exist, the data differ from those of the search,
            or `resume` is True and the training was not stopped or had other options.
        SpaceError: If a value of best.toml is missing, unknown or out of range.
        StorageError: If a file cannot be read or written, or another process trains the same
            configuration.
        DataError: If the data are missing or broken.
        KeyboardInterrupt: On Ctrl-C; an earlier training then stays in its folder.

    Example:
        >>> latentune.train("conv-ae-digits", epochs=2).metrics["epochs"]
        2
    """
    options = pick_options(TrainingOptions, locals())
    check_device(options.accelerator, options.precision)
    check_logger(options.logger)
    if cluster is not None and seeds == 1:
        raise StudyError("`cluster=` trains further seeds in parallel: add `seeds=`")
    place = Runs(Path(runs))
    setup = load_training_setup(source, place, storage, data_dir)
    options = replace(options, precision=options.precision or setup.objective.precision)
    check_device(options.accelerator, options.precision)
    nodes = join_cluster(cluster, cpus, gpus)
    resumes = should_resume(source, setup, options)
    if not resumes:
        load_initial_weights(setup.model, options, place)
    place.make()
    with (
        restore_threads(),
        resumable_folder(setup.target, place, LAST_CHECKPOINT, resume=resumes) as folder,
    ):
        title = f"training {source}, {epochs} epochs"
        checkpoint, trainer = fit_network(folder, setup, options, title, callbacks)
        seconds = round(checkpoint.seconds, 1)
        best_row = find_best_row(checkpoint.history, setup.objective)
        anomaly = fit_anomaly_threshold(setup.model, setup.data, ANOMALY_QUANTILE)
        calibration = calibrate(setup.model, setup.data)
        header = _make_checkpoint_header(setup, anomaly, calibration, place)
        write_header(folder / BEST_CHECKPOINT, header)
        test_metrics = score_test_part(setup.model, setup.data, setup.objective, accelerator)
        metrics = {
            "study": setup.best.study,
            "trial": setup.best.trial,
            **pca_baseline(setup.model, setup.data),
            **(linear_baseline(setup.data) if isinstance(setup.model, Predicts) else {}),
            **test_metrics,  # these override the baselines
            **{name: best_row[name] for name in setup.objective.metrics},
            **({} if anomaly is None else {"anomaly": anomaly.to_table()}),
            **({} if calibration is None else {"calibration": calibration.to_table()}),
            "best_epoch": int(best_row["epoch"]),
            "epochs": epochs,
            "seconds": seconds,
            "parameters": count_trained_weights(setup.model),
            "device": str(trainer.strategy.root_device),
            "threads": checkpoint.threads,
            "precision": str(trainer.precision),
            "init_from": options.init_from,
            "seed": setup.seed,
            "items": count_items(setup.data),
            "data_fingerprint": setup.best.provenance.get("data_fingerprint"),
            "git_commit": git_commit(),
            "versions": versions(),
        }
        has_figures = pictures != "none"
        report = write_report(setup.model, setup.data, folder, has_figures=has_figures)
        first = make_score_row(setup, {**test_metrics, **report}, best_row)
        further = spawn_seeds(setup.seed, seeds - 1)
        spread = train_on_seeds(setup, options, further, first, folder, place, nodes)
        metrics |= report | spread
        write_best_toml(
            _trained_configuration(setup, best_row),
            folder / "best.toml",
            setup.target / "best.toml",
        )
        (folder / "metrics.json").write_text(to_strict_json(metrics))
        card_notes = write_card(folder, setup, metrics)
        if has_figures:
            metric, direction = next(iter(setup.objective.metrics.items()))
            plot_loss_curve(
                checkpoint.history,
                metric.removeprefix("val_"),
                int(best_row["epoch"]),
                folder / "loss.png",
                is_loss=direction == "minimize",
            )
    notes = [*compare_with_trial(source, setup, options, best_row), *card_notes]
    return FinalTraining(setup.target, metrics, notes)


def _make_checkpoint_header(
    setup: TrainingSetup,
    anomaly: AnomalyThreshold | None,
    calibration: Calibration | None,
    runs: Runs,
) -> CheckpointHeader:
    """Returns the header of `model.ckpt`: all that is needed to build the network again."""
    return CheckpointHeader(
        study=setup.best.study,
        trial=setup.best.trial,
        recipe=RecipeTable(**setup.recipe.to_table(runs)),
        params=dict(setup.best.params),
        data=setup.data.spec.to_table(),
        streamed=getattr(setup.data, "streamed", False),
        anomaly=anomaly,
        calibration=calibration,
        encoder=None if setup.recipe.encoder is None else describe_encoder(setup.recipe),
    )


def _trained_configuration(setup: TrainingSetup, best_row: Mapping[str, float]) -> Best:
    """Returns the configuration of a setup for best.toml.

    If no trial has this configuration, its value and best epoch are those of this training.
    """
    if setup.is_trial:
        return setup.best
    value = best_row[next(iter(setup.objective.metrics))]
    return replace(setup.best, value=value, best_epoch=int(best_row["epoch"]))
