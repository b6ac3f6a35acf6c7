"""Chooses the command to type after a verb that has used a trained network."""

from collections.abc import Callable, Sequence
from pathlib import Path

import optuna
import pytorch_lightning as pl
import torch

from ...models.data_spec import DataSpec
from ...models.networks.standardize import cast_input
from ...models.roles import Codec, Decodes, Encodes, HasPrior, Predicts, Reconstructs
from ...storage.checkpoint_file import read_header
from ...storage.database import database_exists, open_for_reading
from ...storage.runs_folder import Runs
from ..study.build import load_network
from ..study.checkpoint_lookup import find_checkpoint

SuitabilityTest = Callable[[pl.LightningModule, DataSpec], bool]

FILE = "FILE"
"""The word in a printed command that the user replaces by a file."""
NEXT_VERBS: dict[str, Sequence[str]] = {
    "train": ("sample", "predict", "map", "encode", "status"),
    "sample": ("dashboard", "interpolate", "map"),
    "interpolate": ("sample",),
    "map": ("interpolate", "dashboard", "encode"),
    "predict": ("encode", "status"),
    "encode": ("map", "predict"),
    "probe": ("map", "encode"),
    "traverse": ("interpolate", "sample"),
    "likelihood": ("sample",),
    "compress": ("encode",),
    "anomalies": ("predict",),
    "similar": ("map", "encode"),
    "compare": ("status",),
}
"""For each verb: the verbs that may come next, in the order of preference."""


def _can_sample(model: pl.LightningModule, data: DataSpec) -> bool:
    return isinstance(model, Decodes) and isinstance(model, Encodes | HasPrior)


SUITABILITY_TESTS: dict[str, SuitabilityTest] = {
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
"""For each verb: a function that returns True if the verb works with a network and its data."""


def next_network_command(verb: str, source: str, runs: Runs) -> list[str]:
    """Returns the words of the command to type after `verb`; empty if no verb fits.

    `source` is the argument of `verb`: `STUDY`, `STUDY:17` or the path of a checkpoint.
    """
    path = find_checkpoint(source, runs)
    data = read_header(path).data_spec
    try:
        model = load_network(path, runs)
    except ValueError:  # its module is not trusted here
        return []
    for other in NEXT_VERBS[verb]:
        if other in SUITABILITY_TESTS:
            if SUITABILITY_TESTS[other](model, data):
                return [other, source, *_missing_arguments(other)]
        elif database_exists(runs.database):
            return [other, *(_find_study_name(source, runs) if other == "status" else [])]
    return []


def _find_study_name(source: str, runs: Runs) -> list[str]:
    """Returns a list with the name in `STUDY:17`; an empty one if the database lacks the study."""
    name = source.partition(":")[0]
    return [name] if name in optuna.get_all_study_names(open_for_reading(runs.database)) else []


def _missing_arguments(verb: str) -> list[str]:
    """Returns the words that a command with this verb needs after the name of the network."""
    if verb == "encode":
        return [FILE, "--out", unused_file_name("codes.npz")]
    return [FILE] if verb == "predict" else []


def unused_file_name(name: str) -> str:
    """Returns `name` or, if such a file exists, a name with a number, such as `codes-2.npz`."""
    path, number = Path(name), 2
    while path.exists() or path.is_symlink():
        path, number = Path(name).with_stem(f"{Path(name).stem}-{number}"), number + 1
    return str(path)


def _code_length(model: Encodes, data: DataSpec) -> int:
    """Returns the length of a latent code; 0 if the network cannot encode zeros."""
    kind = torch.long if data.kind == "text" else torch.float32
    try:
        with torch.inference_mode():
            return model.encode(cast_input(model, torch.zeros(1, *data.shape, dtype=kind))).numel()
    except Exception:  # a network of a user may raise anything
        return 0
