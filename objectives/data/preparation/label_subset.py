"""Data with fewer labels than there are, as if no more had been written."""

from ..data_error import DataError
from ..parts import split_indices
from ..tensor_data import BATCH_SIZE, STEPS_PER_EPOCH, TensorData

MIN_BATCH_SIZE = 8


def format_label_count(count: int | None, whole: TensorData) -> str:
    """Returns a number of labels as text, None being all of them.

    Raises:
        DataError: If the data has fewer, or there would be none for a class.
    """
    n = len(whole.splits.train)
    if count is None:
        return f"all {n:,}"
    if not len(whole.spec.classes) <= count < n:
        raise DataError(
            f"{count} labels cannot be chosen: {whole.name} has {n:,} to train on, "
            f"of {len(whole.spec.classes)} classes"
        )
    return f"{count:,}"


def load_label_subset(data: str, data_dir: str | None, count: int | None, seed: int) -> TensorData:
    """Returns the data with so many training images, and batches that fit their number."""
    images = TensorData(data, data_dir=data_dir)
    if count is None:
        return images
    train = images.splits.train
    kept, _ = split_indices(train.targets, len(train), 1 - count / len(train), seed)
    batch_size = max(MIN_BATCH_SIZE, min(BATCH_SIZE, count // STEPS_PER_EPOCH))
    images = TensorData(data, data_dir=data_dir, batch_size=batch_size)
    images.splits = images.splits.with_parts(train=train.take(kept))
    return images
