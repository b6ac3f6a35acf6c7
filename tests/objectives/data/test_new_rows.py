"""New rows are read as those of training, and texts as they are."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latentune import TensorData
from latentune.objectives.data.data_error import DataError
from latentune.objectives.data.new_items.new_items import Preparation
from latentune.objectives.data.new_items.read_new_items import read_new_items
from latentune.objectives.data.sources.source import TableOptions
from latentune.objectives.data.sources.typed_columns import read_columns

from ...given import prepared
from .csv_files import CLASS, COUNT, SIZE, N, german, lines, write

Cli = Callable[..., Any]


def test_new_rows_are_read_as_those_of_training() -> None:
    zips = ["01010", "02134"] * 20
    columns = (
        german(SIZE),
        [f"{x} %" for x in COUNT],
        zips,
        ["true", "false"] * 20,
        range(N),
        CLASS,
    )
    write("a.csv", lines("a;b;zip;flag;id;class", *columns, between=";"))
    like = Preparation(TensorData("a.csv").spec)
    right = [123456.25, 12, 0, 1, 0]
    for head, row in (
        ("a;b;zip;flag", "123.456,25;12 %;02134;False"),
        ("flag,b,zip,a", 'FALSE,12,02134,"123456,25"'),
        ("zip\tflag\tb\ta", "02134\tfalse\t12%\t123,456.25"),
        ("id,class,a,b,zip,flag", "77,ja,123456.25,12,02134,false"),
    ):
        write("new.csv", f"{head}\n{row}\n")
        assert prepared(["new.csv"], like).tolist() == [right]
    write("new.csv", "a;b;zip;flag\n1;12 kg;02134;true\n1;2;2134;true\n1;2;02134;yes\n")
    (batch,) = read_new_items(["new.csv"], like)[0].batches()
    assert batch.reasons == [
        "has '12 kg' in the column 'b', where training has seen finite numbers alone",
        "has '2134' in the column 'zip', where training has seen '01010', '02134'",
        "has 'yes' in the column 'flag', where training has seen true and false",
    ]


def test_new_rows_without_names_are_read_by_their_places() -> None:
    write("a.csv", lines("34,120.5,yes", COUNT, SIZE, ["no", "yes"] * 20))
    like = Preparation(TensorData("a.csv", table=TableOptions(target="column 3")).spec)
    for text in ("5,1.5,no\n", "5,1.5\n", "column 2,column 1\n1.5,5\n"):
        write("new.csv", text)
        assert prepared(["new.csv"], like).tolist() == [[5, 1.5]]
    write("new.csv", "5\n")
    with pytest.raises(
        DataError, match=r"has 1 columns without names, and .* had 3: give it as many"
    ):
        prepared(["new.csv"], like)


def test_texts_that_look_like_numbers_are_texts() -> None:
    texts = [f"{'0049' if i % 2 else '0033'}{i:03}{'x' * (i == 0)}" for i in range(N)]
    write("a.csv", lines("phone,label", texts, CLASS))
    data = TensorData("a.csv")
    like = Preparation(data.spec)
    assert (data.spec.kind, data.spec.classes) == ("text", ("ja", "nein"))
    expected = prepared(["0049111", "0033222"], like)
    for name, text in {
        "1.csv": "phone\n0049111\n0033222\n",
        "2.csv": "0049111\n0033222\n",
        "3.csv": "id;note;phone\n1;abcdefg;0049111\n2;abcdefgh;0033222\n",
    }.items():
        assert torch.equal(prepared([write(name, text)], like), expected)
    write("b.csv", lines("n,code,class", COUNT, range(7, 7 + N), CLASS))
    data = TensorData("b.csv", table=TableOptions(text="code"))
    assert (data.spec.kind, data.spec.classes) == ("text", ("ja", "nein"))
    assert set(data.spec.letters) <= set("0123456789")


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e9, 1e9, width=32), min_size=12, max_size=20),
    st.lists(TEXTS, min_size=2, max_size=5, unique=True),
    st.sampled_from(",;\t|"),
    st.sampled_from(".,"),
    st.sampled_from([0, 1, 2]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_pandas_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    numbers: list[float],
    texts: list[str],
    separator: str,
    decimal: str,
    quoting: int,
    encoding: str,
) -> None:
    names = [texts[i % len(texts)] for i in range(len(numbers))]
    frame = pd.DataFrame(
        {"value": numbers, "count": range(100, 100 + len(numbers)), "word": names}
    )
    path = tmp_path_factory.getbasetemp() / "written.csv"
    frame.to_csv(
        path, sep=separator, decimal=decimal, quoting=quoting, encoding=encoding, index=False
    )
    columns = read_columns(
        path, TableOptions(as_category=["word"], header="first", decimal=decimal)
    )
    np.testing.assert_array_equal(columns.frame["value"], numbers)
    np.testing.assert_array_equal(columns.frame["count"], frame["count"])
    assert columns.texts["word"].tolist() == names
