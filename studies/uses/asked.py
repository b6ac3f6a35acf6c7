"""A trained network that is asked about new input; its checkpoint alone is enough."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytorch_lightning as pl
import torch
from torch import Tensor

from ...objectives.data.errors import DataError
from ...objectives.data.new.inputs import read_inputs
from ...objectives.data.new.items import NewItems, Preparation
from ...objectives.progress import progress
from ...storage.checkpoint import read_checkpoint
from ...storage.runs import Runs
from ..checkpoint_lookup import checkpoint_of
from ..making import load_network

Inputs = str | Path | Sequence[str | Path]
R = TypeVar("R")


@dataclass(frozen=True)
class Answers(Generic[R]):
    """What a network said.

    Attributes:
        names: What each item is called.
        answers: What was said of each batch of them.
        unread: Why other items could not be read, by their names.
    """

    names: list[str]
    answers: list[R]
    unread: dict[str, str]


@dataclass(frozen=True)
class Asked:
    """A network and what its checkpoint says of it.

    Attributes:
        model: The network, on the CPU and in eval mode.
        configuration: The configuration in its checkpoint.
    """

    model: pl.LightningModule
    configuration: Mapping[str, Any]

    @classmethod
    def load(cls, source: str | Path, runs: str | Path) -> "Asked":
        """Loads the network that `STUDY`, `STUDY:17` or a path of a checkpoint names.

        Raises:
            StorageError: If it was not trained yet.
        """
        place = Runs(Path(runs))
        path = checkpoint_of(source, place)
        return cls(load_network(path, place), read_checkpoint(path)[0])

    @property
    def like(self) -> Preparation:
        """How the items of training were prepared."""
        return Preparation.of(self.configuration)

    def read(self, inputs: Inputs) -> list[NewItems]:
        """Finds new items, to be prepared as those of training were.

        Raises:
            DataError: If they are missing, broken or of another kind.
        """
        given = [inputs] if isinstance(inputs, str | Path) else inputs
        return read_inputs(list(map(str, given)), self.like)


def ask(items: Iterable[NewItems], answer: Callable[[Tensor], R]) -> Answers[R]:
    """Lets a network answer for batches of new items.

    Args:
        items: The items, as `Asked.read` found them.
        answer: Says something of a batch, with shape (n, *data.shape).

    Raises:
        DataError: If not one item could be read.
    """
    found = list(items)
    said: Answers[R] = Answers([], [], {})
    total = sum(map(len, found))
    with torch.inference_mode(), progress("reading new input", total) as advance:
        for batch in (batch for one in found for batch in one.batches()):
            said.unread.update(batch.unread)
            said.names.extend(batch.names)
            if batch.names:
                said.answers.append(answer(batch.items))
            advance(len(batch.names) + len(batch.unread))
    if not said.names:
        path, reason = next(iter(said.unread.items()))
        none_of = f"not one of {total:,} images can be read: " if total > 1 else ""
        raise DataError(f"{none_of}{path} {reason}")
    return said
