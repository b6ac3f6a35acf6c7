"""`--only` trains on some classes; the others serve `anomalies`. `--deduplicate` and `show`."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

import latentune
from latentune import DataError, StudyError, TableOptions, TensorData
from latentune.objectives.data.preparation import splits as memory

Cli = Callable[..., Any]
Refused = Callable[..., str]
FAST = {"trials": 1, "epochs": 1}
rng = np.random.default_rng(0)


def table() -> str:
    rows = rng.normal(size=(90, 3)).round(4)
    frame = pd.DataFrame(rows, columns=list("abc")).assign(kind=["cats", "dogs", "owls"] * 30)
    frame.to_csv("pets.csv", index=False)
    return "pets.csv"


def photos() -> str:
    for label, value in (("cats", 20), ("dogs", 90), ("owls", 160)):
        Path(f"pets/{label}").mkdir(parents=True)
        for number in range(30):
            pixels = (value + rng.integers(0, 60, (8, 8))).astype("uint8")
            Image.fromarray(pixels).save(f"pets/{label}/{number}.png")
    return "pets"


def texts() -> str:
    Path("pets").mkdir()
    for label in ("cats", "dogs", "owls"):
        lines = [f"{label[0]}{'xyz'[i % 3] * (i % 20 + 1)}" for i in range(60)]
        Path(f"pets/{label}.txt").write_text("\n".join(lines))
    return "pets"


@pytest.mark.parametrize("make", [table, photos, texts])
def test_the_items_of_some_classes_are_those_of_all(make: Callable[[], str]) -> None:
    name, options = make(), TableOptions(target="kind") if make is table else TableOptions()
    whole, some = (TensorData(name, table=options, only=only) for only in ((), ("owls", "cats")))
    assert some.spec.classes == ("cats", "owls")
    assert some.fingerprint != whole.fingerprint
    parts = [
        torch.cat([data.splits.train.inputs, data.splits.val.inputs]) for data in (whole, some)
    ]
    targets = torch.cat([whole.splits.train.targets, whole.splits.val.targets])
    expected = sorted(map(str, parts[0][targets != 1].tolist()))
    assert sorted(map(str, parts[1].tolist())) == expected
    of_test = whole.splits.test.targets != 1
    assert torch.equal(some.splits.test.inputs, whole.splits.test.inputs[of_test])
    assert torch.equal(some.splits.test.row_indices, whole.splits.test.row_indices[of_test])
    assert torch.equal(some.splits.test.targets, whole.splits.test.targets[of_test] // 2)


def test_the_other_classes_are_scored(cli: Cli) -> None:
    words = ("--trials", 1, "--epochs", 2, "--only", "0", "--name", "zeros")
    answer = cli("search", "conv-ae", "digits", *words)
    assert answer.code == 0, answer.err
    assert cli("train", "zeros", "--epochs", 30, "--pictures", "none").code == 0
    answer = cli("anomalies", "zeros", "--against", "others")
    assert answer.code == 0, answer.err
    scores = pd.read_csv("runs/zeros/final/anomalies/scores.csv")
    splits, labels = TensorData("digits").splits, load_digits().target
    assert (scores["set"] == "inliers").sum() == (splits.test.targets == 0).sum()
    outliers = scores[scores["set"] == "outliers"]["item"]
    rows = outliers.str.extract(r"digits\[(\d+)\]")[0].astype(int)
    is_other = splits.test.targets != 0
    assert list(rows) == splits.test.row_indices[is_other].tolist()
    assert 0 not in set(labels[rows])
    report = latentune.anomalies("zeros", against="others")
    assert report.auroc > 0.8
    assert list(report.thresholds) == ["quantile 0.99", "logistic regression"]
    model = latentune.load_model("zeros")
    with torch.inference_mode():
        others = splits.test.inputs[is_other]
        expected = (model(others) - others).flatten(1).norm(dim=1)
    np.testing.assert_allclose(report.scores["score"][-len(others) :], expected, rtol=1e-4)


def test_a_classifier_of_some_classes_knows_them_alone() -> None:
    study = latentune.search("mlp", "digits", only=["3", "5"], name="two", **FAST)
    latentune.train("two", epochs=1, pictures="none")
    table = latentune.predict("two", load_digits().images[:4]).table
    assert set(table["class"].astype(str)) <= {"3", "5"}
    assert study.best_value > 0.5
    assert latentune.verify("two").reproduced


def test_a_wrong_class_is_refused_in_one_line(refused: Refused) -> None:
    photos()
    for words, message in {
        ("conv-ae", "pets", "--only", "cat"): "no class 'cat' for --only: did you mean 'cats'?",
        (
            "conv-ae",
            "digits",
            "--only",
            "10",
        ): "digits has no class '10' for --only: did you mean '1'?",
        ("mlp", "pets", "--only", "cats"): "no labels to learn from; name more classes by --only",
        ("conv-ae", "noise.npy", "--only", "a"): "has no classes to choose from: leave out --only",
    }.items():
        np.save("noise.npy", rng.random((20, 8, 8)))
        assert message in refused("search", *words)


def test_too_few_items_of_a_class_are_refused() -> None:
    x, y = rng.random((60, 8, 8)), np.array(["many"] * 45 + ["few"] * 15)
    np.savez("some.npz", x_train=x, y_train=y, x_test=x[:9], y_test=y[:9])
    with pytest.raises(DataError, match="has 0 test items of 'few', and at least 1 are needed"):
        TensorData("some.npz", only=["few"])
    np.savez("other.npz", x_train=x[38:], y_train=y[38:], x_test=x, y_test=y)
    with pytest.raises(DataError, match="has 7 training items of 'many'"):
        TensorData("other.npz", only=["many"])


def test_a_study_of_all_classes_has_no_others(refused: Refused) -> None:
    latentune.search("dense-ae", "digits", name="whole", **FAST)
    latentune.train("whole", epochs=1, pictures="none")
    line = refused("anomalies", "whole", "--against", "others")
    assert "all classes of digits were trained on" in line
    with pytest.raises(StudyError, match=r"only is absent there, 3 here") as error:
        latentune.search("dense-ae", "digits", name="whole", only="3", **FAST)
    assert "\n" not in str(error.value)
    with sqlite3.connect("runs/studies.db") as database:
        assert database.execute("select count(*) from trials").fetchall() == [(1,)]


def test_another_process_gets_the_same_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_splits", {})
    before = TensorData("digits", only=["3", "5"], deduplicate=True).splits
    memory.save_splits(Path("splits.pt"))
    monkeypatch.setattr(memory, "_splits", {})
    monkeypatch.setitem(memory.DATASETS, "digits", None)  # nothing is left to read it with
    memory.load_splits(Path("splits.pt"))
    after = TensorData("digits", only=["3", "5"], deduplicate=True).splits
    assert (before.spec, before.fingerprint) == (after.spec, after.fingerprint)


def copies() -> tuple[str, np.ndarray]:
    """An array whose test part has three training items, and whose validation part has one."""
    x = rng.integers(0, 256, (70, 8, 8)).astype("uint8")
    train, val, test = x[:40].copy(), x[40:50].copy(), x[50:].copy()
    test[[2, 5, 7]] = train[[30, 4, 4]]
    val[1] = train[11]
    train[39] = train[30]
    y = np.arange(40) % 2
    y_test = np.zeros(20, int)
    y_test[2] = 1
    np.savez(
        "some.npz", x_train=train, x_val=val, x_test=test, y_train=y, y_val=y[:10], y_test=y_test
    )
    return "some.npz", train


def test_show_lists_the_items_of_two_parts(cli: Cli) -> None:
    copies()
    shared = latentune.show("some.npz").shared
    expected = {
        "part": ["val", "test", "test", "test"],
        "item": [f"some.npz[{i}]" for i in (1, 2, 5, 7)],
        "training item": [f"some.npz[{i}]" for i in (11, 30, 4, 4)],
        "same target": [True, False, True, True],
    }
    assert shared.to_dict("list") == expected
    written = pd.read_csv("runs/shown/some.npz/shared.csv")
    assert written.to_dict("list") == expected
    answer = cli("show", "some.npz")
    assert "4 items are in two parts, such as:\n" in answer.out
    assert "wrote runs/shown/some.npz/shared.csv\n" in answer.out
    assert "some.npz[30]" in answer.out


def test_show_lists_the_files_of_two_parts() -> None:
    for part, n in (("train", 20), ("test", 10)):
        for number in range(n):
            for label in "ab":
                Path(f"folder/{part}/{label}").mkdir(parents=True, exist_ok=True)
                pixels = rng.integers(0, 255, (8, 8)).astype("uint8")
                Image.fromarray(pixels).save(f"folder/{part}/{label}/{number}.png")
    Path("folder/test/a/5.png").write_bytes(Path("folder/train/b/7.png").read_bytes())
    shared = latentune.show("folder").shared
    assert shared.to_dict("list") == {
        "part": ["test"],
        "item": ["test/a/5.png"],
        "training item": ["train/b/7.png"],
        "same target": [False],
    }


def test_shared_items_are_left_out_of_training(caplog: pytest.LogCaptureFixture) -> None:
    name, train = copies()
    caplog.set_level("INFO", logger="latentune")
    data = TensorData(name, deduplicate=True)
    kept = [i for i in range(40) if i not in (30, 4, 11, 39)]
    assert data.splits.train.row_indices.tolist() == kept
    np.testing.assert_array_equal(data.splits.train.inputs[:, 0], train[kept])
    assert [len(part) for part in data.splits[:3]] == [36, 10, 20]
    assert "3 of 20 test items are also in the training part" in caplog.text
    assert "left out 4 training items that another part has" in caplog.text
    assert len(latentune.show(name).shared) == 4
    study = latentune.search("dense-ae", name, deduplicate=True, **FAST)
    assert study.user_attrs
    with pytest.raises(StudyError, match="deduplicate is True there, absent here"):
        latentune.search("dense-ae", name, trials=2, epochs=1)
    x = rng.random((20, 4))
    np.savez("same.npz", x_train=x, x_test=x)
    with pytest.raises(DataError, match=r"all training items are also in .* leave out"):
        TensorData("same.npz", deduplicate=True)


def test_duplicates_in_built_in_data_are_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from sklearn import datasets

    bunch = load_digits()
    bunch.images[100] = bunch.images[7]
    monkeypatch.setattr(datasets, "load_digits", lambda: bunch)
    monkeypatch.setattr("latentune.objectives.data.preparation.splits._splits", {})
    caplog.set_level("INFO", logger="latentune")
    TensorData("digits", seed=5)
    assert "digits: 1 of 1,797 items is a duplicate of another" in caplog.text
