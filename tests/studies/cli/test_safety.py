"""What comes from elsewhere: none of it runs, fills memory, waits for ever, or plays tricks."""

import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from PIL import Image

from latentune.objectives import progress
from latentune.objectives.data import data_error
from latentune.storage.database import open_database
from latentune.storage.storage_error import StorageError
from latentune.storage.study_names import check_new_name
from latentune.studies.study.custom_study import import_spec
from tests.conftest import add_header, edit_header

Refused = Callable[..., str]


TOML = Path("runs/conv-ae-digits/best.toml")


CHECKPOINT = Path("runs/conv-ae-digits/final/model.ckpt")


@pytest.mark.parametrize("model", [":", ":SPEC", ".x:SPEC", "..:x", "a..b:c", "x y:z", "a:b.c"])
def test_what_is_no_module_is_refused(refused: Refused, model: str) -> None:
    assert "a StudySpec is named as module:NAME" in refused("search", model)


def test_a_file_beside_a_module_of_ones_own_is_not_taken_for_a_library() -> None:
    Path("colorsys.py").write_text("raise SystemExit('not the library')")
    Path("beside.py").write_text("VALUE = 1")
    Path("found.py").write_text("""
import beside
from functools import partial
from latentune import Objective, StudySpec, TensorData
SPEC = StudySpec("found", Objective(None, partial(TensorData, "digits")))
""")
    assert import_spec("found:SPEC").name == "found"
    sys.modules.pop("colorsys", None)
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)


@pytest.mark.parametrize(
    "line",
    [
        "value" + ".a" * 900 + " = 1",
        f"value = {'9' * 5000}",
        f"value = 0x{'f' * 5000}",
        f"value = {'[' * 2000}",
        f"study = '{'x' * 2**20}'",
    ],
    ids=["deep", "long", "huge", "nested", "large"],
)
def test_a_configuration_that_is_endless_is_refused(
    refused: Refused, trained: Path, line: str
) -> None:
    lines = [one for one in TOML.read_text().splitlines() if not one.startswith("value")]
    TOML.write_text("\n".join([line, *lines]))
    assert str(TOML) in refused("train", TOML)


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("[" * 300 + "]" * 300, "nested too deeply"),
        ("[" * 10**5 + "]" * 10**5, "nested too deeply"),
        ("[" + "1," * 10**6 + "1]", "holds too much"),
        ("[" + "1," * 10**7 + "1]", "too large"),
    ],
    ids=["nested", "deep", "long", "huge"],
)
def test_a_header_that_is_endless_is_refused(
    refused: Refused, trained: Path, model: str, error: str
) -> None:
    add_header(CHECKPOINT, f'{{"recipe": {{"model": {model}}}}}')
    assert error in refused("map", "conv-ae-digits")


@pytest.mark.parametrize("side", [10**6, 10**12])
def test_a_network_for_which_there_is_no_memory_is_refused(
    refused: Refused, trained: Path, side: int
) -> None:
    edit_header(CHECKPOINT, lambda header: header["data"].update(shape=[1, side, side]))
    assert "network" in refused("map", "conv-ae-digits")


def test_a_hash_that_leads_elsewhere_is_refused(refused: Refused, trained: Path) -> None:
    TOML.write_text(TOML.read_text().replace("[recipe]", '[recipe]\nencoder_hash = "../x"'))
    assert "encoder_hash = '../x' in a recipe is not a hash" in refused("train", TOML)


def test_what_unpacks_to_more_than_memory_is_refused(
    refused: Refused, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentune.storage.checkpoint_file.MAX_CHECKPOINT_BYTES", 10**6)
    with zipfile.ZipFile(CHECKPOINT, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("archive/data/0", bytes(2 * 10**6))
    assert "is too large for a checkpoint when it is unpacked" in refused("map", "conv-ae-digits")
    monkeypatch.setitem(data_error.MAX_FILE_BYTES, "array", 10**6)
    np.savez_compressed("bomb.npz", x=np.zeros((2000, 1000), dtype="uint8"))
    assert os.path.getsize("bomb.npz") < 10**5
    assert "unpacked, takes 2,000" in refused("search", "bomb.npz")


def test_a_study_that_others_have_changed_is_refused(refused: Refused, trained: Path) -> None:
    study = optuna.load_study(study_name="conv-ae-digits", storage="sqlite:///runs/studies.db")
    study.set_user_attr("encoder_source", 5)  # what is not on an encoder is shown without
    study.set_user_attr("recipe", ["conv-ae"])
    assert "has no valid recipe" in refused("best", "conv-ae-digits")


@pytest.mark.parametrize("name", ["x.csv", "x.npy", "x.npz", "x.png", "x.txt", "x.toml", "x.ckpt"])
@pytest.mark.parametrize("way", ["pipe", "device"])
def test_nothing_waits_for_a_pipe_or_reads_a_device(
    refused: Refused, trained: Path, name: str, way: str
) -> None:
    if way == "pipe":
        os.mkfifo(name)
    else:
        Path(name).symlink_to("/dev/zero")
    for suffix, words in {
        (".toml", ".ckpt"): ("map", name) if name == "x.ckpt" else ("train", name),
        (".csv", ".npy", ".npz"): ("predict", "conv-ae-digits", name),
    }.items():
        if name.endswith(suffix):
            assert name in refused(*words)
    assert name in refused("search", name)


@pytest.mark.parametrize(("kind", "name"), [("table", "x.csv"), ("array", "x.npy")])
def test_what_is_too_large_is_refused(
    refused: Refused, monkeypatch: pytest.MonkeyPatch, kind: data_error.Kind, name: str
) -> None:
    Path(name).write_bytes(b"a,b\n" + b"1,2\n" * 50)
    monkeypatch.setitem(data_error.MAX_FILE_BYTES, kind, 100)
    assert f"{name} takes 204 bytes, and at most 100 are read: split it" in refused("search", name)


def test_images_are_pixels_and_not_programs(refused: Refused) -> None:
    Path("photos").mkdir()
    for number in range(12):
        Image.new("L", (8, 8)).save(f"photos/{number}.png")
    Image.new("RGB", (8, 8)).save("photos/5.png", "eps")  # which Pillow gives to Ghostscript
    assert "photos/5.png is not an image that can be read: it is none of" in refused(
        "show", "photos"
    )
    Path("photos/5.png").write_bytes(b"P5 100000 100000 255\n")
    assert "photos/5.png has more than 178,956,970 pixels" in refused("show", "photos")


def test_what_a_file_is_called_plays_no_tricks(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["\x1b]0;title\x07", "\x1b[2J", "a\rb", "[red]", "$\\frac$", "\u202eb"]
    for name in names:
        Path(f"photos/{name}").mkdir(parents=True)
        for number in range(10):
            Image.new("L", (8, 8), number).save(f"photos/{name}/{number}.png")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(progress, "_display", progress._display)  # a bar, for this test alone
    answer = cli("show", "photos")
    assert answer.code == 0, answer.err
    for name in names:
        assert name.encode("unicode_escape").decode().replace("\\\\", "\\") in answer.out
    assert not {"\x1b]0;", "\x1b[2J", "a\rb", "\u202e"} & set(answer.out.split())
    assert "\x07" not in answer.out
    assert "\\x1b[2J" in cli("best", "\x1b[2J").err


def test_a_name_that_is_no_text_is_refused(refused: Refused) -> None:
    os.makedirs(b"photos/\xff")
    for number in range(12):
        Image.new("L", (8, 8)).save(os.fsencode(f"photos/{number % 2}{number}.png"))
        Image.new("L", (8, 8)).save(f"photos/{os.fsdecode(bytes([255]))}/{number}.png")
    os.rename("photos", os.fsdecode(b"\xfe"))
    assert "is not in UTF-8" in refused("search", os.fsdecode(b"\xfe"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("CON", "a device on Windows"),
        ("nul.txt", "a device on Windows"),
        ("com1", "a device on Windows"),
        ("mine.", "lose the dot"),
        ("\u56f3" * 90, "270 bytes"),
        ("Cache", "that the runs folder uses"),
        ("Mine", "the study 'mine'"),
        ("\u1100\u1161", "the study '\uac00'"),  # two letters of Korean, and the same composed
    ],
)
def test_a_new_study_has_a_name_that_is_safe_on_every_system(name: str, why: str) -> None:
    with pytest.raises(StorageError, match=f"cannot name a study: .*{why}"):
        check_new_name(name, ["mine", "\uac00"])
    assert check_new_name("console", ["mine"]) == "console"


def test_a_study_that_has_such_a_name_can_be_opened(refused: Refused, cli: Any) -> None:
    open_database("sqlite:///studies.db", create=True)
    for name in ("mine", "NUL"):
        optuna.create_study(study_name=name, storage="sqlite:///studies.db")
    options = ("search", "mlp", "wine", "--storage", "sqlite:///studies.db", "--dry-run")
    assert "the study 'mine'" in refused(*options, "--name", "Mine")
    assert cli(*options, "--name", "NUL").code == 0


@pytest.mark.parametrize("runs", ["a?b", "a%41", "{a}"])
def test_a_folder_that_no_address_can_name_is_refused(refused: Refused, runs: str) -> None:
    assert f"{runs} cannot hold a database" in refused("search", "digits", "--runs", runs)


def test_an_address_is_not_filled_in(refused: Refused) -> None:
    url = "sqlite:///{SCHEMA_VERSION}.db"
    assert "contains a brace" in refused("search", "mlp", "wine", "--storage", url)
