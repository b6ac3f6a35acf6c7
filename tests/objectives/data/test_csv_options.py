"""CSV files that are refused with a way out that works when typed, and options of columns."""

import logging
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from latentune import TensorData
from latentune.objectives.data.data_error import DataError
from latentune.objectives.data.sources.source import TableOptions

from .csv_files import CLASS, COUNT, SIZE, N, holds, lines, read, rng, write

Cli = Callable[..., Any]


def refusal(cli: Cli, *words: str) -> str:
    answer = cli("show", *words)
    assert (answer.code, answer.err.count("\n")) == (2, 1), answer.err + answer.out
    return str(answer.err)


OPTION = r"(--[a-z-]+ (?:'[^']*'|\S+))"


@pytest.mark.parametrize(
    ("text", "said", "right"),
    [
        (
            lines("day,size,class", [f"{i % 12 + 1:02}/01/2021" for i in range(N)], SIZE, CLASS),
            "01/01/2021 in the column 'day', whose dates may begin with the day or with the month",
            {"size": SIZE, "target": CLASS},
        ),
        (
            lines(
                "day,size,class",
                ["31.02.2021", *(f"{i % 28 + 1}.{i % 12 + 1}.20{i:02}" for i in range(1, N))],
                SIZE,
                CLASS,
            ),
            "has '31.02.2021' in row 1 of the column 'day', where all else is a date",
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
        "dates",
        "no date",
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


def test_a_missing_value_is_not_an_example_of_an_ambiguous_number(cli: Cli) -> None:
    fractions = ["-", *[f"1.{100 + i}" for i in range(1, N)]]
    write("a.csv", lines("km;price", fractions, [f"{i},25" for i in range(N)], between=";"))
    assert "1.101 in the column 'km', which may be 1.101 by --decimal ." in refusal(cli, "a.csv")


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
    for one, other in (("drop", "target"), ("drop", "text"), ("text", "target")):
        words = (f"--{one}", "zip", f"--{other}", "zip")
        assert f"--{one} and --{other} both name 'zip'" in refusal(cli, "a.csv", *words)
    assert "'--header': 'x' is not a choice; known: first, none" in refusal(
        cli, "a.csv", "--header", "x"
    )
    with pytest.raises(DataError, match="`drop=` must be a list of columns, not 'zip'"):
        TensorData("a.csv", table=TableOptions(drop="zip"))
    line = refusal(cli, "a.csv", "--as-number", "class")
    assert "a column 'class' that does not hold only numbers: 'ja' is not a number" in line
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
