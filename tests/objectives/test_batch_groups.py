"""A step of the trainer may be a group of small batches; the training stays the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import CSVLogger

from latentune import VAE, DataSpec, Learner, Predictor, TensorData
from latentune.models.batch_groups import BatchGroups
from latentune.objectives.resumable_checkpoint import LastEpochCheckpoint
from latentune.objectives.trainer import fit, quiet_trainer, silence_lightning

BATCHES = 26  # of 128 training items, in batches of 5

Build = Callable[[DataSpec], Learner]


class SeesSteps(pl.Callback):
    def on_train_batch_end(self, *args: Any) -> None:
        pass


def classifier(spec: DataSpec, **options: Any) -> Predictor:
    return Predictor(spec, hidden=8, **options)


def train(build: Build, name: str, *callbacks: pl.Callback, **options: Any) -> pl.Trainer:
    pl.seed_everything(0, verbose=False)
    data = TensorData(name, batch_size=5 if name == "wine" else 50)
    trainer = quiet_trainer(2, callbacks, data, accelerator="cpu", **options)
    fit(trainer, build(data.spec), data)
    return trainer


def assert_equal(first: pl.Trainer, second: pl.Trainer) -> None:
    weights = [trainer.lightning_module.state_dict() for trainer in (first, second)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert first.callback_metrics == second.callback_metrics
    states = [
        trainer.lr_scheduler_configs[0].scheduler.state_dict() for trainer in (first, second)
    ]
    assert states[0] == states[1]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"l1": 1e-3, "gradient_clip_norm": 0.1},
        {"schedule": "step", "optimizer": "sgd"},
        {"schedule": "plateau", "lr": 1.0},
    ],
)
def test_a_group_trains_like_its_batches(options: dict[str, Any]) -> None:
    grouped = train(lambda spec: classifier(spec, **options), "wine")
    single = train(lambda spec: classifier(spec, **options), "wine", SeesSteps())
    assert (grouped.global_step, single.global_step) == (2 * 2, 2 * BATCHES)
    assert_equal(grouped, single)


def test_random_numbers_of_a_training_are_the_same() -> None:
    grouped = train(lambda spec: VAE(spec, 2, network="dense", width=0.1), "digits")
    single = train(lambda spec: VAE(spec, 2, network="dense", width=0.1), "digits", SeesSteps())
    assert grouped.global_step < single.global_step
    assert_equal(grouped, single)


def test_the_limit_of_the_trainer_clips_each_gradient() -> None:
    grouped = train(classifier, "wine", gradient_clip_val=1e-3)
    single = train(classifier, "wine", SeesSteps(), gradient_clip_val=1e-3)
    assert_equal(grouped, single)


@pytest.mark.parametrize("first", [(), (SeesSteps(),)])
def test_a_training_resumes_with_or_without_groups(
    tmp_path: Path, first: tuple[pl.Callback, ...]
) -> None:
    whole = train(classifier, "wine")

    class Stop(pl.Callback):
        def on_train_epoch_start(self, trainer: pl.Trainer, *args: Any) -> None:
            if trainer.current_epoch == 1:
                raise SystemExit

    path = tmp_path / "last.ckpt"
    with pytest.raises(KeyboardInterrupt):
        train(
            classifier,
            "wine",
            *(*first, LastEpochCheckpoint(path, {}), Stop()),
            enable_checkpointing=True,
        )
    data = TensorData("wine", batch_size=5)
    resumed = quiet_trainer(2, [LastEpochCheckpoint(path, {})], data, enable_checkpointing=True)
    fit(resumed, classifier(data.spec), data, path)
    assert_equal(whole, resumed)


class OwnStep(Predictor):
    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        return super().training_step(batch, batch_idx)


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (lambda spec: OwnStep(spec, hidden=8), {}),
        (classifier, {"precision": "bf16-mixed"}),
        (classifier, {"max_steps": 2 * BATCHES}),
        (classifier, {"limit_train_batches": BATCHES}),
    ],
)
def test_steps_that_others_see_or_change_are_single_batches(
    build: Build, options: dict[str, Any]
) -> None:
    assert train(build, "wine", **options).global_step == 2 * BATCHES


def test_the_steps_of_a_logger_are_batches(tmp_path: Path) -> None:
    assert train(classifier, "wine", logger=CSVLogger(tmp_path)).global_step == 2 * BATCHES


def test_another_trainer_gets_batches() -> None:
    data = TensorData("wine", batch_size=5)
    fit(quiet_trainer(1, [], data, accelerator="cpu"), classifier(data.spec), data)
    trainer = quiet_trainer(1, [], data, accelerator="cpu")
    with silence_lightning():
        trainer.fit(classifier(data.spec), datamodule=data)
    assert trainer.global_step == BATCHES


def test_only_small_batches_without_augmentation_are_grouped() -> None:
    def are_grouped(**options: Any) -> bool:
        data = TensorData("digits", **options)
        data.setup("fit")
        data.grouped = True
        return isinstance(data.train_dataloader(), BatchGroups)

    assert are_grouped()
    assert not are_grouped(batch_size=1000)
    assert not are_grouped(augment="crop")
