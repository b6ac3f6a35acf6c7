"""Whether a .csv file is a table or a list of texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..parts import Dataset
from .frames import is_text, read_columns
from .tables import check_column, read_table
from .targets import few
from .texts import read_labelled

if TYPE_CHECKING:
    from pandas import DataFrame

TEXTS = {"text", "texts", "name", "names", "surname", "word", "sentence", "title", "message"}
"""What people call the column of texts, in lower case."""


def read_csv(path: Path, target: str | None, numbers: bool) -> Dataset:
    """Reads a file of columns as what its columns are.

    Args:
        path: The file.
        target: The column to be predicted, if it is not recognised.
        numbers: Whether targets are to be numbers.

    Raises:
        DataError: If it cannot be read, or what it holds is unclear.
    """
    columns = read_columns(path)
    if target is not None:
        check_column(columns.frame, target, path)
    text = _texts(columns.frame, target)
    if text is None:
        return read_table(columns, path, target, numbers)
    label = next((str(name) for name in columns.frame if name != text), None)
    return read_labelled(columns, text, path, label, numbers)


def _texts(frame: DataFrame, target: str | None) -> str | None:
    """Returns the column of texts, if there is one and at most one other, that of the labels.

    It has a name of `TEXTS`; or its texts are mostly different, and the labels are classes.
    """
    names = [str(name) for name in frame]
    distinct = {name: frame[name].nunique() for name in names}
    text = text_column(frame.drop(columns=[] if target is None else target))
    if len(names) > 2 or text is None:
        return None
    classes = all(few(distinct[name], len(frame)) for name in names if name != text)
    mostly = 2 * distinct[text] > len(frame)
    return text if text.lower() in TEXTS or (mostly and classes) else None


def text_column(frame: DataFrame) -> str | None:
    """Returns the column that holds texts, by its name or because most of them differ, if any."""
    texts = [str(name) for name in frame if is_text(frame[name])]
    key = {name: (name.lower() in TEXTS, frame[name].nunique()) for name in texts}
    return max(texts, key=lambda name: key[name], default=None)
