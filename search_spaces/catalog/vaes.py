"""Variational autoencoders."""

from .entry import KID, PROBE, PUBLISHED, SPACES, CatalogEntry, Direction

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
        spaces={
            "default": f"{SPACES}.vae:conv_vae",
            PUBLISHED: f"{SPACES}.vae:conv_vae_published",
            "optimiser": f"{SPACES}.vae:conv_vae_optimiser",
        },
        metrics=METRICS,
        metric_callbacks=METRIC_CALLBACKS,
    ),
    "generator-vae": CatalogEntry(
        summary="convolutional VAE with the decoder of a GAN",
        spaces={"default": f"{SPACES}.vae:generator_vae"},
        metrics=METRICS,
        metric_callbacks=METRIC_CALLBACKS,
    ),
    "dense-vae": CatalogEntry(
        summary="fully connected VAE, Bernoulli likelihood",
        spaces={"default": f"{SPACES}.vae:dense_vae"},
        metrics=METRICS,
        metric_callbacks=METRIC_CALLBACKS,
        incomparable_metrics=("elbo", "reconstruction"),  # nats of a probability, not of a density
    ),
}
