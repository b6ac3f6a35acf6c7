"""NewItems: new input of a trained network, with names, which is prepared one batch at a time."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from glob import glob
from typing import NamedTuple, Self

from pandas import DataFrame
from torch import Tensor

from ....models.data_spec import DataSpec
from ....models.pixels import to_float
from ....storage.checkpoint_file import CheckpointHeader
from ..batches import evaluation_batch_size, prefetch
from ..data_error import MAX_FILE_BYTES, DataError, check_input_size
from ..parts import Items

STANDARD_INPUT = "-"
GLOB_CHARACTERS = frozenset("*?[")


@dataclass(frozen=True)
class Preparation:
    """How the training data of a network was prepared.

    Attributes:
        spec: The shape and kind of an item.
        image_size: The side that images were scaled to, if the user had chosen one.
        streamed: Whether training images were decoded on demand as center crops; see `LazyImages`.
    """

    spec: DataSpec
    image_size: int | None = None
    streamed: bool = False

    @classmethod
    def of(cls, header: CheckpointHeader) -> Self:
        """Returns the preparation that the header of a checkpoint describes."""
        return cls(header.data_spec, header.recipe.image_size, header.streamed)


class PreparedBatch(NamedTuple):
    """A batch of new items.

    Attributes:
        names: The name of each item: its path, its row, or the text itself.
        items: The prepared readable items, with shape (n, *shape). Unreadable items are missing
            here.
        reasons: For each item of `names`, why it cannot be read; empty if it can be read.
    """

    names: list[str]
    items: Tensor
    reasons: list[str]


@dataclass(frozen=True)
class NewItems:
    """New items from one source.

    Attributes:
        names: The name of each item.
        read: A function that takes a slice, and returns these items as a batch.
        batch_size: Number of items in a batch.
        places: The file and row that each item comes from; empty if the names tell it.
        columns: Other columns of the items, such as an id, with one row per item.
    """

    names: Sequence[str]
    read: Callable[[slice], PreparedBatch]
    batch_size: int
    places: Sequence[str] = ()
    columns: DataFrame | None = None

    @classmethod
    def from_tensor(
        cls,
        names: Sequence[str],
        items: Items,
        reasons: Sequence[str] | None = None,
        places: Sequence[str] = (),
        columns: DataFrame | None = None,
    ) -> Self:
        """Returns NewItems of prepared items (N, *shape); unreadable items may have any values."""
        all_reasons = [""] * len(names) if reasons is None else list(reasons)

        def read(chunk: slice) -> PreparedBatch:
            batch, batch_reasons = items[chunk], all_reasons[chunk]
            if any(batch_reasons):
                batch = batch[[i for i, reason in enumerate(batch_reasons) if not reason]]
            return PreparedBatch(list(names[chunk]), to_float(batch), batch_reasons)

        return cls(names, read, evaluation_batch_size(items), places, columns)

    def __len__(self) -> int:
        return len(self.names)

    def with_names(self, names: Sequence[str]) -> Self:
        """Returns the same items with other names."""

        def read(chunk: slice) -> PreparedBatch:
            return self.read(chunk)._replace(names=list(names[chunk]))

        return replace(self, names=names, read=read)

    def batches(self) -> Iterator[PreparedBatch]:
        """Yields all batches; meanwhile, a thread prepares the next batch."""
        starts = range(0, len(self), self.batch_size)
        return prefetch(self.read, [slice(start, start + self.batch_size) for start in starts])


def resolve_paths(path: str) -> list[str]:
    """Returns all matches if `path` is a glob, otherwise only `path` itself.

    The path may be `-`, which stands for standard input.
    """
    if path == STANDARD_INPUT or os.path.exists(path):
        return [path]
    if GLOB_CHARACTERS & set(path):
        if matches := sorted(glob(path, recursive=True)):
            return matches
        raise DataError(f"no file matches {path!r}")
    nearest = _nearest_path(path)
    hint = "" if nearest is None else f"; did you mean {nearest!r}?"
    raise DataError(f"there is no file or folder {path!r}{hint}")


def to_printable(path: str) -> str:
    """Returns a path as printable text; bytes that are not UTF-8 are replaced."""
    return os.fsencode(path).decode(errors="replace")


def read_standard_input() -> bytes:
    """Returns the content of standard input."""
    is_open = sys.stdin is not None
    raw = sys.stdin.buffer.read(MAX_FILE_BYTES["text"] + 1) if is_open else b""
    check_input_size("standard input", len(raw), "text")
    if not raw.strip():
        raise DataError("standard input is empty")
    return raw


def split_lines(raw: bytes) -> list[str]:
    """Returns the nonblank lines of standard input, given its content."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("standard input is not a text in UTF-8") from error
    return [line.strip() for line in text.split("\n") if line.strip()]


def _nearest_path(path: str) -> str | None:
    folder, name = os.path.split(path)
    if folder and not os.path.isdir(folder):
        nearest = _nearest_path(folder)
        if nearest is None or os.path.exists(os.path.join(nearest, name)):
            return nearest and os.path.join(nearest, name)
        folder = nearest
    try:
        close = get_close_matches(name, os.listdir(folder or "."), n=1)
    except OSError:
        return None
    return os.path.join(folder, close[0]) if close else None
