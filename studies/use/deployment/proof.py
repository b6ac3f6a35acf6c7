"""Proves that a file gives the outputs and the test scores of the network that it was made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, isclose
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ....objectives.metrics.anomaly_scores import score_to_mse
from ....objectives.progress import progress
from ....storage.json_text import parse_json
from ...study.study_error import StudyError
from ..trained_network import TrainedNetwork
from .deployed_network import DeployedNetwork
from .figures import score_outputs
from .raw_items import Array, RawItems

Run = Callable[[Array], Mapping[str, Array]]
"""Runs a file on raw items; returns its outputs by name."""

MAX_DIFFERENCE = 1e-4
PRINTED_DIGITS = 5e-5
"""Largest relative difference of two scores whose four printed digits are the same."""
TINY = 1e-30
EXACT_TRAINING = ("cpu", "32-true")
"""The device and the precision with which `metrics.json` has the scores of this machine."""
SCORED = ("class", "probabilities", "number", "error")


class Difference(NamedTuple):
    """The largest difference between a file and its network: where, and how much."""

    size: float
    output: str = ""
    item: int = 0


@dataclass(frozen=True)
class Proof:
    """What the proof of a file has found.

    Attributes:
        items: Number of test items, or of random codes for a network that only decodes.
        difference: The largest difference of an output.
        figures: The test scores that the file gives, by their names in `metrics.json`.
    """

    items: int
    difference: Difference
    figures: Mapping[str, float]


def prove(run: Run, deployed: DeployedNetwork, raw: RawItems, network: TrainedNetwork) -> Proof:
    """Runs a file on the whole test part, and compares it with its network and `metrics.json`.

    Args:
        run: Runs the file.
        deployed: The network with the outputs of the file, in PyTorch.
        raw: The items of the test part.
        network: The trained network.

    Raises:
        StudyError: If an output differs from the one of the network by more than 1e-4 of its unit,
            or a test score has other digits.
    """
    largest, n = Difference(-1.0), 0
    outputs: dict[str, list[Tensor]] = {}
    references: dict[str, list[Tensor]] = {}
    targets: list[Tensor] = []
    with torch.inference_mode(), progress("proving the file on the test part"):
        for batch in raw.batches():
            found, expected = run(batch.raw), deployed.outputs(batch.prepared)
            worst = _largest_difference(found, expected, deployed)
            largest = max(largest, worst._replace(item=n + worst.item))
            n += len(batch.raw)
            for name in SCORED:
                if name in expected:
                    outputs.setdefault(name, []).append(torch.from_numpy(found[name]))
                    references.setdefault(name, []).append(expected[name])
            targets += [] if batch.targets is None else [batch.targets]
    if not largest.size <= MAX_DIFFERENCE:
        raise StudyError(
            f"the file is refused: its {largest.output} of item {largest.item} differs from "
            f"that of the network by {largest.size:.2g}, and {MAX_DIFFERENCE:g} is allowed"
        )
    all_targets = torch.cat(targets) if targets else None
    figures, expected_figures = (
        score_outputs({k: torch.cat(v) for k, v in parts.items()}, all_targets, deployed.data)
        for parts in (outputs, references)
    )
    return Proof(n, largest, _check_figures(figures, expected_figures, network))


def _largest_difference(
    found: Mapping[str, Array], expected: Mapping[str, Tensor], deployed: DeployedNetwork
) -> Difference:
    """Returns the largest difference of the outputs for a batch, in units of each output."""
    largest = Difference(-1.0)
    for name, tensor in expected.items():
        true = tensor.double().numpy()
        if not np.isfinite(true).all():
            raise StudyError(f"the {name} of the network is not finite: train another trial")
        errors = _differences(name, found[name].astype(np.float64), expected, deployed)
        errors = np.where(np.isnan(errors), inf, errors).reshape(len(true), -1).max(axis=1)
        worst = int(errors.argmax())
        largest = max(largest, Difference(float(errors[worst]), name, worst))
    return largest


def _differences(
    name: str, found: Array, expected: Mapping[str, Tensor], deployed: DeployedNetwork
) -> Array:
    """Returns the differences of an output, each divided by what counts as 1.

    For a class, the difference is that of the probabilities of the two classes. For a flag, it is
    how far the error of the item is from the threshold.
    """
    spec, true = deployed.data, expected[name].double().numpy()
    if found.shape != true.shape:
        return np.full(len(true), inf)
    if name == "class":
        probabilities = expected["probabilities"].double().numpy()
        chosen = np.clip(found.astype(np.int64), 0, probabilities.shape[1] - 1)
        gap = probabilities.max(1) - probabilities[np.arange(len(found)), chosen]
        return np.where(chosen == found, gap, inf)
    if name == "anomaly":
        assert deployed.threshold is not None
        threshold = max(score_to_mse(deployed.threshold, spec), TINY)
        distance = abs(expected["error"].double().numpy() / threshold - 1)
        return np.where(found == true, 0, distance)
    unit: Any = max(1.0, abs(true).max())
    if name == "number" and spec.target is not None:
        unit = np.array(spec.target[spec.n_targets :])
    elif name == "error":
        unit = np.maximum(true, true.mean()).clip(TINY)
    elif name == "reconstruction" and spec.kind == "table":
        unit = np.array(spec.std or 1.0)
    differences: Array = abs(found - true) / unit
    return differences


def _check_figures(
    figures: dict[str, float], expected: Mapping[str, float], network: TrainedNetwork
) -> dict[str, float]:
    """Returns the figures that are in `metrics.json`, after comparing them.

    A network that was trained on another device, or a study of your own, may have computed a
    score in another way. Such a score is compared with that of the network on this CPU.
    """
    path = network.folder / "metrics.json"
    known = parse_json(path.read_bytes()) if path.is_file() else {}
    is_custom = ":" in network.header.recipe.model
    is_exact = (known.get("device"), known.get("precision")) == EXACT_TRAINING and not is_custom
    figures = {n: score for n, score in figures.items() if isinstance(known.get(n), float)}
    for name in figures:
        value = known[name] if is_exact else expected[name]
        if not isclose(figures[name], value, rel_tol=PRINTED_DIGITS, abs_tol=TINY):
            raise StudyError(
                f"the file is refused: its {name} is {figures[name]:.6g}, and {path} says "
                f"{value:.6g}"
            )
    return figures
