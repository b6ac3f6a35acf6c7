"""The scripts in examples/: each of them runs from its first to its last line."""

import sys
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

import latentune

EXAMPLES = Path(__file__).parents[1] / "examples"
TINY = {
    "01_search_and_sample": {"trials": 2, "epochs": 1, "final_epochs": 1, "n": 10},
    "02_own_data": {"trials": 2, "epochs": 1, "final_epochs": 1},
    "03_own_model": {"trials": 2, "epochs": 1, "final_epochs": 1},
    "04_head_on_an_encoder": {"trials": 1, "epochs": 1, "final_epochs": 1, "seeds": 1},
}


def load(name: str) -> Any:
    """Imports a script, whose name is not one that `import` takes."""
    spec = spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_script_is_run_here() -> None:
    assert {path.stem for path in EXAMPLES.glob("0*.py")} == set(TINY)


@pytest.mark.parametrize("name", TINY)
def test_an_example_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setattr("latentune.search", partial(latentune.search, workers=1))
    load(name).main(**TINY[name])
    sys.modules.pop("linear_autoencoder", None)
    assert Path("runs/studies.db").is_file()
