"""The number of CPU threads of a training: the faster one of one thread and all free cores.

More threads are slower if other programs use the cores, because threads wait for each other. They
are also slower for small batches. The number is therefore chosen by timing steps of the training.
"""

import logging
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytorch_lightning as pl
import torch

from .rng import get_rng_state, set_rng_state
from .trainer import fit, quiet_trainer

IDLE_SAMPLE_S = 0.1  # for which the load of the cores is observed
TIMING_S = 0.5
MAX_TIMED_STEPS = 20
MIN_TIMED_STEPS = 4  # with the first step of each number, which only warms up
MAX_SHARE = 0.8
"""All free cores are used if a step takes at most this share of its time on one thread."""
SLOW_EPOCH = 2
"""The number is chosen again after an epoch that takes this many times longer than the fastest."""
CHOICE_INTERVAL = 20
"""Training between two choices takes at least this many times longer than a choice."""

log = logging.getLogger(__name__)


@contextmanager
def restore_threads(number: int | None = None) -> Iterator[None]:
    """Restores the number of PyTorch's threads when the block ends.

    The block begins with `number` threads; None leaves the number unchanged.
    """
    before = torch.get_num_threads()
    if number is not None:
        torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def count_free_cores(most: int) -> int:
    """Returns the number of cores that other programs leave idle, from 1 to `most`."""
    busy: list[float] = psutil.cpu_percent(IDLE_SAMPLE_S, percpu=True)
    return max(1, min(most, round(len(busy) - sum(busy) / 100)))


class ChooseThreads(pl.Callback):
    """Sets the number of PyTorch's threads before the first epoch, and after slow epochs.

    Steps are timed with another model and other data, and the random number generators are
    restored, so that the choice changes the training only by the rounding errors of the number. A
    training on a GPU and a resumed training keep the number that they begin with.

    Args:
        make_model: Returns a new model of the training.
        make_data: Returns a new data module of the training.
    """

    def __init__(
        self, make_model: Callable[[], pl.LightningModule], make_data: Callable[[], Any]
    ) -> None:
        self.make_model, self.make_data = make_model, make_data
        self.most = torch.get_num_threads()
        self._epoch_seconds: list[float] = []
        self._chosen_at, self._choice_seconds = 0.0, 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        started = time.perf_counter()
        if self._needs_choice(trainer, started):
            number, reason = self._choose(trainer)
            if number != torch.get_num_threads() or not self._epoch_seconds:
                threads = "1 thread" if number == 1 else f"{number} threads"
                log.info("training on %s: %s", threads, reason)
            self._chosen_at = time.perf_counter()
            self._choice_seconds = self._chosen_at - started
            torch.set_num_threads(number)
        self._epoch_started = time.perf_counter()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._epoch_seconds.append(time.perf_counter() - self._epoch_started)

    def _needs_choice(self, trainer: pl.Trainer, now: float) -> bool:
        if self.most == 1 or trainer.strategy.root_device.type != "cpu":
            return False
        if not self._epoch_seconds:
            return trainer.current_epoch == 0
        is_slow = self._epoch_seconds[-1] > SLOW_EPOCH * min(self._epoch_seconds)
        return is_slow and now - self._chosen_at > CHOICE_INTERVAL * self._choice_seconds

    def _choose(self, trainer: pl.Trainer) -> tuple[int, str]:
        """Returns the number of threads, and the reason for users."""
        free = count_free_cores(self.most)
        if free == 1:
            return 1, "other programs use the other cores"
        one, all_free = self._time_steps(trainer, free)
        number = free if all_free < MAX_SHARE * one else 1
        return number, (
            f"a step takes {1000 * one:.3g} ms on 1 and {1000 * all_free:.3g} ms on {free}"
        )

    def _time_steps(self, trainer: pl.Trainer, free: int) -> tuple[float, float]:
        """Returns the seconds of a step on one thread and on `free` threads.

        They are 0 if the training has too few steps.
        """
        timer, state, epochs = _StepTimer((1, free)), get_rng_state(), trainer.max_epochs or 1
        options: dict[str, Any] = {
            "accelerator": "cpu",
            "limit_val_batches": 0,
            "precision": trainer.precision,
            "deterministic": torch.are_deterministic_algorithms_enabled(),
        }
        try:
            with restore_threads():
                data = self.make_data()
                fit(quiet_trainer(epochs, [timer], data, **options), self.make_model(), data)
        finally:
            set_rng_state(state)
        one, all_free = (statistics.median(times or [0.0]) for times in timer.seconds.values())
        return one, all_free


class _StepTimer(pl.Callback):
    """Times the steps of a training with each of several numbers of threads in turn, then ends it.

    Attributes:
        seconds: The seconds of the steps, by the number of threads.
    """

    def __init__(self, numbers: tuple[int, ...]) -> None:
        self.numbers, self.steps = numbers, 0
        self.seconds: dict[int, list[float]] = {number: [] for number in numbers}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._ends_at = time.perf_counter() + TIMING_S

    def on_train_batch_start(self, *args: Any) -> None:
        torch.set_num_threads(self.numbers[self.steps % len(self.numbers)])
        self._started = time.perf_counter()

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        now = time.perf_counter()
        if self.steps >= len(self.numbers):  # the first step of each number warms up
            self.seconds[torch.get_num_threads()].append(now - self._started)
        self.steps += 1
        is_late = self.steps >= MIN_TIMED_STEPS and now >= self._ends_at
        if self.steps % len(self.numbers) == 0 and (is_late or self.steps == MAX_TIMED_STEPS):
            trainer.should_stop = True
