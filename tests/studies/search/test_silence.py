"""What takes long says so: a training in a pipe, waiting for a lock, and a perfect search."""

import logging
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

import latentune
from latentune.objectives import progress
from latentune.objectives.progress import format_duration
from latentune.storage import lock_wait as waiting
from latentune.storage import sqlite_file as sqlite

from ...forked import fork
from ...given import LOGS_A_VALUE

SPEC = (
    LOGS_A_VALUE
    + """
def space(trial, data):
    trial.suggest_float("x", 0, 1)
    return Net({values}[getattr(trial, "number", 0) % 4])

data = partial(TensorData, "items.npy")
SPEC = StudySpec(
    "own", Objective(space, data, metrics={{"{metric}": "{way}"}}, max_epochs=1)
)
"""
)


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="latentune")


@pytest.fixture
def react() -> Iterator[Callable[[str, Callable[[], object]], None]]:
    """Does something once a line is logged that holds a text."""
    log, handlers = logging.getLogger("latentune"), list[logging.Handler]()

    def on(text: str, act: Callable[[], object]) -> None:
        class Handler(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if text in record.getMessage():
                    act()

        handlers.append(Handler())
        log.addHandler(handlers[-1])

    yield on
    for handler in handlers:
        log.removeHandler(handler)


def own(metric: str, way: str, *values: float) -> str:
    """Writes a study whose trials are worth these values, in turns."""
    np.save("items.npy", np.random.default_rng(0).random((20, 1, 8, 8), dtype=np.float32))
    Path("own.py").write_text(SPEC.format(metric=metric, way=way, values=list(values)))
    return "own:SPEC"


def test_a_training_without_a_terminal_logs_its_progress_each_minute(
    trained: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seconds = count(step=31)
    monkeypatch.setattr(progress, "clock", lambda: next(seconds))
    latentune.train("conv-ae-digits", epochs=2, pictures="none", runs=trained)
    lines = [text for text in caplog.messages if ": epoch " in text]
    ticks = next(seconds) // 31
    assert ticks / 3 < len(lines) + 1 <= ticks / 1.5, "one in two ticks is over a minute"
    first = pd.read_csv(trained / "conv-ae-digits/final/metrics.csv")["val_mse"][0]
    begin = "training conv-ae-digits, 2 epochs: epoch "
    assert lines[0].startswith(f"{begin}1 of 2, about ")
    assert lines[-1].startswith(f"{begin}2 of 2, val_mse {first:.4g}, about ")
    assert all(line.endswith((" s left", " min left")) for line in lines)


def test_the_remaining_time_is_estimated_from_new_steps(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress, "clock", lambda: now[0])
    with progress.progress("packing", 1100) as advance:
        advance(100)  # before
        for now[0] in (59.0, 61.0, 100.0, 122.0):
            advance(100)
    assert caplog.messages == [
        "packing",
        "packing: 300 of 1,100, about 4 min left",  # 200 in 61 s, and 800 are left
        "packing: 500 of 1,100, about 3 min left",
    ]
    assert [format_duration(s) for s in (4.4, 90, 3600 + 240)] == ["4 s", "2 min", "1 h 4 min"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals that kill")
def test_waiting_for_another_search_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, react: Any
) -> None:
    study = own("val_worth", "minimize", 1, 1, 1, 1)
    latentune.search(study, trials=1)
    other = fork(_hold, "runs/search.lock")
    assert other.out.readline() == "held\n"
    monkeypatch.setattr(waiting, "REPORT_AFTER_S", 0)
    react("waiting for", lambda: os.kill(other.process.pid or 0, signal.SIGKILL))
    assert len(latentune.search(study, trials=2).trials) == 2
    assert "waiting for the lock of all searches: another process holds it" in caplog.messages
    other.end()


def _hold(path: str) -> None:
    with FileLock(path):
        print("held", flush=True)
        signal.pause()


def test_waiting_for_a_locked_database_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, react: Any
) -> None:
    study = own("val_worth", "minimize", 1, 1, 1, 1)
    monkeypatch.setattr(sqlite, "REPORT_AFTER_S", 0)
    found = latentune.search(study, trials=1)
    with closing(sqlite3.connect("runs/studies.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        react("waiting for the database", lambda: other.execute("ROLLBACK"))
        found.set_user_attr("mine", 1)
    assert caplog.messages.count("waiting for the database: another process has locked it") == 1
    assert found.user_attrs["mine"] == 1


@pytest.mark.parametrize(
    ("metric", "way", "values"),
    [("val_accuracy", "maximize", (0.5, 1, 0.7, 1)), ("val_mse", "minimize", (0.5, 0, 0.7, 0))],
)
def test_a_search_ends_with_a_line_once_no_value_is_better(
    metric: str, way: str, values: tuple[float, ...], caplog: pytest.LogCaptureFixture
) -> None:
    study = own(metric, way, *values)
    assert len(latentune.search(study, trials=5, pruner="none").trials) == 2
    assert caplog.messages[-1] == (
        f"trial 1 has {metric} {values[1]:g}, and no value is better: the search ends after 2 of "
        "5 trials; the same command tries the others"
    )
    assert len(latentune.search(study, trials=5, pruner="none").trials) == 5
    assert caplog.messages[-1].endswith("no value is better: further trials cannot improve it")


@pytest.mark.parametrize(
    ("metric", "way"), [("val_accuracy", "minimize"), ("val_elbo", "maximize")]
)
def test_a_search_goes_on_if_there_may_be_better_values(metric: str, way: str) -> None:
    study = own(metric, way, 1, 1, 0, 0)
    assert len(latentune.search(study, trials=3, pruner="none").trials) == 3
