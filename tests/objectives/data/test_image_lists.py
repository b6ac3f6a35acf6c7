"""Lists of images are read as data, and folders are split into lists."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import latentune
from latentune import TableOptions, TensorData
from latentune.objectives.data.data_error import DataError
from latentune.objectives.data.sources.image_lists import lists_images
from latentune.storage.storage_error import StorageError
from latentune.studies.study.study_error import StudyError

from .photo_files import listed, take

Cli = Callable[..., Any]


@pytest.mark.parametrize(
    "head", ["path,label", "Image,species", None, "where,Class", "file,n,label"]
)
def test_a_list_names_photographs_and_classes(photos: Path, head: str | None) -> None:
    path = listed(photos, head)
    if head == "file,n,label":
        path.write_text(re.sub("g,", "g,17,", path.read_text()))
    splits = TensorData(str(path), image_size=24).splits
    assert splits.spec.classes == ("ants", "bees")
    assert [len(part) for part in splits[:3]] == [36, 4, 10]
    assert isinstance(splits.train.inputs, torch.Tensor)
    large = TensorData(str(path), image_size=24, augment="crop").splits
    assert all(
        name.startswith(f"photos/{splits.spec.classes[label]}")
        for name, label in zip(large.test.inputs.names, large.test.targets.tolist(), strict=True)
    )
    assert torch.equal(large.test.targets, splits.test.targets)


def test_a_list_without_classes_has_none(photos: Path) -> None:
    Path("list.csv").write_text("\n".join(str(path) for path in photos.rglob("*.*g")))
    assert TensorData("list.csv", image_size=8).splits.train.targets is None


def test_bad_lists_are_refused(photos: Path) -> None:
    path = listed(photos)
    good = path.read_text()
    bad = {
        r"names 'photos/ants/99.png' and 1 more of 52 images": good
        + "photos/ants/99.png,ants\nx.png,a\n",
        r"names no class of photos/": good.replace(",ants", ",", 1),
        r"names 4 images: at least 10": "".join(good.splitlines(keepends=True)[:5]),
        r"has the columns 'a', 'b' besides 'path': name the column of the classes by `target=`": (
            re.sub("(?m)$", ",1", good.strip()).replace("path,label,1", "path,a,b")
        ),
        r"is empty": "",
    }
    for message, text in bad.items():
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            TensorData(str(path), image_size=8)
    path.write_text(good)
    with pytest.raises(DataError, match="has no column 'kind' for `target=`: it has 'label'"):
        TensorData(str(path), table=TableOptions(target="kind"))


def test_names_of_images_are_recognized() -> None:
    for text, named in (
        ("a,b\n1,x.JPG\n2,y/z.png\n", True),
        ("path,label\nnotes.txt,x\n", False),
        ("path\n", False),
    ):
        Path("list.csv").write_text(text)
        assert lists_images(Path("list.csv")) is named


def rows(path: str) -> list[list[str]]:
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_a_folder_is_split_into_lists_that_are_data(photos: Path, cli: Cli) -> None:
    answer = cli("show", photos, "--split", "60/20/20", "--out", "lists/ab", "--image-size", 16)
    assert answer.code == 0, answer.err
    assert "50 images 3x16x16, 2 classes, train 30 / val 10 / test 10" in answer.out
    assert re.search(r"ants +14 +5 +5", answer.out)
    for name in ("train", "valid", "test", "classes"):
        assert f"wrote lists/ab/{name}.csv\n" in answer.out
    assert answer.out.endswith("next: latentune search lists/ab --image-size 16\n")
    assert rows("lists/ab/classes.csv") == [
        ["class", "train", "valid", "test"],
        ["ants", "14", "5", "5"],
        ["bees", "16", "5", "5"],
    ]
    named = [
        row for part in ("train", "valid", "test") for row in rows(f"lists/ab/{part}.csv")[1:]
    ]
    found = {(Path("lists/ab") / path).resolve(): label for path, label in named}
    assert found == {
        path.resolve(): path.relative_to(photos).parts[0] for path in photos.rglob("*.*g")
    }
    assert cli("show", "lists/ab", "--image-size", 16).code == 0
    again = latentune.show(str(photos), split=(60, 20, 20), out="again/ab", image_size=16)
    assert [path.read_bytes() for path in again.lists] == [
        (Path("lists/ab") / path.name).read_bytes() for path in again.lists
    ]
    latentune.show(str(photos), split=(60, 20, 20), out="other/ab", image_size=16, seed=1)
    assert rows("other/ab/train.csv") != rows("again/ab/train.csv")
    Path("moved").mkdir()
    photos.rename("moved/photos")
    Path("lists").rename("moved/lists")
    assert TensorData("moved/lists/ab", image_size=16).spec.classes == ("ants", "bees")


def test_parts_are_put_together_before_a_split() -> None:
    for seed, part in enumerate(("train", "val")):
        take(Path("photos") / part / "ants", 10, seed=seed)
        take(Path("photos") / part / "bees", 3, seed=5 + seed)
    shown = latentune.show("photos", split=(50, 25, 25), out="lists")
    assert shown.counts.to_numpy().tolist() == [[10, 5, 5], [3, 2, 1]]


def test_what_cannot_be_split_is_one_line_and_writes_nothing(photos: Path, cli: Cli) -> None:
    take(Path("loose"), 12)
    take(Path("few/a"), 1)
    take(Path("few/b"), 12)
    take(Path("tiny/a"), 6)
    take(Path("tiny/b"), 6)
    Path("taken").mkdir()
    Path("taken/valid.csv").touch()
    mistakes = [
        ((photos, "--split", "60/10/20", "--out", "x"), "add to 100, such as 60, 10 and 30, not"),
        ((photos, "--split", "60/40/0", "--out", "x"), "--split must be three shares above 0"),
        ((photos, "--split", "90/-10/20", "--out", "x"), "three shares above 0"),
        ((photos, "--split", "nan/50/50", "--out", "x"), "three shares above 0"),
        ((photos, "--split", "60/40", "--out", "x"), "'60/40' is not three numbers such as 60/10"),
        ((photos, "--split", "most", "--out", "x"), "'most' is not three numbers"),
        ((photos, "--split", "60/10/30"), "--split and --out go together"),
        ((photos, "--out", "x"), "--split and --out go together"),
        ((photos, "--split", "60/10/30", "--out", "taken"), "taken/valid.csv exists"),
        ((photos, "--split", "60/10/30", "--out", "loose/0.png"), "cannot write to loose/0.png"),
        (("digits", "--split", "60/10/30", "--out", "x"), "'digits' is not a folder of images"),
        (("loose", "--split", "60/10/30", "--out", "x"), "loose has no classes to split"),
        (("few", "--split", "60/10/30", "--out", "x"), "class 'a' has one image"),
        (("tiny", "--split", "60/10/30", "--out", "x"), "train.csv would list 6, and 10"),
    ]
    before = sorted(Path().rglob("*"))
    for words, message in mistakes:
        answer = cli("show", *words)
        assert answer.code == 2
        assert message in answer.err
        assert answer.err.count("\n") == 1
        assert sorted(Path().rglob("*")) == before
    with pytest.raises(StudyError, match="`split=` must be three shares"):
        latentune.show(str(photos), split=(60, 40), out="x")
    with pytest.raises(StorageError, match="`out=`"):
        latentune.show(str(photos), split=(60, 10, 30), out="taken")
    (photos / "ants/3.png").write_bytes(b"nothing")
    answer = cli("show", photos, "--split", "60/10/30", "--out", "x")
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert "ants/3.png is not an image" in answer.err
    assert sorted(Path().rglob("*")) == before
