"""Seeds, and the state of every generator that training may draw from, as checkpoints hold it."""

import random
from typing import Any

import numpy as np
import torch

FRESH = 0x5EED  # tells the sequence below from others of the same seed


def fresh_seeds(seed: int, n: int) -> list[int]:
    """Returns seeds that no trial has: those of trials count up from the seed of their study.

    Args:
        seed: The seed of a study or a trial, at least 0.
        n: How many; a larger number begins with the same ones.

    Returns:
        Numbers from 0 to 2^31 - 1, by NumPy's `SeedSequence`.
    """
    return [int(word) >> 1 for word in np.random.SeedSequence([seed, FRESH]).generate_state(n)]


def random_state() -> dict[str, Any]:
    """Returns where the generators of PyTorch, NumPy and Python are."""
    of_numpy: Any = np.random.get_state(legacy=False)
    of_numpy["state"]["key"] = of_numpy["state"]["key"].tolist()  # no array in a safe file
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": of_numpy,
        "python": random.getstate(),
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Puts the generators where they were; those of GPUs, if there are as many as then."""
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([of_device.cpu() for of_device in state["cuda"]])
    of_numpy = state["numpy"]
    key = np.array(of_numpy["state"]["key"], dtype=np.uint32)
    np.random.set_state(of_numpy | {"state": of_numpy["state"] | {"key": key}})
    random.setstate(state["python"])
