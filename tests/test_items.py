"""Each item of each part knows where it stands in what was read."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from latentune import TensorData
from latentune.objectives.data.folds import fold_of
from latentune.objectives.data.splits import Splits, map_splits, read_splits, save_splits

N = 40


def found_rows(splits: Splits) -> list[int]:
    return [int(row) for part in splits[:3] for row in part.numbered_rows]


def test_rows_of_a_table_say_which_values_an_item_has() -> None:
    values = np.random.default_rng(0).normal(size=N).astype("float32")
    pd.DataFrame({"value": values, "class": ["a", "b"] * 20}).to_csv("t.csv", index=False)
    splits = TensorData("t.csv", seed=3).splits
    assert sorted(found_rows(splits)) == list(range(N))
    for part in (*splits[:3], *fold_of(splits, 1, 4, seed=0)[:3]):
        np.testing.assert_array_equal(part.inputs[:, 0], values[part.numbered_rows])


def test_rows_of_texts_count_the_lines_of_all_files() -> None:
    Path("names").mkdir()
    words = [[f"{start}{'x' * n}" for n in range(N // 2)] for start in "ab"]
    for name, lines in zip(("one", "two"), words, strict=True):
        Path("names", f"{name}.txt").write_text("\n".join(lines))
    data = TensorData("names")
    assert sorted(found_rows(data.splits)) == list(range(N))
    lengths = torch.tensor([len(text) for text in (*words[0], *words[1])])
    for part in data.splits[:3]:
        assert torch.equal((part.inputs > 0).sum(1), lengths[part.numbered_rows])


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
            pixels = [int(listing[row].stem) for row in part.numbered_rows]
            assert part.inputs[:, 0, 0, 0].tolist() == pixels


def test_rows_of_parts_that_a_file_brings_are_those_of_each_part() -> None:
    x = np.arange(3 * N, dtype="float32").reshape(3, N, 1)
    np.savez("parts.npz", x_train=x[0], x_val=x[1], x_test=x[2])
    for part, whole in zip(TensorData("parts.npz").splits[:3], x, strict=True):
        np.testing.assert_array_equal(part.inputs, whole[part.numbered_rows])


def test_rows_go_along_to_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    data = TensorData("wine")
    save_splits(Path("splits.pt"))
    monkeypatch.setattr("latentune.objectives.data.splits._splits", {})
    map_splits(Path("splits.pt"))
    for one, other in zip(data.splits[:3], read_splits(data.source, 0)[:3], strict=True):
        assert torch.equal(one.numbered_rows, other.numbered_rows)
