"""Files that we write for users: nothing is followed, replaced or left, and no cell is run."""

import csv
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import latentune
from latentune.storage.atomic_write import new_file, write_text
from latentune.storage.spreadsheet_csv import (
    escape_formula,
    escape_formulas,
    unescape_formula,
    write_csv,
)
from latentune.storage.storage_error import StorageError

ROOT = Path(__file__).parents[2]
RUN = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001 - what a spreadsheet takes for the begin of a formula


@pytest.fixture(params=["without a name", "with a name"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "with a name":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


@pytest.mark.usefixtures("system")
def test_a_new_file_follows_no_link_and_has_the_usual_permissions() -> None:
    Path("mine.txt").write_text("mine")
    for name in (".partial-x.csv", ".x.csv.partial", "x.csv.partial", "x.csv.tmp"):
        Path(name).symlink_to("mine.txt")
    before = set(os.listdir())
    mask = os.umask(0o027)
    try:
        with new_file(Path("x.csv")) as file:
            file.write(b"new")
            assert not Path("x.csv").exists()
    finally:
        os.umask(mask)
    assert Path("x.csv").read_bytes() == b"new"
    assert Path("x.csv").stat().st_mode & 0o777 == 0o640
    assert Path("mine.txt").read_text() == "mine"
    assert set(os.listdir()) == before | {"x.csv"}


@pytest.mark.usefixtures("system")
def test_a_new_file_never_takes_the_place_of_one_that_came_meanwhile() -> None:
    for appear in (
        lambda: Path("x.csv").write_text("theirs"),
        lambda: Path("x.csv").symlink_to("y"),
    ):
        with (
            pytest.raises(StorageError, match=r"x\.csv is there already"),
            new_file(Path("x.csv")),
        ):
            appear()
        assert os.listdir() == ["x.csv"]
        Path("x.csv").unlink()


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_new_file_that_fails_leaves_nothing(error: BaseException) -> None:
    def fail() -> None:
        with new_file(Path("x.csv")) as file:
            file.write(b"half")
            raise error

    with pytest.raises((StorageError, KeyboardInterrupt)):
        fail()
    assert os.listdir() == []


def test_a_text_is_written_beside_planted_links() -> None:
    Path("mine.txt").write_text("mine")
    for name in (".best.toml.partial", ".partial-best.toml"):
        Path(name).symlink_to("mine.txt")
    write_text(Path("best.toml"), "é")
    assert Path("best.toml").read_text(encoding="utf-8") == "é"
    assert Path("mine.txt").read_text() == "mine"


@given(st.text(alphabet=st.sampled_from([*RUN, "'", "a", "1", ".", ","]), max_size=6) | st.text())
def test_a_cell_is_not_run_and_comes_back(text: str) -> None:
    cell = escape_formula(text)
    assert unescape_formula(cell) == text
    number = re.fullmatch(r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?%?", cell)
    assert number or cell[:1] not in RUN or not cell


def test_a_table_is_written_by_one_rule() -> None:
    names = ["=1+1", "@x", "-5", "a", "'=b", "-", "+1"]
    table = pd.DataFrame(
        {
            "=head": names,
            "kind": pd.Categorical(names),
            "number": np.arange(7) - 3.0,
            "day": pd.Timestamp("2024-01-01"),
            "none": [None] * 7,
        },
        index=names,
    )
    before = table.copy()
    write_csv(table, Path("x.csv"), index="of")
    pd.testing.assert_frame_equal(table, before)
    rows = list(csv.reader(Path("x.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["of", "'=head", "kind", "number", "day", "none"]
    shown = ["'=1+1", "'@x", "-5", "a", "''=b", "'-", "+1"]
    assert [row[0] for row in rows[1:]] == [row[1] for row in rows[1:]] == shown
    assert [row[2] for row in rows[1:]] == shown
    assert [float(row[3]) for row in rows[1:]] == list(np.arange(7) - 3.0)
    plain = pd.DataFrame({"a": [1.5, -2.0], "b": ["x", "y"]})
    assert escape_formulas(plain).to_csv(index=False) == plain.to_csv(index=False)


def test_every_csv_goes_through_the_rule() -> None:
    writes = re.compile(r"\.to_csv\((?!study)|csv\.(writer|DictWriter)\(")
    found = {
        str(path.relative_to(ROOT))
        for room in ("models", "objectives", "search_spaces", "storage", "studies")
        for path in (ROOT / room).rglob("*.py")
        if writes.search(path.read_text(encoding="utf-8"))
        and not re.search("escape_formula", path.read_text(encoding="utf-8"))
    }
    # The columns of metrics.csv are metrics, and its cells are numbers. A frame is kept as it is.
    assert found <= {
        "objectives/history_checkpoint.py",
        "objectives/data/describe_object.py",
        "objectives/data/sources/frame_csv.py",
    }


def test_lists_of_images_with_such_names_are_read_as_they_were() -> None:
    for name in ("=a", "-b", "@c"):
        Path(f"photos/{name}").mkdir(parents=True)
        for number in range(10):
            pixels = np.random.default_rng(number).integers(0, 255, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(f"photos/{name}/+{number}.png")
    latentune.show("photos", split=[60, 20, 20], out="photos/lists")
    text = Path("photos/lists/train.csv").read_text()
    assert not re.search(r"(^|,)[=+@-]", text, re.MULTILINE)
    assert latentune.TensorData("photos/lists").spec.classes == ("-b", "=a", "@c")
