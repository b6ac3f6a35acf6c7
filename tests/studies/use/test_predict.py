"""Trained networks asked about new input."""

import json
import re
import shutil
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import latentune
from latentune import TensorData
from latentune.models.pixels import to_float
from latentune.objectives.data.new_items.new_items import Preparation
from latentune.storage.checkpoint_file import AnomalyThreshold, read_header, write_header

from ...given import feed, prepared, take

Cli = Callable[..., Any]


Refused = Callable[..., str]


def test_from_a_folder_to_predictions_by_four_commands(cli: Cli) -> None:
    take("shots", 16, 80)
    words = ("--image-size", 8, "--trials", 1, "--epochs", 1)
    assert cli("search", "dense-ae", "shots", *words).code == 0
    assert cli("train", "dense-ae-shots", "--epochs", 1).code == 0
    answer = cli("predict", "dense-ae-shots", "shots")
    assert answer.code == 0, answer.err
    assert "next: latentune encode dense-ae-shots shots --out codes.npz" in answer.out
    assert answer.out.count("shots/") == 16


def test_a_classifier_names_the_likeliest_classes(cli: Cli, asked: Path) -> None:
    take("new/deep/down", 3, 200, seed=7)
    take("new/deep", 2, 0, "L", seed=8)
    take("new/.hidden", 2, 0)
    Path("new/notes.txt").write_text("none")
    predictions = latentune.predict("mlp-photos", "new")
    table = predictions.table
    assert list(table) == ["input", "class", "probability", "second", "second_probability"]
    assert list(table["input"]) == [
        *(f"new/deep/{i}.png" for i in range(2)),
        *(f"new/deep/down/{i}.png" for i in range(3)),
    ]
    np.testing.assert_allclose(table["probability"] + table["second_probability"], 1, atol=1e-4)
    model, spec = latentune.load_model("mlp-photos"), TensorData("photos", image_size=8).spec
    with torch.inference_mode():
        shares = model(prepared(["new"], Preparation(spec))).softmax(1)
    assert list(table["class"]) == [spec.classes[n] for n in shares.argmax(1)]
    np.testing.assert_allclose(table["probability"], shares.amax(1), rtol=1e-4)
    answer = cli("predict", "mlp-photos", "new/**/*.png")
    assert answer.out.count("new/deep") == 5
    assert "skipped" not in answer.out


def test_a_prediction_of_a_training_item_is_what_the_network_says(asked: Path) -> None:
    data = TensorData("photos", image_size=8, augment="crop")
    train = data.splits.train.inputs
    model = latentune.load_model("dense-ae-photos")
    with torch.inference_mode():
        x = to_float(train[:])
        errors = (model.reconstruct(x) - x).flatten(1).square().mean(1)
    table = latentune.predict("dense-ae-photos", [f"photos/{n}" for n in train.names]).table
    np.testing.assert_allclose(table["error"], errors, rtol=1e-5)


def test_a_checkpoint_is_enough(cli: Cli, asked: Path) -> None:
    expected = latentune.predict("mlp-photos", "photos/dark").table
    shutil.copy("runs/mlp-photos/final/model.ckpt", "alone.ckpt")
    shutil.copytree("photos/dark", "elsewhere")
    shutil.rmtree("runs")
    shutil.rmtree("photos")
    table = latentune.predict("alone.ckpt", "elsewhere").table
    pd.testing.assert_frame_equal(table.drop(columns="input"), expected.drop(columns="input"))
    answer = cli("predict", "alone.ckpt", "elsewhere", "--json")
    assert json.loads(answer.out) == table.to_dict("records")
    assert not Path("runs").exists()


def test_items_above_the_threshold_are_anomalies(cli: Cli, asked: Path) -> None:
    path = Path("runs/dense-ae-photos/final/model.ckpt")
    header = read_header(path).model_copy(update={"anomaly": None})
    write_header(path, header)
    answer = cli("predict", "dense-ae-photos", "photos")
    assert "latentune train dense-ae-photos saves one" in answer.out
    table = latentune.predict("dense-ae-photos", "photos").table
    assert list(table) == ["input", "error"]
    threshold = float(table["error"].median())
    norm = (prod(header.data_spec.shape) * threshold) ** 0.5
    threshold_of_four = AnomalyThreshold(quantile=0.5, threshold=norm, items=4)
    write_header(path, header.model_copy(update={"anomaly": threshold_of_four}))
    discriminator_terms = latentune.predict("dense-ae-photos", "photos").table
    assert list(discriminator_terms["anomaly"]) == list(table["error"] > threshold)
    answer = cli("predict", "dense-ae-photos", "photos")
    assert f"anomalies: 20 of 40, whose error is above {threshold:.4g}" in answer.out


def test_an_embedder_names_the_nearest_training_items(asked: Path, cli: Cli) -> None:
    data = TensorData("digits")
    train, names = data.splits.train, data.spec.classes
    np.save("some.npy", train.inputs[5:25, 0].numpy())
    table = latentune.predict("siamese-digits", "some.npy").table
    assert list(table["nearest"]) == list(range(5, 25))
    assert list(table["nearest_class"]) == [names[n] for n in train.targets[5:25]]
    assert (table["nearest_distance"] < 0.05 * table["second_distance"]).mean() > 0.8
    votes = table[["nearest_class", "second_class", "third_class"]]
    for said, three in zip(table["class"], votes.to_numpy().tolist(), strict=True):
        most = max(map(three.count, three))
        assert said == next(one for one in three if three.count(one) == most)
    assert "index or file of a training item" in cli("predict", "siamese-digits", "some.npy").out


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 59), min_size=1, max_size=20, unique=True))
def test_the_prediction_of_a_row_does_not_depend_on_other_rows(
    studies: Path, rows: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(studies)
        table = pd.read_csv("houses.csv", dtype=str)
        whole = latentune.predict("logistic-regression-houses", "houses.csv").table
        table.iloc[rows].to_csv("some.csv", index=False)
        some = latentune.predict("logistic-regression-houses", "some.csv").table
    expected = whole.iloc[rows].reset_index(drop=True)
    assert list(some["class"]) == list(expected["class"])
    np.testing.assert_allclose(some["probability"], expected["probability"], rtol=1e-4)
    assert list(some["input"]) == [f"some.csv row {n}" for n in range(1, len(rows) + 1)]


def test_columns_that_training_did_not_have_are_left_out_with_a_message(
    cli: Cli, asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed("street,style,zip,garden,size\nMain,old,007,false,91\n", monkeypatch)
    answer = cli("predict", "logistic-regression-houses", "-")
    assert answer.code == 0, answer.err
    assert "left out, as training did not have them: 'street'" in answer.out
    assert "standard input row 1" in answer.out
    feed("street,style,zip,garden,size\nMain,old,007,false,91\n", monkeypatch)
    answer = cli("predict", "logistic-regression-houses", "-", "--json")
    assert len(json.loads(answer.out)) == 1
    assert "'street'" in answer.err


HEAD = "size,garden,zip,style\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("size,garden,zip,stile\n80,True,10,old\n", "no column 'style'.*did you mean 'stile'"),
        (HEAD + "80,True,11,old\n", r"new.csv row 1 has '11' in the column 'zip'.*'007'"),
        (
            HEAD + "80,True,11,old\n80,True,10,odd\n",
            "not one of 2 inputs can be read: new.csv row 1",
        ),
        (HEAD, "a line of names, but no rows"),
        ("", "is empty"),
    ],
)
def test_tables_of_which_no_row_can_be_read_are_refused(
    refused: Refused, asked: Path, text: str, message: str
) -> None:
    Path("new.csv").write_text(text)
    line = refused("predict", "logistic-regression-houses", "new.csv")
    assert re.search(message, line), line


BAD_ROWS = {
    "80,True,11,old": "has '11' in the column 'zip', where training has seen '007', '10', 'AB'",
    "80,True,10,odd": "has 'odd' in the column 'style', where training has seen 'a=b', 'new',",
    "big,True,10,old": "has 'big' in the column 'size', where training has seen finite numbers",
    "inf,True,10,old": "has 'inf' in the column 'size', where training has seen finite numbers",
    "1e200,True,10,old": "has '1e200' in the column 'size', where",
    "80,perhaps,10,old": "has 'perhaps' in the column 'garden', where training has seen true and",
    ",,,": "has no value in any column",
}


def test_a_bad_row_does_not_affect_other_rows(cli: Cli, asked: Path) -> None:
    good = [f"{50 + 3 * i},{i % 2 == 0},10,old" for i in range(len(BAD_ROWS))]
    rows = [row for pair in zip(good, BAD_ROWS, strict=True) for row in pair]
    lines = [f"k{i},x {i},{row},small" for i, row in enumerate(rows)]
    Path("new.csv").write_text(f"key,street,{HEAD.strip()},class\n" + "\n".join(lines))
    Path("good.csv").write_text(HEAD + "\n".join(good))
    expected = latentune.predict("logistic-regression-houses", "good.csv").table
    assert "reason" not in expected
    answer = cli("predict", "logistic-regression-houses", "new.csv", "--out", "said.csv")
    assert answer.code == 1
    said = pd.read_csv("said.csv", dtype=str, keep_default_na=False)
    assert list(said) == [
        *("input", "key", "street", "class_given", "class", "probability"),
        *("second", "second_probability", "reason"),
    ]
    assert list(said["input"]) == [f"new.csv row {n}" for n in range(1, len(rows) + 1)]
    assert list(said["key"]) == [f"k{i}" for i in range(len(rows))]
    assert set(said["class_given"]) == {"small"}
    assert list(said["class"][::2]) == list(expected["class"])
    np.testing.assert_allclose(said["probability"][::2].astype(float), expected["probability"])
    assert set(said["reason"][::2]) == set(said["class"][1::2]) == {""}
    assert set(said["probability"][1::2]) == set(said["second_probability"][1::2]) == {""}
    for reason, message in zip(said["reason"][1::2], BAD_ROWS.values(), strict=True):
        assert reason.startswith(message)
    assert f"latentune: new.csv row 2 {said['reason'][1]}" in answer.err
    whole = json.loads(cli("predict", "logistic-regression-houses", "new.csv", "--json").out)
    assert [row["class"] for row in whole[1::2]] == [None] * len(BAD_ROWS)
    encoded = cli("encode", "logistic-regression-houses", "new.csv", "--out", "codes.csv")
    assert encoded.code == 1
    codes = pd.read_csv("codes.csv", dtype=str, keep_default_na=False)
    assert list(codes["key"]) == list(said["key"])
    assert list(codes["reason"]) == list(said["reason"])
    assert list(codes["z0"] == "") == list(said["class"] == "")


def test_predictions_have_the_name_of_the_target(asked: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(40, 3))
    table = pd.DataFrame(rows, columns=["probability", "b", "c"]).assign(plant=rows[:, 0] > 0)
    table["plant"] = table["plant"].map({True: "oak", False: "ash"})
    table.to_csv("plants.csv", index=False)
    latentune.search("logistic-regression", "plants.csv", target="plant", trials=1, epochs=1)
    latentune.train("logistic-regression-plants", epochs=1, pictures="none")
    table.assign(second=1).to_csv("new.csv", index=False)
    said = latentune.predict("logistic-regression-plants", "new.csv")
    assert list(said.table) == [
        *("input", "plant_given", "second_given", "plant", "probability", "second"),
        "second_probability",
    ]
    assert list(said.table["plant_given"]) == list(table["plant"])
    assert set(said.table["plant"]) <= {"oak", "ash"}
