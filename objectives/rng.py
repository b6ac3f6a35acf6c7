"""Seeds, and the states of all random number generators that training may use."""

import random
from typing import Any

import numpy as np
import torch

SPAWN_KEY = 0x5EED  # distinguishes this sequence from others of the same seed


def spawn_seeds(seed: int, n: int) -> list[int]:
    """Returns n seeds from 0 to 2^31 - 1 that no trial of a study has, by NumPy's `SeedSequence`.

    The seeds of trials count up from the study's seed. A larger n starts with the same seeds.
    """
    return [int(word) >> 1 for word in np.random.SeedSequence([seed, SPAWN_KEY]).generate_state(n)]


def get_rng_state() -> dict[str, Any]:
    """Returns the states of the generators of PyTorch, NumPy and Python, without arrays."""
    numpy_state: Any = np.random.get_state(legacy=False)
    numpy_state["state"]["key"] = numpy_state["state"]["key"].tolist()  # loads with weights_only
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": numpy_state,
        "python": random.getstate(),
    }


def set_rng_state(state: dict[str, Any]) -> None:
    """Restores the states of the generators; of GPUs only if there are as many as before."""
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([device_state.cpu() for device_state in state["cuda"]])
    numpy_state = state["numpy"]
    key = np.array(numpy_state["state"]["key"], dtype=np.uint32)
    np.random.set_state(numpy_state | {"state": numpy_state["state"] | {"key": key}})
    random.setstate(state["python"])
