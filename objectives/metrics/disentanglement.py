"""How well single dimensions of latent codes stand for known factors of the items."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BINS = 20
SVM_COST = 0.01

Factor = NDArray[Any]
"""The value of a factor for each item, with shape (N,): numbers, or texts of categories."""


class Disentanglement(NamedTuple):
    """How well single dimensions stand for a factor.

    Attributes:
        mig: The mutual information gap, from 0 to 1: by how much more the best dimension tells
            about the factor than the next best one, as a share of the entropy of the factor.
        sap: The gap between the scores of the two best dimensions, from 0 to 1. The score is the
            balanced accuracy of a linear classifier of a category by one dimension, or the squared
            correlation with a number.
        dimension: The dimension that tells most about the factor.

    References:
        Isolating Sources of Disentanglement in Variational Autoencoders (Chen, Li, Grosse,
        Duvenaud, 2018): MIG
        Variational Inference of Disentangled Latent Concepts from Unlabeled Observations (Kumar,
        Sattigeri, Balakrishnan, 2018): SAP
        Challenging Common Assumptions in the Unsupervised Learning of Disentangled Representations
        (Locatello et al., 2019): the 20 bins of codes
    """

    mig: float
    sap: float
    dimension: int


def disentanglement(
    train_codes: NDArray[np.float32],
    train_factor: Factor,
    codes: NDArray[np.float32],
    factor: Factor,
) -> Disentanglement:
    """Returns how well single dimensions of codes stand for a factor.

    Classifiers are fitted to the codes (M, D) of training items, and both gaps are those of other
    codes (N, D); D is at least 2. Both factors have at least two values.
    """
    information = mutual_information(codes, factor)
    if is_number(train_factor):
        scores = squared_correlations(codes, factor)
    else:
        scores = category_scores(train_codes, train_factor, codes, factor)
    entropy = _entropy(_bins(factor))
    return Disentanglement(_gap(information) / entropy, _gap(scores), int(information.argmax()))


def is_number(factor: Factor) -> bool:
    """Returns whether a factor is a number, and not a category."""
    return factor.dtype.kind == "f"


def mutual_information(codes: NDArray[np.float32], factor: Factor) -> NDArray[np.float64]:
    """Returns the mutual information of each dimension of codes (N, D) and a factor, in nats.

    Dimensions, and numbers with more than 20 values, are divided into 20 bins of equal width.
    """
    from sklearn.metrics import mutual_info_score

    known = _bins(factor)
    return np.array([mutual_info_score(known, _equal_bins(column)) for column in codes.T])


def squared_correlations(codes: NDArray[np.float32], factor: Factor) -> NDArray[np.float64]:
    """Returns the squared correlation of each dimension of codes (N, D) and a factor, 0 to 1."""
    columns = codes.astype(float) - codes.mean(0, dtype=float)
    centered = factor - factor.mean()
    products = np.square(columns.T @ centered)
    scale = np.square(columns).sum(0) * np.square(centered).sum()
    shares: NDArray[np.float64] = products / np.where(scale > 0, scale, 1)
    return shares


def category_scores(
    train_codes: NDArray[np.float32],
    train_factor: Factor,
    codes: NDArray[np.float32],
    factor: Factor,
) -> NDArray[np.float64]:
    """Returns the balanced accuracy with which each dimension alone tells a category."""
    from sklearn.svm import LinearSVC

    deviations = np.maximum(train_codes.std(0), 1e-12)
    scores = []
    for known, asked in zip((train_codes / deviations).T, (codes / deviations).T, strict=True):
        machine = LinearSVC(C=SVM_COST, class_weight="balanced", random_state=0)
        predicted = machine.fit(known[:, None], train_factor).predict(asked[:, None])
        recalls = [(predicted[factor == value] == value).mean() for value in np.unique(factor)]
        scores.append(np.mean(recalls))
    return np.array(scores)


def _gap(scores: NDArray[np.float64]) -> float:
    second, best = np.sort(scores)[-2:]
    return float(best - second)


def _bins(factor: Factor) -> NDArray[np.int64]:
    values, numbers = np.unique(factor, return_inverse=True)
    return _equal_bins(factor) if is_number(factor) and len(values) > BINS else numbers


def _equal_bins(column: NDArray[Any]) -> NDArray[np.int64]:
    edges = np.linspace(column.min(), column.max(), BINS + 1)
    numbers: NDArray[np.int64] = np.digitize(column, edges[1:-1])
    return numbers


def _entropy(numbers: NDArray[np.int64]) -> float:
    shares = np.bincount(numbers) / len(numbers)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())
