"""A search ends by `patience`, and each search says what its last trials have brought."""

import logging
from collections.abc import Callable
from pathlib import Path
from statistics import stdev
from typing import Any

import numpy as np
import pytest

import latentune
from latentune.storage.study_record import write_confirm_value
from latentune.studies.study.forecast.seed_spread import measured_spread
from latentune.studies.study.study_error import StudyError

from ...conftest import Cli
from ...given import LOGS_A_VALUE

SPEC = (
    LOGS_A_VALUE
    + """
def space(trial, data):
    trial.suggest_float("x", 0, 1)
    values = {values}
    seed = torch.initial_seed() if torch.initial_seed() < 100 else 0
    return Net(values[min(getattr(trial, "number", 0), len(values) - 1)] + {noise} * seed)

data = partial(TensorData, "items.npy")
SPEC = StudySpec("own", Objective(space, data, {{"val_worth": "{way}"}}, max_epochs=1))
"""
)


def own(*values: float, way: str = "minimize", noise: float = 0) -> dict[str, Any]:
    """The arguments of a search whose trial n is worth the n-th value, and then the last one."""
    np.save("items.npy", np.zeros((10, 2), np.float32))
    name = f"own{len(list(Path().glob('own*.py')))}"
    Path(f"{name}.py").write_text(
        SPEC.format(metric="val_worth", values=list(values), way=way, noise=noise)
    )
    return {"model": f"{name}:SPEC", "pruner": "none"}


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Returns the last line that was logged."""
    caplog.set_level(logging.INFO, logger="latentune")
    return lambda: caplog.messages[-1]


def numbers(study: Any) -> int:
    return len(study.trials)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_search_ends_when_trials_in_a_row_gain_too_little(workers: int, cli: Cli) -> None:
    words = own(3.0, 2.0, 1.0, 0.999)
    command = ("search", words["model"], "--trials", 20, "--pruner", "none")
    answer = cli(*command, "--patience", "4:1%", "--workers", workers)
    assert answer.code == 0, answer.err
    if workers == 1:
        line = "the last 4 trials improved val_worth by 0.1 % (1 -> 0.999); seeds differ by 1 % "
        ends = "--patience ends the search after 7 of 20 trials; the same command tries at least 4"
        assert f"{line}(given): {ends} more" in answer.out.replace("\n", " ")
    study = latentune.search(**words, trials=0)
    assert numbers(study) == 7 if workers == 1 else 7 <= numbers(study) <= 8


def test_the_same_search_goes_on_for_as_many_trials(said: Callable[[], str]) -> None:
    words = own(1.0) | {"trials": 9, "patience": "3:1%"}
    assert numbers(latentune.search(**words)) == 4
    assert numbers(latentune.search(**words)) == 7
    assert said().endswith("after 7 of 9 trials; the same command tries at least 2 more")
    assert numbers(latentune.search(**words)) == 9
    assert "ends the search" not in said()


def test_a_gain_within_the_last_trials_keeps_a_search_going() -> None:
    ladder = [1.0, 1.0, 1.0, 0.5, 1.0, 1.0, 0.4, 1.0, 1.0, 1.0]
    assert numbers(latentune.search(**own(*ladder), trials=20, patience="3:5%")) == 10


def test_higher_is_better_where_the_metric_says_so() -> None:
    words = own(0.5, 0.6, 0.4, 0.3, way="maximize")
    assert numbers(latentune.search(**words, trials=20, patience="2:5%")) == 4


def test_the_spread_of_confirm_decides() -> None:
    words = own(1.0, 0.98)
    study = latentune.search(**words, trials=2)
    with pytest.raises(StudyError, match="not measured yet: run latentune confirm own first, or"):
        latentune.search(**words, trials=9, patience=2)
    for seed, value in enumerate((0.9, 1.0, 1.1)):
        write_confirm_value(study, 1, seed, value)
    write_confirm_value(study, 0, 0, 5.0)  # a single seed has no spread
    write_confirm_value(study, 0, 1, None)  # nor has a training that diverged
    spread = measured_spread(study, ())
    assert spread is not None
    assert (spread.std, spread.source) == (pytest.approx(0.1), "confirm")
    assert numbers(latentune.search(**words, trials=9, patience=2)) == 3


def test_the_spread_of_repeats_decides(said: Callable[[], str]) -> None:
    words = own(1.0, noise=0.3) | {"repeats": 3}
    study = latentune.search(**words, trials=9, patience=2)
    assert numbers(study) == 3
    spread = measured_spread(study, study.trials)
    assert spread is not None
    assert spread.std == pytest.approx(stdev([0, 0.3, 0.6]) / 3**0.5)
    assert "seeds differ by 13 % (repeats): `patience=` ends the search" in said()


def test_each_search_says_what_its_last_third_has_brought(said: Callable[[], str]) -> None:
    latentune.search(**own(8.0, 4.0, 4.0, 4.0, 2.0, 3.0), trials=5)
    assert "the last" not in said()
    latentune.search(**own(8.0, 4.0, 4.0, 4.0, 2.0, 3.0), trials=6, name="longer")
    assert said() == (
        "the last 2 trials improved val_worth by 50 % (4 -> 2); how much seeds differ is not "
        "known: latentune confirm longer"
    )
    latentune.search(**own(1.0), trials=6, name="flat")
    assert said().startswith("the last 2 trials brought no better val_worth than 1; how much")


@pytest.mark.parametrize("text", ["0", "-3", "15%", "15:", "15:0.5", "x", "3:-1%"])
def test_a_patience_that_is_not_one_is_refused(text: str, refused: Callable[..., str]) -> None:
    line = refused("search", "conv-ae", "digits", f"--patience={text}")
    assert f"{text!r} is not a number of trials such as 15 or 15:0.5%" in line


def test_a_patience_that_cannot_work_is_refused(refused: Callable[..., str]) -> None:
    command = ("search", "conv-vae", "digits", "--patience", "9")
    line = refused(*command)
    assert "run latentune confirm conv-vae-digits first, or give it" in line
    assert "by --patience 9:0.5%" in line
    line = refused(*command, "--objectives", "reconstruction,kl")
    assert "--patience follows one objective, not val_reconstruction, val_kl" in line
