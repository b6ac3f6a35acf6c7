"""Large tables are read once."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch

import latentune
from latentune import DataError, TableOptions, TensorData
from latentune.objectives.data import table_cache
from latentune.objectives.data.preparation import splits as memory
from latentune.objectives.data.sources import load_source
from latentune.objectives.data.tensor_cache import flush_cache


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table that is large enough to be cached."""
    monkeypatch.setattr(table_cache, "MIN_CACHED_BYTES", 100)
    path = tmp_path / "a.csv"
    rows = [f"{i % 7}.{i},{i % 5}%,{'ab'[i % 2]},{'cde'[i % 3]}" for i in range(60)]
    path.write_text("\n".join(["size,share,kind,label", *rows]))
    return path


def read(path: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> TensorData:
    monkeypatch.setattr(memory, "_splits", {})
    data = TensorData(path, cache=path.parent / "cache", table=TableOptions(**options))
    flush_cache()
    return data


def test_the_second_process_finds_the_same_data(
    table: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="latentune")
    first = read(table, monkeypatch)
    messages = caplog.messages
    caplog.clear()
    monkeypatch.setattr(load_source, "_read_csv", None)
    again = read(table, monkeypatch)
    assert caplog.messages == messages
    assert again.fingerprint == first.fingerprint
    assert again.spec == first.spec
    for before, after in zip(first.splits[:3], again.splits[:3], strict=True):
        assert torch.equal(before.inputs, after.inputs)
        assert torch.equal(before.row_indices, after.row_indices)


def test_another_file_and_other_options_are_read_again(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(table, monkeypatch)
    assert read(table, monkeypatch, drop=["size"]).spec != first.spec
    table.write_text(table.read_text().replace("3.3,", "4.3,"))
    os.utime(table, ns=(1, 1))
    assert read(table, monkeypatch).fingerprint != first.fingerprint
    assert len(list((table.parent / "cache" / "tables").iterdir())) == 2  # one for each options
    table.write_text(table.read_text().replace("3.1", "x"))
    with pytest.raises(DataError, match="'x0'"):
        read(table, monkeypatch)


def test_a_damaged_file_is_replaced(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read(table, monkeypatch)
    (cached,) = (table.parent / "cache" / "tables").iterdir()
    cached.write_bytes(cached.read_bytes()[:99])
    assert read(table, monkeypatch).fingerprint == first.fingerprint
    assert cached.stat().st_size > 99


def test_a_command_keeps_large_tables_alone(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latentune.show(str(table))
    assert len(list(Path("runs/cache/tables").iterdir())) == 1
    monkeypatch.setattr(table_cache, "MIN_CACHED_BYTES", 10**6)
    latentune.show(str(table), drop=["size"])
    assert len(list(Path("runs/cache/tables").iterdir())) == 1
