"""Scores that only a whole part has: no mean over its batches gives them."""

import torch
from torch import Tensor


def balanced_accuracy(correct: Tensor, items: Tensor) -> Tensor:
    """Returns the mean accuracy of the classes that have items; NaN if no class has.

    Args:
        correct: How many items of each class were recognised, with shape (K,).
        items: How many each class has, with shape (K,).

    References:
        The Balanced Accuracy and Its Posterior Distribution (Brodersen, Ong, Stephan, Buhmann,
        2010)
    """
    present = items > 0
    return (correct[present] / items[present]).mean()


def r2_score(predictions: Tensor, targets: Tensor) -> Tensor:
    """Returns which share of the variance of these targets is explained, 1 at most.

    Of equal targets it is 1 if all answers are right, and else 0; of fewer than two it is NaN.

    Args:
        predictions: Numbers, with shape (N,).
        targets: What they should be, with shape (N,); not their mean in another part, but their
            own is the scale.
    """
    if len(targets) < 2:
        return targets.new_tensor(torch.nan)
    errors = (predictions - targets).square().sum()
    if targets.min() == targets.max():
        return (errors == 0).to(targets.dtype)
    return 1 - errors / (targets - targets.mean()).square().sum()
