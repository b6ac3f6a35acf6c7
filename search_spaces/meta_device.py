"""meta_device(): the place where networks are built that are asked for their shapes only."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

RANDOM_FILLS = (torch.Tensor.normal_, torch.Tensor.uniform_)


class _SkipInitialization(TorchFunctionMode):
    """Skips all functions that set initial weights and returns the tensor as it is.

    On the meta device they change nothing, but random numbers take more than half of the time that
    is needed to build a network there, because PyTorch computes their shapes in Python.
    """

    def __torch_function__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func in RANDOM_FILLS or getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else next(iter((kwargs or {}).values()))
        return func(*args, **(kwargs or {}))


@contextmanager
def meta_device() -> Iterator[None]:
    """Builds the tensors of the block on PyTorch's meta device, without initial weights.

    Raises:
        NotImplementedError | RuntimeError: In the block, if it computes with values of tensors.
    """
    with torch.device("meta"), _SkipInitialization():
        yield
