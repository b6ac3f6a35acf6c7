"""Writes docs/reproduced.md, its picture and the table in README.md from the kept results.

python -m benchmarks.reproduce.page              # from those in benchmarks/reproduce/results
python -m benchmarks.reproduce.page reproduced   # adds those of a reproduction, and keeps them
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pandas as pd

from .reproduction import RESULTS, load_results
from .table import make_table, markdown, plot_relative_errors, relative_errors

KEPT = Path(__file__).with_name(RESULTS)
DOCS = Path(__file__).parents[2] / "docs"
README = DOCS.with_name("README.md")
README_TABLE = re.compile("(?<=<!-- published systems -->\n).*?(?=<!-- end -->)", re.DOTALL)
README_ROWS = ("A1", "A2", "A4", "V2", "C1", "C2-1000", "C4", "H1")
"""The rows that stand for all others in README.md."""
FAMILIES = {
    "A": "Autoencoders",
    "V": "Variational autoencoders",
    "G": "Adversarial networks",
    "M": "Metric learning",
    "C": "Classifiers",
    "H": "Heads on a trained encoder",
    "L": "Likelihood",
    "O": "One class is normal",
    "F": "Few labels",
    "I": "Images beside those of papers",
    "U": "What a trained network is used for",
}
"""The titles of families, by the first letter of their rows."""
INTRODUCTION = """\
# Published systems, run again

Each system runs with its published settings, and once more with a search. `make reproduce` runs
all of them, and `make reproduce ROWS="A4 C2"` some; results of earlier runs are kept. This page is
written by `python -m benchmarks.reproduce.page` from what was kept.

All figures are on the test part, which no search sees. A spread is the standard deviation over
three seeds of the final training. If the training was shorter than planned, its epochs are in
brackets. Rows without a published figure have none in their source. Data that Latentune does not
load by name are folders in `data`, the folder of `--data-dir`.

![Errors compared with the published ones](pictures/reproduced.png)
"""


def make_page(table: pd.DataFrame) -> str:
    """Returns the page of a table that `make_table` made."""
    return "\n".join([INTRODUCTION, *_make_sections(table)])


def _make_sections(table: pd.DataFrame) -> Iterator[str]:
    for letter, title in FAMILIES.items():
        rows = table[table["row"].str.startswith(letter)]
        yield f"## {title}\n"
        yield markdown(rows, without=("commands", "seconds"))
        commands = [line for cell in rows["commands"] for line in cell.splitlines()]
        if commands:
            lines = dict.fromkeys(f"$ {line}" for line in commands)  # rows may share a command
            yield "\n".join(["```console", *lines, "```\n"])
    seconds = table["seconds"].sum()
    yield f"These runs took at most {seconds / 3600:.1f} CPU hours together.\n"


def update_readme(text: str, table: pd.DataFrame) -> str:
    """Returns the text of README.md with the table of `README_ROWS`."""
    rows = table[table["row"].isin(README_ROWS)]
    shown = markdown(rows, without=("row", "epochs", "seconds", "commands"))
    return README_TABLE.sub(lambda _: shown, text)


@click.command()
@click.argument("runs", required=False, type=click.Path(path_type=Path, exists=True))
def main(runs: Path | None) -> None:
    """Write the page; with RUNS, the folder of a reproduction, its results are added and kept."""
    if runs is not None:
        KEPT.mkdir(exist_ok=True)
        for path in sorted((runs / RESULTS).glob("*.json")):
            shutil.copy(path, KEPT / path.name)
    table = make_table(load_results(KEPT))
    (DOCS / "reproduced.md").write_text(make_page(table), encoding="utf-8")
    README.write_text(update_readme(README.read_text(encoding="utf-8"), table), encoding="utf-8")
    plot_relative_errors(relative_errors(table), DOCS / "pictures" / "reproduced.png")


if __name__ == "__main__":
    main()
