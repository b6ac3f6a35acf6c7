"""Checkpoints: the weights of a network, with a header from which the network is built."""

import hashlib
import json
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from pydantic import Field, field_validator

from ..models.data_spec import DataSpec
from .archive import ZIP_ERRORS
from .atomic_write import atomic_file
from .json_text import parse_json
from .record import Record, check_limits, validate
from .runs_folder import MAX_CHECKPOINT_BYTES, check_regular_file
from .storage_error import StorageError
from .study_record import RecipeTable
from .weights_check import holds_only_tensors

if TYPE_CHECKING:
    import pytorch_lightning as pl
    import torch

HEADER = "archive/latentune.json"
"""The name of the header in a checkpoint. A checkpoint is a zip file."""
MAX_HEADER_BYTES = 2**24


class AnomalyThreshold(Record):
    """The threshold above which a data item is an anomaly.

    The score of an item is the L2 norm of its reconstruction error.

    Attributes:
        quantile: Share of the validation items with a score below the threshold, from 0 to 1.
        threshold: The threshold for the score.
        items: Number of validation items.
    """

    quantile: float
    threshold: float
    items: int


class Calibration(Record):
    """The temperature that makes the probabilities of a classifier as large as it is often right.

    Attributes:
        temperature: The number above 0 by which logits are divided.
        items: Number of validation items that gave it.
    """

    temperature: float = Field(gt=0, allow_inf_nan=False)
    items: int


class CheckpointHeader(Record):
    """The facts that `train` writes into a checkpoint beside the weights.

    Attributes:
        study: Name of the study.
        trial: Number of the trial; None if the configuration belongs to no trial.
        recipe: The model, data and options of the study.
        params: The value of each parameter of the search space.
        data: The fields of the `DataSpec`.
        streamed: Whether images were read lazily, and therefore cropped to their centers.
        anomaly: The threshold for anomalies, if the network reconstructs its input.
        calibration: The temperature of a classifier.
        encoder: If the network was trained on an encoder: the header of the encoder's checkpoint,
            or the name of the encoder's architecture in torchvision.
    """

    study: str
    trial: int | None = None
    recipe: RecipeTable
    params: dict[str, Any]
    data: dict[str, Any]
    streamed: bool = False
    anomaly: AnomalyThreshold | None = None
    calibration: Calibration | None = None
    encoder: "CheckpointHeader | str | None" = None

    @field_validator("data")
    @classmethod
    def _check_data(cls, table: dict[str, Any]) -> dict[str, Any]:
        DataSpec.from_table(table)
        return table

    @property
    def data_spec(self) -> DataSpec:
        """The shape and kind of a data item, from `data`."""
        return DataSpec.from_table(self.data)


def write_header(path: Path, header: CheckpointHeader) -> None:
    """Adds a header to a checkpoint of Lightning, in place of an earlier header.

    The header is JSON, so no PyTorch is needed to read it:
    `unzip -p model.ckpt archive/latentune.json`.
    """
    with ZipFile(path) as old, atomic_file(path) as partial, ZipFile(partial, "x") as new:
        for entry in old.infolist():
            content = old.read(entry)
            # PyTorch needs one folder, and Lightning names it after a temporary file.
            entry.filename = f"archive/{entry.filename.partition('/')[2]}"
            if entry.filename != HEADER:
                new.writestr(entry, content)
        new.writestr(HEADER, json.dumps(header.to_table()))


def read_checkpoint(path: Path) -> tuple[CheckpointHeader, dict[str, "torch.Tensor"]]:
    """Returns the header and the weights of a checkpoint, without running code in the file.

    Raises:
        StorageError: If the file is missing, broken or incomplete, contains code, or was not
            written by `latentune train`.
    """
    checkpoint = read_safely(path)
    header = read_header(path)
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("state_dict"), dict):
        raise StorageError(f"{path} is incomplete: it has no weights; train it again")
    return header, checkpoint["state_dict"]


def check_checkpoint(path: Path) -> CheckpointHeader:
    """Returns the header of a checkpoint after checking the weights, mostly without PyTorch.

    Raises:
        StorageError: As `read_checkpoint`.
    """
    return read_header(path) if holds_only_tensors(path) else read_checkpoint(path)[0]


def read_header(path: Path) -> CheckpointHeader:
    """Returns the header of a checkpoint without its weights, and without importing PyTorch.

    Raises:
        StorageError: If the file is missing, or its header is missing or broken. The weights are
            not checked.
    """
    check_regular_file(path)
    _check_unpacked_size(path)
    try:
        with ZipFile(path) as packed:
            if packed.getinfo(HEADER).file_size > MAX_HEADER_BYTES:
                raise StorageError(f"{path} has a header that is too large")
            table = parse_json(packed.read(HEADER))
    except FileNotFoundError as error:
        raise StorageError(f"there is no checkpoint {path}") from error
    except KeyError as error:
        raise StorageError(f"{path} was not written by latentune train") from error
    except ZIP_ERRORS as error:
        raise _unsafe_error(path, error) from error
    check_limits(table, str(path))
    try:
        return validate(CheckpointHeader, table, f"{path} is incomplete")
    except StorageError as error:
        raise StorageError(f"{error}; train it again") from error


def read_state_dict(path: Path) -> dict[str, "torch.Tensor"]:
    """Returns the weights that `torch.save` wrote to a file, without running code in the file.

    The file holds a `state_dict`, or a dictionary with the entry `state_dict`. Any program may
    have written the file.

    Raises:
        StorageError: If the file is missing or broken, or holds anything but weights.
    """
    import torch

    found = read_safely(path)
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    if not isinstance(found, dict) or not all(isinstance(w, torch.Tensor) for w in found.values()):
        raise StorageError(f"{path} holds no weights: save the state_dict of a network")
    return {str(name): weights for name, weights in found.items()}


def file_hash(path: Path) -> str:
    """Returns the first 16 hexadecimal digits of the SHA-256 of a checkpoint.

    Raises:
        StorageError: If the file cannot be read.
    """
    try:
        with check_regular_file(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise StorageError(f"there is no checkpoint {path}") from error


def read_safely(path: Path) -> Any:
    """Returns the object that `torch.save` wrote to a file, without running code in the file.

    Tensors are loaded on the CPU.

    Raises:
        StorageError: If the file is missing or broken, or contains code.
    """
    import torch
    from torch.serialization import safe_globals

    check_regular_file(path)
    _check_unpacked_size(path)
    try:
        with warnings.catch_warnings(), safe_globals([DataSpec]):
            warnings.simplefilter("ignore")  # about content that is refused below
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise StorageError(f"there is no checkpoint {path}") from error
    except Exception as error:  # torch raises half a dozen classes for files that it cannot read
        raise _unsafe_error(path, error) from error


def _unsafe_error(path: Path, error: BaseException) -> StorageError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return StorageError(f"{path} is not a checkpoint that can be read safely: {reason}")


def _check_unpacked_size(path: Path) -> None:
    """Raises StorageError if a checkpoint is a compressed zip that would unpack to a huge size."""
    with suppress(OSError, BadZipFile), ZipFile(path) as packed:
        if sum(entry.file_size for entry in packed.infolist()) > MAX_CHECKPOINT_BYTES:
            raise StorageError(f"{path} is too large for a checkpoint when it is unpacked")


def load_weights(
    model: "pl.LightningModule", weights: Mapping[str, "torch.Tensor"], path: Path
) -> None:
    """Loads `weights` into `model`. `path` is the file of the weights, for error messages.

    Raises:
        StorageError: If the names or shapes of the weights do not fit the model.
    """
    try:
        model.load_state_dict(weights)
    except (RuntimeError, TypeError, AttributeError) as error:  # the last two for odd entries
        raise StorageError(
            f"{path} is a checkpoint of another model than {type(model).__name__}: "
            f"{str(error).splitlines()[-1].strip()}"
        ) from error
