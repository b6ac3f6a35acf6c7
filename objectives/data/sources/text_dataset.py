"""Reads data sets of names or other short texts; each letter becomes an integer."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from ....models.data_spec import Column, DataSpec
from ..data_error import DataError, check_input_file
from ..parts import LoadedDataset, Part
from ..preparation.hold_out import (
    MIN_ITEMS,
    TEST_FRACTION,
    choose_rows,
    first_occurrences_of_keys,
    split_indices,
)
from .column_names import normalize_label, quote_some
from .plain_text import (
    EncodedTexts,
    collect_letters,
    describe_dropped_letters,
    encode_texts,
    to_plain_text,
)
from .table_dataset import describe_targets, read_targets
from .typed_columns import Columns, check_no_missing, find_missing

TEXT_SUFFIX = ".txt"
MAX_TEXT_LENGTH = 100
MAX_SHOWN_CHARACTERS = 40


def find_text_files(folder: str | Path) -> list[Path]:
    """Returns the .txt files of a folder, sorted; empty if the folder also holds other files."""
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except (OSError, ValueError):  # ValueError: the name holds a null byte
        return []
    files = [Path(folder, name) for name in names]
    are_texts = all(file.suffix.lower() == TEXT_SUFFIX and file.is_file() for file in files)
    return files if are_texts else []


def read_text_folder(folder: Path) -> LoadedDataset:
    """Reads a folder of .txt files; each file is a class, and each line is a text.

    If there is only one file, the data has no classes. A fixed, stratified fifth is the test part.
    A text is left out if most of its letters do not occur in the training part.
    """
    texts: list[str] = []
    places: list[str] = []
    labels: list[int] = []
    classes: list[str] = []
    notes: tuple[str, ...] = ()
    for path in find_text_files(folder):
        lines = read_text_lines(path)
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
        return _split_and_encode(texts, places, (), None, folder, notes)
    return _split_and_encode(texts, places, tuple(classes), torch.tensor(labels), folder, notes)


def read_text_table(
    columns: Columns, text: str, target_names: Sequence[str], numbers: bool
) -> LoadedDataset:
    """Returns a data set of the column `text`, with labels from the columns `target_names`.

    All other columns are dropped.
    """
    if others := [name for name in columns.kinds if name not in (text, *target_names)]:
        columns = columns.drop_columns(
            others, f"left out, as only texts and labels are used: {quote_some(others)}"
        )
    texts = columns.texts[text].tolist()
    kinds = columns.kinds | {text: Column(text, "text")}
    columns = columns._replace(frame=columns.frame.assign(**{text: texts}), kinds=kinds)
    check_no_missing(find_missing(columns, words=("",)), target_names, columns.path)
    places = [f"{columns.path}, row {number}" for number in range(1, len(texts) + 1)]
    notes = (*columns.notes, f"the column {text!r} holds texts")
    known: tuple[Column, ...] = (Column(text, "texts"),)
    classes, targets = read_targets(columns, target_names, numbers)
    if target_names:
        notes += (describe_targets(target_names),)
        known += tuple(Column(name, "target") for name in target_names)
    parts = columns.test_rows, columns.val_rows
    dataset = _split_and_encode(
        texts, places, classes, targets, columns.path, notes, *parts, columns.split_by
    )
    return dataset._replace(spec=replace(dataset.spec, columns=known))


def read_text_lines(path: Path) -> dict[int, str]:
    """Returns the stripped nonblank lines of a UTF-8 file, by line number from 1."""
    try:
        text = check_input_file(path, "text").read_text(encoding="utf-8-sig")
        return {n: line.strip() for n, line in enumerate(text.split("\n"), 1) if line.strip()}
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise DataError(
            f"{path} is not a text in UTF-8, because of the byte {byte:#x}: save it as such"
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _split_and_encode(
    texts: list[str],
    places: list[str],
    classes: tuple[str, ...],
    targets: Tensor | None,
    source: Path,
    notes: tuple[str, ...],
    test_rows: range = range(0),
    val_rows: range = range(0),
    split_by: Tensor | None = None,
) -> LoadedDataset:
    plain = list(map(to_plain_text, texts))
    filled = [index for index, text in enumerate(plain) if text]
    if len(filled) < MIN_ITEMS:
        raise DataError(f"{source} holds {len(filled)} texts: at least {MIN_ITEMS} are needed")

    def split(rows: list[int]) -> tuple[list[int], list[int]]:
        first_indices = first_occurrences_of_keys(plain[row] for row in rows)
        labels = None if targets is None else targets[rows]
        keys = None if split_by is None else split_by[rows]
        return split_indices(labels, len(rows), TEST_FRACTION, 0, first_indices, keys)

    train_rows, held_out = choose_rows(filled, test_rows, val_rows, split)
    letters = collect_letters(plain[row] for row in train_rows)
    length = min(MAX_TEXT_LENGTH, max(map(len, plain)))
    encoded = encode_texts(texts, letters, length)
    whole = Part(encoded.rows, targets, split_by=split_by)
    train, test, val = (
        whole.take([row for row in rows if not encoded.reasons[row]])
        for rows in (train_rows, held_out, val_rows)
    )
    if not len(test):
        raise DataError(f"the test texts of {source} share no letter with the training texts")
    spec = DataSpec((length,), "text", classes, letters=letters)
    notes += tuple(_notes_on_texts(texts, places, plain, letters, encoded))
    return LoadedDataset(train, test, spec, val if val_rows else None, notes)


def _notes_on_texts(
    texts: Sequence[str],
    places: Sequence[str],
    plain: Sequence[str],
    letters: str,
    encoded: EncodedTexts,
) -> Iterator[str]:
    if cut := sum(len(text) > MAX_TEXT_LENGTH for text in plain):
        yield f"{cut:,} of {len(texts):,} texts are cut after {MAX_TEXT_LENGTH} letters"
    if left_out := [index for index, reason in enumerate(encoded.reasons) if reason]:
        first = left_out[0]
        text = texts[first][:MAX_SHOWN_CHARACTERS]
        more = f", and {len(left_out) - 1:,} more" if len(left_out) > 1 else ""
        yield (
            f"left out {len(left_out):,} of {len(texts):,} texts: {places[first]} {text!a} "
            f"{encoded.reasons[first]}{more}"
        )
    if beyond := [letter for letter in letters if not letter.isascii()]:
        examples = ", ".join(map(repr, beyond[:3]))
        yield f"{len(beyond):,} letters beyond ASCII are kept as they are, such as {examples}"
    if note := describe_dropped_letters(encoded):
        yield note
