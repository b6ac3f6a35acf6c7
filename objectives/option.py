"""What an option says of itself where it is declared: on the field of a dataclass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """What a field says of itself, as `Annotated[TYPE, Option(...)]`.

    Attributes:
        help: What the option does, in a sentence.
        choices: All values that it can have; empty if there are others.
        least: The smallest number that it can be.
        most: The largest number that it can be.
        default: What `--help` says in place of None.
        metavar: What stands for the value in `--help`.
        flags: How it is typed, if not as `--` and the name of the field.
        parse: Makes the value from what is typed, or raises ValueError.
        fits_custom_study: Whether a study of the user's own can have it too.
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
