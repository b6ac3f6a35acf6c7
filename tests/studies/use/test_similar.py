"""Similar items, near-duplicates and doubtful labels by latent codes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import latentune
from latentune import DataSpec, StudyError, TensorData
from latentune.studies.use.trained_network import TrainedNetwork

from ...given import houses, take
from ...shared_folders import shared_folder

Cli = Callable[..., Any]
Refused = Callable[..., str]
NAMES = ("=0", "<b>1</b>", "\x1b[31m2", *"3456789")
"""Class names: a formula, HTML, a color of the terminal, and plain ones."""
PLANTED = (5, 40, 77, 120, 301)
FINAL = Path("runs/dense-ae-planted/final")


@pytest.fixture(scope="session")
def _planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The data are in a folder of their own, which is not moved: studies know its path.
    data = shared_folder(tmp_path_factory, "planted data", write_data)

    def fill(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            for model, name, epochs, options in (
                ("dense-ae", "planted.npz", 10, {}),
                ("name-rnn", "names", 1, {"ranges": {"hidden": "4"}}),
                ("dense-ae", "photos", 1, {"image_size": 8, "augment": "crop"}),
            ):
                latentune.search(model, data / name, trials=1, epochs=1, **options)
                study = f"{model}-{Path(name).stem}"
                latentune.train(study, epochs=epochs, pictures="none")

    return shared_folder(tmp_path_factory, "planted", fill)


def write_data(folder: Path) -> None:
    splits = TensorData("digits").splits
    x, y = splits.train.inputs[:, 0].numpy(), splits.train.targets.numpy()
    names = np.array(NAMES)[y]
    names[list(PLANTED)] = np.array(NAMES)[(y[list(PLANTED)] + 1) % 10]
    parts = {"train": slice(500), "val": slice(500, 600), "test": slice(600, 700)}
    arrays = {f"x_{part}": x[chosen].copy() for part, chosen in parts.items()}
    arrays["x_test"][4] = arrays["x_train"][9]
    arrays["x_train"][7] = arrays["x_train"][8]
    arrays["x_val"][2] = arrays["x_train"][11]
    arrays["x_val"][2][0, 0] += 1 / 16
    labels = {f"y_{part}": names[chosen] for part, chosen in parts.items()}
    np.savez(folder / "planted.npz", **arrays, **labels)
    for seed, (name, value) in enumerate({"dark": 0, "light": 190}.items()):
        take(f"{folder}/photos/{name}", 20, value, seed=seed)
    (folder / "names").mkdir()
    for name, texts in {"Greek": "Adamou\nBanos\n", "Polish": "Krol\nDudek\n"}.items():
        (folder / "names" / f"{name}.txt").write_text(texts * 8)


@pytest.fixture
def planted(_planted: Path, tmp_path: Path) -> Path:
    """The folder of the data. The working folder has an autoencoder of these data, and others."""
    shutil.copytree(_planted, tmp_path, dirs_exist_ok=True)
    return _planted.with_name("planted data")


def codes_of(splits: Any, part: str) -> np.ndarray:
    with torch.inference_mode():
        items = getattr(splits, part).inputs
        return latentune.load_model("dense-ae-planted").encode(items.float()).numpy()


def test_neighbors_are_the_nearest_codes_of_the_training_part(cli: Cli, planted: Path) -> None:
    answer = cli("similar", "dense-ae-planted", "--items", "0,4", "--k", 3)
    assert answer.code == 0, answer.err
    table = pd.read_csv(FINAL / "similar" / "table.csv")
    assert list(table) == [
        *("input", "input_class", "rank", "item", "row", "part", "class", "distance")
    ]
    splits = TensorData(planted / "planted.npz").splits
    train, test = (codes_of(splits, part) for part in ("train", "test"))
    distances = np.linalg.norm(train[None] - test[[0, 4], None], axis=2)
    expected = np.argsort(distances, axis=1)[:, :3]
    assert list(table["row"]) == expected.ravel().tolist()
    np.testing.assert_allclose(table["distance"], np.sort(distances)[:, :3].ravel(), atol=1e-4)
    assert table["row"][3] == 9
    assert table["distance"][3] == 0
    assert "precision at 3" in answer.out
    assert [line.split()[0] for line in answer.out.splitlines() if " numbers " in line] == [
        *("codes", "pca", "pixels")
    ]
    with Image.open(FINAL / "similar" / "images.png") as picture:
        picture.load()
    files = sorted(path.name for path in FINAL.glob("codes-*.npy"))
    assert len(files) == 2, "codes of the parts that were read are kept"
    again = latentune.similar("dense-ae-planted", items=[0, 4], k=3)
    np.testing.assert_allclose(again.table["distance"], table["distance"])


def test_precision_is_that_of_all_distances(planted: Path) -> None:
    notes = latentune.similar("dense-ae-planted", items=[0], k=5).notes
    splits = TensorData(planted / "planted.npz").splits
    train, test = (codes_of(splits, part) for part in ("train", "test"))
    nearest = np.argsort(np.linalg.norm(train[None] - test[:, None], axis=2), axis=1)[:, :5]
    same = splits.train.targets.numpy()[nearest] == splits.test.targets.numpy()[:, None]
    assert float(notes[1].split()[-1]) == pytest.approx(same.mean(), abs=0.003)


def test_new_items_are_searched_among_other_items(planted: Path) -> None:
    splits = TensorData(planted / "planted.npz").splits
    others = splits.val.inputs[:, 0].numpy()
    np.save("others.npy", others)
    found = latentune.similar("dense-ae-planted", others[[3, 5]], k=2, among="others.npy")
    assert list(found.table) == ["input", "rank", "item", "distance"]
    assert list(found.table["item"][[0, 2]]) == ["others.npy[3]", "others.npy[5]"]
    assert (found.table["distance"][[0, 2]] < 1e-5).all()
    assert found.notes == ()
    assert latentune.similar("dense-ae-planted", others[:2], among=others).table.shape == (20, 4)


def test_near_duplicates_across_parts_come_first(cli: Cli, planted: Path) -> None:
    answer = cli("similar", "dense-ae-planted", "--duplicates")
    assert answer.code == 0, answer.err
    table = pd.read_csv(FINAL / "duplicates" / "table.csv")
    pairs = list(
        zip(table["part"], table["row"], table["other_part"], table["other_row"], strict=True)
    )
    assert pairs[:2] == [("test", 4, "train", 9), ("val", 2, "train", 11)]
    assert ("train", 8, "train", 7) in pairs
    assert list(table["distance"][:1]) == list(table["pixel_difference"][:1]) == [0]
    assert table["pixel_difference"][1] == pytest.approx(1 / 16 / 64, rel=0.05)
    assert "2 of them across parts: their distance is at most" in answer.out
    assert (FINAL / "duplicates" / "images.png").exists()


def test_planted_labels_come_first_and_names_are_escaped(cli: Cli, planted: Path) -> None:
    found = latentune.similar("dense-ae-planted", labels=True)
    splits = TensorData("digits").splits
    assert set(PLANTED) <= set(found.table["row"][:15])
    row = found.table.set_index("row").loc[5]
    assert row["suggested"] == NAMES[splits.train.targets[5]]
    answer = cli("similar", "dense-ae-planted", "--labels")
    assert answer.code == 0, answer.err
    assert "\x1b" not in answer.out
    written = (FINAL / "doubtful-labels" / "table.csv").read_text()
    cells = {cell for line in written.splitlines() for cell in line.split(",")}
    assert "'=0" in cells
    assert "=0" not in cells
    assert "<b>1" not in found._repr_html_()
    rows = json.loads(cli("similar", "dense-ae-planted", "--labels", "--json").out)
    assert [row["row"] for row in rows] == list(found.table["row"])
    assert all(row["agreeing"] < row["suggesting"] for row in rows)


def test_a_network_that_has_learned_the_labels_says_so(planted: Path) -> None:
    found = latentune.similar("name-rnn-names", labels=True)
    assert "trained with these labels" in found.notes[-1]


def test_texts_and_rows_have_neighbors_too(cli: Cli, planted: Path) -> None:
    found = latentune.similar("name-rnn-names", ["Banos", "Krol"], k=1)
    assert list(found.table["item"]) == ["Banos", "Krol"]
    assert list(found.table["class"]) == ["Greek", "Polish"]
    assert not found.figures
    table = houses("houses.csv", 60)
    latentune.search("logistic-regression", "houses.csv", trials=1, epochs=1)
    latentune.train("logistic-regression-houses", epochs=1, pictures="none")
    answer = cli("similar", "logistic-regression-houses", "houses.csv", "--k", 1, "--json")
    rows = json.loads(answer.out)
    assert [row["input"] for row in rows] == [f"houses.csv row {n + 1}" for n in range(60)]
    assert set(rows[0]) == {*("input", "rank", "item", "row", "part", "id", "class", "distance")}
    same = [row for row in rows if row["item"] == row["input"]]
    assert len(same) == 43, "each training item is the nearest to itself"
    assert all(table["class"][row["id"]] == row["class"] for row in rows)


def test_photos_are_compared_as_they_were_read_in_training(cli: Cli, planted: Path) -> None:
    take("new", 2, 190, seed=9)
    Path("new/broken.png").write_text("none")
    answer = cli("similar", "dense-ae-photos", "new", f"{planted}/photos/dark/3.png", "--k", 2)
    assert answer.code == 1
    assert "new/broken.png" in answer.err
    table = pd.read_csv("runs/dense-ae-photos/final/similar/table.csv")
    assert list(table["input"][:4]) == ["new/0.png"] * 2 + ["new/1.png"] * 2
    assert set(table["item"].str.split("/").str[0]) <= {"dark", "light"}
    assert cli("similar", "dense-ae-photos", "--duplicates").code == 0


def test_what_cannot_be_compared_is_refused(
    refused: Refused, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verb = ("similar", "conv-ae-digits")
    assert "one of these" in refused(*verb)
    assert "--items, or ask for --duplicates or --labels" in refused(
        *verb, "--labels", "--items", 1
    )
    assert "--k and --among are for the neighbors" in refused(*verb, "--labels", "--k", 3)
    assert "k must be at least 1, not 0" in refused(*verb, "--items", 1, "--k", 0)
    line = refused(*verb, "--items", 1, "--k", 5000)
    assert "--k must be at most 1,294, the number of items to choose from, not 5000" in line
    assert "there is no test item 359: they go from 0 to 358" in refused(*verb, "--items", "3,359")
    assert "'a' is not numbers such as 3,14" in refused(*verb, "--items", "a")
    assert "no file or folder 'nothing.png'" in refused(*verb, "nothing.png")
    assert "is the data that the network was trained on" in refused(
        *verb, "--items", 1, "--among", "digits"
    )
    np.save("wide.npy", np.zeros((2, 9, 9), np.uint8))
    assert "wide.npy holds items of 1x9x9" in refused(*verb, "wide.npy")
    assert "latentune train conv-ae-digits:1" in refused("similar", "conv-ae-digits:1", "wide.npy")
    gan = latentune.GAN(DataSpec((1, 8, 8)), width=0.1).eval()
    monkeypatch.setattr(
        "latentune.studies.use.trained_network.load_network", lambda path, runs: gan
    )
    for options in (["--items", "1"], ["--duplicates"], ["--labels"]):
        assert "GAN has no encode()" in refused(*verb, *options)


def test_labels_need_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    np.save("rows.npy", np.random.default_rng(0).normal(size=(40, 4)))
    latentune.search("dense-ae", "rows.npy", trials=1, epochs=1)
    latentune.train("dense-ae-rows", epochs=1, pictures="none")
    with pytest.raises(latentune.DataError, match="no labels"):
        latentune.similar("dense-ae-rows", labels=True)
    assert latentune.similar("dense-ae-rows", items=[1]).notes == ()
    zeros = np.zeros((40, 2), np.float32)
    monkeypatch.setattr(
        TrainedNetwork, "kept_codes", lambda self, part: zeros[: len(self.part(part))]
    )
    with pytest.raises(StudyError, match="all codes are the same"):
        latentune.similar("dense-ae-rows", duplicates=True)
