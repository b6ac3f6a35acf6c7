"""Metrics of a whole part of the data, which are not means over its batches."""

import torch
from torch import Tensor


def balanced_accuracy(correct: Tensor, items: Tensor) -> Tensor:
    """Returns the mean accuracy of the classes that have items; NaN if no class has.

    `correct` and `items` are numbers of each class, both with shape (K,).

    References:
        The Balanced Accuracy and Its Posterior Distribution (Brodersen, Ong, Stephan, Buhmann,
        2010)
    """
    present = items > 0
    return (correct[present] / items[present]).mean()


def r2_score(predictions: Tensor, targets: Tensor) -> Tensor:
    """Returns the share of the variance of targets (N,) that predictions (N,) explain, at most 1.

    With equal targets it is 1 if all predictions are right, else 0; with fewer than two it is NaN.
    """
    if len(targets) < 2:
        return targets.new_tensor(torch.nan)
    errors = (predictions - targets).square().sum()
    if targets.min() == targets.max():
        return (errors == 0).to(targets.dtype)
    return 1 - errors / (targets - targets.mean()).square().sum()
