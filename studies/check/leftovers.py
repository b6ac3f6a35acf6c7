"""Trials left running by processes that died, and checkpoints of trials that need none."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from optuna.trial import FrozenTrial

from ...storage.database import stale_trials
from ...storage.database_urls import is_file
from ..search.trial_lease import requeue_dead_trials
from .checkup import Checkup
from .finding import Finding, count, some


def find_interrupted_trials(checkup: Checkup) -> Iterator[Finding]:
    """Finds running trials without a heartbeat; they go on where they were, in the next search."""
    for study in checkup.studies:
        dead = stale_trials(study, study.get_trials(deepcopy=False))
        if dead:
            numbers = some([trial.number for trial in dead])
            fixed = "`fix=` lets them wait again, and " if is_file(checkup.source) else ""
            yield Finding(
                "broken",
                f"{numbers} of {study.study_name} left running by a process that died",
                f"{fixed}the next search runs them",
                fix=partial(requeue_dead_trials, study),
            )


def find_unneeded_checkpoints(checkup: Checkup) -> Iterator[Finding]:
    """Finds what an unfinished trial would go on from, where the trial has finished or is gone."""
    known = {
        (study.study_name, str(trial.number)): trial
        for study in checkup.all_studies
        for trial in study.get_trials(deepcopy=False)
    }
    kept = sorted((checkup.runs.cache / "trials").glob("*/*.ckpt"))
    names = {study.study_name for study in checkup.studies}
    useless = [
        path
        for path in kept
        if (path.parent.name in names or (checkup.whole and not _is_known(path, known)))
        and not _needs(known.get((path.parent.name, path.stem)))
    ]
    if useless:
        yield Finding(
            "wasteful",
            f"{count(len(useless), 'checkpoint')} of trials that have finished or are gone",
            "`fix=` moves them to the backup",
            fix=partial(checkup.changes.removed.extend, useless),
        )


def _is_known(path: Path, known: dict[tuple[str, str], FrozenTrial]) -> bool:
    return any(study == path.parent.name for study, _ in known)


def _needs(trial: FrozenTrial | None) -> bool:
    return trial is not None and not trial.state.is_finished()
