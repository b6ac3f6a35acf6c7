"""Folders of images as people have them: every kind of pixel, every layout, odd files."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from latentune import TensorData
from latentune.models.pixels import to_float
from latentune.objectives.data.data_error import DataError

Cli = Callable[..., Any]


def fill(folder: Path, n: int = 12, mode: str = "L", suffix: str = "png", seed: int = 0) -> None:
    """Writes n noisy 8x8 images."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for i in range(n):
        pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(folder / f"{i}.{suffix}")


def same(folder: Path, image: Image.Image, suffix: str = "png", n: int = 12) -> torch.Tensor:
    """Writes an image n times, and returns how it is read, with shape (C, H, W)."""
    folder.mkdir()
    for i in range(n):
        image.save(folder / f"{i}.{suffix}")
    return to_float(TensorData(str(folder)).splits.train.inputs[0])


def gray(values: Any, dtype: str) -> Image.Image:
    return Image.fromarray(np.resize(np.array(values, dtype), (8, 8)))


@pytest.mark.parametrize(
    ("image", "suffix", "value"),
    [
        (gray([51], "uint8"), "png", 0.2),
        (gray([13107], "uint16"), "png", 0.2),
        (gray([13107], "uint16"), "tiff", 0.2),
        (gray([0.2], "float32"), "tiff", 0.2),
        (Image.new("1", (8, 8), 1), "png", 1.0),
        (Image.new("LA", (8, 8), (0, 0)), "png", 1.0),  # what is transparent becomes white
    ],
    ids=["8 bits", "16 bits", "16-bit tiff", "floats", "1 bit", "alpha"],
)
def test_every_gray_pixel_is_scaled_by_its_own_range(
    image: Image.Image, suffix: str, value: float
) -> None:
    read = same(Path("photos"), image, suffix)
    assert read.shape == (1, 8, 8)
    torch.testing.assert_close(read, torch.full((1, 8, 8), value), atol=1e-4, rtol=0)


@pytest.mark.parametrize("mode", ["P", "CMYK", "RGBA"])
def test_every_colored_pixel_becomes_its_color(mode: str) -> None:
    image = Image.new("RGB", (8, 8), (255, 0, 51)).convert(mode)
    read = same(Path("photos"), image, "tiff")
    expected = torch.tensor([1, 0, 0.2]).view(3, 1, 1).expand(3, 8, 8)
    torch.testing.assert_close(read, expected, atol=0.01, rtol=0)


def test_photographs_are_turned_upright() -> None:
    image = gray(range(64), "uint8")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its right side
    Path("photos").mkdir()
    for i in range(12):
        image.save(f"photos/{i}.png", exif=exif)
    read = to_float(TensorData("photos").splits.train.inputs[0, 0])
    upright = torch.from_numpy(np.rot90(np.asarray(image), -1).copy()) / 255
    torch.testing.assert_close(read, upright)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (gray([70_000], "int32"), "holds pixels from 70000 to 70000, whose range is unknown"),
        (gray([0.0, 300.0], "float32"), "holds pixels from 0 to 300"),
        (gray([float("nan")], "float32"), "holds pixels from nan"),
    ],
)
def test_pixels_of_unknown_range_are_refused_by_name(image: Image.Image, message: str) -> None:
    with pytest.raises(DataError, match=rf"0\.tiff.*{message}"):
        same(Path("photos"), image, "tiff")


# Of two classes, 16 images to train on and 8 in each of the other parts, what becomes of them.
LAYOUTS = [
    (("train", "test"), [14, 2, 8]),
    (("Train", "Test"), [14, 2, 8]),
    (("training", "testing"), [14, 2, 8]),
    (("train", "val", "test"), [16, 8, 8]),
    (("TRAIN", "valid", "Test"), [16, 8, 8]),
    (("train", "val"), [13, 8, 3]),  # a fifth of train is the test part
    (("Training", "Validation"), [13, 8, 3]),
]


@pytest.mark.parametrize(("folders", "counts"), LAYOUTS, ids=str)
def test_parts_are_known_by_their_usual_names(folders: tuple[str, ...], counts: list[int]) -> None:
    for seed, part in enumerate(folders):
        for name in ("cats", "dogs"):
            fill(
                Path("photos") / part / name,
                8 if seed == 0 else 4,
                seed=10 * seed + (name == "dogs"),
            )
    splits = TensorData("photos").splits
    assert splits.spec.classes == ("cats", "dogs")
    assert [len(part) for part in splits[:3]] == counts


def test_a_folder_called_train_beside_others_is_a_class() -> None:
    for name in ("car", "plane", "train"):
        fill(Path("photos") / name, 6)
    assert TensorData("photos").splits.spec.classes == ("car", "plane", "train")


def test_parts_without_a_training_part_are_refused() -> None:
    for part in ("val", "test"):
        fill(Path("photos") / part)
    with pytest.raises(DataError, match=r"has val/ and test/|has test/ and val/"):
        TensorData("photos")


def test_two_folders_for_one_part_are_refused() -> None:
    for part in ("val", "valid", "train"):
        fill(Path("photos") / part)
    with pytest.raises(DataError, match="which mean the same part"):
        TensorData("photos")


def test_an_archive_that_holds_one_folder_is_read_from_within() -> None:
    for part in ("train", "test"):
        for name in ("a", "b"):
            fill(Path("download/pets") / part / name)
    assert TensorData("download").splits.spec.classes == ("a", "b")


def test_what_is_skipped_is_said(caplog: pytest.LogCaptureFixture) -> None:
    for seed, name in enumerate(("cats", "dogs")):
        fill(Path("photos") / name, 20, seed=seed)
    fill(Path("photos"), 1)
    fill(Path("photos/.ipynb_checkpoints"), 3)
    fill(Path("photos/runs/artifacts"), 3)
    Path("photos/runs/studies.db").touch()
    Path("photos/cats/moving.gif").write_bytes(b"GIF89a")
    Path("photos/dogs/notes.txt").write_text("Rex")
    os.mkfifo("photos/dogs/pipe.png")
    Path("photos/dogs/gone.png").symlink_to("nowhere.png")
    Path("photos/dogs/round").symlink_to("..")
    with caplog.at_level(logging.INFO, logger="latentune"):
        splits = TensorData("photos").splits
    assert splits.spec.classes == ("cats", "dogs")
    said = "\n".join(record.getMessage() for record in caplog.records)
    for part in (
        "40 images 1x8x8, 2 classes, train 29 / val 3 / test 8",
        "1 x .gif file",
        "1 x .txt file",
        "2 x broken link, pipe or device",
        "1 x hidden folder .ipynb_checkpoints",
        "1 x folder of studies",
        "1 x image outside the folders of the classes",
        "only 3 items to validate: too few for reliable results",
    ):
        assert part in said


def test_a_bomb_and_a_false_header_are_refused() -> None:
    fill(Path("photos"))
    Path("photos/bomb.pgm").write_bytes(b"P5 100000 100000 255\n")
    with pytest.raises(DataError, match=r"bomb\.pgm has more than 178,956,970 pixels"):
        TensorData("photos")
    Path("photos/bomb.pgm").write_bytes(b"P5 9999999999 1 255\n")
    with pytest.raises(DataError, match=r"bomb\.pgm (is not an image|has more than)"):
        TensorData("photos")


def test_a_test_part_without_classes_is_refused() -> None:
    for name in ("a", "b"):
        fill(Path("photos/train") / name)
    fill(Path("photos/test"))
    with pytest.raises(DataError, match="has no folders of classes, but the training part has"):
        TensorData("photos")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rows.xlsx", "only folders of images or texts, tables (.csv, .tsv, .csv.gz"),
        ("names.txt", "put it into a folder of its own"),
        ("one.png", "name the folder of this image"),
    ],
)
def test_a_file_is_answered_by_what_to_do(cli: Cli, name: str, said: str) -> None:
    Path(name).write_bytes(b"1,2,3")
    answer = cli("search", "conv-ae", name)
    assert answer.code == 2
    assert f"{name} is a file: {said}" in answer.err


def test_the_command_line_says_what_it_reads(cli: Cli) -> None:
    for name in ("cats", "dogs"):
        fill(Path("photos") / name, 20)
    answer = cli("search", "conv-ae", "photos", "--dry-run")
    assert answer.code == 0, answer.err
    assert answer.out.startswith("reading 40 images\nphotos: 40 images 1x8x8, 2 classes, train")
