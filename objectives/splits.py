"""Images with their labels, and how they are split into parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class DataError(ValueError):
    """Data that is missing, empty or broken."""


class Labelled(NamedTuple):
    """Images with values in [0, 1] and shape (N, C, H, W); labels with shape (N,), if any."""

    images: Tensor
    labels: Tensor | None

    def __len__(self) -> int:
        return len(self.images)


class Dataset(NamedTuple):
    """A data set as it was found, before it is split by a seed.

    Attributes:
        train: The part to search and train on.
        test: The part that only final training scores.
        classes: Names of the classes; empty if there are no labels.
        val: The validation part, if the data brings one.
        notes: What a user should know of how it was read.
    """

    train: Labelled
    test: Labelled
    classes: tuple[str, ...]
    val: Labelled | None = None
    notes: tuple[str, ...] = ()


def hold_out(whole: Labelled, fraction: float, seed: int) -> tuple[Labelled, Labelled]:
    """Splits off a fraction, with the same share of each class where there are labels."""
    kept, held = split_indices(whole.labels, len(whole), fraction, seed)
    images, labels = whole
    if labels is None:
        return Labelled(images[kept], None), Labelled(images[held], None)
    return Labelled(images[kept], labels[kept]), Labelled(images[held], labels[held])


def split_indices(
    labels: Tensor | None, n: int, fraction: float, seed: int
) -> tuple[list[int], list[int]]:
    """Returns the indices to keep and those to hold out, sorted, at least one of each."""
    from sklearn.model_selection import train_test_split

    held_out = max(1, round(fraction * n))
    if labels is not None:
        counts = labels.bincount()
        counts = counts[counts > 0]
        # A class of one image, or more classes than places, cannot be stratified.
        if counts.min() < 2 or len(counts) > min(held_out, n - held_out):
            labels = None
    kept, held = train_test_split(range(n), test_size=held_out, random_state=seed, stratify=labels)
    return sorted(kept), sorted(held)
