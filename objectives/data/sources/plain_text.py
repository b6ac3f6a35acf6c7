"""Converts text to plain text without accents, and plain text to integers."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

MAX_LETTERS = 500
"""The largest number of known letters, the most frequent ones. Each is an input of a network."""
MAX_SHOWN_LETTERS = 3

ASCII_SPELLINGS = {
    **{"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th"},
    **{"ð": "d", "Ð": "D", "đ": "d", "ı": "i", "ĸ": "k", "ŋ": "ng", "Ŋ": "NG", "ſ": "s", "ȷ": "j"},
    **dict.fromkeys("‘’‚‛′`´ʹʻʼʽ", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
}
"""ASCII spellings of characters that Unicode does not decompose."""
LATIN_LETTER_NAME = re.compile(r"LATIN (SMALL|CAPITAL) LETTER ([A-Z]) WITH ")
"""Matches Unicode names of letters with a stroke, a hook or the like, such as Ł, Ø, ħ."""
LETTER_CATEGORIES = "LMNP"  # Unicode categories of texts: letters, marks, digits, punctuation


class PlainText(NamedTuple):
    """A plain text, and the symbols, emoji and control characters that were dropped from it."""

    text: str
    dropped: str


def to_plain_text(text: str) -> str:
    """Returns a text without accents, strokes and symbols; non-Latin letters are unchanged.

    Example:
        >>> to_plain_text("Łódź, Ślusàrski, Москва")
        'Lodz, Slusarski, Москва'
    """
    return transliterate(text).text


def transliterate(text: str) -> PlainText:
    """Returns the plain text of `text`, and the characters that were dropped from it.

    See `to_plain_text`.
    """
    if text.isascii() and text.isprintable():
        return PlainText(text.strip(), "")
    written: list[str] = []
    dropped: list[str] = []
    for letter in unicodedata.normalize("NFKC", text):
        spelling = _spell_in_ascii(letter)
        if unicodedata.category(letter) in ("Mn", "Me") and (not written or written[-1] <= "~"):
            continue  # an accent of a Latin letter that has no composed form
        if spelling:
            written.append(spelling)
        else:
            dropped.append(letter)
    # A dropped character may have separated two letters that Unicode composes to one.
    return PlainText(unicodedata.normalize("NFKC", "".join(written)).strip(), "".join(dropped))


@lru_cache(2**16)
def _spell_in_ascii(letter: str) -> str:
    if " " <= letter <= "~":
        return ASCII_SPELLINGS.get(letter, letter)
    if letter.isspace():
        return " "
    if letter in ASCII_SPELLINGS:
        return ASCII_SPELLINGS[letter]
    name = unicodedata.name(letter, "")
    if name.startswith("LATIN"):
        parts = [ASCII_SPELLINGS.get(part, part) for part in unicodedata.normalize("NFKD", letter)]
        if base := "".join(part for part in parts if part <= "~"):
            return base
        if match := LATIN_LETTER_NAME.match(name):
            return match[2] if match[1] == "CAPITAL" else match[2].lower()
    return letter if unicodedata.category(letter)[0] in LETTER_CATEGORIES else ""


def collect_letters(texts: Iterable[str]) -> str:
    """Returns the letters in plain texts, sorted; if there are many, only the frequent ones."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    frequent = sorted(counts, key=lambda letter: (-counts[letter], letter))
    return "".join(sorted(frequent[:MAX_LETTERS]))


class EncodedTexts(NamedTuple):
    """Texts as rows of integers, with one integer per letter.

    Attributes:
        rows: Integers with shape (N, length), from 0 to the number of known letters. 0 is padding.
        reasons: Why each text cannot be read; empty if it can be read.
        dropped: How often each unknown letter was dropped from readable texts.
        shortened: Number of readable texts from which at least one letter was dropped.
    """

    rows: Tensor
    reasons: list[str]
    dropped: Mapping[str, int]
    shortened: int


def encode_texts(texts: Sequence[str], letters: str, length: int) -> EncodedTexts:
    """Returns the texts as integers, one per letter; a text is cut after `length` letters.

    `letters` are the known letters. A text cannot be read if it has no known letters, or if most
    of its letters are unknown.
    """
    numbers = {letter: number for number, letter in enumerate(letters, start=1)}
    rows = torch.zeros(len(texts), length, dtype=torch.long)
    reasons: list[str] = []
    dropped: Counter[str] = Counter()
    shortened = 0
    for index, given in enumerate(texts):
        text, lost = transliterate(given)
        lost += "".join(letter for letter in text if letter not in numbers)
        known = [numbers[letter] for letter in text if letter in numbers]
        reasons.append(_unreadable_reason(given, text, lost, len(known)))
        if not reasons[-1]:
            rows[index, : len(known)] = torch.tensor(known[:length])
            dropped.update(lost)
            shortened += bool(lost)
    return EncodedTexts(rows, reasons, dropped, shortened)


def _unreadable_reason(given: str, text: str, lost: str, known: int) -> str:
    if not given.strip():
        return "is empty"
    if not known:
        return "has no letter that is known"
    total, missing = sum(map(str.isalnum, text)), sum(map(str.isalnum, lost))
    if 2 * missing > total:
        return f"has {missing:,} letters of {total:,} that are not known"
    return ""


def describe_dropped_letters(encoded: EncodedTexts) -> str:
    """Returns a line about the letters that were dropped; empty if no letter was dropped."""
    if not encoded.dropped:
        return ""
    letters = sorted(encoded.dropped.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = ", ".join(f"{letter!a} ({count:,})" for letter, count in letters[:MAX_SHOWN_LETTERS])
    others = len(letters) - MAX_SHOWN_LETTERS
    more = f" and {others:,} other{'s' * (others > 1)}" if others > 0 else ""
    texts = "1 text" if encoded.shortened == 1 else f"{encoded.shortened:,} texts"
    total = sum(encoded.dropped.values())
    subject = "letters or signs that are not known are"
    if total == 1:
        subject = "letter or sign that is not known is"
    return f"{total:,} {subject} dropped from {texts}: {shown}{more}"
