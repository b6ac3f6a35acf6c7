"""Several targets of numbers: what is read, trained, scored and predicted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

import latentune
from latentune import DataSpec, Predictor, TableOptions, TensorData

Refused = Callable[..., str]
TARGETS = ["age", "price"]


def houses(n: int = 120) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    size, weight = draw.normal(size=n).round(4), draw.normal(size=n).round(4)
    table = pd.DataFrame({"size": size, "age": (0.01 * weight + 5).round(5), "weight": weight})
    table["price"] = (1e4 + 300 * size + draw.normal(size=n)).round(1)
    return table


def test_the_targets_are_those_of_pandas() -> None:
    frame = houses()
    frame.to_csv("a.csv", index=False)
    data = TensorData("a.csv", table=TableOptions(target="price, age"))
    assert data.spec.features == ("size", "weight")
    assert data.spec.target_names == ("age", "price")
    for part in data.splits[:3]:
        assert (
            part.targets.tolist() == frame[TARGETS].iloc[part.row_indices.tolist()].values.tolist()
        )
    known = frame[TARGETS].iloc[data.splits.train.row_indices.tolist()]
    assert data.spec.target == pytest.approx((*known.mean(), *known.std(ddof=0)))
    assert DataSpec.from_table(json.loads(json.dumps(data.spec.to_table()))) == data.spec
    assert "2 numbers to predict" in repr(data)
    folded = data.fold(0, 3).splits
    assert folded.val.targets.shape == (32, 2)
    assert TensorData("a.csv", table=TableOptions(target="age")).spec.n_targets == 1


def test_a_network_counts_each_target_in_its_deviations() -> None:
    mean, std = torch.tensor([[1e9 + 0.1, 5], [300.1, 0.01]], dtype=torch.float64)
    data = DataSpec((2,), "table", target=(*mean.tolist(), *std.tolist()))
    model = Predictor(data, hidden=4).eval()
    inputs, numbers = torch.randn(30, 2), torch.randn(30, 2).double()
    targets = mean + numbers * std
    with torch.no_grad():
        outputs = model.output(model.features(inputs)).double()
        predicted, terms = model(inputs), model.terms((inputs, targets))
    torch.testing.assert_close(predicted, mean + std * outputs, rtol=1e-14, atol=0)
    right = ((predicted - targets) / std).square().mean().item()
    assert terms["mse"].item() == pytest.approx(right, rel=1e-9)
    assert model.loss(terms).item() == pytest.approx(right, rel=1e-9)


def test_a_study_is_scored_and_predicts_a_column_each() -> None:
    frame = houses()
    options: dict[str, Any] = {"target": "price,age", "trials": 1, "epochs": 40, "name": "s"}
    latentune.search("linear-regression", frame, **options)
    latentune.train("s", epochs=40)
    answers = latentune.predict("s", frame[["weight", "size"]]).table
    assert list(answers) == ["input", "age", "price"]
    folder = Path("runs/s/final")
    found = json.loads((folder / "metrics.json").read_text())
    (kept,) = Path("runs/data").glob("frame-*.csv")
    data = TensorData(str(kept), seed=found["seed"], table=TableOptions(target="price,age"))
    train, _, test = (part.row_indices.tolist() for part in data.splits[:3])
    scale = StandardScaler().fit(frame[TARGETS].iloc[train])
    true = scale.transform(frame[TARGETS].iloc[test])
    predicted = scale.transform(answers[TARGETS].iloc[test])
    assert found["test_mse"] == pytest.approx(((predicted - true) ** 2).mean(), rel=1e-3)
    assert found["test_r2"] == pytest.approx(r2_score(true, predicted), abs=1e-3)
    rows = StandardScaler().fit(frame[["size", "weight"]].iloc[train])
    inputs = [rows.transform(frame[["size", "weight"]].iloc[part]) for part in (train, test)]
    linear = RidgeCV().fit(inputs[0], scale.transform(frame[TARGETS].iloc[train]))
    right = ((linear.predict(inputs[1]) - true) ** 2).mean()
    assert found["test_mse_linear"] == pytest.approx(right, rel=1e-6)
    assert {path.name for path in folder.glob("predicted*.png")} == {
        "predicted-1.png",
        "predicted-2.png",
    }


class Pairs(torch.utils.data.Dataset[Any]):
    """Rows with two numbers each, as a map-style data set."""

    def __init__(self, inputs: Any, numbers: Any) -> None:
        self.inputs, self.numbers = torch.tensor(inputs), torch.tensor(numbers)

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> Any:
        return self.inputs[index], self.numbers[index]


def test_numbers_in_memory_are_targets_as_the_columns_of_a_table() -> None:
    frame = houses()
    rows, numbers = frame[["size", "weight"]], frame[TARGETS]
    given: dict[str, Any] = {
        "arrays": (rows.to_numpy(), numbers.to_numpy()),
        "set": Pairs(rows.to_numpy(), numbers.to_numpy()),
        "frames": (rows, numbers),
        "frame": (rows, numbers.to_numpy()),
        "table": frame,
    }
    tables = {}
    for name, data in given.items():
        options: dict[str, Any] = {"target": "age,price"} if name == "table" else {}
        latentune.search("linear-regression", data, trials=1, epochs=1, name=name, **options)
        latentune.train(name, epochs=1, pictures="none")
        new = rows.to_numpy() if name in ("arrays", "set") else rows
        tables[name] = latentune.predict(name, new).table
    names = {name: list(table)[1:] for name, table in tables.items()}
    places = ["target 1", "target 2"]
    assert names == {
        **{"arrays": places, "set": places, "frame": places},
        **{"frames": TARGETS, "table": TARGETS},
    }
    for table in tables.values():
        np.testing.assert_allclose(table.iloc[:, 1:], tables["table"][TARGETS], rtol=1e-4)


def test_a_regressor_predicts_several_numbers() -> None:
    frame = houses()
    rows, numbers = frame[["size", "weight"]].to_numpy(), frame[TARGETS].to_numpy()
    options: dict[str, Any] = {"trials": 1, "epochs": 1, "final_epochs": 60}
    model = latentune.LatentuneRegressor("linear-regression", **options).fit(rows, numbers)
    assert model.predict(rows[:5]).shape == (5, 2)
    assert model.score(rows, numbers) > 0.5
    assert model.fit(rows, numbers[:, 1]).predict(rows[:5]).shape == (5,)


def test_files_without_names_and_texts_have_several_targets() -> None:
    houses()[["size", "weight", "price", "age"]].to_csv("a.csv", index=False, header=False)
    options: dict[str, Any] = {"trials": 1, "epochs": 1, "target": "column 3,column 4"}
    latentune.search("mlp-regression", "a.csv", name="s", header="none", **options)
    latentune.train("s", epochs=1)
    houses(20)[["size", "weight"]].to_csv("new.csv", index=False, header=False)
    assert list(latentune.predict("s", "new.csv").table) == ["input", "column 3", "column 4"]
    words = ["".join(np.random.default_rng(i).choice(list("abcdef"), 8)) for i in range(120)]
    houses()[TARGETS].assign(text=words).to_csv("texts.csv", index=False)
    spec = TensorData("texts.csv", table=TableOptions(target="price,age", text="text")).spec
    assert (spec.kind, spec.n_targets) == ("text", 2)


def test_names_with_commas_and_odd_targets(refused: Refused) -> None:
    frame = houses().assign(kind=["a", "b"] * 60)
    frame.rename(columns={"price": "price, net", "age": "input"}).to_csv("a.csv", index=False)
    spec = TensorData("a.csv", table=TableOptions(target="price, net")).spec
    assert spec.target_names == ("price, net",)
    frame.to_csv("b.csv", index=False)
    for target, line in (
        ("price,aeg", "has no column 'aeg' for --target: did you mean 'age'?"),
        ("price,kind", "column 'kind', has targets that are text, such as 'a', not numbers"),
    ):
        assert line in refused("show", "b.csv", "--target", target)
    words = ["search", "logistic-regression", "b.csv", "--target", "price,age", "--dry-run"]
    assert "predicts a class, but the target of b.csv is a number" in refused(*words)
    options: dict[str, Any] = {"trials": 1, "epochs": 1, "target": "input,weight", "name": "s"}
    latentune.search("mlp-regression", "a.csv", **options)
    latentune.train("s", epochs=1)
    columns = list(latentune.predict("s", "a.csv").table)
    assert columns[-2:] == ["predicted input", "weight"]
