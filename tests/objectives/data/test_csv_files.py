"""CSV files as people have them: read right, or refused with a way out that works when typed."""

import logging
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from latentune import TensorData
from latentune.objectives.data.data_error import DataError
from latentune.objectives.data.new_items.new_items import Preparation
from latentune.objectives.data.new_items.read_new_items import read_new_items
from latentune.objectives.data.sources.table_options import TABLE_OPTIONS, TableOptions
from latentune.objectives.data.sources.typed_columns import read_columns

from ...given import prepared

Cli = Callable[..., Any]
N = 40
rng = np.random.default_rng(0)
SIZE = rng.normal(50, 9, N).round(2)
SIZE[:2] = 0.5, 123456.25
CLASS = ["ja", "nein"] * (N // 2)
COUNT = rng.integers(1, 3000, N)


def read(name: str, **options: Any) -> pd.DataFrame:
    """The features of all rows in their order, and the target if there is one."""
    table = TableOptions(**{n: options.pop(n) for n in TABLE_OPTIONS if n in options})
    data = TensorData(name, table=table, **options)
    rows = []
    for part in data.splits[:3]:
        frame = pd.DataFrame(np.asarray(part.inputs, float), columns=list(data.spec.features))
        if part.targets is not None:
            classes = data.spec.classes
            frame["target"] = [classes[int(y)] if classes else float(y) for y in part.targets]
        rows.append(frame.set_axis(part.row_indices.tolist()))
    return pd.concat(rows).sort_index()


def holds(name: str, right: dict[str, Any], **options: Any) -> None:
    """Checks what is read of a file, column by column, in order."""
    found = read(name, **options)
    assert list(found) == list(right)
    for column, values in right.items():
        if isinstance(values[0], str):
            assert found[column].tolist() == list(values)
        else:
            np.testing.assert_allclose(found[column], np.asarray(values, float), rtol=1e-12)


def write(name: str, text: str, encoding: str = "utf-8") -> str:
    Path(name).write_bytes(text.encode(encoding))
    return name


def lines(head: str, *columns: Any, between: str = ",") -> str:
    rows = [between.join(map(str, row)) for row in zip(*columns, strict=True)]
    return "\n".join([head, *rows]) + "\n"


def german(values: Any) -> list[str]:
    """Numbers as a German program writes them."""
    return [f"{x:,.2f}".translate(str.maketrans(",.", ".,")) for x in values]


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


def refusal(cli: Cli, *words: str) -> str:
    answer = cli("show", *words)
    assert (answer.code, answer.err.count("\n")) == (2, 1), answer.err + answer.out
    return str(answer.err)


OPTION = r"(--[a-z-]+ (?:'[^']*'|\S+))"


@pytest.mark.parametrize(
    ("text", "said", "right"),
    [
        (
            lines("age,size,class", ["", *COUNT[1:]], SIZE, CLASS),
            "1 missing value, in 'age' (1)",
            {"size": SIZE, "target": CLASS},
        ),
        (
            lines("day,size,class", pd.date_range("2021-01-05", periods=N).date, SIZE, CLASS),
            "40 different texts in the column 'day', such as '2021-01-05'",
            {"size": SIZE, "target": CLASS},
        ),
        (
            lines(
                "dose,size,class",
                [f"{x:.2f}{' kg' * (i % 2)}" for i, x in enumerate(SIZE)],
                SIZE,
                CLASS,
            ),
            "in the column 'dose', numbers with different units, such as none and 'kg'",
            {"size": SIZE, "target": CLASS},
        ),
        (
            lines("age,size,class", ["unknown", *SIZE[1:]], SIZE, CLASS),
            "has 'unknown' in row 1 of the column 'age', where all else is a number",
            {"size": SIZE, "target": CLASS},
        ),
        (
            lines("time,size,class", [f"{i * 0.1:.1f}" for i in range(N)], SIZE, sorted(CLASS)),
            "is sorted by 'class', and 'time' rises from row to row",
            {"size": SIZE, "target": sorted(CLASS)},
        ),
        (
            lines("size;km", SIZE, [f"1,{100 + i}" for i in range(N)], between=";"),
            "1,100 in the column 'km', which may be 1100 by --decimal . or 1.1 by --decimal ,",
            {"size": SIZE, "km": [1100 + i for i in range(N)]},
        ),
        (
            lines("2019,2020", COUNT, SIZE),
            "begins with '2019, 2020', which may be names or values",
            {"2019": COUNT, "2020": SIZE},
        ),
        (
            lines("visit,size,class", 3 * np.arange(N) ** 2, SIZE, sorted(CLASS)),
            "is sorted by 'class', and 'visit' rises from row to row",
            {"size": SIZE, "target": sorted(CLASS)},
        ),
    ],
    ids=[
        "gaps",
        "dates",
        "units",
        "words",
        "time",
        "thousand or fraction",
        "names or values",
        "rising",
    ],
)
def test_what_is_refused_can_be_read_by_the_option_that_is_named(
    cli: Cli, text: str, said: str, right: dict[str, Any]
) -> None:
    write("a.csv", text)
    line = refusal(cli, "a.csv")
    assert said in line
    option, value = shlex.split(re.findall(OPTION, line)[0])
    value = value.rstrip(":;")
    answer = cli("show", "a.csv", option, value)
    assert answer.code == 0, answer.err
    words = {"--drop": {"drop": [value]}, "--decimal": {"decimal": value}}
    holds("a.csv", right, **words.get(option, {"header": value}))


def test_a_target_of_too_many_texts_is_refused_or_kept_by_name(cli: Cli) -> None:
    towns = [f"{chr(65 + i % 26)}{'xy'[i // 26]}" for i in range(N)]
    write("a.csv", lines("size,town", SIZE, towns))
    line = refusal(cli, "a.csv", "--target", "town")
    assert "40 different texts in 40 rows of its target 'town', such as 'Ax'" in line
    assert "--as-category 'town'" in line
    assert (
        len(
            TensorData(
                "a.csv", table=TableOptions(target="town", as_category=["town"])
            ).spec.classes
        )
        > 30
    )


def test_a_feature_that_is_the_target_is_named(caplog: pytest.LogCaptureFixture) -> None:
    codes, euros = [{"ja": 1, "nein": 2}[name] for name in CLASS], 2 * SIZE + 1
    with caplog.at_level(logging.INFO, logger="latentune"):
        read(write("a.csv", lines("pclass,size,class", codes, SIZE, CLASS)))
        read(write("b.csv", lines("n,euros,dollars", COUNT, euros, SIZE)), target="dollars")
    assert "a.csv: the column 'pclass' copies the target: `drop=` 'pclass'" in caplog.text
    assert "b.csv: the column 'euros' copies the target" in caplog.text
    assert "'size' says" not in caplog.text
    assert "'n' says" not in caplog.text


def test_the_target_is_asked_for_and_the_next_command_repeats_it(cli: Cli) -> None:
    write("a.csv", lines("mpg,weight,origin", SIZE, COUNT, ["usa", "japan"] * 20))
    answer = cli("show", "a.csv", "--drop", "weight", "--seed", 3)
    assert "no column is known to be the target, so all are features: name one" in answer.out
    assert answer.out.endswith(
        "next: latentune show a.csv --target origin --seed 3 --drop weight\n"
    )
    answer = cli("show", "a.csv", "--target", "mpg", "--as-category", "origin")
    assert answer.out.endswith("next: latentune search a.csv --target mpg --as-category origin\n")
    for words in (["a.csv"], ["mlp", "a.csv"], ["linear-regression", "a.csv"]):
        answer = cli("search", *words, "--dry-run")
        assert answer.code == 2
        assert "known to be the target: name it by --target, such as 'origin', 'weight'" in (
            answer.err.replace("known to be a target", "known to be the target")
        )
    for words in (["a.csv", "--target", "none"], ["deep-ae", "a.csv"]):
        assert cli("search", *words, "--dry-run").code == 0


@pytest.mark.parametrize(
    ("names", "target"), [("x,y,z", None), ("x,y,label", "label"), ("x,y", "y"), ("a,b,y", "y")]
)
def test_y_is_the_target_unless_it_is_a_coordinate(names: str, target: str | None) -> None:
    columns = dict(zip(names.split(","), (SIZE, COUNT, SIZE[::-1]), strict=False))
    features = [name for name in columns if name != target]
    found = read(write("points.csv", lines(names, *columns.values())))
    assert list(found) == [*features, *(["target"] if target else [])]


def test_labels_keep_the_names_that_the_file_has() -> None:
    for names in (
        ["100", "1E2", "2E2"],
        ["007", "01", "1"],
        ["1.1", "1.10", "2.0"],
        ["9" * 17, "9" * 16 + "8", "1"],
    ):
        labels = [names[i % 3] for i in range(N)]
        found = read(write(f"{names[0]}.csv", lines("size,kind,label", SIZE, labels, labels)))
        assert found["target"].tolist() == labels
        assert list(found)[1:-1] == [f"kind={name}" for name in sorted(names)]


def test_words_for_numbers_and_categories(cli: Cli) -> None:
    write(
        "a.csv",
        lines("id,zip,dose,class", range(N), ["10", "20"] * 20, ["1e5", "2e5"] * 20, CLASS),
    )
    found = read("a.csv", as_category=["zip"], as_number=["id", "dose"])
    assert list(found)[:-1] == ["id", "zip=10", "zip=20", "dose"]
    assert found["dose"].tolist() == [1e5, 2e5] * 20
    assert "has no column 'zap' for --drop: did you mean 'zip'?" in refusal(
        cli, "a.csv", "--drop", "zap"
    )
    both = ("--as-number", "zip", "--as-category", "zip")
    assert "--as-category and --as-number both name 'zip'" in refusal(cli, "a.csv", *both)
    assert "'--header': 'x' is not a choice; known: first, none" in refusal(
        cli, "a.csv", "--header", "x"
    )
    with pytest.raises(DataError, match="`drop=` must be a list of columns, not 'zip'"):
        TensorData("a.csv", table=TableOptions(drop="zip"))
    line = refusal(cli, "a.csv", "--as-number", "class")
    assert "a column 'class' that is not numbers alone: 'ja' is not a number" in line
    assert "digits is not a table with columns: leave out --drop" in refusal(
        cli, "digits", "--drop", "x"
    )


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_a_list_of_images_may_have_any_separator(between: str) -> None:
    Path("p").mkdir()
    for i in range(12):
        pixels = rng.integers(0, 255, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(f"p/{i}.{'gif' if i % 2 else 'png'}")
    names = ["Gr\u00fcn", " Gru\u0308n\u00a0", "rot"] * 4
    paths = [f"p/{i}.{'gif' if i % 2 else 'png'}" for i in range(12)]
    for head in ("path,label", "", "file,n,Class"):
        columns = [paths, names] if head.count(",") < 2 else [paths, range(12), names]
        name = write(
            f"{len(head)}.csv", lines(head.replace(",", between), *columns, between=between)
        )
        spec = TensorData(name).spec
        assert (spec.kind, spec.classes) == ("image", ("Gr\u00fcn", "rot"))


def test_the_same_name_in_two_forms_of_unicode_is_one_class() -> None:
    for folder in ("Mu\u0308ller", "M\u00fcller", "Ruf"):
        Path("p", folder).mkdir(parents=True)
        for i in range(6):
            Image.fromarray(rng.integers(0, 255, (8, 8), dtype=np.uint8)).save(
                f"p/{folder}/{i}.png"
            )
        Path("t").mkdir(exist_ok=True)
        Path("t", f"{folder}.txt").write_text("\n".join(f"{folder[0]}ab{i}" for i in range(6)))
    for name in ("p", "t"):
        data = TensorData(name)
        assert data.spec.classes == ("M\u00fcller", "Ruf")
        targets = torch.cat([part.targets for part in data.splits[:3]])
        assert targets.bincount().tolist() == [12, 6]


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
