"""What a user names as new input, read as what the network was trained on."""

from collections.abc import Callable, Sequence

from ....models.data_spec import Kind
from ..data_error import DataError
from .new_images import read_new_images
from .new_items import NewItems, Preparation
from .new_rows import read_new_rows
from .new_texts import read_new_texts

READERS_BY_KIND: dict[Kind, Callable[[Sequence[str], Preparation], list[NewItems]]] = {
    "image": read_new_images,
    "table": read_new_rows,
    "text": read_new_texts,
}


def read_new_items(given: Sequence[str], preparation: Preparation) -> list[NewItems]:
    """Reads new items, each prepared as those of training were.

    Args:
        given: Files, folders, globs, texts, or `-` for standard input; at least one.
        preparation: How the items of training were prepared.

    Raises:
        DataError: If there are none, or they are missing, broken or of another kind.
    """
    if not given:
        raise DataError("name at least one input: a file, a folder or a text")
    return READERS_BY_KIND[preparation.spec.kind](given, preparation)
