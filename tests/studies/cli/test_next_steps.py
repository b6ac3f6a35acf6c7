"""Advice can be followed: the next step of each verb, over each kind of data, works."""

import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import latentune
from latentune.studies.cli.app import app

from ...conftest import Cli

DRAWN = np.random.default_rng(0)
FREE = ("dashboard", "list")  # the first waits for ever, and the second begins all over
ROWS = 60


def image(path: str, channels: int, value: int) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    shape = (8, 8, 3) if channels == 3 else (8, 8)
    pixels = np.clip(DRAWN.normal(value, 30, shape), 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path)


def colored() -> str:
    for number in range(ROWS):
        image(f"my photos/{'ab'[number % 2]}/{number}.png", 3, 60 + 100 * (number % 2))
    return "my photos"


def listed() -> str:
    colored()
    rows = [f"my photos/{'ab'[n % 2]}/{n}.png,{'ab'[n % 2]}" for n in range(ROWS)]
    Path("list.csv").write_text("path,label\n" + "\n".join(rows) + "\n")
    return "list.csv"


def arrays() -> str:
    labels = np.arange(ROWS) % 2
    np.savez("a.npz", x=DRAWN.random((ROWS, 8, 8)) * (1 + labels[:, None, None]) / 2, y=labels)
    return "a.npz"


def many_arrays() -> str:
    images, labels = DRAWN.random((65, 8, 8)), np.arange(65) % 2  # fewer of a part are not rated
    parts = ("train", "val", "test")
    named = {f"x_{part}": images for part in parts} | {f"y_{part}": labels for part in parts}
    np.savez("a.npz", **named)
    return "a.npz"


def rows_alone() -> str:
    np.save("rows.npy", DRAWN.normal(size=(ROWS, 5)))
    return "rows.npy"


def table(columns: dict[str, object]) -> Callable[[], str]:
    def write() -> str:
        numbers = {name: DRAWN.normal(size=ROWS) for name in ("a", "b", "c")}
        pd.DataFrame(numbers | columns).to_csv("t.csv", index=False)
        return "t.csv"

    return write


def names(classes: bool) -> Callable[[], str]:
    def write() -> str:
        words = [f"{'ann' if n % 2 else 'otto'}{'abcdefgh'[n % 8]}{n}" for n in range(ROWS)]
        frame = pd.DataFrame({"name": words, "kind": [f"k{n % 2}" for n in range(ROWS)]})
        frame[["name", "kind"] if classes else ["name"]].to_csv("names.csv", index=False)
        return "names.csv"

    return write


CLASSES = table({"class": ["x", "y"] * (ROWS // 2)})
NUMBERS = table({"price": DRAWN.normal(size=ROWS)})
NEW = {"t.csv": "t.csv", "names.csv": "anna", "rows.npy": "rows.npy", "a.npz": "new.npy"}


def new_input(data: str) -> str:
    """Returns what may be asked of a network that was trained on data."""
    if data == "a.npz":
        np.save("new.npy", DRAWN.random((3, 8, 8)))
    return NEW.get(data, "my photos/a/0.png")


def follow(cli: Cli, words: list[str], data: str) -> list[str]:
    """Follows each next step until there is none, or one that was taken; returns the verbs."""
    taken: list[str] = []
    while True:
        taken.append(words[0])
        assert words[0] in app.commands
        answer = cli(*words)
        assert answer.code == 0, (words, answer.err, answer.out)
        lines = [line for line in answer.out.splitlines() if line.startswith("next: ")]
        if not lines:
            return taken
        assert answer.out.rstrip().endswith(lines[-1])
        program, *words = shlex.split(lines[-1].removeprefix("next: "))
        assert program == "latentune"
        words = [new_input(data) if word == "FILE" else word for word in words]
        if words[0] in FREE or words[0] in taken:
            parse(words)
            return [*taken, words[0]]
        if words[0] in ("train", "search"):  # as little as is possible
            words += ["--epochs", "1"]
            words += ["--trials", "1"] if words[0] == "search" else ["--pictures", "none"]


def parse(words: list[str]) -> None:
    """Checks a command by the real command line, without running it."""
    command = app.commands[words[0]]
    command.make_context(words[0], list(words[1:]))


SHOWN: list[tuple[str, Callable[[], str], list[str]]] = [
    ("list of colored images", listed, []),
    ("arrays", arrays, []),
    ("rows", rows_alone, []),
    ("table of classes", CLASSES, ["--target", "class"]),
    ("table of numbers", NUMBERS, ["--target", "price"]),
    ("table without a target", NUMBERS, ["--target", "none", "--drop", "price"]),
    ("texts with classes", names(True), []),
    ("texts alone", names(False), ["--text", "name"]),
]


@pytest.mark.parametrize(("data", "options"), [pytest.param(d, o, id=i) for i, d, o in SHOWN])
def test_each_step_from_looking_at_data_to_the_end_works(
    data: Callable[[], str], options: list[str], cli: Cli
) -> None:
    path = data()
    taken = follow(cli, ["show", path, *options, "--runs", "elsewhere"], path)
    assert taken[:2] in (["show", "search"], ["show", "list"])
    assert not Path("runs").exists()


VERBS = (
    *("sample", "interpolate", "map", "probe", "compress", "predict", "encode", "anomalies"),
    "similar",
)


@pytest.mark.parametrize(
    ("model", "data", "options"),
    [
        ("dense-ae", rows_alone, []),
        ("dense-vae", arrays, []),
        ("dcgan", many_arrays, []),
        ("siamese", arrays, []),
        ("mlp", CLASSES, []),
        ("mlp-regression", NUMBERS, ["--target", "price"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_step_after_each_use_of_a_network_works(
    model: str, data: Callable[[], str], options: list[str], cli: Cli
) -> None:
    path = data()
    search = ["search", model, path, *options, "--epochs", "1", "--trials", "1", "--name", "a"]
    assert cli(*search, "--runs", "my runs").code == 0
    assert cli("train", "a", "--epochs", 1, "--pictures", "none", "--runs", "my runs").code == 0
    works, steps = set(), set()
    for verb in VERBS:
        more = {"predict": [new_input(path)], "anomalies": ["--against", path]}
        more["similar"] = [new_input(path)]
        more["encode"] = [new_input(path), "--out", "codes-of-mine.csv"]
        words = [verb, "a", *more.get(verb, []), "--runs", "my runs"]
        answer = cli(*words)
        if answer.code:  # it is not for such a network, and says so in a line
            assert answer.err.count("\n") == 1
            continue
        works.add(verb)
        (line,) = [x for x in answer.out.splitlines() if x.startswith("next: ")]
        following = [new_input(path) if w == "FILE" else w for w in shlex.split(line)[2:]]
        parse(following)
        if following[0] == "encode":  # the other verbs are all tried here
            assert cli(*following).code == 0, (words, following)
        steps.add(following[0])
    assert steps - works <= {"dashboard", "status"}


def test_a_study_of_several_objectives_or_without_a_trial_says_what_can_be_done(
    cli: Cli,
) -> None:
    words = ["search", "dense-vae", "digits", "--objectives", "reconstruction,kl", "--trials", "1"]
    answer = cli(*words, "--epochs", "1", "--batch-size", "700")
    assert answer.out.endswith("next: latentune best dense-vae-digits --prefer knee\n")
    assert cli("status", "dense-vae-digits").out.endswith("best dense-vae-digits --prefer knee\n")
    assert (
        "latentune best dense-vae-digits --prefer knee"
        in cli("predict", "dense-vae-digits", "x.npy").err
    )


def test_a_misspelt_study_is_named(trained: Path, refused: Callable[..., str]) -> None:
    for verb, *more in (("predict", "x.png"), ("encode", "x.png", "--out", "x.npz"), ("sample",)):
        line = refused(verb, "conv-ae-digit", *more)
        assert "there is no study 'conv-ae-digit' in runs; did you mean 'conv-ae-digits'?" in line
    for call in (latentune.load_model, latentune.load_best):
        with pytest.raises(ValueError, match="did you mean 'conv-ae-digits'"):
            call("conv-ae-digit")
    assert "latentune train conv-ae-digits:1" in refused("predict", "conv-ae-digits:1", "x.png")


def test_an_option_of_another_verb_is_said_to_be_one(cli: Cli) -> None:
    path = table({})()
    search = ("search", "dense-ae", path, "--target", "none", "--epochs", 1, "--trials", 1)
    cli(*search, "--name", "a")
    cli("train", "a", "--epochs", 1, "--pictures", "none")
    answer = cli("probe", "a")
    assert answer.code == 2
    assert "--target of latentune search" in answer.err
