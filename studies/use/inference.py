"""A trained network that is asked about new input; its checkpoint alone is enough."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import pandas as pd
import pytorch_lightning as pl
import torch
from torch import Tensor

from ...objectives.data.data_error import DataError
from ...objectives.data.new_items.new_items import NewItems, Preparation
from ...objectives.data.new_items.read_new_items import read_new_items
from ...objectives.progress import progress
from ...storage.checkpoint_file import read_checkpoint
from ...storage.runs_folder import Runs
from ..study.build import load_network
from ..study.checkpoint_lookup import find_checkpoint

Inputs = str | Path | Sequence[str | Path]
R = TypeVar("R")


@dataclass(frozen=True)
class InferenceResult(Generic[R]):
    """What a network said.

    Attributes:
        names: What each item is called.
        reasons: Why it could not be read, empty if it could.
        places: Where it stands, empty if its name says so.
        answers: What was said of each batch of those that could be read.
        columns: What else is known of each item; N rows.
    """

    names: list[str]
    reasons: list[str]
    places: list[str]
    answers: list[R]
    columns: pd.DataFrame

    @property
    def read(self) -> list[int]:
        """The places of the items that could be read, from 0."""
        return [place for place, reason in enumerate(self.reasons) if not reason]

    @property
    def unreadable(self) -> dict[str, str]:
        """Why other items could not be read, by their names or where they stand."""
        return {
            f"{place}: {name!r}" if place else name: reason
            for name, place, reason in zip(self.names, self.places, self.reasons, strict=True)
            if reason
        }


@dataclass(frozen=True)
class InferenceNetwork:
    """A network and what its checkpoint says of it.

    Attributes:
        model: The network, on the CPU and in eval mode.
        configuration: The configuration in its checkpoint.
    """

    model: pl.LightningModule
    configuration: Mapping[str, Any]

    @classmethod
    def load(cls, source: str | Path, runs: str | Path) -> "InferenceNetwork":
        """Loads the network that `STUDY`, `STUDY:17` or a path of a checkpoint names.

        Raises:
            StorageError: If it was not trained yet.
        """
        place = Runs(Path(runs))
        path = find_checkpoint(source, place)
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
        return read_new_items(list(map(str, given)), self.like)


def run_inference(items: Iterable[NewItems], answer: Callable[[Tensor], R]) -> InferenceResult[R]:
    """Lets a network answer for batches of new items.

    Args:
        items: The items, as `InferenceNetwork.read` found them.
        answer: Says something of a batch, with shape (n, *data.shape).

    Raises:
        DataError: If not one item could be read.
    """
    found = list(items)
    names: list[str] = []
    reasons: list[str] = []
    places = [place for one in found for place in one.places or [""] * len(one)]
    answers: list[R] = []
    total = sum(map(len, found))
    with torch.inference_mode(), progress("reading new input", total) as advance:
        for batch in (batch for one in found for batch in one.batches()):
            names += batch.names
            reasons += batch.reasons
            if len(batch.items):
                answers.append(answer(batch.items))
            advance(len(batch.names))
    frames = [pd.DataFrame(index=range(len(o))) if o.columns is None else o.columns for o in found]
    said = InferenceResult(names, reasons, places, answers, pd.concat(frames, ignore_index=True))
    if not answers:
        name, reason = next(iter(said.unreadable.items()))
        none_of = f"not one of {total:,} inputs can be read: " if total > 1 else ""
        raise DataError(f"{none_of}{name} {reason}")
    return said
