"""Reads new items from memory: arrays, data frames, data sets and data modules."""

from pathlib import Path
from typing import Any

from ..data_error import DataError
from ..memory.collect_arrays import collect_arrays, is_data_module
from ..sources.array_file import check_array_items
from ..sources.frame_csv import as_pandas, frame_to_csv
from .new_arrays import prepare_array
from .new_items import NewItems, Preparation
from .new_rows import read_rows
from .new_texts import read_text_frame


def read_new_objects(data: Any, preparation: Preparation) -> list[NewItems]:
    """Returns the items of data in memory, in their order.

    A row of a frame is named by its index, and another item by its number. The labels of a pair or
    of a data set are ignored.

    Raises:
        DataError: If the data are of an unknown type, or their items do not fit the network.
    """
    if isinstance(data, tuple) and len(data) == 2:
        data = data[0]
    frame = as_pandas(data)
    if frame is not None:
        read = read_text_frame if preparation.spec.kind == "text" else read_rows
        items = read(Path("the frame"), frame_to_csv(frame), preparation)
        return [items.with_names(list(map(str, frame.index)))]
    if is_data_module(data):
        raise DataError(f"{type(data).__name__} has several parts: give the data set of one")
    kind, values = check_array_items(collect_arrays(data), "the array")
    items = prepare_array(kind, values, "the array", preparation)
    return [items.with_names(list(map(str, range(len(items)))))]
