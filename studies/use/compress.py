"""The verb `compress`: the size and the reconstruction error of latent codes in three formats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import frexp, inf, log10, prod
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from rich.console import RenderableType
from torch import Tensor

from ...models.quantizer import Quantizer
from ...models.roles import Codec
from ...objectives.data.batches import apply_in_batches
from ...objectives.data.tensor_data import TensorData
from ...objectives.metrics.anomaly_scores import anomaly_scores, mse_of_scores
from ...storage.folder_replacement import replace_folder
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.image_grids import plot_labeled_grid
from ..display.result import FolderResult, frame_table
from ..study.defaults import RUNS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_seed
from .trained_network import load_trained_network

N_PLOTTED_IMAGES = 10
VALUE_BYTES = {"image": 1, "table": 4}
"""Bytes of a pixel, as in image files, and of a feature of a table, as float32."""
MAX_EXPONENT = 15
"""Codes of the training part are scaled below 2**15 before they become float16.

Float16 numbers go up to almost 2**16, so codes of other items may be twice as large.
"""
CODE_BYTES = {"float32": 4, "float16": 2, "int8": 1}
"""Bytes of each number in a latent code, by format."""


@dataclass(frozen=True, repr=False)
class CompressionReport(FolderResult):
    """The size of the test part as latent codes, compared with its size as items.

    Attributes:
        folder: The folder with `table.csv`, `codes-int8.npz` and, if the items are images,
            `images.png`.
        n_items: Number of items in the test part.
        item_bytes: Bytes of an item.
        network_bytes: Bytes of the weights of the network; `table` does not include them.
        range_bytes: Bytes of the ranges of all latent dimensions; `table` includes them in `int8`.
        table: A row for each format of codes. `bytes` is the size of all codes, `saved` is the
            share by which this is smaller than the size of all items, and `mse` is the mean
            squared error of the decoded items. For images there is also `psnr` in decibels.
    """

    n_items: int
    item_bytes: int
    network_bytes: int
    range_bytes: int
    table: pd.DataFrame

    @property
    def verdict(self) -> str:
        """A sentence about the bytes that int8 saves, and how much the error grows."""
        float32, int8 = self.table.loc["float32"], self.table.loc["int8"]
        if int8["saved"] <= 0:
            return "int8 codes are not smaller than the items: use fewer latent dimensions"
        error = "not larger than"
        if int8["mse"] > float32["mse"]:
            growth = int8["mse"] / float32["mse"] - 1 if float32["mse"] else inf
            error = f"{growth:.2%} larger than" if growth < inf else f"{int8['mse']:.3g}, not 0 as"
        return f"int8 saves {int8['saved']:.2%}, and its error is {error} that of float32"

    def lines(self) -> list[RenderableType]:
        formats = {
            "bytes": "{:,}".format,
            "saved": "{:.2%}".format,
            "mse": "{:.5g}".format,
            "psnr": "{:.2f} dB".format,
        }
        return [
            f"{self.n_items:,} test items of {self.item_bytes:,} bytes: "
            f"{self.n_items * self.item_bytes:,}",
            frame_table(self.table, formats),
            self.verdict,
            f"int8 counts {self.range_bytes:,} bytes of ranges, taken from the training part; "
            f"the network, {self.network_bytes:,} bytes, is not counted",
        ]


@dataclass(frozen=True)
class _FormatRoundTrip:
    """A codec whose latent codes are converted to a format and back before they are decoded."""

    model: Codec
    convert: Callable[[Tensor], Tensor]

    def reconstruct(self, x: Tensor) -> Tensor:
        """Returns reconstructions of items `x` of shape (N, *data.shape)."""
        codes = self.model.encode(x)
        return self.model.decode(self.convert(codes.flatten(1)).view_as(codes))


@public_api
def compress(
    source: str | Path,
    *,
    seed: int = SEED,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> CompressionReport:
    """Stores latent codes of the test part in three formats, and measures the reconstructions.

    The formats are float32, float16 and int8. For float16, all codes are multiplied by a power of
    two, so that large codes do not overflow. For int8, the range of each dimension is divided into
    even steps. The power and the ranges are computed from the training part. The error of float32
    is the error of the network alone.

    The folder `compression` of the final training then has the table, ten images with their
    reconstructions from each format, and `codes-int8.npz` with `codes`, `zero` and `step`. With
    these, `model.decode(zero + codes * step)` reconstructs the test part.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        seed: Seed that chooses the images.
        data_dir: Folder of torchvision data; None for the one that the search used.
        runs: The folder with all studies.

    Raises:
        StudyError: If the model has no `encode` and `decode`, or its data are texts.
        StorageError: If the network has not been trained yet, or a file cannot be written.

    Example:
        >>> list(latentune.compress("conv-ae-digits").table.index)
        ['float32', 'float16', 'int8']
    """
    check_seed(seed)
    network = load_trained_network(source, runs, data_dir)
    model, data = network.model, network.tensor_data
    if not isinstance(model, Codec):
        raise network.missing_method_error(
            "encode() and decode()",
            "compression needs an autoencoder, e.g. `latentune search conv-ae DATA`",
        )
    if data.spec.kind not in VALUE_BYTES:
        raise StudyError(f"{data.name} holds texts, which have no reconstruction error")
    train, codes = (torch.from_numpy(network.codes(part)[0]) for part in ("train", "test"))
    quantizer, power = Quantizer.fit(train), _power_of_two(train)
    round_trips = {
        "float32": _FormatRoundTrip(model, lambda z: z),
        "float16": _FormatRoundTrip(model, lambda z: (z * power).half().float() / power),
        "int8": _FormatRoundTrip(model, lambda z: quantizer.dequantize(quantizer.quantize(z))),
    }
    range_bytes = quantizer.zero.nbytes + quantizer.step.nbytes
    sizes = {name: codes.numel() * width for name, width in CODE_BYTES.items()}
    sizes["int8"] += range_bytes
    item_bytes = prod(data.spec.shape) * VALUE_BYTES[data.spec.kind]
    report = CompressionReport(
        network.folder / "compression",
        len(codes),
        item_bytes,
        sum(p.nbytes for p in model.parameters()),
        range_bytes,
        _make_table(data, round_trips, sizes, item_bytes * len(codes)),
    )
    with replace_folder(report.folder, network.runs) as folder:
        write_csv(report.table, folder / "table.csv", index="codes")
        np.savez(
            folder / "codes-int8.npz",
            codes=quantizer.quantize(codes),
            zero=quantizer.zero,
            step=quantizer.step,
        )
        if data.spec.kind == "image":
            _plot_images(data, round_trips, codes.shape[1], seed, folder / "images.png")
    return report


def _power_of_two(codes: Tensor) -> float:
    """Returns the power of two by which `codes` are multiplied before they become float16.

    The largest of `codes` is then between 2**14 and 2**15.
    """
    _, exponent = frexp(codes.abs().max().item())
    return 2.0 ** (MAX_EXPONENT - exponent)


def _make_table(
    data: TensorData,
    round_trips: Mapping[str, _FormatRoundTrip],
    sizes: Mapping[str, int],
    total: int,
) -> pd.DataFrame:
    rows = {}
    for name, round_trip in round_trips.items():
        scores = anomaly_scores(round_trip, data.spec, data.splits.test.inputs)
        error = mse_of_scores(scores, data.spec)
        rows[name] = {"bytes": sizes[name], "saved": 1 - sizes[name] / total, "mse": error}
        if data.spec.kind == "image":
            rows[name]["psnr"] = -10 * log10(error) if error else np.inf
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("codes")
    return table.astype({"bytes": int})


def _plot_images(
    data: TensorData,
    round_trips: Mapping[str, _FormatRoundTrip],
    latent_dim: int,
    seed: int,
    path: Path,
) -> None:
    """Plots some test images above their reconstructions from each format."""
    test = data.splits.test
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))
    chosen = test.take(order[:N_PLOTTED_IMAGES].tolist()).inputs
    rows = {f"{data.name}: {prod(data.spec.shape):,} bytes": apply_in_batches(lambda x: x, chosen)}
    for name, round_trip in round_trips.items():
        label = f"{name}: {latent_dim * CODE_BYTES[name]:,}"
        rows[label] = apply_in_batches(round_trip.reconstruct, chosen)
    plot_labeled_grid(rows, f"Decoded from codes of {latent_dim} numbers alone", path)
