"""Predictors: one class, whose rows are networks; of classes or of numbers."""

from typing import Any, Literal

from .entry import PUBLISHED, SPACES, CatalogEntry, Direction, Published

CLASS_METRICS: dict[str, Direction] = {
    "accuracy": "maximize",
    "balanced_accuracy": "maximize",
    "loss": "minimize",
}
NUMBER_METRICS: dict[str, Direction] = {"mse": "minimize", "r2": "maximize"}
METRICS = {"class": CLASS_METRICS, "number": NUMBER_METRICS}
LSTM = {"network": "lstm"}
ANY = ("image", "table")


def _row(
    function: str,
    summary: str,
    *more: str,
    predicts: Literal["class", "number"] = "class",
    **options: Any,
) -> CatalogEntry:
    """Returns a row; `more` are its spaces beside `default`, whose functions are named so."""
    names = {"default": function} | {space: f"{function}_{space}" for space in more}
    spaces = {space: f"{SPACES}.predictor:{name}" for space, name in names.items()}
    return CatalogEntry(summary, spaces, METRICS[predicts], predicts=predicts, **options)


PREDICTORS = {
    "mlp": _row(
        "mlp",
        "classifier of linear layers",
        PUBLISHED,
        "optimiser",
        kinds=ANY,
        published=Published({"hidden": 512, "lr": 1e-3}, 150, 256, normalize=True),
    ),
    "feed-forward": _row(
        "feed_forward",
        "classifier with one hidden layer and any activation, in two epochs",
        PUBLISHED,
        kinds=ANY,
        epochs=2,
        published=Published({"hidden": 1000, "activation": "relu", "lr": 1e-3}, 2, 100),
    ),
    "cnn": _row(
        "cnn",
        "classifier of convolutions and linear layers",
        PUBLISHED,
        published=Published({"hidden": 220, "lr": 1e-3}, 6, 4, normalize=True),
    ),
    "row-rnn": _row(
        "row_rnn",
        "recurrent classifier of the rows of images",
        PUBLISHED,
        first=LSTM,
        published=Published({"network": "lstm", "hidden": 128, "layers": 2, "lr": 1e-3}, 2, 100),
    ),
    "name-rnn": _row(
        "name_rnn",
        "recurrent classifier of the letters of names or other texts",
        kinds=("text",),
        first=LSTM,
    ),
    "logistic-regression": _row("linear", "classifier of one linear layer", kinds=ANY, epochs=30),
    "linear-regression": _row(
        "linear", "a number by one linear layer", kinds=ANY, predicts="number", epochs=30
    ),
    "mlp-regression": _row(
        "mlp_regression", "a number by linear layers", kinds=ANY, predicts="number"
    ),
}
