"""The trainer of trials trains as Lightning's own trainer does."""

import pytest
import pytorch_lightning as pl
import torch

from latentune import Predictor, TensorData
from latentune.objectives.trainer import fit, quiet_trainer, silence_lightning


@pytest.mark.parametrize("options", [{}, {"l1": 1e-4, "gradient_clip_norm": 0.1}])
def test_a_plain_trainer_gives_the_same_weights(options: dict[str, float]) -> None:
    data = TensorData("wine")
    weights = []
    for is_plain in (True, False):
        pl.seed_everything(0, verbose=False)
        model = Predictor(data.spec, hidden=8, **options)  # type: ignore[arg-type]
        if is_plain:
            with silence_lightning():
                plain = {"enable_checkpointing": False, "enable_progress_bar": False}
                trainer = pl.Trainer(
                    max_epochs=2, accelerator="cpu", logger=False, num_sanity_val_steps=0, **plain
                )
                trainer.fit(model, datamodule=data)
        else:
            fit(quiet_trainer(2, [], data, accelerator="cpu"), model, data)
        weights.append(model.state_dict())
    first, second = weights
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_trainer_clips_gradients() -> None:
    """A learner without a limit of its own keeps to the limit of the trainer."""
    data = TensorData("wine")
    pl.seed_everything(0, verbose=False)
    sgd = {"optimizer": "sgd", "momentum": 0.0, "schedule": "constant"}
    model = Predictor(data.spec, hidden=8, lr=1.0, **sgd)  # type: ignore[arg-type]
    before = torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()
    fit(quiet_trainer(1, [], data, max_steps=1, gradient_clip_val=1e-3), model, data)
    after = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    assert (after - before).norm().item() == pytest.approx(1e-3, rel=1e-2)
