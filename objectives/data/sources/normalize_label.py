"""One way to write each name: of classes, categories and columns."""

import unicodedata


def normalize_label(text: str) -> str:
    r"""Returns a name without blanks around it, in Unicode's composed form (NFC).

    The same name is written in two ways by different systems: `ü` as one letter, or as `u` and
    two dots.

    Example:
        >>> normalize_label(" Mu\u0308ller ") == "M\u00fcller"
        True
    """
    return unicodedata.normalize("NFC", text.strip())
