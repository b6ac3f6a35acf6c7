"""Predictors of classes or numbers: rows are networks of one class."""

from typing import Any, Literal

from ...models.types import Direction
from .entry import PUBLISHED, CatalogEntry, Published, spaces_of

CLASS_METRICS: dict[str, Direction] = {
    "accuracy": "maximize",
    "balanced_accuracy": "maximize",
    "loss": "minimize",
}
NUMBER_METRICS: dict[str, Direction] = {"mse": "minimize", "r2": "maximize"}
METRICS = {"class": CLASS_METRICS, "number": NUMBER_METRICS}
LSTM = {"network": "lstm"}
IMAGE_OR_TABLE = ("image", "table")


def _predictor(
    function: str,
    summary: str,
    *spaces: str,
    predicts: Literal["class", "number"] = "class",
    **options: Any,
) -> CatalogEntry:
    found = spaces_of("predictor_spaces", function, *spaces)
    return CatalogEntry(summary, found, METRICS[predicts], predicts=predicts, **options)


PREDICTORS = {
    "mlp": _predictor(
        "mlp",
        "classifier of linear layers",
        PUBLISHED,
        "optimizer",
        kinds=IMAGE_OR_TABLE,
        published=Published({"hidden": 512, "lr": 1e-3}, 150, 256, normalize=True),
    ),
    "feed-forward": _predictor(
        "feed_forward",
        "classifier with one hidden layer and any activation, in two epochs",
        PUBLISHED,
        kinds=IMAGE_OR_TABLE,
        epochs=2,
        published=Published({"hidden": 1000, "activation": "relu", "lr": 1e-3}, 2, 100),
    ),
    "cnn": _predictor(
        "cnn",
        "classifier of convolutions and linear layers",
        PUBLISHED,
        published=Published({"hidden": 220, "lr": 1e-3}, 6, 4, normalize=True),
    ),
    "row-rnn": _predictor(
        "row_rnn",
        "recurrent classifier of the rows of images",
        PUBLISHED,
        first=LSTM,
        published=Published({"network": "lstm", "hidden": 128, "layers": 2, "lr": 1e-3}, 2, 100),
    ),
    "name-rnn": _predictor(
        "name_rnn",
        "recurrent classifier of the letters of names or other texts",
        kinds=("text",),
        first=LSTM,
    ),
    "logistic-regression": _predictor(
        "linear", "classifier of one linear layer", kinds=IMAGE_OR_TABLE, epochs=30
    ),
    "linear-regression": _predictor(
        "linear",
        "a number by one linear layer",
        kinds=IMAGE_OR_TABLE,
        predicts="number",
        epochs=30,
    ),
    "mlp-regression": _predictor(
        "mlp_regression", "a number by linear layers", kinds=IMAGE_OR_TABLE, predicts="number"
    ),
}

FIRST = {"lr": 1e-2}  # an epoch of codes has few steps

HEADS = {
    "head": CatalogEntry(
        summary="classifier on the encoder of another study (--encoder)",
        spaces=spaces_of("head_spaces", "head", "optimizer"),
        metrics=CLASS_METRICS,
        kinds=("image", "table"),
        predicts="class",
        first=FIRST,
        trials=30,
        needs_encoder=True,
    ),
    "transfer": CatalogEntry(
        summary="classifier on a network of torchvision (--encoder resnet18)",
        spaces=spaces_of("head_spaces", "transfer", PUBLISHED, "step"),
        metrics=CLASS_METRICS,
        kinds=("image", "table"),
        predicts="class",
        first=FIRST,
        published=Published({"lr": 0.01, "momentum": 0.99}, epochs=10, batch_size=32),
        needs_encoder=True,
    ),
}
