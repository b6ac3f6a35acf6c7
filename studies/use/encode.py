"""The verb `encode`: latent codes of new items, or of the items of the study."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import torch

from ...models.densities.density import Codes
from ...objectives.data.item_metadata import ITEM_COLUMN
from ...storage.atomic_write import check_output, new_file
from ...storage.parquet_file import require_pyarrow, write_parquet
from ...storage.spreadsheet_csv import write_csv
from ..display.result import Result
from ..study.defaults import RUNS
from ..study.public_api import public_api
from .data_items import DataItems
from .inference import INPUT, REASON, Inputs, read_inputs, run_inference
from .trained_network import (
    PARTS,
    TrainedNetwork,
    encode_items,
    load_trained_network,
    to_finite_codes,
)

FILE_SUFFIXES = (".npz", ".csv", ".parquet")


@dataclass(frozen=True, repr=False)
class Encodings(Result):
    """Latent codes of items.

    Attributes:
        names: The name of each item: its path, its row, or the text itself.
        codes: The codes, with shape (N, D), as float32; NaN for unreadable items.
        reasons: For each item, why it could not be read; empty for readable items.
        unreadable: The reasons of the unreadable items. The keys are the names of the items.
        file: The file that the codes were written to; None if `out` was None.
        table: A row for each item, with its name in the column `input`, and the code in the
            columns `z0`, `z1` and so on. Between them are, for new items, the other columns of the
            input file. For items of the study these are `row`, `part`, `class` or `target`, and
            the columns of the data that are not features. If some items could not be read, the
            last column is `reason`.
    """

    names: list[str]
    codes: Codes
    reasons: list[str]
    unreadable: Mapping[str, str]
    file: Path | None = None
    table: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __rich__(self) -> str:
        line = f"codes of shape {self.codes.shape}"
        if self.unreadable:
            line += f", {len(self.unreadable):,} of them NaN: these items could not be read"
        return line if self.file is None else f"wrote {self.file}: {line}"


@public_api
def encode(
    source: str | Path,
    inputs: Inputs | None = None,
    *,
    out: str | Path | None = None,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> Encodings:
    """Encodes new items, which are prepared as the training items were, or the items of the study.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        inputs: One input or several; see `predict`. If None, the items of the study are encoded:
            the training, the validation and the test part.
        out: A new file for the codes. A .csv or .parquet file has the columns of
            `Encodings.table`. An .npz file has `codes`, with shape (N, D), `names`, `reasons`, and
            an array for each other column.
        data_dir: Folder of torchvision data; None for the one that the search used. Only the items
            of the study are read there.
        runs: The folder with all studies.

    Raises:
        DataError: If an input is missing or does not fit, or no input can be read.
        StudyError: If the model has no `encode`, or a code is not finite.
        StorageError: If the network has not been trained yet, `out` exists, or pyarrow is missing.

    Example:
        >>> images = latentune.TensorData("digits").splits.test.inputs
        >>> np.save("digits.npy", images[:3].numpy())
        >>> len(latentune.encode("conv-ae-digits", "digits.npy").codes)
        3
        >>> latentune.encode("conv-ae-digits").table["part"].value_counts().to_dict()
        {'train': 1294, 'test': 359, 'val': 144}
    """
    file = None if out is None else Path(out)
    if file is not None:
        check_output(file, FILE_SUFFIXES)
        if file.suffix.lower() == ".parquet":
            require_pyarrow(file.name)
    network = load_trained_network(source, runs, data_dir)
    encoded = _encode_items_of_study(network) if inputs is None else _encode(network, inputs)
    if file is None:
        return encoded
    with new_file(file) as opened:
        _write(encoded, opened, file.suffix.lower())
    return replace(encoded, file=file)


def _encode(network: TrainedNetwork, inputs: Inputs) -> Encodings:
    encoder = network.encoder
    result = run_inference(read_inputs(network, inputs), partial(encode_items, encoder))
    known = to_finite_codes(torch.cat(result.outputs))
    codes = np.full((len(result.names), known.shape[1]), np.nan, dtype=np.float32)
    codes[result.readable] = known
    table = result.add_item_columns(_code_table(codes))
    return Encodings(result.names, codes, result.reasons, result.unreadable, table=table)


def _encode_items_of_study(network: TrainedNetwork) -> Encodings:
    data = network.tensor_data
    codes = np.concatenate([network.kept_codes(part) for part in PARTS])
    code_table = _code_table(codes)
    tables = [
        DataItems.of(data, name, part).table((INPUT, *code_table))
        for name, part in zip(PARTS, data.splits[:3], strict=True)
    ]
    items = pd.concat(tables, ignore_index=True).rename(columns={ITEM_COLUMN: INPUT})
    names = items[INPUT].tolist()
    return Encodings(names, codes, [""] * len(names), {}, table=items.join(code_table))


def _code_table(codes: Codes) -> pd.DataFrame:
    return pd.DataFrame(codes, columns=[f"z{n}" for n in range(codes.shape[1])])


def _write(encoded: Encodings, file: IO[bytes], suffix: str) -> None:
    table = encoded.table
    if suffix == ".csv":
        write_csv(table, file)
    elif suffix == ".parquet":
        write_parquet({str(name): column for name, column in table.items()}, file)
    else:
        others = table.drop(columns=[INPUT, *_code_table(encoded.codes), REASON], errors="ignore")
        arrays: Any = {"codes": encoded.codes, "names": encoded.names, "reasons": encoded.reasons}
        arrays |= {str(name): column.tolist() for name, column in others.items()}
        np.savez_compressed(file, **arrays)
