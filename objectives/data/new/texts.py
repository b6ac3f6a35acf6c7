"""New texts: typed in, a line of a file each, or a column of a table."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError
from ..sources.files import is_table
from ..sources.frames import file_bytes
from ..sources.headers import TEXTS
from ..sources.texts import SUFFIX, holds_texts, numbered, read_lines
from ..sources.wording import some_of
from .columns import texts_like
from .items import NewItems, Preparation
from .paths import STANDARD_INPUT, find_paths, standard_lines

if TYPE_CHECKING:
    from pandas import DataFrame

log = logging.getLogger(__name__)


def new_texts(given: Sequence[str], like: Preparation) -> list[NewItems]:
    """Reads texts; each is called by itself.

    Args:
        given: .txt files with a text a line, folders of them, .csv and .tsv files with a column of
            texts, or `-` for a text a line on standard input; anything else is a text itself.
        like: How the texts of training were prepared.

    Raises:
        DataError: If a file is missing or cannot be read, or a text has no letter that is known.
    """
    found = [pair for one in given for pair in _texts(one, like)]
    if not found:
        raise DataError(f"{', '.join(given)} holds no texts")
    places, texts = map(list, zip(*found, strict=True))
    (length,) = like.spec.shape
    items = numbered(texts, like.spec.letters, length, places)
    return [NewItems.in_memory(texts, items)]


def _texts(given: str, like: Preparation) -> Iterator[tuple[str, str]]:
    """Gives texts, each behind the place where it stands."""
    if given == STANDARD_INPUT:
        for number, line in enumerate(standard_lines(), start=1):
            yield f"standard input:{number}", line
    elif given.lower().endswith(SUFFIX) or is_table(given):
        for path in map(Path, find_paths(given)):
            yield from _in_table(path, like) if is_table(path.name) else _in_lines(path)
    elif os.path.isdir(given) and holds_texts(Path(given)):
        for path in sorted(Path(given).glob("[!.]*")):
            yield from _in_lines(path)
    else:
        yield "typed in", given


def _in_lines(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(read_lines(path), start=1):
        if line:
            yield f"{path}:{number}", line


def _in_table(path: Path, like: Preparation) -> Iterator[tuple[str, str]]:
    known = like.spec.columns
    texts, notes = texts_like(path, file_bytes(path), known, undecided="none")
    name = _text_column(texts, [one.name for one in known if one.role == "texts"])
    if name is None:
        raise DataError(
            f"{path} has no column of texts that training had: {some_of(list(map(str, texts)))}"
        )
    for note in (*notes, f"the column {name!r} holds texts"):
        log.info("%s: %s", path, note)
    for number, text in enumerate(texts[name], start=1):
        yield f"{path} row {number}", text


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
