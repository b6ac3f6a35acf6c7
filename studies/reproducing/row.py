"""A row of the reproduction: a system, what was published of it, and the commands that try it."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

from ...search_spaces.catalog.entry import SEED, Direction
from ...search_spaces.catalog.models import MODELS

MNIST, FASHION = "mnist", "fashion-mnist"


class Run(NamedTuple):
    """Commands that are run after one another, and end in a figure.

    `{data}` in them is the data of the row; `{A2}` is the network that row A2 has found by its
    search, `{A3-settings}` the one that row A3 has trained with the published settings.

    Attributes:
        search: What follows `latentune search`; if empty, nothing is searched or trained.
        epochs: Epochs of the final training.
        use: The verb that comes after it, with its options, if any.
    """

    search: str = ""
    epochs: int = 0
    use: str = ""

    def networks(self) -> Iterator[str]:
        """Gives the names of the networks of other rows that this one needs."""
        for text in (self.search, self.use):
            for _, name, _, _ in Formatter().parse(text):
                if name is not None and name != "data":
                    yield name


class Figure(NamedTuple):
    """Where the figure of a row is read.

    Attributes:
        key: A key of a JSON file, with dots between those of tables within it, or a column of a
            CSV file.
        way: Which way it is better.
        file: The file, in the folder of the reproduction; `{network}` is the row's own one.
        where: What other columns hold in the line of the CSV file that is meant.
    """

    key: str
    way: Direction
    file: str = "{network}/final/metrics.json"
    where: Mapping[str, str] = {}

    def read(self, root: Path, names: Mapping[str, str]) -> float:
        """Reads the figure.

        Args:
            root: The folder of the reproduction.
            names: What stands for the names in braces.

        Raises:
            KeyError: If the file does not hold it.
        """
        text = (root / self.file.format_map(names)).read_text()
        if not self.file.endswith(".csv"):
            found: Any = json.loads(text)
            for part in self.key.split("."):
                found = found[part]
            return float(found)
        wanted = {name: value.format_map(names) for name, value in self.where.items()}
        for line in csv.DictReader(text.splitlines()):
            if wanted.items() <= line.items():
                return float(line[self.key])
        raise KeyError(self.key)


class Row(NamedTuple):
    """A published system.

    Attributes:
        system: What it is, in a few words.
        data: A data set of the list, or the name of a folder beside those of torchvision.
        figure: What is compared.
        published: The published value of it, if there is one.
        note: Why that is not to be compared as it is, or what stands for it.
        settings: The run with the published settings, if these are known.
        searched: The run of a search of ours.
    """

    system: str
    data: str
    figure: Figure | None = None
    published: float | None = None
    note: str = ""
    settings: Run | None = None
    searched: Run | None = None

    @property
    def runs(self) -> dict[str, Run]:
        """The runs by what the columns of the table are called."""
        both = {"settings": self.settings, "searched": self.searched}
        return {kind: run for kind, run in both.items() if run is not None}


def as_published(model: str, options: str = "", epochs: int | None = None) -> Run:
    """Returns the run of a model's space `seed`, whose first trial has the published values.

    Args:
        model: A key of the catalogue.
        options: What else the search is given.
        epochs: Epochs of the final training. If None, the catalogue knows them.
    """
    published = MODELS[model].published
    if epochs is None:
        assert published is not None
        epochs = published.epochs
    words = f"{model} {{data}} --space {SEED} --trials 1 --epochs 1 {options}"
    return Run(words.strip(), epochs)


def searched(model: str, options: str = "--trials 15", epochs: int = 100) -> Run:
    """Returns the run of a search of a model, and of the final training of what it has found."""
    return Run(f"{model} {{data}} {options}", epochs)
