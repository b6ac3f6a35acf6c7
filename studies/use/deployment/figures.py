"""Test scores that follow from the outputs of a network, to compare them with `metrics.json`."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import nll_loss

from ....models.data_spec import DataSpec
from ....models.predictor import balanced_accuracy, r2_score

TINY = 1e-38  # the logarithm of a probability of 0 is infinite


def score_outputs(
    outputs: Mapping[str, Tensor], targets: Tensor | None, data: DataSpec
) -> dict[str, float]:
    """Returns test scores by their names in `metrics.json`.

    Args:
        outputs: `class` and `probabilities`, or `number`, or `error` of all test items.
        targets: The targets of these items; None without targets.
        data: The description of the data.
    """
    if "error" in outputs:
        return {"test_mse": outputs["error"].double().mean().item()}
    if targets is None:
        return {}
    if "class" in outputs:
        return _score_classes(outputs["class"], outputs["probabilities"], targets)
    return _score_numbers(outputs["number"], targets, data) if "number" in outputs else {}


def _score_classes(classes: Tensor, probabilities: Tensor, targets: Tensor) -> dict[str, float]:
    n_classes = probabilities.shape[1]
    is_correct = classes == targets
    correct, items = (
        targets[is_correct].bincount(minlength=n_classes),
        targets.bincount(minlength=n_classes),
    )
    return {
        "test_accuracy": is_correct.double().mean().item(),
        "test_balanced_accuracy": balanced_accuracy(correct.double(), items).item(),
        "test_loss": nll_loss(probabilities.double().clamp(min=TINY).log(), targets).item(),
    }


def _score_numbers(numbers: Tensor, targets: Tensor, data: DataSpec) -> dict[str, float]:
    assert data.target is not None
    mean, std = torch.tensor(data.target).double().reshape(2, -1)
    predicted, true = ((x.double().reshape(len(x), -1) - mean) / std for x in (numbers, targets))
    scores = [r2_score(*pair) for pair in zip(predicted.T, true.T, strict=True)]
    unit = data.target[1] ** 2 if data.n_targets == 1 else 1.0
    return {
        "test_mse": (predicted - true).square().mean().item() * unit,
        "test_r2": torch.stack(scores).mean().item(),
    }
