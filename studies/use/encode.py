"""The verb `encode`: latent codes of new items."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import torch

from ...models.densities import Codes
from ...models.roles import Encodes
from ...storage.atomic_write import check_output, new_file
from ...storage.spreadsheet_csv import write_csv
from ..display.result import Result
from ..study.defaults import RUNS
from ..study.public_api import public_api
from .inference import InferenceResult, Inputs, read_inputs, run_inference
from .trained_network import encode_items, load_trained_network, to_finite_codes


@dataclass(frozen=True, repr=False)
class Encodings(Result):
    """Latent codes of new items.

    Attributes:
        names: The name of each item: its path, its row, or the text itself.
        codes: The codes, with shape (N, D), as float32; NaN for unreadable items.
        reasons: For each item, why it could not be read; empty for readable items.
        unreadable: The reasons of the unreadable items. The keys are the names of the items.
        file: The file that the codes were written to; None if `out` was None.
    """

    names: list[str]
    codes: Codes
    reasons: list[str]
    unreadable: Mapping[str, str]
    file: Path | None = None

    def __rich__(self) -> str:
        line = f"codes of shape {self.codes.shape}"
        if self.unreadable:
            line += f", {len(self.unreadable):,} of them NaN: these items could not be read"
        return line if self.file is None else f"wrote {self.file}: {line}"


@public_api
def encode(
    source: str | Path,
    inputs: Inputs,
    *,
    out: str | Path | None = None,
    runs: str | Path = RUNS,
) -> Encodings:
    """Encodes new items, which are prepared as the training items were.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        inputs: One input or several; see `predict`.
        out: A new file for the codes. An .npz file has `codes`, with shape (N, D), `names` and
            `reasons`. A .csv file has the columns `input`, `z0`, `z1` and so on, and `reason` if
            some items could not be read.
        runs: The folder with all studies.

    Raises:
        DataError: If an input is missing or does not fit, or no input can be read.
        StudyError: If the model has no `encode`, or a code is not finite.
        StorageError: If the network has not been trained yet, or `out` exists.

    Example:
        >>> images = latentune.TensorData("digits").splits.test.inputs
        >>> np.save("digits.npy", images[:3].numpy())
        >>> len(latentune.encode("conv-ae-digits", "digits.npy").codes)
        3
    """
    file = None if out is None else Path(out)
    if file is not None:
        check_output(file, (".npz", ".csv"))
    network = load_trained_network(source, runs)
    model = network.model
    if not isinstance(model, Encodes):
        raise network.missing_method_error("encode()")
    result = run_inference(read_inputs(network, inputs), partial(encode_items, model))
    known = to_finite_codes(torch.cat(result.outputs))
    codes = np.full((len(result.names), known.shape[1]), np.nan, dtype=np.float32)
    codes[result.readable] = known
    if file is not None:
        with new_file(file) as opened:
            _write_codes(result, codes, opened, file.suffix.lower())
    return Encodings(result.names, codes, result.reasons, result.unreadable, file)


def _write_codes(
    result: InferenceResult[torch.Tensor], codes: Codes, file: IO[bytes], suffix: str
) -> None:
    if suffix == ".npz":
        names, reasons = np.array(result.names), np.array(result.reasons)
        np.savez_compressed(file, codes=codes, names=names, reasons=reasons)
    else:
        table = pd.DataFrame(codes, columns=[f"z{n}" for n in range(codes.shape[1])])
        write_csv(result.add_item_columns(table), file)
