"""Reads new texts: given directly, one per line of a file, or in a column of a table."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pandas import DataFrame

from ....models.data_spec import Column
from ..data_error import DataError
from ..sources.column_names import normalize_label, quote_some
from ..sources.header_row import TEXT_COLUMN_NAMES
from ..sources.number_format import are_plain_numbers
from ..sources.plain_text import describe_dropped_letters, encode_texts
from ..sources.source import is_table
from ..sources.table_file import read_file_bytes
from ..sources.text_dataset import TEXT_SUFFIX, find_text_files, read_text_lines
from .new_items import (
    STANDARD_INPUT,
    NewItems,
    Preparation,
    read_standard_input,
    resolve_paths,
    split_lines,
)
from .new_rows import read_known_texts

CELL_ENDS = re.compile(r'"?[,;\t|]"?')

log = logging.getLogger(__name__)


class _Texts(NamedTuple):
    """The texts of one input, the place of each text, and the other columns if it is a table."""

    texts: list[str]
    places: list[str]
    columns: DataFrame | None = None


def read_new_texts(inputs: Sequence[str], preparation: Preparation) -> list[NewItems]:
    """Returns the texts of all inputs as items; a text that cannot be read has a reason.

    An input is a .txt file with one text per line, a folder of such files, or a table with a
    column of texts. The input `-` stands for standard input: one text per line, or a CSV file
    whose first line names the column of texts as training did. Any other input is itself a text.
    The name of an item is its text.
    """
    known = preparation.spec.columns
    found = [part for name in inputs for part in _find_texts(name, known)]
    if not any(part.texts for part in found):
        raise DataError(f"{', '.join(inputs)} holds no texts")
    return [_encode(found, preparation)]


def read_text_frame(path: Path, raw: bytes, preparation: Preparation) -> NewItems:
    """Returns the texts of a frame, which is given as the CSV file `raw` with names of columns."""
    return _encode([_texts_of_table(path, raw, preparation.spec.columns, "first")], preparation)


def _encode(found: Sequence[_Texts], preparation: Preparation) -> NewItems:
    texts = [text for part in found for text in part.texts]
    (length,) = preparation.spec.shape
    encoded = encode_texts(texts, preparation.spec.letters, length)
    if note := describe_dropped_letters(encoded):
        log.info("%s", note)
    names = [text.encode(errors="surrogatepass").decode(errors="replace") for text in texts]
    places = [place for part in found for place in part.places]
    tables = [pd.DataFrame(index=p.texts) if p.columns is None else p.columns for p in found]
    columns = pd.concat(tables, ignore_index=True)
    return NewItems.from_tensor(names, encoded.rows, encoded.reasons, places, columns)


def _find_texts(name: str, known: Sequence[Column]) -> Iterator[_Texts]:
    if name == STANDARD_INPUT:
        raw = read_standard_input()
        lines = dict(enumerate(split_lines(raw), start=1))
        if {column.name for column in known} & set(map(normalize_label, _cells(lines[1]))):
            yield _texts_of_table(Path("standard input"), raw, known)
        else:
            yield _texts_of_lines("standard input", lines)
    elif name.lower().endswith(TEXT_SUFFIX) or is_table(name):
        for path in map(Path, resolve_paths(name)):
            if is_table(str(path)):
                yield _texts_of_table(path, read_file_bytes(path), known)
            else:
                yield _texts_of_lines(str(path), read_text_lines(path))
    elif files := find_text_files(name):
        for path in files:
            yield _texts_of_lines(str(path), read_text_lines(path))
    else:
        yield _Texts([name], [""])


def _texts_of_lines(name: str, lines: Mapping[int, str]) -> _Texts:
    return _Texts(list(lines.values()), [f"{name}:{number}" for number in lines])


def _cells(line: str) -> list[str]:
    return CELL_ENDS.split(line.strip('"'))


def _texts_of_table(
    path: Path, raw: bytes, known: Sequence[Column], default_header: str = "none"
) -> _Texts:
    texts, notes = read_known_texts(path, raw, known, default_header)
    name = _choose_text_column(texts, known, path)
    for note in (*notes, f"the column {name!r} holds texts"):
        log.info("%s: %s", path, note)
    places = [f"{path} row {number}" for number in range(1, len(texts) + 1)]
    return _Texts(texts[name].tolist(), places, texts.drop(columns=name))


def _choose_text_column(texts: DataFrame, known: Sequence[Column], path: Path) -> str:
    """Returns the name of the column that holds the texts.

    It is the column of this name in training, or else the only column with a usual name, the only
    one that has not held targets in training, or the only one of these with words.

    Raises:
        DataError: If no column or several columns may hold the texts.
    """
    trained = [column.name for column in known if column.role == "texts"]
    targets = [column.name for column in known if column.role == "target"]
    names = [name for name in map(str, texts) if name not in targets]
    usual = [name for name in names if name.lower() in TEXT_COLUMN_NAMES]
    words = [name for name in names if not are_plain_numbers(texts[name].tolist())]
    for found in ([name for name in names if name in trained], usual, names, words):
        if len(found) == 1:
            return found[0]
    wanted = (trained or ["text"])[0]
    raise DataError(
        f"{path} has no column {wanted!r}, and its texts may be in any of "
        f"{quote_some(words or map(str, texts))}: call the right one {wanted!r}"
    )
