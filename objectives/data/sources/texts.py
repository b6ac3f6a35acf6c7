"""Texts: names or other short lines, as the numbers of their letters."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
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
from .letters import Numbered, known_letters, numbered, plain, said_of_dropped
from .table_options import TableOptions
from .tables import column_targets
from .wording import some_of

SUFFIX = ".txt"
TEST = 0.2
LONGEST = 100
SHOWN = 40  # letters of a text in an error


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
    part. The letters that are known are those of the rest; texts of which most are not known are
    left out.

    Args:
        folder: The folder, of which `holds_texts` is true; its files are in UTF-8.

    Raises:
        DataError: If there are too few texts with letters, or a file in another encoding.
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
    """Splits texts, and numbers the letters of all by those of the training part.

    Texts that cannot be read are left out.
    """
    spelled = list(map(plain, texts))
    written = [index for index, text in enumerate(spelled) if text]
    if len(written) < FEWEST:
        raise DataError(f"{source} holds {len(written)} texts: at least {FEWEST} are needed")
    firsts = first_of(spelled[index] for index in written)
    labels = None if targets is None else targets[written]
    split = split_indices(labels, len(written), TEST, seed=0, firsts=firsts)
    letters = known_letters(spelled[written[index]] for index in split[0])
    length = min(LONGEST, max(map(len, spelled)))
    found = numbered(texts, letters, length)
    whole = Part(found.rows, targets)
    train, test = (
        whole.take([written[i] for i in part if not found.reasons[written[i]]]) for part in split
    )
    if not len(test):
        raise DataError(f"{source} has no letter in its test part that the rest has")
    spec = DataSpec((length,), "text", classes, letters=letters)
    notes += tuple(_said_of(texts, places, spelled, letters, found))
    return Dataset(train, test, spec, notes=notes)


def _said_of(
    texts: Sequence[str],
    places: Sequence[str],
    spelled: Sequence[str],
    letters: str,
    found: Numbered,
) -> Iterator[str]:
    """Says which texts are cut or left out, and what became of letters beyond ASCII."""
    if cut := sum(len(text) > LONGEST for text in spelled):
        yield f"{cut:,} of {len(texts):,} texts are cut after {LONGEST} letters"
    left = [index for index, reason in enumerate(found.reasons) if reason]
    if left:
        first = f"{places[left[0]]} {texts[left[0]][:SHOWN]!a} {found.reasons[left[0]]}"
        yield f"left out {len(left):,} of {len(texts):,} texts: {first}" + (
            f", and {len(left) - 1:,} more" if len(left) > 1 else ""
        )
    if beyond := [letter for letter in letters if not letter.isascii()]:
        some = ", ".join(map(repr, beyond[:3]))
        yield f"{len(beyond):,} letters beyond ASCII are kept as they are, such as {some}"
    if line := said_of_dropped(found):
        yield line
