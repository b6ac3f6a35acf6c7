"""Large tables are kept in the cache as they were read."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...models.data_spec import DataSpec
from .data_error import file_state
from .parts import LoadedDataset, Part
from .sources.source import Source
from .tensor_cache import cache_path, read_cache_file, write_at_flush

MIN_CACHED_BYTES = 2**20
"""The smallest file that is cached; smaller ones are read faster than libraries are imported."""


def read_table_through_cache(
    source: Source, cache: Path | None, read: Callable[[], LoadedDataset]
) -> LoadedDataset:
    """Returns the cached content of a table, or the result of `read()` if it is not cached.

    A table is read again if its size or time has changed, with other options, and by another
    version of Latentune. If `cache` is None, nothing is cached.
    """
    state = file_state(source.name)
    if cache is None or state is None or state[0] < MIN_CACHED_BYTES:
        return read()
    path = cache_path(cache, "tables", repr(source), repr((state, version("latentune"))))
    content = read_cache_file(path)
    if content is not None:
        return _from_plain(content)
    dataset = read()
    write_at_flush(path, _to_plain(dataset))
    return dataset


def _to_plain(dataset: LoadedDataset) -> dict[str, Any]:
    """Returns a table as tensors and plain values, which are safe to unpickle."""
    return {
        "train": tuple(dataset.train),
        "test": tuple(dataset.test),
        "spec": dataset.spec.to_table(),
        "notes": dataset.notes,
    }


def _from_plain(content: dict[str, Any]) -> LoadedDataset:
    train, test = Part(*content["train"]), Part(*content["test"])
    spec, notes = DataSpec.from_table(content["spec"]), tuple(content["notes"])
    return LoadedDataset(train, test, spec, notes=notes)
