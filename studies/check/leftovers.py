"""Leftovers of trials: RUNNING trials of dead processes, and checkpoints that no trial needs."""

from collections.abc import Iterator
from functools import partial

import optuna

from ...storage.database_urls import is_file
from ...storage.heartbeats import stale_trials
from .checkup import Checkup
from .finding import Finding, count, list_trials


def find_interrupted_trials(checkup: Checkup) -> Iterator[Finding]:
    """Finds RUNNING trials without a heartbeat, which the next search continues."""
    for study in checkup.studies:
        dead = stale_trials(study, study.get_trials(deepcopy=False))
        if dead:
            numbers = list_trials([trial.number for trial in dead])
            fixed = "`fix=` requeues them, and " if is_file(checkup.source) else ""
            yield Finding(
                "broken",
                f"{numbers} of {study.study_name} left running by a process that died",
                f"{fixed}the next search runs them",
                fix=partial(_requeue, study),
            )


def _requeue(study: optuna.Study) -> None:
    from ..search.trial_lease import requeue_dead_trials

    requeue_dead_trials(study)


def find_unneeded_checkpoints(checkup: Checkup) -> Iterator[Finding]:
    """Finds checkpoints of the last epochs of trials that have finished or do not exist."""
    states = {
        study.study_name: {str(t.number): t.state for t in study.get_trials(deepcopy=False)}
        for study in checkup.all_studies
    }
    names = {study.study_name for study in checkup.studies}
    unneeded = []
    for path in sorted((checkup.runs.cache / "trials").glob("*/*.ckpt")):
        name = path.parent.name
        is_examined = name in names or (checkup.covers_runs_folder and name not in states)
        state = states.get(name, {}).get(path.stem)
        if is_examined and (state is None or state.is_finished()):
            unneeded.append(path)
    if unneeded:
        yield Finding(
            "wasteful",
            f"{count(len(unneeded), 'checkpoint')} of trials that have finished or do not exist",
            "`fix=` moves them to the backup",
            fix=partial(checkup.changes.removed.extend, unneeded),
        )
