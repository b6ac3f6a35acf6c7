"""In Python, what is inferred from data is printed, unless the program has set up logging."""

import logging

import numpy as np
import pandas as pd
import pytest

import latentune

LOG = logging.getLogger("latentune")
FRAME = pd.DataFrame(
    {
        "size": [i * i % 7 for i in range(40)],
        "name": [f"P{i:04}" for i in range(40)],
        "weight\u202e": [i % 5 / 4 for i in range(40)],
    }
)


def _remove_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts logging in the state of a program that has not set it up."""
    monkeypatch.setattr(LOG, "propagate", False)  # pytest has handlers for all logs
    monkeypatch.setattr(LOG, "handlers", [])
    LOG.setLevel(logging.NOTSET)


def test_messages_are_printed_once_to_standard_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _remove_handlers(monkeypatch)
    for _ in range(2):
        latentune.show(FRAME, target="size")
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert printed.out == ""
    assert sum("'name' keeps one" in line for line in lines) == 1
    assert "\u202e" not in printed.err


def test_a_level_that_the_program_has_set_is_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _remove_handlers(monkeypatch)
    LOG.setLevel("WARNING")
    latentune.show(FRAME, target="size")
    assert capsys.readouterr().err == ""


def test_a_program_with_handlers_gets_the_messages_there(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level("INFO", "latentune"):
        latentune.show(FRAME, target="size")
    assert "'name' keeps one" in caplog.text
    assert "keeps one" not in capsys.readouterr().err


def test_estimators_print_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _remove_handlers(monkeypatch)
    rows = np.random.default_rng(0).normal(size=(40, 3))
    latentune.LatentuneEncoder(trials=1, epochs=1, final_epochs=1).fit_transform(rows)
    latentune.show(rows + 1)
    printed = capsys.readouterr().err
    assert "the data are kept as" in printed  # by `show`
    assert "scoring the test part" not in printed
