"""Functions that count or measure what a network costs, and a callback that logs it."""

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from ..models.data_spec import DataSpec
from ..models.networks.standardize import cast_input
from ..models.roles import Encodes, HasPrior
from .network_costs import measure_costs
from .training_errors import CostError

FLOAT32_BYTES = 4
WARM_UPS, RUNS = 3, 30
MAX_SECONDS, MIN_RUNS = 1.0, 5
INPUT_TYPES = {"image": torch.float, "table": torch.double, "text": torch.long}


def count_trained_weights(model: nn.Module, data: DataSpec | None = None) -> int:
    """Returns the number of weights that training changes."""
    return sum(weights.numel() for weights in model.parameters() if weights.requires_grad)


def count_bytes(model: nn.Module, data: DataSpec) -> int:
    """Returns the bytes of all weights in float32, and of the buffers as they are."""
    weights = sum(weights.numel() for weights in model.parameters())
    return FLOAT32_BYTES * weights + sum(buffer.nbytes for buffer in model.buffers())


def count_macs(model: pl.LightningModule, data: DataSpec) -> int:
    """Returns the multiplications of convolutions and matrix products in `forward` of one item.

    They are counted on the meta device, where no kernel hides them. One needs two operations.
    """
    on_meta = model if _device(model).type == "meta" else copy.deepcopy(model).to("meta")
    with FlopCounterMode(display=False) as counter, _runnable(on_meta, data) as run:
        run()
    return int(counter.get_total_flops()) // 2


def time_one_item(model: pl.LightningModule, data: DataSpec) -> float:
    """Returns the median time of `forward` for a batch of one item, in milliseconds.

    The device is that of the model. A slow network has fewer than 30 runs, but at least five.
    """
    seconds: list[float] = []
    with _runnable(model, data) as run:
        for _ in range(WARM_UPS):
            run()
        while len(seconds) < RUNS and (len(seconds) < MIN_RUNS or sum(seconds) < MAX_SECONDS):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
    return 1000 * median(seconds)


class LogCosts(pl.Callback):
    """Logs costs of the network in each validation, by their names.

    Args:
        names: Names of costs.
        costs: Known costs. Others are measured when training starts.
    """

    def __init__(self, names: Sequence[str], costs: Mapping[str, float]) -> None:
        self.names, self.costs = names, dict(costs)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        missing = [name for name in self.names if name not in self.costs]
        data: Any = trainer.datamodule  # type: ignore[attr-defined]  # set where it is used
        self.costs |= measure_costs(missing, pl_module, data.spec)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        for name in self.names:
            pl_module.log(name, float(self.costs[name]))


@contextmanager
def _runnable(model: pl.LightningModule, data: DataSpec) -> Iterator[Callable[[], None]]:
    """Yields a function that runs a model on one item, in eval mode and without gradients.

    After the block, the modes of the model and the random generators are as before.

    Raises:
        CostError: If the model has no `forward` that takes an item.
    """
    device = _device(model)
    modes = [(part, part.training) for part in model.modules()]
    gpus = [device] if device.type == "cuda" else []

    def run() -> None:
        model(x)
        if device.type not in ("cpu", "meta"):
            torch.accelerator.synchronize(device)

    try:
        with torch.random.fork_rng(devices=gpus), torch.no_grad():
            x = _one_input(model, data).to(device)
            model.eval()
            yield run
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        # A model without `forward`, or with one that takes something else than a batch of items.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CostError(
            f"a {type(model).__name__} cannot be run on one item, to measure its cost: {reason}"
        ) from error
    finally:
        for part, mode in modes:
            part.training = mode


def _device(model: nn.Module) -> torch.device:
    return next((weights.device for weights in model.parameters()), torch.device("cpu"))


def _one_input(model: pl.LightningModule, data: DataSpec) -> Tensor:
    """Returns one item as a batch (1, *data.shape), or a latent code for a model that generates.

    The item is a text of the greatest length, or an image or row of ones.
    """
    if isinstance(model, HasPrior) and not isinstance(model, Encodes):
        return torch.from_numpy(model.prior().sample(1))
    item = torch.ones(1, *data.shape, dtype=INPUT_TYPES[data.kind], device="cpu")
    return cast_input(model, item)
