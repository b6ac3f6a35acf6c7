"""The network whose features tell real images from generated ones: trained once for each data."""

import copy
import math
from contextlib import suppress
from pathlib import Path

import torch

from ...models.autoencoder import Autoencoder
from ...models.predictor import Predictor
from ..data.batches import choose_batch_size
from ..data.tensor_cache import read_cache_file, write_cache_file
from ..data.tensor_data import BATCH_SIZE, STEPS_PER_EPOCH, TensorData
from ..trainer import TrainingProgress, fit, quiet_trainer

FEATURES = 64
"""How many features of an image are compared."""
STEPS = 4000


def feature_network(data: TensorData) -> Predictor:
    """Returns a classifier of the data, trained before or now.

    Published FIDs use a network trained on photographs, which is blind to what matters in small
    grey images; one that has learnt to tell the classes of the data apart is not.

    Args:
        data: Images with labels; the network is kept in their cache, if they have one.
    """
    # It may be asked for in validation, where nothing else is trained.
    with torch.random.fork_rng(), torch.inference_mode(False), torch.enable_grad():
        torch.manual_seed(0)
        return _load_or_train(data).eval()


def _load_or_train(data: TensorData) -> Predictor:
    encoder = Autoencoder(data.spec, latent_dim=FEATURES)
    network = Predictor(data.spec, codec=encoder, unfreeze=True, lin_dim=FEATURES, lr=1e-3)
    path = _path(data)
    if path is not None:
        with suppress(RuntimeError, TypeError, AttributeError):  # another network's, or broken
            network.load_state_dict(read_cache_file(path))
            return network
    plain = copy.copy(data)  # the same network, whatever a study does with its batches
    n, plain.augment, plain.weights = len(data.splits.train), None, None
    plain.batch_size = choose_batch_size(None, n, BATCH_SIZE, STEPS_PER_EPOCH)
    epochs = math.ceil(STEPS * plain.batch_size / n)
    shown = TrainingProgress(f"training a classifier of {data.name}, once, to rate by")
    fit(quiet_trainer(epochs, [shown]), network, plain)
    network.cpu()
    if path is not None:
        write_cache_file(path, network.state_dict())
    return network


def _path(data: TensorData) -> Path | None:
    if data.cache is None:
        return None
    return data.cache / "features" / f"{data.name}-{data.fingerprint}.pt"
