"""What a terminal shows while a command runs."""

import io
import sys

import pytest

from latentune.studies import display
from latentune.studies.visible import VisibleStream


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_progress_bar_is_drawn_and_not_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", VisibleStream(terminal))
    console = display._Console(force_terminal=True, color_system="truecolor", width=80)
    monkeypatch.setattr(display, "console", console)
    with display.bar("trials") as bar:
        task = bar.add_task("digits", total=2)
        bar.advance(task)
        print("from a file: \x1b[2J")
    assert "\x1b[2K" in terminal.getvalue()  # the bar was drawn again in its line
    assert "\\x1b" not in terminal.getvalue()
    assert "\x1b[2J" not in terminal.getvalue()
