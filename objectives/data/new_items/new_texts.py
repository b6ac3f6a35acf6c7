"""New texts: typed in, a line of a file each, or a column of a table."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from ..data_error import DataError
from ..sources.column_names import quote_some
from ..sources.file_types import is_table
from ..sources.header_row import TEXT_COLUMN_NAMES
from ..sources.plain_text import describe_dropped_letters, encode_texts
from ..sources.text_dataset import TEXT_SUFFIX, holds_text_files, read_text_lines
from ..sources.typed_columns import read_file_bytes
from .input_paths import STANDARD_INPUT, read_standard_input_lines, resolve_paths
from .known_columns import read_known_texts
from .new_items import NewItems, Preparation

if TYPE_CHECKING:
    from pandas import DataFrame

log = logging.getLogger(__name__)


class _FoundTexts(NamedTuple):
    """Some texts.

    Attributes:
        texts: The texts, as they are written.
        places: Where each stands; nothing of those that were typed in.
        columns: What else a table says of each; N rows.
    """

    texts: list[str]
    places: list[str]
    columns: DataFrame | None = None


def read_new_texts(given: Sequence[str], preparation: Preparation) -> list[NewItems]:
    """Reads texts; each is called by itself. Those that cannot be read have a reason.

    Args:
        given: .txt files with a text a line, folders of them, .csv and .tsv files with a column of
            texts, or `-` for a text a line on standard input; anything else is a text itself.
        preparation: How the texts of training were prepared.

    Raises:
        DataError: If a file is missing or cannot be read, or holds no column of texts.
    """
    found = [some for one in given for some in _find_texts(one, preparation)]
    texts = [text for some in found for text in some.texts]
    if not texts:
        raise DataError(f"{', '.join(given)} holds no texts")
    (length,) = preparation.spec.shape
    read = encode_texts(texts, preparation.spec.letters, length)
    if line := describe_dropped_letters(read):
        log.info("%s", line)
    names = [text.encode(errors="surrogatepass").decode(errors="replace") for text in texts]
    places = [place for some in found for place in some.places]
    tables = [pd.DataFrame(index=s.texts) if s.columns is None else s.columns for s in found]
    columns = pd.concat(tables, ignore_index=True)
    return [NewItems.from_tensor(names, read.rows, read.reasons, places, columns)]


def _find_texts(given: str, preparation: Preparation) -> Iterator[_FoundTexts]:
    if given == STANDARD_INPUT:
        yield _texts_of_lines("standard input", read_standard_input_lines())
    elif given.lower().endswith(TEXT_SUFFIX) or is_table(given):
        for path in map(Path, resolve_paths(given)):
            table = is_table(path.name)
            yield (
                _texts_of_table(path, preparation)
                if table
                else _texts_of_lines(str(path), read_text_lines(path))
            )
    elif os.path.isdir(given) and holds_text_files(Path(given)):
        for path in sorted(Path(given).glob("[!.]*")):
            yield _texts_of_lines(str(path), read_text_lines(path))
    else:
        yield _FoundTexts([given], [""])


def _texts_of_lines(name: str, lines: Sequence[str]) -> _FoundTexts:
    filled = {f"{name}:{number}": line for number, line in enumerate(lines, start=1) if line}
    return _FoundTexts(list(filled.values()), list(filled))


def _texts_of_table(path: Path, preparation: Preparation) -> _FoundTexts:
    known = preparation.spec.columns
    texts, notes = read_known_texts(path, read_file_bytes(path), known, default_header="none")
    name = _choose_text_column(texts, [one.name for one in known if one.role == "texts"])
    if name is None:
        raise DataError(
            f"{path} has no column of texts that training had: {quote_some(list(map(str, texts)))}"
        )
    for note in (*notes, f"the column {name!r} holds texts"):
        log.info("%s: %s", path, note)
    places = [f"{path} row {number}" for number in range(1, len(texts) + 1)]
    return _FoundTexts(texts[name].tolist(), places, texts.drop(columns=name))


def _choose_text_column(texts: DataFrame, names: Sequence[str]) -> str | None:
    """Returns the column that training used, or the only one that can hold texts, if there is one.

    That is the only column, or the one that is called as texts are, or has the most of them.
    """
    columns = list(map(str, texts))
    known = [name for name in columns if name in names]
    called = [name for name in columns if name.lower() in TEXT_COLUMN_NAMES]
    if known or called or len(columns) == 1:
        return (known or called or columns)[0]
    distinct = {name: texts[name].nunique() for name in columns}
    return max(columns, key=lambda name: distinct[name], default=None)
