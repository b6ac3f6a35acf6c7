"""What twice the channels are worth to images with colours: clothes and digits over gradients.

LATENTUNE_DATA=FOLDER python -m benchmarks.colours [--size 32] [--epochs 20]
"""

import argparse
import os
import tempfile
from pathlib import Path
from statistics import mean

import numpy as np
import pytorch_lightning as pl
from PIL import Image
from torchvision.datasets import MNIST, FashionMNIST

from latentune import Autoencoder, TensorData
from latentune.models import blocks
from latentune.objectives.training import fit, quiet, quiet_trainer

PICTURES = 2500
LATENT_DIM = 32
SEEDS = (0, 1, 2)
WIDTHS = {"as published": 16, "twice as many": 32}  # a half of the last channels of colours


def draw(folder: Path) -> None:
    """Draws a piece of clothing and a digit, each in a colour, over a gradient of two."""
    root, rng = os.environ["LATENTUNE_DATA"], np.random.default_rng(0)
    clothes, digits = FashionMNIST(root, train=False).data, MNIST(root, train=False).data
    for number in range(PICTURES):
        masks = [
            np.asarray(Image.fromarray(shape[number].numpy()).resize((32, 32)))[..., None] / 255
            for shape in (clothes, digits)
        ]
        picture = np.linspace(rng.random(3), rng.random(3), 32)[:, None, :]
        picture = picture * (1 - masks[0]) + masks[0] ** 2 * rng.random(3)
        picture = picture * (1 - masks[1] / 2) + masks[1] / 2 * rng.random(3)
        pixels = (picture.clip(0, 1) * 255).astype("uint8")
        Image.fromarray(pixels).save(folder / f"{number}.png")


def error(folder: Path, size: int, epochs: int, seed: int) -> float:
    pl.seed_everything(seed, verbose=False)
    data = TensorData(str(folder), image_size=size)
    model = Autoencoder(data.input_shape, latent_dim=LATENT_DIM)
    trainer = quiet_trainer(epochs, [])
    fit(trainer, model, data)
    with quiet():
        return float(trainer.test(model, datamodule=data, verbose=False)[0]["test_mse"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        draw(Path(scratch))
        for name, blocks.CHANNELS in WIDTHS.items():
            errors = [error(Path(scratch), options.size, options.epochs, seed) for seed in SEEDS]
            print(f"channels {name}: test MSE {mean(errors):.4f}, {[round(e, 4) for e in errors]}")


if __name__ == "__main__":
    main()
