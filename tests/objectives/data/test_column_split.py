"""Groups stay in one part and one fold; times order the parts and the folds."""

import logging
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.model_selection import StratifiedGroupKFold, TimeSeriesSplit

import latentune
from latentune import DataError, StudyError, TableOptions, TensorData
from latentune.objectives.data import table_cache
from latentune.objectives.data.preparation import splits as memory
from latentune.objectives.data.preparation.splits import load_splits, save_splits
from latentune.objectives.data.sources import load_source
from latentune.objectives.data.tensor_cache import flush_cache

Refused = Callable[..., str]
names = (f"table{number}.csv" for number in count())


def visits(groups: Any, seed: int = 0) -> pd.DataFrame:
    """A table with a row for each visit of a patient, some of them on the same day."""
    draw, n = np.random.default_rng(seed), len(groups)
    days = pd.Timestamp("2019-12-20") + pd.to_timedelta(draw.integers(0, n, n), "D")
    size = draw.normal(size=n).round(3)
    return pd.DataFrame(
        {
            "patient": [f"P{number:03}" for number in groups],
            "day": days.strftime("%d.%m.%Y"),
            "size": size,
            "weight": draw.normal(size=n).round(3),
            "label": np.where(size + draw.normal(size=n) > 0, "high", "low"),
        }
    )


def read(frame: pd.DataFrame, seed: int = 0, **options: Any) -> TensorData:
    frame.to_csv(name := next(names), index=False)
    numbers = options.get("target") == "weight"
    return TensorData(name, seed=seed, numbers=numbers, table=TableOptions(**options))


def column_of(data: TensorData, values: pd.Series) -> list[pd.Series]:
    """The values of a column of the file in each part."""
    return [values.iloc[part.row_indices.tolist()] for part in data.splits[:3]]


def days_of(data: TensorData, frame: pd.DataFrame) -> list[pd.Series]:
    return column_of(data, pd.to_datetime(frame["day"], format="%d.%m.%Y"))


patients = st.lists(st.integers(0, 11), min_size=20, max_size=60).filter(lambda x: len({*x}) > 4)


@settings(deadline=None, max_examples=30)
@given(patients, st.integers(0, 99), st.integers(2, 3), st.sampled_from(["label", "weight"]))
def test_no_group_is_in_two_parts_or_folds(
    groups: list[int], seed: int, folds: int, target: str
) -> None:
    frame = visits(groups, seed)
    data = read(frame, seed, target=target, group="patient")
    for each in (data, *(data.fold(index, folds) for index in range(folds))):
        train, val, test = (set(part) for part in column_of(each, frame["patient"]))
        assert min(map(len, (train, val, test))) > 0
        assert not (train & val) | (train & test) | (val & test)
        assert train | val | test == set(frame["patient"])
        assert sum(map(len, each.splits[:3])) == len(frame)
    held_out = [data.fold(index, folds).splits.val.row_indices for index in range(folds)]
    known = [data.splits.train.row_indices, data.splits.val.row_indices]
    assert torch.cat(held_out).sort().values.equal(torch.cat(known).sort().values)


@settings(deadline=None, max_examples=30)
@given(patients, st.integers(0, 99), st.integers(2, 3))
def test_parts_and_folds_follow_one_another_in_time(
    groups: list[int], seed: int, folds: int
) -> None:
    frame = visits(groups, seed)
    data = read(frame, seed, target="label", time_column="day")
    assert data.fingerprint == read(frame, seed, target="label", time_column="day").fingerprint
    for each in (data, *(data.fold(index, folds) for index in range(folds))):
        train, val, test = days_of(each, frame)
        assert train.max() < val.min()
        assert val.max() < test.min()
    assert sum(map(len, data.splits[:3])) == len(frame)


def test_the_groups_of_each_class_are_split_by_the_usual_shares(
    caplog: pytest.LogCaptureFixture,
) -> None:
    groups = np.repeat(np.arange(100), 4)
    frame = visits(groups).assign(label=np.where(groups % 4 == 0, "ill", "well"))
    with caplog.at_level(logging.INFO, logger="latentune"):
        data = read(frame, target="label", group="patient")
    shares = [(part == "ill").mean() for part in column_of(data, frame["label"])]
    assert [len(part) for part in data.splits[:3]] == [288, 32, 80]
    assert shares == [0.25, 0.25, 0.25]
    assert "train 288 / val 32 / test 80, 100 groups of 'patient' (72 / 8 / 20)" in caplog.text
    assert "the rows of one 'patient' stay in one part; it is not a feature" in caplog.text
    assert not any("patient" in name for name in data.spec.features)
    others = [read(frame, seed, target="label", group="patient") for seed in range(3)]
    assert len({tuple(other.splits.val.row_indices.tolist()) for other in others}) == 3
    assert len({tuple(other.splits.test.row_indices.tolist()) for other in others}) == 1


def test_folds_of_groups_are_those_of_scikit_learn() -> None:
    frame = visits(np.random.default_rng(1).integers(0, 30, 200))
    data = read(frame, target="label", group="patient")
    rows = torch.cat([data.splits.train.row_indices, data.splits.val.row_indices]).numpy()
    known = frame.iloc[rows]
    right = StratifiedGroupKFold(4, shuffle=True, random_state=0)
    for index, (_, val) in enumerate(right.split(known, known["label"], known["patient"])):
        found = data.fold(index, 4).splits.val.row_indices
        assert found.tolist() == rows[val].tolist()


def test_the_latest_days_are_those_of_pandas(caplog: pytest.LogCaptureFixture) -> None:
    frame = visits(range(200))
    day = pd.to_datetime(frame["day"], format="%d.%m.%Y")
    with caplog.at_level(logging.INFO, logger="latentune"):
        data = read(frame, target="label", time_column="day")
    days = days_of(data, frame)
    rest = day
    for part, share in ((days[2], 0.2), (days[1], 0.1)):
        # How many rows are held out if it is done from a day on, and which day is nearest.
        counts = rest.value_counts().sort_index(ascending=False).cumsum()
        first = (counts - share * len(rest)).abs().idxmin()
        assert sorted(part) == sorted(rest[rest >= first])
        rest = rest[rest < first]
    assert sorted(days[0]) == sorted(rest)
    ends = [f"{part.min():%Y-%m-%d} to {part.max():%Y-%m-%d}" for part in days]
    assert f"by 'day': {' / '.join(ends)}" in caplog.text
    assert "become year, month" not in caplog.text
    assert not any("day" in name for name in data.spec.features)


def test_folds_in_time_are_those_of_scikit_learn() -> None:
    frame = visits(range(100))
    data = read(frame, target="label", time_column="day")
    known = pd.concat(days_of(data, frame)[:2])
    distinct = np.sort(known.unique())
    for index, (train, val) in enumerate(TimeSeriesSplit(4).split(distinct)):
        found = days_of(data.fold(index, 4), frame)
        assert sorted(found[0]) == sorted(known[known.isin(distinct[train])])
        assert sorted(found[1]) == sorted(known[known.isin(distinct[val])])


def test_numbers_and_times_of_day_order_rows(caplog: pytest.LogCaptureFixture) -> None:
    frame = visits(np.arange(60) % 7).assign(step=np.arange(60)[::-1] * 0.5)
    hours = pd.date_range("2021-03-01", periods=60, freq="7h")
    frame["hour"] = hours.strftime("%Y-%m-%d %H:%M")
    with caplog.at_level(logging.INFO, logger="latentune"):
        by_step = read(frame.drop(columns="day"), target="label", time_column="step")
        by_hour = read(frame.drop(columns="day"), target="label", time_column="hour")
    assert by_step.splits.test.row_indices.tolist() == list(range(12))
    assert by_hour.splits.test.row_indices.tolist() == list(range(48, 60))
    assert "by 'step': 0 to 21 / 21.5 to 23.5 / 24 to 29.5" in caplog.text
    assert "2021-03-15 00:00:00" not in caplog.text
    assert f"to {hours[-1]:%Y-%m-%d %H:%M:%S}" in caplog.text


def test_a_group_of_most_rows_stays_in_the_training_part() -> None:
    frame = visits([0] * 90 + [1] * 6 + [2] * 4)
    sizes = [len(part) for part in read(frame, target="label", group="patient").splits[:3]]
    assert sizes in ([90, 4, 6], [90, 6, 4])


def test_texts_and_image_lists_have_groups_and_times() -> None:
    draw = np.random.default_rng(0)
    words = ["".join(draw.choice(list("abcdefgh"), 9)) for _ in range(60)]
    table = pd.DataFrame({"text": words, "label": ["x", "y"] * 30, "author": np.arange(60) // 5})
    table["day"] = pd.date_range("2020-01-01", periods=60).strftime("%Y-%m-%d")
    images = table.drop(columns="text").assign(path=[f"{number}.png" for number in range(60)])
    for name in images["path"]:
        Image.fromarray(draw.integers(0, 255, (6, 6), dtype=np.uint8)).save(name)
    for frame, unused in ((table, "day"), (images, "day")):
        data = read(frame.drop(columns=unused), group="author")
        parts = [set(part) for part in column_of(data, frame["author"])]
        assert sum(map(len, parts)) == 12
        assert data.spec.classes == ("x", "y")
        data = read(frame.drop(columns="author"), time_column="day")
        assert data.splits.test.row_indices.tolist() == list(range(48, 60))
        assert data.splits.val.row_indices.tolist() == list(range(43, 48))


def test_some_classes_and_repeated_rows_keep_groups_together(
    caplog: pytest.LogCaptureFixture,
) -> None:
    frame = pd.concat([visits(np.arange(40) % 8)] * 2, ignore_index=True)
    frame.loc[40:, "patient"] = "twin " + frame["patient"]
    frame.to_csv("twins.csv", index=False)
    options = TableOptions(target="label", group="patient", drop=["day"])
    with caplog.at_level(logging.INFO, logger="latentune"):
        TensorData("twins.csv", table=options)
    assert "test items are also in the training part" in caplog.text
    frame["label"] = np.resize(["a", "b", "c"], len(frame))
    frame.to_csv("three.csv", index=False)
    data = TensorData("three.csv", table=options, only=["a", "b"])
    parts = [set(part) for part in column_of(data, frame["patient"])]
    assert sum(map(len, parts)) == len(set.union(*parts))


def test_what_cannot_be_split_is_refused(refused: Refused) -> None:
    frame = visits(np.arange(40) % 8).assign(one="a", two=["a", "b"] * 20, when="1.2.2021")
    frame["when"] = [*frame["day"][1:], "soon"]
    frame["gap"] = ["", "", *frame["patient"][2:]]
    frame.to_csv("a.csv", index=False)
    np.savez("a.npz", x=np.zeros((40, 3)))
    for words, line in (
        (["--group", "Patient"], "no column 'Patient' for --group: did you mean 'patient'?"),
        (["--time-column", "dya"], "no column 'dya' for --time-column: did you mean 'day'?"),
        (["--group", "one"], "has 1 group in the column 'one': at least 3 are needed, one for"),
        (["--group", "two"], "has 2 groups in the column 'two': at least 3 are needed, one for"),
        (["--group", "gap"], "has 2 missing values in the column 'gap', which splits it: fill"),
        (["--time-column", "when"], "has 'soon' in the column 'when', which is not a time"),
        (["--group", "patient", "--time-column", "day"], "--group and --time-column both"),
        (["--group", "label"], "--target and --group both name 'label': choose one"),
        (["--drop", "day", "--time-column", "day"], "--drop and --time-column both name 'day'"),
    ):
        assert line in refused("show", "a.csv", "--target", "label", *words)
    for name in ("a.npz", "digits"):
        assert "leave out --group" in refused("show", name, "--group", "patient")
    with pytest.raises(DataError, match="not a table with columns: leave out `group=`"):
        latentune.show((np.zeros((40, 3)), np.arange(40) % 2), group="patient")
    data = read(frame, target="label", group="patient", drop=["when", "gap"])
    with pytest.raises(DataError, match="6 groups cannot be split into 7 folds: ask for fewer"):
        data.fold(0, 7)
    data = read(visits(range(14)), target="label", time_column="day")
    n = len(set(pd.concat(days_of(data, visits(range(14)))[:2])))
    with pytest.raises(DataError, match=f"{n} different times cannot .*{n} folds, which need"):
        data.fold(0, n)
    data.fold(0, n - 1)


def test_the_cache_and_the_workers_keep_groups_and_times(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = visits(np.arange(60) % 12)
    frame.to_csv("a.csv", index=False)
    monkeypatch.setattr(table_cache, "MIN_CACHED_BYTES", 100)
    for option, column in (("group", "patient"), ("time_column", "day")):
        table = TableOptions(target="label", **{option: column})

        def again(table: TableOptions = table) -> TensorData:
            return TensorData("a.csv", table=table, cache=Path("cache"))

        first = again()
        flush_cache()
        save_splits(Path("splits.pt"))
        with monkeypatch.context() as patch:
            patch.setattr(load_source, "_read_csv", None)
            patch.setattr(memory, "_splits", {})
            cached = again()
            patch.setattr(memory, "_splits", {})
            load_splits(Path("splits.pt"))
            patch.setattr(memory, "load_source", None)
            sent = again()
        for other in (cached, sent):
            assert other.fingerprint == first.fingerprint
            for name in ("train", "val", "test"):
                part, same = (getattr(each.fold(1, 3).splits, name) for each in (first, other))
                assert part.split_by.equal(same.split_by)
                assert part.row_indices.equal(same.row_indices)


def test_a_study_keeps_its_groups_and_new_rows_need_none() -> None:
    frame = visits(np.arange(80) % 16)
    frame["patient"] = frame["patient"].astype("category")
    options: dict[str, Any] = {"target": "label", "drop": ["day"], "name": "s", "epochs": 1}
    study = latentune.search("mlp", frame, group="patient", trials=1, folds=2, **options)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"]
    with pytest.raises(StudyError, match="group is patient there, absent here"):
        latentune.search("mlp", frame, trials=2, folds=2, **options)
    latentune.train("s", epochs=1)
    answers = latentune.predict("s", frame[["weight", "size"]])
    assert len(answers.table) == 80
