"""A trained network with its configuration, the data of its study, and their latent codes."""

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from ...models.densities.density import Codes
from ...models.networks.standardize import cast_input
from ...models.roles import Encodes
from ...objectives.data.batches import Batches, evaluation_batch_size
from ...objectives.data.kept_codes import keep_codes
from ...objectives.data.parts import Part
from ...objectives.data.preparation.splits import PART_PURPOSES
from ...objectives.data.tensor_data import TensorData
from ...objectives.progress import progress
from ...storage.checkpoint_file import CheckpointHeader, file_hash, read_header
from ...storage.runs_folder import Runs
from ..study.build import build_spec, load_network
from ..study.checkpoint_lookup import find_checkpoint
from ..study.recipe import Recipe
from ..study.study_error import StudyError

PartName = Literal["train", "val", "test"]
PARTS: tuple[PartName, ...] = get_args(PartName)


@dataclass(frozen=True)
class TrainedNetwork:
    """A network that final training has saved.

    Attributes:
        model: The network.
        header: The header of its checkpoint, which has its configuration.
        path: The checkpoint.
        runs: The runs folder.
        data_dir: Folder of torchvision data; None for the one that the search used.
    """

    model: pl.LightningModule
    header: CheckpointHeader
    path: Path
    runs: Runs
    data_dir: str | Path | None = None

    @property
    def folder(self) -> Path:
        """The folder of the checkpoint."""
        return self.path.parent

    @property
    def encoder(self) -> Encodes:
        """The network; raises StudyError if it has no `encode`."""
        if not isinstance(self.model, Encodes):
            raise self.missing_method_error("encode()")
        return self.model

    @cached_property
    def data(self) -> Any:
        """The data module of the study. It is built at the first access."""
        recipe = Recipe.from_table(self.header.recipe.to_table(), self.runs).at(self.data_dir)
        data = build_spec(recipe, self.runs, self.header.encoder).objective.data()
        if isinstance(data, TensorData):
            data.cast_to_model(self.model)
        return data

    @property
    def tensor_data(self) -> TensorData:
        """The data module of the study; raises StudyError if it is not a `TensorData`."""
        if not isinstance(self.data, TensorData):
            raise StudyError(
                f"the study brings its own {type(self.data).__name__}: this needs a TensorData"
            )
        return self.data

    def part(self, name: PartName, seed: int | None = None) -> Part:
        """Returns the part `name` of the data. If `seed` is given, training items are shuffled."""
        part: Part = getattr(self.tensor_data.splits, name)
        if name == "train" and seed is not None:
            order = torch.randperm(len(part), generator=torch.Generator().manual_seed(seed))
            part = part.take(order.tolist())
        return part

    def codes(self, part: PartName, seed: int | None = None) -> tuple[Codes, Tensor | None]:
        """Returns the latent codes of a part, with shape (N, D), and the targets, with shape (N,).

        If the part has no targets, they are None. If `seed` is given, the training part is
        shuffled.
        """
        encoder = self.encoder
        batches = self.batches(part, seed)
        encoded, targets = [], []
        description = f"encoding the items to {PART_PURPOSES[part]}"
        with torch.inference_mode(), progress(description, len(batches)) as advance:
            for inputs, *others in batches:
                encoded.append(encode_items(encoder, inputs))
                targets += others[:1]
                advance(1)
        return to_finite_codes(torch.cat(encoded)), torch.cat(targets) if targets else None

    def kept_codes(self, part: PartName) -> Codes:
        """Returns the latent codes of a part of a `TensorData`, with shape (N, D), in its order.

        The codes are kept beside the checkpoint; see `keep_codes`.
        """
        encoder, data = self.encoder, self.tensor_data
        cache = self.path.with_name(f"codes-{file_hash(self.path)}-{data.fingerprint}")
        items = getattr(data.splits, part).inputs
        return to_finite_codes(
            keep_codes(cache, part, items, lambda: partial(encode_items, encoder))
        )

    def batches(self, part: PartName, seed: int | None = None) -> Any:
        """Returns the batches of a part.

        Those of a `TensorData` have each item once, without augmentation. Those of another data
        module come from its data loader.
        """
        if isinstance(self.data, TensorData):
            inputs, targets, *_ = self.part(part, seed)
            columns = (inputs,) if targets is None else (inputs, targets)
            return Batches(columns, evaluation_batch_size(inputs), shuffle=False)
        self.data.prepare_data()
        self.data.setup("test" if part == "test" else "fit")
        loader = getattr(self.data, f"{part}_dataloader")()
        with torch.random.fork_rng():
            torch.manual_seed(seed or 0)
            return list(loader)

    def missing_method_error(self, methods: str, purpose: str = "") -> StudyError:
        """Returns the error to raise if the network lacks `methods`, which `purpose` needs."""
        name = type(self.model).__name__
        return StudyError(f"{name} has no {methods}" + (f": {purpose}" if purpose else ""))


def load_trained_network(
    source: str | Path, runs: str | Path, data_dir: str | Path | None = None
) -> TrainedNetwork:
    """Loads the network of `source`: `STUDY`, `STUDY:17` or the path of a checkpoint."""
    place = Runs(Path(runs))
    path = find_checkpoint(source, place)
    model = load_network(path, place)
    return TrainedNetwork(model, read_header(path), path, place, data_dir)


def encode_items(model: Encodes, items: Tensor) -> Tensor:
    """Returns the latent codes, with shape (N, D), of items of shape (N, *data.shape)."""
    codes: object = model.encode(cast_input(model, items))
    if not isinstance(codes, Tensor):
        raise StudyError(
            f"encode() of the network returns a {type(codes).__name__}, not a tensor of codes"
        )
    return codes.flatten(1)


def to_finite_codes(codes: Tensor) -> Codes:
    """Returns codes as a float32 array; raises StudyError if a number is not finite."""
    array: Codes = codes.float().numpy()
    if not np.isfinite(array).all():
        raise StudyError("the network makes codes that are not finite: train another trial")
    return array
