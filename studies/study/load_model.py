"""The function `load_model`: it loads a trained network by the name of its study."""

from pathlib import Path

import pytorch_lightning as pl

from ...storage.runs_folder import Runs
from .build import load_network
from .checkpoint_lookup import find_checkpoint
from .defaults import RUNS
from .public_api import public_api


@public_api
def load_model(source: str | Path, runs: str | Path = RUNS) -> pl.LightningModule:
    """Returns a network that `train` has trained, on the CPU and in eval mode.

    Args:
        source: `STUDY`, `STUDY:17`, or path of a model.ckpt.
        runs: The folder with all studies.

    Raises:
        StorageError: If there is no such checkpoint, or its weights do not fit the model.
        SpaceError: If the configuration of the network is no longer in the search space.

    Example:
        >>> model = latentune.load_model("conv-ae-digits")
        >>> images = latentune.TensorData("digits").splits.test.inputs
        >>> len(model.encode(images))
        359
    """
    place = Runs(Path(runs))
    return load_network(find_checkpoint(source, place), place)
