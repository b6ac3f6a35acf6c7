"""CSV files as programs write them are read right."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from .csv_files import CLASS, COUNT, SIZE, N, german, holds, lines, read, rng, write

Cli = Callable[..., Any]


def test_german_excel() -> None:
    text = lines("Größe;Anzahl;class", german(SIZE), COUNT, CLASS, between=";")
    write("a.csv", text.replace("\n", "\r\n"), "cp1252")
    holds("a.csv", {"Größe": SIZE, "Anzahl": COUNT, "target": CLASS})


def test_unicode_text_of_excel() -> None:
    text = lines("size\tnote\tclass", SIZE, ["a, b", "c; d"] * 20, CLASS, between="\t")
    right = {"size": SIZE, "note=a, b": [1, 0] * 20, "note=c; d": [0, 1] * 20, "target": CLASS}
    for encoding in ("utf-16", "utf-16-le", "utf-8-sig"):
        holds(write(f"{encoding}.csv", text, encoding), right)


def test_an_export_with_dollars_and_percent(caplog: pytest.LogCaptureFixture) -> None:
    prices, rates = 1000.0 * COUNT, COUNT % 100
    columns = [f'"${x:,.2f}"' for x in SIZE], [f"{x}%" for x in rates], [f'"{x:,}"' for x in COUNT]
    write("a.csv", lines("cost,rate,count,price", *columns, [f'"{x:,.0f}"' for x in prices]))
    with caplog.at_level(logging.INFO, logger="latentune"):
        right = {"cost": SIZE, "rate": rates, "count": COUNT, "target": prices}
        holds("a.csv", right, target="price")
    assert (
        "a.csv: numbers with the unit '$', numbers with marks at thousands: 'cost'" in caplog.text
    )
    assert "a.csv: numbers with the unit '%': 'rate'" in caplog.text


def test_no_names(caplog: pytest.LogCaptureFixture) -> None:
    write("a.csv", lines("34,120.5,yes", COUNT, SIZE, ["no", "yes"] * 20))
    with caplog.at_level(logging.INFO, logger="latentune"):
        found = read("a.csv")
    assert len(found) == N + 1
    assert list(found) == ["column 1", "column 2", "column 3=no", "column 3=yes"]
    assert found.iloc[0].tolist() == [34, 120.5, 0, 1]
    assert "it has no line of names: columns are called 'column 1' and so on" in caplog.text


def test_notes_and_line_breaks_in_quotes() -> None:
    cells = ['"one\ntwo; three"', '"he said ""no"", and left"'] * 20
    write("a.csv", lines('"Net\nWeight",remark,class', SIZE, cells, CLASS))
    holds(
        "a.csv",
        {
            "Net Weight": SIZE,
            'remark=he said "no", and left': [0, 1] * 20,
            "remark=one\ntwo; three": [1, 0] * 20,
            "target": CLASS,
        },
    )


def test_comments_and_the_separator_of_excel() -> None:
    head = "sep=;\n# made by a logger, version 2\n# units: mm\n"
    text = head + lines("size;class", SIZE, CLASS, between=";").replace("ja\n", "ja\n# pause\n", 1)
    holds(write("a.csv", text), {"size": SIZE, "target": CLASS})
    np.savetxt("b.csv", np.stack([SIZE, COUNT], 1), delimiter=",", header="size,count")
    holds("b.csv", {"size": SIZE, "count": COUNT})
    rows = lines("#,kind,y", range(1, N + 1), ["a", "b"] * 20, SIZE)  # a name, and no comment
    holds(write("c.csv", rows), {"kind=a": [1, 0] * 20, "kind=b": [0, 1] * 20, "target": SIZE})


def test_a_title_above_and_empty_rows_below() -> None:
    text = "Report of 2021\n\n" + lines("size,count,class", SIZE, COUNT, CLASS) + ",,\n,,\n"
    holds(write("a.csv", text), {"size": SIZE, "count": COUNT, "target": CLASS})


def test_an_index_of_pandas_and_names_that_occur_twice() -> None:
    frame = pd.DataFrame({"size": SIZE, "x": COUNT, "y": CLASS})
    frame.sample(frac=1, random_state=0).sort_values("y").to_csv("a.csv")
    shuffled = frame.sample(frac=1, random_state=0).sort_values("y")
    holds(
        "a.csv",
        {
            "size": shuffled["size"].tolist(),
            "x": shuffled["x"].tolist(),
            "target": shuffled["y"].tolist(),
        },
    )
    write("b.csv", lines("size,size,class", SIZE, COUNT, CLASS))
    holds("b.csv", {"size": SIZE, "size.1": COUNT, "target": CLASS})


def test_numbers_of_patients_in_a_file_sorted_by_class() -> None:
    names = sorted(CLASS)
    for numbers in (
        range(N),
        [f"P{i:04}" for i in range(17, 17 + N)],
        rng.permutation(N) + 1000,
        np.sort(rng.choice(2 * N, N, replace=False)),
        [f"{i}" + "c0ffee0" for i in range(10, 10 + N)],
        2**60 + 7 * COUNT,
    ):
        name = write(f"{numbers[0]}.csv", lines("index_1,size,class", numbers, SIZE, names))
        holds(name, {"size": SIZE, "target": names})


def test_swiss_french_and_accounting_numbers() -> None:
    swiss = [f"{x:,}".replace(",", "\u2019") for x in 1000 * COUNT]
    french = [f"{x:,}".replace(",", "\u202f") for x in COUNT]
    negative = [f"({x})" if i % 2 else f"{x}" for i, x in enumerate(SIZE)]
    write("a.csv", lines("chf;n;balance", swiss, french, negative, between=";"))
    signs = [-x if i % 2 else x for i, x in enumerate(SIZE)]
    holds("a.csv", {"chf": 1000 * COUNT, "n": COUNT, "balance": signs})
