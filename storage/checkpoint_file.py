"""Checkpoints: a network's weights with the configuration that it was built from."""

import hashlib
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import pytorch_lightning as pl
import torch
from torch.serialization import safe_globals

from ..models.data_spec import DataSpec
from .atomic_write import atomic_file
from .input_limits import check_limits
from .runs_folder import MAX_CHECKPOINT_BYTES, check_regular_file
from .storage_error import StorageError

CONFIGURATION_KEY = "latentune"
ARCHITECTURE = "architecture"
"""What the configuration of an encoder has in place of all others, if others have trained it."""
CONFIGURATION_TYPES = {"study": str, "recipe": dict, "params": dict, "data": dict}
"""What each configuration holds, and of which type; that of a trial has its number too."""


def add_configuration(path: Path, configuration: Mapping[str, Any]) -> None:
    """Adds a configuration to a checkpoint of Lightning, so that the file alone is enough.

    Args:
        path: The checkpoint.
        configuration: What to add: strings, numbers, and lists and mappings of them.
    """
    with atomic_file(path) as partial:  # at once, or a kill would leave half of it
        torch.save(read_safely(path) | {CONFIGURATION_KEY: dict(configuration)}, partial)


def read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Reads a checkpoint onto the CPU, without running code that it may contain.

    Returns:
        The configuration and the weights by name.

    Raises:
        StorageError: If it is missing, broken or incomplete, holds more than data, or is not one
            of ours.
    """
    checkpoint = read_safely(path)
    configuration = _parse_configuration(checkpoint, path)
    if not isinstance(checkpoint.get("state_dict"), dict):
        raise StorageError(f"{path} is incomplete: it has no weights; train it anew")
    return configuration, checkpoint["state_dict"]


def read_configuration(path: Path) -> dict[str, Any]:
    """Reads the configuration of a checkpoint, without its weights.

    Raises:
        StorageError: As `read_checkpoint` does.
    """
    return _parse_configuration(read_safely(path, mapped=True), path)


def _parse_configuration(checkpoint: Any, path: Path) -> dict[str, Any]:
    if not isinstance(checkpoint, dict) or CONFIGURATION_KEY not in checkpoint:
        raise StorageError(f"{path} was not written by latentune train")
    configuration: dict[str, Any] = checkpoint[CONFIGURATION_KEY]
    check_limits(configuration, str(path))
    _check_complete(configuration, path)
    return configuration


def _check_complete(configuration: Any, path: Path) -> None:
    """Checks that a configuration has all its entries, and those of the encoder within it."""
    found = configuration if isinstance(configuration, dict) else {}
    if isinstance(found.get("input_shape"), list):  # of a time when there were images alone
        shape, classes = found.pop("input_shape"), found.pop("classes", [])
        found["data"] = {"kind": "image", "shape": shape, "classes": classes}
    of_head = {"encoder": dict} if "encoder" in found else {}
    for name, kind in (CONFIGURATION_TYPES | of_head).items():
        if not isinstance(found.get(name), kind):
            raise StorageError(f"{path} is incomplete: it has no {name}; train it anew")
    try:
        DataSpec.from_table(found["data"])
    except ValueError as error:
        raise StorageError(f"{path} is of data whose {error}; train it anew") from error
    if of_head and ARCHITECTURE not in found["encoder"]:
        _check_complete(found["encoder"], path)


def read_state_dict(path: Path) -> dict[str, torch.Tensor]:
    """Reads weights that any code has saved, without running code that may be in the file.

    Args:
        path: What `torch.save` made of a `state_dict`, or of a dictionary that holds one.

    Raises:
        StorageError: If it is missing or broken, or holds anything but weights.
    """
    found = read_safely(path)
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    if not isinstance(found, dict) or not all(isinstance(w, torch.Tensor) for w in found.values()):
        raise StorageError(f"{path} holds no weights: save the state_dict of a network")
    return {str(name): weights for name, weights in found.items()}


def file_hash(path: Path) -> str:
    """Returns what tells a checkpoint from any other: the start of its SHA-256.

    Raises:
        StorageError: If the file cannot be read.
    """
    try:
        with check_regular_file(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise StorageError(f"there is no checkpoint {path}") from error


def read_safely(path: Path, *, mapped: bool = False) -> Any:
    """Reads what `torch.save` wrote onto the CPU, without running code that it may contain.

    Args:
        path: The file.
        mapped: Whether tensors are read when they are used, from the file.

    Raises:
        StorageError: If it is missing or broken, or holds more than data.
    """
    check_regular_file(path)
    _check_unpacked_size(path)
    try:
        with warnings.catch_warnings(), safe_globals([DataSpec]):
            warnings.simplefilter("ignore")  # of what a foreign file may hold, which is refused
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except FileNotFoundError as error:
        raise StorageError(f"there is no checkpoint {path}") from error
    except Exception as error:  # torch raises half a dozen classes for files that it cannot read
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise StorageError(f"{path} is no checkpoint that can be read safely: {said}") from error


def _check_unpacked_size(path: Path) -> None:
    """Refuses what would fill the memory: torch packs weights into a zip, which may compress."""
    with suppress(OSError, BadZipFile), ZipFile(path) as packed:
        if sum(entry.file_size for entry in packed.infolist()) > MAX_CHECKPOINT_BYTES:
            raise StorageError(f"{path} is no checkpoint: unpacked, it would be too large for one")


def load_weights(
    model: pl.LightningModule, weights: Mapping[str, torch.Tensor], path: Path
) -> None:
    """Loads weights into the network that they were trained in.

    Raises:
        StorageError: If their names or shapes are those of another network.
    """
    try:
        model.load_state_dict(weights)
    except (RuntimeError, TypeError, AttributeError) as error:  # the last two of odd entries
        raise StorageError(
            f"{path} is a checkpoint of another model than {type(model).__name__}: "
            f"{str(error).splitlines()[-1].strip()}"
        ) from error
