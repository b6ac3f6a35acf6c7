"""The verb `predict`: predictions of a trained network for new items."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table

from ...models.roles import Reconstructs
from ...objectives.metrics.anomaly_scores import (
    describe_error_unit,
    fit_anomaly_threshold,
    score_to_mse,
)
from ...objectives.metrics.confidence_intervals import exceedance_interval
from ...storage.atomic_write import check_output, new_file
from ...storage.checkpoint_file import AnomalyThreshold
from ...storage.spreadsheet_csv import write_csv
from ..display.result import Result, rows_to_json
from ..study.defaults import MAX_PRINTED_ROWS, MAX_PRINTED_ROWS_BESIDE_FILE, RUNS
from ..study.public_api import public_api
from ..study.study_error import StudyError
from .inference import INPUT, PLACE, REASON, InferenceResult, Inputs, read_inputs, run_inference
from .prediction_functions import DIGITS, choose_prediction_function
from .trained_network import TrainedNetwork, load_trained_network

NULLABLE_DTYPES = {"i": "Int64", "b": "boolean"}
"""The pandas type for a column with missing values, by the `kind` of its NumPy type."""
NOT_FINITE_REASON = "the output of the network is not finite"
JOINED_SUFFIXES = ("probability", "class", "distance")
MAX_ITEM_COLUMNS = 2
"""Maximum number of columns of the input file, such as an id, in the printed table."""


@dataclass(frozen=True, repr=False)
class Predictions(Result):
    """Predictions of a trained network for new items.

    Attributes:
        table: A row for each item. The column `input` has the path, the row or the text. For
            texts in a file, the column `place` has the position in the file. Then come the columns
            of the input file that are not features, such as an id. The other columns depend on
            the network:

            - Classifier: `class` and `probability`, then `second`, `second_probability`, `third`
              and `third_probability`.
            - Network that predicts a number: `number`. One that predicts several: a column with
              the name of each target.
            - Autoencoder: `error`, and `anomaly` if training saved a threshold.
            - Network that compares items: `class`, then the training items `nearest`, `second`
              and `third`, each with columns for its class and its distance.

            If the target has a name, the column `class` or `number` has this name. If some items
            could not be read, the column `reason` has the reasons, and the columns of the network
            are empty for these items.
        unreadable: The reasons of the unreadable items. The keys are the names of the items.
        note: An explanation of the table; may be empty.
        file: The file that the table was written to; None if `out` was None.
        item_columns: The columns of the input file that are not features.
    """

    table: pd.DataFrame
    unreadable: Mapping[str, str]
    note: str = ""
    file: Path | None = None
    item_columns: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{self.table!r}\n{self.note}".rstrip()

    def __rich__(self) -> RenderableType:
        n_rows = MAX_PRINTED_ROWS if self.file is None else MAX_PRINTED_ROWS_BESIDE_FILE
        columns: dict[str, list[str]] = {}
        for name in map(str, self.table):
            if name not in self.item_columns[MAX_ITEM_COLUMNS:]:
                columns.setdefault(self._joined_column(name), []).append(name)
        shown = Table(*columns, box=None)
        for row in self.table[:n_rows].to_dict("records"):
            cells = {str(name): _format_cell(str(name), value) for name, value in row.items()}
            shown.add_row(*(" ".join(cells[name] for name in names) for names in columns.values()))
        lines = [self.note] if self.note else []
        if len(self.table) > n_rows:
            where = "`out=` writes all" if self.file is None else f"all are in {self.file}"
            lines.insert(0, f"and {len(self.table) - n_rows:,} more; {where}")
        if self.file is not None:
            lines.append(f"wrote {self.file}")
        return Group(shown, *lines)

    def _joined_column(self, name: str) -> str:
        """Returns the printed column that contains the column `name` of the table.

        For example, the printed column `second` also contains `second_probability`.
        """
        first, _, suffix = name.rpartition("_")
        return first if suffix in JOINED_SUFFIXES and first in self.table else name

    def to_json(self) -> str:
        """Returns the table as a JSON array with an object for each item."""
        return rows_to_json(self.table)


@public_api
def predict(
    source: str | Path,
    inputs: Inputs,
    *,
    quantile: float | None = None,
    out: str | Path | None = None,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> Predictions:
    """Applies a trained network to new items, which are prepared as the training items were.

    A classifier predicts the three most probable classes, and a regressor a number. For an
    autoencoder, the prediction is the reconstruction error, and whether it is above the threshold
    that training saved. For a network that compares items, such as a siamese network, it is the
    three nearest training items and their most frequent class.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        inputs: One input or several. Images: files, folders, globs, CSV files that name images,
            or .npy and .npz arrays. Rows: CSV files or arrays. Texts: the texts themselves, or
            .txt and CSV files. `-` is standard input: a path or a text per line, or a CSV file.
            Or items in memory: an array, a data frame, or a data set of PyTorch. Their names are
            the index of the frame, or numbers.
        quantile: Share of the validation part whose reconstruction error is below the threshold of
            anomalies, above 0 and below 1; None for the threshold that training saved.
        out: A new .csv file for the table.
        data_dir: Folder of torchvision data; None for the one that the search used. Only a network
            that compares items reads these data.
        runs: The folder with all studies.

    Returns:
        The predictions, and the reasons why some items could not be read.

    Raises:
        DataError: If an input is missing or does not fit, or no input can be read.
        StudyError: If the network makes no predictions.
        StorageError: If the network has not been trained yet, or `out` exists.

    Example:
        >>> images = latentune.TensorData("digits").splits.test.inputs
        >>> np.save("digits.npy", images[:3].numpy())
        >>> predictions = latentune.predict("conv-ae-digits", "digits.npy")
        >>> list(predictions.table["input"])
        ['digits.npy[0]', 'digits.npy[1]', 'digits.npy[2]']
    """
    file = None if out is None else Path(out)
    if file is not None:
        check_output(file, (".csv",))
    network = load_trained_network(source, runs, data_dir)
    spec = network.header.data_spec
    anomaly = network.header.anomaly if quantile is None else _move_threshold(network, quantile)
    items = read_inputs(network, inputs)
    result = run_inference(items, choose_prediction_function(network, spec, anomaly))
    predicted = _align_predictions(result, next(iter(spec.target_names), ""))
    table = result.add_item_columns(predicted)
    if file is not None:
        with new_file(file) as opened:
            write_csv(table, opened)
    item_columns = tuple(table.columns[1 + (PLACE in table) :][: len(result.columns.columns)])
    note = _make_prediction_note(predicted, network, anomaly, source)
    return Predictions(table, result.unreadable, note, file, item_columns)


def _move_threshold(network: TrainedNetwork, quantile: float) -> AnomalyThreshold:
    """Returns the threshold of reconstruction errors at a quantile of the validation part."""
    if not 0 < quantile < 1:
        raise StudyError(f"quantile must be above 0 and below 1, not {quantile:g}")
    found = None
    if isinstance(network.model, Reconstructs):
        found = fit_anomaly_threshold(network.model, network.tensor_data, quantile)
    if found is None:
        raise network.missing_method_error("reconstruct()", "quantile needs an autoencoder")
    return found


def _align_predictions(result: InferenceResult[pd.DataFrame], target: str) -> pd.DataFrame:
    """Returns the predictions with a row for each item, also for unreadable ones.

    The row of an item is empty if the item is unreadable or its prediction is not finite. The
    column `class` or `number` gets the name `target`, if no other column has this name.
    """
    predicted = pd.concat(result.outputs, ignore_index=True).set_index(pd.Index(result.readable))
    is_finite = np.isfinite(predicted.select_dtypes("float").to_numpy()).all(axis=1)
    if not is_finite.any():
        raise StudyError(f"{NOT_FINITE_REASON}: train another trial")
    for index in predicted.index[~is_finite]:
        result.reasons[index] = NOT_FINITE_REASON
    predicted = predicted[is_finite]
    if len(predicted) < len(result.names):
        kinds = {name: column.dtype.kind for name, column in predicted.items()}
        nullable = {
            name: NULLABLE_DTYPES[kind] for name, kind in kinds.items() if kind in NULLABLE_DTYPES
        }
        predicted = predicted.astype(nullable)
    if target and target not in {INPUT, PLACE, REASON, *predicted.columns}:
        predicted = predicted.rename(columns={"class": target, "number": target})
    reserved = {name: f"predicted {name}" for name in (INPUT, PLACE, REASON)}
    predicted = predicted.rename(columns=reserved)
    rows: pd.DataFrame = predicted.reindex(range(len(result.names)))
    return rows


def _make_prediction_note(
    predicted: pd.DataFrame,
    network: TrainedNetwork,
    anomaly: AnomalyThreshold | None,
    source: str | Path,
) -> str:
    """Returns an explanation of the columns with neighbors or errors; `""` without them."""
    if "nearest" in predicted:
        return "nearest, second, third: the index or file of a training item, its class, distance"
    if "error" not in predicted:
        return ""
    spec = network.header.data_spec
    unit = f"error: {describe_error_unit(spec)}, as test_mse"
    if "anomaly" not in predicted:
        study = network.header.study if str(source).endswith(".ckpt") else source
        return f"{unit}\nno threshold for anomalies was saved: latentune train {study} saves one"
    assert anomaly is not None
    low, high = exceedance_interval(anomaly.items, anomaly.quantile)
    found, total = predicted["anomaly"].sum(), predicted["anomaly"].count()
    return (
        f"{unit}\nanomalies: {found:,} of {total:,}, whose error is above "
        f"{score_to_mse(anomaly.threshold, spec):.4g}, the quantile {anomaly.quantile:g} of "
        f"{anomaly.items:,} validation items; {low:.2%} to {high:.2%} of items like them are "
        "above it (95 % interval)"
    )


def _format_cell(column: str, value: object) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3f}" if column.endswith("probability") else format_number(value)


def format_number(value: float) -> str:
    """Returns `value` as text with four digits, or with all digits if it has more than six.

    Example:
        >>> format_number(0.123457), format_number(1000000123.4568)
        ('0.1235', '1000000123.4568')
    """
    digits = len(f"{value!r}".partition("e")[0].replace(".", "").strip("-0"))
    return f"{value:.{digits if digits > DIGITS else 4}g}"
