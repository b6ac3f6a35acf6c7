"""Gaps, dates, free categories and leaks of tables: what becomes of them."""

import json
import logging
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars
import pytest

import latentune
from latentune import DataError, TableOptions, TensorData
from latentune.models.data_spec import DataSpec
from latentune.objectives.data.new_items.new_items import Preparation
from latentune.objectives.data.new_items.read_new_items import read_new_items
from latentune.objectives.data.sources.source import TABLE_OPTIONS

from ...given import prepared
from .csv_files import CLASS, SIZE, N, lines, read, write

Cli = Callable[..., Any]


@pytest.fixture
def messy_tables(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(Path(__file__).parents[3])
    return import_module("benchmarks.messy_tables")


def rows_to_learn_from(data: TensorData) -> list[int]:
    return sorted([*data.splits.train.row_indices.tolist(), *data.splits.val.row_indices.tolist()])


@pytest.mark.parametrize("table", ["titanic", "penguins"])
@pytest.mark.parametrize("seed", [0, 1])
def test_columns_are_prepared_as_pandas_would(table: str, seed: int, messy_tables: Any) -> None:
    make, prepare, target = messy_tables.TABLES[table]
    frame = make(seed=seed)
    frame.to_csv("a.csv", index=False)
    options = TableOptions(target=target, drop=["Boat"] if "Boat" in frame else [])
    data = TensorData("a.csv", table=options)
    right = prepare(frame, rows_to_learn_from(data))
    assert list(data.spec.features) == list(right)
    for part in data.splits[:3]:
        np.testing.assert_allclose(part.inputs, right.iloc[part.row_indices], rtol=1e-12)
    kept = DataSpec.from_table(json.loads(json.dumps(data.spec.to_table())))
    assert kept == data.spec
    shuffled = frame.drop(columns=target).sample(frac=1, axis=1, random_state=0)
    shuffled.to_csv("new.csv", index=False)
    np.testing.assert_allclose(prepared(["new.csv"], Preparation(kept)), right, rtol=1e-12)


def test_what_was_decided_is_said(messy_tables: Any, caplog: pytest.LogCaptureFixture) -> None:
    frame = messy_tables.titanic_like()
    frame.to_csv("a.csv", index=False)
    with caplog.at_level(logging.INFO, logger="latentune"):
        spec = TensorData("a.csv", table=TableOptions(target="Survived")).spec
    gaps, said = frame.isna().sum(), "\n".join(caplog.messages)
    for line in (
        "left out the column 'PassengerId', whose values number the rows",
        "left out, as their texts name rows and not categories: 'Name', 'Ticket'; `as_category=`",
        "dates, which become year, month, weekday and days since 1970: 'Boarded'",
        f"{gaps['Age'] + gaps['Fare'] + gaps['Boat']:,} missing numbers are filled by the median "
        f"of all rows but the test part, in 'Boat' ({gaps['Boat']}), 'Age' ({gaps['Age']}), "
        "'Fare' (",
        f"{gaps['Boarded']} missing dates are filled by the median",
        f"{gaps['Insured']} missing flags are filled by the most frequent value",
        f"{gaps['Cabin'] + gaps['Embarked']} missing categories are filled by the most frequent",
        "another feature says where values are missing in 'Age', 'Cabin', 'Insured', 'Boat'",
        "rare categories become 'other', in 'Cabin' (",
        "the column 'Boat' predicts the target nearly alone (balanced accuracy 0.9",
    ):
        assert line in said, said
    assert said.count("known only after the target") == 1
    roles = {column.name: column.role for column in spec.columns}
    assert roles["Name"] == roles["Ticket"] == "left out"


def test_gaps_are_refused_if_the_user_wants_it(cli: Cli) -> None:
    write("a.csv", lines("age,size,class", ["", *SIZE[1:]], ["NA", *SIZE[1:]], CLASS))
    answer = cli("show", "a.csv", "--missing", "refuse")
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "2 missing values, in 'age' (1), 'size' (1): fill them, or leave out" in answer.err
    assert cli("show", "a.csv", "--missing", "refuse", "--drop", "age", "--drop", "size").code == 2
    answer = cli("show", "a.csv")
    assert "2 missing numbers are filled by the median of all rows but the test part" in answer.out
    assert "'--missing': 'no' is not a choice; known: fill, refuse" in (
        cli("show", "a.csv", "--missing", "no").err
    )
    with pytest.raises(DataError, match="`missing=` must be fill or refuse, not 'no'"):
        TableOptions(missing="no")


def test_the_test_part_has_no_say(messy_tables: Any) -> None:
    frame = messy_tables.titanic_like(300)
    frame.to_csv("a.csv", index=False)
    options = TableOptions(target="Survived")
    data = TensorData("a.csv", table=options)
    test = data.splits.test.row_indices.tolist()
    for name in ("Age", "Fare"):
        frame.loc[frame.index.isin(test) & frame[name].notna(), name] = 1e6
    frame.loc[frame.index.isin(test), "Home"] = "Nowhere"
    frame.to_csv("b.csv", index=False)
    other = TensorData("b.csv", table=options)
    assert other.splits.test.row_indices.tolist() == test
    assert other.spec == data.spec
    assert other.splits.train.inputs.equal(data.splits.train.inputs)
    assert other.splits.val.inputs.equal(data.splits.val.inputs)


def test_new_rows_with_gaps_and_unknown_categories() -> None:
    n = 100
    kind = [*["a"] * 25, *["b"] * 25, *(f"k{i}" for i in range(50))]
    flag = [*["true", "false", "false"] * 33, ""]
    days = [f"2021-01-{1 + i % 28:02}" for i in range(n)]
    full = np.random.default_rng(0).normal(size=n)
    size = [*full[:-3], "", "", ""]
    columns = size, full, kind, flag, days, ["ja", "nein"] * 50
    write("a.csv", lines("size,full,kind,flag,day,class", *columns))
    table = TableOptions(as_category=["flag"])
    data = TensorData("a.csv", table=table)
    like = Preparation(data.spec)
    known = pd.read_csv("a.csv", keep_default_na=False).iloc[rows_to_learn_from(data)]
    median = pd.to_numeric(known["size"]).median()
    write("new.csv", "class,day,kind,full,size,flag\n?,2021-02-03 12:00,z,1,,\n")
    (row,) = prepared(["new.csv"], like)
    found = dict(zip(data.spec.features, row.tolist(), strict=True))
    assert found["size"] == median
    assert found["flag=false"] == 1
    assert (found["kind=a"], found["kind=b"], found["kind=other"]) == (0, 0, 1)
    assert (found["day year"], found["day month"], found["day weekday"]) == (2021, 2, 2)
    assert found["day days"] == 18661.5
    new = "1,2,a,yes,2021-01-01\n1,2,a,true,01/02/2021\n,,,,\n1,2,a,true,2021-01-01\n"
    write("new.csv", "size,full,kind,flag,day\n" + new)
    (batch,) = read_new_items(["new.csv"], like)[0].batches()
    assert batch.reasons == [
        "has 'yes' in the column 'flag', where training has seen 'false', 'true'",
        "has '01/02/2021' in the column 'day', where training has seen dates with the year first",
        "has no value in any column",
        "",
    ]
    write("new.csv", "size,ful,kind,flag,day\n1,2,a,true,2021-01-01\n")
    with pytest.raises(DataError, match=r"no column 'full'.*did you mean 'ful'"):
        prepared(["new.csv"], like)


def test_gaps_of_new_rows_are_filled_where_training_had_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kind, flag = ["a", "b", "b", "b"] * 10, ["true", "true", "true", "false"] * 10
    days = [f"2021-03-{1 + i % 28:02}" for i in range(N)]
    write("a.csv", lines("size,kind,flag,day,class", SIZE, kind, flag, days, CLASS))
    data = TensorData("a.csv")
    known = pd.read_csv("a.csv", parse_dates=["day"]).iloc[rows_to_learn_from(data)]
    write("new.csv", "size,kind,flag,day\n1,,,\n,a,true,2021-03-05\n")
    with caplog.at_level(logging.INFO, logger="latentune"):
        found = prepared(["new.csv"], Preparation(data.spec))
    rows = [dict(zip(data.spec.features, row, strict=True)) for row in found.tolist()]
    assert rows[1]["size"] == known["size"].median()
    assert (rows[0]["kind=b"], rows[0]["flag"]) == (1, 1)
    assert rows[0]["day days"] == (known["day"].median() - pd.Timestamp(0)) / pd.Timedelta("1D")
    said = "new.csv: missing values are filled by training's median or most frequent value"
    assert f"{said}, most in 'size' (1), 'kind' (1), 'flag' (1)" in caplog.messages
    refusing = TensorData("a.csv", table=TableOptions(missing="refuse"))
    (batch,) = read_new_items(["new.csv"], Preparation(refusing.spec))[0].batches()
    assert batch.reasons == [f"has no value in the column {name!r}" for name in ("kind", "size")]


@pytest.mark.parametrize(
    ("dates", "right"),
    [
        (["2021-12-31", "2021-12-01 06:00", "2020-02-29T18:00:00Z"], (2021, 12, 31)),
        (["31.12.2021", "1.2.2021 12:30"], (2021, 12, 31)),
        (["12/31/2021", "02/01/2021 1:30:00 PM"], (2021, 12, 31)),
        (["31-12-2021", ""], (2021, 12, 31)),
    ],
)
def test_dates_are_read_in_the_only_order_that_fits(
    dates: list[str], right: tuple[int, ...]
) -> None:
    values = [*dates, *dates[:1] * N][:N]
    data = TensorData(write("a.csv", lines("day,size,class", values, SIZE, CLASS)))
    found = read("a.csv")
    date = pd.Timestamp(*right)
    assert found["day year"].iloc[0] == date.year
    assert found["day month"].iloc[0] == date.month
    assert found["day weekday"].iloc[0] == date.day_of_week
    assert found["day days"].iloc[0] == (date - pd.Timestamp(0)).days
    assert data.spec.features[:4] == ("day year", "day month", "day weekday", "day days")


def test_dates_of_a_frame_are_days_of_the_week_at_any_time() -> None:
    times = pd.date_range("1963-05-05 03:00", periods=N, freq="37h")
    write("a.csv", lines("time,size,class", times.astype(str), SIZE, CLASS))
    found = read("a.csv")
    assert found["time weekday"].tolist() == times.day_of_week.tolist()
    assert found["time month"].tolist() == times.month.tolist()
    assert found["time year"].tolist() == times.year.tolist()
    np.testing.assert_allclose(found["time days"], times.to_julian_date() - 2440587.5)


@pytest.mark.parametrize("as_given", [pd.DataFrame, polars.from_pandas])
def test_a_duration_of_a_frame_becomes_days(
    as_given: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    hours = np.where(np.arange(N) == 5, np.nan, np.arange(N) % 7 * 6)
    with caplog.at_level(logging.INFO, logger="latentune"):
        latentune.show(as_given(pd.DataFrame({"stay": pd.to_timedelta(hours, "h"), "a": SIZE})))
    assert "the frame: durations, which become days: 'stay'" in caplog.messages
    (path,) = Path("runs/data").glob("frame-*.csv")
    np.testing.assert_array_equal(pd.read_csv(path)["stay"], hours / 24)


def test_dates_in_any_order_are_refused_with_ways_that_work() -> None:
    days = [f"{1 + i % 12:02}/{1 + i // 4:02}/2021" for i in range(N)]
    write("a.csv", lines("day,size,class", days, SIZE, CLASS))
    ways = "leave the column out by `drop=` 'day', or keep them as names by `as_category=` 'day'"
    with pytest.raises(DataError, match=f"write them as 2021-12-31, {ways}$"):
        TensorData("a.csv")
    kept = TensorData("a.csv", table=TableOptions(as_category=["day"]))
    assert kept.spec.features[0].startswith("day=")
    assert TensorData("a.csv", table=TableOptions(drop=["day"])).spec.features == ("size",)
    with pytest.raises(DataError, match=r"write them as 2021-12-31$"):
        TensorData("a.csv", table=TableOptions(time_column="day"))
    iso = [f"2021-{day[3:5]}-{day[:2]}" for day in days]
    write("a.csv", lines("day,size,class", iso, SIZE, CLASS))
    assert TensorData("a.csv", table=TableOptions(time_column="day")).spec.features == ("size",)


def test_a_column_that_predicts_the_target_nearly_alone_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    draw = np.random.default_rng(0)
    n = 400
    size = draw.normal(size=n)
    late = np.where(size > 0.3, "yes", "no")
    paid = np.exp(3 * size + 1)
    with caplog.at_level(logging.INFO, logger="latentune"):
        read(write("a.csv", lines("x,size,class", draw.normal(size=n), size, late)))
        read(write("b.csv", lines("x,paid,size", draw.normal(size=n), paid, size)), target="size")
    assert "a.csv: the column 'size' predicts the target nearly alone (balanced acc" in caplog.text
    assert "b.csv: the column 'paid' predicts the target nearly alone (R²" in caplog.text
    assert caplog.text.count("if it is known only after the target, `drop=`") == 2


def test_a_checkpoint_of_the_first_version_has_its_categories_in_its_features() -> None:
    columns = [["a", "number", ".", ""], ["b", "category", "", ""], ["y", "target", "", ""]]
    features = ["a", "b=x", "b=y=z"]
    spec = DataSpec.from_table(
        {"shape": [3], "kind": "table", "features": features, "columns": columns}
    )
    write("new.csv", "b,a\ny=z,1.5\nx,2\n")
    assert prepared(["new.csv"], Preparation(spec)).tolist() == [[1.5, 0, 1], [2, 1, 0]]


@pytest.mark.parametrize("fill", ["nan", "x"])
def test_a_fill_that_is_no_number_is_not_a_description(fill: str) -> None:
    columns = [{"name": "a", "role": "number", "fill": fill}]
    with pytest.raises(ValueError, match=fill):
        DataSpec.from_table({"shape": [1], "kind": "table", "features": ["a"], "columns": columns})


def test_two_features_of_one_name_are_refused() -> None:
    write("a.csv", lines("k,k=a,size,class", ["a", "b"] * 20, SIZE, SIZE, CLASS))
    with pytest.raises(DataError, match="two features 'k=a', one of the column 'k=a': rename it"):
        TensorData("a.csv")
    assert "missing" in TABLE_OPTIONS
