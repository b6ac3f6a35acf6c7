"""Renders the card of a trained network as Markdown, in which names are shown as they are."""

import re
from functools import cache
from typing import Any

from markupsafe import Markup

from ....storage.redact import redact
from .page import TEMPLATES

_MARKS = re.compile(r"[\\`*\[\]<>|~&$]|(?<!\w)_|_(?!\w)|^[#+=-]")
"""Matches the characters that Markdown interprets, some of them only where a line begins."""
_LIST_NUMBER = re.compile(r"^(\d{1,9})([.)](?:\s|$))")


def render_card(**facts: Any) -> str:
    """Returns the card of a trained network, as Markdown. All facts are shown as they are."""
    return str(_environment().get_template("card.md.jinja").render(**facts))


def escape_markdown(text: str) -> str:
    r"""Returns Markdown that is shown as exactly this text, in one line.

    Example:
        >>> escape_markdown("<b>test_mse</b>")
        '\\<b\\>test_mse\\</b\\>'
    """
    escaped = _MARKS.sub(r"\\\g<0>", " ".join(text.split()))
    return _LIST_NUMBER.sub(r"\1\\\2", escaped)


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,  # noqa: S701 - `finalize` escapes Markdown, and HTML in it
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    made.filters["number"] = _format_number
    return made


def _finalize(value: Any) -> str:
    return value if isinstance(value, Markup) else escape_markdown(redact(str(value)))


def _format_number(value: float) -> Markup:
    text = f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
    return Markup(text)  # noqa: S704 - a number
