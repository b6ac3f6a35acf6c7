"""What a user names as new input, read as what the network was trained on."""

from collections.abc import Callable, Sequence

from ....models.data_spec import Kind
from ..errors import DataError
from .images import new_images
from .items import NewItems, Preparation
from .tables import new_rows
from .texts import new_texts

READERS: dict[Kind, Callable[[Sequence[str], Preparation], list[NewItems]]] = {
    "image": new_images,
    "table": new_rows,
    "text": new_texts,
}


def read_inputs(given: Sequence[str], like: Preparation) -> list[NewItems]:
    """Reads new items, each prepared as those of training were.

    Args:
        given: Files, folders, globs, texts, or `-` for standard input; at least one.
        like: How the items of training were prepared.

    Raises:
        DataError: If there are none, or they are missing, broken or of another kind.
    """
    if not given:
        raise DataError("name at least one input: a file, a folder or a text")
    return READERS[like.spec.kind](given, like)
