"""TensorBoard, read by its own readers, and Weights & Biases, offline."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import latentune

Refused = Callable[..., str]


def test_tensorboard_shows_scalars_pictures_the_graph_and_the_codes(trained: Path) -> None:
    from google.protobuf import text_format
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    final = latentune.train("conv-ae-digits", epochs=2, logger="tensorboard").folder
    folder, history = final / "tensorboard", pd.read_csv(final / "metrics.csv")
    events = EventAccumulator(str(folder)).Reload()
    shown = [event.value for event in events.Scalars("val_mse")]
    assert shown == pytest.approx(history["val_mse"].tolist())
    assert [event.step for event in events.Images("reconstructions")] == [1, 2]
    assert "Conv2d" in str(events.Graph())

    config = text_format.Parse((folder / "projector_config.pbtxt").read_text(), ProjectorConfig())
    (embedding,) = config.embeddings
    val = latentune.TensorData("digits").splits.val
    codes = np.loadtxt(folder / embedding.tensor_path, delimiter="\t")
    with torch.inference_mode():
        expected = latentune.load_model("conv-ae-digits").encode(val.inputs)
    assert codes == pytest.approx(expected.numpy(), abs=1e-3)
    names = (folder / embedding.metadata_path).read_text().split()
    assert names == [str(label) for label in val.targets.tolist()]
    assert list(embedding.sprite.single_image_dim) == [8, 8]
    assert np.array(Image.open(folder / embedding.sprite.image_path)).size >= val.inputs.numel()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import wandb

    monkeypatch.setenv("WANDB_MODE", "offline")
    yield
    wandb.teardown()


def test_wandb_works_offline(offline: None, trained: Path) -> None:
    final = latentune.train("conv-ae-digits", epochs=1, logger="wandb").folder
    (run,) = (final / "wandb").glob("offline-run-*")
    assert next(run.glob("*.wandb")).stat().st_size > 1000
    (picture,) = run.rglob("reconstructions*.png")
    drawn = Image.open(final / "epochs/reconstructions-001.png")
    assert np.array_equal(np.array(Image.open(picture)), np.array(drawn))


def test_wandb_never_asks_for_a_login(
    refused: Refused, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import wandb

    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setattr(wandb, "login", lambda prompt: prompt)
    line = refused("train", "conv-ae-digits", "--logger", "wandb")
    assert "type `wandb login`, or set WANDB_MODE=offline" in line


def test_the_error_of_a_missing_logger_says_how_to_install_it(
    refused: Refused, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tensorboard", "wandb"):
        monkeypatch.setitem(sys.modules, name, None)
        line = refused("train", "conv-ae-digits", "--logger", name)
        assert f"{name} is not installed: pip install 'latentune[{name}]'" in line
    assert "did you mean 'tensorboard'" in refused("train", "x", "--logger", "tensorbord")
