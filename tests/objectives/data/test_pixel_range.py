"""The range of pixels: learned from the data, kept with the network, asked of new images."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from latentune import TensorData
from latentune.models.data_spec import DataSpec
from latentune.models.pixels import to_float
from latentune.objectives.data.data_error import DataError
from latentune.objectives.data.new_items.new_items import Preparation

from ...given import prepared

rng = np.random.default_rng(0)
bits = rng.random((20, 8, 8)) < 0.5
photographs = rng.integers(0, 256, (20, 8, 8)).astype("uint8")
dark = rng.integers(0, 60, (20, 8, 8)).astype("uint8")
digits = load_digits().images[:20]
camera = np.append(4095, rng.integers(0, 4096, 20 * 64 - 1)).reshape(20, 8, 8)
words = np.append(65535, rng.integers(0, 65536, 20 * 64 - 1)).reshape(20, 8, 8)


def whole(data: TensorData) -> np.ndarray:
    """All images in the order in which they were saved."""
    parts = data.splits[:3]
    rows = torch.cat([part.row_indices for part in parts])
    values = torch.cat([to_float(part.inputs[:]) for part in parts])
    return values[rows.argsort()][:, 0].numpy()


ARRAYS = {
    "bool": (bits, 1),
    "bits as bytes": (bits.astype("uint8"), 1),
    "bits as int64": (bits.astype("int64"), 1),
    "bits as floats": (bits.astype("float64"), 1),
    "two bits": (np.arange(1280).reshape(20, 8, 8).astype("uint8") % 4, 3),
    "four bits": (np.arange(1280).reshape(20, 8, 8).astype("uint8") % 16, 15),
    "digits as bytes": (digits.astype("uint8"), 16),
    "digits as floats": (digits, 16),
    "photographs": (photographs, 255),
    "photographs as int32": (photographs.astype("int32"), 255),
    "photographs as 16 bits": (photographs.astype("uint16"), 255),
    "photographs as floats": (photographs.astype("float32"), 255),
    "dark photographs": (dark, 255),
    "resized photographs": (photographs * np.float64(0.99), 255),
    "ten bits": (camera.astype("uint16") >> 2, 1023),
    "twelve bits": (camera.astype("uint16"), 4095),
    "twelve bits as int64": (camera, 4095),
    "sixteen bits": (words.astype("uint16"), 65535),
    "black": (np.zeros((20, 8, 8), "uint8"), 255),
}


@pytest.mark.parametrize(("array", "maximum"), ARRAYS.values(), ids=ARRAYS)
def test_the_range_of_an_array_is_learned_from_it(array: np.ndarray, maximum: int) -> None:
    np.save("some.npy", array)
    data = TensorData("some.npy")
    assert data.spec.pixel_maximum == maximum
    np.testing.assert_array_equal(
        whole(data), (array.astype("float64") / maximum).astype("float32")
    )
    assert DataSpec.from_table(data.spec.to_table()) == data.spec


@pytest.mark.parametrize(
    ("array", "note"),
    [
        (digits.astype("uint8"), "its pixels, of up to 16, are divided by 16"),
        (camera.astype("uint16"), "its pixels, of up to 4,095, are divided by 4,095"),
        (dark, "its brightest pixel is 59 of 255: if that stands for white, save them as floats"),
        (dark / 1000, "its brightest pixel is 0.059 of 1: if that"),
        (photographs, ""),
        (bits, ""),
    ],
)
def test_an_unusual_range_is_said(
    caplog: pytest.LogCaptureFixture, array: np.ndarray, note: str
) -> None:
    np.save("some.npy", array)
    with caplog.at_level(logging.INFO, logger="latentune"):
        TensorData("some.npy")
    assert note in caplog.text
    assert ("pixel" in caplog.text) == bool(note)


def test_parts_of_different_ranges_are_refused() -> None:
    np.savez("parts.npz", x_train=bits.astype("uint8"), x_test=photographs)
    with pytest.raises(DataError, match="up to 1 in its training part and up to 255 in another"):
        TensorData("parts.npz")
    # A part may come in another type, or not reach the maximum.
    np.savez("parts.npz", x_train=photographs, x_val=dark.astype("int64"), x_test=dark / 1.0)
    data = TensorData("parts.npz")
    np.testing.assert_array_equal(to_float(data.splits.val.inputs)[:, 0], dark / np.float32(255))
    np.testing.assert_array_equal(to_float(data.splits.test.inputs)[:, 0], dark / np.float32(255))


SAME = [
    (bits, [bits.astype("uint8"), bits.astype("int64"), bits.astype("float32"), bits * 255]),
    (bits.astype("uint8"), [bits, bits.astype("float64"), bits.astype("uint8") * 255]),
    (photographs, [photographs / 255, photographs.astype("float32"), photographs.astype("int64")]),
    (photographs, [photographs.astype("uint16"), photographs.astype("uint16") * 257]),
    (photographs / 255, [photographs, photographs.astype("int32"), photographs * 1.0]),
    (digits, [digits.astype("uint8"), digits.astype("int16"), digits / 16]),
    (camera.astype("uint16"), [camera, camera / 4095, camera * 1.0]),
    (words.astype("uint16"), [words, (words / 65535).astype("float32")]),
    (photographs.astype("uint16") * 257, [photographs, photographs / 255]),
]


@pytest.mark.parametrize(("trained", "others"), SAME)
def test_the_same_images_in_another_type_are_the_same(
    trained: np.ndarray, others: list[np.ndarray]
) -> None:
    np.save("trained.npy", trained)
    data = TensorData("trained.npy")
    for other in others:
        np.save("new.npy", other)
        new = prepared(["new.npy"], Preparation(data.spec))[:, 0].numpy()
        np.testing.assert_allclose(new, whole(data), rtol=2e-7)
        np.save("first.npy", other[:1])  # one image says as much as all
        alone = prepared(["first.npy"], Preparation(data.spec))[:, 0].numpy()
        np.testing.assert_array_equal(alone, new[:1])


@pytest.mark.parametrize(
    ("trained", "new", "held"),
    [
        (
            photographs,
            bits.astype("uint8"),
            "from 0 to 1, and those of training went from 0 to 255",
        ),
        (photographs, digits.astype("uint8"), "from 0 to 16, and those of training"),
        (photographs, camera.astype("uint16"), "from 1 to 4,095, and"),
        (photographs, photographs / 255 - 0.5, "from -0.5 to 0.5, and"),
        (bits, digits, "from 0 to 16, and those of training went from 0 to 1"),
        (photographs / 255, digits.astype("uint8"), "from 0 to 16, and"),
        (photographs / 255, bits.astype("uint8"), "from 0 to 1, and"),
        (camera.astype("uint16"), photographs.astype("int64"), "from 0 to 255, and"),
    ],
)
def test_new_images_of_an_unclear_range_are_refused(
    trained: np.ndarray, new: np.ndarray, held: str
) -> None:
    np.save("trained.npy", trained)
    np.save("new.npy", new)
    like = Preparation(TensorData("trained.npy").spec)
    with pytest.raises(DataError, match=rf"^new\.npy holds pixels {held}.*: save them as floats"):
        prepared(["new.npy"], like)


def save(folder: str, images: np.ndarray, suffix: str) -> None:
    Path(folder).mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(f"{folder}/{number:02}.{suffix}")


FILES: dict[str, tuple[np.ndarray, str]] = {
    "1 bit": (bits, "png"),
    "1 bit as tiff": (bits, "tiff"),
    "bits as bytes": (bits.astype("uint8"), "png"),
    "digits": (digits.astype("uint8"), "png"),
    "8 bits": (photographs, "png"),
    "12 bits in 16": (camera.astype("uint16"), "png"),
    "12 bits in 16 as tiff": (camera.astype("uint16"), "tiff"),
    "16 bits": (words.astype("uint16"), "png"),
    "12 bits in 32": (camera.astype("int32"), "tiff"),
    "floats": (photographs / np.float32(255), "tiff"),
}


@pytest.mark.parametrize(("images", "suffix"), FILES.values(), ids=FILES)
def test_image_files_are_the_same_as_an_array(images: np.ndarray, suffix: str) -> None:
    save("files", images, suffix)
    np.save("array.npy", images)
    of_files, of_array = TensorData("files"), TensorData("array.npy")
    np.testing.assert_array_equal(whole(of_files), whole(of_array))
    for data in (of_files, of_array):  # and so they are asked about
        for name in ("files", "array.npy"):
            new = prepared([name], Preparation(data.spec))[:, 0]
            np.testing.assert_array_equal(new.numpy(), whole(of_array))


@pytest.mark.parametrize("maximum", [1, 16, 255, 4095, 65535])
def test_photographs_in_their_files_are_brought_to_their_range(maximum: int) -> None:
    ramp = np.linspace(0, maximum, 28).round()[None, None, :].repeat(28, 1).repeat(12, 0)
    save("photos", ramp.astype("uint8" if maximum < 256 else "uint16"), "png")
    data = TensorData("photos", image_size=14, augment="crop")
    assert data.streamed
    assert data.spec.pixel_maximum == maximum
    seen = data.splits.train.inputs[:].float() / 255
    assert seen.max() > 0.85
    assert data.splits.train.inputs.take([0])[:].max() == data.splits.train.inputs[:].max()
    new = prepared(["photos/00.png"], Preparation(data.spec, 14, streamed=True))
    torch.testing.assert_close(new[0], seen[0])


@pytest.mark.parametrize("maximum", [16, 4095])
def test_resized_files_keep_to_their_range(maximum: int) -> None:
    edges = np.kron(rng.integers(0, 2, (12, 5, 5)), np.ones((20, 20))) * maximum
    save("files", edges.astype("uint8" if maximum < 256 else "uint16"), "png")
    data = TensorData("files", image_size=32)
    assert data.spec.pixel_maximum == maximum
    assert whole(data).max() == 1
    new = prepared(["files"], Preparation(data.spec, 32))[:, 0]
    np.testing.assert_array_equal(new, whole(data))


def test_a_dark_file_among_new_photographs_stays_dark() -> None:
    save("photos", photographs, "png")
    like = Preparation(TensorData("photos").spec)
    save("night", dark[:2] // 4, "png")
    new = prepared(["night"], like)[:, 0].numpy()
    np.testing.assert_array_equal(new, dark[:2] // 4 / np.float32(255))


def test_predictions_do_not_depend_on_the_type_of_an_array(cli: Callable[..., Any]) -> None:
    import latentune

    y = np.arange(120) % 3
    x = rng.random((120, 8, 8)) < np.array([0.1, 0.5, 0.9])[y][:, None, None]
    np.savez("t.npz", x=x, y=y)
    latentune.search("mlp", "t.npz", trials=1, epochs=5)
    latentune.train("mlp-t", epochs=8, pictures="none")
    np.save("bool.npy", x)
    np.save("bytes.npy", x.astype("uint8"))
    np.save("fours.npy", x.astype("uint8") * 4)
    tables = [latentune.predict("mlp-t", name).table for name in ("bool.npy", "bytes.npy")]
    np.testing.assert_array_equal(*(table.drop(columns="input") for table in tables))
    assert (tables[1]["class"] == y.astype(str)).mean() > 0.9
    answer = cli("predict", "mlp-t", "fours.npy")
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "fours.npy holds pixels from 0 to 4, and those of training" in answer.err
