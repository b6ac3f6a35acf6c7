"""What a terminal may be told: text, whatever a file has called itself."""

import re
from typing import Any, TextIO

CONTROL_CHARACTERS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # what moves the cursor, or begins to
    r"\u202a-\u202e\u2066-\u2069"  # what reverses letters
    r"\ud800-\udfff]"  # what is no letter: names of files may be any bytes
)


def escape_control_characters(text: str) -> str:
    r"""Returns a text with its control characters written out, such as `\x1b`.

    Line ends and tabs stay, and so does a carriage return that begins a bar of its own line.
    """
    bar = "\r" if text.startswith("\r") and not text.endswith("\n") else ""
    return bar + CONTROL_CHARACTERS.sub(_escape_sequence, text.removeprefix(bar))


class EscapingStream:
    """A terminal on which control characters are seen and not obeyed.

    Args:
        stream: The terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream  # where rich, whose own ones are wanted, finds it

    def write(self, text: str) -> int:
        """Writes what can be seen of a text."""
        return self.rich_proxied_file.write(escape_control_characters(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


def _escape_sequence(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
