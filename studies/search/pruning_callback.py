"""The function `pruning_callback`, for a Trainer in an Optuna objective of the user."""

import optuna
import pytorch_lightning as pl

from ...models.types import Direction
from ...objectives.trial_score import TrialScore
from ...storage.study_record import read_study_record
from ..study.public_api import public_api
from ..study.study_error import StudyError


@public_api
def pruning_callback(trial: optuna.Trial, monitor: str | None = None) -> pl.Callback:
    """Returns a callback of Lightning that reports each epoch to Optuna, which may stop the trial.

    Args:
        trial: The trial, of `latentune.ask` or of any study with one objective.
        monitor: Name of a metric that is logged in validation; None for the metric of a study of
            Latentune.

    Raises:
        StudyError: If the study has several objectives, or the metric is not known.
        optuna.TrialPruned: After an epoch, if the study's pruner stops the trial.
        MonitorError: After the first epoch, if the metric is not logged.
        DivergenceError: After an epoch in which the metric is NaN or infinite.

    Example:
        >>> def objective(trial):
        ...     data = latentune.TensorData("digits")
        ...     model = latentune.Autoencoder(data.spec, lr=trial.suggest_float("lr", 1e-4, 1e-2))
        ...     stop = latentune.pruning_callback(trial, "val_mse")
        ...     trainer = pl.Trainer(max_epochs=2, callbacks=[stop], logger=False)
        ...     trainer.fit(model, data)
        ...     return trainer.callback_metrics["val_mse"].item()
    """
    if len(trial.study.directions) > 1:
        raise StudyError("a study of several objectives cannot stop a trial early")
    known = read_study_record(trial.study).metric_names
    if monitor is None and not known:
        raise StudyError("name the metric by `monitor=`: latentune has not made this study")
    monitor = known[0] if monitor is None else monitor
    is_loss = trial.study.direction == optuna.study.StudyDirection.MINIMIZE
    direction: Direction = "minimize" if is_loss else "maximize"
    return TrialScore(trial, {monitor: direction}, n_trainings=1).start_training()
