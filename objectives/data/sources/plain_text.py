"""Texts in plain letters: Latin ones without accents, those of other scripts as they are."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

MAX_LETTERS = 500
"""Letters that are known at most, the most frequent ones: each is an input of a network."""
MAX_SHOWN_LETTERS = 3  # letters in a note

ASCII_SPELLINGS = {
    **{"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th"},
    **{"ð": "d", "Ð": "D", "đ": "d", "ı": "i", "ĸ": "k", "ŋ": "ng", "Ŋ": "NG", "ſ": "s", "ȷ": "j"},
    **dict.fromkeys("‘’‚‛′`´ʹʻʼʽ", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
}
"""Letters and marks that Unicode does not take apart, as they are written in ASCII."""
LATIN_LETTER_NAME = re.compile(r"LATIN (SMALL|CAPITAL) LETTER ([A-Z]) WITH ")
"""What Unicode calls a letter with a stroke, a hook or the like: Ł, Ø, ħ."""
LETTER_CATEGORIES = (
    "LMNP"  # the categories of Unicode that make texts: letters, marks, digits, punctuation
)


class PlainText(NamedTuple):
    """A text in plain letters.

    Attributes:
        text: The text.
        dropped: What it cannot hold: signs, emoji, what has no width or no meaning.
    """

    text: str
    dropped: str


def to_plain_text(text: str) -> str:
    """Returns a text in plain letters: Latin ones in ASCII, those of other scripts as they are.

    Accents and strokes go. What is neither letter, digit nor punctuation is dropped.

    Example:
        >>> to_plain_text("Łódź, Ślusàrski, Москва")
        'Lodz, Slusarski, Москва'
    """
    return transliterate(text).text


def transliterate(text: str) -> PlainText:
    """Returns a text in plain letters, and what was dropped of it; see `to_plain_text`."""
    if text.isascii() and text.isprintable():
        return PlainText(text.strip(), "")
    written: list[str] = []
    dropped: list[str] = []
    for letter in unicodedata.normalize("NFKC", text):
        spelled = _spell(letter)
        if unicodedata.category(letter) in ("Mn", "Me") and (not written or written[-1] <= "~"):
            continue  # an accent of a Latin letter, for which there is no letter of its own
        if spelled:
            written.append(spelled)
        else:
            dropped.append(letter)
    # What stood between two letters may be gone, and these make one.
    return PlainText(unicodedata.normalize("NFKC", "".join(written)).strip(), "".join(dropped))


@lru_cache(2**16)
def _spell(letter: str) -> str:
    """Returns what stands for a letter in plain texts; nothing where it is dropped."""
    if " " <= letter <= "~":
        return ASCII_SPELLINGS.get(letter, letter)
    if letter.isspace():
        return " "
    if letter in ASCII_SPELLINGS:
        return ASCII_SPELLINGS[letter]
    name = unicodedata.name(letter, "")
    if name.startswith("LATIN"):
        apart = unicodedata.normalize("NFKD", letter)
        bare = "".join(
            ASCII_SPELLINGS.get(part, part)
            for part in apart
            if part <= "~" or part in ASCII_SPELLINGS
        )
        if bare:
            return bare
        if found := LATIN_LETTER_NAME.match(name):
            return found[2] if found[1] == "CAPITAL" else found[2].lower()
    return letter if unicodedata.category(letter)[0] in LETTER_CATEGORIES else ""


def collect_letters(texts: Iterable[str]) -> str:
    """Returns the letters of plain texts, sorted: all, or the most frequent if they are many."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    frequent = sorted(counts, key=lambda letter: (-counts[letter], letter))
    return "".join(sorted(frequent[:MAX_LETTERS]))


class EncodedTexts(NamedTuple):
    """Texts as the numbers of their letters.

    Attributes:
        rows: Whole numbers from 0 to the number of letters, with shape (N, length); 0 is behind
            the end.
        reasons: Why each text cannot be read; empty where it can.
        dropped: How often which letter was dropped from texts that can be read.
        shortened: How many of these have lost a letter.
    """

    rows: Tensor
    reasons: list[str]
    dropped: Mapping[str, int]
    shortened: int


def encode_texts(texts: Sequence[str], letters: str, length: int) -> EncodedTexts:
    """Returns the numbers of the letters of texts, as a network reads them.

    A text without a letter that is known cannot be read, nor one of which most letters and digits
    are not known.

    Args:
        texts: Any texts; they are made plain, and letters that are not known are dropped.
        letters: Those that are known, of which the first has number 1.
        length: Number of letters after which texts are cut, from 1.
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
        reasons.append(_reason(given, text, lost, len(known)))
        if not reasons[-1]:
            rows[index, : len(known)] = torch.tensor(known[:length])
            dropped.update(lost)
            shortened += bool(lost)
    return EncodedTexts(rows, reasons, dropped, shortened)


def _reason(given: str, text: str, lost: str, known: int) -> str:
    """Returns why a text cannot be read, if so."""
    if not given.strip():
        return "is empty"
    if not known:
        return "has no letter that is known"
    meant = sum(map(str.isalnum, text))
    missing = sum(map(str.isalnum, lost))
    if 2 * missing > meant:
        return f"has {missing:,} letters of {meant:,} that are not known"
    return ""


def describe_dropped_letters(found: EncodedTexts) -> str:
    """Returns a line on the letters that were dropped; empty if there are none."""
    if not found.dropped:
        return ""
    most = sorted(found.dropped.items(), key=lambda pair: (-pair[1], pair[0]))
    some = ", ".join(f"{letter!a} ({count:,})" for letter, count in most[:MAX_SHOWN_LETTERS])
    left = len(most) - MAX_SHOWN_LETTERS
    more = f" and {left:,} other{'s' * (left > 1)}" if left > 0 else ""
    texts = "1 text" if found.shortened == 1 else f"{found.shortened:,} texts"
    total = sum(found.dropped.values())
    what = "letters or signs that are not known are"
    if total == 1:
        what = "letter or sign that is not known is"
    return f"{total:,} {what} dropped from {texts}: {some}{more}"
