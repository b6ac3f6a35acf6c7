"""The verb `traverse`: what each dimension of the latent code changes in a decoded item."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from rich.console import RenderableType
from torch import Tensor

from ...models.densities.density import Codes
from ...models.networks.standardize import cast_input
from ...models.roles import Codec, HasPosterior
from ...objectives.data.batches import apply_in_batches
from ...objectives.data.parts import Items
from ...storage.folder_replacement import replace_folder
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.image_grids import plot_labeled_grid
from ..display.result import FolderResult, frame_table
from ..study.defaults import RUNS, TRAVERSED_DIMENSIONS
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_at_least
from .factors import score_factors
from .trained_network import TrainedNetwork, load_trained_network

QUANTILES = np.linspace(0.05, 0.95, 10)
KL, VARIANCE = "KL (nats)", "variance"


@dataclass(frozen=True, repr=False)
class Traversals(FolderResult):
    """What each dimension of the latent code changes.

    Attributes:
        folder: The folder with `dimensions.csv` and, for images, `traversals.png` with a row of
            images for each dimension; for a table, `rows.csv` has the decoded rows instead.
        table: A row for each dimension, the one that says most about an item first: the mean KL
            divergence of its posterior from the standard normal density if the network is a VAE,
            otherwise the variance of its codes; and the smallest and the largest value decoded.
        factors: A row for each factor: how well a single dimension stands for it; None without
            factors. `factors.csv` holds it, too.
    """

    table: pd.DataFrame
    factors: pd.DataFrame | None

    def lines(self) -> list[RenderableType]:
        formats = dict.fromkeys(map(str, self.table), "{:.4g}".format)
        lines: list[RenderableType] = [frame_table(self.table, formats)]
        if self.factors is not None:
            mig, sap = self.factors["MIG"].mean(), self.factors["SAP"].mean()
            lines += [
                frame_table(self.factors, dict.fromkeys(("MIG", "SAP"), "{:.3f}".format)),
                f"mean MIG {mig:.3f}, mean SAP {sap:.3f}",
            ]
        return lines


@public_api
def traverse(
    source: str | Path,
    *,
    item: int | None = None,
    dimensions: int = TRAVERSED_DIMENSIONS,
    factors: Sequence[str] = (),
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> Traversals:
    """Decodes latent codes in which one dimension at a time goes through its quantiles.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        item: Index, from 0, of the validation item whose code is changed; None for the median of
            the training codes.
        dimensions: Number of dimensions, at most; those that say most about an item come first.
        factors: What is known of the items, such as their size or position: columns of the data,
            or `FILE.csv:COLUMN` with a column that names the items. It is measured how well single
            dimensions of the codes of test items stand for each factor, by the mutual information
            gap (MIG) and the gap of separated attribute predictability (SAP). Numbers are taken as
            numbers, so name categories by words.
        data_dir: Folder of torchvision data; None for the one that the search used.
        runs: The folder with all studies.

    Raises:
        StudyError: If the network does not encode and decode, a number is out of range, or a
            factor is not found or has one value.
        StorageError: If the network has not been trained yet, or a file cannot be written.

    References:
        beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework
        (Higgins et al., 2017)
        Isolating Sources of Disentanglement in Variational Autoencoders (Chen, Li, Grosse,
        Duvenaud, 2018): MIG
        Variational Inference of Disentangled Latent Concepts from Unlabeled Observations (Kumar,
        Sattigeri, Balakrishnan, 2018): SAP

    Example:
        >>> found = latentune.traverse("conv-ae-digits", dimensions=3)
        >>> [path.name for path in found.figures]
        ['traversals.png']
    """
    check_at_least("dimensions", dimensions, 1)
    network = load_trained_network(source, runs, data_dir)
    model, data = network.model, network.tensor_data
    if not isinstance(model, Codec):
        raise network.missing_method_error(
            "encode() and decode()", "a traversal decodes changed latent codes"
        )
    if data.spec.kind == "text":
        raise StudyError(f"{data.name} holds texts, which are not decoded from codes")
    codes = network.codes("train")[0]
    center = np.median(codes, axis=0) if item is None else _code_of(network, item)
    measure, values = _informativeness(model, data.splits.train.inputs, codes)
    order = np.argsort(-values, kind="stable")[:dimensions]
    steps = np.quantile(codes[:, order], QUANTILES, axis=0).astype("float32")
    table = pd.DataFrame(
        {measure: values[order], "from": steps[0], "to": steps[-1]},
        index=pd.Index(order, name="dimension"),
    )
    decoded = {
        dimension: _decode(model, center, dimension, steps[:, row])
        for row, dimension in enumerate(order.tolist())
    }
    scores = score_factors(network, factors, codes) if factors else None
    result = Traversals(network.folder / "traversals", table, scores)
    with replace_folder(result.folder, network.runs) as folder:
        write_csv(table, folder / "dimensions.csv", index="dimension")
        if scores is not None:
            write_csv(scores, folder / "factors.csv", index="factor")
        if data.spec.kind == "image":
            rows = {f"{n}: {values[n]:.3g}": images for n, images in decoded.items()}
            plot_labeled_grid(
                rows, f"Dimensions of the code, by {measure}", folder / "traversals.png"
            )
        else:
            write_csv(_decoded_rows(decoded, steps, data.spec.features), folder / "rows.csv")
    return result


def _code_of(network: TrainedNetwork, item: int) -> Codes:
    codes = network.codes("val")[0]
    if not 0 <= item < len(codes):
        raise StudyError(f"there is no validation item {item}: they go from 0 to {len(codes) - 1}")
    code: Codes = codes[item]
    return code


def _informativeness(model: Codec, items: Items, codes: Codes) -> tuple[str, NDArray[np.float64]]:
    """Returns the name of a measure of each dimension of the code, and its values (D,)."""
    if not isinstance(model, HasPosterior):
        return VARIANCE, codes.var(0, dtype=np.float64)
    posterior = model.posterior

    def divergence(x: Tensor) -> Tensor:
        mean, log_variance = posterior(cast_input(model, x))
        return (mean**2 + log_variance.exp() - 1 - log_variance) / 2

    return KL, apply_in_batches(divergence, items).double().mean(0).numpy()


def _decode(model: Codec, center: Codes, dimension: int, values: Codes) -> Tensor:
    changed = torch.from_numpy(np.repeat(center[None], len(values), axis=0).astype("float32"))
    changed[:, dimension] = torch.from_numpy(values)
    return apply_in_batches(model.decode, changed)


def _decoded_rows(
    decoded: dict[int, Tensor], steps: Codes, features: tuple[str, ...]
) -> pd.DataFrame:
    parts: list[Any] = []
    for column, (dimension, rows) in enumerate(decoded.items()):
        names = list(features) or [str(number) for number in range(rows.shape[1])]
        part = pd.DataFrame(rows.numpy(), columns=names)
        part.insert(0, "value", steps[:, column])
        part.insert(0, "dimension", dimension)
        parts.append(part)
    joined: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return joined
