"""Equal items: counted when data are read, and kept in one part when we split."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.model_selection import train_test_split

from latentune import TensorData
from latentune.objectives.data.encoded_data import split_fold
from latentune.objectives.data.preparation.hold_out import (
    first_occurrences,
    first_occurrences_of_files,
    split_indices,
)

rng = np.random.default_rng(0)


def rows_of(data: TensorData) -> list[set[bytes]]:
    """The different items of each part, as bytes."""
    return [{row.numpy().tobytes() for row in part.inputs[:]} for part in data.splits[:3]]


def images() -> tuple[np.ndarray, np.ndarray]:
    """40 noise images, each of them five times, in any order."""
    order = rng.permutation(200) % 40
    return rng.integers(0, 256, (40, 8, 8)).astype("uint8")[order], order % 2


def arrays() -> str:
    x, y = images()
    np.savez("some.npz", x=x, y=y)
    return "some.npz"


def table() -> str:
    x, y = images()
    pd.DataFrame(x[:, 0] / 7).assign(label=y).rename(columns=str).to_csv("some.csv", index=False)
    return "some.csv"


def texts() -> str:
    Path("texts").mkdir()
    for name in ("a", "b"):
        lines = [f"{name}{'xyz'[i % 3] * (i % 20 + 1)}" for i in range(60)]
        Path(f"texts/{name}.txt").write_text("\n".join(lines * 2))
    return "texts"


def files() -> str:
    x, y = images()
    for number, (image, label) in enumerate(zip(x, y, strict=True)):
        Path(f"folder/{label}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(f"folder/{label}/{number}.png")
    return "folder"


def listed() -> str:
    paths = [str(path) for path in sorted(Path(files()).rglob("*.png"))]
    labels = [path.split("/")[1] for path in paths]
    pd.DataFrame({"path": paths, "label": labels}).to_csv("list.csv", index=False)
    return "list.csv"


@pytest.mark.parametrize("make", [arrays, table, texts, files, listed])
def test_equal_items_are_in_one_part(
    make: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="latentune"):
        data = TensorData(make())
    train, val, test = rows_of(data)
    assert (train & val) | (train & test) | (val & test) == set()
    total = sum(map(len, data.splits[:3]))
    distinct = len(train | val | test)
    line = f"{total - distinct} of {total} items are duplicates of others: equal items are kept"
    assert line in caplog.text
    assert "also in the training part" not in caplog.text
    assert "another target" not in caplog.text
    assert len(data.splits.test) == pytest.approx(0.2 * total, abs=6)
    assert len(data.splits.val) == pytest.approx(0.08 * total, abs=6)
    shares = [part.targets.bincount() / len(part) for part in data.splits[:3]]
    torch.testing.assert_close(shares[0], shares[2], atol=0.06, rtol=0)
    for fold in range(3):
        train, val, test = rows_of(data.fold(fold, 3))
        assert (train & val) | (train & test) | (val & test) == set()


def test_equal_files_are_in_one_list() -> None:
    import latentune

    latentune.show(files(), split=(60, 20, 20), out="lists")
    parts = [pd.read_csv(f"lists/{name}.csv") for name in ("train", "valid", "test")]
    contents = [{Path("lists", path).read_bytes() for path in part["path"]} for part in parts]
    assert sum(map(len, contents)) == len(set.union(*contents)) == 40
    assert [len(part) for part in parts] == [120, 40, 40]


def test_equal_photographs_in_their_files_are_in_one_part() -> None:
    data = TensorData(files(), image_size=4, augment="crop")
    assert data.streamed
    firsts = np.array(first_occurrences(*(part.inputs for part in data.splits[:3])))
    assert len(set(firsts)) == 40
    parts = np.split(firsts, np.cumsum([len(part) for part in data.splits[:2]]))
    assert len(set(parts[0]) & set(parts[1])) == len(set(parts[0]) & set(parts[2])) == 0


def test_parts_that_are_brought_stay_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    x = rng.integers(0, 256, (60, 8, 8)).astype("uint8")
    y = np.arange(60) % 2
    test = np.concatenate([x[:12], rng.integers(0, 256, (28, 8, 8)).astype("uint8")])
    labels = np.append(1 - y[:3], np.arange(37) % 2)
    labels[3:12] = y[3:12]
    np.savez(
        "some.npz", x_train=x, y_train=y, x_val=x[:5], y_val=y[:5], x_test=test, y_test=labels
    )
    with caplog.at_level(logging.INFO, logger="latentune"):
        data = TensorData("some.npz")
    assert [len(part) for part in data.splits[:3]] == [60, 5, 40]
    assert "12 of 40 test items are also in the training part" in caplog.text
    assert "5 of 5 validation items are also in the training part" in caplog.text
    assert "3 duplicates have another target than the item they are equal to" in caplog.text


def test_what_cannot_be_kept_together_is_split_and_said(caplog: pytest.LogCaptureFixture) -> None:
    np.save("two.npy", np.repeat(rng.integers(0, 256, (2, 8, 8)).astype("uint8"), 30, 0))
    with caplog.at_level(logging.INFO, logger="latentune"):
        data = TensorData("two.npy")
    assert [len(part) for part in data.splits[:3]] == [43, 5, 12]
    assert "58 of 60 items are duplicates of others\n" in caplog.text
    assert "12 of 12 test items are also in the training part" in caplog.text
    assert [len(data.fold(index, 4).splits.val) for index in range(4)] == [12] * 4


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_groups_are_whole_and_the_rest_is_as_before(data: st.DataObject) -> None:
    n = data.draw(st.integers(10, 80))
    targets = torch.tensor(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    fraction, seed = data.draw(st.floats(0.05, 0.5)), data.draw(st.integers(0, 9))
    alone = split_indices(None, n, fraction, seed, list(range(n)))
    held = max(1, round(fraction * n))
    expected = train_test_split(range(n), test_size=held, random_state=seed)
    assert alone == tuple(map(sorted, expected))
    of = data.draw(st.lists(st.integers(0, n // 2), min_size=n, max_size=n))
    firsts = [of.index(one) for one in of]
    kept, held_out = split_indices(targets, n, fraction, seed, firsts)
    assert sorted(kept + held_out) == list(range(n))
    assert (kept, held_out) == split_indices(targets, n, fraction, seed, firsts)
    if {firsts[i] for i in kept} & {firsts[i] for i in held_out}:  # it could not be
        assert len(held_out) == held
    else:
        assert held / 2 <= len(held_out) <= held + 3


def test_files_are_equal_by_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    body = os.urandom(20_000)
    for name, content in {
        "a": body,
        "b": body,
        "begins": body[:-1] + bytes([body[-1] ^ 1]),  # equal but for the last byte
        "shorter": body[:-1],
        "other": os.urandom(20_000),
        "c": body,
    }.items():
        Path(name).write_bytes(content)
    paths = ["other", "a", "shorter", "b", "begins", "none", "c", "none"]
    assert first_occurrences_of_files(paths) == [0, 1, 2, 1, 4, 5, 1, 5]
    Path("b").write_bytes(body[::-1])  # of the same size, a moment later
    assert first_occurrences_of_files(paths)[3] == 3


def test_the_folds_of_codes_are_those_of_the_items() -> None:
    data = TensorData(arrays())
    for index in range(3):
        train, val = split_fold(data.splits, data.splits.train, data.splits.val, index, 3, 0)
        fold = data.fold(index, 3).splits
        assert torch.equal(train.inputs, fold.train.inputs)
        assert torch.equal(val.targets, fold.val.targets)
