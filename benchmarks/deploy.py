"""Exports every model of the catalog to ONNX, and prints how the files compare with PyTorch.

    python -W ignore -m benchmarks.deploy [MODEL ...]

Each model is trained for an epoch with the parameters of its first trial, on 8x8 digits, on a
small table or on a list of names. The times are medians for one item at a time.
"""

import sys
from os import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import optuna

import latentune
from latentune.search_spaces.catalog.models import MODELS

ENCODERS = {"head": "conv-ae-digits", "transfer": "resnet18"}
DATA = {"name-rnn": "names", "linear-regression": "rows.csv", "mlp-regression": "rows.csv"}
ROWS = 500


def write_data() -> None:
    """Writes a table with a number to predict, and texts of two classes."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 8))
    table = np.column_stack([x, x.sum(1)])
    header = ",".join([*"abcdefgh", "target"])
    np.savetxt("rows.csv", table, "%.4f", ",", header=header, comments="")
    Path("names").mkdir()
    for name, letters in (("abba", "abc"), ("cde", "cde")):
        words = ["".join(rng.choice(list(letters), 6)) for _ in range(ROWS // 2)]
        Path(f"names/{name}.txt").write_text("\n".join(words))


def export(model: str) -> list[str]:
    """Returns a row of the table: the model, and what its export gave or why there is none."""
    options: dict[str, Any] = {"trials": 1, "epochs": 1, "batch_size": 300}
    if model in ENCODERS:
        options["encoder"] = ENCODERS[model]
    if model == "transfer":
        options["weights"] = "none"
    study = latentune.search(model, DATA.get(model, "digits"), **options).study_name
    latentune.train(study, epochs=1, pictures="none", threads=1)
    try:
        made = latentune.export_network(study, f"{study}/model.onnx")
    except latentune.LatentuneError as error:
        return [model, str(error), "", "", "", ""]
    size, difference = f"{made.size / 2**20:.2f}", f"{made.difference.size:.1e}"
    scores = ", ".join(name.removeprefix("test_") for name in made.figures) or "-"
    times = [f"{milliseconds:.2f}" for milliseconds in reversed(made.milliseconds)]
    return [model, f"{difference} in {made.difference.output}", scores, size, *times]


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    models = sys.argv[1:] or list(MODELS)
    with TemporaryDirectory() as folder:
        chdir(folder)
        write_data()
        if "head" in models and "conv-ae" not in models:
            export("conv-ae")
        print("| model | largest difference | same scores | MiB | ms, PyTorch | ms, onnxruntime |")
        print("|--|--|--|--|--|--|")
        for model in models:
            print("|", " | ".join(export(model)), "|", flush=True)


if __name__ == "__main__":
    main()
