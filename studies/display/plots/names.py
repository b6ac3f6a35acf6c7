"""Names that fit into a picture, however long people have made them."""

from collections import Counter
from collections.abc import Iterable

from .glyphs import drawable

LONGEST = 24
"""Letters of a name; longer ones lose their middle."""


def short_name(name: object, longest: int = LONGEST) -> str:
    """Returns a name in one line that is not longer than some letters: its beginning and end.

    Example:
        >>> short_name("Iris-setosa-from-the-northern-meadow", 16)
        'Iris-set…-meadow'
    """
    text = " ".join(drawable(str(name)).split())
    if len(text) <= longest:
        return text
    tail = (longest - 1) // 2
    return f"{text[: longest - 1 - tail]}…{text[len(text) - tail :]}"


def short_names(names: Iterable[object], longest: int = LONGEST) -> list[str]:
    """Returns short names that differ: those that would be the same have their numbers, from 1."""
    short = [short_name(name, longest) for name in names]
    counts = Counter(short)
    return [
        name if counts[name] == 1 else f"{name} #{number}"
        for number, name in enumerate(short, start=1)
    ]
