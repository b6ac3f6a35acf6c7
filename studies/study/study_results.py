"""Writes the results of a study to files for people, whenever the trials have changed."""

import logging

import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState

from ...storage.best_toml import write_best_toml
from ...storage.runs_folder import Runs
from .pareto_choice import objective_names
from .study_error import StudyError
from .study_lookup import best_configuration

log = logging.getLogger(__name__)


def write_results(study: optuna.Study, runs: Runs) -> None:
    """Writes a study's best.toml; for several objectives, plots the Pareto front to front.png."""
    if len(study.directions) == 1:
        try:
            best = best_configuration(study)
        except StudyError as error:  # another program added the trial
            log.warning("no best.toml is written: %s", error)
            return
        write_best_toml(best, runs.best(study.study_name))
        return
    from ..display.plots.metric_plots import plot_pareto_front  # needs seaborn

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    plot_pareto_front(
        [trial.values for trial in complete],
        [trial.values for trial in study.best_trials],
        objective_names(study),
        runs.front(study.study_name),
        are_losses=[way == StudyDirection.MINIMIZE for way in study.directions],
    )
