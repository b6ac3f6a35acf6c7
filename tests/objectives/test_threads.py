"""The number of threads of a training is chosen by timing, which leaves the training as it is."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

import latentune
from latentune.objectives import threads
from latentune.objectives.threads import ChooseThreads, count_free_cores, restore_threads

Cli = Callable[..., Any]
FINAL = Path("runs/conv-ae-digits/final")
NAME = "conv-ae-digits"


class StopAfterOne(pl.Callback):
    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == 1:
            raise SystemExit


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """PyTorch may use two threads, and no other program uses a core."""
    monkeypatch.setattr(threads, "count_free_cores", lambda most: most)
    with restore_threads(2):
        yield


def recorded() -> Any:
    return json.loads((FINAL / "metrics.json").read_text())["threads"]


def test_timing_changes_nothing_but_the_number(
    two_cores: None,
    trained: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    latentune.train(NAME, epochs=2, threads=1)
    history, weights = (FINAL / "metrics.csv").read_text(), torch.load(FINAL / "model.ckpt")
    monkeypatch.setattr(threads, "MAX_SHARE", 0)  # one thread is faster
    with caplog.at_level(logging.INFO):
        latentune.train(NAME, epochs=2)
    (line,) = (r.getMessage() for r in caplog.records if " ms on 1 " in r.getMessage())
    assert line.startswith("training on 1 thread: a step takes ")
    assert recorded() == {"1": 1}
    assert torch.get_num_threads() == 2, "the number of the process is restored"
    assert (FINAL / "metrics.csv").read_text() == history
    again = torch.load(FINAL / "model.ckpt")["state_dict"]
    assert all(torch.equal(again[n], weight) for n, weight in weights["state_dict"].items())


def test_a_resumed_training_keeps_its_number(
    two_cores: None, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "MAX_SHARE", 0)
    with pytest.raises(KeyboardInterrupt):
        latentune.train(NAME, epochs=3, callbacks=[StopAfterOne()])
    monkeypatch.setattr(threads, "MAX_SHARE", 1e9)  # a new choice would be two threads
    latentune.train(NAME, epochs=3, resume=True)
    assert recorded() == {"1": 1}


def test_the_number_is_chosen_again_after_a_slow_epoch(
    two_cores: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    now = 0.0
    monkeypatch.setattr(threads, "time", SimpleNamespace(perf_counter=lambda: now))
    choices = iter([(2, "it is free"), (1, "others are busy"), (1, "still")])
    chooser: Any = ChooseThreads(lambda: None, lambda: None)  # type: ignore[arg-type, return-value]
    monkeypatch.setattr(chooser, "_choose", lambda trainer: next(choices))
    device = SimpleNamespace(root_device=torch.device("cpu"))
    used = []
    for epoch, seconds in enumerate((5.0, 4.0, 7.9, 8.1, 8.1, 4.0)):
        chooser.on_train_epoch_start(SimpleNamespace(strategy=device, current_epoch=epoch), None)
        used.append(torch.get_num_threads())
        now += seconds
        chooser.on_train_epoch_end(None, None)
    assert used == [2, 2, 2, 2, 1, 1]
    assert caplog.messages == [
        "training on 2 threads: it is free",
        "training on 1 thread: others are busy",
    ], "a choice that changes nothing is not told"


def test_a_given_number_is_used(cli: Cli, trained: Path) -> None:
    answer = cli("train", NAME, "--epochs", 1, "--threads", 2)
    assert answer.code == 0, answer.err
    assert "training on" not in answer.out
    assert recorded() == {"1": 2}


def test_cores_of_other_programs_are_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    load = [100.0, 95.0, 3.0, 0.0]
    monkeypatch.setattr(threads.psutil, "cpu_percent", lambda seconds, percpu: load)
    assert [count_free_cores(most) for most in (1, 2, 4)] == [1, 2, 2]
    load[2:] = [98.0, 70.0]
    assert count_free_cores(4) == 1
