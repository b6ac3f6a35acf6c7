"""The same table in each kind of file gives the same data."""

import gzip
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import torch

import latentune
from latentune import DataError, TableOptions, TensorData
from latentune.objectives.data.preparation.splits import _splits as memory

N = 60
rng = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "size": rng.normal(80, 20, N),
        "count": rng.integers(0, 9000, N),
        "garden": rng.random(N) < 0.5,
        "zip": rng.choice(["007", "10", "AB"], N),
        "note": [f'{"xy"[i % 2]}, "{i % 3}"' for i in range(N)],
        "class": np.where(np.arange(N) % 2, "large", "small"),
    }
)


def write_feather(path: str) -> None:
    FRAME.to_feather(path)


def write_polars(path: str) -> None:
    import polars

    polars.from_pandas(FRAME).write_parquet(path)


WRITERS: dict[str, Callable[[str], Any]] = {
    "table.tsv": lambda path: FRAME.to_csv(path, sep="\t", index=False),
    "table.csv.gz": lambda path: FRAME.to_csv(path, index=False),
    "table.TSV.GZ": lambda path: Path(path).write_bytes(
        gzip.compress(FRAME.to_csv(sep="\t", index=False).encode())
    ),
    "table.parquet": lambda path: FRAME.to_parquet(path),
    "year=2020.parquet": write_polars,
    "table.feather": write_feather,
}


def read(path: str, caplog: pytest.LogCaptureFixture, **options: Any) -> tuple[Any, list[str]]:
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="latentune"):
        data = TensorData(path, table=TableOptions(**options))
    return data, [message.replace(path, "FILE") for message in caplog.messages]


@pytest.mark.parametrize("path", WRITERS)
def test_each_file_gives_the_same_tensors_and_notes(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    FRAME.to_csv("table.csv", index=False)
    WRITERS[path](path)
    (expected, notes), (found, found_notes) = read("table.csv", caplog), read(path, caplog)
    assert found_notes == notes
    assert found.spec == expected.spec
    assert found.fingerprint == expected.fingerprint
    for one, other in zip(found.splits[:3], expected.splits[:3], strict=True):
        assert torch.equal(one.inputs, other.inputs)
        assert torch.equal(one.row_indices, other.row_indices)
    sizes = found.splits.test.inputs[:, 0].tolist()
    assert sizes == FRAME["size"].iloc[found.splits.test.row_indices.tolist()].tolist()


@pytest.mark.parametrize("path", ["table.csv.gz", "table.parquet", "table.feather"])
def test_a_study_of_each_file_answers_for_each_file(path: str) -> None:
    WRITERS[path](path)
    FRAME.to_csv("new.csv", index=False)
    latentune.search("logistic-regression", path, trials=1, epochs=1)
    latentune.train("logistic-regression-table", epochs=1, pictures="none")
    tables = [
        latentune.predict("logistic-regression-table", name).table for name in ("new.csv", path)
    ]
    assert list(tables[1]["input"][:2]) == [f"{path} row 1", f"{path} row 2"]
    pd.testing.assert_frame_equal(*(table.drop(columns="input") for table in tables))


def test_a_packed_table_is_encoded() -> None:
    WRITERS["table.csv.gz"]("table.csv.gz")
    latentune.search("dense-ae", "table.csv.gz", trials=1, epochs=1)
    latentune.train("dense-ae-table", epochs=1, pictures="none")
    codes = latentune.encode("dense-ae-table", "table.csv.gz").codes
    FRAME.to_csv("table.csv", index=False)
    np.testing.assert_array_equal(codes, latentune.encode("dense-ae-table", "table.csv").codes)


def test_declared_categories_and_named_indices_are_columns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    coded = FRAME.assign(code=pd.Categorical(np.arange(N) % 3), town=np.arange(N) % 4 / 2)
    coded.set_index("town").to_parquet("coded.parquet")
    coded.to_feather("coded.feather")
    assert {"code", "town"} <= set(read("coded.parquet", caplog)[0].spec.features)
    categories = {"code=0", "code=1", "code=2", "town"}
    assert categories <= set(read("coded.feather", caplog)[0].spec.features)
    numbers, _ = read("coded.feather", caplog, as_number=["code"])
    assert "code" in numbers.spec.features


def test_gaps_in_whole_numbers_leave_them_whole(caplog: pytest.LogCaptureFixture) -> None:
    codes = pd.array([*[1] * 20, *[None] * 20, *[2] * 20], dtype="Int64")
    pa.parquet.write_table(pa.Table.from_pandas(FRAME.assign(code=codes)), "gaps.parquet")
    with pytest.raises(DataError, match=r"20 missing values, in 'code' \(20\)"):
        read("gaps.parquet", caplog, missing="refuse")
    full = FRAME.assign(code=codes.fillna(7))
    full.to_parquet("full.parquet")
    assert "code=7" in read("full.parquet", caplog, as_category=["code"])[0].spec.features


def test_a_column_of_lists_can_be_left_out(caplog: pytest.LogCaptureFixture) -> None:
    FRAME.assign(a=[[i] for i in range(N)]).to_parquet("lists.parquet")
    FRAME.to_csv("table.csv", index=False)
    found = read("lists.parquet", caplog, drop=["a"])[0]
    assert found.fingerprint == read("table.csv", caplog)[0].fingerprint


def test_a_damaged_page_is_found() -> None:
    pa.parquet.write_table(
        pa.Table.from_pandas(FRAME), "a.parquet", write_page_checksum=True, compression="none"
    )
    raw = bytearray(Path("a.parquet").read_bytes())
    place = raw.index(np.array([FRAME["size"][7]]).tobytes())
    raw[place] ^= 1
    Path("a.parquet").write_bytes(raw)
    with pytest.raises(DataError, match=r"a.parquet is not a table that can be read: .*checksum"):
        TensorData("a.parquet")


@pytest.mark.parametrize("path", ["table.parquet", "table.feather"])
def test_no_damaged_file_ends_in_a_crash(path: str) -> None:
    WRITERS[path](path)
    good = Path(path).read_bytes()
    messages = []
    for place in rng.integers(0, len(good), 60):
        raw = bytearray(good)
        raw[place] ^= 0x55
        Path(path).write_bytes(raw)
        memory.clear()
        try:
            TensorData(path)
        except DataError as error:
            messages.append(str(error))
    assert len(messages) > 10
    assert not any("\n" in message for message in messages)


def test_lists_of_images_may_be_packed() -> None:
    from PIL import Image

    for number in range(20):
        Image.fromarray(rng.integers(0, 255, (6, 6)).astype("uint8")).save(f"{number}.png")
    listed = pd.DataFrame({"path": [f"{i}.png" for i in range(20)], "label": ["a", "b"] * 10})
    listed.to_csv("list.csv.gz", index=False)
    assert TensorData("list.csv.gz").spec.shape == (1, 6, 6)


BROKEN: dict[str, tuple[Callable[[str], Any], str]] = {
    "half.csv.gz": (
        lambda p: Path(p).write_bytes(gzip.compress(FRAME.to_csv().encode())[:-200]),
        "half.csv.gz cannot be read: Compressed file ended before",
    ),
    "plain.csv.gz": (lambda p: Path(p).write_text("a,b\n1,2\n"), "cannot be read: Not a gzip"),
    "text.parquet": (lambda p: Path(p).write_text("a,b\n1,2\n"), "is not a table that can be"),
    "text.feather": (lambda p: Path(p).write_text("a,b\n1,2\n"), "is not a table that can be"),
    "short.parquet": (lambda p: FRAME[:3].to_parquet(p), "holds 3 rows: at least 10"),
}


@pytest.mark.parametrize("path", BROKEN)
def test_broken_files_are_refused_in_one_line(path: str, refused: Callable[..., str]) -> None:
    write, message = BROKEN[path]
    write(path)
    with pytest.raises(DataError, match=message) as error:
        TensorData(path)
    assert "\n" not in str(error.value)
    refused("search", "auto", path, "--trials", "1")


def test_the_error_of_a_missing_extra_says_how_to_install_it(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    FRAME.to_parquet("table.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    line = refused("show", "table.parquet")
    assert "table.parquet needs pyarrow: pip install 'latentune[parquet]'" in line


def test_a_packed_file_is_limited_as_it_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    from latentune.objectives.data import data_error

    monkeypatch.setitem(data_error.MAX_FILE_BYTES, "table", 2000)
    monkeypatch.setattr("latentune.objectives.data.sources.table_file.SMALL_FILE_BYTES", 500)
    Path("bomb.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 10**6))
    with pytest.raises(DataError, match=r"bomb.csv.gz takes \d,\d+ bytes|unpacked, takes 2,500"):
        TensorData("bomb.csv.gz")
