"""Metrics, tables and figures of a trained network on the test part."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from lightning_utilities.core.overrides import is_overridden
from torch import Tensor

from ...models.data_spec import DataSpec
from ...models.roles import Encodes, Predicts, Reconstructs
from ...objectives.data.encoded_data import EncodedData
from ...objectives.data.preparation.splits import PART_NAMES
from ...objectives.data.tensor_data import TensorData
from ...objectives.metrics.anomaly_scores import anomaly_scores, score_to_mse
from ...objectives.metrics.baseline_names import INTERVALS
from ...objectives.metrics.classification_report import classification_report, predict_part
from ...objectives.metrics.confidence_intervals import binomial_interval, mean_interval
from ...objectives.objective import Objective
from ...objectives.progress import progress
from ...objectives.trainer import quiet_trainer, silence_lightning
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.prediction_quality import (
    plot_calibration,
    plot_confusion_matrix,
    plot_precision_recall,
    plot_predicted_vs_true,
)
from .network_plots import plot_network


def score_test_part(
    model: pl.LightningModule, data: Any, objective: Objective, accelerator: str
) -> dict[str, float]:
    """Returns the metrics that a network logs in `test_step`; empty without this method."""
    if not is_overridden("test_step", model, pl.LightningModule):
        return {}
    callbacks = [make_callback() for make_callback in objective.metric_callbacks]
    trainer = quiet_trainer(1, callbacks, data, accelerator=accelerator)
    with progress("scoring the test part"), silence_lightning():
        return dict(trainer.test(model, datamodule=data, verbose=False)[0])


def write_report(
    model: pl.LightningModule, data: Any, folder: Path, *, has_figures: bool = True
) -> dict[str, Any]:
    """Writes tables and figures of a trained network into a folder, and returns metrics.

    What is written depends on whether the network classifies, predicts numbers or makes images.
    The returned metrics are those that the network does not log in `test_step`.
    """
    metrics: dict[str, Any] = {}
    if isinstance(model, Predicts) and data.spec.classes:
        metrics = _report_classes(model, data, folder, has_figures)
    elif isinstance(model, Predicts) and data.spec.target:
        metrics = _report_numbers(model, data, folder, has_figures)
    elif isinstance(model, Encodes) and isinstance(model, Reconstructs):
        metrics = _report_reconstructions(model, data)
    if has_figures:
        plot_network(model, data.spec, data.val_dataloader(), folder)
    return metrics


def _report_reconstructions(model: Reconstructs, data: Any) -> dict[str, Any]:
    """Returns the interval of the test error; empty if the items are not in memory."""
    if not isinstance(data, TensorData) or not isinstance(data.splits.test.inputs, Tensor):
        return {}
    assert isinstance(model, pl.LightningModule)
    model.cpu().eval()
    scores = anomaly_scores(model, data.spec, data.splits.test.inputs)
    errors = [score_to_mse(score, data.spec) for score in scores.tolist()]
    return {INTERVALS: {"test_mse": mean_interval(errors)}} if len(errors) > 1 else {}


def _report_classes(model: Predicts, data: Any, folder: Path, has_figures: bool) -> dict[str, Any]:
    found = classification_report(model, data)
    names, accuracy = list(found.classes["class"]), found.classes["accuracy"]
    average = dict(zip(names, found.classes["average_precision"], strict=True))
    write_csv(found.classes, folder / "classes.csv")
    if has_figures:
        title = f"Test accuracy {found.confusion.trace() / found.confusion.sum():.3f}"
        plot_confusion_matrix(found.confusion, names, title, folder / "confusion.png")
        plot_precision_recall(found.curves, average, folder / "precision-recall.png")
        plot_calibration(found.reliability, found.calibration_error, folder / "calibration.png")
    counts = found.confusion
    return {
        INTERVALS: {
            "test_accuracy": binomial_interval(int(counts.trace()), int(counts.sum())),
        },
        "test_calibration_error": found.calibration_error,
        "test_uncalibrated_error": found.uncalibrated_error,
        "test_average_precision": float(found.classes["average_precision"].mean()),
        "class_accuracy": dict(zip(names, map(float, accuracy), strict=True)),
    }


def _report_numbers(model: Predicts, data: Any, folder: Path, has_figures: bool) -> dict[str, Any]:
    """Plots predicted against true numbers; returns the interval of the error of one target."""
    outputs, targets = predict_part(model, data, "test")
    errors = (outputs - targets.reshape(outputs.shape)).square()
    if has_figures:
        _plot_numbers(outputs, targets.reshape(outputs.shape), data.spec, folder)
    if data.spec.n_targets > 1 or len(errors) < 2:
        return {}
    return {INTERVALS: {"test_mse": mean_interval(errors.flatten().tolist())}}


def _plot_numbers(outputs: Tensor, targets: Tensor, data: DataSpec, folder: Path) -> None:
    """Plots predicted against true numbers, which both have shape (N, targets)."""
    pairs = zip(outputs.T.numpy(), targets.T.numpy(), strict=True)
    names = data.target_names
    for number, (predicted, true) in enumerate(pairs, 1):
        title = f"Test MSE {((predicted - true) ** 2).mean():.4g}"
        if data.n_targets == 1:
            plot_predicted_vs_true(true, predicted, title, folder / "predicted.png")
            return
        path = folder / f"predicted-{number}.png"
        plot_predicted_vs_true(true, predicted, f"{names[number - 1]}: {title}", path)


def count_items(data: Any) -> dict[str, int]:
    """Returns the number of items of each part of the data; empty for a data module of a user."""
    items = data.items if isinstance(data, EncodedData) else data
    if not isinstance(items, TensorData):
        return {}
    return {name: len(getattr(items.splits, name)) for name in PART_NAMES}
