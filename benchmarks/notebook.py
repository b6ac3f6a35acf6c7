"""A search of an autoencoder as many notebooks have it, without Latentune.

It uses Lightning, torchvision's data set with ToTensor, a DataLoader, and Optuna, which runs one
trial after another to its end. The network, the ranges and the validation images are those of
Latentune's `conv-ae` and its space `published`.

    python -m benchmarks.notebook --trials 15 --epochs 10 --seed 0
"""

import argparse
import json
import os
import tempfile
import time
from functools import partial

import optuna
import pytorch_lightning as pl
import torch
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import transforms
from torchvision.datasets import FashionMNIST

BATCH_SIZE = 300


class Autoencoder(pl.LightningModule):
    def __init__(self, latent_dim: int, lr: float, l1: float, l2: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(288, 64),
            nn.ReLU(),
            nn.Linear(64, latent_dim),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, 64),
            nn.ReLU(),
            nn.Linear(64, 288),
            nn.ReLU(),
            nn.Unflatten(1, (32, 3, 3)),
            nn.ConvTranspose2d(32, 16, 3, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 3, stride=2, padding=1, output_padding=1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))

    def training_step(self, batch, batch_idx):
        x, _ = batch
        loss = nn.functional.mse_loss(self(x), x)
        loss = loss + self.hparams.l1 * sum(p.abs().sum() for p in self.parameters())
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        x, _ = batch
        self.log("val_mse", nn.functional.mse_loss(self(x), x))

    def configure_optimizers(self):
        return torch.optim.Adam(
            self.parameters(), lr=self.hparams.lr, weight_decay=self.hparams.l2
        )


def loaders(seed: int) -> tuple[DataLoader, DataLoader]:
    data = FashionMNIST(os.environ["LATENTUNE_DATA"], transform=transforms.ToTensor())
    train, val = train_test_split(
        range(len(data)), test_size=0.1, stratify=data.targets, random_state=seed
    )
    return (
        DataLoader(Subset(data, sorted(train)), batch_size=BATCH_SIZE, shuffle=True),
        DataLoader(Subset(data, sorted(val)), batch_size=BATCH_SIZE),
    )


def fit(
    model: pl.LightningModule, epochs: int, root: str, train: DataLoader, val: DataLoader
) -> float:
    trainer = pl.Trainer(
        max_epochs=epochs,
        default_root_dir=root,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, train, val)
    return trainer.callback_metrics["val_mse"].item()


def objective(trial: optuna.Trial, epochs: int, seed: int) -> float:
    model = Autoencoder(
        latent_dim=trial.suggest_int("latent_dim", 2, 12, log=True),
        lr=trial.suggest_float("lr", 1e-5, 1e-3, log=True),
        l1=trial.suggest_float("l1", 1e-6, 1e-3, log=True),
        l2=trial.suggest_float("l2", 1e-6, 1e-3, log=True),
    )
    with tempfile.TemporaryDirectory() as root:
        return fit(model, epochs, root, *loaders(seed))


def main() -> None:
    started = time.perf_counter()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=15)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    pl.seed_everything(options.seed)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=options.seed))
    one_trial = partial(objective, epochs=options.epochs, seed=options.seed)
    study.optimize(one_trial, n_trials=options.trials)
    seconds = time.perf_counter() - started
    print(json.dumps({"value": study.best_value, "seconds": seconds, "params": study.best_params}))


if __name__ == "__main__":
    main()
