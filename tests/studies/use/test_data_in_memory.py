"""Data in memory: every verb that takes data takes them, and they are kept as a file."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars
import pytest
import pytorch_lightning as pl
import torch
from scipy.sparse import csr_matrix
from sklearn.datasets import load_wine
from torch.utils.data import (
    DataLoader,
    Dataset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

import latentune
from latentune.objectives.data.data_error import DataError
from latentune.objectives.data.sources.frame_csv import frame_to_csv

N = 60
RNG = np.random.default_rng(0)
LABELS = np.arange(N) % 2
ROWS = RNG.normal(size=(N, 4)) + LABELS[:, None]
IMAGES = RNG.random((N, 8, 8)).astype(np.float32)
FAST: dict[str, Any] = {"trials": 1, "epochs": 1}


class Module(pl.LightningDataModule):
    """A data module as people write it: shuffled batches of pairs, and no test part."""

    def __init__(self, parts: int = 2) -> None:
        super().__init__()
        self.parts = parts

    def setup(self, stage: str) -> None:
        whole = TensorDataset(torch.tensor(IMAGES)[:, None], torch.tensor(LABELS))
        self.sets = [torch.utils.data.Subset(whole, part) for part in (range(40), range(40, 60))]

    def train_dataloader(self) -> Any:
        return DataLoader(self.sets[0], batch_size=7, shuffle=True, drop_last=True)

    def val_dataloader(self) -> Any:
        return DataLoader(self.sets[1], batch_size=7) if self.parts == 2 else []


class Texts(Dataset[Any]):
    """Images with names of classes, as a map-style data set."""

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> Any:
        return torch.tensor(IMAGES[index])[None], "even" if index % 2 else "odd"


def frame() -> pd.DataFrame:
    return pd.DataFrame(ROWS, columns=list("abcd")).assign(kind=np.where(LABELS, "x", "y"))


KINDS: dict[str, Callable[[], tuple[Any, Any, dict[str, Any]]]] = {
    "an array and labels": lambda: ((ROWS, LABELS), ROWS[:3], {}),
    "a tensor and labels": lambda: ((torch.tensor(IMAGES), LABELS.tolist()), IMAGES[:3], {}),
    "a frame of pandas": lambda: (frame(), frame().drop(columns="kind")[:3], {"target": "kind"}),
    "a frame of polars": lambda: (
        polars.from_pandas(frame()),
        polars.from_pandas(frame())[:3],
        {"target": "kind"},
    ),
    "a data set": lambda: (Texts(), [Texts()[i][0] for i in range(3)], {}),
    "a data module": lambda: (Module(), IMAGES[:3], {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_verb_takes_data_in_memory(kind: str) -> None:
    data, new, options = KINDS[kind]()
    new = torch.stack(new) if isinstance(new, list) else new
    study = latentune.search("dense-ae", data, name="coded", **FAST, **options)
    again = latentune.search("dense-ae", KINDS[kind]()[0], name="coded", **FAST, **options)
    assert len(again.trials) == len(study.trials) == 1  # the same data, so nothing is left to do
    latentune.train("coded", epochs=1, pictures="none")
    assert latentune.encode("coded", new).codes.shape[0] == 3
    assert list(latentune.predict("coded", new).table["input"]) == ["0", "1", "2"]
    assert latentune.verify("coded").reproduced
    head = latentune.search("head", data, encoder="coded", name="head", **FAST, **options)
    assert 0 <= head.best_value <= 1
    assert latentune.show(data, **options).counts.to_numpy().sum() == N


def test_other_data_are_refused_in_one_line() -> None:
    latentune.search("dense-ae", ROWS, name="mine", **FAST)
    with pytest.raises(latentune.StudyError, match="data is array-") as error:
        latentune.search("dense-ae", ROWS + 1, name="mine", trials=2, epochs=1)
    assert "\n" not in str(error.value)


def test_an_array_alone_means_a_choice_among_models() -> None:
    study = latentune.search((ROWS, LABELS), epochs=1, trials=1)
    assert study.study_name.startswith("auto-array-")


def test_workers_and_the_command_line_read_the_kept_file(cli: Callable[..., Any]) -> None:
    latentune.search("dense-ae", ROWS, **FAST)
    (path,) = Path("runs/data").iterdir()
    answer = cli("search", "dense-ae", str(path), "--trials", "2", "--epochs", "1")
    assert answer.code == 0, answer.err
    with sqlite3.connect("runs/studies.db") as database:
        assert database.execute("select count(*) from studies").fetchall() == [(1,)]


def test_a_row_is_named_by_the_index_of_its_frame() -> None:
    latentune.search("logistic-regression", frame(), target="kind", name="kinds", **FAST)
    latentune.train("kinds", epochs=1, pictures="none")
    asked = (
        frame().assign(patient=range(100, 160)).set_index(pd.Index([f"p{i}" for i in range(N)]))
    )
    table = latentune.predict("kinds", asked.iloc[[5, 2, 9]][[*list("dcba"), "patient"]]).table
    assert list(table["input"]) == ["p5", "p2", "p9"]
    assert list(table["patient"]) == ["105", "102", "109"]
    in_order = latentune.predict("kinds", asked).table
    assert list(table["probability"]) == list(in_order["probability"][[5, 2, 9]])


def test_anomalies_of_an_array_are_those_of_its_file() -> None:
    latentune.search("dense-ae", ROWS, name="rows", **FAST)
    latentune.train("rows", epochs=1, pictures="none")
    np.save("far.npy", ROWS + 9)
    of_file = latentune.anomalies("rows", against="far.npy")
    of_array = latentune.anomalies("rows", against=ROWS + 9, labeled=ROWS[:20] + 8)
    assert list(of_array.scores["score"]) == list(of_file.scores["score"])
    assert of_array.auroc > 0.9


def test_a_frame_is_read_as_it_was_given() -> None:
    given = pd.DataFrame(
        {
            "thousands?": [1.234 + i / 1000 for i in range(N)],
            "whole": np.arange(N),
            "half": np.arange(N) % 4 / 2,
            "yes": [True, False] * (N // 2),
            "code": pd.Categorical([1, 2, 3] * (N // 3)),
            "quote": ['a "b", c', "d"] * (N // 2),
        }
    )
    Path("frame.csv").write_bytes(frame_to_csv(given))
    summary = latentune.show(given)
    assert "half, " in summary.line
    assert "code=1" in summary.line
    read = pd.read_csv("frame.csv")
    pd.testing.assert_series_equal(read["thousands?"], given["thousands?"])
    assert list(read["quote"]) == list(given["quote"])


class Split(pl.LightningDataModule):
    """A data module that splits at random whenever it is set up."""

    def __init__(self, loader: Callable[[Any], Any] = lambda part: DataLoader(part, 8)) -> None:
        super().__init__()
        self.loader = loader

    def setup(self, stage: str) -> None:
        self.whole = TensorDataset(torch.tensor(ROWS), torch.tensor(LABELS))
        order = np.random.permutation(N).tolist()
        self.sets = [torch.utils.data.Subset(self.whole, order[k::3]) for k in range(3)]

    def train_dataloader(self) -> Any:
        return self.loader(self.sets[0])

    def val_dataloader(self) -> Any:
        return DataLoader(self.whole, 8, sampler=SubsetRandomSampler(self.sets[1].indices))

    def test_dataloader(self) -> Any:
        return DataLoader(self.sets[2], 8, shuffle=True)


def test_a_random_split_of_a_data_module_has_no_item_twice() -> None:
    before = np.random.get_state(legacy=False)["state"]["pos"]
    summary = latentune.show(Split())
    assert summary.counts.sum().tolist() == [20, 20, 20]
    (path,) = Path("runs/data").iterdir()
    with np.load(path) as arrays:
        rows = np.concatenate([arrays[f"x_{part}"] for part in ("train", "val", "test")])
    assert sorted(map(tuple, rows)) == sorted(map(tuple, ROWS))
    assert np.random.get_state(legacy=False)["state"]["pos"] == before


def test_a_file_that_has_changed_is_read_again() -> None:
    for n in (60, 40):
        frame()[:n].to_csv("rows.csv", index=False)
        assert latentune.show("rows.csv", target="kind").counts.to_numpy().sum() == n
        np.save("rows.npy", ROWS[:n])
        assert latentune.show("rows.npy").counts.to_numpy().sum() == n


def test_a_category_of_polars_is_a_category() -> None:
    codes = polars.Series([str(code % 3) for code in range(N)], dtype=polars.Categorical)
    given = polars.DataFrame({"a": ROWS[:, 0], "code": codes})
    assert "code=0, code=1, code=2" in latentune.show(given).line


def test_a_frame_needs_a_label_for_each_row() -> None:
    with pytest.raises(DataError, match="y holds 3 labels for 60 rows: give one a row"):
        latentune.search("mlp", (frame(), [0, 1, 2]), **FAST)
    assert not Path("runs").exists()


def test_a_category_stays_one_beside_others_unless_it_is_called_a_number() -> None:
    codes = pd.Categorical([1, 2, 3] * (N // 3))
    given = pd.DataFrame({"a": [1, 2] * (N // 2), "code": codes, "b": ROWS[:, 0]})
    assert "a=1, a=2, code=1" in latentune.show(given, as_category=["a"]).line
    assert "features: a, code, b" in latentune.show(given, as_number=["code"]).line


def test_numbers_of_numpy_in_a_column_of_objects_are_numbers() -> None:
    mixed = pd.DataFrame({"a": np.array([np.float64(1.5), np.str_("x")], dtype=object)})
    assert frame_to_csv(mixed) == b"a\n1.5\nx\n"


def broken_set(item: Callable[[int], Any]) -> Any:
    class Broken(Texts):
        def __getitem__(self, index: int) -> Any:
            return item(index)

    return Broken()


def with_gap(array: Any) -> Any:
    array = array.copy()
    array[17, 2] = np.nan
    array[21] = np.inf
    return array


BAD = {
    "values that are not finite, or beyond 1e150, in 2 items, the first at index 17": (
        lambda: with_gap(ROWS)
    ),
    "values that are not finite.* in the item at index 3": lambda: np.where(
        np.arange(N)[:, None, None] == 3, np.nan, IMAGES
    ),
    "is an array of object values": lambda: np.array([{}] * N, dtype=object),
    "holds 60 items, and labels of shape \\(3,\\)": lambda: (ROWS, [0, 1, 2]),
    "item 1 of the data set has shape \\(3,\\)": lambda: broken_set(
        lambda i: torch.zeros(3 if i else 2)
    ),
    "item 0 has 3 values": lambda: broken_set(lambda i: (torch.zeros(2), 1, 2)),
    "labels of shape \\(60, 2\\) and type int64: give a class for each item": lambda: (
        ROWS,
        np.stack([LABELS, LABELS], axis=1),
    ),
    "y holds labels of different shapes": lambda: (ROWS, [[1.0], [1.0, 2.0]] * 30),
    "59 of 60 items of the data set have a label": lambda: broken_set(
        lambda i: (torch.zeros(2), 1) if i else torch.zeros(2)
    ),
    "Module has no loader of its val part: add val_dataloader": lambda: Module(parts=1),
    "the frame has no column 'kind' for `target=`: did you mean 'kinds'": lambda: frame().rename(
        columns={"kind": "kinds"}
    ),
    "the frame has two columns 'a'": lambda: frame().rename(columns={"b": "a"}),
    "holds inf in the column 'a', first in row 0": lambda: frame().assign(a=[np.inf, 1.5] * 30),
    "y and `target=` both name what to predict": lambda: (frame(), LABELS),
    "the first and the last axis could both be the channels": lambda: np.zeros((N, 3, 8, 3)),
    "holds 5 items: at least 10": lambda: ROWS[:5],
    "data is a list of 3": lambda: [1, 2, 3],
    "holds pixels from -5 to 4, whose range is unknown": lambda: (
        np.arange(N * 64).reshape(N, 8, 8) % 10 - 5
    ),
    "not finite, or beyond 1e150, in the item at index 3": lambda: (
        ROWS,
        np.where(np.arange(N) == 3, np.nan, 1.5),
    ),
    "fill its masked values by its method `filled`": lambda: np.ma.masked_less(ROWS, 0),
    "make it dense by its method `toarray`": lambda: csr_matrix(ROWS),
    "give its `frame`, or": load_wine,
    "data is a dict of 2: give the pair": lambda: {"x": ROWS, "y": LABELS},
    "reshape.-1, 1. if each number is an item": lambda: ROWS[:, 0],
    "train_dataloader.. returns 2 loaders": lambda: Split(lambda part: [DataLoader(part)] * 2),
    "has a WeightedRandomSampler: give its items as a torch": lambda: Split(
        lambda part: DataLoader(part, 8, sampler=WeightedRandomSampler([1.0] * 20, 20))
    ),
    "data is a DataLoader": lambda: DataLoader(Texts()),
    "holds a list of 1: give each value a column": lambda: frame().assign(a=[[1]] * N),
}


@pytest.mark.parametrize("message", BAD)
def test_broken_data_are_refused_and_nothing_is_written(message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        latentune.search("mlp", BAD[message](), target="kind", **FAST)
    assert "\n" not in str(error.value)
    assert not Path("runs").exists()
