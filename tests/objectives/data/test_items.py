"""Each item of each part knows where it stands in what was read, and what is said of it there."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from latentune import TensorData
from latentune.objectives.data.item_metadata import item_metadata
from latentune.objectives.data.preparation.folds import make_fold
from latentune.objectives.data.preparation.splits import (
    PART_NAMES,
    Splits,
    load_splits,
    read_splits,
    save_splits,
)

N = 40


def found_rows(splits: Splits) -> list[int]:
    return [int(row) for part in splits[:3] for row in part.row_indices]


def test_rows_of_a_table_say_which_values_an_item_has() -> None:
    values = np.random.default_rng(0).normal(size=N).astype("float32")
    pd.DataFrame({"value": values, "class": ["a", "b"] * 20}).to_csv("t.csv", index=False)
    splits = TensorData("t.csv", seed=3).splits
    assert sorted(found_rows(splits)) == list(range(N))
    for part in (*splits[:3], *make_fold(splits, 1, 4, seed=0)[:3]):
        np.testing.assert_allclose(part.inputs[:, 0], values[part.row_indices], rtol=1e-6)


def test_rows_of_texts_count_the_lines_of_all_files() -> None:
    Path("names").mkdir()
    words = [[f"{start}{'x' * n}" for n in range(N // 2)] for start in "ab"]
    for name, lines in zip(("one", "two"), words, strict=True):
        Path("names", f"{name}.txt").write_text("\n".join(lines))
    data = TensorData("names")
    assert sorted(found_rows(data.splits)) == list(range(N))
    lengths = torch.tensor([len(text) for text in (*words[0], *words[1])])
    for part in data.splits[:3]:
        assert torch.equal((part.inputs > 0).sum(1), lengths[part.row_indices])


def test_rows_of_images_are_places_in_the_listing_or_rows_of_the_list() -> None:
    for n in range(N):
        path = Path("photos", "ab"[n % 2], f"{n:02}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), n).save(path)
    in_order = sorted(Path("photos").rglob("*.png"))
    backwards = pd.DataFrame({"path": map(str, in_order[::-1])})
    backwards["label"] = [path.parent.name for path in in_order[::-1]]
    backwards.to_csv("list.csv", index=False)
    for name, listing in (("photos", in_order), ("list.csv", in_order[::-1])):
        data = TensorData(name)
        assert sorted(found_rows(data.splits)) == list(range(N))
        for part in data.splits[:3]:
            pixels = [int(listing[row].stem) for row in part.row_indices]
            assert part.inputs[:, 0, 0, 0].tolist() == pixels


def test_rows_of_parts_that_a_file_brings_are_those_of_each_part() -> None:
    x = np.arange(3 * N, dtype="float32").reshape(3, N, 1)
    np.savez("parts.npz", x_train=x[0], x_val=x[1], x_test=x[2])
    for part, whole in zip(TensorData("parts.npz").splits[:3], x, strict=True):
        np.testing.assert_array_equal(part.inputs, whole[part.row_indices])


def test_rows_go_along_to_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    data = TensorData("wine")
    before = [part.inputs.clone() for part in data.splits[:3]]
    save_splits(Path("splits.pt"))
    for part, inputs in zip(data.splits[:3], before, strict=True):
        assert torch.equal(part.inputs, inputs)
    places = [part.inputs.data_ptr() for part in data.splits[:3]]
    assert max(places) - min(places) < Path("splits.pt").stat().st_size  # mapped, and so shared
    monkeypatch.setattr("latentune.objectives.data.preparation.splits._splits", {})
    load_splits(Path("splits.pt"))
    for one, other in zip(data.splits[:3], read_splits(data.source, 0)[:3], strict=True):
        assert torch.equal(one.row_indices, other.row_indices)


def described(data: TensorData, part: str) -> pd.DataFrame:
    return item_metadata(data.source, part, getattr(data.splits, part), data.spec)


def test_items_of_a_table_keep_the_columns_that_are_no_features() -> None:
    values = np.random.default_rng(0).normal(size=N)
    frame = pd.DataFrame({"value": values, "row": range(N), "class": ["a", "b"] * 20})
    frame.assign(id=range(100, 100 + N)).to_csv("t.csv", index=False)
    data = TensorData("t.csv")
    for part in PART_NAMES:
        found, inputs = described(data, part), getattr(data.splits, part).inputs
        np.testing.assert_allclose(found["value"], inputs[:, 0], rtol=1e-6)
        assert (found["id"] == found["row"] + 99).all()
        assert found["item"].tolist() == [f"t.csv row {row}" for row in found["row"]]


def test_items_of_images_are_their_paths_from_the_data() -> None:
    for n in range(N):
        path = Path("photos", "train" if n < 30 else "TEST", "ab"[n % 2], f"{n:02}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), n).save(path)
    data = TensorData("photos")
    for part in PART_NAMES:
        names, inputs = described(data, part)["item"], getattr(data.splits, part).inputs
        pixels = [np.asarray(Image.open(Path("photos", name)))[0, 0] for name in names]
        assert inputs[:, 0, 0, 0].tolist() == pixels
    paths = [str(path) for path in sorted(Path("photos").rglob("*.png"))]
    listed = pd.DataFrame({"path": paths, "label": ["x", "y"] * 20, "age": range(N)})
    listed.to_csv("list.csv", index=False)
    found = described(TensorData("list.csv"), "train")
    assert found["age"].tolist() == [paths.index(name) for name in found["item"]]


def test_items_of_texts_are_the_texts_and_those_of_arrays_have_numbers() -> None:
    Path("names").mkdir()
    words = [f"ab{'c' * n}" for n in range(N)]
    Path("names", "one.txt").write_text("\n\n".join(words))
    data = TensorData("names")
    found = described(data, "test")
    assert found["item"].str.len().tolist() == (data.splits.test.inputs > 0).sum(1).tolist()
    assert found["row"].tolist() == [2 * words.index(text) + 1 for text in found["item"]]
    x = np.random.default_rng(0).normal(size=(N, 2)).astype("float32")
    np.save("x.npy", x)
    found = described(TensorData("x.npy"), "val")
    np.testing.assert_array_equal(found[["0", "1"]], x[found["row"]])
    assert found["item"].tolist() == [f"x.npy[{row}]" for row in found["row"]]
    data = TensorData("wine")
    assert described(data, "test")["alcohol"].tolist() == data.splits.test.inputs[:, 0].tolist()
