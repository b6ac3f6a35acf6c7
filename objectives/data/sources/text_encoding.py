"""Text encoding: detects the encoding of a text file and decodes it."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from ..data_error import DataError

CONTROL = re.compile("[\0-\x08\x0b\x0e-\x1f]")
SNIFF_LENGTH = 65536
MIN_ZERO_SHARE = 0.4  # share of zeros among every second byte of UTF-16; most characters are ASCII
ASCII = bytes(range(128))
NON_ASCII_RUN = re.compile(rb"[\x80-\xff]{3,}")
"""Three non-ASCII bytes in a row are rare in languages that are written in Windows-1252."""


def decode_text(
    raw: bytes, path: Path | str, as_bytes: bool = False
) -> tuple[str, tuple[str, ...]]:
    """Returns the text of a file in UTF-8, UTF-16, Windows-1252 or Latin-1.

    The second result has a note for the user if the file is not in Unicode. All lines of the text
    end with a line feed. With `as_bytes`, bytes that are not UTF-8 become surrogates,
    as in names of files.
    """
    if not raw.strip():
        raise DataError(f"{path} is empty")
    text, notes = _decode(raw, path, as_bytes)
    if CONTROL.search(text, 0, SNIFF_LENGTH):
        raise DataError(f"{path} is not a text: save it as a CSV file in UTF-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise DataError(f"{path} is empty")
    return text, notes


def _decode(raw: bytes, path: Path | str, as_bytes: bool) -> tuple[str, tuple[str, ...]]:
    utf16 = _utf16_encoding(raw)
    try:
        if utf16 is not None:
            return raw.decode(utf16).removeprefix("\ufeff"), ()
        return raw.decode("utf-8-sig", "surrogateescape" if as_bytes else "strict"), ()
    except UnicodeDecodeError as error:
        if utf16 is not None:
            raise DataError(f"{path} is a broken text in UTF-16: save it in UTF-8") from error
    in_runs = sum(map(len, NON_ASCII_RUN.findall(raw)))
    if 2 * in_runs > len(raw.translate(None, ASCII)):
        raise DataError(
            f"{path} is in an encoding that is neither UTF-8, UTF-16 nor Windows-1252: save it in "
            "UTF-8"
        )
    try:
        return raw.decode("cp1252"), ("it is not in UTF-8, and was read as Windows-1252",)
    except UnicodeDecodeError:
        return raw.decode("latin-1"), ("it is not in UTF-8, and was read as Latin-1",)


def _utf16_encoding(raw: bytes) -> str | None:
    """Returns the encoding of text in UTF-16, by its byte order mark or by its zeros."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    halves = raw[:SNIFF_LENGTH:2], raw[1:SNIFF_LENGTH:2]
    zeros = [half.count(0) for half in halves]
    if max(zeros) <= MIN_ZERO_SHARE * len(halves[0]):
        return None
    return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
