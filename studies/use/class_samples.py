"""Samples of one class or of each class, from densities of the latent codes of the class."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from rich.console import RenderableType
from torch import Tensor

from ...models.densities.density import Codes, Density
from ...models.densities.methods import DENSITIES, MIN_CODES
from ...models.networks.standardize import cast_input
from ...models.roles import Codec
from ...models.vae import VAE
from ...objectives.data.batches import apply_in_batches
from ...objectives.data.parts import Items, Part
from ...objectives.metrics.image_features import ImageFeatures, image_features, unratable_reason
from ...objectives.metrics.image_quality import image_quality
from ...objectives.metrics.latent_scores import best_density
from ...objectives.progress import progress
from ...search_spaces.space_errors import did_you_mean
from ...storage.folder_replacement import replace_folder
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.image_grids import IMAGES_PER_ROW, plot_labeled_grid
from ..display.result import FolderResult, frame_table
from ..study.study_error import StudyError
from .trained_network import PARTS, TrainedNetwork, encode_items, to_finite_codes

ALL_CLASSES = "all"
MIN_PCA_DIMENSIONS = 4
"""Minimum number of latent dimensions for the method `pca-kde`."""
MIN_CLASS_CODES = 2
FID, KID = "FID, test", "KID, test"

log = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class ClassSamples(FolderResult):
    """Samples of classes from the latent space of a trained network.

    Attributes:
        folder: The folder with a density for each class, `codes.npz`, `table.csv` and, if the
            items are images, `samples.png` with a row for each class.
        table: A row for each class: its density, and the FID and KID of decoded samples beside
            the test images of the class. FID is missing if there are too few of them.
        unrated: Why there are no FID and KID; None if there are.
        n_features: Number of features of an image behind FID and KID; 0 if there are none.
    """

    table: pd.DataFrame
    unrated: str | None
    n_features: int

    def lines(self) -> list[RenderableType]:
        table = frame_table(self.table, dict.fromkeys((FID, KID), "{:.4g}".format))
        if self.unrated is not None:
            return [table, f"not rated: {self.unrated}"]
        if self.table[FID].isna().any():
            return [table, f"FID needs more than {self.n_features} test images of a class"]
        return [table]


def sample_classes(
    network: TrainedNetwork,
    class_name: str,
    methods: Sequence[str],
    n: int,
    seed: int,
    features_file: str | Path | None,
) -> ClassSamples:
    """Samples n items of one class, or of each class if `class_name` is `all`.

    A conditional VAE is told the class when it encodes and decodes. The density of a class is that
    of `methods`, or of a Gaussian, a mixture and kernels the one under which its validation codes
    are likeliest.

    Raises:
        StudyError: If the network does not encode and decode, there is no such class, it has too
            few training items, or several methods are given.
    """
    model, data = network.model, network.tensor_data
    if not isinstance(model, Codec):
        raise network.missing_method_error(
            "encode() and decode()", "samples of a class are decoded from codes of its items"
        )
    if len(methods) > 1 or "prior" in methods:
        raise StudyError("a class is sampled from one density of its codes: name one method")
    chosen = _choose_classes(class_name, data.spec.classes, str(data.name))
    train, val, test = (network.part(name, seed) for name in PARTS)
    unrated = unratable_reason(data, n)
    features = None if unrated else image_features(data, features_file)
    rows, sampled, densities, decoders = {}, {}, {}, {}
    with progress("sampling classes", len(chosen)) as advance:
        for number, name in chosen.items():
            codec = _class_codec(model, number)
            own, held_out = (_encode(codec, _take_class(part, number)) for part in (train, val))
            density = _fit(name, own, held_out, methods, seed)
            sampled[name], densities[number] = density.sample(n, seed), density
            decoders[name] = codec.decode
            rows[name] = {"training items": len(own), "density": str(density)}
            if features is not None:
                rows[name] |= {FID: float("nan"), KID: float("nan")}
                real = _take_class(test, number)
                rows[name] |= _rate(codec.decode, features, real, sampled[name], seed)
            advance(1)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("class")
    result = ClassSamples(
        network.folder / "class-samples",
        table,
        unrated,
        0 if features is None else features.length,
    )
    with replace_folder(result.folder, network.runs) as folder:
        for number, density in densities.items():
            density.save(folder / f"class-{number}.npz")
        names = np.repeat(list(sampled), n)
        np.savez_compressed(
            folder / "codes.npz", codes=np.concatenate(list(sampled.values())), classes=names
        )
        write_csv(table, folder / "table.csv", index="class")
        if data.spec.kind == "image":
            images = {name: _decode(decoders[name], found) for name, found in sampled.items()}
            plot_labeled_grid(images, "Decoded samples of each class", folder / "samples.png")
    return result


class _ClassCodec(NamedTuple):
    """Functions that encode and decode items of a class."""

    encode: Callable[[Tensor], Tensor]
    decode: Callable[[Tensor], Tensor]


def _class_codec(model: Codec, number: int) -> _ClassCodec:
    """Returns the codec of class `number`; only a conditional VAE is told the class."""
    if not isinstance(model, VAE) or (condition := model.condition) is None:
        return _ClassCodec(partial(encode_items, model), model.decode)

    def classes(batch: Tensor) -> Tensor:
        found: Tensor = condition(torch.full((len(batch),), number))
        return found

    return _ClassCodec(
        lambda x: model.encode(cast_input(model, x), classes(x)),
        lambda z: model.decode(z, classes(z)),
    )


def _take_class(part: Part, number: int) -> Items:
    if part.targets is None:
        raise StudyError("the data have no labels, so there are no classes to sample")
    return part.take(torch.nonzero(part.targets == number).flatten().tolist()).inputs


def _encode(codec: _ClassCodec, items: Items) -> Codes:
    if not len(items):
        return np.empty((0, 1), dtype="float32")
    return to_finite_codes(apply_in_batches(codec.encode, items))


def _choose_classes(name: str, classes: Sequence[str], data: str) -> dict[int, str]:
    """Returns the names of the chosen classes; the keys are their numbers."""
    if not classes:
        raise StudyError(f"{data} has no classes to sample")
    if name == ALL_CLASSES:
        return dict(enumerate(classes))
    if name not in classes:
        hint = did_you_mean(name, [*classes, ALL_CLASSES])
        raise StudyError(f"{data} has no class {name!r}; {hint}")
    return {list(classes).index(name): name}


def _fit(name: str, codes: Codes, val: Codes, methods: Sequence[str], seed: int) -> Density:
    least = max(MIN_CODES[method] for method in methods) if methods else MIN_CLASS_CODES
    if len(codes) < least:
        raise StudyError(
            f"class {name} has {len(codes)} training items, and its density needs {least}"
        )
    if "pca-kde" in methods and codes.shape[1] < MIN_PCA_DIMENSIONS:
        raise StudyError(
            f"method 'pca-kde' does not fit: it needs {MIN_PCA_DIMENSIONS} latent dimensions, "
            f"not {codes.shape[1]}"
        )
    if not len(val):
        log.info(
            "class %s has no validation items: its density is chosen by those of training", name
        )
    held_out = val if len(val) else codes
    if methods:
        return DENSITIES[methods[0]](None, codes, held_out, seed)
    return best_density(codes, held_out, seed)


def _rate(
    decode: Callable[[Tensor], Tensor],
    features: ImageFeatures,
    real: Items,
    codes: Codes,
    seed: int,
) -> dict[str, float]:
    """Returns FID and KID of decoded codes and the test images of their class."""
    size = min(len(real), len(codes))
    if size < MIN_CLASS_CODES * 2:
        return {}
    images = apply_in_batches(decode, torch.from_numpy(codes[:size]))
    real = apply_in_batches(features.compute, real)
    found = image_quality(real, apply_in_batches(features.compute, images), seed)
    return {FID: found.fid if size > features.length else float("nan"), KID: found.kid}


def _decode(decode: Callable[[Tensor], Tensor], codes: Codes) -> Tensor:
    return apply_in_batches(decode, torch.from_numpy(codes[:IMAGES_PER_ROW]))
