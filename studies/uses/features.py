"""The network whose features tell real images from generated ones: trained once for each data."""

import math

import torch

from ...models.autoencoder import Autoencoder
from ...models.head import HeadClassifier
from ...objectives.data.module import TensorData
from ...objectives.metrics.rating import FEATURES
from ...objectives.training import ShowTraining, fit, quiet_trainer
from ...storage.checkpoint import load_weights, read_weights, write_weights
from ...storage.runs import Runs

STEPS = 4000


def feature_network(data: TensorData, runs: Runs) -> HeadClassifier:
    """Returns a classifier of the data, trained before or now.

    Published FIDs use a network trained on photographs, which is blind to what matters in small
    grey images; one that has learnt to tell the classes of the data apart is not.

    Args:
        data: Images with labels.
        runs: Where the network is kept.
    """
    path = runs.features(str(data.name), data.fingerprint)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = Autoencoder(data.spec, latent_dim=FEATURES)
        network = HeadClassifier(data.spec, encoder, FEATURES, lr=1e-3, unfreeze=True)
        if path.exists():
            load_weights(network, read_weights(path), path)
        else:
            epochs = math.ceil(STEPS * data.batch_size / len(data.splits.train))
            shown = ShowTraining(f"training a classifier of {data.name}, once, to rate by")
            fit(quiet_trainer(epochs, [shown]), network, data)
            network.cpu()
            write_weights(network, path)
    return network.eval()
