"""Texts: names or other short lines, as the numbers of their letters."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from ....models.data_spec import Column, DataSpec
from ..data_error import DataError
from ..input_limits import check_input_file
from ..parts import LoadedDataset, Part, split_indices
from ..preparation.duplicates import first_occurrences_of_keys
from .column_names import quote_some
from .normalize_label import normalize_label
from .plain_text import (
    EncodedTexts,
    collect_letters,
    describe_dropped_letters,
    encode_texts,
    to_plain_text,
)
from .table_dataset import column_targets
from .table_options import TableOptions
from .typed_columns import MIN_ITEMS, Columns, check_no_missing

TEXT_SUFFIX = ".txt"
TEST_FRACTION = 0.2
MAX_TEXT_LENGTH = 100
MAX_SHOWN_CHARACTERS = 40  # letters of a text in an error


def holds_text_files(folder: Path) -> bool:
    """Says whether a folder holds files of texts and nothing else, hidden files aside."""
    try:
        names = [name for name in os.listdir(folder) if not name.startswith(".")]
    except OSError:
        return False
    return bool(names) and all(
        name.lower().endswith(TEXT_SUFFIX) and (folder / name).is_file() for name in names
    )


def read_text_folder(folder: Path) -> LoadedDataset:
    """Reads a folder of .txt files: a class is a file, a text is a line.

    A single file has no classes. A fixed fifth, with the same share of each class, is the test
    part. The letters that are known are those of the rest; texts of which most are not known are
    left out.

    Args:
        folder: The folder, of which `holds_text_files` is true; its files are in UTF-8.

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
        lines = {
            number: line for number, line in enumerate(read_text_lines(path), start=1) if line
        }
        if not lines:
            notes += (f"skipped: {path.name}, which is empty",)
            continue
        name = normalize_label(path.stem)
        if name not in classes:
            classes.append(name)
        labels += [classes.index(name)] * len(lines)
        texts += lines.values()
        places += [f"{path}:{number}" for number in lines]
    if len(classes) < 2:
        return _dataset(texts, places, (), None, folder, notes)
    return _dataset(texts, places, tuple(classes), torch.tensor(labels), folder, notes)


def read_text_table(
    columns: Columns,
    text: str,
    path: Path,
    target: str | None,
    options: TableOptions,
    numbers: bool,
) -> LoadedDataset:
    """Makes a data set of a column of texts, and of another of labels if there is one.

    Args:
        columns: What the file holds; columns besides these two are left out.
        text: The column of texts.
        path: The file.
        target: The column of labels.
        options: What a user says of the columns.
        numbers: Whether labels are numbers to predict.

    Raises:
        DataError: As in `read_text_folder`, or if values are missing or cannot be labels.
    """
    if others := [name for name in columns.kinds if name not in (text, target)]:
        columns = columns.drop_columns(others, f"left out, beside the texts: {quote_some(others)}")
    texts = columns.texts[text].tolist()
    kinds = columns.kinds | {text: Column(text, "text")}
    columns = columns._replace(frame=columns.frame.assign(**{text: texts}), kinds=kinds)
    check_no_missing(columns, path, target, words=("",))
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


def read_text_lines(path: Path) -> list[str]:
    """Returns the lines of a file in UTF-8, stripped; blank ones too.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        text = check_input_file(path, "text").read_text(encoding="utf-8-sig")
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
) -> LoadedDataset:
    """Splits texts, and numbers the letters of all by those of the training part.

    Texts that cannot be read are left out.
    """
    spelled = list(map(to_plain_text, texts))
    written = [index for index, text in enumerate(spelled) if text]
    if len(written) < MIN_ITEMS:
        raise DataError(f"{source} holds {len(written)} texts: at least {MIN_ITEMS} are needed")
    first_indices = first_occurrences_of_keys(spelled[index] for index in written)
    labels = None if targets is None else targets[written]
    split = split_indices(labels, len(written), TEST_FRACTION, seed=0, first_indices=first_indices)
    letters = collect_letters(spelled[written[index]] for index in split[0])
    length = min(MAX_TEXT_LENGTH, max(map(len, spelled)))
    found = encode_texts(texts, letters, length)
    whole = Part(found.rows, targets)
    train, test = (
        whole.take([written[i] for i in part if not found.reasons[written[i]]]) for part in split
    )
    if not len(test):
        raise DataError(f"{source} has no letter in its test part that the rest has")
    spec = DataSpec((length,), "text", classes, letters=letters)
    notes += tuple(_text_notes(texts, places, spelled, letters, found))
    return LoadedDataset(train, test, spec, notes=notes)


def _text_notes(
    texts: Sequence[str],
    places: Sequence[str],
    spelled: Sequence[str],
    letters: str,
    found: EncodedTexts,
) -> Iterator[str]:
    """Says which texts are cut or left out, and what became of letters beyond ASCII."""
    if cut := sum(len(text) > MAX_TEXT_LENGTH for text in spelled):
        yield f"{cut:,} of {len(texts):,} texts are cut after {MAX_TEXT_LENGTH} letters"
    left = [index for index, reason in enumerate(found.reasons) if reason]
    if left:
        first = (
            f"{places[left[0]]} {texts[left[0]][:MAX_SHOWN_CHARACTERS]!a} {found.reasons[left[0]]}"
        )
        yield f"left out {len(left):,} of {len(texts):,} texts: {first}" + (
            f", and {len(left) - 1:,} more" if len(left) > 1 else ""
        )
    if beyond := [letter for letter in letters if not letter.isascii()]:
        some = ", ".join(map(repr, beyond[:3]))
        yield f"{len(beyond):,} letters beyond ASCII are kept as they are, such as {some}"
    if line := describe_dropped_letters(found):
        yield line
