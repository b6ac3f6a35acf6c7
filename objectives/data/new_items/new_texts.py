"""Reads new texts: given directly, one per line of a file, or in a column of a table."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pandas import DataFrame

from ..data_error import DataError
from ..sources.column_names import quote_some
from ..sources.header_row import TEXT_COLUMN_NAMES
from ..sources.plain_text import describe_dropped_letters, encode_texts
from ..sources.source import is_table
from ..sources.table_file import read_file_bytes
from ..sources.text_dataset import TEXT_SUFFIX, find_text_files, read_text_lines
from .new_items import (
    STANDARD_INPUT,
    NewItems,
    Preparation,
    read_standard_input_lines,
    resolve_paths,
)
from .new_rows import read_known_texts

log = logging.getLogger(__name__)


class _Texts(NamedTuple):
    """The texts of one input, the place of each text, and the other columns if it is a table."""

    texts: list[str]
    places: list[str]
    columns: DataFrame | None = None


def read_new_texts(inputs: Sequence[str], preparation: Preparation) -> list[NewItems]:
    """Returns the texts of all inputs as items; a text that cannot be read has a reason.

    An input is a .txt file with one text per line, a folder of such files, or a table with a
    column of texts. The input `-` stands for standard input with one text per line. Any other
    input is itself a text. The name of an item is its text.
    """
    found = [part for name in inputs for part in _find_texts(name, preparation)]
    texts = [text for part in found for text in part.texts]
    if not texts:
        raise DataError(f"{', '.join(inputs)} holds no texts")
    (length,) = preparation.spec.shape
    encoded = encode_texts(texts, preparation.spec.letters, length)
    if note := describe_dropped_letters(encoded):
        log.info("%s", note)
    names = [text.encode(errors="surrogatepass").decode(errors="replace") for text in texts]
    places = [place for part in found for place in part.places]
    tables = [pd.DataFrame(index=p.texts) if p.columns is None else p.columns for p in found]
    columns = pd.concat(tables, ignore_index=True)
    return [NewItems.from_tensor(names, encoded.rows, encoded.reasons, places, columns)]


def _find_texts(name: str, preparation: Preparation) -> Iterator[_Texts]:
    if name == STANDARD_INPUT:
        lines = dict(enumerate(read_standard_input_lines(), start=1))
        yield _texts_of_lines("standard input", lines)
    elif name.lower().endswith(TEXT_SUFFIX) or is_table(name):
        for path in map(Path, resolve_paths(name)):
            if is_table(str(path)):
                yield _texts_of_table(path, preparation)
            else:
                yield _texts_of_lines(str(path), read_text_lines(path))
    elif files := find_text_files(name):
        for path in files:
            yield _texts_of_lines(str(path), read_text_lines(path))
    else:
        yield _Texts([name], [""])


def _texts_of_lines(name: str, lines: Mapping[int, str]) -> _Texts:
    return _Texts(list(lines.values()), [f"{name}:{number}" for number in lines])


def _texts_of_table(path: Path, preparation: Preparation) -> _Texts:
    known = preparation.spec.columns
    texts, notes = read_known_texts(path, read_file_bytes(path), known, default_header="none")
    name = _choose_text_column(texts, [one.name for one in known if one.role == "texts"])
    if name is None:
        columns = quote_some(map(str, texts))
        raise DataError(f"{path} has no column of texts that training had: {columns}")
    for note in (*notes, f"the column {name!r} holds texts"):
        log.info("%s: %s", path, note)
    places = [f"{path} row {number}" for number in range(1, len(texts) + 1)]
    return _Texts(texts[name].tolist(), places, texts.drop(columns=name))


def _choose_text_column(texts: DataFrame, trained: Sequence[str]) -> str | None:
    """Returns the name of the column that most likely holds the texts.

    A column named in `trained` comes first, then a column with a usual name, then the column with
    the most distinct values.
    """
    columns = list(map(str, texts))
    known = [name for name in columns if name in trained]
    usual = [name for name in columns if name.lower() in TEXT_COLUMN_NAMES]
    if known or usual or len(columns) == 1:
        return (known or usual or columns)[0]
    distinct = {name: texts[name].nunique() for name in columns}
    return max(columns, key=lambda name: distinct[name], default=None)
