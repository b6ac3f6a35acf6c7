"""Random seeds, and the states of all random number generators that training may use."""

import random
from typing import Any

import numpy as np
import torch

SPAWN_KEY = 0x5EED  # distinguishes this sequence from others of the same seed


def spawn_seeds(seed: int, n: int) -> list[int]:
    """Returns n seeds from 0 to 2^31 - 1 that are independent of the seeds of a study's trials.

    Trials use the study's seed and the numbers after it. The seeds here come from NumPy's
    `SeedSequence`. A larger n returns the same seeds, followed by more.
    """
    return [int(word) >> 1 for word in np.random.SeedSequence([seed, SPAWN_KEY]).generate_state(n)]


def get_rng_state() -> dict[str, Any]:
    """Returns the states of the random generators of PyTorch, NumPy and Python, without arrays."""
    numpy_state: Any = np.random.get_state(legacy=False)
    numpy_state["state"]["key"] = numpy_state["state"]["key"].tolist()  # loads with weights_only
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": numpy_state,
        "python": random.getstate(),
    }


def set_rng_state(state: dict[str, Any]) -> None:
    """Restores the states of the random generators.

    The states of GPUs are restored only if there are as many GPUs as before.
    """
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([device_state.cpu() for device_state in state["cuda"]])
    numpy_state = state["numpy"]
    key = np.array(numpy_state["state"]["key"], dtype=np.uint32)
    np.random.set_state(numpy_state | {"state": numpy_state["state"] | {"key": key}})
    random.setstate(state["python"])
