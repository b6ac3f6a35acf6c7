"""Numbers of any scale: what data say does not depend on their units."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.preprocessing import StandardScaler
from torch import nn

import latentune
from latentune import Autoencoder, LatentKDE, Predictor, TableOptions, TensorData
from latentune.models.densities.mixture import LatentMixture
from latentune.models.quantizer import Quantizer
from latentune.objectives.data.data_error import DataError
from latentune.objectives.data.preparation.normalization import mean_and_std
from latentune.objectives.metrics.anomaly_scores import anomaly_scores, separating_threshold
from latentune.objectives.metrics.baselines import linear_baseline, pca_baseline
from latentune.objectives.trainer import choose_accelerator, fit, quiet_trainer
from latentune.studies.use.compress import _power_of_two
from latentune.studies.use.predict import format_number
from latentune.studies.use.prediction_functions import round_significant

Cli = Callable[..., Any]

UNITS = {
    "as they are": (0.0, 1.0),
    "coulombs": (0.0, 1.6e-19),
    "1e9 and 100": (1e9, 100.0),
    "milliseconds since 1970": (1.7672256e12, 1e4),
    "1e30": (0.0, 1e30),
    "1e-20 at 1e-18": (1e-18, 1e-20),
}
SCALES = [1.0, 2e30, 1e19, 1e-20]


def write_table(offset: float = 0.0, scale: float = 1.0, target: float = 1.0) -> str:
    """Writes rows whose two features have an offset and a scale, and whose target has a scale."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 2))
    y = x @ [1.0, -2.0] + 0.1 * rng.normal(size=120)
    frame = pd.DataFrame(offset + scale * x, columns=["a", "b"])
    frame = frame.assign(sort=np.where(x[:, 0] > 0, "plus", "minus"), price=target * y)
    name = f"rows{offset:g}-{scale:g}-{target:g}.csv"  # one that was read is not read again
    frame.to_csv(name, index=False)
    return name


def trained(data: TensorData, model: pl.LightningModule) -> pl.LightningModule:
    """Trains a network for two epochs of few batches, which are the same each time."""
    torch.manual_seed(0)
    fit(quiet_trainer(2, [], accelerator="cpu"), model, data)
    return model.eval()


@pytest.mark.parametrize("unit", UNITS)
def test_moments_are_those_of_the_numbers_in_any_unit(unit: str) -> None:
    offset, scale = UNITS[unit]
    x = offset + scale * np.random.default_rng(0).normal(size=(1000, 3))
    x[:, 2] = offset + scale  # a constant
    mean, std = mean_and_std(torch.split(torch.from_numpy(x), 300))
    exact = np.array([[float(v) for v in column] for column in x.T], dtype=np.longdouble)
    center = exact.mean(1)
    assert mean.numpy() == pytest.approx(center.astype(float), rel=1e-14)
    right = np.sqrt(((exact - center[:, None]) ** 2).mean(1)).astype(float)
    assert std[:2].numpy() == pytest.approx(right[:2], rel=1e-9)
    scaler = StandardScaler().fit(x)
    assert std.numpy() == pytest.approx(scaler.scale_, rel=1e-6), "1 of a constant feature"


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e9, 1.7e12])
def test_a_feature_is_constant_by_the_bound_of_scikit_learn(offset: float) -> None:
    rng = np.random.default_rng(0)
    steps = np.logspace(-20, 0, 41) * max(1.0, offset)
    x = offset + steps * rng.choice([-1.0, 1.0], size=(200, 1))
    _, std = mean_and_std([torch.from_numpy(x)])
    assert ((std == 1).numpy() == (StandardScaler().fit(x).scale_ == 1)).all()


@pytest.mark.parametrize("unit", UNITS)
def test_a_table_in_other_units_trains_the_same_network(unit: str) -> None:
    found = []
    for offset, scale in (UNITS["as they are"], UNITS[unit]):
        data = TensorData(
            write_table(offset, scale), table=TableOptions(target="sort"), batch_size=32
        )
        assert data.splits.train.inputs.dtype == torch.float64
        torch.manual_seed(0)
        model = trained(data, Predictor(data.spec, layers=0, lr=0.1))
        torch.manual_seed(0)
        drawn = trained(
            data, Autoencoder(data.spec, 2, "dense", corruption_std=0.1, corruption_rate=0.1)
        )
        test = data.splits.test.inputs
        scores = anomaly_scores(drawn, data.spec, test)
        baselines = {**linear_baseline(data), **pca_baseline(drawn, data)}
        said = model(test).softmax(1).detach()
        raw = drawn.reconstruct(test).detach()[:, :2]
        found.append((said, scores, baselines, (raw - offset) / scale))
        assert not scores.isnan().any()
    (said, scores, baselines, drawn), (same, rescored, rescaled_baselines, redrawn) = found
    assert same.numpy() == pytest.approx(said.numpy(), abs=1e-4)
    assert rescored.numpy() == pytest.approx(scores.numpy(), rel=1e-3)
    assert rescaled_baselines == pytest.approx(baselines, rel=1e-3)
    assert redrawn.numpy() == pytest.approx(drawn.numpy(), abs=1e-3)


@pytest.mark.parametrize("scale", SCALES)
def test_a_target_of_any_scale_is_learned_and_scored_in_its_unit(scale: float) -> None:
    data = TensorData(
        write_table(target=scale), table=TableOptions(target="price"), numbers=True, batch_size=16
    )
    torch.manual_seed(0)
    model = Predictor(data.spec, layers=0, lr=0.1)
    trainer = quiet_trainer(8, [], accelerator="cpu")
    fit(trainer, model, data)
    val = data.splits.val
    said = model.eval()(val.inputs)[:, 0].detach().numpy()
    logged = {name: value.item() for name, value in trainer.callback_metrics.items()}
    right = mean_squared_error(val.targets, said)
    assert logged["val_mse"] == pytest.approx(right, rel=1e-5)
    assert logged["val_r2"] == pytest.approx(r2_score(val.targets, said), rel=1e-5)
    assert logged["val_r2"] > 0.9, "the same in each unit"
    baseline = linear_baseline(data)["test_mse_linear"]
    assert baseline / scale**2 == pytest.approx(0.01, rel=0.9), "the noise of the target"


def test_a_network_of_somebody_else_reads_rows_and_numbers_in_float32() -> None:
    class Foreign(pl.LightningModule):
        def validation_step(self, batch: list[torch.Tensor], _: int) -> None:
            assert batch[0].dtype == batch[1].dtype == torch.float32

        def __init__(self) -> None:
            super().__init__()
            self.output = nn.Linear(4, 1)

        def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
            assert batch[0].dtype == batch[1].dtype == torch.float32
            return nn.functional.mse_loss(self.output(batch[0])[:, 0], batch[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.01)

    data = TensorData(write_table(), table=TableOptions(target="price"), numbers=True)
    fit(quiet_trainer(1, [], accelerator="cpu"), Foreign(), data)


@pytest.mark.parametrize("scale", [1.0, 1e-2, 1e-3, 1e-4, 1e-12, 1e12])
@pytest.mark.parametrize("density", ["kde", "gaussian", "mixture"])
def test_densities_draw_codes_as_wide_as_they_are(density: str, scale: float) -> None:
    rng = np.random.default_rng(0)
    # One dimension is a thousand times narrower than the others, and one is dead.
    codes = (scale * rng.normal(size=(300, 4)) * [1, 1, 1e-3, 0]).astype("float32")
    fitted = {
        "kde": lambda: LatentKDE.fit(codes),
        "gaussian": lambda: LatentMixture.fit(codes, n_components=1),
        "mixture": lambda: LatentMixture.fit(codes),
    }[density]()
    drawn = fitted.sample(3000)
    assert drawn[:, :2].std(0) == pytest.approx(codes[:, :2].std(0), rel=0.2)
    if density != "kde":  # whose kernels are round
        assert drawn[:, 2].std() == pytest.approx(codes[:, 2].std(), rel=0.2)
        assert not drawn[:, 3].any(), "a dead dimension stays dead"


@pytest.mark.parametrize("scale", [1.0, 1e-20, 1e20])
def test_a_separating_score_has_the_unit_of_the_scores(scale: float) -> None:
    rng = np.random.default_rng(0)
    sets = torch.from_numpy(rng.normal(0, 1, 50)), torch.from_numpy(rng.normal(3, 1, 50))
    assert separating_threshold(*(scale * one for one in sets)) / scale == pytest.approx(
        separating_threshold(*sets), rel=1e-6
    )


@pytest.mark.parametrize(
    ("value", "unit", "digits"),
    [
        (1_000_000_123.4567891, 100.0, 1_000_000_123.4568),
        (1_767_225_612_345.0, 1e4, 1_767_225_612_345.0),
        (0.123456789, 1.0, 0.123457),
        (1.23456789e-20, 1e-20, 1.234568e-20),
        (2.3456789e30, 2e30, 2.345679e30),
        (0.0, 1.0, 0.0),
        (123.456789, 0.0, 123.457),
    ],
)
def test_numbers_are_written_with_the_digits_of_their_spread(
    value: float, unit: float, digits: float
) -> None:
    assert round_significant(value, unit) == digits
    assert float(format_number(digits)) == pytest.approx(digits, abs=1e-3 * (unit or value))


def test_predictions_have_the_unit_and_the_digits_of_training(cli: Cli) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 2))
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(price=1e9 + 100 * x @ [1, 1])
    frame.to_csv("far.csv", index=False)
    words = ("--trials", 1, "--epochs", 2, "--workers", 1)
    assert cli("search", "linear-regression", "far.csv", "--target", "price", *words).code == 0
    latentune.train("linear-regression-far", epochs=2, pictures="none")
    model, rows = latentune.load_model("linear-regression-far"), torch.from_numpy(x)
    right = model(rows)[:, 0].detach().numpy()
    answer = cli("predict", "linear-regression-far", "far.csv", "--out", "said.csv")
    assert answer.code == 0, answer.err
    said = pd.read_csv("said.csv").select_dtypes("float").iloc[:, -1].to_numpy()
    assert said == pytest.approx(right, abs=1e-3, rel=0)
    assert f"{said[0]:.2f}"[:-1] in answer.out, "not 1e+09"
    frame[["a", "b"]].to_csv("rows.csv", index=False)
    assert cli("search", "dense-ae", "rows.csv", *words).code == 0
    metrics = latentune.train("dense-ae-rows", epochs=2, pictures="none").metrics
    test = latentune.TensorData("rows.csv").splits.test.inputs
    pd.DataFrame(test.numpy(), columns=["a", "b"]).to_csv("test.csv", index=False)
    predicted = latentune.predict("dense-ae-rows", "test.csv")
    assert predicted.table["error"].mean() == pytest.approx(metrics["test_mse"], rel=1e-4)
    assert "mean squared error of a feature, in standard deviations, as test_mse" in predicted.note


def test_numbers_are_trained_on_the_cpu_where_the_gpu_has_no_float64(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = TensorData(write_table(), table=TableOptions(target="price"), numbers=True)
    images = TensorData("digits")
    assert [choose_accelerator("auto", one) for one in (data, images)] == ["auto", "auto"]
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    assert [choose_accelerator("auto", one) for one in (data, images)] == ["cpu", "auto"]
    assert choose_accelerator("mps", images) == "mps"
    with pytest.raises(DataError, match="which mps lacks: leave out `accelerator=`"):
        choose_accelerator("mps", data)


@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e12])
def test_codes_of_any_scale_are_kept_as_sixteen_and_eight_bits(scale: float) -> None:
    codes = torch.from_numpy(scale * np.random.default_rng(0).normal(size=(100, 3))).float()
    power, steps = _power_of_two(codes), Quantizer.fit(codes)
    half = (codes * power).half().float() / power
    assert half.numpy() == pytest.approx(codes.numpy(), rel=2**-11)
    restored = steps.dequantize(steps.quantize(codes))
    assert ((restored - codes).abs() <= 0.51 * steps.step).all()
