"""Squares of noise are planted in 200 test images: how well heat maps show where.

python -W ignore -m benchmarks.planted_defects --data fashion-mnist
"""

import argparse
import tempfile

import torch
from sklearn.metrics import roc_auc_score

import latentune
from latentune.models.pixels import to_float
from latentune.objectives.metrics.error_maps import error_maps

SQUARE_SHARE = 1 / 4


def plant_squares(images: torch.Tensor, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns images (N, C, H, W) with a square of noise in each, and the squares (N, H, W)."""
    rng = torch.Generator().manual_seed(seed)
    height, width = images.shape[-2:]
    side = max(1, round(min(height, width) * SQUARE_SHARE))
    mask = torch.zeros(len(images), height, width)
    for one in mask:
        top = int(torch.randint(0, height - side + 1, (1,), generator=rng))
        left = int(torch.randint(0, width - side + 1, (1,), generator=rng))
        one[top : top + side, left : left + side] = 1
    noise = torch.rand(images.shape, generator=rng)
    return torch.where(mask[:, None] > 0, noise, images), mask


def main() -> None:
    """Prints the AUROC over all pixels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--n", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as runs:
        study = latentune.search("conv-ae", options.data, trials=1, epochs=1, runs=runs).study_name
        latentune.train(study, epochs=options.epochs, pictures="none", runs=runs)
        model = latentune.load_model(study, runs=runs)
    test = latentune.TensorData(options.data).splits.test.inputs[: options.n]
    images, mask = plant_squares(to_float(test))
    maps = error_maps(model, images)
    found = roc_auc_score(mask.flatten(), maps.flatten())
    print(
        f"{options.data}, {options.epochs} epochs, {len(images)} images: pixel AUROC {found:.4f}"
    )


if __name__ == "__main__":
    main()
