"""CPU and wall seconds of a training epoch beside a bare loop that does the same mathematics.

python -m benchmarks.epoch --rounds 5

The bare loop has the batches, terms, loss and optimizer of the model; it also computes the terms
of the validation part. Both train on one thread, in turns. The table has medians of the seconds of
an epoch, without the start of a training.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from statistics import median
from typing import Any

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Subset

from latentune import VAE, Autoencoder, DataSpec, Learner, Predictor, TensorData
from latentune.objectives.data.parts import Part
from latentune.objectives.data.tensor_data import BATCH_SIZE
from latentune.objectives.trainer import fit, quiet_trainer, silence_lightning

from . import notebook

CORES = torch.get_num_threads()
OPTIONS = {"latent_dim": 8, "lr": 1e-3, "l1": 1e-6, "l2": 1e-6}
SHARE = 1 / 6  # of Fashion-MNIST in an epoch of the table
TABLE_EPOCHS = 20  # of a training on a table, which is short

Clocks = tuple[float, float]
MakeModel = Callable[[DataSpec], Learner]


def measure(rounds: int, share: float) -> dict[str, list[float]]:
    """Returns the wall seconds of each epoch of the notebook, Latentune and a bare loop, in turns.

    Args:
        rounds: Number of epochs of each kind.
        share: Share of Fashion-MNIST in an epoch, at most 1.
    """
    large, small = _images(share, 300), _images(share, BATCH_SIZE)
    kinds: dict[str, tuple[int, Callable[[], object]]] = {
        "notebook": (CORES, _notebook(share)),
        "Latentune, batches of 300": (CORES, lambda: train(_conv_ae, large)),
        "bare loop, batches of 300": (CORES, lambda: train_bare(_conv_ae, large)),
        "Latentune, one thread": (1, lambda: train(_conv_ae, small)),
        "bare loop, one thread": (1, lambda: train_bare(_conv_ae, small)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(rounds + 1):
        for name, (threads, run) in kinds.items():
            torch.set_num_threads(threads)
            started = time.perf_counter()
            run()
            if turn:  # the first turn warms up
                seconds[name].append(time.perf_counter() - started)
    torch.set_num_threads(CORES)
    return seconds


def _notebook(share: float) -> Callable[[], object]:
    train, val = (
        Subset(loader.dataset, range(round(share * len(loader.dataset))))
        for loader in notebook.loaders(seed=0)
    )
    loaders = (
        DataLoader(train, notebook.BATCH_SIZE, shuffle=True),
        DataLoader(val, notebook.BATCH_SIZE),
    )

    def run() -> None:
        with silence_lightning(), tempfile.TemporaryDirectory() as root:
            notebook.fit(notebook.Autoencoder(**OPTIONS), 1, root, *loaders)

    return run


def _conv_ae(spec: DataSpec) -> Learner:
    return Autoencoder(spec, **OPTIONS)


def _images(share: float, batch_size: int) -> TensorData:
    data = TensorData("fashion-mnist", batch_size=batch_size)

    def part(whole: Part) -> Part:
        return Part(whole.inputs[: round(share * len(whole))], None)

    data.splits = data.splits.with_parts(train=part(data.splits.train), val=part(data.splits.val))
    return data


class EpochClocks(pl.Callback):
    """Reads the clocks when the first epoch begins and when the last one has ended."""

    def on_train_start(self, *args: Any) -> None:
        self.started = clocks()

    def on_train_end(self, *args: Any) -> None:
        self.ended = clocks()


def clocks() -> Clocks:
    """Returns the CPU seconds of this process, and wall seconds."""
    return time.process_time(), time.perf_counter()


def _difference(started: Clocks, ended: Clocks, epochs: int) -> Clocks:
    return (ended[0] - started[0]) / epochs, (ended[1] - started[1]) / epochs


def train(make_model: MakeModel, data: TensorData, epochs: int = 1) -> Clocks:
    """Trains a model as a trial does; returns the CPU and wall seconds of an epoch."""
    timer = EpochClocks()
    fit(quiet_trainer(epochs, [timer]), make_model(data.spec), data)
    return _difference(timer.started, timer.ended, epochs)


def train_bare(make_model: MakeModel, data: TensorData, epochs: int = 1) -> Clocks:
    """Trains a model in a loop without Lightning; returns the CPU and wall seconds of an epoch."""
    data.setup("fit")
    batches, val, model = data.train_dataloader(), data.val_dataloader(), make_model(data.spec)
    weights, steps = list(model.parameters()), epochs * len(batches)
    groups, options = model.parameter_groups(), {"lr": model.lr, "weight_decay": model.l2}
    adam = torch.optim.Adam(groups, fused=True, **options)
    anneal = torch.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=steps)
    started = clocks()
    for _ in range(epochs):
        model.train()
        for batch in batches:
            loss = model.loss(model.terms(batch))
            if model.l1:
                loss = loss + model.l1 * torch.stack(torch._foreach_norm(weights, ord=1)).sum()
            adam.zero_grad()
            loss.backward()
            adam.step()
            anneal.step()
        model.eval()
        with torch.inference_mode():
            for batch in val:
                model.terms(batch)
    return _difference(started, clocks(), epochs)


def table_rows() -> dict[str, tuple[MakeModel, TensorData, int]]:
    """Returns the model, the data and the epochs of a training of each row of the table."""

    def dense_vae(spec: DataSpec) -> Learner:
        return VAE(spec, network="dense")

    table = TensorData("breast-cancer")
    on_table = f"on breast-cancer, batches of {table.batch_size}"
    return {
        "`conv-ae`, batches of 64": (_conv_ae, _images(SHARE, 64), 1),
        "`dense-vae`, batches of 64": (dense_vae, _images(SHARE, 64), 1),
        "`dense-vae`, batches of 512": (dense_vae, _images(SHARE, 512), 1),
        f"`mlp` {on_table}": (lambda spec: Predictor(spec, layers=2), table, TABLE_EPOCHS),
        f"`logistic-regression` {on_table}": (
            lambda spec: Predictor(spec, layers=0),
            table,
            TABLE_EPOCHS,
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    seconds, rows = defaultdict(list), table_rows()
    for turn in range(rounds + 1):
        for name, kind in rows.items():
            both = train(*kind), train_bare(*kind)
            if turn:  # the first turn warms up
                seconds[name].append((*both[0], *both[1]))
    print("| an epoch of | CPU s, bare | ratio | wall s, bare | ratio |\n|--|--|--|--|--|")
    for name, taken in seconds.items():
        cpu, wall, bare_cpu, bare_wall = (median(values) for values in zip(*taken, strict=True))
        print(
            f"| {name} | {cpu:.3f}, {bare_cpu:.3f} | {cpu / bare_cpu:.2f} "
            f"| {wall:.3f}, {bare_wall:.3f} | {wall / bare_wall:.2f} |"
        )


if __name__ == "__main__":
    main()
