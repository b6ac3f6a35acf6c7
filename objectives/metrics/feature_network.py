"""Trains a classifier for each data set; its features compare generated images with real ones."""

import copy
import math
from contextlib import suppress
from typing import Any

import torch

from ...models.autoencoder import Autoencoder
from ...models.predictor import Predictor
from ..data.batches import choose_batch_size
from ..data.tensor_cache import read_cache_file, write_cache_file
from ..data.tensor_data import BATCH_SIZE, STEPS_PER_EPOCH, TensorData
from ..trainer import TrainingProgress, fit, quiet_trainer

N_FEATURES = 64
"""Number of features that the classifier computes for an image."""
STEPS = 4000


def feature_network(data: TensorData) -> Predictor:
    """Returns a classifier of the labeled images in `data`, whose features compare images.

    The first call trains the classifier and writes it to the cache of the images. Later calls read
    the cache. Published FIDs use a network that was trained on photographs, but that network
    ignores the details of small gray images.
    """
    # Validation may call this: gradients are off there, and random numbers must not change.
    with torch.random.fork_rng(), torch.inference_mode(False), torch.enable_grad():
        torch.manual_seed(0)
        return _load_or_train(data).eval()


def unratable_reason(data: Any, n: int) -> str | None:
    """Returns why n generated images cannot be compared with `data`; None if they can."""
    if not isinstance(data, TensorData) or data.spec.kind != "image":
        return "the data are not images"
    if len(data.spec.classes) < 2:
        return "the data have no classes, which the features are learned from"
    fewest = N_FEATURES + 1  # of fewer, the covariance is singular
    parts = {"samples": n, "images to train on": len(data.splits.train)}
    parts |= {"images to validate": len(data.splits.val), "images to test": len(data.splits.test)}
    for items, count in parts.items():
        if count < fewest:
            return f"there are {count} {items}, and {fewest} are needed"
    return None


def _load_or_train(data: TensorData) -> Predictor:
    encoder = Autoencoder(data.spec, latent_dim=N_FEATURES)
    network = Predictor(data.spec, codec=encoder, unfreeze=True, lin_dim=N_FEATURES, lr=1e-3)
    path = None
    if data.cache is not None:
        path = data.cache / "features" / f"{data.name}-{data.fingerprint}.pt"
        with suppress(RuntimeError, TypeError, AttributeError):  # broken, or of another network
            network.load_state_dict(read_cache_file(path))
            return network
    plain = copy.copy(data)  # the network must not depend on a study's batches
    n, plain.augment, plain.weights = len(data.splits.train), None, None
    plain.batch_size = choose_batch_size(None, n, BATCH_SIZE, STEPS_PER_EPOCH)
    epochs = math.ceil(STEPS * plain.batch_size / n)
    shown = TrainingProgress(f"training a classifier of {data.name}, once, to rate by")
    fit(quiet_trainer(epochs, [shown]), network, plain)
    network.cpu()
    if path is not None:
        write_cache_file(path, network.state_dict())
    return network
