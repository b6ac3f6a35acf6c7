"""A finding: what is wrong with a study or a file, how bad that is, and the way out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, Self

Severity = Literal["broken", "wasteful", "advice"]
SEVERITIES: tuple[Severity, ...] = ("broken", "wasteful", "advice")
"""How bad a finding can be, the worst first: a result is lost or wrong, time or disk is wasted, or
a search could have found better."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        severity: How bad it is.
        what: What it is, with the study and the numbers, in a line.
        way_out: The command to type, or what `fix=` does.
        fix: Mends it while it is looked at, in the copy of the database and the list of changes;
            None if only a person can.
    """

    severity: Severity
    what: str
    way_out: str
    fix: Callable[[], object] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.severity:<9} {self.what}\n{'':<9} {self.way_out}"

    def by_hand(self) -> Self:
        """Returns what it is where nothing can be backed up, and so nothing be mended."""
        way_out = self.way_out
        if "`fix=`" in way_out:
            way_out = "by hand: `fix=` is for SQLite files, which it can back up first"
        return replace(self, way_out=way_out, fix=None)

    @property
    def mended(self) -> str:
        """What the repair has done."""
        return f"{'fixed':<9} {self.what}\n{'':<9} {self.way_out.removeprefix('`fix=` ')}"


def count(n: int, thing: str) -> str:
    """Returns a number of things in words: `1 file`, `1,200 files`."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def some(numbers: list[int], most: int = 5) -> str:
    """Returns the numbers of trials in words: `trial 3`, `trials 3, 5 and 9 more`."""
    shown = ", ".join(map(str, numbers[:most]))
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return f"trial{'s' if len(numbers) > 1 else ''} {shown}{more}"
