"""Escaping of control characters, so that a file name cannot control the terminal."""

import re
from typing import Any, TextIO

CONTROL_CHARACTERS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # characters that move the cursor
    r"\u202a-\u202e\u2066-\u2069"  # characters that reverse the direction of text
    r"\ud800-\udfff]"  # surrogates, which stand for bytes of file names
)


def escape_control_characters(text: str) -> str:
    r"""Returns a text with escape sequences such as `\x1b` in place of control characters.

    Line ends and tabs are kept. So is a carriage return at the start, as progress bars write it.
    """
    bar = "\r" if text.startswith("\r") and not text.endswith("\n") else ""
    return bar + CONTROL_CHARACTERS.sub(_escape_sequence, text.removeprefix(bar))


class EscapingStream:
    """A text stream that escapes control characters and writes to another stream.

    Args:
        stream: The stream of a terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream  # rich finds the terminal here for its own codes

    def write(self, text: str) -> int:
        """Writes a text with its control characters escaped."""
        return self.rich_proxied_file.write(escape_control_characters(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


def _escape_sequence(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
