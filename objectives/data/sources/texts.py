"""Texts: names or other short lines, as the numbers of their letters."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from ....models.data_spec import Column, DataSpec
from ..bounds import checked
from ..equal_items import first_of
from ..errors import DataError
from ..parts import Dataset, Part, split_indices
from .frames import FEWEST, Columns, check_whole
from .labels import label
from .table_options import TableOptions
from .tables import column_targets
from .wording import some_of

SUFFIX = ".txt"
TEST = 0.2
LONGEST = 100
SHOWN = 40  # letters of a text in an error


def plain(text: str) -> str:
    """Returns a text in printable ASCII: accents go, and so does what has no such letter.

    Example:
        >>> plain("Ślusàrski")
        'Slusarski'
    """
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if " " <= letter <= "~").strip()


def numbered(
    texts: Sequence[str], letters: str, length: int, places: Sequence[str] = ()
) -> Tensor:
    """Returns the numbers of the letters of texts, as a network reads them.

    Args:
        texts: Any texts; they are made plain, and letters that are not known are dropped.
        letters: Those that are known, of which the first has number 1.
        length: Number of letters after which texts are cut, from 1.
        places: Where each text stands, for errors.

    Returns:
        Whole numbers from 0 to the number of letters, with shape (N, length); 0 is behind the end.

    Raises:
        DataError: If a text has no letter that is known.
    """
    numbers = {letter: number for number, letter in enumerate(letters, start=1)}
    rows = torch.zeros(len(texts), length, dtype=torch.long)
    for index, text in enumerate(texts):
        known = [numbers[letter] for letter in plain(text) if letter in numbers][:length]
        if not known:
            place = f"{places[index]}: " if places else ""
            raise DataError(f"{place}{text[:SHOWN]!r} has no letter that is known")
        rows[index, : len(known)] = torch.tensor(known)
    return rows


def holds_texts(folder: Path) -> bool:
    """Says whether a folder holds files of texts and nothing else, hidden files aside."""
    try:
        names = [name for name in os.listdir(folder) if not name.startswith(".")]
    except OSError:
        return False
    return bool(names) and all(
        name.lower().endswith(SUFFIX) and (folder / name).is_file() for name in names
    )


def read_texts(folder: Path) -> Dataset:
    """Reads a folder of .txt files: a class is a file, a text is a line.

    A single file has no classes. A fixed fifth, with the same share of each class, is the test
    part. The letters that are known are those of the rest.

    Args:
        folder: The folder, of which `holds_texts` is true; its files are in UTF-8.

    Raises:
        DataError: If there are too few texts, one without a letter, or a file in another encoding.
    """
    texts: list[str] = []
    places: list[str] = []
    labels: list[int] = []
    classes: list[str] = []
    notes: tuple[str, ...] = ()
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        lines = {number: line for number, line in enumerate(read_lines(path), start=1) if line}
        if not lines:
            notes += (f"skipped: {path.name}, which is empty",)
            continue
        name = label(path.stem)
        if name not in classes:
            classes.append(name)
        labels += [classes.index(name)] * len(lines)
        texts += lines.values()
        places += [f"{path}:{number}" for number in lines]
    if len(classes) < 2:
        return _dataset(texts, places, (), None, folder, notes)
    return _dataset(texts, places, tuple(classes), torch.tensor(labels), folder, notes)


def read_labelled(
    columns: Columns,
    text: str,
    path: Path,
    target: str | None,
    options: TableOptions,
    numbers: bool,
) -> Dataset:
    """Makes a data set of a column of texts, and of another of labels if there is one.

    Args:
        columns: What the file holds; columns besides these two are left out.
        text: The column of texts.
        path: The file.
        target: The column of labels.
        options: What a user says of the columns.
        numbers: Whether labels are numbers to predict.

    Raises:
        DataError: As in `read_texts`, or if values are missing or cannot be labels.
    """
    if others := [name for name in columns.kinds if name not in (text, target)]:
        columns = columns.without(others, f"left out, beside the texts: {some_of(others)}")
    texts = columns.texts[text].tolist()
    kinds = columns.kinds | {text: Column(text, "text")}
    columns = columns._replace(frame=columns.frame.assign(**{text: texts}), kinds=kinds)
    check_whole(columns, path, target, words=("",))
    places = [f"{path}, row {number}" for number in range(1, len(texts) + 1)]
    notes = (*columns.notes, f"the column {text!r} holds texts")
    known: tuple[Column, ...] = (Column(text, "texts"),)
    if target is None:
        dataset = _dataset(texts, places, (), None, path, notes)
    else:
        notes += (f"the column {target!r} is the target",)
        known += (Column(target, "target"),)
        classes, targets = column_targets(columns, target, numbers, path, options)
        dataset = _dataset(texts, places, classes, targets, path, notes)
    return dataset._replace(spec=replace(dataset.spec, columns=known))


def read_lines(path: Path) -> list[str]:
    """Returns the lines of a file in UTF-8, stripped; blank ones too.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        text = checked(path, "text").read_text(encoding="utf-8-sig")
        return [line.strip() for line in text.split("\n")]
    except UnicodeDecodeError as error:
        said = f"the byte {error.object[error.start]:#x}"
        raise DataError(
            f"{path} is no text in UTF-8, because of {said}: save it as such"
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _dataset(
    texts: list[str],
    places: list[str],
    classes: tuple[str, ...],
    targets: Tensor | None,
    source: Path,
    notes: tuple[str, ...],
) -> Dataset:
    """Splits texts, and numbers the letters of all by those of the training part."""
    if len(texts) < FEWEST:
        raise DataError(f"{source} holds {len(texts)} texts: at least {FEWEST} are needed")
    firsts = first_of(map(plain, texts))
    kept, held = split_indices(targets, len(texts), TEST, seed=0, firsts=firsts)
    letters = "".join(sorted(set().union(*(plain(texts[index]) for index in kept))))
    lengths = [len(plain(text)) for text in texts]
    cut = sum(length > LONGEST for length in lengths)
    if cut:
        notes += (f"{cut:,} of {len(texts):,} texts are cut after {LONGEST} letters",)
    length = min(LONGEST, max(1, *lengths))
    whole = Part(numbered(texts, letters, length, places), targets)
    train, test = whole.take(kept), whole.take(held)
    spec = DataSpec((length,), "text", classes, letters=letters)
    return Dataset(train, test, spec, notes=notes)
