"""Every model by its name on the command line, and by its family."""

from collections.abc import Mapping

from ...models.types import Direction
from .autoencoders import AUTOENCODERS
from .entry import KID, NEAREST, PROBE, PUBLISHED, CatalogEntry, Published, spaces_of
from .predictors import HEADS, PREDICTORS

VAE_METRICS: dict[str, Direction] = {
    "elbo": "maximize",
    "reconstruction": "minimize",
    "kl": "minimize",
    "probe": "maximize",
    "kid": "minimize",
}
VAE_CALLBACKS = {**PROBE, **KID}

VAES = {
    "conv-vae": CatalogEntry(
        summary="convolutional VAE, Gaussian likelihood",
        spaces=spaces_of("vae_spaces", "conv_vae", PUBLISHED, "optimizer"),
        metrics=VAE_METRICS,
        metric_callbacks=VAE_CALLBACKS,
    ),
    "generator-vae": CatalogEntry(
        summary="convolutional VAE with the decoder of a GAN",
        spaces=spaces_of("vae_spaces", "generator_vae"),
        metrics=VAE_METRICS,
        metric_callbacks=VAE_CALLBACKS,
    ),
    "dense-vae": CatalogEntry(
        summary="fully connected VAE, Bernoulli likelihood",
        spaces=spaces_of("vae_spaces", "dense_vae"),
        metrics=VAE_METRICS,
        metric_callbacks=VAE_CALLBACKS,
        incomparable_metrics=("elbo", "reconstruction"),  # nats of a probability, not a density
    ),
}

GANS = {
    "dcgan": CatalogEntry(
        summary="DCGAN, searched by the kernel distance of its images",
        spaces=spaces_of("gan_spaces", "dcgan", PUBLISHED),
        metrics={"kid": "minimize"},
        metric_callbacks=KID,
        published=Published({"latent_dim": 100, "lr": 2e-4}, epochs=150, batch_size=64),
    ),
}

EMBEDDER_METRICS: dict[str, Direction] = {"nearest": "maximize", "probe": "maximize"}
EMBEDDER_BATCH_SIZE = 64  # in small batches, few items have both their class and another one


def _embedder(function: str, summary: str, margin: float) -> CatalogEntry:
    params = {"margin": margin, "lr": 0.01, "momentum": 0.99}
    return CatalogEntry(
        summary,
        spaces_of("embedder_spaces", function, PUBLISHED),
        EMBEDDER_METRICS,
        NEAREST | PROBE,
        predicts="class",
        published=Published(params, epochs=20, batch_size=EMBEDDER_BATCH_SIZE),
        batch_size=EMBEDDER_BATCH_SIZE,
    )


EMBEDDERS = {
    "siamese": _embedder("siamese", "codes from pairs: near if of one class, far if not", 2.0),
    "triplet": _embedder(
        "triplet", "codes from triplets: nearer to one's class than to another", 1.0
    ),
}

FAMILIES: dict[str, Mapping[str, CatalogEntry]] = {
    "autoencoders": AUTOENCODERS,
    "variational autoencoders": VAES,
    "adversarial": GANS,
    "metric learning": EMBEDDERS,
    "predictors": PREDICTORS,
    "predictors on an encoder": HEADS,
}
MODELS: dict[str, CatalogEntry] = {
    name: entry for family in FAMILIES.values() for name, entry in family.items()
}
