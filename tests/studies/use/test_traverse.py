"""`traverse`: one dimension of a code is changed at a time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import latentune
from latentune import TensorData

FINAL = Path("runs/conv-ae-digits/final")


def test_dimensions_are_ordered_by_the_variance_of_their_codes(
    cli: Callable[..., Any], trained: Path
) -> None:
    answer = cli("traverse", "conv-ae-digits", "--dimensions", 4)
    assert "variance" in answer.out
    model, train = latentune.load_model("conv-ae-digits"), TensorData("digits").splits.train
    with torch.inference_mode():
        codes = model.encode(train.inputs.float()).numpy()
    order = np.argsort(-codes.var(0))[:4]
    table = pd.read_csv(FINAL / "traversals" / "dimensions.csv")
    assert table["dimension"].tolist() == order.tolist()
    np.testing.assert_allclose(table["variance"], codes.var(0)[order], rtol=1e-4)
    np.testing.assert_allclose(table["from"], np.quantile(codes[:, order], 0.05, 0), rtol=1e-3)
    with Image.open(FINAL / "traversals" / "traversals.png") as picture:
        picture.verify()


def test_the_code_of_an_item_is_changed_in_one_dimension(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: dict[str, torch.Tensor] = {}
    monkeypatch.setattr(
        "latentune.studies.use.traverse.plot_labeled_grid",
        lambda rows, title, path: shown.update(rows),
    )
    report = latentune.traverse("conv-ae-digits", item=3, dimensions=1)
    (images,) = shown.values()
    dimension = int(report.table.index[0])
    model, splits = latentune.load_model("conv-ae-digits"), TensorData("digits").splits
    with torch.inference_mode():
        code = model.encode(splits.val.inputs[[3]].float())
        codes = model.encode(splits.train.inputs.float())[:, dimension].numpy()
        changed = code.repeat(10, 1)
        changed[:, dimension] = torch.from_numpy(np.quantile(codes, np.linspace(0.05, 0.95, 10)))
        torch.testing.assert_close(images, model.decode(changed), rtol=1e-3, atol=1e-4)


def test_dimensions_of_a_vae_are_ordered_by_their_divergence() -> None:
    latentune.search("conv-vae", "digits", trials=1, epochs=1)
    latentune.train("conv-vae-digits", epochs=2, pictures="none")
    report = latentune.traverse("conv-vae-digits")
    model, train = latentune.load_model("conv-vae-digits"), TensorData("digits").splits.train
    with torch.inference_mode():
        mean, log_variance = model.posterior(train.inputs.float())
        posterior = torch.distributions.Normal(mean, (log_variance / 2).exp())
        kl = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0))
    expected = kl.mean(0).sort(descending=True).values
    np.testing.assert_allclose(report.table["KL (nats)"], expected[:20], rtol=1e-3, atol=1e-5)


def test_rows_of_a_table_are_decoded_to_a_file(refused: Callable[..., str]) -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])
    frame.to_csv("rows.csv", index=False)
    latentune.search("dense-ae", "rows.csv", trials=1, epochs=1)
    latentune.train("dense-ae-rows", epochs=1, pictures="none")
    report = latentune.traverse("dense-ae-rows", dimensions=2)
    rows = pd.read_csv(report.folder / "rows.csv")
    assert list(rows) == ["dimension", "value", "a", "b", "c"]
    assert len(rows) == 20
    words = ("traverse", "dense-ae-rows")
    assert "no validation item 99: they go from 0 to" in refused(*words, "--item", 99)
    assert "dimensions must be at least 1, not 0" in refused(*words, "--dimensions", 0)
