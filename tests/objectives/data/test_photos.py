"""Photographs too large for memory: files of all sizes, lists of them, cuts drawn at random."""

import csv
import logging
import random
import re
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
from latentune import TableOptions, TensorData
from latentune.objectives.data.batches import apply_in_batches, prefetch
from latentune.objectives.data.data_error import DataError
from latentune.objectives.data.preparation import normalization
from latentune.objectives.data.preparation import splits as memory
from latentune.objectives.data.preparation.hold_out import hold_out
from latentune.objectives.data.sources import image_files
from latentune.objectives.data.sources.image_lists import lists_images
from latentune.objectives.data.sources.lazy_images import LazyImages
from latentune.objectives.metrics.baselines import pca_baseline
from latentune.objectives.trainer import fit, quiet_trainer
from latentune.storage.storage_error import StorageError
from latentune.studies.study.study_error import StudyError

Cli = Callable[..., Any]


def take(folder: Path, n: int, mode: str = "RGB", seed: int = 0) -> None:
    """Writes n photographs of different sizes: a bright disc somewhere on a slope of colors."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for i in range(n):
        height, width = rng.integers(20, 60, 2)
        y, x = np.mgrid[:height, :width]
        slope = np.stack([y / height, x / width, 0 * x], -1) * rng.uniform(100, 200, 3)
        disc = (y - height / 2) ** 2 + (x - width / 2) ** 2 < rng.integers(20, 90)
        pixels = (slope + 50 * disc[..., None]).astype(np.uint8)
        suffix = "png" if i % 3 == 0 else "jpg"
        Image.fromarray(pixels).convert(mode).save(folder / f"{i}.{suffix}")


@pytest.fixture
def photos() -> Path:
    """Ants and bees; one in four is gray."""
    for seed, name in enumerate(("ants", "bees")):
        take(Path("photos") / name, 18 + 2 * seed, seed=seed)
        take(Path("photos") / name / "old", 6, "L", seed=9 + seed)
    return Path("photos")


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is more than a few images counts as large."""
    monkeypatch.setattr(image_files, "MAX_BYTES_IN_MEMORY", 10_000)


def batches(data: TensorData) -> list[torch.Tensor]:
    """The images of an epoch."""
    data.setup("fit")
    return [batch[0] for batch in data.train_dataloader()]


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


def listed(photos: Path, head: str | None = "path,label", name: str = "list.csv") -> Path:
    """Writes a list of photographs beside their folder, in no order."""
    paths = sorted(photos.rglob("*.*g"))
    random.Random(0).shuffle(paths)
    lines = [f"{path.as_posix()},{path.relative_to(photos).parts[0]}" for path in paths]
    Path(name).write_text("\n".join([head, *lines] if head else lines) + "\n")
    return Path(name)


@pytest.mark.parametrize(
    "head", ["path,label", "Image,species", None, "where,Class", "file,n,label"]
)
def test_a_list_names_photographs_and_classes(photos: Path, head: str | None) -> None:
    path = listed(photos, head)
    if head == "file,n,label":
        path.write_text(re.sub("g,", "g,17,", path.read_text()))
    splits = TensorData(str(path), image_size=24).splits
    assert splits.spec.classes == ("ants", "bees")
    assert [len(part) for part in splits[:3]] == [36, 4, 10]
    assert isinstance(splits.train.inputs, torch.Tensor)
    large = TensorData(str(path), image_size=24, augment="crop").splits
    assert all(
        name.startswith(f"photos/{splits.spec.classes[label]}")
        for name, label in zip(large.test.inputs.names, large.test.targets.tolist(), strict=True)
    )
    assert torch.equal(large.test.targets, splits.test.targets)


def test_a_list_without_classes_has_none(photos: Path) -> None:
    Path("list.csv").write_text("\n".join(str(path) for path in photos.rglob("*.*g")))
    assert TensorData("list.csv", image_size=8).splits.train.targets is None


def test_bad_lists_are_refused(photos: Path) -> None:
    path = listed(photos)
    good = path.read_text()
    bad = {
        r"names 'photos/ants/99.png' and 1 more of 52 images": good
        + "photos/ants/99.png,ants\nx.png,a\n",
        r"names no class of photos/": good.replace(",ants", ",", 1),
        r"names 4 images: at least 10": "".join(good.splitlines(keepends=True)[:5]),
        r"has the columns 'a', 'b' besides 'path': name that of the classes by `target=`": re.sub(
            "(?m)$", ",1", good.strip()
        ).replace("path,label,1", "path,a,b"),
        r"is empty": "",
    }
    for message, text in bad.items():
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            TensorData(str(path), image_size=8)
    path.write_text(good)
    with pytest.raises(DataError, match="has no column 'kind' for `target=`: it has 'label'"):
        TensorData(str(path), table=TableOptions(target="kind"))


def test_names_of_images_are_recognized() -> None:
    for text, named in (
        ("a,b\n1,x.JPG\n2,y/z.png\n", True),
        ("path,label\nnotes.txt,x\n", False),
        ("path\n", False),
    ):
        Path("list.csv").write_text(text)
        assert lists_images(Path("list.csv")) is named


def rows(path: str) -> list[list[str]]:
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_a_folder_is_split_into_lists_that_are_data(photos: Path, cli: Cli) -> None:
    answer = cli("show", photos, "--split", "60/20/20", "--out", "lists/ab", "--image-size", 16)
    assert answer.code == 0, answer.err
    assert "50 images 3x16x16, 2 classes, train 30 / val 10 / test 10" in answer.out
    assert re.search(r"ants +14 +5 +5", answer.out)
    for name in ("train", "valid", "test", "classes"):
        assert f"wrote lists/ab/{name}.csv\n" in answer.out
    assert answer.out.endswith("next: latentune search lists/ab --image-size 16\n")
    assert rows("lists/ab/classes.csv") == [
        ["class", "train", "valid", "test"],
        ["ants", "14", "5", "5"],
        ["bees", "16", "5", "5"],
    ]
    named = [
        row for part in ("train", "valid", "test") for row in rows(f"lists/ab/{part}.csv")[1:]
    ]
    found = {(Path("lists/ab") / path).resolve(): label for path, label in named}
    assert found == {
        path.resolve(): path.relative_to(photos).parts[0] for path in photos.rglob("*.*g")
    }
    assert cli("show", "lists/ab", "--image-size", 16).code == 0
    again = latentune.show(str(photos), split=(60, 20, 20), out="again/ab", image_size=16)
    assert [path.read_bytes() for path in again.lists] == [
        (Path("lists/ab") / path.name).read_bytes() for path in again.lists
    ]
    latentune.show(str(photos), split=(60, 20, 20), out="other/ab", image_size=16, seed=1)
    assert rows("other/ab/train.csv") != rows("again/ab/train.csv")
    Path("moved").mkdir()
    photos.rename("moved/photos")
    Path("lists").rename("moved/lists")
    assert TensorData("moved/lists/ab", image_size=16).spec.classes == ("ants", "bees")


def test_parts_are_put_together_before_a_split() -> None:
    for seed, part in enumerate(("train", "val")):
        take(Path("photos") / part / "ants", 10, seed=seed)
        take(Path("photos") / part / "bees", 3, seed=5 + seed)
    shown = latentune.show("photos", split=(50, 25, 25), out="lists")
    assert shown.counts.to_numpy().tolist() == [[10, 5, 5], [3, 2, 1]]


def test_what_cannot_be_split_is_one_line_and_writes_nothing(photos: Path, cli: Cli) -> None:
    take(Path("loose"), 12)
    take(Path("few/a"), 1)
    take(Path("few/b"), 12)
    take(Path("tiny/a"), 6)
    take(Path("tiny/b"), 6)
    Path("taken").mkdir()
    Path("taken/valid.csv").touch()
    mistakes = [
        ((photos, "--split", "60/10/20", "--out", "x"), "add to 100, such as 60, 10 and 30, not"),
        ((photos, "--split", "60/40/0", "--out", "x"), "--split must be three shares above 0"),
        ((photos, "--split", "90/-10/20", "--out", "x"), "three shares above 0"),
        ((photos, "--split", "nan/50/50", "--out", "x"), "three shares above 0"),
        ((photos, "--split", "60/40", "--out", "x"), "'60/40' is not three numbers such as 60/10"),
        ((photos, "--split", "most", "--out", "x"), "'most' is not three numbers"),
        ((photos, "--split", "60/10/30"), "--split and --out go together"),
        ((photos, "--out", "x"), "--split and --out go together"),
        ((photos, "--split", "60/10/30", "--out", "taken"), "taken/valid.csv exists"),
        ((photos, "--split", "60/10/30", "--out", "loose/0.png"), "cannot write to loose/0.png"),
        (("digits", "--split", "60/10/30", "--out", "x"), "'digits' is not a folder of images"),
        (("loose", "--split", "60/10/30", "--out", "x"), "loose has no classes to split"),
        (("few", "--split", "60/10/30", "--out", "x"), "class 'a' has one image"),
        (("tiny", "--split", "60/10/30", "--out", "x"), "tiny has too few images to split: 6"),
    ]
    before = sorted(Path().rglob("*"))
    for words, message in mistakes:
        answer = cli("show", *words)
        assert answer.code == 2
        assert message in answer.err
        assert answer.err.count("\n") == 1
        assert sorted(Path().rglob("*")) == before
    with pytest.raises(StudyError, match="`split=` must be three shares"):
        latentune.show(str(photos), split=(60, 40), out="x")
    with pytest.raises(StorageError, match="`out=`"):
        latentune.show(str(photos), split=(60, 10, 30), out="taken")
    (photos / "ants/3.png").write_bytes(b"nothing")
    answer = cli("show", photos, "--split", "60/10/30", "--out", "x")
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "ants/3.png is not an image" in answer.err
    assert sorted(Path().rglob("*")) == before
