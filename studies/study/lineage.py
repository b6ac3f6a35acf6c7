"""The origins of a study: the study of its encoder, studies of its trials, and an archive."""

from collections import Counter
from pathlib import Path

import optuna

from ...storage.checkpoint_file import file_hash, read_header
from ...storage.runs_folder import Runs
from ...storage.storage_error import StorageError
from ...storage.study_record import EncoderSource, read_study_record
from ...storage.trial_record import read_trial_record
from .recipe import Recipe


def find_encoder_source(recipe: Recipe, runs: Runs) -> EncoderSource:
    """Returns the source of the encoder of a recipe: study, trial, checkpoint and hash."""
    assert recipe.encoder is not None
    assert recipe.encoder_hash is not None
    header = read_header(Path(recipe.encoder))
    return EncoderSource(
        study=header.study,
        trial=header.trial,
        checkpoint=runs.inside(Path(recipe.encoder)),
        hash=recipe.encoder_hash,
    )


def is_stale(study: optuna.Study, runs: Runs) -> bool:
    """Returns True if the encoder of a study was deleted or trained again since."""
    source = read_study_record(study).encoder_source
    if source is None:
        return False
    try:
        return file_hash(runs.resolve(source.checkpoint)) != source.hash
    except StorageError:
        return True


def describe_origins(study: optuna.Study) -> list[str]:
    """Returns a line for the archive and for each study that the trials of a study came from."""
    lines = []
    if imported := read_study_record(study).imported:
        lines.append(f"imported on {imported.at[:10]}, where it was called {imported.study}")
    origins = [read_trial_record(trial).origin for trial in study.get_trials(deepcopy=False)]
    counts = Counter(origin.study for origin in origins if origin is not None)
    return lines + [f"{n} of its trials came from {name}" for name, n in counts.items()]
