"""Autoencoders: rows are networks and options of one class."""

from typing import Any

from ...models.types import Direction
from .entry import PROBE, PUBLISHED, CatalogEntry, Published, spaces_of

METRICS: dict[str, Direction] = {"mse": "minimize", "probe": "maximize"}
IMAGE_OR_TABLE = ("image", "table")
NOTEBOOK: dict[str, Any] = {"epochs": 150, "batch_size": 1024, "normalize": True}


def _autoencoder(
    function: str,
    summary: str,
    *spaces: str,
    kinds: tuple[str, ...] = ("image",),
    **options: Any,
) -> CatalogEntry:
    found = spaces_of("autoencoder_spaces", function, *spaces)
    return CatalogEntry(summary, found, METRICS, PROBE, kinds, **options)


AUTOENCODERS = {
    "conv-ae": _autoencoder("conv_ae", "convolutional autoencoder", PUBLISHED, "optimizer"),
    "dense-ae": _autoencoder(
        "dense_ae",
        "fully connected autoencoder",
        PUBLISHED,
        kinds=IMAGE_OR_TABLE,
        published=Published({"latent_dim": 128, "lr": 0.01, "momentum": 0.99}, **NOTEBOOK),
    ),
    "deep-ae": _autoencoder(
        "deep_ae",
        "deep fully connected autoencoder",
        PUBLISHED,
        kinds=IMAGE_OR_TABLE,
        published=Published({"latent_dim": 6, "lr": 1e-3, "l2": 1e-5}, 10, 64),
    ),
    "pooled-ae": _autoencoder(
        "pooled_ae",
        "convolutions and pooling, a small map as code",
        PUBLISHED,
        published=Published({"latent_dim": 196, "lr": 0.01, "momentum": 0.99}, **NOTEBOOK),
        incomparable_metrics=("mse",),  # its code may be half as long as an item
    ),
    "strided-ae": _autoencoder(
        "strided_ae",
        "strided convolutions alone",
        PUBLISHED,
        published=Published({"latent_dim": 64, "lr": 1e-3, "l2": 1e-5}, 10, 64),
    ),
    "denoising-ae": _autoencoder(
        "denoising_ae",
        "any network, from corrupted input to clean",
        PUBLISHED,
        published=Published(
            {"latent_dim": 196, "corruption_std": 0.5, "lr": 0.01, "momentum": 0.99}, **NOTEBOOK
        ),
    ),
    "sparse-ae": _autoencoder(
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
            **NOTEBOOK,
        ),
    ),
    "sparse-denoising-ae": _autoencoder(
        "sparse_denoising_ae", "convolutions, corrupted input and sparse codes"
    ),
    # On one thread, an epoch of Fashion-MNIST takes 13 and 700 times as long as with `conv-ae`.
    "residual-ae": _autoencoder(
        "residual_ae", "residual blocks, a small map as code; for photographs", min_side=32
    ),
    "resnet-ae": _autoencoder("resnet_ae", "ResNet-18 and its mirror image", min_side=64),
}
