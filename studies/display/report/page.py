"""Renders templates of pages. All values are escaped, and passwords in them are masked."""

from functools import cache
from pathlib import Path
from typing import Any

from ....storage.redact import redact

TEMPLATES = Path(__file__).parent / "templates"
GENERATOR = "latentune report"
"""What the header of a page says, so that a page is known to be a report."""


@cache
def environment() -> Any:
    """Returns the environment of Jinja2 with the templates of this folder."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_mask_passwords,
    )


def render_page(template: str, **facts: Any) -> str:
    """Returns the page that a template makes of `facts`."""
    return str(environment().get_template(template).render(generator=GENERATOR, **facts))


def is_report(path: Path) -> bool:
    """Returns whether a file is a page that `render_page` has made."""
    with path.open("rb") as file:
        return f'content="{GENERATOR}'.encode() in file.read(1000)


def _mask_passwords(value: Any) -> Any:
    return redact(value) if type(value) is str else value  # a data URI is not a plain text
