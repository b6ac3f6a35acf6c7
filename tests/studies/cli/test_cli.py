"""The command line: what a user types, and what comes of it."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import optuna
import pytest
import torch
from optuna.distributions import CategoricalDistribution
from optuna.trial import create_trial
from PIL import Image

import latentune
from latentune.search_spaces.catalog.models import MODELS
from latentune.studies.cli.app import app

from ...forked import fork

Cli = Callable[..., Any]
SEARCH = ("search", "conv-ae", "digits", "--epochs", 1, "--batch-size", 200)


def test_from_nothing_to_samples(cli: Cli) -> None:
    answer = cli(*SEARCH, "--trials", 2)
    assert answer.code == 0
    assert [line.split()[0] for line in answer.out.splitlines()] == ["trial", "0", "1", "next:"]
    assert answer.out.endswith("next: latentune train conv-ae-digits\n")
    assert answer.err == ""

    answer = cli("train", "conv-ae-digits", "--epochs", 2)
    assert answer.code == 0
    assert answer.out.endswith("next: latentune sample conv-ae-digits\n")
    final = Path("runs/conv-ae-digits/final")
    metrics = json.loads((final / "metrics.json").read_text())
    assert 0 < metrics["test_mse"] < 1
    assert metrics["epochs"] == 2
    with (final / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    best = min(rows, key=lambda row: float(row["val_mse"]))
    assert metrics["best_epoch"] == int(best["epoch"])
    assert metrics["val_mse"] == pytest.approx(float(best["val_mse"]))
    names = {"model.ckpt", "best.toml", "metrics.csv", "metrics.json", "README.md"}
    pictures = {"loss.png", "reconstructions.png", "epochs"}
    assert {path.name for path in final.iterdir()} == names | pictures

    answer = cli("sample", "conv-ae-digits", "--n", 20, "--seed", 3)
    assert answer.code == 0
    samples = final / "samples"
    with np.load(samples / "kde-codes.npz") as file:
        codes = file["codes"]
    assert len(codes) == 20
    np.testing.assert_array_equal(
        codes, latentune.LatentKDE.load(samples / "kde.npz").sample(20, seed=3)
    )
    for name in ("kde-samples.png", "kde-codes.png"):
        with Image.open(samples / name) as picture:
            picture.verify()


def test_help_shows_an_example_and_imports_nothing_heavy() -> None:
    code = """
import sys
sys.argv = ["latentune", *sys.argv[1:]]
from latentune.studies.cli.app import main
try:
    main()
except SystemExit:
    heavy = {"torch", "optuna", "pytorch_lightning", "numpy", "rich", "sqlalchemy"}
    assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    for words in (["--help"], ["search", "--help"], ["list"]):
        command = [sys.executable, "-c", code, *words]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        assert answer.stderr == ""
    assert "conv-ae" in answer.stdout
    assert "digits" in answer.stdout


def test_help_says_of_each_verb_in_a_whole_line_what_it_does(cli: Cli) -> None:
    assert "..." not in cli("--help").out.partition("Options:")[2]


@pytest.mark.parametrize("verb", list(app.commands))
def test_every_verb_helps(cli: Cli, verb: str) -> None:
    answer = cli(verb, "--help")
    assert answer.code == 0
    assert f"Example: latentune {verb}" in answer.out


def test_a_dry_run_shows_the_whole_search_and_makes_nothing(cli: Cli) -> None:
    answer = cli(
        *("search", "conv-ae", "digits", "--space", "published", "--trials", 15, "--time", "20m"),
        *("--range", "latent_dim=3:7", "--fix", "lr=1e-4", "--workers", 3, "--dry-run"),
    )
    assert answer.code == 0
    shown = " ".join(answer.out.split())
    for part in (
        "model conv-ae",
        "data digits 1x8x8",
        "latent_dim int 3:7:log",
        "lr float 0.0001",
        "l1 float 1e-06:0.001:log",
        "epochs 10",
        "trials 15",
        "time 20m",
        "trial time no limit",
        "workers 3",
        "first trial latent_dim=7, lr=0.0001, l1=1e-06, l2=1e-06",
        "pruner halving",
        "sampler tpe",
        "trained weights in the first trial",
        "measured a training batch ",
        "training and ",
        ": 15 trials of 10 epochs with 3 workers, if halving leaves them ",
        "storage sqlite:///runs/studies.db",
    ):
        assert part in shown
    assert not Path("runs").exists()


def test_looking_at_studies(cli: Cli, trained: Path) -> None:
    answer = cli("status")
    assert answer.code == 0
    assert "conv-ae-digits" in answer.out
    answer = cli("status", "conv-ae-digits")
    assert [line.split()[:2] for line in answer.out.splitlines()[1:4]] == [
        [str(number), "complete"] for number in range(3)
    ]


def test_best_writes_what_train_reads(cli: Cli, trained: Path) -> None:
    (trained / "conv-ae-digits" / "best.toml").unlink()
    answer = cli("best", "conv-ae-digits")
    assert answer.code == 0
    best = latentune.load_best("conv-ae-digits")
    study = optuna.load_study(study_name="conv-ae-digits", storage="sqlite:///runs/studies.db")
    assert (best.trial, best.value) == (study.best_trial.number, study.best_value)
    assert best.params == study.best_params
    assert f"value = {best.value}" in answer.out
    answer = cli("train", "runs/conv-ae-digits/best.toml", "--epochs", 2)
    assert answer.code == 0
    with ZipFile("runs/conv-ae-digits/final/model.ckpt") as checkpoint:
        assert json.loads(checkpoint.read("archive/latentune.json"))["params"] == best.params


def test_any_trial_can_be_trained_beside_the_best(cli: Cli, trained: Path) -> None:
    answer = cli("train", "conv-ae-digits:1", "--epochs", 1)
    assert answer.code == 0
    assert answer.out.endswith("next: latentune sample conv-ae-digits:1\n")
    assert cli("sample", "conv-ae-digits:1", "--n", 10, "--method", "gaussian").code == 0
    one = latentune.load_model("conv-ae-digits:1")
    assert one.hparams["lr"] != latentune.load_model("conv-ae-digits").hparams["lr"]


def test_final_training_repeats_the_trial(cli: Cli, trained: Path) -> None:
    study = optuna.load_study(study_name="conv-ae-digits", storage="sqlite:///runs/studies.db")
    cli("train", "conv-ae-digits:0", "--epochs", 2)
    with Path("runs/conv-ae-digits/final-0/metrics.csv").open() as file:
        values = {int(row["epoch"]): float(row["val_mse"]) for row in csv.DictReader(file)}
    assert values == pytest.approx(study.trials[0].intermediate_values, rel=1e-6)


def test_export(cli: Cli, trained: Path) -> None:
    lines = cli("export", "conv-ae-digits").out.splitlines()
    assert lines[0] == (
        "number,state,val_mse,params_l1,params_l2,params_latent_dim,params_linear_path,params_lr,"
        "epochs,best_epoch,started,ended,seconds,stopped"
    )
    table = list(csv.DictReader(lines))
    assert {row["stopped"] for row in table} == {"all epochs"}
    assert [row["number"] for row in table] == ["0", "1", "2"]
    answer = cli("export", "conv-ae-digits", "--format", "json", "--out", "trials.json")
    assert answer.out == "wrote trials.json\n"
    whole = json.loads(Path("trials.json").read_text())
    assert [trial["values"] for trial in whole["trials"]] == [
        [float(row["val_mse"])] for row in table
    ]
    assert [len(trial["epochs"]) for trial in whole["trials"]] == [2, 2, 2]


def test_export_to_parquet_holds_numbers_dates_and_texts(
    cli: Cli, trained: Path, refused: Callable[..., str]
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    study = optuna.load_study(study_name="conv-ae-digits", storage="sqlite:///runs/studies.db")
    choice = {"kind": CategoricalDistribution(["a", 2, None])}
    for value in choice["kind"].choices:
        study.add_trial(create_trial(params={"kind": value}, distributions=choice, value=1))

    assert "add --out" in refused("export", "conv-ae-digits", "--format", "parquet")
    words = ("export", "conv-ae-digits", "--format", "parquet", "--out", "trials.parquet")
    assert cli(*words).out == "wrote trials.parquet\n"
    table = parquet.read_table("trials.parquet").to_pydict()
    assert list(table)[:3] == ["number", "state", "val_mse"]
    trials = study.get_trials()
    assert table["number"] == list(range(6))
    assert table["val_mse"] == [trial.value for trial in trials]
    assert table["params_lr"] == [trial.params.get("lr") for trial in trials]
    assert table["params_kind"] == [None, None, None, "a", "2", "None"]
    assert table["started"] == [trial.datetime_start for trial in trials]


def test_export_to_parquet_names_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, trained: Path, refused: Callable[..., str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    line = refused("export", "conv-ae-digits", "--format", "parquet", "--out", "trials.parquet")
    assert "the format parquet needs pyarrow: pip install 'latentune[parquet]'" in line


def test_a_loaded_model_gives_the_same_numbers_in_a_fresh_process(trained: Path) -> None:
    model = latentune.load_model("conv-ae-digits")
    assert not model.training
    x = latentune.TensorData("digits").splits.test.inputs[:50]
    with torch.inference_mode():
        z = model.encode(x)
        expected = torch.cat([z.flatten(), model.decode(z).flatten()])
    code = """
import torch, latentune
m = latentune.load_model("conv-ae-digits")
x = latentune.TensorData("digits").splits.test.inputs[:50]
with torch.inference_mode():
    z = m.encode(x)
    torch.save(torch.cat([z.flatten(), m.decode(z).flatten()]), "numbers.pt")
    x = latentune.TensorData("digits").splits.test.inputs
    print(((m(x) - x) ** 2).mean().item())
"""
    status, out, err = fork(exec, code).end()
    assert status == 0, err
    torch.testing.assert_close(torch.load("numbers.pt"), expected, rtol=0, atol=1e-6)
    metrics = json.loads(Path("runs/conv-ae-digits/final/metrics.json").read_text())
    assert float(out) == pytest.approx(metrics["test_mse"], abs=1e-6)


def test_the_checkpoint_also_opens_without_us(trained: Path) -> None:
    path = "runs/conv-ae-digits/final/model.ckpt"
    plain = latentune.Autoencoder.load_from_checkpoint(
        path, weights_only=True, data=latentune.DataSpec((1, 8, 8))
    )
    ours = latentune.load_model("conv-ae-digits")
    for a, b in zip(plain.parameters(), ours.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_finished_search_says_so(cli: Cli, trained: Path) -> None:
    answer = cli("search", "conv-ae", "digits", "--epochs", 2, "--trials", 3)
    assert answer.code == 0
    assert answer.out.startswith("conv-ae-digits has its 3 trials")


def test_help_says_every_default_and_choice(cli: Cli) -> None:
    from importlib.metadata import version

    assert cli("--version").out == f"latentune {version('latentune')}\n"
    text = " ".join(cli("search", "--help").out.split())
    for part in (
        "[default: of the model, 10]",
        "[default: of the model, 20 or 30]",
        "[default: 64, less of small data; 1024 codes]",
        "[default: their own; in folders up to 64]",
        "[halving|hyperband|median|wilcoxon|none]",
        "[tpe|gp|random]",
        "`latentune list MODEL`",
        "[default|published|optimizer|step] Search space of the model.",
    ):
        assert part in text
    text = " ".join(cli("train", "--help").out.split())
    assert "[auto|cpu|gpu|mps]" in text
    assert "[32|bf16|16]" in text


@pytest.mark.parametrize("model", MODELS)
def test_a_model_lists_what_varies_in_it(cli: Cli, model: str) -> None:
    answer = cli("list", model)
    assert answer.code == 0, answer.err
    for space in MODELS[model].spaces:
        assert f"space {space}:" in answer.out
    assert "--range lr " in answer.out
    assert f"next: latentune search {model} " in answer.out


def test_the_choices_in_help_are_those_that_there_are() -> None:
    from latentune.models.densities.methods import DENSITIES
    from latentune.search_spaces import strategies
    from latentune.studies.study import defaults

    assert tuple(strategies.PRUNERS) == defaults.PRUNERS
    assert tuple(strategies.SAMPLERS) == defaults.SAMPLERS
    assert DENSITIES.keys() == defaults.SAMPLING_METHODS.keys()


def test_a_pipe_gets_a_line_for_each_long_step(cli: Cli, trained: Path) -> None:
    shutil.rmtree("runs/cache/features")
    answer = cli("sample", "conv-ae-digits", "--n", 100)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[:7] == [
        "training a classifier of digits, once, to rate by",
        *(f"encoding the items to {purpose}" for purpose in ("train on", "validate", "test")),
        "fitting 5 densities to codes",
        "comparing densities by other codes",
        "rating 100 images of each method",
    ]
