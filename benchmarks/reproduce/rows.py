"""Published systems: their figures and the commands that reproduce them, read from rows.toml."""

import csv
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Formatter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from latentune.search_spaces.space_errors import did_you_mean

RunKind = Literal["settings", "searched"]


class UnknownRowError(ValueError):
    """A word that names none of the rows."""


class Run(BaseModel):
    """Commands that run one after the other.

    Attributes:
        search: The words after `latentune search`; empty to search and train nothing.
        use: A verb with its options that runs afterwards.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    search: str = ""
    use: str = ""

    def networks(self) -> Iterator[str]:
        """Yields the names in braces that stand for networks of other rows."""
        for text in (self.search, self.use):
            for _, name, _, _ in Formatter().parse(text):
                if name not in (None, "data", "network"):
                    yield name


class Row(BaseModel):
    """One published system; rows.toml explains the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: str
    data: str
    metric: str = ""
    direction: Literal["minimize", "maximize"] = "minimize"
    file: str = "{network}/final/metrics.json"
    where: Mapping[str, str] = {}
    published: float | None = None
    note: str = ""
    seeds: int = 1
    epochs: int = 0
    settings: Run | None = None
    searched: Run | None = None

    @property
    def runs(self) -> dict[RunKind, Run]:
        """The runs that this row has, by kind."""
        runs: dict[RunKind, Run | None] = {"settings": self.settings, "searched": self.searched}
        return {kind: run for kind, run in runs.items() if run is not None}

    def read_metric(self, root: Path, names: Mapping[str, str], statistic: str = "") -> float:
        """Reads the reproduced value of the metric.

        Args:
            root: The folder of the reproduction.
            names: The values of the names in braces.
            statistic: `mean` or `std` for that over several seeds.

        Raises:
            KeyError: If the file does not hold the metric.
        """
        text = (root / self.file.format_map(names)).read_text(encoding="utf-8")
        if not self.file.endswith(".csv"):
            value: Any = json.loads(text)
            for key in filter(None, [statistic, *self.metric.split(".")]):
                value = value[key]
            return float(value)
        wanted = {column: value.format_map(names) for column, value in self.where.items()}
        for line in csv.DictReader(text.splitlines()):
            if wanted.items() <= line.items():
                return float(line[self.metric])
        raise KeyError(self.metric)


def _split_digits(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the tables, with one for each digit in place of a table with `digits`."""
    found: dict[str, Any] = {}
    for name, table in tables.items():
        values = {key: value for key, value in table.items() if key != "digits"}
        for digit, published in enumerate(table.get("digits", ())):
            text = json.dumps({**values, "published": published}).replace("{digit}", str(digit))
            found[f"{name}-{digit}"] = json.loads(text)
        if "digits" not in table:
            found[name] = values
    return found


ROWS = TypeAdapter(dict[str, Row]).validate_python(
    _split_digits(tomllib.loads(Path(__file__).with_name("rows.toml").read_text(encoding="utf-8")))
)
"""Every published system by the name of its row."""


def select_rows(words: Sequence[str]) -> list[str]:
    """Returns the names of the rows that `words` name, or of all rows if `words` is empty.

    A word in any case names a row or a group: `a6` stands for `A6-4` and `A6-64`.

    Raises:
        UnknownRowError: If a word names no row.
    """
    selected = []
    for word in words:
        matches = [name for name in ROWS if word.lower() in (name.lower(), _group(name))]
        if not matches:
            hint = did_you_mean(word.upper(), list(ROWS))
            raise UnknownRowError(f"there is no row {word!r}; {hint}")
        selected += matches
    return list(dict.fromkeys(selected)) or list(ROWS)


def _group(name: str) -> str:
    return name.lower().split("-")[0]
