"""Variational autoencoders."""

from ...models.types import Direction
from .entry import KID, PROBE, PUBLISHED, CatalogEntry, spaces_of

METRICS: dict[str, Direction] = {
    "elbo": "maximize",
    "reconstruction": "minimize",
    "kl": "minimize",
    "probe": "maximize",
    "kid": "minimize",
}
METRIC_CALLBACKS = {**PROBE, **KID}

VAES = {
    "conv-vae": CatalogEntry(
        summary="convolutional VAE, Gaussian likelihood",
        spaces=spaces_of("vae_spaces", "conv_vae", PUBLISHED, "optimizer"),
        metrics=METRICS,
        metric_callbacks=METRIC_CALLBACKS,
    ),
    "generator-vae": CatalogEntry(
        summary="convolutional VAE with the decoder of a GAN",
        spaces=spaces_of("vae_spaces", "generator_vae"),
        metrics=METRICS,
        metric_callbacks=METRIC_CALLBACKS,
    ),
    "dense-vae": CatalogEntry(
        summary="fully connected VAE, Bernoulli likelihood",
        spaces=spaces_of("vae_spaces", "dense_vae"),
        metrics=METRICS,
        metric_callbacks=METRIC_CALLBACKS,
        incomparable_metrics=("elbo", "reconstruction"),  # nats of a probability, not a density
    ),
}
