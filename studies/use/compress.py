"""Compression: how many bytes the codes of items take, and what is lost when they are decoded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import frexp, inf, log10, prod
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ...models.quantizer import Quantizer
from ...models.roles import Codec
from ...objectives.data.batches import apply_in_batches
from ...objectives.data.tensor_data import TensorData
from ...objectives.metrics.anomaly_scores import anomaly_scores, reconstruction_mse
from ...storage.runs_folder import Runs, replace_folder
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.image_grids import plot_labeled_grid
from ..study.defaults import RUNS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_seed
from .trained_network import load_trained_network

SHOWN = 10
BYTES = {"image": 1, "table": 4}
"""Bytes of a value of an item: of a pixel as image files have it, of a feature as float32."""
LARGEST_EXPONENT = 15  # of a float16; items of the test part may be twice as far from 0
FORMATS = {"float32": 4, "float16": 2, "int8": 1}
"""Bytes of a number of a code."""


@dataclass(frozen=True)
class CompressionReport:
    """What the codes of a test part take, beside the items.

    Attributes:
        folder: The folder with `table.csv`, `codes-int8.npz` and, of images, `images.png`.
        items: Number of items in the test part.
        item: Bytes of an item.
        network: Bytes of the network's weights, which are not counted.
        ranges: Bytes of the range of each dimension, which is counted with `int8`.
        table: A row for each format of the codes: `bytes` of all of them, the share `saved`, and
            the error `mse` of a value of what is decoded from them; of images `psnr`, in decibels.
    """

    folder: Path
    items: int
    item: int
    network: int
    ranges: int
    table: pd.DataFrame

    @property
    def verdict(self) -> str:
        """What eight bits save, and what they cost."""
        plain, small = self.table.loc["float32"], self.table.loc["int8"]
        if small["saved"] <= 0:
            return "even as int8 the codes are no smaller than the items: take a shorter code"
        cost = "no larger than"
        if small["mse"] > plain["mse"]:
            more = small["mse"] / plain["mse"] - 1 if plain["mse"] else inf
            cost = f"{more:.2%} larger than" if more < inf else f"{small['mse']:.3g} beside 0,"
        return f"int8 saves {small['saved']:.2%}, and its error is {cost} that of float32"

    def __str__(self) -> str:
        lines = [
            f"{self.items:,} test items of {self.item:,} bytes: {self.items * self.item:,}",
            *self.table.to_string(
                formatters={
                    "bytes": "{:,}".format,
                    "saved": "{:.2%}".format,
                    "mse": "{:.5g}".format,
                    "psnr": "{:.2f} dB".format,
                }
            ).splitlines(),
            self.verdict,
            f"int8 counts {self.ranges:,} bytes of ranges, taken from the training part; "
            f"the network, {self.network:,} bytes, is not counted",
            f"wrote {self.folder}",
        ]
        return "\n".join(lines)

    __repr__ = __str__  # what a notebook shows


@dataclass(frozen=True)
class _FormatRoundTrip:
    """Draws items from codes that have gone through a format, and from nothing else.

    Attributes:
        model: The network.
        through: Maps codes, with shape (N, D), to what is left of them.
    """

    model: Codec
    through: Callable[[Tensor], Tensor]

    def reconstruct(self, x: Tensor) -> Tensor:
        """Draws items x, with shape (N, *data.shape), again."""
        codes = self.model.encode(x)
        return self.model.decode(self.through(codes.flatten(1)).view_as(codes))


@public_api
def compress(
    source: str,
    *,
    seed: int = SEED,
    data_dir: str | None = None,
    runs: str | Path = RUNS,
) -> CompressionReport:
    """Weighs the codes of the test part against its items, and decodes them again.

    Codes are kept as 32 bits; as 16, multiplied by a power of two, so that those of any size are
    in their range; or as 8 in even steps of each dimension's range. Powers and ranges are those of
    the training part. The error of `float32` is that of the network alone.

    The folder `compression` of the final training then holds the table, ten images beside what
    each format has left of them, and `codes-int8.npz`, of which
    `model.decode(zero + codes * step)` draws the test part.

    Args:
        source: `STUDY`, `STUDY:17` or path of a model.ckpt, trained by `train` before.
        seed: Chooses the images.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.

    Raises:
        StudyError: If the model has no `encode` and `decode`, or its data are texts.
        StorageError: If it was not trained yet, or a file cannot be written.

    Example:
        >>> list(latentune.compress("conv-ae-digits").table.index)
        ['float32', 'float16', 'int8']
    """
    check_seed(seed)
    trained = load_trained_network(source, runs, data_dir)
    model, data = trained.model, trained.items
    if not isinstance(model, Codec):
        raise StudyError(f"a {type(model).__name__} has no encode and decode to compress with")
    if data.spec.kind not in BYTES:
        raise StudyError(f"{data.name} holds texts, of which no error can be measured")
    known, codes = (torch.from_numpy(trained.codes(part)[0]) for part in ("train", "test"))
    steps, power = Quantizer.fit(known), _power_of_two(known)
    ways = {
        "float32": _FormatRoundTrip(model, lambda z: z),
        "float16": _FormatRoundTrip(model, lambda z: (z * power).half().float() / power),
        "int8": _FormatRoundTrip(model, lambda z: steps.dequantize(steps.quantize(z))),
    }
    ranges = steps.zero.nbytes + steps.step.nbytes
    sizes = {name: codes.numel() * width for name, width in FORMATS.items()}
    sizes["int8"] += ranges
    item = prod(data.spec.shape) * BYTES[data.spec.kind]
    compressed = CompressionReport(
        trained.folder / "compression",
        len(codes),
        item,
        sum(p.nbytes for p in model.parameters()),
        ranges,
        _table(data, ways, sizes, item),
    )
    with replace_folder(compressed.folder, Runs(Path(runs))) as folder:
        write_csv(compressed.table, folder / "table.csv", index="codes")
        numbers = steps.quantize(codes)
        np.savez(folder / "codes-int8.npz", codes=numbers, zero=steps.zero, step=steps.step)
        if data.spec.kind == "image":
            _draw(data, ways, codes.shape[1], seed, folder / "images.png")
    return compressed


def _power_of_two(codes: Tensor) -> float:
    """Returns by what codes are multiplied to come near the largest number of 16 bits."""
    _, exponent = frexp(codes.abs().max().item())
    return 2.0 ** (LARGEST_EXPONENT - exponent)


def _table(
    data: TensorData, ways: Mapping[str, _FormatRoundTrip], sizes: Mapping[str, int], item: int
) -> pd.DataFrame:
    test = data.splits.test.inputs
    rows = {}
    for name, way in ways.items():
        error = reconstruction_mse(anomaly_scores(way, data.spec, test), data.spec)
        saved = 1 - sizes[name] / (item * len(test))
        rows[name] = {"bytes": sizes[name], "saved": saved, "mse": error}
        if data.spec.kind == "image":
            rows[name]["psnr"] = -10 * log10(error) if error else np.inf
    return pd.DataFrame.from_dict(rows, orient="index").astype({"bytes": int})


def _draw(
    data: TensorData, ways: Mapping[str, _FormatRoundTrip], length: int, seed: int, path: Path
) -> None:
    """Draws some test images, and what each format has left of them."""
    test = data.splits.test
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))
    chosen = test.take(order[:SHOWN].tolist()).inputs
    rows = {f"{data.name}: {prod(data.spec.shape):,} bytes": apply_in_batches(lambda x: x, chosen)}
    for name, way in ways.items():
        rows[f"{name}: {length * FORMATS[name]:,}"] = apply_in_batches(way.reconstruct, chosen)
    plot_labeled_grid(rows, f"Decoded from codes of {length} numbers alone", path)
