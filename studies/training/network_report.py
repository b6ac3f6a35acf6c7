"""Metrics, tables and figures of a trained network on the test part."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from lightning_utilities.core.overrides import is_overridden

from ...models.roles import Predicts
from ...objectives.metrics.classification_report import classification_report, predict_test_set
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
    elif isinstance(model, Predicts) and data.spec.target and has_figures:
        _plot_numbers(model, data, folder)
    if has_figures:
        plot_network(model, data.spec, data.val_dataloader(), folder)
    return metrics


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
    return {
        "test_calibration_error": found.calibration_error,
        "test_average_precision": float(found.classes["average_precision"].mean()),
        "class_accuracy": dict(zip(names, map(float, accuracy), strict=True)),
    }


def _plot_numbers(model: Predicts, data: Any, folder: Path) -> None:
    outputs, targets = predict_test_set(model, data)
    pairs = zip(outputs.T.numpy(), targets.reshape(outputs.shape).T.numpy(), strict=True)
    names = data.spec.target_names
    for number, (predicted, true) in enumerate(pairs, 1):
        title = f"Test MSE {((predicted - true) ** 2).mean():.4g}"
        if data.spec.n_targets == 1:
            plot_predicted_vs_true(true, predicted, title, folder / "predicted.png")
            return
        path = folder / f"predicted-{number}.png"
        plot_predicted_vs_true(true, predicted, f"{names[number - 1]}: {title}", path)
