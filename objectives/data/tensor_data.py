"""TensorData: the Lightning data module of all built-in models."""

import copy
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self

from torch import nn

from ...models.data_spec import DataSpec
from .batches import DeviceDataModule, cast_to_model_precision, choose_batch_size
from .data_error import DataError
from .describe_object import conversion_hint, describe_object
from .preparation.augmentation import RandomAugmentation, check_augmentation
from .preparation.binarization import RandomBinarization, binarize
from .preparation.folds import make_fold
from .preparation.normalization import channel_moments, mean_and_std
from .preparation.splits import Splits, describe_splits, read_splits
from .sources.lazy_images import LazyImages
from .sources.resizing import check_image_size
from .sources.source import Source, TableOptions
from .tensor_cache import flush_cache

BATCH_SIZE = 64
STEPS_PER_EPOCH = 64


class TensorData(DeviceDataModule):
    """Data with a training, a validation and a test part; large photographs stay in their files.

    If the source has no validation part, a tenth of the training part is split off, stratified by
    class. A batch is a tuple (inputs, targets), or (inputs,) if the data has no labels. Images
    have shape (N, C, H, W) and values in [0, 1].

    Args:
        name: A built-in data set, such as `digits`; `latentune list` names all. Or the path of a
            folder of images; a folder of .txt files with one text per line; a .csv, .tsv, .csv.gz,
            .tsv.gz, .parquet or .feather file with a table, with texts or with the paths of
            images; a folder of Hugging Face's `save_to_disk`; or a .npy or .npz file.
        data_dir: The folder of torchvision's data. If None, use the folder in the environment
            variable LATENTUNE_DATA. Without that variable, use a cache in the home folder.
        image_size: Side in pixels that images are cropped and scaled to. If None, images keep
            their size if all have the same size of at most 64x64; otherwise use 64.
        normalize: Whether networks standardize their input by the mean and the standard deviation
            of the training part. If None, only rows of a table are standardized.
        batch_size: Number of items in a batch. If None, use 64, or less for small data so that an
            epoch has at least 64 batches.
        seed: Seed of the split into training and validation part.
        cache: The folder that keeps decoded images and large tables. If None, each process reads
            all files.
        numbers: Whether targets are always numbers to predict. If not, integers and texts may be
            classes.
        balanced: Whether training samples each class equally often. Then some items occur several
            times in an epoch, and others not at all.
        augment: Augmentation of training images: `none`, `crop` (crops at random positions), or
            `zoom` (crops at random positions and of random scales). Both crops flip half of the
            images. With augmentation, images are decoded on demand if they are larger than
            `image_size` or take more than 2 GiB.
        table: Options for the columns of a file, such as the target.
        binarize: Whether pixels are random zeros and ones, with their values as probabilities.
            Training images are drawn anew in each epoch; those of the other parts once, by `seed`.
        only: Names of the classes to train on; empty for all.
        deduplicate: Whether training items are left out that are also in the validation or the
            test part.
        min_rows: The least number of rows of a table in a batch if `batch_size` is None.

    Raises:
        DataError: If the data is missing, empty or broken, or an option does not fit.

    Example:
        >>> latentune.TensorData("digits").spec.shape
        (1, 8, 8)
    """

    def __init__(
        self,
        name: str | Path,
        data_dir: str | Path | None = None,
        image_size: int | None = None,
        normalize: bool | None = None,
        batch_size: int | None = None,
        seed: int = 0,
        cache: Path | None = None,
        numbers: bool = False,
        balanced: bool = False,
        augment: str = "none",
        binarize: bool = False,
        table: TableOptions | None = None,
        only: Sequence[str] = (),
        deduplicate: bool = False,
        min_rows: int = 2,
    ) -> None:
        super().__init__()
        if not isinstance(name, str | os.PathLike):
            hint = conversion_hint(name) or "name a data set, a folder or a file"
            raise DataError(f"data is {describe_object(name)}, not a name or a path: {hint}")
        name = os.fspath(name)
        if batch_size is not None and batch_size < 1:
            raise DataError(f"batch_size (={batch_size}) must be at least 1")
        check_image_size(image_size)
        check_augmentation(augment)
        self.name = Path(os.path.abspath(name)).name
        table = TableOptions() if table is None else TableOptions.of(table)
        folder = str(data_dir) if data_dir else None
        self.source = Source(
            name, folder, image_size, numbers, augment != "none", table, tuple(only), deduplicate
        )
        self.seed, self.cache = seed, cache
        self.splits = read_splits(self.source, seed, cache)
        kind = self.splits.spec.kind
        if normalize and kind == "text":
            raise DataError("texts cannot be standardized: leave out `normalize=`")
        if balanced and not self.splits.spec.classes:
            raise DataError(f"{self.name} has no classes to balance: leave out `balanced=`")
        self.normalize = kind == "table" if normalize is None else normalize
        self.balanced = balanced
        self._set_class_weights()
        if augment != "none":
            if kind != "image":
                raise DataError(f"{self.name} holds no images: leave out `augment=`")
            _, height, width = self.splits.spec.shape
            self.augment = RandomAugmentation(augment, (height, width))
        n = len(self.splits.train)
        self.binarize = binarize
        if binarize:
            if kind != "image":
                raise DataError(f"{self.name} holds no images: leave out `binarize=`")
            if augment != "none":
                raise DataError("leave out `binarize=` or `augment=`: both change training images")
            self.augment = RandomBinarization()
        self._read_splits, self.splits = self.splits, self._prepare(self.splits)
        least = min_rows if kind == "table" else 2
        self.batch_size = choose_batch_size(batch_size, n, BATCH_SIZE, STEPS_PER_EPOCH, least)

    def __repr__(self) -> str:
        return f"TensorData({self.name!r}: {describe_splits(self.splits)})"

    @cached_property
    def spec(self) -> DataSpec:
        """The description of the data that a model is built from."""
        (inputs, targets, *_), spec = self.splits.train, self.splits.spec
        if self.normalize:
            mean, std = channel_moments(inputs, self.splits.fingerprint)
            spec = replace(spec, mean=mean, std=std)
        if targets is None:
            return spec
        if targets.is_floating_point():
            target_mean, target_std = mean_and_std([targets.reshape(len(targets), -1)])
            return replace(spec, target=(*target_mean.tolist(), *target_std.tolist()))
        shares = targets.bincount(minlength=len(spec.classes)) / len(targets)
        return replace(spec, shares=tuple(shares.tolist()))

    def fold(self, index: int, folds: int) -> Self:
        """Returns the data with fold `index` as the validation part; the test part is unchanged.

        Args:
            index: Number of the fold, from 0.
            folds: Number of folds, at least 2.

        Raises:
            DataError: If there are fewer items than folds or the source has a validation part.
        """
        other = copy.copy(self)
        other._device_columns = {}
        other._read_splits = make_fold(self._read_splits, index, folds, self.seed)
        other.splits = other._prepare(other._read_splits)
        vars(other).pop("spec", None)  # the training part has other statistics
        other._set_class_weights()
        return other

    @property
    def fingerprint(self) -> str:
        """A hash that depends on all items, their targets and the split."""
        return self.splits.fingerprint

    @property
    def streamed(self) -> bool:
        """Whether images are decoded on demand; see `LazyImages`."""
        return isinstance(self.splits.train.inputs, LazyImages)

    def _prepare(self, splits: Splits) -> Splits:
        """Returns the parts that were read, with binarized images for evaluation if wanted."""
        if not self.binarize:
            return splits
        val, test = (binarize(part, self.seed) for part in (splits.val, splits.test))
        return splits._replace(val=val, test=test)

    def cast_to_model(self, model: nn.Module) -> None:
        """Casts all parts to float64 or float32; see `cast_to_model_precision`."""
        train, val, test = (cast_to_model_precision(model, part) for part in self.splits[:3])
        self.splits = self.splits._replace(train=train, val=val, test=test)

    def _set_class_weights(self) -> None:
        targets = self.splits.train.targets
        if self.balanced and targets is not None:
            self.weights = 1 / targets.bincount()[targets].double()

    def setup(self, stage: str) -> None:
        flush_cache()
        if self.trainer is not None:
            self.cast_to_model(self.trainer.lightning_module)
        for name in ("test",) if stage == "test" else ("train", "val"):
            self.move_to_device(name, getattr(self.splits, name))
