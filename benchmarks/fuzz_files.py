"""Files that the fuzzer writes, as values that Hypothesis can shrink.

`put` makes the file at a path, and replaces what is there.
"""

import io
import json
import os
import shutil
import sqlite3
import tomllib
import zipfile
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit
import torch
from PIL import Image

GONE = "(gone)"
"""In place of a value: the entry is deleted."""
ENDLESS = "(endless)"
"""In place of a value: a table that holds itself."""


@dataclass(frozen=True)
class Bytes:
    """A file with any bytes."""

    data: bytes

    def put(self, path: Path) -> None:
        path.write_bytes(self.data)


@dataclass(frozen=True)
class Odd:
    """A pipe, a folder, or a link."""

    kind: str

    def put(self, path: Path) -> None:
        if self.kind == "pipe":
            os.mkfifo(path)
        elif self.kind == "folder":
            path.mkdir()
        else:
            path.symlink_to(path.name if self.kind == "itself" else self.kind)


@dataclass(frozen=True)
class Picture:
    """An image of one color, in any format, whatever the suffix of its path is."""

    mode: str = "L"
    form: str = "png"
    size: tuple[int, int] = (8, 8)
    orientation: int = 1
    value: int = 0

    def put(self, path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = self.orientation
        more = {"transparency": bytes(9)} if self.mode == "P" else {}
        Image.new(self.mode, self.size, self.value).save(path, self.form, exif=exif, **more)


@dataclass(frozen=True)
class Array:
    """A .npy or .npz file of arrays, of which bytes may be changed."""

    arrays: dict[str, tuple[str, tuple[int, ...], float]]  # type, shape, and what fills it
    changes: tuple[tuple[int, int], ...] = ()

    def put(self, path: Path) -> None:
        made, file = {name: self._array(*of) for name, of in self.arrays.items()}, io.BytesIO()
        if path.suffix == ".npz":
            np.savez_compressed(file, **made)
        else:
            np.save(file, next(iter(made.values())))
        path.write_bytes(change_bytes(file.getvalue(), self.changes))

    def _array(self, kind: str, shape: tuple[int, ...], fill: float) -> np.ndarray:
        array = np.zeros(shape, dtype=kind)
        # Not every number is of each type.
        with suppress(ValueError, OverflowError, TypeError), np.errstate(all="ignore"):
            array.reshape(-1)[: len(array) // 2] = fill
        return array


@dataclass(frozen=True)
class Changed:
    """An existing file with changed bytes, which may be cut short."""

    changes: tuple[tuple[int, int], ...]
    end: int | None = None

    def put(self, path: Path) -> None:
        data = change_bytes(path.read_bytes(), self.changes)
        path.write_bytes(data[: None if self.end is None or not data else self.end % len(data)])


@dataclass(frozen=True)
class Lines:
    """An existing text with some lines replaced, by their numbers."""

    changes: tuple[tuple[int, str], ...]
    encoding: str = "utf-8"

    def put(self, path: Path) -> None:
        lines = path.read_text().splitlines()
        for at, text in self.changes:
            name = lines[at % len(lines)].partition("=")[0]
            lines[at % len(lines)] = text.replace("NAME", name)
        path.write_text("\n".join(lines), encoding=self.encoding, errors="replace")


@dataclass(frozen=True)
class Entries:
    """An existing TOML file or checkpoint with changed entries.

    A change is a path of numbers through nested tables, and the new value of the last entry.
    """

    changes: tuple[tuple[tuple[int, ...], Any], ...]

    def put(self, path: Path) -> None:
        whole, write = self._read(path)
        for places, value in self.changes:
            inner, name = whole, None
            for place in places:
                inner = inner[name] if name is not None and has_entries(inner[name]) else inner
                name = list(inner)[place % len(inner)]
            if value == GONE:
                del inner[name]
            elif isinstance(inner[name], torch.Tensor) and isinstance(value, float):
                inner[name] = inner[name] * value
            else:
                inner[name] = inner if value == ENDLESS else value
            if not whole:
                break
        with suppress(ValueError, RecursionError):  # TOML cannot hold everything
            write(whole)

    @staticmethod
    def _read(path: Path) -> tuple[Any, Callable[[Any], object]]:
        if path.suffix != ".toml":
            return torch.load(path, weights_only=True), partial(torch.save, f=path)
        whole = tomllib.loads(path.read_text())
        return whole, lambda entries: path.write_text(tomlkit.dumps(entries))


@dataclass(frozen=True)
class Rows:
    """An existing database with other values in some cells."""

    changes: tuple[tuple[str, str, int, Any], ...]  # table, column, row, value

    def put(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as database:
            for table, column, row, value in self.changes:
                rows = database.execute(f"SELECT rowid FROM {table}").fetchall()
                if rows and column in columns(database, table):
                    value = json.dumps(value) if column == "value_json" else value
                    command = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"
                    with suppress(sqlite3.IntegrityError, OverflowError, UnicodeEncodeError):
                        database.execute(command, (value, *rows[row % len(rows)]))
            database.commit()


@dataclass(frozen=True)
class Zip:
    """A zip of named members; some may be links."""

    members: tuple[tuple[str, bytes, bool], ...]
    changes: tuple[tuple[int, int], ...] = ()

    def put(self, path: Path) -> None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data, link in self.members:
                entry = zipfile.ZipInfo(name)
                entry.external_attr = (0o120777 if link else 0o100644) << 16
                packed.writestr(entry, data)
        path.write_bytes(change_bytes(file.getvalue(), self.changes))


File = Bytes | Odd | Picture | Array | Changed | Lines | Entries | Rows | Zip


def clear(path: Path) -> None:
    """Removes what is at a path."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def change_bytes(data: bytes, changes: tuple[tuple[int, int], ...]) -> bytes:
    """Returns bytes with other values at some positions."""
    made = bytearray(data)
    for at, value in changes if data else ():
        made[at % len(made)] = value
    return bytes(made)


def columns(database: sqlite3.Connection, table: str) -> list[str]:
    """Returns the columns of a table."""
    return [row[1] for row in database.execute(f"PRAGMA table_info({table})")]


def has_entries(value: Any) -> bool:
    """Returns True if a value is a table with entries."""
    return isinstance(value, dict) and bool(value)
