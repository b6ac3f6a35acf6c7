"""A finding: a problem of a study or a file, its severity, and the way to fix it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, Self, get_args

Severity = Literal["broken", "wasteful", "advice"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The severities, the worst first. `broken`: a result is lost or wrong. `wasteful`: time or disk
space is wasted. `advice`: a search could find better values."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a study or a file.

    Attributes:
        severity: One of `SEVERITIES`.
        problem: One line that describes the problem, with the name of the study or file.
        solution: The command to type, or what `fix=` does.
        fix: Function that changes the copy of the database or plans changes of files. None if
            only a person can fix the problem.
    """

    severity: Severity
    problem: str
    solution: str
    fix: Callable[[], object] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.severity:<9} {self.problem}\n{'':<9} {self.solution}"

    def without_fix(self) -> Self:
        """Returns the finding without the fix, for a database that is not an SQLite file."""
        solution = self.solution
        if "`fix=`" in solution:
            solution = "by hand: `fix=` is for SQLite files, which it can back up first"
        return replace(self, solution=solution, fix=None)

    def describe_fix(self) -> str:
        """Returns two lines for the user after the fix: the problem, and what was done."""
        return f"{'fixed':<9} {self.problem}\n{'':<9} {self.solution.removeprefix('`fix=` ')}"


def count(n: int, noun: str) -> str:
    """Returns a number and a noun in the singular or plural: `1 file`, `1,200 files`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def list_trials(numbers: list[int], limit: int = 5) -> str:
    """Returns a text with at most `limit` numbers: `trial 3`, `trials 3, 5 and 9 more`."""
    listed = ", ".join(map(str, numbers[:limit]))
    more = f" and {len(numbers) - limit} more" if len(numbers) > limit else ""
    return f"trial{'s' if len(numbers) > 1 else ''} {listed}{more}"
