"""The names of the anomaly scores, for modules that do not import torch."""

ERROR, ELBO, DENSITY, NEIGHBORS, MAHALANOBIS = SCORE_NAMES = (
    "error",
    "elbo",
    "density",
    "neighbors",
    "mahalanobis",
)
"""Reconstruction error, negative ELBO, and three scores of latent codes."""
ALL_SCORES = "all"
"""Compares all scores that a network has, and uses the best of them."""
