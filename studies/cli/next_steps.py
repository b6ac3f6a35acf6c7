"""What can be done next: with a trained network, by what it can do, and with a study."""

from collections.abc import Callable, Sequence
from pathlib import Path

import optuna
import pytorch_lightning as pl
import torch
from optuna.trial import TrialState

from ...models.data_spec import DataSpec
from ...models.networks.standardize import cast_input
from ...models.roles import Codec, Decodes, Encodes, HasPrior, Predicts, Reconstructs
from ...storage.checkpoint_file import read_checkpoint
from ...storage.database import database_exists, open_database
from ...storage.runs_folder import Runs
from ..study.build import load_network
from ..study.checkpoint_lookup import find_checkpoint
from ..study.pareto_choice import KNEE

Suits = Callable[[pl.LightningModule, DataSpec], bool]

FILE = "FILE"
"""What stands for new input, which nobody but the user knows."""
NEXT_VERBS: dict[str, Sequence[str]] = {
    "train": ("sample", "predict", "map", "encode", "status"),
    "sample": ("dashboard", "interpolate", "map"),
    "interpolate": ("sample",),
    "map": ("interpolate", "dashboard", "encode"),
    "predict": ("encode", "status"),
    "encode": ("map", "predict"),
    "probe": ("map", "encode"),
    "compress": ("encode",),
    "anomalies": ("predict",),
    "compare": ("status",),
}
"""The verbs that may follow each, the best one first."""


def _can_sample(model: pl.LightningModule, data: DataSpec) -> bool:
    return isinstance(model, Decodes) and isinstance(model, Encodes | HasPrior)


SUITABLE: dict[str, Suits] = {
    "sample": _can_sample,
    "interpolate": lambda model, data: _can_sample(model, data) and data.kind == "image",
    "map": lambda model, data: isinstance(model, Encodes) and _code_length(model, data) > 1,
    "encode": lambda model, data: isinstance(model, Encodes),
    "compress": lambda model, data: isinstance(model, Codec) and data.kind != "text",
    "predict": lambda model, data: (
        isinstance(model, Predicts | Reconstructs)
        or (isinstance(model, Encodes) and bool(data.classes))
    ),
}
"""Which networks each verb is for, and data of which kind; the verbs refuse all others."""


def next_network_command(verb: str, source: str, runs: Runs) -> list[str]:
    """Returns the words of a command that goes on with a trained network; none if none does.

    Args:
        verb: The verb that has just been used on it.
        source: `STUDY`, `STUDY:17` or path of a checkpoint.
        runs: The runs folder.
    """
    path = find_checkpoint(source, runs)
    data = DataSpec.from_table(read_checkpoint(path)[0]["data"])
    try:
        model = load_network(path, runs)
    except ValueError:  # of a module that nobody has allowed here, as of a study elsewhere
        return []
    for other in NEXT_VERBS[verb]:
        if other in SUITABLE:
            if SUITABLE[other](model, data):
                return [other, source, *_missing_arguments(other)]
        elif database_exists(runs.database):
            return [other, *(_study(source, runs) if other == "status" else [])]
    return []


def next_study_command(study: optuna.Study) -> list[str]:
    """Returns the words of a command that goes on with what a search has found."""
    name = study.study_name
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return ["doctor", name]
    if len(study.directions) > 1:
        return ["best", name, "--prefer", KNEE]
    return ["train", name]


def _study(source: str, runs: Runs) -> list[str]:
    """Returns the name of the study that a network is of, if the database has it."""
    name = source.partition(":")[0]
    return [name] if name in optuna.get_all_study_names(open_database(runs.database)) else []


def _missing_arguments(verb: str) -> list[str]:
    """Returns the words that a verb needs behind the name of a network."""
    if verb == "encode":
        return [FILE, "--out", unused_file_name("codes.npz")]
    return [FILE] if verb == "predict" else []


def unused_file_name(name: str) -> str:
    """Returns a name that no file of the working folder has: the given one, or with a number."""
    path, number = Path(name), 2
    while path.exists() or path.is_symlink():
        path, number = Path(name).with_stem(f"{Path(name).stem}-{number}"), number + 1
    return str(path)


def _code_length(model: Encodes, data: DataSpec) -> int:
    """Returns how long a code is; 0 if the network encodes nothing that is all zeros."""
    kind = torch.long if data.kind == "text" else torch.float32
    try:
        with torch.inference_mode():
            return model.encode(cast_input(model, torch.zeros(1, *data.shape, dtype=kind))).numel()
    except Exception:  # of a stranger's network
        return 0
