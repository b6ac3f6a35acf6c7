"""A trained network with the data that it was trained on, and the codes that it makes of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from ...models.densities.kde import Codes
from ...models.networks.standardize import cast_input
from ...models.roles import Encodes
from ...objectives.data.batches import Batches, evaluation_batch_size
from ...objectives.data.parts import Part
from ...objectives.data.preparation.splits import PART_PURPOSES
from ...objectives.data.tensor_data import TensorData
from ...objectives.progress import progress
from ...storage.checkpoint_file import read_checkpoint
from ...storage.runs_folder import Runs
from ..study.build import build_spec, load_network
from ..study.checkpoint_lookup import find_checkpoint
from ..study.recipe import Recipe
from ..study.study_error import StudyError

PartName = Literal["train", "val", "test"]


@dataclass(frozen=True)
class TrainedNetwork:
    """What final training left.

    Attributes:
        model: The network, on the CPU and in eval mode.
        data: The data module of its study; the items, for a head on codes.
        folder: The folder of the final training.
    """

    model: pl.LightningModule
    data: Any
    folder: Path

    @property
    def items(self) -> TensorData:
        """The data, where each item of each part can be asked for.

        Raises:
            StudyError: If the study brings a data module of its own.
        """
        if not isinstance(self.data, TensorData):
            kind = type(self.data).__name__
            raise StudyError(f"the study brings a {kind} of its own: no TensorData to look into")
        return self.data

    def part(self, name: PartName, seed: int | None = None) -> Part:
        """Returns the items of a part, those of training in an order drawn by the seed, if any.

        Raises:
            StudyError: If the study brings a data module of its own.
        """
        whole: Part = getattr(self.items.splits, name)
        if name == "train" and seed is not None:
            order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(seed))
            whole = whole.take(order.tolist())
        return whole

    def _batches(self, part: PartName, seed: int | None) -> Any:
        """Returns the batches of a part, those of training in an order drawn by a seed, if any."""
        if isinstance(self.data, TensorData):  # each item once, and as it is
            inputs, targets, _ = self.part(part, seed)
            columns = (inputs,) if targets is None else (inputs, targets)
            return Batches(columns, evaluation_batch_size(inputs), shuffle=False)
        self.data.prepare_data()
        self.data.setup("test" if part == "test" else "fit")
        loader = getattr(self.data, f"{part}_dataloader")()
        with torch.random.fork_rng():
            torch.manual_seed(seed or 0)
            return list(loader)

    def codes(self, part: PartName, seed: int | None = None) -> tuple[Codes, Tensor | None]:
        """Returns codes of a part, with shape (N, D), and labels, with shape (N,), if any.

        Those of training come in an order drawn by the seed; without one, in that of the items.

        Raises:
            StudyError: If the model has no `encode`, or its codes are no numbers.
        """
        if not isinstance(self.model, Encodes):
            raise StudyError(f"a {type(self.model).__name__} has no encode")
        model = self.model
        batches = self._batches(part, seed)
        found, labels = [], []
        items = f"encoding the items to {PART_PURPOSES[part]}"
        with torch.inference_mode(), progress(items, len(batches)) as advance:
            for inputs, *others in batches:
                found.append(encode_items(model, inputs))
                labels += others[:1]
                advance(1)
        whole: Codes = torch.cat(found).numpy()
        if not np.isfinite(whole).all():
            raise StudyError("the network makes codes that are no numbers: train another trial")
        return whole, torch.cat(labels) if labels else None


def encode_items(model: Encodes, items: Tensor) -> Tensor:
    """Maps items, with shape (N, *data.shape), to codes, with shape (N, D).

    Raises:
        StudyError: If the model makes something else.
    """
    codes: object = model.encode(cast_input(model, items))
    if not isinstance(codes, Tensor):
        raise StudyError(f"its encode returns a {type(codes).__name__}, not a tensor of codes")
    return codes.flatten(1)


def load_trained_network(source: str, runs: str | Path, data_dir: str | None) -> TrainedNetwork:
    """Loads the network that `STUDY`, `STUDY:17` or a checkpoint names, with its data.

    Raises:
        StorageError: If it was not trained yet.
        DataError: If the data is missing or broken.
    """
    place = Runs(Path(runs))
    path = find_checkpoint(source, place)
    model = load_network(path, place)
    configuration, _ = read_checkpoint(path)
    recipe = Recipe.from_table(configuration["recipe"], place).at(data_dir)
    spec = build_spec(recipe, place, configuration.get("encoder"))
    data = spec.objective.data()
    if isinstance(data, TensorData):
        data.cast_to_model(model)
    return TrainedNetwork(model, data, path.parent)
