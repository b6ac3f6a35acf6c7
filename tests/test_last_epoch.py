"""A trial whose process ends goes on after its last epoch, and ends as it would have ended."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
import pytest
import pytorch_lightning as pl

import latentune
from latentune.objectives.report import PRUNED
from latentune.studies.running.callbacks import CheckHold
from latentune.studies.running.retries import DIED, put_back

Cli = Callable[..., Any]
KEPT = Path("runs/cache/trials")


class Killed(BaseException):
    """Ends a training as the death of its process does: nobody catches it."""


@pytest.fixture
def killed_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[set[tuple[int, int]]], None]:
    """Lets a process die in trials with these numbers, once, when these epochs are over."""

    def arrange(times: set[tuple[int, int]]) -> None:
        def die(self: Any, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            time = (self.hold.trial.number, trainer.current_epoch)
            if time in times:
                times.remove(time)
                raise Killed

        monkeypatch.setattr(CheckHold, "on_train_epoch_start", die)

    return arrange


def search(model: str, name: str, **options: Any) -> optuna.Study:
    """Searches; whenever the process dies, another one goes on."""
    for _ in range(20):
        with suppress(Killed):
            return latentune.search(model, name=name, **options)
        study = optuna.load_study(study_name=name, storage="sqlite:///runs/studies.db")
        for trial in study.trials:
            put_back(study, trial.number, DIED)
    raise AssertionError("it dies for ever")


def outcome(study: optuna.Study) -> list[Any]:
    """All that a search found, without when and by which process."""
    attrs = ("stopped", "epochs", "best_epoch", PRUNED)
    return [
        (t.state, t.params, t.values, t.intermediate_values, [t.user_attrs.get(a) for a in attrs])
        for t in study.trials
    ]


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("conv-ae", {"augment": "crop", "pruner": "halving"}),
        ("conv-vae", {"objectives": ["reconstruction", "kl"]}),
        ("dcgan", {"ranges": {"width": "0.25"}}),
    ],
    ids=["halving", "two objectives", "two optimisers"],
)
def test_a_search_that_is_killed_finds_what_one_that_is_not_does(
    model: str, options: dict[str, Any], killed_after: Any
) -> None:
    small = {"data": "digits", "trials": 5, "epochs": 4, "batch_size": 400, "workers": 1}
    whole = search(model, "whole", **small, **options)
    killed_after({(0, 2), (0, 3), (1, 0), (2, 1), (4, 1), (4, 0)})
    killed = search(model, "killed", **small, **options)
    assert outcome(killed) == outcome(whole)
    print(killed.trials[0].user_attrs, killed.trials[1].user_attrs)
    assert not KEPT.exists()
