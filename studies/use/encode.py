"""Encoding: the codes of new input."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import torch

from ...models.densities.kde import Codes
from ...models.roles import Encodes
from ...storage.output_files import check_output, new_file
from ...storage.spreadsheet_csv import write_csv
from ..study.defaults import RUNS
from ..study.public_api import public_api
from ..study.study_error import StudyError
from .inference import InferenceNetwork, InferenceResult, Inputs, run_inference
from .prediction_table import add_item_columns
from .trained_network import encode_items


@dataclass(frozen=True)
class Encodings:
    """The codes of new input.

    Attributes:
        names: What each item is called: its path, its row, or the text itself.
        codes: The codes, with shape (N, D), as float32; NaN where an item could not be read.
        reasons: Why each item could not be read; empty where it could.
        unreadable: The same of those that could not, by their names.
    """

    names: list[str]
    codes: Codes = field(repr=False)
    reasons: list[str]
    unreadable: Mapping[str, str]

    def __repr__(self) -> str:
        n, length = len(self.names) - len(self.unreadable), self.codes.shape[1]
        unreadable = f", {len(self.unreadable):,} inputs unread" if self.unreadable else ""
        return f"Encoded({n:,} codes of {length:,} numbers{unreadable})"


@public_api
def encode(
    source: str | Path,
    inputs: Inputs,
    *,
    out: str | Path | None = None,
    runs: str | Path = RUNS,
) -> Encodings:
    """Encodes new input, which is prepared exactly as in training.

    Args:
        source: `STUDY`, `STUDY:17` or path of a model.ckpt, trained by `train` before.
        inputs: One or several; see `predict`.
        out: A file for the codes, which is not there yet: an .npz file gets `codes`, with shape
            (N, D), `names` and `reasons`; a .csv file the columns `input`, `z0`, `z1` and so on,
            and `reason` if an item could not be read.
        runs: The folder with all studies.

    Raises:
        DataError: If inputs are missing or do not fit, or none can be read.
        StudyError: If the model has no `encode`, or its codes are no numbers.
        StorageError: If it was not trained yet, or `out` is there already.

    Example:
        >>> images = latentune.TensorData("digits").splits.test.inputs
        >>> np.save("digits.npy", images[:3].numpy())
        >>> len(latentune.encode("conv-ae-digits", "digits.npy").codes)
        3
    """
    file = None if out is None else Path(out)
    if file is not None:
        check_output(file, (".npz", ".csv"))
    network = InferenceNetwork.load(source, runs)
    model = network.model
    if not isinstance(model, Encodes):
        raise StudyError(f"a {type(model).__name__} has no encode")
    said = run_inference(network.read(inputs), partial(encode_items, model))
    known = torch.cat(said.answers).float().numpy()
    if not np.isfinite(known).all():
        raise StudyError("the network makes codes that are no numbers: train another trial")
    codes = np.full((len(said.names), known.shape[1]), np.nan, dtype=np.float32)
    codes[said.read] = known
    if file is not None:
        with new_file(file) as opened:
            _write(said, codes, opened, file.suffix.lower())
    return Encodings(said.names, codes, said.reasons, said.unreadable)


def _write(
    said: InferenceResult[torch.Tensor], codes: Codes, file: IO[bytes], suffix: str
) -> None:
    if suffix == ".npz":
        names, reasons = np.array(said.names), np.array(said.reasons)
        np.savez_compressed(file, codes=codes, names=names, reasons=reasons)
        return
    table = pd.DataFrame(codes, columns=[f"z{n}" for n in range(codes.shape[1])])
    write_csv(add_item_columns(said, table), file)
