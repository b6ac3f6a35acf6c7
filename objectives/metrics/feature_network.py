"""Trains a network for each data set; its features compare generated images with real ones."""

import copy
import math
from contextlib import suppress

import torch

from ...models.autoencoder import Autoencoder
from ...models.predictor import Predictor
from ...models.view_learner import ViewLearner
from ..data.batches import choose_batch_size
from ..data.tensor_cache import read_cache_file, write_cache_file
from ..data.tensor_data import BATCH_SIZE, STEPS_PER_EPOCH, TensorData
from ..trainer import TrainingProgress, fit, quiet_trainer

N_FEATURES = 64
"""Number of features that the network computes for an image."""
STEPS = 4000
VIEW_STEPS = 1500
VIEW_BATCH_SIZE = 256  # each image is compared with all others of a batch


def feature_network(data: TensorData) -> Predictor | ViewLearner:
    """Returns a classifier of the images in `data`, whose features compare images.

    If there are no classes, it is an encoder that learns from random views of the images.

    The first call trains the network and writes it to the cache of the images. Later calls read
    the cache. Published FIDs use a network that was trained on photographs, but that network
    ignores the details of small gray images.
    """
    # Validation may call this: gradients are off there, and random numbers must not change.
    with torch.random.fork_rng(), torch.inference_mode(False), torch.enable_grad():
        torch.manual_seed(0)
        return _load_or_train(data).eval()


def _make_network(data: TensorData) -> tuple[Predictor | ViewLearner, str]:
    """Returns an untrained network, and its name in words."""
    if len(data.spec.classes) < 2:
        return ViewLearner(data.spec, latent_dim=N_FEATURES), "an encoder"
    encoder = Autoencoder(data.spec, latent_dim=N_FEATURES)
    classifier = Predictor(data.spec, codec=encoder, unfreeze=True, lin_dim=N_FEATURES, lr=1e-3)
    return classifier, "a classifier"


def _load_or_train(data: TensorData) -> Predictor | ViewLearner:
    network, words = _make_network(data)
    steps, batch_size = STEPS, BATCH_SIZE
    if isinstance(network, ViewLearner):
        steps, batch_size = VIEW_STEPS, VIEW_BATCH_SIZE
    path = None
    if data.cache is not None:
        path = data.cache / "features" / f"{data.name}-{data.fingerprint}.pt"
        with suppress(RuntimeError, TypeError, AttributeError):  # broken, or of another network
            network.load_state_dict(read_cache_file(path))
            return network
    plain = copy.copy(data)  # the network must not depend on a study's batches
    n, plain.augment, plain.weights = len(data.splits.train), None, None
    plain.batch_size = choose_batch_size(None, n, batch_size, STEPS_PER_EPOCH)
    epochs = math.ceil(steps * plain.batch_size / n)
    shown = TrainingProgress(f"training {words} of {data.name}, once, to rate by")
    fit(quiet_trainer(epochs, [shown]), network, plain)
    network.cpu()
    if path is not None:
        write_cache_file(path, network.state_dict())
    return network
