"""What a model must know of its data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

Kind = Literal["image", "table", "text"]

SIDES: dict[Kind, tuple[str, ...]] = {
    "image": ("channels", "height", "width"),
    "table": ("features",),
    "text": ("letters",),
}
"""The kinds of data, and what the sides of one item are."""


class Column(NamedTuple):
    """How training has read a column of a file.

    Attributes:
        name: Its name; `column 3` of a file without names.
        role: What it is: a feature, which is a `number`, an `amount` (a number with a unit or with
            marks at thousands), a `flag` (true or false) or a `category`; the `texts`; the
            `target`; the `row number`; or `left out`.
        decimal: The decimal mark of its numbers, `.` or `,`, if any is in them.
        unit: The unit of its numbers, such as `$` or `%`, if they have one.
    """

    name: str
    role: str
    decimal: str = ""
    unit: str = ""


@dataclass(frozen=True)
class DataSpec:
    """What one item of the data is; the data themselves are not needed to rebuild a network.

    Attributes:
        shape: Shape of one item: (C, H, W) of an image, (F,) of a row of a table, (L,) of a text
            of up to L letters.
        kind: What an item is.
        classes: Names of the classes; empty if there are no labels, or targets are numbers.
        mean: Mean of each channel or feature over the training part, if a network shall
            standardise what it sees.
        std: Standard deviation of each, likewise; both or none are given.
        shares: Share of each class in the training part, from 0 to 1.
        target: Mean and standard deviation of the training part's targets, if these are numbers.
        features: Names of a table's features; `colour=red` is 1 where the colour is red, else 0.
        letters: The letters of a text, of which the first has number 1; 0 stands behind its end.
        pixel_maximum: The number that stands for 1 in images as they are stored, such as 255; 0
            if it is not known, because only floats up to 1 were seen.
        columns: The columns of the file that the items come from, if they come from one.

    Raises:
        ValueError: If the shape is none of its kind.

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
    target: tuple[float, float] | None = None
    features: tuple[str, ...] = ()
    letters: str = ""
    pixel_maximum: int = 0
    columns: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        sides = SIDES[self.kind]
        if len(self.shape) != len(sides) or min(self.shape) < 1:
            raise ValueError(
                f"shape (={tuple(self.shape)}) must be ({', '.join(sides)}), all positive."
            )

    def __repr__(self) -> str:
        names = {"classes": self.classes, "features": self.features, "letters": self.letters}
        counts = [f"{len(known):,} {what}" for what, known in names.items() if known]
        return f"DataSpec({', '.join([f'{self.kind} of {self}', *counts])})"

    def __str__(self) -> str:
        return "x".join(map(str, self.shape))

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Makes a spec of what `to_table` returned.

        Raises:
            ValueError: If an entry is unknown or of the wrong type.
        """
        try:
            entries = {n: v if isinstance(v, str | int) else tuple(v) for n, v in table.items()}
            columns = tuple(Column(*map(str, column)) for column in table.get("columns", ()))
            entries = {name: value for name, value in entries.items() if name != "columns"}
            spec = cls(**entries, columns=columns)  # type: ignore[arg-type]  # may be anything
            all_integers = all(type(side) is int for side in spec.shape)
        except (TypeError, KeyError) as error:
            raise ValueError(f"is no description of data: {error}") from error
        if not all_integers:
            raise ValueError(f"shape (={spec.shape}) must be whole numbers.")
        return spec

    def to_table(self) -> dict[str, Any]:
        """Returns the spec as checkpoints can hold it, without what is not known."""
        known = {name: value for name, value in vars(self).items() if value}
        table = {n: v if isinstance(v, str | int) else list(v) for n, v in known.items()}
        return table | {"columns": list(map(list, self.columns))} if self.columns else table
