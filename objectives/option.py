"""The metadata of an option that is declared as the field of a dataclass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """The metadata of an option, as in `Annotated[int, Option("Epochs of a training.")]`.

    Attributes:
        help: One sentence for `--help` and docstrings.
        choices: All values that it can have; empty if there are others.
        least: The smallest number that it can be.
        most: The largest number that it can be.
        default: The meaning of None, as `--help` prints it.
        metavar: The placeholder of the value in `--help`.
        flags: The flags, if not `--` and the name of the field.
        parse: Converts the text that is typed, or raises ValueError.
        fits_custom_study: Whether it may be given with a custom `StudySpec`.
        in_definition: Whether trials with another value of it cannot be compared.
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
