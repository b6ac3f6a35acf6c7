"""Folders that `save_to_disk` of Hugging Face's datasets writes, read without that library."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from datasets import Image as ImageFeature
from PIL import Image

import latentune
from latentune import DataError, TableOptions, TensorData

PARTS = {"train": 40, "validation": 12, "test": 15}
rng = np.random.default_rng(0)
datasets.disable_progress_bars()


def pictures(n: int, *, side: int | None = 8) -> dict[str, Any]:
    sides = [side or int(rng.integers(9, 20)) for _ in range(n)]
    images = [Image.fromarray(rng.integers(0, 256, (s, s, 3), dtype=np.uint8)) for s in sides]
    return {"picture": images, "animal": [i % 2 for i in range(n)]}


ANIMALS = Features({"picture": ImageFeature(), "animal": ClassLabel(names=["dog", "cat"])})


def save(path: str, make: Callable[[int], dict[str, Any]], features: Features) -> dict[str, Any]:
    """Saves a data set with three parts, and returns what each part holds."""
    contents = {part: make(n) for part, n in PARTS.items()}
    parts = {part: Dataset.from_dict(rows, features) for part, rows in contents.items()}
    DatasetDict(parts).save_to_disk(path)
    return contents


def test_images_and_their_parts_are_as_they_were_saved() -> None:
    contents = save("animals", pictures, ANIMALS)
    data = TensorData("animals")
    assert data.spec.classes == ("cat", "dog")
    for part, rows in zip(data.splits[:3], contents.values(), strict=True):
        pixels = np.stack([np.asarray(image) for image in rows["picture"]])
        np.testing.assert_array_equal(part.inputs, pixels.transpose(0, 3, 1, 2))
        assert part.targets.tolist() == [1 - label for label in rows["animal"]]
    assert TensorData("animals", table=TableOptions(target="none")).splits.train.targets is None


def test_images_are_scaled_like_those_of_a_folder() -> None:
    rows = pictures(30, side=None)
    Dataset.from_dict(rows, ANIMALS).save_to_disk("saved")
    for number, (image, label) in enumerate(zip(*rows.values(), strict=True)):
        Path(f"folder/{label}").mkdir(parents=True, exist_ok=True)
        image.save(f"folder/{label}/{number:02}.png")
    for size in (None, 5):
        saved, folder = (TensorData(name, image_size=size) for name in ("saved", "folder"))
        assert saved.spec.shape == folder.spec.shape == (3, size or 64, size or 64)
        sums = [
            sorted(n for p in data.splits[:3] for n in p.inputs.double().sum((1, 2, 3)).tolist())
            for data in (saved, folder)
        ]
        assert sums[0] == sums[1]


def test_a_saved_table_is_the_table_of_its_rows() -> None:
    features = Features(
        {
            "size": Value("float64"),
            "count": Value("int32"),
            "flag": Value("bool"),
            "color": Value("string"),
            "kind": ClassLabel(names=["10", "9"]),
        }
    )

    def make(n: int) -> dict[str, Any]:
        return {
            "size": rng.normal(size=n).tolist(),
            "count": rng.integers(0, 99, n).tolist(),
            "flag": (rng.random(n) < 0.5).tolist(),
            "color": ["red", "blue"] * (n // 2) + ["red"] * (n % 2),
            "kind": rng.integers(0, 2, n).tolist(),
        }

    contents = save("rows", make, features)
    data = TensorData("rows")
    assert data.spec.features == ("size", "count", "flag", "color=blue", "color=red")
    assert data.spec.classes == ("10", "9")
    for part, rows in zip(data.splits[:3], contents.values(), strict=True):
        frame = pd.DataFrame(rows)
        expected = frame[["size", "count", "flag"]].astype(float)
        expected["blue"], expected["red"] = frame.color == "blue", frame.color == "red"
        np.testing.assert_array_equal(part.inputs, expected.to_numpy(float))
        assert part.targets.tolist() == rows["kind"]
    with pytest.raises(DataError, match="rows has parts of its own: leave out `group=`"):
        TensorData("rows", table=TableOptions(group="color"))
    latentune.search("logistic-regression", "rows", trials=1, epochs=1)
    latentune.train("logistic-regression-rows", epochs=1, pictures="none")
    table = latentune.predict("logistic-regression-rows", "rows/test").table
    pd.DataFrame(contents["test"]).to_csv("test.csv", index=False)
    expected = latentune.predict("logistic-regression-rows", "test.csv").table
    assert list(table["probability"]) == list(expected["probability"])


@pytest.mark.parametrize("kind", ["rows", "words", "pictures"])
def test_a_test_part_is_taken_of_the_training_part_alone(kind: str) -> None:
    def make(n: int) -> Any:
        if kind == "pictures":
            return Dataset.from_dict(pictures(n), ANIMALS)
        texts = ["".join(rng.choice(list("abcdefg"), 6)) for _ in range(n)]
        values = rng.normal(size=n).tolist() if kind == "rows" else texts
        return Dataset.from_dict({kind: values, "label": ["a", "b"] * (n // 2)})

    parts = DatasetDict(train=make(60), valid=make(10))
    parts.save_to_disk("own")
    data = TensorData("own")
    assert [len(part) for part in data.splits[:3]] == [48, 10, 12]
    assert data.splits.has_own_val
    if kind == "rows":
        np.testing.assert_array_equal(data.splits.val.inputs[:, 0], parts["valid"]["rows"])
        both = [*data.splits.train.inputs[:, 0].tolist(), *data.splits.test.inputs[:, 0].tolist()]
        assert sorted(both) == sorted(parts["train"]["rows"])


def test_texts_keep_their_parts() -> None:
    features = Features({"text": Value("string"), "mood": ClassLabel(names=["bad", "good"])})

    def make(n: int) -> dict[str, Any]:
        words = ["".join(rng.choice(list("abcdefg"), 6)) for _ in range(n)]
        return {"text": words, "mood": [i % 2 for i in range(n)]}

    contents = save("moods", make, features)
    data = TensorData("moods")
    assert data.spec.kind == "text"
    letters = " " + data.spec.letters
    for part, rows in zip(data.splits[:3], contents.values(), strict=True):
        read = ["".join(letters[code] for code in row).strip() for row in part.inputs.tolist()]
        assert read == rows["text"]
        assert [data.spec.classes[label] for label in part.targets] == [
            ("bad", "good")[label] for label in rows["mood"]
        ]


def test_saved_images_are_searched_and_predicted(cli: Callable[..., Any]) -> None:
    contents = save("animals", pictures, ANIMALS)
    answer = cli("search", "mlp", "animals", "--trials", 1, "--epochs", 1)
    assert answer.code == 0, answer.err
    assert cli("train", "mlp-animals", "--epochs", 1, "--pictures", "none").code == 0
    table = latentune.predict("mlp-animals", "animals/test").table
    pixels = np.stack([np.asarray(image) for image in contents["test"]["picture"]])
    expected = latentune.predict("mlp-animals", pixels).table
    assert list(table["probability"]) == list(expected["probability"])
    assert table["input"][3] == "animals/test[3]"
    assert latentune.verify("mlp-animals").reproduced


def change_info(change: Callable[[dict[str, Any]], Any]) -> None:
    path = Path("animals/train/dataset_info.json")
    info = json.loads(path.read_text())
    change(info)
    path.write_text(json.dumps(info))


def without_label() -> None:
    rows = pictures(20)
    rows["animal"][3] = -1
    shutil.rmtree("animals")
    Dataset.from_dict(rows, ANIMALS).save_to_disk("animals")


def other_splits() -> None:
    Path("animals/dataset_dict.json").write_text('{"splits": ["train", "unsupervised"]}')


def two_images() -> None:
    rows = pictures(20) | {"mask": pictures(20)["picture"]}
    shutil.rmtree("animals")
    Dataset.from_dict(rows, Features({**ANIMALS, "mask": ImageFeature()})).save_to_disk("animals")


BROKEN: dict[str, Callable[[], Any]] = {
    "no value in the column 'animal' of 1 items, the first in row 3": without_label,
    "has the splits 'train', 'unsupervised', and train, validation and test are": other_splits,
    "has the columns of images 'picture', 'mask': keep one, and leave out the others": two_images,
    "data-00000-of-00001.arrow cannot be read: No such file": lambda: Path(
        "animals/test/data-00000-of-00001.arrow"
    ).unlink(),
    "state.json of a saved data set cannot be read": lambda: Path(
        "animals/train/state.json"
    ).write_text("{}"),
    "has no features": lambda: change_info(lambda info: info.update(features=[])),
    "is not an image that can be read": lambda: (
        shutil.rmtree("animals"),
        Dataset.from_dict(
            {"picture": [{"bytes": b"x" * 99, "path": None}] * 20, "animal": [0, 1] * 10}, ANIMALS
        ).save_to_disk("animals"),
    ),
}


@pytest.mark.parametrize("message", BROKEN)
def test_what_is_broken_is_refused_in_one_line(message: str, refused: Callable[..., str]) -> None:
    save("animals", pictures, ANIMALS)
    BROKEN[message]()
    assert message in refused("show", "animals")


def test_options_of_tables_do_not_fit_images(refused: Callable[..., str]) -> None:
    save("animals", pictures, ANIMALS)
    line = refused("show", "animals", "--group", "animal", "--header", "first")
    assert "animals is not a table with columns: leave out --header --group" in line


def test_two_columns_of_images_are_told_apart() -> None:
    save("animals", pictures, ANIMALS)
    two_images()
    assert TensorData("animals", table=TableOptions(drop=["mask"])).spec.shape == (3, 8, 8)
    with pytest.raises(DataError, match=r"has no column 'animals' for .*did you mean 'animal'"):
        TensorData("animals", table=TableOptions(target="animals", drop=["mask"]))


def test_the_error_of_a_missing_extra_says_how_to_install_it(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save("animals", pictures, ANIMALS)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    line = refused("show", "animals")
    assert "animals/train needs pyarrow: pip install 'latentune[parquet]'" in line
