"""Option: the metadata of a command line option that is the field of a dataclass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """The metadata of an option, as in `Annotated[int, Option("Epochs of a training.")]`.

    Attributes:
        help: One sentence for `--help` and docstrings.
        choices: All allowed values; empty if the values are not a fixed list.
        least: The smallest allowed number.
        most: The largest allowed number.
        default: What `--help` prints as the default if the default is None.
        metavar: The placeholder for the value in `--help`.
        flags: The flags of the option, if not `--` and the name of the field.
        parse: Converts the typed text to the value, or raises ValueError.
        fits_custom_study: Whether the option can be combined with a custom `StudySpec`.
        in_definition: Whether trials with different values of the option cannot be compared.
    """

    help: str
    choices: Sequence[str] = ()
    least: int | None = None
    most: int | None = None
    default: str | None = None
    metavar: str | None = None
    flags: Sequence[str] = ()
    parse: Callable[[str], Any] | None = None
    fits_custom_study: bool = False
    in_definition: bool = False
