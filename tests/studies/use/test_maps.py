"""Maps of codes: what is written of each item, and what gives it its color."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import latentune
from latentune.studies.study.study_error import StudyError
from latentune.studies.use.item_values import read_item_values

Cli = Callable[..., Any]
Refused = Callable[..., str]
IDS = ["item", "row", "patient"]


@pytest.fixture
def items() -> pd.DataFrame:
    """Four items as the data describe them."""
    paths = [f"a/{n}.png" for n in range(4)]
    ages = [40.0, 7.0, 12.0, 33.0]
    return pd.DataFrame(
        {"item": paths, "row": [4, 2, 1, 3], "patient": ["07", "007", "8", "9"], "age": ages}
    )


def colors(items: pd.DataFrame, color: str) -> list[Any]:
    return read_item_values(color, items, IDS, Path("photos"), "color").tolist()


def write(text: str) -> str:
    Path("ids.csv").write_text(text)
    return "ids.csv:site"


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("item,site\na/3.png,D\na/0.png,A\na/1.png,B\na/2.png,C\n", "ABCD"),
        ("path,site\nphotos/a/2.png,C\n./photos/a/0.png,A\nphotos/a/1.png,B\n", "ABC-"),
        ("site,row\nx,1\ny,2\nz,3\nw,4\nv,5\n", "wyxz"),
        ("site,row,other\nx,1,q\ny,2,q\nz,3,q\n", "-yxz"),
        ("item,site\na/0.png,A\na/0.png,A\na/3.png,D\n", "A--D"),
        ("patient,site\n007,x\n7,y\n9,z\n", "-x-z"),
        ("row,patient,site\n1,8,x\n1,9,y\n1,zz,z\n", "--xy"),
    ],
)
def test_a_file_names_items_in_any_order(items: pd.DataFrame, text: str, right: str) -> None:
    found = read_item_values(write(text), items, IDS, Path("photos"), "color")
    assert found.fillna("-").tolist() == list(right)
    assert found.name == "site"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "item,site\nb/0.jpg,A\nzz,B\n",
            "none of the items: it has 'b/0.jpg'; did you mean 'a/0.png'?",
        ),
        ("file,site\n3.png,A\nq.png,B\n", "it has '3.png'; did you mean 'a/3.png'?"),
        ("row,site\n1,A\n1,B\n", "names '1' more than once"),
        ("age,site\n1,A\n2,B\n", "it needs one of 'item', 'row', 'patient', and has 'age'"),
        ("item,sit\na/0.png,A\n", "has no column 'site': did you mean 'sit'?"),
        ("item,site\na/0.png,\na/1.png,\n", "the column 'site' of ids.csv is empty"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(items: pd.DataFrame, text: str, said: str) -> None:
    with pytest.raises(StudyError, match=said.replace("?", "[?]")):
        colors(items, write(text))


def test_a_column_of_the_data_or_the_nearest_one_is_named(items: pd.DataFrame) -> None:
    assert colors(items, "age") == items["age"].tolist()
    with pytest.raises(StudyError, match=r"name a column of t\.csv by `color=`, as t\.csv:COLUMN"):
        colors(items, "t.csv")
    with pytest.raises(StudyError, match="no column 'Agge' for `color=`: did you mean 'age'"):
        colors(items, "Agge")


def test_a_map_of_a_table_can_be_joined(cli: Cli, refused: Refused) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=["x", "width", "depth"])
    frame["patient"], frame["price"] = "P", frame.sum(axis=1)
    frame["id"] = range(500, 560)
    frame.to_csv("t.csv", index=False)
    latentune.search("dense-ae", "t.csv", target="price", trials=1, epochs=1, name="t")
    latentune.train("t", epochs=1, pictures="none")
    for color, written in (("width", "width"), ("x", "color x"), ("price", "target")):
        assert cli("map", "t", "--n", 20, "--color", color).code == 0
        found = pd.read_csv("runs/t/final/maps/pca.csv")
        right = frame.set_index("id").loc[found["id"]]
        np.testing.assert_allclose(found[written], right[color], rtol=1e-5)
        np.testing.assert_allclose(found["target"], right["price"], rtol=1e-5)
        assert (found["row"] == found["id"] - 499).all()
        assert set(found["part"]) == {"train"}
        assert list(found)[:4] == ["item", "row", "part", "patient"]
        assert list(found)[-2:] == ["x", "y"]
        assert "price" not in found, "the target is written once"
    codes = latentune.encode("t", "t.csv").codes
    centered = codes[found["row"] - 1] - codes[found["row"] - 1].mean(0)
    distance = np.linalg.norm(centered, axis=1)
    assert (np.hypot(found["x"], found["y"]) <= distance + 1e-4).all()
    assert "did you mean 'target'" in refused("map", "t", "--color", "targett")
    assert "did you mean 'price'" in refused("map", "t", "--color", "prise")
    assert "cannot be read" in refused("map", "t", "--color", "no.csv:site")
