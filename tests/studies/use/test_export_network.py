"""`export --to model.onnx`: the file alone gives what the network gives, or there is no file."""

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
import torch
from fastapi.testclient import TestClient
from onnx import numpy_helper

import latentune
from latentune.studies.study.study_error import StudyError
from latentune.studies.use.deployment import onnx_file

from ...given import houses

pytestmark = pytest.mark.usefixtures("quick_export")
ALONE = """
import runpy, sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "latentune", "onnx", "pandas", "sklearn"):
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, Refused())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_alone(*words: object) -> list[dict[str, Any]]:
    """Runs a predict.py where neither PyTorch nor Latentune can be imported."""
    command = [sys.executable, "-c", ALONE, *map(str, words)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_a_file_has_pixels_threshold_and_names(cli: Callable[..., Any], trained: Path) -> None:
    answer = cli("export", "conv-ae-digits", "--to", "out/model.onnx")
    assert answer.code == 0, answer.err
    assert "359 items give the outputs of the network" in answer.out
    assert "the same scores as in metrics.json: test_mse" in answer.out
    assert "ms in PyTorch" in answer.out
    assert b"deployed_network.py" not in Path("out/model.onnx").read_bytes()

    digits = latentune.TensorData("digits").splits.test.inputs
    pixels = (16 * digits[:50, 0]).round().byte().numpy()  # gray bytes, as a camera gives them
    pixels[0] = np.indices((8, 8)).sum(0) % 2 * 16
    np.save("pixels.npy", pixels)
    predicted = latentune.predict("conv-ae-digits", "pixels.npy").table
    rows = run_alone("out/predict.py", "out/model.onnx", "pixels.npy", "all.npz")
    assert [row["anomaly"] for row in rows] == predicted["anomaly"].tolist()
    assert rows[0]["anomaly"]
    assert not all(row["anomaly"] for row in rows)
    assert np.allclose([row["error"] for row in rows], predicted["error"], rtol=1e-4)
    codes = latentune.encode("conv-ae-digits", "pixels.npy").codes
    assert np.allclose(np.load("all.npz")["codes"], codes, atol=1e-4)

    np.save("floats.npy", pixels / 16)
    with pytest.raises(AssertionError, match=r"float64 is not uint8: give pixels from 0 .* to 16"):
        run_alone("out/predict.py", "out/model.onnx", "floats.npy")

    facts = json.loads(Path("out/model.json").read_text())
    assert facts["inputs"][0]["dtype"] == "uint8"
    assert facts["pixel_maximum"] == 16
    metrics = json.loads(Path("runs/conv-ae-digits/final/metrics.json").read_text())
    assert facts["scores"]["test_mse"] == pytest.approx(metrics["test_mse"], rel=1e-4)
    assert facts["anomaly"]["threshold"] == pytest.approx(
        metrics["anomaly"]["threshold"] ** 2 / 64
    )


def plant(change: Callable[[onnx.ModelProto], None], patch: pytest.MonkeyPatch) -> None:
    """Makes a change in each ONNX file before it is proved."""
    to_onnx = onnx_file._to_onnx

    def changed(*args: Any) -> bytes:
        model = onnx.load_from_string(to_onnx(*args))
        change(model)
        return bytes(model.SerializeToString())

    patch.setattr(onnx_file, "_to_onnx", changed)


def replace_values(model: onnx.ModelProto, is_meant: Callable[[Any], bool], factor: float) -> None:
    """Multiplies the constants that are meant, of which there must be some."""
    found = 0
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if is_meant(values):
            found += 1
            values = (values * factor).astype(values.dtype)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    assert found


@pytest.mark.parametrize("fault", ["weights", "threshold", "scale"])
def test_a_file_with_a_fault_is_refused(
    fault: str, refused: Callable[..., str], trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = json.loads(Path("runs/conv-ae-digits/final/metrics.json").read_text())
    threshold = facts["anomaly"]["threshold"]
    meant: dict[str, tuple[Callable[[Any], bool], float]] = {
        "weights": (lambda values: values.ndim == 4, 1.01),
        "threshold": (lambda values: values.ndim == 0 and np.isclose(values, threshold), 0.5),
        "scale": (lambda values: values.ndim == 0 and values == 16, 255 / 16),
    }
    plant(lambda model: replace_values(model, *meant[fault]), monkeypatch)
    line = refused("export", "conv-ae-digits", "--to", "out/model.onnx")
    assert "the file is refused: its " in line
    if fault == "threshold":
        assert "its anomaly of item" in line
    assert not Path("out").exists() or not list(Path("out").iterdir())


def test_changed_scores_are_refused(refused: Callable[..., str], trained: Path) -> None:
    path = Path("runs/conv-ae-digits/final/metrics.json")
    metrics = json.loads(path.read_text())
    path.write_text(json.dumps(metrics | {"test_mse": metrics["test_mse"] * 1.001}))
    assert "its test_mse is" in refused("export", "conv-ae-digits", "--to", "model.pt2")


def test_a_table_is_prepared_in_the_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = houses("houses.csv", 200)
    table["sold"] = pd.to_datetime(rng.integers(-9000, 20000, 200), unit="D").strftime("%Y-%m-%d")
    table["price"] = [f"{value:,.2f} $" for value in rng.normal(3000, 900, 200)]
    table["tax"], table["rent"] = 1e9 + 1e3 * table["size"], 1e-19 * table["size"]
    for name in ("size", "style", "sold", "price"):
        table[name] = table[name].astype(object)
        table.loc[rng.random(200) < 0.2, name] = ""
    table.drop(columns=["id", "class"]).to_csv("houses.csv", index=False)
    options: dict[str, Any] = {"target": "tax,rent", "trials": 1, "epochs": 1}
    latentune.search("mlp-regression", "houses.csv", **options)
    latentune.train("mlp-regression-houses", epochs=2, pictures="none")
    exported = latentune.export_network("mlp-regression-houses", "model.onnx")
    assert set(exported.figures) == {"test_mse", "test_r2"}
    predicted = latentune.predict("mlp-regression-houses", "houses.csv").table
    rows = run_alone("predict.py", "model.onnx", "houses.csv")
    for name, unit in (("tax", 1.0), ("rent", 1e-21)):
        found = [row["number"][name] for row in rows]
        assert np.allclose(found, predicted[name].to_numpy(), rtol=1e-5, atol=unit)
    facts = json.loads(Path("model.json").read_text())
    styles = next(column for column in facts["columns"] if column["name"] == "style")
    assert {"old", "new", "a=b"} <= set(styles["categories"])


def test_a_text_is_spelled_as_in_training(asked: Path) -> None:
    latentune.export_network("name-rnn-names", "model.onnx")
    texts = ["Wójcik", "Wo\u0301jcik", "Kro-l", "Łodz", "Banos"]
    rows = run_alone("predict.py", "model.onnx", *texts)
    predicted = latentune.predict("name-rnn-names", texts).table
    assert [row["class"] for row in rows] == predicted["class"].tolist()
    shares = [row["probability"] for row in rows]
    assert np.allclose(shares, predicted["probability"], atol=1e-4)


def test_the_example_serves_a_classifier() -> None:
    latentune.search("mlp", "digits", trials=1, epochs=1)
    latentune.train("mlp-digits", epochs=1, pictures="none")
    latentune.export_network("mlp-digits", "model.onnx")
    names = runpy.run_path(str(Path(__file__).parents[3] / "examples/serve.py"))
    client = TestClient(names["app"])
    pixels = (16 * latentune.TensorData("digits").splits.test.inputs[:3]).round()
    found = client.post("/predict", json=pixels.tolist()).json()
    np.save("pixels.npy", pixels.byte().numpy())
    predicted = latentune.predict("mlp-digits", "pixels.npy").table
    assert [row["class"] for row in found] == predicted["class"].tolist()
    assert np.allclose([row["probability"] for row in found], predicted["probability"], atol=1e-4)
    for wrong, reason in (([[1, 2]], "has the shape [1, 8, 8]"), ([[17] * 64], "0 (black) to 16")):
        answer = client.post("/predict", json=wrong)
        assert answer.status_code == 422
        assert reason in answer.json()["detail"]


def test_plain_pytorch_loads_the_other_formats(trained: Path) -> None:
    x = latentune.TensorData("digits").splits.test.inputs[:5]
    codes = latentune.load_model("conv-ae-digits").encode(x)
    latentune.export_network("conv-ae-digits", "program/model.pt2")
    latentune.export_network("conv-ae-digits", "weights/model.safetensors")
    program = torch.export.load("program/model.pt2").module()
    facts = json.loads(Path("program/model.json").read_text())
    outputs = dict(
        zip([o["name"] for o in facts["outputs"]], program((16 * x).byte()), strict=True)
    )
    assert torch.allclose(outputs["codes"], codes, atol=1e-4)

    from safetensors.torch import load_file

    network = json.loads(Path("weights/model.json").read_text())["network"]
    assert network["class"] == "latentune.models.autoencoder:Autoencoder"
    data = latentune.DataSpec.from_table(network["data"])
    model = latentune.Autoencoder(data, **network["arguments"]).eval()
    model.load_state_dict(load_file("weights/model.safetensors"))
    assert torch.allclose(model.encode(x), codes, atol=1e-6)


def test_files_are_not_replaced(refused: Callable[..., str], trained: Path) -> None:
    for name in ("model.onnx", "model.json", "predict.py"):
        Path(name).write_text("mine")
        line = refused("export", "conv-ae-digits", "--to", "model.onnx")
        assert f"{name} is there already" in line
        Path(name).unlink()


def test_mistakes(
    refused: Callable[..., str], trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*words: object) -> str:
        return refused("export", *words)

    assert "did you mean '.onnx'?" in said("conv-ae-digits", "--to", "model.onxn")
    assert "leave out --format" in said("conv-ae-digits", "--to", "a.onnx", "--format", "csv")
    assert "for a network" in said("conv-ae-digits", "--to", "a.zip", "--data-dir", "x")
    assert "did you mean 'conv-ae-digits'" in said("conv-ae-digit", "--to", "a.onnx")
    assert "latentune train conv-ae-digits:1" in said("conv-ae-digits:1", "--to", "a.onnx")
    monkeypatch.setattr(
        "latentune.studies.study.network_formats.find_spec", lambda name: None if name else 0
    )
    assert "pip install 'latentune[onnx]'" in said("conv-ae-digits", "--to", "a.onnx")
    assert "'latentune[safetensors]'" in said("conv-ae-digits", "--to", "a.safetensors")


def test_a_network_that_cannot_be_exported_says_why(
    refused: Callable[..., str], trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode(self: Any, x: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.encoder(x) * float(x.mean()))  # depends on a value

    monkeypatch.setattr(latentune.Autoencoder, "encode", encode)
    line = refused("export", "conv-ae-digits", "--to", "a.pt2")
    assert "a Autoencoder cannot be exported to a program of torch.export: " in line
    # torch.onnx may follow one of several ways through the code: the proof finds the others.
    line = refused("export", "conv-ae-digits", "--to", "a.onnx")
    assert "a Autoencoder cannot be exported to ONNX: " in line or "is refused: " in line


def test_python_says_which_function_writes_networks(trained: Path) -> None:
    with pytest.raises(StudyError, match=r"names no known format"):
        latentune.export_network("conv-ae-digits", "model.zip")
    with pytest.raises(StudyError, match=r"model.onnx is written by export_network\(\)"):
        latentune.export("conv-ae-digits", "model.onnx")
