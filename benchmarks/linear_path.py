"""Autoencoders that start from principal components, beside those that do not, and beside PCA.

python -W ignore -m benchmarks.linear_path --data spectra digits breast-cancer

Test MSE with equal epochs and code lengths, and that of a search with all defaults beside PCA of
the length that it chose. `spectra` are 60 mixtures of 10 peaks at 700 wavelengths; `tiles` are
those of `benchmarks.tiles`.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch

import latentune
from latentune.objectives.metrics.anomaly_scores import anomaly_scores, mse_of_scores
from latentune.objectives.metrics.baselines import pca_mse
from latentune.objectives.trainer import fit, quiet_trainer

from .tiles import photographs, write_tiles

CODE_LENGTHS = {
    "spectra": 8,
    "digits": 8,
    "breast-cancer": 8,
    "tiles": 64,
    "fashion-1000": 12,
    "fashion-10000": 12,
    "fashion-mnist": 12,
}


def _write_data(name: str, folder: Path) -> str:
    """Returns the name or path of a data set; it is written to `folder` if it is not built in."""
    if name == "spectra":
        rng, x = np.random.default_rng(0), np.linspace(0, 1, 700)
        centers, widths = rng.uniform(0, 1, 10), rng.uniform(0.02, 0.1, 10)
        peaks = np.exp(-(((x - centers[:, None]) / widths[:, None]) ** 2) / 2)
        rows = rng.gamma(2, 1, (60, 10)) @ peaks + rng.normal(0, 0.001, (60, 700))
        np.save(folder / "spectra.npy", rows)
        return str(folder / "spectra.npy")
    if name == "tiles":
        (folder / "tiles").mkdir()
        write_tiles(photographs(None), folder / "tiles")
        return str(folder / "tiles")
    if name.startswith("fashion-") and name != "fashion-mnist":
        parts = latentune.TensorData("fashion-mnist").splits
        items = parts.train.take(list(range(int(name.removeprefix("fashion-")))))
        np.savez(
            folder / f"{name}.npz",
            x_train=items.inputs.numpy(),
            y_train=items.targets.numpy(),
            x_test=parts.test.inputs.numpy(),
            y_test=parts.test.targets.numpy(),
        )
        return str(folder / f"{name}.npz")
    return name


def _errors(model: latentune.Autoencoder, data: latentune.TensorData, epochs: int) -> float:
    """Returns the test MSE of a network after a training without a search."""
    torch.manual_seed(0)
    fit(quiet_trainer(epochs, []), model, data)
    model.cpu().eval()
    return mse_of_scores(anomaly_scores(model, data.spec, data.splits.test.inputs), data.spec)


def _row(name: str, model: str, data: str, epochs: int, trials: int, runs: Path) -> str:
    length, items = CODE_LENGTHS[name], latentune.TensorData(data)
    parts, network = items.splits, model.removesuffix("-ae")
    pca = pca_mse(parts.train.inputs, parts.test.inputs, length, items.spec)
    errors = []
    for path in (False, True):
        torch.manual_seed(0)
        untrained = latentune.Autoencoder(items.spec, length, network, linear_path=path)
        errors.append(_errors(untrained, items, epochs))
    row = f"{name:15} {model:8} {length:6} {pca:10.3g} {errors[0]:10.3g} {errors[1]:10.3g}"
    if not trials:
        return row
    study = latentune.search(model, data, trials=trials, runs=runs).study_name
    found = latentune.train(study, epochs=epochs, pictures="none", runs=runs).metrics
    mse, pca = found["test_mse"], found["test_mse_pca"]
    return f"{row}   {mse:.3g} / {pca:.3g} = {mse / pca:.3f}"


def main() -> None:
    """Prints a row for each data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", choices=CODE_LENGTHS, default=list(CODE_LENGTHS))
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--trials", type=int, default=20)
    options = parser.parse_args()
    print(f"{options.epochs} epochs; {options.trials} trials of a default search")
    print(
        f"{'data':15} {'model':8} length {'PCA':>10} {'plain':>10} {'path':>10}   searched / PCA"
    )
    for name in options.data:
        model = "deep-ae" if name in ("spectra", "breast-cancer", "digits") else "conv-ae"
        with tempfile.TemporaryDirectory() as folder:
            data = _write_data(name, Path(folder))
            runs = Path(folder, "runs")
            print(_row(name, model, data, options.epochs, options.trials, runs), flush=True)


if __name__ == "__main__":
    main()
