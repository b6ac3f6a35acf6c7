"""Photographs too large for memory, and crops at random."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from PIL import Image
from torchvision.transforms.v2 import functional

import latentune
from latentune import TensorData
from latentune.objectives.data.batches import apply_in_batches, prefetch
from latentune.objectives.data.data_error import DataError
from latentune.objectives.data.preparation import normalization
from latentune.objectives.data.preparation import splits as memory
from latentune.objectives.data.preparation.hold_out import hold_out
from latentune.objectives.data.sources.lazy_images import LazyImages
from latentune.objectives.metrics.baselines import pca_baseline
from latentune.objectives.trainer import fit, quiet_trainer

from .photo_files import batches, take

Cli = Callable[..., Any]


@pytest.mark.usefixtures("streamed")
def test_large_folders_stay_on_the_disk(photos: Path) -> None:
    small = TensorData(str(photos), image_size=2)
    assert isinstance(small.splits.train.inputs, torch.Tensor)
    data = TensorData(str(photos), image_size=24, batch_size=16)
    train, val, test = data.splits[:3]
    assert data.spec.shape == (3, 24, 24)
    assert data.spec.classes == ("ants", "bees")
    assert [len(part) for part in (train, val, test)] == [36, 4, 10]
    assert isinstance(train.inputs, LazyImages)
    assert train.inputs.shape == (36, 3, 24, 24)
    assert train.inputs[2:4].shape == (2, 3, 24, 24)
    assert torch.equal(train.inputs[[5, 3]], train.inputs[torch.tensor([5, 3])])
    assert torch.equal(train.inputs[:], train.inputs[:])
    assert train.inputs[:0].shape == (0, 3, 24, 24)
    pl.seed_everything(0, verbose=False)
    first = batches(data)
    assert [len(batch) for batch in first] == [16, 16, 4]
    assert all(batch.dtype == torch.float32 and 0 <= batch.min() <= 1 for batch in first)
    pl.seed_everything(0, verbose=False)
    assert all(map(torch.equal, first, batches(data)))


def test_what_is_seen_is_the_middle_of_a_photograph() -> None:
    take(Path("one"), 1)
    seen = LazyImages("one", ["0.png"], "RGB", 14)[:][0]
    with Image.open("one/0.png") as image:
        whole = functional.pil_to_tensor(image)
    smaller = functional.resize(whole, [16], interpolation=functional.InterpolationMode.BICUBIC)
    expected = functional.center_crop(smaller, [14])
    assert (seen.float() - expected.float()).abs().mean() < 4


def test_photographs_are_upright_and_as_deep_as_they_are() -> None:
    ramp = np.tile(np.linspace(0, 65535, 32).astype(np.uint16), (32, 1))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its right side
    Path("odd").mkdir()
    Image.fromarray(ramp).save("odd/deep.png")
    Image.fromarray((ramp // 256).astype(np.uint8)).save("odd/turned.png", exif=exif)
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save("odd/clear.png")
    deep, turned, clear = LazyImages("odd", ["deep.png", "turned.png", "clear.png"], "L", 28)[
        :
    ].float()
    assert (deep[0] - torch.linspace(16, 239, 28)).abs().max() < 3
    assert (turned - deep.mT).abs().max() < 3
    assert clear.min() == 255
    assert LazyImages("odd", ["deep.png"], "RGB", 28)[:].shape == (1, 3, 28, 28)


@pytest.mark.usefixtures("streamed")
def test_large_photographs_are_no_reason_to_warn(monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(12):
        Path("large").mkdir(exist_ok=True)
        Image.new("RGB", (50, 40 + i)).save(f"large/{i}.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1500)
    assert batches(TensorData("large", image_size=30))[0].max() == 0


@pytest.mark.usefixtures("streamed")
def test_gray_photographs_stay_gray() -> None:
    take(Path("gray"), 12, "L")
    assert TensorData("gray", image_size=32).spec.shape == (1, 32, 32)
    assert TensorData("gray", image_size=32).splits.train.targets is None


@pytest.mark.usefixtures("streamed")
def test_the_fingerprint_is_made_of_names_and_sizes(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = TensorData(str(photos), image_size=24).fingerprint
    assert TensorData(str(photos), image_size=25).fingerprint != before
    photos.rename("elsewhere")
    monkeypatch.setattr(memory, "_splits", {})
    assert TensorData("elsewhere", image_size=24).fingerprint == before
    take(Path("elsewhere/ants"), 1, seed=7)
    monkeypatch.setattr(memory, "_splits", {})
    assert TensorData("elsewhere", image_size=24).fingerprint != before


@pytest.mark.usefixtures("streamed")
def test_everything_that_uses_items_uses_photographs(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(normalization, "MAX_MEASURED_IMAGES", 20)
    with caplog.at_level(logging.INFO, logger="latentune"):
        data = TensorData(str(photos), image_size=24, normalize=True)
        pixels = data.splits.train.inputs[::2].float() / 255
        assert data.spec.mean == pytest.approx(pixels.mean((0, 2, 3)).tolist(), abs=1e-5)
    assert "measuring 18 of 36 images" in caplog.text
    train = data.splits.train
    kept, held = hold_out(train, 0.25, seed=1)
    assert isinstance(kept.inputs, LazyImages)
    assert sorted(kept.inputs.names + held.inputs.names) == sorted(train.inputs.names)
    sums = apply_in_batches(lambda x: x.flatten(1).sum(1), train.inputs)
    torch.testing.assert_close(sums, (train.inputs[:] / 255).flatten(1).sum(1))
    assert pca_baseline(latentune.Autoencoder(data.spec), data) == {}
    memory.save_splits(tmp_path / "splits.pt")
    monkeypatch.setattr(memory, "_splits", {})
    memory.load_splits(tmp_path / "splits.pt")
    mapped = TensorData(str(photos), image_size=24)
    assert mapped.fingerprint == data.fingerprint
    assert torch.equal(mapped.splits.train.inputs[:], train.inputs[:])
    assert torch.equal(mapped.splits.train.targets, train.targets)


@pytest.mark.usefixtures("streamed")
def test_photographs_are_searched_trained_and_encoded(photos: Path, cli: Cli) -> None:
    options = {"trials": 2, "epochs": 1, "image_size": 16}
    latentune.search("conv-ae", str(photos), objectives=["probe"], **options)
    metrics = latentune.train("conv-ae-photos", epochs=1).metrics
    assert {"test_probe", "test_mse"} <= set(metrics)
    assert "test_mse_pca" not in metrics
    head = latentune.search("head", str(photos), encoder="conv-ae-photos", **options)
    assert head.best_value <= 1
    answer = cli("show", photos, "--image-size", 24)
    assert answer.code == 0, answer.err
    assert "50 images 3x24x24, 2 classes, train 36 / val 4 / test 10" in answer.out
    assert Path("runs/shown/photos/images.png").exists()


def test_a_batch_is_decoded_while_the_one_before_is_used() -> None:
    decoded = {name: threading.Event() for name in "abc"}

    def read(name: str) -> str:
        decoded[name].set()
        return name

    batches = prefetch(read, "abc")
    assert next(batches) == "a"
    assert decoded["b"].wait(10)
    assert not decoded["c"].is_set()  # no more than two are in memory
    assert list(batches) == ["b", "c"]


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_broken_photograph_is_named(photos: Path, damage: str) -> None:
    data = TensorData(str(photos), image_size=24)
    path = photos / data.splits.train.inputs.names[7]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2]) if damage == "cut" else path.unlink()
    with pytest.raises(DataError, match=rf"{path.name} (is not an image that can|cannot) be read"):
        batches(data)


@pytest.mark.parametrize("augment", ["crop", "zoom"])
def test_augmented_epochs_differ_and_a_seed_repeats_them(photos: Path, augment: str) -> None:
    data = TensorData(str(photos), image_size=24, batch_size=16, augment=augment)
    assert isinstance(data.splits.train.inputs, LazyImages)
    runs = []
    for seed in (0, 0, 1):
        pl.seed_everything(seed, verbose=False)
        runs.append([torch.cat(batches(data)) for _ in range(2)])
    assert runs[0][0].shape == (36, 3, 24, 24)
    assert (
        runs[0][0].mean((1, 2, 3)).sort().values.ne(runs[0][1].mean((1, 2, 3)).sort().values).any()
    )
    assert torch.equal(runs[0][1], runs[1][1])
    assert not torch.equal(runs[0][0], runs[2][0])
    for loader in (data.val_dataloader, lambda: (data.setup("test"), data.test_dataloader())[1]):
        assert all(map(torch.equal, next(iter(loader())), next(iter(loader()))))
    assert torch.equal(next(iter(data.val_dataloader()))[0], data.splits.val.inputs[:] / 255)


@pytest.mark.parametrize("augment", ["crop", "zoom"])
def test_images_in_memory_are_augmented_too(augment: str) -> None:
    data, plain = TensorData("digits", augment=augment), TensorData("digits")
    assert data.fingerprint == plain.fingerprint
    pl.seed_everything(0, verbose=False)
    first, second = batches(data), batches(data)
    assert first[0].shape == (data.batch_size, 1, 8, 8)
    assert not torch.equal(first[0], second[0])
    pl.seed_everything(0, verbose=False)
    assert all(map(torch.equal, first, batches(data)))


def test_small_images_of_one_size_are_augmented_in_memory() -> None:
    rng = np.random.default_rng(0)
    Path("tiles").mkdir()
    for i in range(20):
        Image.fromarray(rng.integers(0, 256, (9, 12), dtype=np.uint8)).save(f"tiles/{i}.png")
    data = TensorData("tiles", augment="crop")
    assert isinstance(data.splits.train.inputs, torch.Tensor)
    assert batches(data)[0].shape[1:] == (1, 9, 12)


def test_augmented_training_repeats(photos: Path) -> None:
    losses = []
    for _ in range(2):
        pl.seed_everything(3, verbose=False)
        data = TensorData(str(photos), image_size=16, augment="zoom", batch_size=8)
        model = latentune.Autoencoder(data.spec)
        trainer = quiet_trainer(2, [], accelerator="cpu")
        fit(trainer, model, data)
        losses.append(trainer.callback_metrics["val_mse"].item())
    assert losses[0] == losses[1]


def test_augmentation_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="`augment=` must be one of none, crop, zoom, not 'flip'"):
        TensorData("digits", augment="flip")
    np.save("rows.npy", np.random.default_rng(0).normal(size=(30, 4)))
    with pytest.raises(DataError, match=r"rows.npy holds no images: leave out `augment=`"):
        TensorData("rows.npy", augment="crop")
