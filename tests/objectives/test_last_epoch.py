"""A trial whose process ends goes on after its last epoch, and ends as it would have ended."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import pytest
import pytorch_lightning as pl
from optuna.pruners import SuccessiveHalvingPruner
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial

import latentune
from latentune.objectives.objective import Objective
from latentune.storage.checkpoint_file import file_hash, read_safely
from latentune.storage.runs_folder import Runs
from latentune.studies.search.trial_lease import CheckLease, requeue_dead
from latentune.studies.study.build import build_spec
from latentune.studies.study.recipe import Recipe

Cli = Callable[..., Any]
LAST = Path("kept/0.ckpt")
URL = "sqlite:///runs/studies.db"


class Killed(BaseException):
    """Ends a training as the death of its process does: nobody catches it."""


class DieAfter(pl.Callback):
    """Counts the epochs that begin, and lets the process die after some of them."""

    def __init__(self, epochs: int | None) -> None:
        self.epochs, self.begun = epochs, 0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == self.epochs:
            raise Killed
        self.begun += 1


@pytest.fixture(autouse=True)
def _each_epoch_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentune.objectives.resumable_checkpoint.SAVE_TIME_FACTOR", 0)


def objective_of(model: str, **options: Any) -> Objective:
    recipe = Recipe(model, "digits", epochs=3, batch_size=400, **options)
    return build_spec(recipe, Runs()).objective


def outcome(trial: FrozenTrial) -> list[Any]:
    """All that a trial has found, without when and by which process."""
    found = [
        trial.user_attrs.get(name) for name in ("stopped", "epochs", "best_epoch", "pruned_at")
    ]
    return [trial.state, trial.params, trial.values, trial.intermediate_values, *found]


def _always(answer: Any, trial: optuna.Trial) -> Any:
    return answer


def run(objective: Objective, *deaths: int) -> tuple[FrozenTrial, int]:
    """Trains a trial in processes that die after these epochs; counts the epochs of the last."""
    ways = list(objective.metrics.values())
    study = optuna.create_study(directions=ways, sampler=RandomSampler(seed=0))
    number = study.ask()._trial_id
    for death in (*deaths, None):
        watch = DieAfter(death)
        callbacks = partial(_always, [watch])
        watched = replace(objective, callbacks=callbacks, last_epoch=partial(_always, LAST))
        with suppress(Killed):
            values = watched(optuna.Trial(study, number))
    return study.tell(number, values), watch.begun


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("conv-ae", {"augment": "crop"}),
        ("conv-ae", {"space": "optimizer", "ranges": {"schedule": "plateau"}}),
        ("conv-vae", {"objectives": ["reconstruction", "kl"]}),
        ("dcgan", {"ranges": {"width": "0.25"}}),
    ],
    ids=["images cut at random", "plateau", "two objectives", "two optimizers"],
)
def test_a_trial_goes_on_as_if_nothing_had_happened(model: str, options: dict[str, Any]) -> None:
    objective = objective_of(model, **options)
    whole, _ = run(objective)
    LAST.unlink()
    killed, begun = run(objective, 1, 2)
    assert begun == 1, "one epoch was left"
    assert outcome(killed) == outcome(whole)


def test_a_head_goes_on_and_its_encoder_is_kept_once(trained: Path) -> None:
    encoder = trained / "conv-ae-digits/final/model.ckpt"
    objective = objective_of("head", encoder=str(encoder), encoder_hash=file_hash(encoder))
    whole, _ = run(objective)
    assert not [name for name in read_safely(LAST)["state_dict"] if name.startswith("codec")]
    LAST.unlink()
    killed, begun = run(objective, 2)
    assert begun == 1
    assert outcome(killed) == outcome(whole)


def test_what_is_broken_or_of_another_trial_is_not_gone_on_with(
    caplog: pytest.LogCaptureFixture,
) -> None:
    objective = objective_of("conv-ae")
    whole, _ = run(objective)
    of_whole = LAST.read_bytes()
    run(replace(objective, seed=5))
    for file in (b"", of_whole[:5000], LAST.read_bytes()):
        LAST.write_bytes(file)
        again, begun = run(objective)
        assert begun == 3
        assert outcome(again) == outcome(whole)
    LAST.write_bytes(of_whole)
    assert run(objective)[1] == 1, "it would have gone on with its own"
    LAST.unlink()
    LAST.parent.rmdir()
    LAST.parent.touch()  # nothing can be kept
    caplog.clear()
    caplog.set_level("WARNING")
    again, _ = run(objective)
    assert outcome(again) == outcome(whole)
    (line,) = caplog.messages
    assert line.startswith(f"cannot write the checkpoint {LAST}: ")


def test_what_the_pruner_has_decided_holds() -> None:
    objective, pruner = objective_of("conv-ae"), SuccessiveHalvingPruner(1, bootstrap_count=1)
    study = optuna.create_study(sampler=RandomSampler(seed=0), pruner=pruner)
    number = study.ask()._trial_id
    for _ in range(2):  # the first process dies before it has recorded anything
        with pytest.raises(optuna.TrialPruned):
            objective(optuna.Trial(study, number))
    assert study.trials[0].intermediate_values.keys() == {1}


def test_a_search_that_is_killed_finds_what_one_that_is_not_does(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"trials": 4, "epochs": 2, "batch_size": 400}
    whole = latentune.search("conv-ae", "digits", name="whole", **small)
    times = {(0, 1), (2, 0)}

    def die(self: CheckLease, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        time = (self.lease.trial.number, trainer.current_epoch)
        if time in times:
            times.remove(time)
            raise Killed

    monkeypatch.setattr(CheckLease, "on_train_epoch_start", die)
    for number in (0, 2):
        with pytest.raises(Killed):
            latentune.search("conv-ae", "digits", name="killed", **small)
        requeue_dead(optuna.load_study(study_name="killed", storage=URL), [number])
        if number == 0:
            answer = cli("status", "killed")
            assert "its process died after epoch 1" in answer.out
            assert "1 trial goes on from an epoch that is kept (0." in answer.out
    chosen: list[str] = []
    suggest = optuna.Trial.suggest_float

    def die_later(self: optuna.Trial, name: str, *args: Any, **options: Any) -> float:
        if self.number == 3 and self.study.study_name == "killed":
            chosen.append(name)
            if len(chosen) == 3:
                raise Killed
        return suggest(self, name, *args, **options)

    monkeypatch.setattr(optuna.Trial, "suggest_float", die_later)
    with pytest.raises(Killed):
        latentune.search("conv-ae", "digits", name="killed", **small)
    broken = optuna.load_study(study_name="killed", storage=URL)
    assert len(broken.trials) == 3, "a trial with half of its values is in the database"
    killed = latentune.search("conv-ae", "digits", name="killed", **small)
    assert [outcome(trial) for trial in killed.trials] == [outcome(t) for t in whole.trials]
    assert not Path("runs/cache/trials").exists()
