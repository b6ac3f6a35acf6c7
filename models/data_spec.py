"""What a model must know of its data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

Kind = Literal["image", "table"]

SIDES: dict[Kind, tuple[str, ...]] = {
    "image": ("channels", "height", "width"),
    "table": ("features",),
}
"""The kinds of data, and what the sides of one item are."""


@dataclass(frozen=True)
class DataSpec:
    """What one item of the data is; the data themselves are not needed to rebuild a network.

    Attributes:
        shape: Shape of one item: (C, H, W) of an image, (F,) of a row of a table.
        kind: What an item is.
        classes: Names of the classes; empty if there are no labels.
        mean: Mean of each channel or feature over the training part, if a network shall
            standardise what it sees.
        std: Standard deviation of each, likewise; both or none are given.

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

    def __post_init__(self) -> None:
        sides = SIDES[self.kind]
        if len(self.shape) != len(sides) or min(self.shape) < 1:
            raise ValueError(
                f"shape (={tuple(self.shape)}) must be ({', '.join(sides)}), all positive."
            )

    def __str__(self) -> str:
        return "x".join(map(str, self.shape))

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Makes a spec of what `to_table` returned.

        Raises:
            ValueError: If an entry is unknown or of the wrong type.
        """
        try:
            entries = {name: v if isinstance(v, str) else tuple(v) for name, v in table.items()}
            spec = cls(**entries)  # type: ignore[arg-type]  # a file may hold anything
            whole = all(isinstance(side, int) for side in spec.shape)
        except (TypeError, KeyError) as error:
            raise ValueError(f"is no description of data: {error}") from error
        if not whole:
            raise ValueError(f"shape (={spec.shape}) must be whole numbers.")
        return spec

    def to_table(self) -> dict[str, Any]:
        """Returns the spec as checkpoints can hold it, without what is not known."""
        entries = {name: getattr(self, name) for name in ("shape", "classes", "mean", "std")}
        known = {name: list(value) for name, value in entries.items() if value}
        return {"kind": self.kind, **known}
