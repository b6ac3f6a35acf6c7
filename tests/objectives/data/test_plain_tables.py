"""Plain CSV files are read by a faster way, and to the same numbers, classes and notes."""

import logging
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from latentune import DataError, TableOptions, TensorData
from latentune.objectives.data.sources import typed_columns

N = 150
draw = random.Random(0)
CELLS: dict[str, Callable[[int], str]] = {
    "fractions": lambda i: f"{draw.gauss(0, 9):.2f}",
    "thousandths": lambda i: f"{draw.random():.3f}",
    "thousands or fractions": lambda i: f"{draw.randint(1, 999)}.{draw.randint(0, 999):03d}",
    "all digits": lambda i: repr(draw.gauss(0, 1)),
    "with exponents": lambda i: repr(draw.gauss(0, 1) * 10.0 ** draw.randint(-9, 20)),
    "short exponents": lambda i: f"{draw.randint(1, 9)}E{draw.randint(0, 3)}",
    "codes": lambda i: f"{draw.randint(0, 99):03d}",
    "negative codes": lambda i: f"-0{draw.randint(1, 9)}",
    "signs": lambda i: f"{draw.gauss(0, 9):+.2f}",
    "negative zeros": lambda i: draw.choice(["-0", "0", "12"]),
    "versions": lambda i: draw.choice(["1.1", "1.10", "2.5"]),
    "long versions": lambda i: f"1.{draw.randint(0, 9)}.{draw.randint(0, 9)}",
    "long integers": lambda i: str(draw.randint(10**15, 2**54)),
    "integers": lambda i: str(draw.randint(-500, 5000)),
    "points at the end": lambda i: f"{draw.randint(1, 500)}.",
    "points at the beginning": lambda i: f"-.{draw.randint(1, 500)}",
    "blanks": lambda i: f" {draw.gauss(0, 9):.1f}",
    "beyond ASCII": lambda i: draw.choice(["ä ", "日本", "c"]),
    "unit": lambda i: f"{draw.randint(1, 99)}%",
    "flags": lambda i: draw.choice(["true", "False"]),
    "missing": lambda i: draw.choice(["1.5", "2.25", "7.125", ""]),
    "gaps": lambda i: draw.choice(["", f"{draw.gauss(0, 9):.2f}"]),
    "marked gaps": lambda i: draw.choice(["NA", "nan", "-", "?", "", repr(draw.gauss(0, 1))]),
    "gaps of integers": lambda i: draw.choice(["", str(draw.randint(-500, 5000))]),
    "gaps of long integers": lambda i: draw.choice(["null", str(draw.randint(10**14, 2**53 - 1))]),
    "gaps of thousandths": lambda i: draw.choice(["", f"{draw.randint(1, 999)}.125"]),
    "gaps of few numbers": lambda i: draw.choice(["", *(f"{number}.5" for number in range(50))]),
    "points as gaps": lambda i: draw.choice([".", str(i)]),
    "gaps alone": lambda i: draw.choice(["NA", ""]),
    "infinite": lambda i: draw.choice(["inf", "1.5", "1e400"]),
    "empty": lambda i: "",
    "row": str,
    "dates": lambda i: f"2021-{draw.randint(1, 12):02d}-01",
    "size": lambda i: "x" if i == N - 1 else f"{draw.gauss(0, 9):.1f}",
    "target": lambda i: draw.choice("abc"),
    "label": lambda i: draw.choice(["0", "1", "1.0"]),
    "column 3": lambda i: str(i // 2),
    "0": lambda i: str(i % 7),
}


def rows(names: list[str], n: int = N) -> list[list[str]]:
    return [[CELLS[name](i) for name in names] for i in range(n)]


def answers(path: Path, text: str, **options: Any) -> Any:
    """What is read of a file, or the error."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())
    try:
        data = TensorData(path, table=TableOptions(**options))
    except DataError as error:
        return str(error).replace(str(path.parent), "")
    parts = [tensor for part in data.splits[:3] for tensor in part]
    return data.fingerprint, data.spec, [None if x is None else x.tolist() for x in parts]


@pytest.fixture
def read_twice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> Callable[..., tuple[list[Any], list[Any]]]:
    """Reads a table as a plain one, and with quotes around its first cell."""

    def read(text: str, **options: Any) -> tuple[list[Any], list[Any]]:
        found = []
        first, mark, rest = text.partition(",")
        for folder, content in (("plain", text), ("quoted", f'"{first}"{mark}{rest}')):
            caplog.clear()
            with caplog.at_level(logging.INFO, logger="latentune"):
                answer = answers(tmp_path / folder / "a.csv", content, **options)
            found.append([answer, caplog.messages])
        return found[0], found[1]

    return read


@pytest.mark.parametrize("name", CELLS)
def test_each_kind_of_column_is_the_same(name: str, read_twice: Any) -> None:
    names = ["fractions", name, "integers"]
    text = "\n".join(map(",".join, [names, *rows(names)])) + "\n"
    plain, quoted = read_twice(text)
    assert plain == quoted
    plain, quoted = read_twice(text, target="integers", as_category=[name])
    assert plain == quoted


def test_gaps_in_targets_and_times_are_counted(read_twice: Any) -> None:
    names = ["fractions", "gaps", "integers", "gaps of integers"]
    text = "\n".join(map(",".join, [names, *rows(names)])) + "\n"
    for options in (
        {"target": "gaps,integers"},
        {"target": "integers", "time_column": "gaps"},
        {"target": "integers", "missing": "refuse"},
    ):
        plain, quoted = read_twice(text, **options)
        assert plain == quoted
        assert "missing value" in plain[0]


@pytest.mark.parametrize("seed", range(40))
def test_random_tables_are_the_same(seed: int, read_twice: Any) -> None:
    draw.seed(seed)
    names = draw.sample(list(CELLS), 5)
    table = rows(names, draw.choice([12, 60, 1100]))
    if seed % 2:
        table += draw.choices(table, k=30)
    lines = list(map(",".join, table))
    if seed % 3:
        lines.insert(0, ",".join(names))
    if seed % 10 == 1:
        lines.insert(draw.randrange(1, len(lines)), draw.choice(["", ",,,,", "1,2", lines[0]]))
    if seed % 10 == 2:
        lines.append(",,,,")
    if seed % 10 == 3:
        lines.insert(0, "a title,,,,")
    plain, quoted = read_twice(draw.choice(["\n", "\r\n"]).join(lines))
    assert plain == quoted


def test_a_plain_table_is_not_read_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["fractions", "thousandths", "all digits", "with exponents", "integers", "target"]
    names += ["gaps", "marked gaps", "gaps of integers", "gaps of long integers"]
    monkeypatch.setattr(typed_columns, "read_text_columns", None)
    lines = map(",".join, [names, *rows(names)])
    found = answers(tmp_path / "a.csv", "\r\n".join(lines))
    assert [kind.role for kind in found[1].columns].count("number") == 9
    assert found[1].shape == (9 + 4,)


def test_a_table_of_several_chunks(read_twice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentune.objectives.data.sources.plain_table.CHUNK_BYTES", 100)
    monkeypatch.setattr("latentune.objectives.data.sources.plain_table.CHUNK_CELLS", 50)
    names = ["fractions", "integers", "size", "target"]
    lines = [",".join(names), *map(",".join, rows(names))]
    for end in ("1.5,2,x,b", ",NA,2.5,b", "007,1,2.5,b", '"1.5",2,2.5,b', "1.5,2,2.5"):
        lines[-1] = end
        plain, quoted = read_twice("\n".join(lines))
        assert plain == quoted


def test_equal_rows_are_found_among_rows_of_equal_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    from latentune.objectives.data.preparation import hold_out

    items = torch.tensor([[1.0, 2], [3, 4], [1, 2], [3, 5], [3, 4], [torch.nan, 0]])
    assert hold_out.first_occurrences(items, items[:2]) == [0, 1, 0, 3, 1, 5, 0, 1]
    monkeypatch.setattr(hold_out, "_hash_rows", lambda rows: rows[:, 0].astype(int).astype("u8"))
    assert hold_out.first_occurrences(items[:5], items[:2]) == [0, 1, 0, 3, 1, 0, 1]
