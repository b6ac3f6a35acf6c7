"""Codes that leave: files of codes with the names, the parts and the classes of the items."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import latentune
from latentune import TensorData

Cli = Callable[..., Any]
Refused = Callable[..., str]


def test_codes_of_a_study_have_ids_parts_and_classes(cli: Cli, trained: Path) -> None:
    for suffix in ("parquet", "csv", "npz"):
        answer = cli("encode", "conv-ae-digits", "--out", f"codes.{suffix}")
        assert answer.code == 0, answer.err
    assert "wrote codes.npz: codes of shape (1797, " in answer.out
    table, splits = pd.read_parquet("codes.parquet"), TensorData("digits").splits
    test = table[table["part"] == "test"].reset_index(drop=True)
    model = latentune.load_model("conv-ae-digits")
    with torch.inference_mode():
        expected = model.encode(splits.test.inputs).numpy()
    columns = [f"z{n}" for n in range(expected.shape[1])]
    assert list(table) == ["input", "row", "part", "class", *columns]
    np.testing.assert_allclose(test[columns], expected, rtol=1e-4, atol=1e-5)
    assert list(test["row"]) == splits.test.row_indices.tolist()
    assert list(test["class"].astype(int)) == splits.test.targets.tolist()
    assert test["input"][0] == f"digits[{test['row'][0]}]"
    as_csv = pd.read_csv("codes.csv", dtype={"class": str})
    pd.testing.assert_frame_equal(as_csv, table.astype({"class": str}), check_dtype=False)
    with np.load("codes.npz") as file:
        np.testing.assert_array_equal(file["codes"], table[columns])
        assert list(file["part"]) == list(table["part"])


def test_a_parquet_file_keeps_the_columns_of_new_rows(asked: Path) -> None:
    rows = pd.read_csv("houses.csv").assign(note="=1+1", z0="mine")[:4].astype({"size": str})
    rows.loc[2, "size"] = "what"
    rows.to_csv("new.csv", index=False)
    encoded = latentune.encode("logistic-regression-houses", "new.csv", out="codes.parquet")
    table = pd.read_parquet("codes.parquet")
    pd.testing.assert_frame_equal(table, encoded.table, check_dtype=False)
    assert list(table["note"]) == ["=1+1"] * 4, "a formula is one for a spreadsheet alone"
    assert list(table["z0_given"]) == ["mine"] * 4
    assert list(table["z0"].isna()) == list(table["reason"].notna()) == [n == 2 for n in range(4)]


def test_a_parquet_file_names_what_it_needs(
    trained: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    line = refused("encode", "conv-ae-digits", "--out", "codes.parquet")
    assert "codes.parquet needs pyarrow: pip install 'latentune[parquet]'" in line
