"""Counts the file operations of a process, and kills it before or during the n-th one.

Python's audit hooks count opening to write, renaming, removing, and making folders. A commit of
SQLite is one operation, and so is `torch.save`, which opens its file in C++.
"""

import os
import signal
import sqlite3
import sqlite3.dbapi2
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EVENTS = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.link")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class Operations:
    """The operations of this process on files of some folders.

    Attributes:
        folders: The folders of these files.
        kill_at: The process is killed before the operation of this number, from 1; None for never.
        torn: Whether a file that this operation would write exists then, but is empty.
        report: Called with each operation.
    """

    folders: tuple[Path, ...]
    kill_at: int | None = None
    torn: bool = False
    report: Callable[[str], object] = lambda operation: None
    count: int = field(default=0, init=False)

    def watch(self) -> None:
        """Counts operations from now until the process ends."""
        import torch

        save, connect = torch.save, sqlite3.dbapi2.connect

        def counted(content: Any, file: Any, *args: Any, **options: Any) -> None:
            if isinstance(file, str | Path):
                self._operation("torch.save", file)
            save(content, file, *args, **options)

        def connected(*args: Any, **options: Any) -> sqlite3.Connection:
            connection = connect(*args, **options)
            connection.set_trace_callback(self._statement)
            return connection

        torch.save = counted
        sqlite3.connect = sqlite3.dbapi2.connect = connected
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event in EVENTS and (event != "open" or _writes(*args[1:])):
            self._operation(event, args[0])

    def _statement(self, text: str) -> None:
        if text.startswith("COMMIT"):
            self._operation("commit", self.folders[0])

    def _operation(self, what: str, path: Any) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        whole = Path(os.path.abspath(os.fsdecode(path)))
        # What is removed within a folder is named from there alone.
        if os.path.isabs(os.fsdecode(path)) and not any(map(whole.is_relative_to, self.folders)):
            return
        self.count += 1
        self.report(f"{what} {os.fsdecode(path)}")
        if self.count == self.kill_at:
            if self.torn and what in ("open", "torch.save"):
                self.kill_at = None
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
            os.kill(os.getpid(), signal.SIGKILL)


def _writes(mode: str | None, flags: int) -> bool:
    return bool(set(mode or "") & set("wax+")) if mode else bool(flags & WRITES)
