"""Tables: what becomes a feature, which column is the target, and what is refused."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import latentune
from latentune import TableOptions, TensorData
from latentune.objectives.data.batches import Batches
from latentune.objectives.data.data_error import DataError
from latentune.objectives.data.parts import Part
from latentune.objectives.data.preparation.labels import require_labels

Cli = Callable[..., Any]
rng = np.random.default_rng(0)


def write(header: str, *columns: Sequence[Any], name: str = "some.csv", between: str = ",") -> str:
    """Writes columns below a header, and returns the name of the file."""
    rows = [header, *(between.join(map(str, row)) for row in zip(*columns, strict=True))]
    Path(name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return name


def whole(data: TensorData) -> Part:
    """All items, in the order of their first feature."""
    parts = data.splits[:3]
    inputs = torch.cat([part.inputs for part in parts])
    order = inputs[:, 0].argsort()
    if parts[0].targets is None:
        return Part(inputs[order], None)
    return Part(inputs[order], torch.cat([part.targets for part in parts])[order])


N = 40
COUNT = [i / 2 for i in range(N)]
SPECIES = ["setosa", "virginica"] * 20


def test_numbers_stay_and_booleans_and_categories_become_zeros_and_ones() -> None:
    flag, color = [i % 3 == 0 for i in range(N)], ["red", "blue", " red", "green"] * 10
    data = TensorData(write("size,flag,color,species", COUNT, flag, color, SPECIES))
    assert data.spec.kind == "table"
    assert data.spec.features == ("size", "flag", "color=blue", "color=green", "color=red")
    assert data.spec.shape == (5,)
    assert data.spec.classes == ("setosa", "virginica")
    assert [len(part) for part in data.splits[:3]] == [29, 3, 8]
    inputs, targets, *_ = whole(data)
    assert inputs.dtype == torch.float64
    assert inputs[:, 0].tolist() == COUNT
    assert inputs[:, 1].tolist() == flag
    assert inputs[:4, 2:].tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert targets.tolist() == [0, 1] * 20


def test_a_table_is_standardized_by_its_training_part() -> None:
    data = TensorData(write("size,weight", COUNT, rng.normal(50, 9, N)))
    train = data.splits.train.inputs
    np.testing.assert_allclose(data.spec.mean, train.mean(0), rtol=1e-5)
    np.testing.assert_allclose(data.spec.std, train.std(0, correction=0), rtol=1e-5)
    assert data.splits.train.targets is None
    with pytest.raises(DataError, match="holds no images: leave out `image_size=`"):
        TensorData("some.csv", image_size=8)


@pytest.mark.parametrize("between", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_any_separator_and_encoding_is_read(between: str, encoding: str) -> None:
    rows = [between.join(["größe", '"a, b"', "species"])]
    rows += [between.join([str(3 * i), f" {i}.25", "grün" if i % 2 else "rot"]) for i in range(N)]
    Path("some.csv").write_bytes("\r\n".join(rows).encode(encoding))
    spec = TensorData("some.csv").spec
    assert spec.features == ("größe", "a, b")
    assert spec.classes == ("grün", "rot")


def test_a_comma_is_a_point_where_semicolons_separate() -> None:
    values = [f"{i},5" for i in range(N)]
    data = TensorData(write("size;class", values, SPECIES, between=";"))
    assert whole(data).inputs[:, 0].tolist() == [i + 0.5 for i in range(N)]


@pytest.mark.parametrize(
    ("header", "values", "classes"),
    [
        ("Species,size", SPECIES, ("setosa", "virginica")),  # by its name, in any case
        ("Diagnosis,size", ["M", "B"] * 20, ("B", "M")),
        ("label,size", [3, 1, 2, 0] * 10, ("0", "1", "2", "3")),
        ("y,size", [1.0, 2.0] * 20, ("1", "2")),
        ("y,size", [True, False] * 20, ("False", "True")),
        ("target,size", COUNT, ()),  # fractions
        ("target,size", range(100, 100 + N), ()),  # more than half as many as rows
    ],
)
def test_a_target_is_recognized(
    header: str, values: Sequence[Any], classes: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="latentune"):
        data = TensorData(write(header, values, COUNT))
    assert data.spec.classes == classes
    assert data.spec.features == ("size",)
    assert f"some.csv: the column {header.split(',')[0]!r} is the target" in caplog.text
    targets = whole(data).targets
    if classes:
        assert targets.dtype == torch.long
        assert [classes[number] for number in targets] == [
            f"{value:g}" if isinstance(value, float) else str(value) for value in values
        ]
    else:
        assert targets.tolist() == list(values)
        assert data.spec.target[0] == pytest.approx(data.splits.train.targets.mean().item())
        assert "a number to predict" in caplog.text


def test_a_target_can_be_named_and_be_a_number(caplog: pytest.LogCaptureFixture) -> None:
    name = write("size,grade,color", COUNT, [1, 2] * 20, ["red", "blue"] * 20)
    assert TensorData(name, table=TableOptions(target="color")).spec.classes == ("blue", "red")
    assert TensorData(name).splits.train.targets is None  # the last column may be a feature
    assert TensorData(name, table=TableOptions(target="grade")).spec.classes == ("1", "2")
    data = TensorData(name, table=TableOptions(target="grade"), numbers=True)
    assert data.spec.classes == ()
    assert set(data.splits.train.targets.tolist()) == {1.0, 2.0}
    unnamed = write("a,b", COUNT, COUNT, name="unnamed.csv")
    with caplog.at_level(logging.INFO, logger="latentune"):
        assert TensorData(unnamed).splits.train.targets is None
    assert "so all are features: name one by `target=`" in caplog.text
    with pytest.raises(DataError, match="no column that is known to be a target"):
        TensorData(unnamed, numbers=True)
    negative = write("a,y", COUNT, [-1, 1] * 20, name="negative.csv")
    assert TensorData(negative, numbers=True).splits.train.targets.min() == -1


def test_what_is_no_feature_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    ids = [7, *range(7, 7 + 3 * (N - 2), 3), ""]  # one is missing, and two are equal
    columns = range(N), ids, COUNT, ["cm"] * N, NAMES, SPECIES, [""] * N, ["NA"] * N
    name = write(",UserId,size,unit,town,class,,gone", *columns)
    with caplog.at_level(logging.INFO, logger="latentune"):
        assert TensorData(name).spec.features == ("size",)
    for said in (
        "left out the columns 'column 1', 'UserId', whose values number the rows",
        "left out the column 'unit', which holds one text alone",
        "left out, as their texts name rows and not categories: 'town'; `as_category=` 'town'",
    ):
        assert said in caplog.text


NAMES = [f"{chr(65 + i % 26)}{'xy'[i // 26]}" for i in range(N)]


@pytest.mark.parametrize(
    ("header", "columns", "message"),
    [
        ("a,class", [COUNT, [*SPECIES[1:], "n/a"]], r"1 missing value, in 'class' \(1\): fill"),
        ("a,b,class", [NAMES, NAMES, SPECIES], "has no features"),
        (
            "a,y",
            [COUNT, [-1, 1] * 20],
            "has -1 among the values of its target 'y'.*`as_category=` 'y'",
        ),
        ("a,y", [COUNT, [float("inf")] * N], "targets that are not finite"),
        ("a,b", [COUNT, [1e300] * N], r"holds 1e\+300 in the column 'b'"),
        ("class", [SPECIES], "has no features"),
        ("id", [range(N)], "has only columns that number its rows.*`as_number=` 'id'"),
        ("label,class,a", [SPECIES, SPECIES, COUNT], "columns 'label' and 'class', and each"),
        ("a", [range(9)], "holds 9 rows: at least 10"),
        ("a,b", [], "a line of names, but no rows"),
        ("a,b", [COUNT, COUNT, COUNT], "has 3 values in row 2, and 2 in the first one"),
        ("a,b", [COUNT, ["1,2", *COUNT[1:]]], "has 3 values in row 2"),
        ("a,b", [COUNT, ["1", *COUNT[:-2], "1,2"]], "has 3 values in row 41, and 2 in the first"),
        ("a,b", [COUNT, ['"1', *COUNT[2:], "1,2"]], "a quote is not closed"),
    ],
)
def test_what_is_unclear_is_refused_in_a_line(
    header: str, columns: list[Sequence[Any]], message: str
) -> None:
    name = write(header, *columns)
    with pytest.raises(DataError, match=message) as caught:
        TensorData(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not a text: save it as a CSV file in UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "holds 1 rows"),
    ],
    ids=str,
)
def test_a_broken_file_is_named(cli: Cli, content: bytes, message: str) -> None:
    Path("some.csv").write_bytes(content)
    answer = cli("search", "deep-ae", "some.csv")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert f"some.csv {message}" in answer.err


def test_options_that_do_not_fit_are_refused() -> None:
    name = write("size,Grade,color", COUNT, [1, 2] * 20, ["red", "blue"] * 20)
    np.save("rows.npy", rng.normal(size=(20, 3)))
    for target, hint in (("grad", "did you mean 'Grade'"), ("x", "it has 'size', 'Grade', 'col")):
        with pytest.raises(DataError, match=f"no column {target!r} for `target=`: {hint}"):
            TensorData(name, table=TableOptions(target=target))
    with pytest.raises(DataError, match="text, such as 'red', not numbers"):
        TensorData(name, numbers=True, table=TableOptions(target="color"))
    for other in ("digits", "rows.npy"):
        with pytest.raises(DataError, match="not a table with columns: leave out `target=`"):
            TensorData(other, table=TableOptions(target="a"))
    with pytest.raises(DataError, match="wine has classes, not numbers"):
        TensorData("wine", numbers=True)
    with pytest.raises(DataError, match="no classes to balance"):
        TensorData("rows.npy", balanced=True)


def test_a_class_of_one_item_is_no_class_to_learn() -> None:
    name = write("size,class", COUNT, [*SPECIES[1:], "rare"])
    with pytest.raises(DataError, match=r"class 'rare' of some\.csv has 1 item; at least 2"):
        require_labels(TensorData(name))
    with pytest.raises(
        DataError, match=r"no column that is known to be the target.*such as 'b', 'a'"
    ):
        require_labels(TensorData(write("a,b", COUNT, COUNT, name="other.csv")))
    assert require_labels(TensorData("wine"))


@pytest.mark.parametrize(
    ("name", "n", "features", "classes"), [("wine", 178, 13, 3), ("breast-cancer", 569, 30, 2)]
)
def test_built_in_tables(name: str, n: int, features: int, classes: int) -> None:
    data = TensorData(name)
    assert data.spec.kind == "table"
    assert len(data.spec.features) == features == data.spec.shape[0]
    assert len(data.spec.classes) == classes
    assert len(whole(data)) == n
    shares = [part.targets.bincount() / len(part) for part in data.splits[:3]]
    torch.testing.assert_close(shares[0], shares[2], atol=0.03, rtol=0)
    assert len(data.spec.mean) == features


def test_each_class_is_drawn_equally_often() -> None:
    name = write("size,class", rng.normal(size=200), ["rare", *["common"] * 9] * 20)
    data = TensorData(name, balanced=True, batch_size=16)
    data.setup("fit")
    torch.manual_seed(0)
    drawn = [torch.cat([y for _, y in data.train_dataloader()]) for _ in range(20)]
    assert all(len(targets) == len(data.splits.train) for targets in drawn)
    share = torch.cat(drawn).float().mean().item()  # "rare" is class 1
    assert share == pytest.approx(0.5, abs=0.05)
    assert sum(len(y) for _, y in data.val_dataloader()) == len(data.splits.val)
    torch.manual_seed(0)
    assert torch.equal(torch.cat([y for _, y in data.train_dataloader()]), drawn[0])


def test_items_without_weight_are_never_drawn() -> None:
    batches = Batches((torch.arange(10),), 4, True, weights=torch.arange(10.0) // 9)
    assert torch.cat([batch for (batch,) in batches]).tolist() == [9] * 10


def test_a_table_is_shown(cli: Cli) -> None:
    shown = latentune.show(write("size,grade,class", COUNT, COUNT, SPECIES))
    assert shown.line.endswith("2 classes, train 29 / val 3 / test 8; features: size, grade")
    assert shown.counts.sum(axis=1).to_dict() == {"setosa": 20, "virginica": 20}
    shown = latentune.show("some.csv", target="size")
    assert "a number to predict" in shown.line
    assert shown.counts.loc["all"].tolist() == [29, 3, 8]
    answer = cli("show", "wine")
    assert answer.code == 0, answer.err
    assert "178 rows of 13, 3 classes, train 128 / val 14 / test 36" in answer.out


def test_a_table_is_searched_and_trained(cli: Cli) -> None:
    name = write("size,weight,class", COUNT, rng.normal(50, 9, N), SPECIES)
    answer = cli("search", "deep-ae", name, "--trials", 1, "--epochs", 1)
    assert answer.code == 0, answer.err
    assert "some.csv: 40 rows of 2, 2 classes, train 29 / val 3 / test 8" in answer.out
    assert "some.csv: the column 'class' is the target" in answer.out
    assert cli("train", "deep-ae-some", "--epochs", 1).code == 0
