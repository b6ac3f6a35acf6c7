"""Autoencoders: one class, whose rows are networks and options."""

from typing import Any

from .entry import PROBE, PUBLISHED, SPACES, CatalogEntry, Direction, Published

METRICS: dict[str, Direction] = {"mse": "minimize", "probe": "maximize"}
ANY = ("image", "table")


def _row(
    function: str,
    summary: str,
    *more: str,
    kinds: tuple[str, ...] = ("image",),
    **options: Any,
) -> CatalogEntry:
    """Returns a row; `more` are its spaces beside `default`, whose functions are named so."""
    names = {"default": function} | {space: f"{function}_{space}" for space in more}
    spaces = {space: f"{SPACES}.autoencoder:{name}" for space, name in names.items()}
    return CatalogEntry(summary, spaces, METRICS, PROBE, kinds, **options)


AUTOENCODERS = {
    "conv-ae": _row("conv_ae", "convolutional autoencoder", PUBLISHED, "optimiser"),
    "dense-ae": _row(
        "dense_ae",
        "fully connected autoencoder",
        PUBLISHED,
        kinds=ANY,
        published=Published(
            {"latent_dim": 128, "lr": 0.01, "momentum": 0.99}, 150, 1024, normalize=True
        ),
    ),
    "deep-ae": _row(
        "deep_ae",
        "deep fully connected autoencoder",
        PUBLISHED,
        kinds=ANY,
        published=Published({"latent_dim": 6, "lr": 1e-3, "l2": 1e-5}, 10, 64),
    ),
    "pooled-ae": _row(
        "pooled_ae",
        "convolutions and pooling, a small map as code",
        PUBLISHED,
        published=Published(
            {"latent_dim": 196, "lr": 0.01, "momentum": 0.99}, 150, 1024, normalize=True
        ),
        incomparable_metrics=(
            "mse",
        ),  # its code may be half as long as an item, that of others is short
    ),
    "strided-ae": _row(
        "strided_ae",
        "strided convolutions alone",
        PUBLISHED,
        published=Published({"latent_dim": 64, "lr": 1e-3, "l2": 1e-5}, 10, 64),
    ),
    "denoising-ae": _row(
        "denoising_ae",
        "any network, from spoilt input to clean",
        PUBLISHED,
        published=Published(
            {"latent_dim": 196, "noise": 0.5, "lr": 0.01, "momentum": 0.99},
            150,
            1024,
            normalize=True,
        ),
    ),
    "sparse-ae": _row(
        "sparse_ae",
        "any network, with sparse codes",
        PUBLISHED,
        published=Published(
            {
                "latent_dim": 196,
                "sparsity": 0.5,
                "sparse_code": 0.05,
                "lr": 0.001,
                "momentum": 0.99,
            },
            150,
            1024,
            normalize=True,
        ),
    ),
    "sparse-denoising-ae": _row(
        "sparse_denoising_ae", "convolutions, spoilt input and sparse codes"
    ),
    # An epoch of Fashion-MNIST takes them 13 and 700 times as long as `conv-ae`, on one thread.
    "residual-ae": _row(
        "residual_ae", "residual blocks, a small map as code; for photographs", min_side=32
    ),
    "resnet-ae": _row("resnet_ae", "ResNet-18 and its mirror image", min_side=64),
}
