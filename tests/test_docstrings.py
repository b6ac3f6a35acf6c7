"""The example in the docstring of everything that `latentune` offers."""

import doctest
import inspect
import logging
from pathlib import Path

import numpy as np
import optuna
import pytest
import torch

import latentune
from latentune.objectives import progress
from latentune.studies.study import module_trust as allowed

NAMES = {
    "latentune": latentune,
    "np": np,
    "optuna": optuna,
    "torch": torch,
}


def needs_example(name: str) -> bool:
    """Returns whether a name needs an example: the base of all errors stands for each of them."""
    offered = getattr(latentune, name)
    is_error = inspect.isclass(offered) and issubclass(offered, latentune.LatentuneError)
    return not is_error or offered is latentune.LatentuneError


@pytest.mark.parametrize("name", [*filter(needs_example, latentune.__all__)])
def test_its_example_runs(name: str, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowed, "_trusted_modules", set())
    monkeypatch.setattr(logging.getLogger("latentune"), "handlers", [])
    monkeypatch.setattr(progress, "_trial_display", progress._show_no_trials)
    text = inspect.getdoc(getattr(latentune, name)) or ""
    example = doctest.DocTestParser().get_doctest(text, dict(NAMES), name, None, None)
    assert example.examples, f"latentune.{name} shows no example"
    said: list[str] = []
    doctest.DocTestRunner().run(example, out=said.append)
    assert not said, "".join(said)


def test_every_function_names_the_argument_that_was_meant() -> None:
    functions = [n for n in latentune.__all__ if inspect.isfunction(getattr(latentune, n))]
    assert {"search", "train", "sample", "show", "compare"} <= set(functions)
    for name in set(functions) - {"allow"}:
        call = getattr(latentune, name)
        kinds = {p.kind for p in inspect.signature(call).parameters.values()}
        assert inspect.Parameter.VAR_KEYWORD not in kinds, f"{name} hides its keywords"
        word = next(reversed(inspect.signature(call).parameters))
        with pytest.raises(TypeError, match=f"did you mean '{word}'"):
            call(**{f"{word}x": 1})
