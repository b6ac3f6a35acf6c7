"""One class of MNIST or Fashion-MNIST is normal: how well each anomaly score finds the others.

python -W ignore -m benchmarks.one_class --data mnist fashion-mnist

For each class, an autoencoder is trained on its training images. The test images of this class and
of all other classes are scored (the protocol of Ruff et al., Deep One-Class Classification, 2018).
The row `chosen` is the score which best finds corrupted validation images. With --linear-path, the
networks start from principal components.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import latentune

CHOSEN = "chosen"


def _score_class(
    data: str, name: str, others: Path, options: argparse.Namespace, runs: Path
) -> pd.Series:
    """Returns the AUROC of each score if the class `name` is normal."""
    ranges = {"linear_path": "True"} if options.linear_path else {}
    study = latentune.search(
        options.model, data, only=[name], trials=1, epochs=1, ranges=ranges, runs=runs
    ).study_name
    latentune.train(study, epochs=options.epochs, pictures="none", runs=runs)
    report = latentune.anomalies(study, against=str(others), runs=runs)
    found = report.detection["auroc"]
    found[CHOSEN] = found[report.score_name]
    return found


def _one_class_table(data: str, options: argparse.Namespace) -> pd.DataFrame:
    parts = latentune.TensorData(data)
    test, classes = parts.splits.test, parts.spec.classes
    columns = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(classes):
            others = Path(folder, "others.npy")
            np.save(others, test.inputs[test.targets != number].numpy())
            runs = Path(folder, str(number))
            columns[name] = _score_class(data, name, others, options, runs)
            print(columns[name].round(4).to_dict(), flush=True)
    return pd.DataFrame(columns).T


def main() -> None:
    """Prints a table of AUROCs for each data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["mnist"])
    parser.add_argument("--model", default="conv-ae")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--linear-path", action="store_true")
    options = parser.parse_args()
    for data in options.data:
        table = _one_class_table(data, options)
        table.loc["mean"] = table.mean()
        print(f"\n{data}, {options.model}, {options.epochs} epochs: AUROC")
        print(table.round(4).to_string(), flush=True)


if __name__ == "__main__":
    main()
