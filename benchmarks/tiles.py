"""Compares a residual autoencoder with principal components on tiles of photographs.

python -m benchmarks.tiles [--photos FOLDER] [--epochs 40]

Without a folder, the two photographs of scikit-learn are used. Training, validation and test
tiles are cut from different regions.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_images

import latentune

SIDE, REGION, SHORTER = 32, 72, 400
PARTS = {"train": (0.0, 0.8, 4000), "val": (0.8, 0.9, 500), "test": (0.9, 1.0, 500)}
RANGES = {
    "latent_dim": "64",
    "width": "1",
    "corruption_std": "0.3",
    "lr": "2e-3",
    "l1": "1e-9",
    "l2": "1e-9",
}


def photographs(folder: Path | None) -> list[NDArray[np.uint8]]:
    """Returns photographs in color whose shorter side has at most 400 pixels."""
    if folder is None:
        found = [Image.fromarray(pixels) for pixels in load_sample_images().images]
    else:
        found = [Image.open(path).convert("RGB") for path in sorted(folder.iterdir())]
    for photo in found:
        photo.thumbnail([round(side * SHORTER / min(photo.size)) for side in photo.size])
    return [np.asarray(photo) for photo in found]


def write_tiles(photos: list[NDArray[np.uint8]], folder: Path) -> None:
    """Writes 5,000 tiles, cut at random; each part of the data has its own regions."""
    rng = np.random.default_rng(0)
    regions = [
        photo[y : y + REGION, x : x + REGION]
        for photo in photos
        for y in range(0, photo.shape[0] - REGION + 1, REGION)
        for x in range(0, photo.shape[1] - REGION + 1, REGION)
    ]
    order = rng.permutation(len(regions))
    for part, (start, end, tiles) in PARTS.items():
        (folder / part).mkdir()
        own = order[round(start * len(order)) : round(end * len(order))]
        for number in range(tiles):
            y, x = rng.integers(0, REGION - SIDE + 1, 2)
            tile = regions[own[number % len(own)]][y : y + SIDE, x : x + SIDE]
            Image.fromarray(tile).save(folder / part / f"{number}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--epochs", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, runs = Path(scratch, "tiles"), Path(scratch, "runs")
        folder.mkdir()
        write_tiles(photographs(options.photos), folder)
        chosen = {"ranges": RANGES, "normalize": True, "trials": 1, "epochs": 1}
        latentune.search("residual-ae", str(folder), runs=runs, **chosen)
        metrics = latentune.train("residual-ae-tiles", epochs=options.epochs, runs=runs).metrics
    own, linear = metrics["test_mse"], metrics["test_mse_pca"]
    print(f"test MSE {own:.5f}, of 64 principal components {linear:.5f}: {own / linear:.3f} of it")


if __name__ == "__main__":
    main()
