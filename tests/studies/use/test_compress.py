"""Compression: what codes weigh in each format, and what is left of the items."""

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

import latentune
from latentune import TensorData
from latentune.models.quantizer import Quantizer

Cli = Callable[..., Any]
FOLDER = Path("runs/conv-ae-digits/final/compression")


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 30), st.integers(1, 5), st.floats(1e-3, 1e3), st.integers(0, 1000))
def test_eight_bits_are_never_further_off_than_half_a_step(
    n: int, d: int, scale: float, seed: int
) -> None:
    codes = scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed))
    codes[:, 0] = scale  # a dimension without a range
    steps = Quantizer.fit(codes)
    numbers = steps.quantize(codes)
    assert (numbers.dtype, numbers.shape) == (torch.int8, codes.shape)
    span = codes.amax(0) - codes.amin(0)
    assert ((steps.dequantize(numbers) - codes).abs() <= span / 255 / 2 + 1e-5 * scale).all()
    beyond = steps.dequantize(steps.quantize(codes * 1000))
    assert (beyond <= codes.amax(0) + 1e-4 * scale).all()
    assert (beyond >= codes.amin(0) - 1e-4 * scale).all()


def test_bytes_and_error_of_each_format(cli: Cli, trained: Path) -> None:
    answer = cli("compress", "conv-ae-digits")
    assert answer.code == 0, answer.err
    assert answer.out.endswith("next: latentune encode conv-ae-digits FILE --out codes.npz\n")
    assert all(f"\n {name} " in answer.out for name in ("codes", "float32", "float16", "int8"))
    table = pd.read_csv(FOLDER / "table.csv", index_col="codes")
    model, splits = latentune.load_model("conv-ae-digits"), TensorData("digits").splits
    test = splits.test.inputs
    with torch.inference_mode():
        known, codes = model.encode(splits.train.inputs), model.encode(test)
    n, d = codes.shape
    assert list(table["bytes"]) == [4 * n * d, 2 * n * d, n * d + 2 * 4 * d]
    assert table["saved"].to_numpy() == pytest.approx(1 - table["bytes"] / (64 * n))
    assert f"{1 - (n * d + 8 * d) / (64 * n):.2%}" in answer.out
    assert f"int8     {n * d + 8 * d:,}" in answer.out, "each row has the name of its format"

    with np.load(FOLDER / "codes-int8.npz") as file:
        kept = dict(file)
    assert (kept["codes"].dtype, kept["codes"].shape) == (np.int8, (n, d))
    restored = torch.from_numpy(kept["zero"] + kept["codes"] * kept["step"])
    low, high = known.amin(0), known.amax(0)
    clipped = torch.minimum(torch.maximum(codes, low), high)
    assert ((restored - clipped).abs() <= (high - low) / 255 / 2 + 1e-4).all(), "training ranges"
    with torch.inference_mode():
        for name, z in {
            "float32": codes,
            "float16": codes.half().float(),
            "int8": restored,
        }.items():
            error = (model.decode(z) - test).square().mean().item()
            assert table.loc[name, "mse"] == pytest.approx(error, rel=1e-4)
            assert table.loc[name, "psnr"] == pytest.approx(-10 * np.log10(error), rel=1e-4)
    with Image.open(FOLDER / "images.png") as picture:
        picture.verify()


def test_a_table_counts_as_floats_and_in_standard_deviations(cli: Cli) -> None:
    latentune.search("dense-ae", "wine", trials=1, epochs=1, ranges={"latent_dim": "16:16"})
    metrics = latentune.train("dense-ae-wine", epochs=1, pictures="none").metrics
    found = latentune.compress("dense-ae-wine")
    assert found.item_bytes == 13 * 4
    assert found.table.loc["float32", "mse"] == pytest.approx(metrics["test_mse"], rel=1e-4)
    assert "psnr" not in found.table
    assert found.table.loc["float32", "saved"] == pytest.approx(1 - 16 / 13)
    assert "int8 saves" in str(found)


def test_a_network_without_the_needed_role_is_refused(refused: Callable[..., str]) -> None:
    latentune.search("logistic-regression", "wine", trials=1, epochs=1)
    latentune.train("logistic-regression-wine", epochs=1, pictures="none")
    said = refused("compress", "logistic-regression-wine")
    assert "Predictor has no encode() and decode(): compression needs an autoencoder" in said
