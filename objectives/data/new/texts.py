"""New texts: typed in, a line of a file each, or a column of a table."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from ..errors import DataError
from ..sources.files import is_table
from ..sources.frames import file_bytes
from ..sources.headers import TEXTS
from ..sources.letters import numbered, said_of_dropped
from ..sources.texts import SUFFIX, holds_texts, read_lines
from ..sources.wording import some_of
from .columns import texts_like
from .items import NewItems, Preparation
from .paths import STANDARD_INPUT, find_paths, standard_lines

if TYPE_CHECKING:
    from pandas import DataFrame

log = logging.getLogger(__name__)


class _Texts(NamedTuple):
    """Some texts.

    Attributes:
        texts: The texts, as they are written.
        places: Where each stands; nothing of those that were typed in.
        columns: What else a table says of each; N rows.
    """

    texts: list[str]
    places: list[str]
    columns: DataFrame | None = None


def new_texts(given: Sequence[str], like: Preparation) -> list[NewItems]:
    """Reads texts; each is called by itself. Those that cannot be read have a reason.

    Args:
        given: .txt files with a text a line, folders of them, .csv and .tsv files with a column of
            texts, or `-` for a text a line on standard input; anything else is a text itself.
        like: How the texts of training were prepared.

    Raises:
        DataError: If a file is missing or cannot be read, or holds no column of texts.
    """
    found = [some for one in given for some in _texts(one, like)]
    texts = [text for some in found for text in some.texts]
    if not texts:
        raise DataError(f"{', '.join(given)} holds no texts")
    (length,) = like.spec.shape
    read = numbered(texts, like.spec.letters, length)
    if line := said_of_dropped(read):
        log.info("%s", line)
    names = [text.encode(errors="surrogatepass").decode(errors="replace") for text in texts]
    places = [place for some in found for place in some.places]
    tables = [pd.DataFrame(index=s.texts) if s.columns is None else s.columns for s in found]
    columns = pd.concat(tables, ignore_index=True)
    return [NewItems.in_memory(names, read.rows, read.reasons, places, columns)]


def _texts(given: str, like: Preparation) -> Iterator[_Texts]:
    if given == STANDARD_INPUT:
        yield _lines("standard input", standard_lines())
    elif given.lower().endswith(SUFFIX) or is_table(given):
        for path in map(Path, find_paths(given)):
            table = is_table(path.name)
            yield _in_table(path, like) if table else _lines(str(path), read_lines(path))
    elif os.path.isdir(given) and holds_texts(Path(given)):
        for path in sorted(Path(given).glob("[!.]*")):
            yield _lines(str(path), read_lines(path))
    else:
        yield _Texts([given], [""])


def _lines(name: str, lines: Sequence[str]) -> _Texts:
    filled = {f"{name}:{number}": line for number, line in enumerate(lines, start=1) if line}
    return _Texts(list(filled.values()), list(filled))


def _in_table(path: Path, like: Preparation) -> _Texts:
    known = like.spec.columns
    texts, notes = texts_like(path, file_bytes(path), known, undecided="none")
    name = _text_column(texts, [one.name for one in known if one.role == "texts"])
    if name is None:
        raise DataError(
            f"{path} has no column of texts that training had: {some_of(list(map(str, texts)))}"
        )
    for note in (*notes, f"the column {name!r} holds texts"):
        log.info("%s: %s", path, note)
    places = [f"{path} row {number}" for number in range(1, len(texts) + 1)]
    return _Texts(texts[name].tolist(), places, texts.drop(columns=name))


def _text_column(texts: DataFrame, names: Sequence[str]) -> str | None:
    """Returns the column that training used, or the only one that can hold texts, if there is one.

    That is the only column, or the one that is called as texts are, or has the most of them.
    """
    columns = list(map(str, texts))
    known = [name for name in columns if name in names]
    called = [name for name in columns if name.lower() in TEXTS]
    if known or called or len(columns) == 1:
        return (known or called or columns)[0]
    distinct = {name: texts[name].nunique() for name in columns}
    return max(columns, key=lambda name: distinct[name], default=None)
