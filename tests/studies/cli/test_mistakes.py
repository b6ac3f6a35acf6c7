"""Mistakes on the command line: each gets one line and exit code 2, and changes nothing."""

import resource
import socket
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from latentune.storage.checkpoint_file import read_header, write_header

from ...forked import command, fork, without_rights_of_root

Cli = Callable[..., Any]


SEARCH = ("search", "conv-ae", "digits", "--epochs", 1, "--batch-size", 200)


MISTAKES = [
    (("search", "conv-ea", "digits"), "there is no model 'conv-ea'; did you mean 'conv-ae'?"),
    (("search", "conv-ae"), "conv-ae needs data"),
    (
        ("search", "conv-ae", "digitz"),
        "'digitz' is neither a folder of images or texts, nor a table",
    ),
    (("search", "conv-ae", "digits", "--space", "publishd"), "did you mean 'published'?"),
    ((*SEARCH, "--fix", "learning_rate=1"), "no parameter 'learning_rate'"),
    ((*SEARCH, "--range", "latent=2:4"), "did you mean 'latent_dim'?"),
    ((*SEARCH, "--range", "latent_dim=8:4"), "low (8) is above high (4)"),
    ((*SEARCH, "--range", "lr=0:1:log"), "a log range starts above 0"),
    ((*SEARCH, "--range", "lr"), "'--range' / '--fix': 'lr' is not of the form NAME=VALUE"),
    ((*SEARCH, "--pruner", "medain"), "did you mean 'median'?"),
    ((*SEARCH, "--sampler", "tpee"), "did you mean 'tpe'?"),
    ((*SEARCH, "--trials", -3), "trials must be at least 0, not -3"),
    ((*SEARCH, "--trials", "many"), "--trials"),
    ((*SEARCH, "--workers", 0), "workers must be at least 1, not 0"),
    ((*SEARCH, "--workers", -2), "workers must be at least 1, not -2"),
    (("search", "conv-ae", "digits", "--epochs", 0), "epochs must be at least 1, not 0"),
    ((*SEARCH, "--time", "soon"), "'--time': 'soon' is not a time"),
    ((*SEARCH, "--time", "0s"), "time must be above 0"),
    ((*SEARCH, "--seed", -1), "seed must be from 0"),
    ((*SEARCH, "--name", "../up"), "'../up' cannot name a study"),
    ((*SEARCH, "--name", "features"), "'features' cannot name a study"),
    ((*SEARCH, "--image-size", 0), "image_size must be at least 1"),
    ((*SEARCH, "--image-size", 9999), "--image-size must be from 1 to 2048, not 9999"),
    ((*SEARCH, "--storage", "studies.db"), "is not a database URL"),
    ((*SEARCH, "--runs", "/proc/runs"), "cannot write to /proc/runs"),
    ((*SEARCH, "--farbe", "red"), "--farbe"),
    (("search", "nowhere:SPEC"), "there is no module 'nowhere'"),
    (("search", "json:dumps"), "json:dumps is a function, not a StudySpec"),
    (("search", "json:nothing"), "module 'json' has no 'nothing'"),
    (("search", "json:dumps", "digits"), "brings its own data"),
    (("serach",), "serach"),
    (("status",), "there is no database runs/studies.db yet"),
    (("best", "conv-ae-digits"), "there is no database runs/studies.db yet"),
    (("train", "best.toml"), "best.toml does not exist"),
    (("sample", "x"), "there is no checkpoint runs/x/final/model.ckpt"),
    (
        ("search", "conv-vae", "digits", "--fix", "beta=-1"),
        "beta (=-1.0) must be at least 0",
    ),
    (("search", "conv-vae", "digits", "--objectives", "kl,speed"), "has no objective 'speed'"),
    (("search", "conv-vae", "digits", "--objectives", "kl,kl"), "objective 'kl' is named twice"),
    (("search", "head", "digits"), "name its study by --encoder"),
    ((*SEARCH, "--encoder", "x.ckpt"), "conv-ae does not use an encoder"),
    ((*SEARCH, "--enqueue", "best.toml"), "best.toml does not exist"),
    (("search", "head", "digits", "--encoder", "x.ckpt"), "there is no checkpoint"),
    (("search", "head", "digits", "--encoder", "x"), "there is no database"),
    (("interpolate", "x", "--images", "3"), "'--images': '3' is not two numbers"),
    (("compare", "digits"), "name at least one trained encoder"),
    (("compare", "digits", "--labels", "few"), "'--labels': 'few' is neither a number nor"),
    (("export", "x", "--format", "xml"), "'--format': 'xml' is not a choice; known: csv, json"),
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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("train", "conv-ae-digits", "--epochs", 0), "epochs must be at least 1, not 0"),
        (("sample", "conv-ae-digits", "--n", 0), "n must be at least 1, not 0"),
        (("sample", "conv-ae-digits", "--seed", -1), "seed must be from 0"),
        (("map", "conv-ae-digits", "--n", 1), "n must be at least 4, not 1"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_wrong_number_gets_one_line_and_changes_nothing(
    cli: Cli, trained: Path, words: tuple[object, ...], message: str
) -> None:
    before = snapshot()
    _refused(cli(*words), message)
    assert snapshot() == before


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
    (("train", "conv-ae-digits:x"), "'x' in 'conv-ae-digits:x' is not a trial number"),
    (("train", "conv-ea-digits"), "did you mean 'conv-ae-digits'?"),
    (("sample", "conv-ae-digits:1"), "latentune train conv-ae-digits:1"),
    (("search", "conv-ae", "digits", "--epochs", 7), "epochs is 2 there, 7 here"),
    (("best", "conv-ae-digits", "--prefer", "knee"), "needs a study with several objectives"),
    (("sample", "conv-ae-digits", "--method", "kd"), "did you mean 'kde'?"),
    (("sample", "conv-ae-digits", "--method", "prior"), "Autoencoder has no prior()"),
    (("interpolate", "conv-ae-digits", "--images", "3,999"), "no validation image 999"),
    (("search", "head", "digits", "--encoder", "conv-ae-digit"), "did you mean 'conv-ae-digits'"),
    (("search", "head", "digits", "--encoder", "conv-ae-digits:1"), "no trained network yet"),
    (
        ("compare", "digits", "--encoder", "conv-ae-digits", "--labels", "5000"),
        "5000 labels cannot be chosen: digits has 1,294",
    ),
    (
        ("search", "conv-vae", "digits", "--enqueue", "runs/conv-ae-digits/best.toml"),
        "is of model 'conv-ae', not 'conv-vae'",
    ),
    (
        (*SEARCH, "--enqueue", "runs/conv-ae-digits/best.toml", "--fix", "lr=0.5", "--name", "x"),
        "is outside its range",
    ),
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
        ("latent_dim = ", "latent_dim = 1", "is outside its range, int 2:8:log"),
        ("lr = ", "lr = -", "is outside its range"),
        ("lr = ", "learning_rate = 1\n#", "lr has no value"),
        ("lr = ", "momentum = 1\nlr = ", "no parameter 'momentum'"),
        ('model = "conv-ae"', 'model = "gan"', "there is no model 'gan'"),
        ('space = "default"', 'spice = "default"', "did you mean 'space'?"),
        ("seed = 0", "seed = 1", "the data differ from those"),
        ("[params]", "[params", "not a complete TOML file"),
        ('study = "conv-ae-digits"', 'study = "../../up"', "'../../up' cannot name a study"),
        ("epochs = 2", 'epochs = "two"', "epochs = 'two' in a recipe has the wrong type"),
        ('data = "digits"', "data = 5", "data = 5 in a recipe has the wrong type"),
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
    header = read_header(path)
    torch.save({"state_dict": {"head.weight": torch.zeros(3)}}, path)
    write_header(path, header)
    before = snapshot()
    _refused(cli("sample", "conv-ae-digits"), "is a checkpoint of another model")
    assert snapshot() == before


def on_a_full_disk(*words: object) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    command(*words)


def test_a_full_disk_is_said() -> None:
    code, _, err = fork(on_a_full_disk, *SEARCH, "--workers", 1).end()
    assert code == 2
    assert "cannot write to runs: File too large" in err
    assert err.count("\n") == 1
    assert list(Path("runs").iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="gives up rights of root as Linux does")
def test_a_read_only_folder_is_said() -> None:
    Path("runs").mkdir(mode=0o555)
    code, _, err = fork(without_rights_of_root, command, *SEARCH, "--workers", 1).end()
    assert code == 2
    assert "cannot write to runs: Permission denied" in err
    assert list(Path("runs").iterdir()) == []


def test_a_search_of_which_nothing_works_says_why(cli: Cli) -> None:
    Path("broken.py").write_text("""
from functools import partial
from latentune import Autoencoder, TensorData, Objective, StudySpec
class Nan(Autoencoder):
    def validation_step(self, batch, batch_idx):
        self.log("val_mse", float("nan"), batch_size=1)
def space(trial, data):
    return Nan(data, lr=trial.suggest_float("lr", 1e-4, 1e-2))
SPEC = StudySpec("nan", Objective(space, partial(TensorData, "digits", batch_size=500)), trials=2)
""")
    answer = cli("search", "broken:SPEC")
    assert answer.code == 0
    assert answer.out.count("1/10  val_mse is nan after epoch 1") == 2
    assert "2 trials failed: 2 x val_mse is nan after epoch 1" in answer.out
    assert answer.out.endswith("next: latentune status nan\n")
    assert "failed" in cli("status", "nan").out
    _refused(cli("best", "nan"), "study 'nan' has no complete trial yet")
    _refused(cli("train", "nan:0"), "trial 0 is failed: it has no value")
