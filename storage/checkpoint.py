"""Checkpoints: a network's weights with the configuration that it was built from."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from .runs import StorageError, unwritable

KEY = "latentune"


def add_configuration(path: Path, configuration: Mapping[str, Any]) -> None:
    """Adds a configuration to a checkpoint of Lightning, so that the file alone is enough.

    Args:
        path: The checkpoint.
        configuration: What to add: strings, numbers, and lists and mappings of them.
    """
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    torch.save(checkpoint | {KEY: dict(configuration)}, path)


def read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Reads a checkpoint onto the CPU, without running code that it may contain.

    Returns:
        The configuration and the weights by name.

    Raises:
        StorageError: If it is missing, broken, holds more than data, or is not one of ours.
    """
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise StorageError(f"there is no checkpoint {path}") from error
    except Exception as error:  # torch raises half a dozen classes for files that it cannot read
        raise StorageError(
            f"{path} is no checkpoint that can be read safely: {str(error).splitlines()[0]}"
        ) from error
    if not isinstance(checkpoint, dict) or KEY not in checkpoint:
        raise StorageError(f"{path} was not written by latentune train")
    return checkpoint[KEY], checkpoint["state_dict"]


def write_weights(network: torch.nn.Module, path: Path) -> None:
    """Writes the weights of a network, at once or not at all; the folder is made.

    Raises:
        StorageError: If the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        torch.save(network.state_dict(), partial)
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:
        raise unwritable(path, error) from error


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Reads what `write_weights` wrote, without running code that it may contain.

    Raises:
        StorageError: If the file is broken or holds more than tensors.
    """
    try:
        weights: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen classes for files that it cannot read
        raise StorageError(
            f"{path} cannot be read safely; delete it, and it is made anew"
        ) from error
    return weights


def file_hash(path: Path) -> str:
    """Returns what tells a checkpoint from any other: the start of its SHA-256.

    Raises:
        StorageError: If the file cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise StorageError(f"there is no checkpoint {path}") from error


def load_weights(
    model: pl.LightningModule, weights: Mapping[str, torch.Tensor], path: Path
) -> None:
    """Loads weights into the network that they were trained in.

    Raises:
        StorageError: If their names or shapes are those of another network.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise StorageError(
            f"{path} is a checkpoint of another model than {type(model).__name__}: "
            f"{str(error).splitlines()[1].strip()}"
        ) from error
