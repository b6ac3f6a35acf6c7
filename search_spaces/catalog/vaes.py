"""Variational autoencoders."""

from .entry import KID, PROBE, SEED, SPACES, Direction, Entry

METRICS: dict[str, Direction] = {
    "elbo": "maximize",
    "reconstruction": "minimize",
    "kl": "minimize",
    "probe": "maximize",
    "kid": "minimize",
}

JUDGES = {**PROBE, **KID}

VAES = {
    "conv-vae": Entry(
        summary="convolutional VAE, Gaussian likelihood",
        spaces={
            "default": f"{SPACES}.vae:conv_vae",
            SEED: f"{SPACES}.vae:conv_vae_seed",
            "optimiser": f"{SPACES}.vae:conv_vae_optimiser",
        },
        metrics=METRICS,
        judges=JUDGES,
    ),
    "generator-vae": Entry(
        summary="convolutional VAE with the decoder of a GAN",
        spaces={"default": f"{SPACES}.vae:generator_vae"},
        metrics=METRICS,
        judges=JUDGES,
    ),
    "dense-vae": Entry(
        summary="fully connected VAE, Bernoulli likelihood",
        spaces={"default": f"{SPACES}.vae:dense_vae"},
        metrics=METRICS,
        judges=JUDGES,
        incomparable=("elbo", "reconstruction"),  # nats of a probability, not of a density
    ),
}
