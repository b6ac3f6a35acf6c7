"""Latentune in a notebook: a bar, objects that show themselves, errors in words of Python."""

from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient

import latentune
from latentune import DataSpec, LatentKDE, LatentMixture
from latentune.studies.training.final_training import FinalTraining
from latentune.studies.use.encode import Encodings
from latentune.studies.use.predict import Predictions
from latentune.studies.use.sample import Samples
from latentune.studies.use.show import DataSummary

CELLS = [
    "import latentune\n"
    "study = latentune.search('conv-ae', 'digits', trials=2, epochs=1, batch_size=400)\nstudy",
    "latentune.load_best('conv-ae-digits')",
    "final = latentune.train('conv-ae-digits', epochs=1)\nfinal",
    "try:\n    latentune.search('conv-ae', 'digits', trails=3)\n"
    "except TypeError as error:\n    print(error)",
    "assert 'test_mse' in str(final)",
]


@pytest.mark.filterwarnings("ignore")  # of the machinery of notebooks, none of ours
def test_a_notebook_reads_well(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    outputs = [cell["outputs"] for cell in notebook.cells]
    shown = [
        "\n".join(
            out.get("text", "") + out.get("data", {}).get("text/plain", "") for out in outputs
        )
        for outputs in outputs
    ]
    assert any("application/vnd.jupyter.widget-view+json" in o.get("data", {}) for o in outputs[0])
    assert "study conv-ae-digits: 2 complete" in shown[0]
    assert "best: trial" in shown[0]
    assert "  lr = " in shown[0]
    assert "of conv-ae-digits: val_mse" in shown[1]
    assert shown[0].count("all epochs") + shown[0].count("pruned\n") == 2  # a line for each trial
    assert shown[2].count("test_mse ") == 1
    assert shown[4] == ""
    assert "wrote runs/conv-ae-digits/final" in shown[2]
    assert "search() has no argument 'trails'; did you mean 'trials'?" in shown[3]
    errors = [out for cell in outputs for out in cell if out.get("name") == "stderr"]
    assert [out["text"] for out in errors if "Warning" in out["text"]] == []


def test_errors_in_python_name_arguments_of_python() -> None:
    with pytest.raises(ValueError, match="name its study by `encoder=`"):
        latentune.search("head", "digits")
    with pytest.raises(ValueError, match="give another by `name=`"):
        latentune.search("conv-ae", "digits", name="../up")
    with pytest.raises(
        TypeError, match=r"train\(\) has no argument 'epoch'; did you mean 'epochs'"
    ):
        latentune.train("x", epoch=3)  # type: ignore[call-arg]


def test_final_training_prints_its_folder_and_metrics(trained: Path) -> None:
    final = latentune.train("conv-ae-digits", epochs=1)
    assert final.folder == Path("runs/conv-ae-digits/final")
    assert f"{final.metrics['test_mse']:.4g}" in repr(final)


CODES = np.random.default_rng(0).normal(size=(500, 30)).astype("float32")
MANY = [f"name {number}" for number in range(2000)]


@pytest.mark.parametrize(
    "result",
    [
        Samples(Path("samples"), {"gmm": LatentMixture.fit(CODES, n_components=2)}, {}, None, ""),
        LatentMixture.standard(100),
        LatentKDE(CODES, 0.5),
        Encodings(MANY, CODES, MANY, dict.fromkeys(MANY, "is broken")),
        FinalTraining(Path("final"), {"class_accuracy": dict.fromkeys(MANY, 0.5)}, "predict"),
        DataSpec((2000,), "table", tuple(MANY), (0.0,) * 2000, (1.0,) * 2000),
        Predictions(pd.DataFrame({"input": MANY, "class": MANY}), {}, "predict"),
        DataSummary("images", pd.DataFrame({"train": range(2000)}, index=MANY), ()),
    ],
    ids=lambda result: type(result).__name__,
)
def test_results_print_briefly(result: object) -> None:
    assert len(repr(result)) < 1000
    assert len(repr(result).splitlines()) < 20


def test_data_print_briefly() -> None:
    data = latentune.TensorData("digits")
    for one in (data, data.splits, data.splits.train, data.spec):
        assert len(repr(one)) < 100
        assert "\n" not in repr(one)
