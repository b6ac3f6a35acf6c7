"""The command line: what a user types, and what every mistake gets."""

import csv
import json
import os
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import torch
from PIL import Image

import latentune

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
    names = {"model.ckpt", "best.toml", "metrics.csv", "metrics.json"}
    assert {path.name for path in final.iterdir()} == names | {"loss.png", "reconstructions.png"}

    answer = cli("sample", "conv-ae-digits", "--n", 20, "--seed", 3)
    assert answer.code == 0
    samples = final / "samples"
    codes = np.load(samples / "kde-codes.npz")["codes"]
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


@pytest.mark.parametrize(
    "verb", ["list", "search", "status", "best", "train", "sample", "dashboard", "export"]
)
def test_every_verb_helps(cli: Cli, verb: str) -> None:
    answer = cli(verb, "--help")
    assert answer.code == 0
    assert f"Example: latentune {verb}" in answer.out


def test_a_dry_run_shows_the_whole_search_and_makes_nothing(cli: Cli) -> None:
    answer = cli(
        *("search", "conv-ae", "digits", "--space", "seed", "--trials", 15, "--time", "20m"),
        *("--range", "latent_dim=3:9", "--fix", "lr=1e-4", "--dry-run"),
    )
    assert answer.code == 0
    shown = " ".join(answer.out.split())
    for part in (
        "model conv-ae",
        "data digits 1x8x8",
        "latent_dim int 3:9:log",
        "lr float 0.0001",
        "l1 float 1e-06:0.001:log",
        "epochs 10",
        "trials 15",
        "time 1200 s",
        "pruner median",
        "sampler tpe",
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
    weights = torch.load("runs/conv-ae-digits/final/model.ckpt", weights_only=True)
    assert weights["latentune"]["params"] == best.params


def test_any_trial_can_be_trained_beside_the_best(cli: Cli, trained: Path) -> None:
    answer = cli("train", "conv-ae-digits:1", "--epochs", 1)
    assert answer.code == 0
    assert answer.out.endswith("next: latentune sample conv-ae-digits:1\n")
    assert cli("sample", "conv-ae-digits:1", "--n", 10).code == 0
    one = latentune.load_model("conv-ae-digits:1")
    assert one.hparams["lr"] != latentune.load_model("conv-ae-digits").hparams["lr"]


def test_final_training_repeats_the_trial(cli: Cli, trained: Path) -> None:
    study = optuna.load_study(study_name="conv-ae-digits", storage="sqlite:///runs/studies.db")
    cli("train", "conv-ae-digits:0", "--epochs", 2)
    with Path("runs/conv-ae-digits/final-0/metrics.csv").open() as file:
        values = {int(row["epoch"]): float(row["val_mse"]) for row in csv.DictReader(file)}
    assert values == pytest.approx(study.trials[0].intermediate_values, rel=1e-6)


def test_export(cli: Cli, trained: Path) -> None:
    table = list(csv.DictReader(cli("export", "conv-ae-digits").out.splitlines()))
    assert [row["number"] for row in table] == ["0", "1", "2"]
    answer = cli("export", "conv-ae-digits", "--format", "json", "--out", "trials.json")
    assert answer.out == "wrote trials.json\n"
    whole = json.loads(Path("trials.json").read_text())
    assert [trial["value"] for trial in whole["trials"]] == [float(row["value"]) for row in table]
    assert [len(trial["epochs"]) for trial in whole["trials"]] == [2, 2, 2]


def test_a_loaded_model_gives_the_same_numbers_in_a_fresh_process(trained: Path) -> None:
    model = latentune.load_model("conv-ae-digits")
    assert not model.training
    x = latentune.ImageData("digits").splits.test.images[:50]
    with torch.inference_mode():
        z = model.encode(x)
        expected = torch.cat([z.flatten(), model.decode(z).flatten()])
    code = """
import torch, latentune
m = latentune.load_model("conv-ae-digits")
x = latentune.ImageData("digits").splits.test.images[:50]
with torch.inference_mode():
    z = m.encode(x)
    torch.save(torch.cat([z.flatten(), m.decode(z).flatten()]), "numbers.pt")
    x = latentune.ImageData("digits").splits.test.images
    print(((m(x) - x) ** 2).mean().item())
"""
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    torch.testing.assert_close(torch.load("numbers.pt"), expected, rtol=0, atol=1e-6)
    metrics = json.loads(Path("runs/conv-ae-digits/final/metrics.json").read_text())
    assert float(answer.stdout) == pytest.approx(metrics["test_mse"], abs=1e-6)


def test_the_checkpoint_also_opens_without_us(trained: Path) -> None:
    path = "runs/conv-ae-digits/final/model.ckpt"
    plain = latentune.ConvAutoencoder.load_from_checkpoint(path, weights_only=True)
    ours = latentune.load_model("conv-ae-digits")
    for a, b in zip(plain.parameters(), ours.parameters(), strict=True):
        assert torch.equal(a, b)


MISTAKES = [
    (("search", "conv-ea", "digits"), "there is no model 'conv-ea'; did you mean 'conv-ae'?"),
    (("search", "conv-ae"), "conv-ae needs data"),
    (("search", "conv-ae", "digitz"), "'digitz' is neither a folder of images nor a data set"),
    (("search", "conv-ae", "digits", "--space", "sead"), "did you mean 'seed'?"),
    ((*SEARCH, "--fix", "learning_rate=1"), "no parameter 'learning_rate'"),
    ((*SEARCH, "--range", "latent=2:4"), "did you mean 'latent_dim'?"),
    ((*SEARCH, "--range", "latent_dim=8:4"), "low (8) is above high (4)"),
    ((*SEARCH, "--range", "lr=0:1:log"), "a log range starts above 0"),
    ((*SEARCH, "--range", "lr"), "--range 'lr' is not of the form NAME=VALUE"),
    ((*SEARCH, "--pruner", "medain"), "did you mean 'median'?"),
    ((*SEARCH, "--sampler", "tpee"), "did you mean 'tpe'?"),
    ((*SEARCH, "--trials", 0), "trials must be at least 1, not 0"),
    ((*SEARCH, "--trials", -3), "trials must be at least 1, not -3"),
    ((*SEARCH, "--trials", "many"), "--trials"),
    (("search", "conv-ae", "digits", "--epochs", 0), "epochs must be at least 1, not 0"),
    ((*SEARCH, "--time", "soon"), "--time 'soon' is not a time"),
    ((*SEARCH, "--time", "0s"), "time must be above 0"),
    ((*SEARCH, "--seed", -1), "seed must be from 0"),
    ((*SEARCH, "--name", "../up"), "'../up' cannot name a study"),
    ((*SEARCH, "--image-size", 16), "digits has a size of its own"),
    ((*SEARCH, "--storage", "studies.db"), "is no database URL"),
    ((*SEARCH, "--runs", "/proc/runs"), "cannot write to /proc/runs"),
    ((*SEARCH, "--colour", "red"), "--colour"),
    (("search", "nowhere:SPEC"), "there is no module 'nowhere'"),
    (("search", "json:dumps"), "json:dumps is a function, not a StudySpec"),
    (("search", "json:nothing"), "module 'json' has no 'nothing'"),
    (("search", "json:dumps", "digits"), "brings its own data"),
    (("serach",), "serach"),
    (("status",), "there is no database runs/studies.db yet"),
    (("best", "conv-ae-digits"), "there is no database runs/studies.db yet"),
    (("train", "best.toml"), "there is no best.toml"),
    (("train", "x", "--epochs", 0), "epochs must be at least 1, not 0"),
    (("sample", "x"), "there is no checkpoint runs/x/final/model.ckpt"),
    (("sample", "x", "--n", 0), "n must be at least 1, not 0"),
    (("sample", "x", "--seed", -1), "seed must be from 0"),
    (("export", "x", "--format", "xml"), "there is no format 'xml'"),
]


def _refused(answer: Any, message: str) -> None:
    assert answer.code == 2
    assert message in answer.err
    assert answer.err.count("\n") == 1, "one line"
    assert answer.err.startswith("latentune: ")


@pytest.mark.parametrize(("words", "message"), MISTAKES, ids=lambda value: str(value)[:60])
def test_a_mistake_gets_one_line_and_makes_nothing(
    cli: Cli, words: tuple[object, ...], message: str
) -> None:
    _refused(cli(*words), message)
    assert list(Path().iterdir()) == []


def snapshot() -> dict[Path, object]:
    """The content of every file below the working folder; of a database, its rows."""
    files = [path for path in Path().rglob("*") if path.is_file()]
    found: dict[Path, object] = {
        path: path.read_bytes() for path in files if not path.name.startswith("studies.db")
    }
    with closing(sqlite3.connect("runs/studies.db")) as connection:
        return found | {Path("runs/studies.db"): list(connection.iterdump())}


IN_A_STUDY = [
    (("status", "conv-ae-digit"), "did you mean 'conv-ae-digits'?"),
    (("best", "conv-ae-digits:99"), "has no trial 99: its last is 2"),
    (("train", "conv-ae-digits:99"), "has no trial 99"),
    (("train", "conv-ae-digits:x"), "'x' in 'conv-ae-digits:x' is no trial number"),
    (("train", "conv-ea-digits"), "did you mean 'conv-ae-digits'?"),
    (("sample", "conv-ae-digits:1"), "there is no checkpoint"),
    (("search", "conv-ae", "digits", "--epochs", 7), "epochs is 2 there, 7 here"),
    (("export", "nothing", "--out", "x.csv"), "there is no study 'nothing'"),
    (("export", "conv-ae-digits", "--out", "runs/studies.db/x.csv"), "cannot write to"),
]


@pytest.mark.parametrize(("words", "message"), IN_A_STUDY, ids=lambda value: str(value)[:60])
def test_a_mistake_changes_no_study(
    cli: Cli, trained: Path, words: tuple[object, ...], message: str
) -> None:
    before = snapshot()
    _refused(cli(*words), message)
    assert snapshot() == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("latent_dim = ", "latent_dim = 1", "is outside its range, int 2:64:log"),
        ("lr = ", "lr = -", "is outside its range"),
        ("lr = ", "learning_rate = 1\n#", "no value for lr"),
        ("lr = ", "momentum = 1\nlr = ", "no parameter 'momentum'"),
        ('model = "conv-ae"', 'model = "dcgan"', "there is no model 'dcgan'"),
        ('space = "default"', 'spice = "default"', "did you mean 'space'?"),
        ("seed = 0", "seed = 1", "the data are not those"),
        ("[params]", "[params", "not a complete TOML file"),
    ],
)
def test_a_bad_best_toml_is_refused(
    cli: Cli, trained: Path, old: str, new: str, message: str
) -> None:
    path = trained / "conv-ae-digits" / "best.toml"
    text = path.read_text()
    start = text.index("[params]") if "_dim" in old or old == "lr = " else 0
    changed = text[:start] + text[start:].replace(old, new, 1)
    if old == "latent_dim = ":
        changed = changed.replace("latent_dim = 1", "latent_dim = 1 #", 1)
    path.write_text(changed)
    before = snapshot()
    _refused(cli("train", path), message)
    assert snapshot() == before


def test_broken_pictures_are_named(cli: Cli) -> None:
    Path("photos").mkdir()
    _refused(cli("search", "conv-ae", "photos"), "photos holds 0 images")
    for i in range(12):
        Path(f"photos/{i}.png").write_bytes(b"no picture")
    _refused(cli("search", "conv-ae", "photos"), "photos/0.png is not an image")
    assert not Path("runs").exists()


def test_a_file_that_is_no_database_is_left_alone(cli: Cli) -> None:
    Path("runs").mkdir()
    Path("runs/studies.db").write_text("precious " * 100)
    for words in (SEARCH, ("status",), ("best", "x"), ("train", "x"), ("dashboard",)):
        _refused(cli(*words), "file is not a database")
    assert Path("runs/studies.db").read_text() == "precious " * 100


def test_a_port_in_use_is_refused(cli: Cli, trained: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        _refused(cli("dashboard", "--port", port), f"port {port} cannot be used")
    _refused(cli("dashboard", "--port", 99999), "port 99999 cannot be used")


def test_a_checkpoint_of_another_model_is_refused(cli: Cli, trained: Path) -> None:
    path = trained / "conv-ae-digits" / "final" / "model.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["state_dict"] = {"head.weight": torch.zeros(3)}
    torch.save(checkpoint, path)
    before = snapshot()
    _refused(cli("sample", "conv-ae-digits"), "is a checkpoint of another model")
    assert snapshot() == before


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "latentune", *map(str, SEARCH)]
    answer = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
    )
    assert answer.returncode == 2
    assert "cannot write to runs: File too large" in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert list(Path("runs").iterdir()) == []


@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv to give up root's rights")
def test_a_read_only_folder_is_said() -> None:
    Path("runs").mkdir(mode=0o555)
    command = [sys.executable, "-m", "latentune", *map(str, SEARCH)]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set=-dac_override", *command]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "cannot write to runs: Permission denied" in answer.stderr
    assert list(Path("runs").iterdir()) == []


def test_a_search_of_which_nothing_works_says_why(cli: Cli) -> None:
    Path("broken.py").write_text("""
from functools import partial
from latentune import ConvAutoencoder, ImageData, Objective, StudySpec
class Nan(ConvAutoencoder):
    def validation_step(self, batch, batch_idx):
        self.log("val_mse", float("nan"), batch_size=1)
def space(trial, input_shape):
    return Nan(input_shape, lr=trial.suggest_float("lr", 1e-4, 1e-2))
SPEC = StudySpec("nan", Objective(space, partial(ImageData, "digits", batch_size=500)), trials=2)
""")
    answer = cli("search", "broken:SPEC")
    assert answer.code == 0
    assert answer.out.count("val_mse is nan after epoch 1") == 2
    assert answer.out.endswith("next: latentune status nan\n")
    assert "failed" in cli("status", "nan").out
    _refused(cli("best", "nan"), "study 'nan' has no complete trial yet")
    _refused(cli("train", "nan:0"), "trial 0 is failed: it has no value")


def test_data_of_your_own_must_have_a_shape(cli: Cli) -> None:
    Path("shapeless.py").write_text("""
import pytorch_lightning as pl
from latentune import Objective, StudySpec
SPEC = StudySpec("shapeless", Objective(lambda trial, shape: None, pl.LightningDataModule))
""")
    _refused(cli("search", "shapeless:SPEC"), "LightningDataModule has no input_shape")


def test_a_finished_search_says_so(cli: Cli, trained: Path) -> None:
    answer = cli("search", "conv-ae", "digits", "--epochs", 2, "--trials", 3)
    assert answer.code == 0
    assert answer.out.startswith("conv-ae-digits has its 3 trials")
