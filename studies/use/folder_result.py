"""The base class of results in a folder; a new result replaces the previous folder."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Group, RenderableType

from ...storage.folder_replacement import replace_folder
from ...storage.runs_folder import Runs
from ..display.result import Result


@dataclass(frozen=True, repr=False)
class FolderResult(Result):
    """A result with its files in a folder.

    Attributes:
        folder: The folder.
    """

    folder: Path

    @property
    def figures(self) -> list[Path]:
        """The figures in the folder."""
        return sorted(self.folder.glob("*.png"))

    def lines(self) -> Sequence[RenderableType]:
        """Returns the text and tables to print; without them, the figures are named."""
        return ()

    def __rich__(self) -> RenderableType:
        lines = self.lines()
        written = [self.folder] if lines else self.figures
        return Group(*lines, *(f"wrote {path}" for path in written))

    @contextmanager
    def replace_folder(self, runs: Runs) -> Iterator[Path]:
        """Yields an empty folder, which replaces that of the result when the block succeeds."""
        with replace_folder(self.folder, runs) as folder:
            yield folder
