"""Predictors: what is minimized and what is logged, and heads on frozen encoders."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.nn.functional import cross_entropy

import latentune
from latentune import DataSpec, Embedder, Predictor, TensorData
from latentune.objectives.data.parts import Part
from latentune.objectives.trainer import fit, quiet_trainer

Cli = Callable[..., Any]


Refused = Callable[..., str]


TWO = ("often", "rare")


def logged(data: DataSpec, batch: list[torch.Tensor], **options: float) -> tuple[float, float]:
    """What is minimized of a batch, and what validation would log of it, with equal weights."""
    torch.manual_seed(0)
    model = Predictor(data, layers=0, **options)
    minimized = model.loss(model.terms(batch)).item()
    return minimized, model.eval().terms(batch)["loss"].item()


def test_smoothing_and_balance_change_what_is_minimized_and_not_what_is_logged() -> None:
    torch.manual_seed(1)
    data = DataSpec((3,), "table", TWO, shares=(0.9, 0.1))
    batch = [torch.randn(20, 3), torch.arange(20) // 15]
    plain, smooth, balanced = (
        logged(data, batch, **options) for options in ({}, {"smoothing": 0.2}, {"balance": 1.0})
    )
    assert plain[0] == plain[1] == smooth[1] == balanced[1]
    assert len({plain[0], smooth[0], balanced[0]}) == 3
    torch.manual_seed(0)
    answer = Predictor(data, layers=0)(batch[0])
    assert smooth[0] == pytest.approx(cross_entropy(answer, batch[1], label_smoothing=0.2).item())


def test_what_is_minimized_and_what_is_logged_have_names_of_their_own() -> None:
    data = TensorData("digits", batch_size=300)
    trainer = quiet_trainer(1, [])
    fit(trainer, Predictor(data.spec, layers=0, lr=1e-9, smoothing=0.5, balance=1), data)
    assert {"train_loss", "train_weighted", "val_loss", "val_balanced_accuracy"} <= set(
        trainer.callback_metrics
    )
    assert "val_weighted" not in trainer.callback_metrics


@pytest.mark.parametrize(("balance", "times"), [(0.0, 1.0), (0.5, 3.0), (1.0, 9.0)])
def test_an_error_on_a_rare_item_counts_more(balance: float, times: float) -> None:
    data = DataSpec((2,), "table", TWO, shares=(0.9, 0.1))
    model = Predictor(data, layers=0, balance=balance)
    torch.nn.init.eye_(model.output.weight)
    torch.nn.init.zeros_(model.output.bias)
    x = torch.zeros(2, 2, requires_grad=True)
    model.loss(model.terms([x, torch.tensor([0, 1])])).backward()
    common, rare = x.grad.norm(dim=1).tolist()
    assert rare / common == pytest.approx(times)


class Fixed(TensorData):
    """Digits, of which validation sees few of all classes but one."""

    def setup(self, stage: str) -> None:
        super().setup(stage)
        inputs, targets, *_ = self.splits.train
        rare = (targets > 0) & (torch.arange(len(targets)) % 20 == 0)
        kept = (targets == 0) | rare
        self.move_to_device("val", Part(inputs[kept], targets[kept]))


def test_balanced_accuracy_is_the_mean_of_the_recalls() -> None:
    data = Fixed("digits", batch_size=300)
    model, trainer = Predictor(data.spec, layers=0, lr=1e-3), quiet_trainer(1, [])
    fit(trainer, model, data)
    (batch,) = data.val_dataloader()
    right = model.eval()(batch[0]).argmax(1) == batch[1]
    recalls = [right[batch[1] == label].float().mean() for label in batch[1].unique()]
    assert len(recalls) == 10
    found = trainer.callback_metrics
    assert found["val_accuracy"] == pytest.approx(right.float().mean().item())
    assert found["val_balanced_accuracy"] == pytest.approx(np.mean(recalls))
    assert found["val_accuracy"] != pytest.approx(found["val_balanced_accuracy"].item(), abs=1e-3)


def test_numbers_are_predicted_in_the_units_of_the_data() -> None:
    torch.manual_seed(0)
    data = DataSpec((3,), "table", target=(1000.0, 20.0))
    model = Predictor(data, layers=0)
    torch.nn.init.zeros_(model.output.weight)
    torch.nn.init.constant_(model.output.bias, 0.5)
    x = torch.randn(4, 3)
    assert model(x).flatten().tolist() == [1010.0] * 4
    terms = model.terms([x, torch.full((4,), 1020.0)])
    assert terms["mse"].item() == pytest.approx(100)
    assert terms["r2"].item() == pytest.approx(1 - 100 / 400)
    assert model.loss(terms).item() == pytest.approx(100 / 400)


def write_rows(n: int = 200) -> Path:
    """Writes a CSV whose price is a linear function of the rest, near 1000."""
    rng = np.random.default_rng(0)
    size, age = rng.normal(50, 10, n), rng.uniform(0, 5, n)
    price = 1000 + 4 * (size - 50) - 20 * (age - 2.5)
    pd.DataFrame({"size": size, "age": age, "price": price}).to_csv("homes.csv", index=False)
    return Path("homes.csv")


def test_linear_regression_is_searched_and_trained(cli: Cli) -> None:
    options = ("--trials", 1, "--epochs", 2, "--batch-size", 8, "--fix", "lr=0.05")
    answer = cli("search", "linear-regression", write_rows(), "--target", "price", *options)
    assert answer.code == 0, answer.err
    answer = cli("train", "linear-regression-homes", "--epochs", 15)
    assert answer.code == 0, answer.err
    final = Path("runs/linear-regression-homes/final")
    metrics = json.loads((final / "metrics.json").read_text())
    assert metrics["test_r2"] > 0.95
    assert not (final / "classes.csv").exists()
    price = latentune.load_model("linear-regression-homes")(torch.tensor([[50.0, 2.5]]))
    assert price.item() == pytest.approx(1000, abs=20)


def test_numbers_are_no_classes_and_classes_no_numbers(refused: Refused) -> None:
    line = refused("search", "mlp", write_rows(), "--target", "price")
    assert "mlp predicts a class, but the target of homes.csv is a number" in line
    assert "linear-regression, mlp-regression" in line
    line = refused("search", "linear-regression", "homes.csv", "--target", "room")
    assert "'room'" in line


def test_models_are_refused_data_that_they_are_not_made_for(refused: Refused) -> None:
    assert "name-rnn is not made for images such as digits" in refused(
        "search", "name-rnn", "digits"
    )
    line = refused("search", "conv-ae", "wine")
    assert "conv-ae is not made for a table such as wine; these are: dense-ae" in line


def write_names() -> Path:
    """Writes three files of names, of which one is much shorter."""
    rng = np.random.default_rng(0)
    for name, letters, n in (("Elvish", "aeil", 40), ("Orkish", "gkru", 40), ("Entish", "bom", 8)):
        Path("names").mkdir(exist_ok=True)
        lines = ["".join(rng.choice(list(letters), rng.integers(3, 7))) for _ in range(n)]
        Path(f"names/{name}.txt").write_text("\n".join(lines))
    return Path("names")


def test_names_are_searched_with_classes_drawn_equally_often(cli: Cli) -> None:
    options = ("--trials", 1, "--epochs", 1, "--batch-size", 8, "--fix", "hidden=64")
    answer = cli("search", "name-rnn", write_names(), "--balanced", *options)
    assert answer.code == 0, answer.err
    metrics = latentune.train("name-rnn-names", epochs=6, pictures="none").metrics
    assert set(metrics["class_accuracy"]) == {"Elvish", "Entish", "Orkish"}
    assert metrics["test_accuracy"] > 0.8
    data = TensorData("names", balanced=True)
    data.setup("fit")
    drawn = torch.cat([targets for _ in range(10) for _, targets in data.train_dataloader()])
    assert drawn.bincount() / len(drawn) == pytest.approx(np.full(3, 1 / 3), abs=0.06)


def test_wine_is_told_by_one_linear_layer(cli: Cli) -> None:
    options = {"trials": 1, "epochs": 2, "batch_size": 8, "ranges": {"lr": "0.02:0.03"}}
    study = latentune.search("logistic-regression", "wine", **options)
    assert set(study.best_params) == {"lr", "l2"}
    answer = cli("train", "logistic-regression-wine", "--epochs", 10)
    assert answer.code == 0, answer.err
    final = Path("runs/logistic-regression-wine/final")
    metrics = json.loads((final / "metrics.json").read_text())
    assert metrics["test_accuracy"] > 0.9
    with Image.open(final / "confusion.png") as picture:
        picture.verify()
    table = pd.read_csv(final / "classes.csv")
    assert (table["items"] @ table["accuracy"]) / table["items"].sum() == pytest.approx(
        metrics["test_accuracy"], abs=1e-5
    )


@pytest.mark.parametrize("unfreeze", [False, True])
def test_a_frozen_codec_stays_as_it_was_with_its_statistics(unfreeze: bool) -> None:
    torch.manual_seed(0)
    data = DataSpec((1, 8, 8), classes=TWO)
    codec = Embedder(data, 4, width=0.125)
    before = {name: value.clone() for name, value in codec.state_dict().items()}
    model = Predictor(data, codec=codec, unfreeze=unfreeze, lin_dim=5).train()
    optimizer = torch.optim.SGD(model.parameter_groups(), 0.1)
    cross_entropy(model(torch.rand(20, 1, 8, 8)), torch.arange(20) % 2).backward()
    optimizer.step()
    changed = {name for name, value in codec.state_dict().items() if (value != before[name]).any()}
    assert changed == (set(before) if unfreeze else set())
    assert any("running_mean" in name for name in before)


def test_a_codec_that_is_trained_too_has_its_own_rate() -> None:
    data = DataSpec((1, 8, 8), classes=TWO)
    model = Predictor(data, codec=Embedder(data, 4), unfreeze=True, lr=0.1, encoder_lr=0.2)
    own, codec = model.parameter_groups()
    assert "lr" not in own
    assert codec["lr"] == 0.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 0}, r"hidden \(=0\)"),
        ({"layers": -1}, r"layers \(=-1\)"),
        ({"lin_dim": -2}, r"lin_dim \(=-2\)"),
        ({"smoothing": 1.0}, r"smoothing \(=1.0\)"),
        ({"smoothing": -0.1}, r"smoothing \(=-0.1\)"),
        ({"balance": 1.5}, r"balance \(=1.5\)"),
        ({"network": "mlp"}, r"network \(='mlp'\) must be one of dense, cnn"),
        ({"activation": "swish"}, r"activation \(='swish'\) must be one of relu"),
        ({"network": "lstm", "layers": 0}, r"layers \(=0\)"),
        ({"optimizer": "lion"}, r"optimizer \(='lion'\)"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Predictor(DataSpec((1, 8, 8), classes=TWO), **options)


def test_what_does_not_go_together_is_named() -> None:
    with pytest.raises(ValueError, match=r"classes \(=\('a',\)\)"):
        Predictor(DataSpec((1, 8, 8), classes=("a",)))
    with pytest.raises(ValueError, match=r"network \(='cnn'\) is not made for a table"):
        Predictor(DataSpec((8,), "table", TWO), "cnn")
    with pytest.raises(ValueError, match=r"network \(='dense'\) is not made for a text"):
        Predictor(DataSpec((8,), "text", TWO, letters="ab"))
