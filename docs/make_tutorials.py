"""Runs the scripts of `examples/` as notebooks, and writes their pages in `docs/tutorials/`.

python docs/make_tutorials.py [SCRIPT ...]        (make tutorials; takes some minutes)

Building the documentation then runs nothing.
"""

import re
import sys
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

DOCS = Path(__file__).parent
SCRIPTS = sorted((DOCS.parent / "examples").glob("0*.py"))
PAGES = DOCS / "tutorials"
COLORS = 64
"""Number of colors of a picture: few, so that its file is small."""

PROGRESS_BAR = "application/vnd.jupyter.widget-view+json"
"""The type of an output that is a progress bar."""
NOISE = r"\x1b\[\d+m|No such comm: .*\n"
"""Bold letters, and what Jupyter says about progress bars that have disappeared."""


def read_notebook(script: Path) -> Any:
    """Returns a percent script as a notebook. Its cells begin with `# %%` or `# %% [markdown]`."""
    _, *parts = re.split(r"^# %%(.*)\n", script.read_text(), flags=re.M)
    cells = []
    for kind, source in zip(parts[::2], parts[1::2], strict=True):
        if kind.strip() == "[markdown]":
            text = re.sub(r"^# ?", "", source.strip(), flags=re.M)
            cells.append(nbformat.v4.new_markdown_cell(text))
        else:
            cells.append(nbformat.v4.new_code_cell(source.strip()))
    return nbformat.v4.new_notebook(cells=cells)


def run_notebook(notebook: Any, folder: Path) -> None:
    """Adds the output to each cell of a notebook, which is run in a folder."""
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()


class PageWriter:
    """Writes the page and the pictures of a notebook that was run.

    Args:
        name: Name of the page.
        folder: The folder in which the notebook was run.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.n_pictures = 0

    def write(self, notebook: Any) -> None:
        for picture in PAGES.glob(f"{self.name}-*.png"):
            picture.unlink()
        script = f"examples/{self.name}.py"
        blocks = [
            "% `make tutorials` writes this page",
            *(block for cell in notebook.cells for block in self._cell_blocks(cell)),
            f"This page is the output of {{download}}`{script} <../../{script}>`.",
        ]
        (PAGES / f"{self.name}.md").write_text("\n\n".join(blocks) + "\n")

    def _cell_blocks(self, cell: Any) -> list[str]:
        """Returns the text or the code of a cell, and what it prints and plots, as Markdown."""
        if cell.cell_type == "markdown":
            return [re.sub(r"(?<=\]\()runs/[^)]+", self._copy_figure, cell.source)]
        text, plots = "", []
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" in data:
                plots.append(f"![]({self._save(BytesIO(b64decode(data['image/png'])))})")
            elif output.get("name") != "stderr" and PROGRESS_BAR not in data:
                text += output.get("text") or data.get("text/plain", "")
        text = "\n".join(line.rstrip() for line in re.sub(NOISE, "", text).splitlines())
        printed = [f"```text\n{text}\n```"] if text else []
        return [f"```python\n{cell.source}\n```", *printed, *plots]

    def _copy_figure(self, link: re.Match[str]) -> str:
        return self._save(self.folder / link[0])

    def _save(self, picture: Any) -> str:
        """Saves a picture with few colors, and returns the name of its file."""
        self.n_pictures += 1
        name = f"{self.name}-{self.n_pictures}.png"
        with Image.open(picture) as image:
            small = image.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
        small.save(PAGES / name, optimize=True)
        return name


if __name__ == "__main__":
    for script in map(Path, sys.argv[1:]) if sys.argv[1:] else SCRIPTS:
        notebook = read_notebook(script)
        with TemporaryDirectory() as folder:
            run_notebook(notebook, Path(folder))
            PageWriter(script.stem, Path(folder)).write(notebook)
