"""What a terminal shows while a command runs."""

import io
import sys

import pytest

from latentune.studies.display import terminal
from latentune.studies.display.terminal_escape import EscapingStream


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_progress_bar_is_redrawn_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", EscapingStream(screen))
    console = terminal.EscapingConsole(force_terminal=True, color_system="truecolor", width=80)
    monkeypatch.setattr(terminal, "console", console)
    with terminal.progress_bar("trials") as bar:
        task = bar.add_task("digits", total=2)
        bar.advance(task)
        print("from a file: \x1b[2J")
    assert "\x1b[2K" in screen.getvalue()  # the bar was redrawn in its line
    assert "\\x1b" not in screen.getvalue()
    assert "\x1b[2J" not in screen.getvalue()
