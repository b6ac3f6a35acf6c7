"""Seconds of one training epoch: the notebook, Latentune, and a bare loop as the limit."""

import tempfile
import time
from collections.abc import Callable

import torch
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, Subset

from latentune import Autoencoder, TensorData
from latentune.objectives.data.batches import EVALUATION_BATCH_SIZE, Batches
from latentune.objectives.data.parts import Part
from latentune.objectives.data.tensor_data import BATCH_SIZE
from latentune.objectives.trainer import fit, quiet_trainer, silence_lightning

from . import notebook

CORES = torch.get_num_threads()
OPTIONS = {"latent_dim": 8, "lr": 1e-3, "l1": 1e-6, "l2": 1e-6}


def measure(rounds: int, share: float) -> dict[str, list[float]]:
    """Returns the seconds of each epoch, measured in turns.

    Args:
        rounds: Number of epochs of each kind.
        share: Share of Fashion-MNIST in an epoch, at most 1.
    """
    kinds = {
        "notebook": _notebook(share),
        "Latentune, batches of 300": _latentune(share, 300, CORES),
        "bare loop, batches of 300": _bare(share, 300, CORES),
        "Latentune, one thread": _latentune(share, BATCH_SIZE, 1),
        "bare loop, one thread": _bare(share, BATCH_SIZE, 1),
    }
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(rounds + 1):
        for name, run in kinds.items():
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
        torch.set_num_threads(CORES)
        with silence_lightning(), tempfile.TemporaryDirectory() as root:
            notebook.fit(notebook.Autoencoder(**OPTIONS), 1, root, *loaders)

    return run


def _data(share: float, batch_size: int) -> TensorData:
    data = TensorData("fashion-mnist", batch_size=batch_size)

    def part(whole: Part) -> Part:
        return Part(whole.inputs[: round(share * len(whole))], None)

    data.splits = data.splits.with_parts(train=part(data.splits.train), val=part(data.splits.val))
    return data


def _latentune(share: float, batch_size: int, threads: int) -> Callable[[], object]:
    data = _data(share, batch_size)

    def run() -> None:
        torch.set_num_threads(threads)
        fit(quiet_trainer(1, []), Autoencoder(data.spec, **OPTIONS), data)

    return run


def _bare(share: float, batch_size: int, threads: int) -> Callable[[], object]:
    data = _data(share, batch_size)
    train = Batches((data.splits.train.inputs,), batch_size, shuffle=True)
    val = Batches((data.splits.val.inputs,), EVALUATION_BATCH_SIZE, shuffle=False)

    def run() -> float:
        torch.set_num_threads(threads)
        model = Autoencoder(data.spec, **OPTIONS)
        parameters = list(model.parameters())
        adam = torch.optim.Adam(parameters, lr=model.lr, weight_decay=model.l2, fused=True)
        anneal = torch.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=len(train))
        model.train()
        for (x,) in train:
            norms = torch._foreach_norm(parameters, ord=1)
            loss = mse_loss(model(x), x) + model.l1 * torch.stack(norms).sum()
            adam.zero_grad()
            loss.backward()
            adam.step()
            anneal.step()
        model.eval()
        with torch.inference_mode():
            return sum(mse_loss(model(x), x).item() * len(x) for (x,) in val)

    return run
