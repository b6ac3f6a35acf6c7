"""The doctor: what it finds, what it fixes, and that all of it can be taken back."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
import torch
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState

import latentune
from latentune.objectives.data.tensor_cache import read_cache_file, write_cache_file
from latentune.storage.sqlite_snapshot import fingerprint

from .faults import (
    DATABASE,
    FAULTS,
    NAME,
    RUNS,
    a_broken_best,
    a_checkpoint_without_its_data,
    an_index_that_lacks_a_row,
    an_older_schema,
    database,
    half_a_file,
    left_running,
    like,
    opened,
    rows_of_no_trial,
    scratch_of_the_dead,
)

Cli = Callable[..., Any]
Refused = Callable[..., str]


def contents() -> dict[Path, bytes | str]:
    """Returns every file of the runs folder but locks and what any command sweeps.

    Of the database it is every page, with those in its log, but not the counters in its header.
    """
    passing = (".lock", "-shm", "-wal")
    files = [p for p in RUNS.rglob("*") if p.is_file() and not p.name.endswith(passing)]
    files = [path for path in files if "scratch-dead" not in path.parts]
    return {p: fingerprint(p) if p == DATABASE else p.read_bytes() for p in files}


def test_doctor_finds_nothing_in_a_sound_folder(cli: Cli, trained: Path) -> None:
    before = contents()
    answer = cli("doctor")
    assert (answer.code, answer.out) == (
        0,
        "1 study, 3 trials: nothing is broken and nothing is wasted\nnext: latentune status\n",
    )
    assert contents() == before
    assert cli("doctor", "--fix").code == 0
    assert contents() == before, "nothing to fix, and so no backup"


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_doctor_finds_fixes_and_puts_back_a_fault(
    plant: Callable[[], None], trained: Path
) -> None:
    plant()
    before = contents()
    repaired = latentune.doctor(fix=True)
    (done,) = repaired.done
    assert FAULTS[plant] in done
    assert repaired.findings == ()
    assert contents() != before or plant is scratch_of_the_dead
    latentune.doctor(undo=True)
    assert contents() == before


def test_doctor_fixes_all_faults_at_once(cli: Cli, trained: Path) -> None:
    last = (an_index_that_lacks_a_row, an_older_schema)  # by which Optuna counts; nobody opens it
    for plant in [*(plant for plant in FAULTS if plant not in last), *last]:
        if plant is not a_checkpoint_without_its_data:
            plant()
    before = contents()
    found = cli("doctor")
    assert found.code == 1
    assert found.out.splitlines()[-1] == "next: latentune doctor --fix"
    assert contents() == before, "who only looks writes nothing"
    repaired = cli("doctor", "--fix")
    assert repaired.code == 0, repaired.out
    assert repaired.out.count("fixed ") == len(FAULTS) - 1
    assert "doctor --undo puts it back" in repaired.out
    with opened() as study:
        states = [trial.state.name for trial in study.trials]
        reasons = [trial.user_attrs.get("stopped") for trial in study.trials]
    assert states.count("COMPLETE") == 3
    assert "RUNNING" not in states
    assert "it repeats trial 1" in reasons
    assert latentune.load_best(NAME).study == NAME, "best.toml is whole"
    assert cli("doctor", "--undo").code == 0
    assert contents() == before
    assert not (RUNS / "backups").exists()


def trials(study: optuna.Study, values: list[float], **params: list[Any]) -> None:
    """Adds complete trials to a study, like its first."""
    first = study.trials[0]
    for i, value in enumerate(values):
        study.add_trial(like(first, value, **{name: of[i] for name, of in params.items()}))


SERIES = [1e-5 * (i + 1) for i in range(12)]


def test_values_at_an_end_of_a_range_advise_a_wider_one(cli: Cli, trained: Path) -> None:
    with opened() as study:
        # A penalty of 1e-9 stands for none, which is the model's default.
        trials(
            study,
            SERIES,
            lr=[1e-2 - x / 1e3 for x in SERIES],
            l1=[1e-9] * 12,
            l2=[x / 10 for x in SERIES],
        )
        assert study.trials[0].distributions["lr"].high == 1e-2
    answer = cli("doctor", NAME)
    assert answer.code == 0, "it is advice only"
    assert "lr (float 0.0001:0.01:log) at its upper end in 10" in answer.out
    advised = f"search conv-ae digits --epochs 2 --range lr=0.0001:0.1:log --from {NAME}"
    assert advised in answer.out
    assert "l2" not in answer.out


def test_advised_choices_and_ranges_fit_the_model(trained: Path) -> None:
    ranges = {"corruption_std": "0:0.1", "corruption_rate": "0.9:1", "lr": "1e-3:1e-3"}
    latentune.search("denoising-ae", "digits", trials=1, epochs=1, ranges=ranges)
    with opened("denoising-ae-digits") as study:
        choices = study.trials[0].distributions["network"]
        assert isinstance(choices, CategoricalDistribution)
        networks = [choices.choices[i] for i in [0] * 3 + [1] * 3 + [2] * 6]
        high, near_1 = [0.1 - x for x in SERIES], [1 - x for x in SERIES]
        trials(study, SERIES, network=networks, corruption_std=high, corruption_rate=near_1)
    found = latentune.doctor("denoising-ae-digits").findings
    (pressing,) = [finding for finding in found if "end in" in finding.problem]
    assert "corruption_std (float 0:0.1) at its upper end in 10" in pressing.problem
    assert "--range corruption_std=0:0.15 " in pressing.solution
    assert "corruption_rate" not in pressing.problem, "nobody can mask more than all of an image"
    (dead,) = [finding for finding in found if "best third" in finding.problem]
    assert f"network={networks[-1]} (tried 6 times)" in dead.problem
    left = ",".join(str(network) for network in choices.choices if network != networks[-1])
    assert f"--range network={left} --from denoising-ae-digits" in dead.solution


def test_late_bloomers_advise_a_search_without_pruner(trained: Path) -> None:
    with opened() as study:
        first = study.trials[0]
        for i, value in enumerate(SERIES):  # all begin badly, and the first half may go on
            trial = like(first, 1e-3 + value, l2=value / 10, lr=1e-3 + value)
            trial.intermediate_values = {1: 0.1 + value, 2: value}
            if i >= 6:
                trial.state, trial.intermediate_values = TrialState.PRUNED, {1: 0.1}
                trial.values = [0.1]
            study.add_trial(trial)
    found = latentune.doctor(NAME).findings[-1]
    assert "trials 3, 4, 5 of conv-ae-digits, among its best 3" in found.problem
    assert "pruned after epoch 1" in found.problem
    assert found.solution.endswith("--pruner none")


def test_a_cache_that_is_read_is_not_unused(trained: Path) -> None:
    path = RUNS / "cache" / "folders" / "1234-5678.pt"
    write_cache_file(path, torch.zeros(3))
    os.utime(path, (0, 0))
    assert len(latentune.doctor().findings) == 1
    read_cache_file(path)
    assert latentune.doctor().findings == ()


def test_duplicate_trials_are_counted(trained: Path) -> None:
    with opened() as study:
        study.add_trial(like(study.trials[1], 0.5))
        study.enqueue_trial({"lr": study.trials[0].params["lr"]})  # the sampler chooses the rest
    (found,) = latentune.doctor(NAME).findings
    assert "trial 3 of conv-ae-digits repeated parameters that had been tried" in found.problem
    assert f"latentune confirm {NAME}" in found.solution


def test_a_network_of_an_older_best_trial_is_found(trained: Path) -> None:
    with opened() as study:
        study.add_trial(like(study.trials[0], 1e-6, l2=1e-6))
    (found,) = latentune.doctor().findings
    assert "trial 3 is the best now" in found.problem
    assert found.solution == f"latentune train {NAME}"


def test_doctor_fixes_nothing_while_a_trial_runs(refused: Refused, trained: Path) -> None:
    half_a_file()
    left_running()
    with database() as storage:
        storage.record_heartbeat(storage.get_all_trials(1)[-1]._trial_id)
    assert "trial 3 of conv-ae-digits is running" in refused("doctor", "--fix")


def test_undo_loses_nothing_that_was_made_since(refused: Refused, trained: Path) -> None:
    assert "there is no backup" in refused("doctor", "--undo")
    a_broken_best()
    latentune.doctor(fix=True)
    (backup,) = (RUNS / "backups").iterdir()
    best = RUNS / NAME / "best.toml"
    written = best.read_text()
    best.write_text(written + "# mine")
    line = refused("doctor", "--undo")
    assert "best.toml was written after the repair; the state before" in line
    assert f"{backup}/before" in line
    best.write_text(written)
    with opened() as study:
        study.enqueue_trial({"lr": 1e-3})
        assert "has changed since the repair, by 1 trial;" in refused("doctor", "--undo")


def test_undo_works_while_the_database_is_open(trained: Path) -> None:
    before = contents()
    rows_of_no_trial()
    latentune.doctor(fix=True)
    with database() as storage:
        assert len(storage.get_all_trials(1)) == 3
        latentune.doctor(undo=True)
        assert len(storage.get_all_trials(1)) == 3
    assert contents() != before
    assert "1 row of no trial" in latentune.doctor().findings[0].problem


def test_studies_of_other_programs_are_left_alone(refused: Refused, trained: Path) -> None:
    way = [optuna.study.StudyDirection.MINIMIZE]
    with database() as storage:
        storage.create_new_trial(storage.create_new_study(way, "theirs"))
    assert latentune.doctor().findings == ()
    assert "was not made by latentune" in refused("doctor", "theirs")


def test_an_unreadable_database_is_found_broken(cli: Cli, trained: Path) -> None:
    rows_of_no_trial()
    latentune.doctor(fix=True)
    with DATABASE.open("r+b") as file:
        file.truncate(30_000)
    answer = cli("doctor", "--fix")
    assert answer.code == 1
    assert "its last backup is runs/backups" in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fix", "--undo"], "takes back the whole"),
        (["conv-ae-digit"], "did you mean 'conv-ae-digits'"),
        (["../up", "--fix"], "there is no study"),
        (["--fix", "--storage", "mysql://nowhere/db"], "is not an SQLite file"),
    ],
)
def test_bad_input_is_refused(
    refused: Refused, trained: Path, words: list[str], said: str
) -> None:
    assert said in refused("doctor", *words)
