"""DataSpec: the description of the data that a model is built from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, NamedTuple, Self

Kind = Literal["image", "table", "text"]

SHAPE_AXES: dict[Kind, tuple[str, ...]] = {
    "image": ("channels", "height", "width"),
    "table": ("features",),
    "text": ("letters",),
}
"""The names of the axes of an item, by the kind of data."""


class Column(NamedTuple):
    """How a column of a file was read for training.

    Attributes:
        name: The name of the column. In a file without names, it is `column 3` for the third
            column.
        role: For a feature, it is `number`, `amount` (a number with a unit or with thousands
            separators), `flag` (true or false), `date` or `category`. For any other column, it is
            `text`, `texts`, `target`, `group`, `time`, `row number` or `left out`.
        decimal: The decimal mark of the numbers, `.` or `,`; empty if no number has a decimal
            mark.
        unit: The unit of the numbers, such as `$` or `%`; empty without a unit.
        date_order: The order of the parts of dates: `year first`, `day first` or `month first`.
        fill: What stands for a missing value: a category, or a number, which is 0 or 1 for a flag
            and the days since 1970 for a date. Empty if missing values are refused.
        marks_missing: Whether a feature of its own is 1 where the value is missing.
        categories: The categories that are features. The category `other` stands for all others.
    """

    name: str
    role: str
    decimal: str = ""
    unit: str = ""
    date_order: str = ""
    fill: str = ""
    marks_missing: bool = False
    categories: tuple[str, ...] = ()

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any] | Iterable[Any]) -> Self:
        """Returns the column that `to_entry` returned as a dict; version 0.1.0 wrote a list.

        Raises:
            TypeError: If an attribute is unknown or missing.
            ValueError: If a list is too long, or `fill` should be a finite number and is not.
        """
        if not isinstance(entry, Mapping):
            entry = dict(zip(("name", "role", "decimal", "unit"), entry, strict=True))
        values: dict[str, Any] = {name: str(value) for name, value in entry.items()}
        values["categories"] = tuple(map(str, entry.get("categories", ())))
        values["marks_missing"] = entry.get("marks_missing") is True
        column = cls(**values)
        if column.fill and column.role != "category" and not isfinite(float(column.fill)):
            raise ValueError(f"{column.fill} cannot stand for missing numbers.")
        return column

    def to_entry(self) -> dict[str, Any]:
        """Returns the attributes with values as a dict of plain values for a checkpoint."""
        entry = {name: value for name, value in self._asdict().items() if value}
        return entry | {"categories": list(self.categories)} if self.categories else entry


@dataclass(frozen=True)
class DataSpec:
    """A description of the data, from which a network can be built again.

    Attributes:
        shape: Shape of one item: (C, H, W) of an image, (F,) of a table row, (L,) of a text with
            up to L letters.
        kind: The kind of data: `image`, `table` or `text`.
        classes: Names of the classes; empty if there are no labels, or if targets are numbers.
        mean: Mean of each channel or feature in the training part; None if networks do not
            standardize their input.
        std: Standard deviation of each channel or feature; None if `mean` is None.
        shares: Share of each class in the training part, from 0 to 1.
        target: Mean and standard deviation of numeric targets in the training part. With several
            targets, the means of all come first, then their deviations.
        features: Names of the features of a table. A feature named `color=red` is 1 in rows with
            the color red, and 0 in other rows.
        letters: The known letters of texts. The first letter is encoded as 1. The code 0 pads the
            end of a text.
        pixel_maximum: The stored pixel value that is scaled to 1, such as 255; 0 if it is unknown
            because the training images were floats up to 1.
        columns: The columns of the file that the items come from.

    Raises:
        ValueError: If the shape does not fit the kind, or targets lack a mean or a deviation.

    Example:
        >>> print(latentune.DataSpec((3, 32, 32)))
        3x32x32
    """

    shape: tuple[int, ...]
    kind: Kind = "image"
    classes: tuple[str, ...] = ()
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    shares: tuple[float, ...] = ()
    target: tuple[float, ...] | None = None
    features: tuple[str, ...] = ()
    letters: str = ""
    pixel_maximum: int = 0
    columns: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        axes = SHAPE_AXES[self.kind]
        if len(self.shape) != len(axes) or min(self.shape) < 1:
            raise ValueError(
                f"shape (={tuple(self.shape)}) must be ({', '.join(axes)}), all positive."
            )
        if self.target is not None and (not self.target or len(self.target) % 2):
            raise ValueError(f"target (={self.target}) must be means and as many deviations.")

    def __repr__(self) -> str:
        names = {"classes": self.classes, "features": self.features, "letters": self.letters}
        counts = [f"{len(known):,} {noun}" for noun, known in names.items() if known]
        return f"DataSpec({', '.join([f'{self.kind} of {self}', *counts])})"

    def __str__(self) -> str:
        return "x".join(map(str, self.shape))

    @property
    def n_targets(self) -> int:
        """The number of numbers to predict for each item."""
        return len(self.target or ()) // 2

    @property
    def target_names(self) -> tuple[str, ...]:
        """The names of the columns to predict; `target 1` and so on for several without names."""
        names = tuple(column.name for column in self.columns if column.role == "target")
        numbers = range(1, self.n_targets + 1) if self.n_targets > 1 else ()
        return names or tuple(f"target {number}" for number in numbers)

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Returns the spec that `to_table` returned as a dict.

        Raises:
            ValueError: If an entry is unknown or of the wrong type.
        """
        try:
            columns = tuple(map(Column.from_entry, table.get("columns", ())))
            entries = {n: v if isinstance(v, str | int) else tuple(v) for n, v in table.items()}
            entries.pop("columns", None)
            spec = cls(**entries, columns=columns)  # type: ignore[arg-type]  # may be anything
            all_integers = all(type(side) is int for side in spec.shape)
        except (TypeError, KeyError) as error:
            raise ValueError(f"not a description of data: {error}") from error
        if not all_integers:
            raise ValueError(f"shape (={spec.shape}) must be whole numbers.")
        return spec

    def to_table(self) -> dict[str, Any]:
        """Returns the attributes with values as a dict of plain values for a checkpoint."""
        known = {name: value for name, value in vars(self).items() if value}
        table = {n: v if isinstance(v, str | int) else list(v) for n, v in known.items()}
        entries = [column.to_entry() for column in self.columns]
        return table | {"columns": entries} if entries else table
