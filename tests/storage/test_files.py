"""Files from elsewhere: none runs code unasked, and a runs folder may be moved or copied."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import latentune
from latentune.storage.checkpoint_file import read_header, write_header
from latentune.studies.study import module_trust as allowed
from tests.conftest import edit_header

Cli = Callable[..., Any]

OWN = """
from pathlib import Path
Path("was-run").touch()
from functools import partial
from latentune import TensorData, Objective, StudySpec
from latentune.search_spaces.autoencoder_spaces import conv_ae
data = partial(TensorData, "digits", batch_size=400)
SPEC = StudySpec("theirs", Objective(conv_ae, data, max_epochs=1))
"""


@pytest.fixture(autouse=True)
def _nothing_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowed, "_trusted_modules", set())


@pytest.fixture
def stranger(trained: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A best.toml and a checkpoint that ask for a module, which lies in the working folder."""
    Path("stranger.py").write_text(OWN)
    best = Path("runs/conv-ae-digits/best.toml")
    text = best.read_text().replace('model = "conv-ae"', 'model = "stranger:SPEC"')
    for line in ('data = "digits"\n', 'space = "default"\n', "epochs = 2\n"):
        text = text.replace(line, "")
    best.write_text(text)
    path = Path("runs/conv-ae-digits/final/model.ckpt")
    edit_header(path, lambda header: header.update(recipe={"model": "stranger:SPEC"}))
    return "stranger:SPEC"


@pytest.mark.parametrize(
    "words",
    [
        ("train", "runs/conv-ae-digits/best.toml", "--epochs", 1),
        ("map", "conv-ae-digits", "--n", 10),
        ("sample", "runs/conv-ae-digits/final/model.ckpt", "--n", 10),
        ("interpolate", "conv-ae-digits"),
        ("search", "head", "digits", "--encoder", "conv-ae-digits", "--trials", 1, "--epochs", 1),
        ("compare", "digits", "--encoder", "conv-ae-digits", "--labels", 50, "--epochs", 1),
    ],
    ids=lambda words: words[0],
)
def test_no_file_runs_a_module_unasked(cli: Cli, stranger: str, words: tuple[object, ...]) -> None:
    answer = cli(*words)
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "a file wants to import stranger:SPEC, which no study here uses" in answer.err
    assert "--allow stranger:SPEC" in answer.err
    assert not Path("was-run").exists()


def test_a_module_that_the_user_names_is_run(cli: Cli, stranger: str) -> None:
    assert cli("map", "conv-ae-digits", "--n", 10, "--allow", stranger).code == 0
    assert Path("was-run").exists()


def test_python_has_its_own_word_for_it(stranger: str) -> None:
    with pytest.raises(ValueError, match=r"latentune\.allow\('stranger:SPEC'\)"):
        latentune.load_model("conv-ae-digits")
    latentune.allow(stranger)
    assert latentune.load_model("conv-ae-digits").encode(torch.zeros(1, 1, 8, 8)).shape[0] == 1


def test_a_study_of_ones_own_needs_no_word(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("of_theirs.py").write_text(OWN)
    assert cli("search", "of_theirs:SPEC", "--trials", 1).code == 0
    monkeypatch.setattr(allowed, "_trusted_modules", set())  # as in the next command
    assert cli("train", "theirs", "--epochs", 1).code == 0
    assert cli("map", "theirs", "--n", 10).code == 0
    assert cli("train", "runs/theirs/best.toml", "--epochs", 1).code == 0


def test_a_moved_runs_folder_keeps_its_heads(cli: Cli, trained: Path) -> None:
    latentune.search("head", "digits", encoder="conv-ae-digits", trials=1, epochs=1)
    shutil.move("runs", "elsewhere")
    assert "stale" not in cli("status", "--runs", "elsewhere").out
    answer = cli("train", "head-conv-ae-digits", "--epochs", 1, "--runs", "elsewhere")
    assert answer.code == 0, answer.err
    assert cli("map", "head-conv-ae-digits", "--n", 10, "--runs", "elsewhere").code == 0


def test_a_copied_runs_folder_uses_its_own_encoder(cli: Cli, trained: Path) -> None:
    latentune.search("head", "digits", encoder="conv-ae-digits", trials=1, epochs=1)
    shutil.copytree("runs", "copy")
    latentune.train(
        "conv-ae-digits", epochs=1, pictures="none"
    )  # the original's encoder is another one now
    assert "stale" in cli("status").out
    assert "stale" not in cli("status", "--runs", "copy").out
    assert cli("train", "head-conv-ae-digits", "--epochs", 1, "--runs", "copy").code == 0


def test_an_encoder_from_outside_is_copied_into_the_folder(cli: Cli, trained: Path) -> None:
    shutil.move("runs/conv-ae-digits/final/model.ckpt", "outside.ckpt")
    shutil.rmtree("runs")
    search = ("search", "head", "digits", "--encoder", "outside.ckpt", "--epochs", 1)
    assert "runs/head-conv-ae-digits/encoder/model.ckpt" in cli(*search, "--trials", 1).out
    best = latentune.load_best("head-conv-ae-digits")
    assert best.recipe["encoder"] == "head-conv-ae-digits/encoder/model.ckpt"
    assert cli(*search, "--trials", 2).code == 0, "it is the same search"
    Path("outside.ckpt").unlink()
    shutil.move("runs", "moved")
    assert "stale" not in cli("status", "--runs", "moved").out
    answer = cli("train", "head-conv-ae-digits", "--epochs", 1, "--runs", "moved")
    assert answer.code == 0, answer.err


@pytest.mark.parametrize(
    "encoder", ["/x/model.ckpt", "../x.ckpt", "a/../../x.ckpt", "out/x.ckpt", "C:\\x.ckpt"]
)
def test_an_encoder_that_a_file_names_elsewhere_is_refused(
    refused: Callable[..., str], trained: Path, encoder: str
) -> None:
    (trained / "out").symlink_to("/tmp")
    path = trained / "conv-ae-digits/best.toml"
    path.write_text(path.read_text().replace("[recipe]", f"[recipe]\nencoder = '{encoder}'"))
    line = refused("train", path)
    assert f"the recorded path {encoder!r}" in line
    assert "it is not used" in line
    path = trained / "conv-ae-digits/final/model.ckpt"
    header = read_header(path)
    recipe = header.recipe.model_copy(update={"encoder": encoder})
    write_header(path, header.model_copy(update={"recipe": recipe}))
    assert "it is not used" in refused("map", path)


def test_a_configuration_names_no_study_elsewhere(
    refused: Callable[..., str], trained: Path
) -> None:
    path = trained / "conv-ae-digits/best.toml"
    path.write_text(path.read_text().replace('study = "conv-ae-digits"', 'study = "../x"'))
    Path("x").mkdir()
    shutil.copytree(trained / "conv-ae-digits/final", "x/final")
    for words in (("train", path), ("search", "head", "digits", "--encoder", path)):
        assert f"{path}: '../x' cannot name a study" in refused(*words)


def test_codes_that_are_cut_or_of_others_are_made_again(trained: Path) -> None:
    options = {"encoder": "conv-ae-digits", "trials": 1, "epochs": 1}
    first = latentune.search("head", "digits", **options)
    (kept,) = trained.glob("conv-ae-digits/final/codes-*-train.npy")
    whole = kept.read_bytes()
    for name, broken in (("cut", whole[: len(whole) // 2]), ("empty", b"")):
        kept.write_bytes(broken)
        assert (
            latentune.search("head", "digits", name=name, **options).best_value == first.best_value
        )
        assert kept.stat().st_size == len(whole)
    torch.save({"train": torch.zeros(3, 2)}, kept)
    again = latentune.search("head", "digits", name="foreign", **options)
    assert again.best_value == first.best_value
