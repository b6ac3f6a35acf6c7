"""New texts: typed in, a line of a file each, or a column of a table."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import DataError
from ..sources.csvs import text_column
from ..sources.files import is_table
from ..sources.frames import check_whole, file_bytes, read_frame
from ..sources.texts import SUFFIX, holds_texts, numbered, read_lines
from .items import NewItems, Preparation
from .paths import STANDARD_INPUT, find_paths, standard_lines

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
    found = [pair for one in given for pair in _texts(one)]
    if not found:
        raise DataError(f"{', '.join(given)} holds no texts")
    places, texts = map(list, zip(*found, strict=True))
    (length,) = like.spec.shape
    items = numbered(texts, like.spec.letters, length, places)
    return [NewItems.in_memory(texts, items)]


def _texts(given: str) -> Iterator[tuple[str, str]]:
    """Gives texts, each behind the place where it stands."""
    if given == STANDARD_INPUT:
        for number, line in enumerate(standard_lines(), start=1):
            yield f"standard input:{number}", line
    elif given.lower().endswith(SUFFIX) or is_table(given):
        for path in map(Path, find_paths(given)):
            yield from _in_table(path) if is_table(path.name) else _in_lines(path)
    elif os.path.isdir(given) and holds_texts(Path(given)):
        for path in sorted(Path(given).glob("[!.]*")):
            yield from _in_lines(path)
    else:
        yield "typed in", given


def _in_lines(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(read_lines(path), start=1):
        if line:
            yield f"{path}:{number}", line


def _in_table(path: Path) -> Iterator[tuple[str, str]]:
    frame, notes = read_frame(path, file_bytes(path))
    name = text_column(frame)
    if name is None:
        raise DataError(f"{path} has no column of texts")
    for note in (*notes, f"the column {name!r} holds texts"):
        log.info("%s: %s", path, note)
    check_whole(frame[[name]], path, words=())
    for number, text in enumerate(frame[name].astype(str), start=1):
        yield f"{path} row {number}", text
