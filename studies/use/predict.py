"""Predicting: what a trained network says of new input."""

from pathlib import Path

import pandas as pd

from ...objectives.metrics.anomaly_scores import describe_error_unit, score_to_mse
from ...objectives.metrics.confidence_intervals import exceedance_interval
from ...storage.output_files import check_output, new_file
from ...storage.spreadsheet_csv import write_csv
from ..study.defaults import RUNS
from ..study.public_api import public_api
from .inference import InferenceNetwork, Inputs, run_inference
from .prediction_functions import prediction_function
from .prediction_table import prediction_table
from .predictions import Predictions
from .trained_network import load_trained_network


@public_api
def predict(
    source: str | Path,
    inputs: Inputs,
    *,
    out: str | Path | None = None,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
) -> Predictions:
    """Asks a trained network about new input, which is prepared exactly as in training.

    A classifier names the three likeliest classes; a predictor of numbers, the number; what
    reconstructs, the error, and whether that is above the threshold which training has kept; what
    compares, such as a siamese network, the nearest training items and what most of them are.

    Args:
        source: `STUDY`, `STUDY:17` or path of a model.ckpt, trained by `train` before.
        inputs: One or several. Of images, files, folders, globs, CSV files that name them, or
            .npy and .npz arrays; of a table, CSV files or arrays; of texts, the texts, or .txt
            and CSV files. `-` is standard input: a path or a text a line, or a CSV.
        out: A .csv file for the table, which is not there yet.
        data_dir: Where torchvision data lies, if elsewhere than in the search; for what compares.
        runs: The folder with all studies.

    Returns:
        The predictions, and why some images could not be read.

    Raises:
        DataError: If inputs are missing or do not fit, or none can be read.
        StudyError: If the network has nothing to say of new input.
        StorageError: If it was not trained yet, or `out` is there already.

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
    network = InferenceNetwork.load(source, runs)
    items = network.read(inputs)
    threshold = (network.configuration.get("anomaly") or {}).get("threshold")
    answer = prediction_function(
        network.model,
        network.like.spec,
        threshold,
        lambda: load_trained_network(str(source), runs, data_dir),
    )
    said = run_inference(items, answer)
    table = prediction_table(said, _target(network))
    if file is not None:
        with new_file(file) as opened:
            write_csv(table, opened)
    given = tuple(table.columns[1 + ("place" in table) :][: len(said.columns.columns)])
    note = _note(table.drop(columns=list(given)), network, source)
    return Predictions(table, said.unreadable, note, file, given)


def _target(network: InferenceNetwork) -> str:
    """Returns what the column is called that a network predicts; empty if it has no name."""
    columns = network.like.spec.columns
    return next((column.name for column in columns if column.role == "target"), "")


def _note(table: pd.DataFrame, network: InferenceNetwork, source: str | Path) -> str:
    """Returns a line on how the table is to be read, if that is not clear."""
    if "nearest" in table:
        return "nearest, second, third: the number or file of a training item, its class, distance"
    if "error" not in table:
        return ""
    spec = network.like.spec
    says = f"error: {describe_error_unit(spec)}, as test_mse"
    if "anomaly" not in table:
        whole = network.configuration["study"] if str(source).endswith(".ckpt") else source
        return f"{says}\nno threshold for anomalies was kept: latentune train {whole} keeps one"
    kept = network.configuration["anomaly"]
    low, high = exceedance_interval(kept["items"], kept["quantile"])
    found, answered = table["anomaly"].sum(), table["anomaly"].count()
    return (
        f"{says}\nanomalies: {found:,} of {answered:,}, whose error is above "
        f"{score_to_mse(kept['threshold'], spec):.4g}; that of {kept['quantile']:.0%} of "
        f"{kept['items']:,} validation items is below, so that {low:.2%} to {high:.2%} of items "
        "like them are above (with 95 %)"
    )
