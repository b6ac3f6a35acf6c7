"""New input is prepared exactly as in training, whatever file it comes from."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from latentune import DataError, TableOptions, TensorData
from latentune.models.pixels import to_float
from latentune.objectives.data.new_items.new_items import Preparation
from latentune.objectives.data.new_items.read_new_items import read_new_items

from ...given import feed, houses, prepared, take

rng = np.random.default_rng(0)


def same(new: torch.Tensor, data: TensorData) -> None:
    """Compares new items with all of the data, in whatever order."""
    known = torch.cat([to_float(part.inputs[:]) for part in data.splits[:3]])
    flat, expected = (x.flatten(1).double().numpy() for x in (new, known))
    np.testing.assert_array_equal(flat[np.lexsort(flat.T)], expected[np.lexsort(expected.T)])


KINDS = {
    "gray": ["L"],
    "colored": ["RGB"],
    "palettes and transparency": ["P", "RGBA", "LA"],
    "16 bits among gray": ["L", "I;16"],
    "16 bits among colors": ["RGB", "I;16", "L"],
    "floats": ["F"],
    "1 bit and CMYK": ["1", "CMYK"],
}


@pytest.mark.parametrize("image_size", [None, 12])
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("modes", KINDS.values(), ids=KINDS)
def test_images_are_prepared_as_in_training(
    modes: list[str], streamed: bool, image_size: int | None
) -> None:
    Path("images").mkdir()
    turned = Image.Exif()
    turned[0x0112] = 6
    for i in range(12):
        mode, size = modes[i % len(modes)], (20, 14) if image_size is None else (20 + i, 14)
        image = Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8))
        if mode in ("I;16", "F"):
            kind, scale = (np.uint16, 65535) if mode == "I;16" else (np.float32, 1)
            image = Image.fromarray((rng.random(size) * scale).astype(kind))
        else:
            image = image.convert(mode)
        image.save(f"images/{i}.tiff", exif=turned if i % 2 else Image.Exif())
    data = TensorData("images", image_size=image_size, augment="crop" if streamed else "none")
    same(prepared(["images"], Preparation(data.spec, image_size, data.streamed)), data)


def test_a_single_image_is_prepared_as_among_others() -> None:
    take("photos", 12, 50)
    for augment in ("none", "crop"):
        data = TensorData("photos", image_size=12, augment=augment)
        like = Preparation(data.spec, 12, data.streamed)
        paths = sorted(map(str, Path("photos").iterdir()))
        alone = torch.cat([prepared([path], like) for path in paths])
        assert torch.equal(alone, prepared(["photos"], like))
        same(alone, data)


def test_rows_are_prepared_as_in_training() -> None:
    table = houses("houses.csv", 60)
    data = TensorData("houses.csv")
    like = Preparation(data.spec)
    same(prepared(["houses.csv"], like), data)
    # In another order, without what is to be predicted, and row by row.
    table.drop(columns=["id", "class"])[::-1].to_csv("new.csv", index=False)
    whole = prepared(["new.csv"], like)
    same(whole, data)
    for i in (0, 17, 59):
        row = table.iloc[[59 - i]][["style", "zip", "garden", "size"]]
        row.to_csv("row.csv", index=False, sep=";")
        assert torch.equal(prepared(["row.csv"], like)[0], whole[i])


def test_commas_for_points_are_prepared_as_in_training() -> None:
    rows = [f"{i},5;{'red' if i % 2 else 'blue'};{i % 3}" for i in range(30)]
    Path("some.csv").write_text("\n".join(["length;color;class", *rows]))
    data = TensorData("some.csv")
    same(prepared(["some.csv"], Preparation(data.spec)), data)


def test_texts_are_prepared_as_in_training(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("names").mkdir()
    words = ["Béringer", "Dupont", "Lefèvre", "Noël", "O'Neill", "Wójcik"]
    for name in ("a", "b"):
        Path(f"names/{name}.txt").write_text("\n".join([*words, "", " Krol "]))
    data = TensorData("names")
    like = Preparation(data.spec)
    same(prepared(["names"], like), data)
    typed = prepared([*words, "Krol"], like)
    assert torch.equal(prepared(["names/a.txt"], like), typed)
    pd.DataFrame({"name": [*words, "Krol"], "of": 1}).to_csv("names.csv", index=False)
    assert torch.equal(prepared(["names.csv"], like), typed)
    feed("\n".join([*words, "", "Krol"]), monkeypatch)
    assert torch.equal(prepared(["-"], like), typed)


def test_texts_of_a_table_are_found_by_the_name_of_their_column(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = [f"{'ab' if i % 2 else 'xy'}{chr(97 + i % 26)}{chr(97 + i % 7)}" for i in range(40)]
    table = pd.DataFrame({"key": range(40), "phrase": words, "kind": ["q", "r"] * 20})
    table.to_csv("a.csv", index=False)
    like = Preparation(TensorData("a.csv", table=TableOptions(text="phrase", target="kind")).spec)
    typed = prepared(["abc", "xyd"], like)
    right = "kind,note,phrase\nq,abcd,abc\nr,xyxy,xyd\n", '"phrase"\nabc\nxyd\n'
    for text in (*right, "id;words\n1;abc\n2;xyd\n", "words\nabc\nxyd\n"):
        Path("new.csv").write_text(text)
        assert torch.equal(prepared(["new.csv"], like)[-2:], typed)
    for text in (*right, "abc\nxyd\n"):
        feed(text, monkeypatch)
        assert torch.equal(prepared(["-"], like), typed)
    frame = pd.DataFrame({"note": ["xx", "yy"], "phrase": ["abc", "xyd"]}, index=["p", "q"])
    (items,) = read_new_items(frame, like)
    assert list(items.names) == ["p", "q"]
    assert torch.equal(next(items.batches()).items, typed)
    Path("new.csv").write_text("note,words\nabcd,abc\nxyxy,xyd\n")
    with pytest.raises(DataError, match=r"no column 'phrase'.* call the right one 'phrase'"):
        read_new_items(["new.csv"], like)


@pytest.mark.parametrize("image_size", [None, 6])
@pytest.mark.parametrize(
    "items",
    [
        rng.integers(0, 256, (12, 8, 8), dtype=np.uint8),
        rng.random((12, 8, 8, 3)).astype(np.float32),
        rng.integers(0, 65536, (12, 3, 8, 8), dtype=np.uint16),
    ],
    ids=["gray bytes", "colored floats", "16 bits"],
)
def test_arrays_are_prepared_as_in_training(items: Any, image_size: int | None) -> None:
    np.save("items.npy", items)
    np.savez("items.npz", x=items, y=range(12))
    data = TensorData("items.npy", image_size=image_size)
    for name in ("items.npy", "items.npz"):
        same(prepared([name], Preparation(data.spec, image_size)), data)
