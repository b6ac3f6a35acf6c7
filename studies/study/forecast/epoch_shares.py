"""The share of its epochs that a trial is expected to train for before its pruner stops it."""

import numpy as np
from numpy.typing import NDArray

RECORDED_SHARES = {
    ("halving", "tpe"): (0.21, 0.1),
    ("halving", "gp"): (0.17, 0.0),
    ("halving", "random"): (0.17, 0.0),
}
"""By pruner and sampler: the share of the tenth trial, and what each doubling of its number adds.

The trials of a sampler that learns are pruned less and less, because they are compared with all
earlier trials. The benchmark `forecast` prints the shares in recorded studies.
"""
LEAST_SHARE = 0.15


def expected_shares(pruner: str, sampler: str, trials: int) -> NDArray[np.float64]:
    """Returns the expected share of epochs of each trial of a search, with shape (trials,).

    The share is 1 if the pruner is not in `RECORDED_SHARES`: without a record, no trial is
    expected to be pruned.
    """
    tenth, per_doubling = RECORDED_SHARES.get((pruner, sampler), (1.0, 0.0))
    shares = tenth + per_doubling * np.log2(np.arange(1, trials + 1) / 10)
    return np.clip(shares, LEAST_SHARE, 1)
