"""Names that fit into a picture, however long people have made them."""

from collections import Counter
from collections.abc import Iterable

from .fonts import replace_missing_glyphs

LONGEST = 24
"""Letters of a name; longer ones lose their middle."""


def shorten_label(name: object, longest: int = LONGEST) -> str:
    """Returns a name in one line that is not longer than some letters: its beginning and end.

    Example:
        >>> shorten_label("Iris-setosa-from-the-northern-meadow", 16)
        'Iris-set…-meadow'
    """
    text = " ".join(replace_missing_glyphs(str(name)).split())
    if len(text) <= longest:
        return text
    tail = (longest - 1) // 2
    return f"{text[: longest - 1 - tail]}…{text[len(text) - tail :]}"


def shorten_labels(names: Iterable[object], longest: int = LONGEST) -> list[str]:
    """Returns short names that differ: those that would be the same have their numbers, from 1."""
    short = [shorten_label(name, longest) for name in names]
    counts = Counter(short)
    return [
        name if counts[name] == 1 else f"{name} #{number}"
        for number, name in enumerate(short, start=1)
    ]
