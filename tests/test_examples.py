"""The scripts in examples/: each runs to its last cell, and its page is up to date."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parents[1]
TINY: dict[str, dict[str, int]] = {
    "01_images": {"SAMPLES": 10, "SEEDS": 1},
    "02_table": {"N_DAYS": 160, "N_NEW": 40},
    "03_own_module": {},
    "04_expression": {"FOLDS": 2, "SAMPLES": 40, "GENES": 40, "SELECTED": 20},
}
SHORT = {"TRIALS": 2, "EPOCHS": 1, "FINAL_EPOCHS": 1}
"""Parameters at the top of a script; `TINY` has further ones."""


def read_notebook(name: str) -> Any:
    """Returns the cells of a script, as docs/make_tutorials.py reads them."""
    path = ROOT / "docs/make_tutorials.py"
    spec = spec_from_file_location("make_tutorials", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.read_notebook(ROOT / f"examples/{name}.py")


def test_every_script_is_run_here() -> None:
    assert {path.stem for path in (ROOT / "examples").glob("0*.py")} == set(TINY)


@pytest.mark.parametrize("name", TINY)
def test_an_example_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mpl.use("agg")
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    names = vars(sys.modules["__main__"])
    first, *others = [cell for cell in read_notebook(name).cells if cell.cell_type == "code"]
    exec(first.source, names)
    parameters = SHORT | TINY[name]
    assert set(parameters) <= set(names)
    names.update(parameters)
    for cell in others:
        exec(cell.source, names)
    assert Path("runs/studies.db").is_file()


@pytest.mark.parametrize("name", TINY)
def test_the_page_of_an_example_shows_its_cells(name: str) -> None:
    page = (ROOT / f"docs/tutorials/{name}.md").read_text()
    for cell in read_notebook(name).cells:
        for line in cell.source.splitlines():
            assert line.startswith("![") or line in page.splitlines(), "run `make tutorials`"
