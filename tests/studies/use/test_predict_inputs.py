"""Input that cannot be predicted: each bad item is named, and the others are predicted."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import latentune
from latentune import DataSpec, TableOptions, TensorData
from latentune.objectives.data.new_items.new_items import Preparation

from ...given import feed, houses, prepared, take

Cli = Callable[..., Any]


Refused = Callable[..., str]


rng = np.random.default_rng(0)


def test_a_bad_text_does_not_affect_other_texts(cli: Cli, asked: Path) -> None:
    whole = latentune.predict("name-rnn-names", ["Banos", "Dudek"]).table
    texts = ["Banos", "", "\u674e\u660e", "Dudek", "Zhqzhq", "\u200d", "\U0001f600"]
    pd.DataFrame({"key": range(7), "name": texts}).to_csv("new.csv", index=False)
    answer = cli("predict", "name-rnn-names", "new.csv", "--out", "said.csv")
    assert answer.code == 1, answer.err
    said = pd.read_csv("said.csv")
    assert list(said["place"]) == [f"new.csv row {n}" for n in range(1, 8)]
    assert list(said["key"]) == list(range(7))
    assert list(said["class"].notna()) == [True, False, False, True, False, False, False]
    assert list(said["class"].dropna()) == list(whole["class"])
    np.testing.assert_allclose(said["probability"].dropna(), whole["probability"], rtol=1e-4)
    unknown = "has no letter that is known"
    reasons = ["is empty", unknown, "has . letters of 6 that are not known", unknown, unknown]
    for reason, message in zip(said["reason"].dropna(), reasons, strict=True):
        assert re.fullmatch(message, reason)
    assert "latentune: new.csv row 3: '\u674e\u660e' has no letter that is known" in answer.err
    counted = cli("predict", "name-rnn-names", "Banos!", "Dudek", "\udcff")
    assert counted.code == 1
    assert "1 letter or sign that is not known is dropped from 1 text: '!' (1)" in counted.out


def test_a_bad_item_of_an_array_does_not_affect_other_items(cli: Cli, trained: Path) -> None:
    images = rng.random((6, 8, 8)).astype("float32")
    np.save("good.npy", images)
    expected = latentune.predict("conv-ae-digits", "good.npy").table
    broken = images.copy()
    broken[1, 0, 0], broken[3], broken[4, 2, 2] = np.nan, np.inf, 7
    np.save("new.npy", broken)
    answer = cli("predict", "conv-ae-digits", "new.npy", "--out", "said.csv")
    assert answer.code == 1
    said = pd.read_csv("said.csv")
    assert list(said["error"].notna()) == [True, False, True, False, False, True]
    np.testing.assert_allclose(said["error"].dropna(), expected["error"][[0, 2, 5]], rtol=1e-4)
    assert list(said["anomaly"].dropna()) == list(expected["anomaly"][[0, 2, 5]])
    assert list(said["reason"].dropna()) == [
        *["holds values that are not finite, or beyond 1e150"] * 2,
        "holds pixels beyond the range of the others",
    ]
    encoded = latentune.encode("conv-ae-digits", "new.npy", out="codes.csv")
    assert encoded.codes.shape[0] == len(encoded.names) == len(encoded.reasons) == 6
    assert list(np.isnan(encoded.codes).all(1)) == list(said["error"].isna())
    codes = pd.read_csv("codes.csv")
    assert list(codes["reason"].isna()) == list(said["error"].notna())
    assert list(codes["z0"].isna()) == list(said["error"].isna())
    found = cli("anomalies", "conv-ae-digits", "--against", "new.npy")
    assert found.code == 1, found.err
    assert "not scored: new.npy[1] holds values that are not finite" in found.out
    scores = pd.read_csv("runs/conv-ae-digits/final/anomalies/scores.csv")
    norms = np.sqrt(64 * expected["error"][[0, 2, 5]])  # of the errors whose mean square it is
    errors = scores["score_error"][scores["set"] == "outliers"]
    np.testing.assert_allclose(errors, norms, rtol=1e-4)


def test_unreadable_items_are_named_and_the_others_are_predicted(
    cli: Cli, asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentune.objectives.data.new_items.new_images.MAX_DECODED_FILES", 2)
    take("new", 5, 10)
    whole = Path("new/3.png").read_bytes()
    Path("new/1.png").write_bytes(whole[: len(whole) // 2])
    Path("new/4.png").write_text("no image")
    answer = cli("predict", "mlp-photos", "new")
    assert answer.code == 1
    assert re.search(r"^latentune: new/1.png is not an image that can be read: ", answer.err)
    assert re.search(r"^latentune: new/4.png is not an image", answer.err, re.MULTILINE)
    table = latentune.predict("mlp-photos", "new").table
    assert list(table["input"]) == [f"new/{i}.png" for i in range(5)]
    assert list(table["class"].notna()) == list(table["reason"].isna())
    assert list(table["class"].notna()) == [True, False, True, True, False]
    answer = cli("encode", "mlp-photos", "new", "--out", "codes.npz")
    assert answer.code == 1
    with np.load("codes.npz") as file:
        assert list(file["names"]) == [f"new/{i}.png" for i in range(5)]
        assert list(np.isnan(file["codes"]).any(1)) == [False, True, False, False, True]
        assert file["reasons"][4].startswith("is not an image that can be read")
    feed("new/0.png\nnew/none.png\n", monkeypatch)
    predictions = latentune.predict("mlp-photos", "-")
    assert list(predictions.table["input"]) == ["new/0.png", "new/none.png"]
    assert predictions.unreadable == {"new/none.png": "is not a file that can be read"}
    Path("list.csv").write_text("path,label,class\nnew/2.png,dark,1\nnew/none.png,dark,2\n")
    listed = latentune.predict("mlp-photos", "list.csv")
    assert list(listed.table["label"]) == ["dark", "dark"]
    assert list(listed.table["class_given"]) == ["1", "2"]
    assert list(listed.table["input"]) == ["new/2.png", "new/none.png"]
    assert listed.unreadable == predictions.unreadable


def test_gray_and_colored_images(refused: Refused, trained: Path, studies: Path) -> None:
    take("new", 1, 90, "L")
    Image.open("new/0.png").convert("RGB").save("new/1.png")
    Image.open("new/0.png").convert("P").save("new/2.png")
    errors = latentune.predict("conv-ae-digits", "new").table["error"]
    assert len(set(errors)) == 1
    take("colored", 2, 90)
    np.save("colored.npy", rng.random((2, 3, 8, 8)).astype(np.float32))
    for words, said in (("colored", "colored/0.png"), ("colored.npy", "colored.npy")):
        line = refused("predict", "conv-ae-digits", words)
        assert f"{said} holds colors, but the network has seen only gray images" in line
    color = studies / "runs/mlp-photos/final/model.ckpt"
    gray = rng.integers(0, 256, (2, 8, 8), dtype=np.uint8)
    for i, image in enumerate(gray):
        Image.fromarray(image).save(f"{i}.png")
    np.save("gray.npy", gray)
    files, array = (latentune.predict(color, x).table for x in (["0.png", "1.png"], "gray.npy"))
    pd.testing.assert_frame_equal(files.drop(columns="input"), array.drop(columns="input"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mlp-photos", "photo/dark"), "no file or folder 'photo/dark'; did you mean 'photos/"),
        (("mlp-photos", "photos/*.gif"), "no file matches 'photos/*.gif'"),
        (("mlp-photos", "names"), "names holds no images; skipped: 2 x .txt file"),
        (("mlp-photos", "houses.csv"), "houses.csv names no images"),
        (("mlp-photos", "rows.npy"), "rows.npy holds items of 3, but the network reads 3x8x8"),
        (("mlp-photos", "rows.npy", "--out", "x.txt"), "--out must end in .csv, not 'x.txt'"),
        (("mlp-photos", "photos", "--out", "there.csv"), "there.csv is there already: choose"),
        (("mlp-photos", "names/Greek.txt"), "names/Greek.txt is not an image that can be read"),
        (("logistic-regression-houses", "photos"), "photos is not a table: one of .csv, .tsv, "),
        (("logistic-regression-houses", "rows.npy"), "holds items of 3, but the network reads 8"),
        (("name-rnn-names", "nmaes/Greek.txt"), "did you mean 'names/Greek.txt'?"),
        (
            ("name-rnn-names", "\u674e", ""),
            "not one of 2 inputs can be read: \u674e has no letter that is",
        ),
        (("name-rnn-names", "-"), "standard input is empty"),
        (("nothing", "photos"), "there is no study 'nothing' in runs"),
    ],
)
def test_what_does_not_fit_is_refused(
    refused: Refused,
    asked: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    message: str,
) -> None:
    feed("", monkeypatch)
    np.save("rows.npy", rng.random((5, 3)))
    Path("there.csv").write_text("mine")
    assert message in refused("predict", *words)
    assert Path("there.csv").read_text() == "mine"


def test_a_generator_makes_no_predictions(
    refused: Refused, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gan = latentune.GAN(DataSpec((1, 8, 8)), width=0.1).eval()
    monkeypatch.setattr(
        "latentune.studies.use.trained_network.load_network", lambda path, runs: gan
    )
    np.save("some.npy", np.zeros((2, 8, 8), np.uint8))
    words = ("conv-ae-digits", "some.npy")
    assert "a GAN neither predicts, reconstructs nor" in refused("predict", *words)
    assert "GAN has no encode()" in refused("encode", *words, "--out", "codes.npz")


def test_a_number_is_predicted(asked: Path) -> None:
    table = houses("prices.csv", 40).drop(columns="class").assign(price=lambda t: 3 * t["size"])
    table.to_csv("prices.csv", index=False)
    latentune.search("linear-regression", "prices.csv", target="price", trials=1, epochs=1)
    latentune.train("linear-regression-prices", epochs=3, pictures="none")
    table.drop(columns="price").to_csv("new.csv", index=False)
    said = latentune.predict("linear-regression-prices", "new.csv").table
    spec = TensorData("prices.csv", table=TableOptions(target="price"), numbers=True).spec
    with torch.inference_mode():
        numbers = latentune.load_model("linear-regression-prices")(
            prepared(["new.csv"], Preparation(spec))
        )
    assert list(said) == ["input", "id", "price"]
    np.testing.assert_allclose(said["price"], numbers[:, 0], rtol=1e-4)


def test_long_tables_are_shown_in_part_and_written_whole(cli: Cli, asked: Path) -> None:
    answer = cli("predict", "logistic-regression-houses", "houses.csv")
    assert answer.out.count("houses.csv row") == 50
    assert "and 10 more; --out writes all" in answer.out
    answer = cli("predict", "logistic-regression-houses", "houses.csv", "--out", "deep/all.csv")
    assert answer.out.count("houses.csv row") == 20
    assert "wrote deep/all.csv" in answer.out
    written = pd.read_csv("deep/all.csv", dtype={"id": str})
    expected = latentune.predict("logistic-regression-houses", "houses.csv").table
    pd.testing.assert_frame_equal(written, expected, check_dtype=False)


def test_codes_are_those_of_the_network(asked: Path, refused: Refused) -> None:
    words = ["Banos", "Dudek", "W\u00f3jcik"]
    encoded = latentune.encode("name-rnn-names", words, out="codes.npz")
    model, like = latentune.load_model("name-rnn-names"), Preparation(TensorData("names").spec)
    with torch.inference_mode():
        expected = model.encode(prepared(words, like)).numpy()
    assert encoded.codes.dtype == np.float32
    np.testing.assert_allclose(encoded.codes, expected, rtol=1e-5, atol=1e-6)
    with np.load("codes.npz") as file:
        np.testing.assert_array_equal(file["codes"], encoded.codes)
        assert list(file["names"]) == words
    latentune.encode("name-rnn-names", words, out="codes.csv")
    table = pd.read_csv("codes.csv")
    assert list(table)[:3] == ["input", "z0", "z1"]
    np.testing.assert_allclose(table.drop(columns="input"), expected, rtol=1e-5, atol=1e-6)
    line = refused("encode", "name-rnn-names", "Banos", "--out", "codes.npz")
    assert "codes.npz is there already: choose another --out, or remove it" in line
    assert "Missing option '--out'" in refused("encode", "name-rnn-names", "Banos")


def test_standard_input_that_is_closed_is_empty(
    refused: Refused, asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert "standard input is empty" in refused("predict", "mlp-photos", "-")


def test_the_next_command_names_what_can_be_read(cli: Cli, asked: Path) -> None:
    take(".", 1, 99)
    Path("0.png").rename("-0.png")
    Path("broken.png").write_bytes(b"")
    answer = cli("predict", "dense-ae-photos", "--", "-0.png", "broken.png", "photos/dark")
    assert "next: latentune encode dense-ae-photos photos/dark --out" in answer.out
    assert (
        "next: latentune encode dense-ae-photos FILE --out"
        in cli("predict", "dense-ae-photos", "--", "-0.png").out
    )
