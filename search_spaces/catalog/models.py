"""The catalog: all models by name, and by family."""

from collections.abc import Callable, Mapping
from typing import Any

from ...models.types import Direction
from .entry import (
    KID,
    NEAREST_NEIGHBOR_METRIC,
    PROBE,
    PUBLISHED,
    CatalogEntry,
    Published,
    spaces_of,
)

IMAGE_OR_TABLE = ("image", "table")
CLASS_METRICS: dict[str, Direction] = {
    "accuracy": "maximize",
    "balanced_accuracy": "maximize",
    "loss": "minimize",
}
NUMBER_METRICS: dict[str, Direction] = {"mse": "minimize", "r2": "maximize"}
VAE_METRICS: dict[str, Direction] = {
    "elbo": "maximize",
    "reconstruction": "minimize",
    "kl": "minimize",
    "probe": "maximize",
    "kid": "minimize",
}
VIEW_BATCH_SIZE = 256  # each item is compared with all others of a batch
EMBEDDER_BATCH_SIZE = 64  # in small batches, few items have both their class and another one

MakeEntry = Callable[..., CatalogEntry]
"""Returns an entry, given the function of the space `default`, a summary and other spaces."""


def _make_family(
    module: str,
    metrics: Mapping[str, Direction],
    callbacks: Mapping[str, str] | None = None,
    **shared: Any,
) -> MakeEntry:
    """Returns a function that makes entries of models which share these options."""

    def make(function: str, summary: str, *spaces: str, **options: Any) -> CatalogEntry:
        paths = spaces_of(module, function, *spaces)
        return CatalogEntry(summary, paths, metrics, callbacks or {}, **shared | options)

    return make


def _published_training(
    epochs: int, batch_size: int, normalize: bool = False, **params: Any
) -> Published:
    return Published(params, epochs, batch_size, normalize)


def _notebook_training(**params: Any) -> Published:
    return _published_training(150, 1024, normalize=True, momentum=0.99, **params)


_autoencoder = _make_family("autoencoder_spaces", {"mse": "minimize", "probe": "maximize"}, PROBE)
_vae = _make_family("generative_spaces", VAE_METRICS, PROBE | KID)
_gan = _make_family("generative_spaces", {"kid": "minimize"}, KID)
_embedder = _make_family(
    "embedder_spaces",
    {"nearest": "maximize", "probe": "maximize"},
    NEAREST_NEIGHBOR_METRIC | PROBE,
    predicts="class",
    batch_size=EMBEDDER_BATCH_SIZE,
)
_view_learner = _make_family(
    "view_spaces",
    {"probe": "maximize", "loss": "minimize"},
    PROBE,
    kinds=IMAGE_OR_TABLE,
    batch_size=VIEW_BATCH_SIZE,
    incomparable_metrics=("loss",),  # it depends on the temperature and on the views
)
_classifier = _make_family("predictor_spaces", CLASS_METRICS, predicts="class")
_regressor = _make_family(
    "predictor_spaces", NUMBER_METRICS, predicts="number", kinds=IMAGE_OR_TABLE
)
_head = _make_family(
    "head_spaces",
    CLASS_METRICS,
    kinds=IMAGE_OR_TABLE,
    predicts="class",
    first={"lr": 1e-2},  # an epoch of codes has few steps
    needs_encoder=True,
)

AUTOENCODERS = {
    "conv-ae": _autoencoder("conv_ae", "convolutional autoencoder", PUBLISHED, "optimizer"),
    "dense-ae": _autoencoder(
        "dense_ae",
        "fully connected autoencoder",
        PUBLISHED,
        kinds=IMAGE_OR_TABLE,
        published=_notebook_training(latent_dim=128, lr=0.01),
    ),
    "deep-ae": _autoencoder(
        "deep_ae",
        "deep fully connected autoencoder",
        PUBLISHED,
        kinds=IMAGE_OR_TABLE,
        published=_published_training(10, 64, latent_dim=6, lr=1e-3, l2=1e-5),
    ),
    "pooled-ae": _autoencoder(
        "pooled_ae",
        "convolutions and pooling, a small map as code",
        PUBLISHED,
        published=_notebook_training(latent_dim=196, lr=0.01),
        incomparable_metrics=("mse",),  # its code may be half as long as an item
    ),
    "strided-ae": _autoencoder(
        "strided_ae",
        "strided convolutions alone",
        PUBLISHED,
        published=_published_training(10, 64, latent_dim=64, lr=1e-3, l2=1e-5),
    ),
    "denoising-ae": _autoencoder(
        "denoising_ae",
        "any network, from corrupted input to clean",
        PUBLISHED,
        published=_notebook_training(latent_dim=196, corruption_std=0.5, lr=0.01),
    ),
    "sparse-ae": _autoencoder(
        "sparse_ae",
        "any network, with sparse codes",
        PUBLISHED,
        published=_notebook_training(latent_dim=196, sparsity=0.5, sparse_code=0.05, lr=0.001),
    ),
    "sparse-denoising-ae": _autoencoder(
        "sparse_denoising_ae", "convolutions, corrupted input and sparse codes"
    ),
    "rae": _autoencoder(
        "rae",
        "convolutions, with penalties that make codes fit for sampling",
        first={"code_norm": 1e-4, "gradient_penalty": 1e-3},
    ),
    "wae": _autoencoder(
        "wae", "convolutions, with codes near a normal prior (MMD)", first={"mmd": 0.01}
    ),
    # On one thread, an epoch of Fashion-MNIST takes 13 and 700 times as long as with `conv-ae`.
    "residual-ae": _autoencoder(
        "residual_ae", "residual blocks, a small map as code; for photographs", min_side=32
    ),
    "resnet-ae": _autoencoder("resnet_ae", "ResNet-18 and its mirror image", min_side=64),
}

VAES = {
    "conv-vae": _vae("conv_vae", "convolutional VAE, Gaussian likelihood", PUBLISHED, "optimizer"),
    "generator-vae": _vae("generator_vae", "convolutional VAE with the decoder of a GAN"),
    "dense-vae": _vae(
        "dense_vae",
        "fully connected VAE, Bernoulli likelihood",
        incomparable_metrics=("elbo", "reconstruction"),  # nats of a probability, not a density
        bernoulli=True,
    ),
    "tc-vae": _vae(
        "tc_vae",
        "convolutional VAE with independent code dimensions (beta-TC)",
        first={"beta_tc": 4.0},
    ),
    "iwae": _vae(
        "iwae",
        "fully connected VAE, importance-weighted bound, Bernoulli likelihood",
        first={"importance_samples": 5},
        incomparable_metrics=("elbo", "reconstruction"),
        bernoulli=True,
    ),
    "vamp-vae": _vae(
        "vamp_vae",
        "convolutional VAE with a learned prior (VampPrior)",
        first={"pseudo_inputs": 100},
    ),
    "conv-cvae": _vae(
        "conv_cvae",
        "convolutional VAE that is told classes, Gaussian likelihood",
        predicts="class",
        incomparable_metrics=("elbo", "reconstruction"),  # those of items given their classes
    ),
    "dense-cvae": _vae(
        "dense_cvae",
        "fully connected VAE that is told classes, Bernoulli likelihood",
        predicts="class",
        incomparable_metrics=("elbo", "reconstruction"),
        bernoulli=True,
    ),
}

GANS = {
    "dcgan": _gan(
        "dcgan",
        "DCGAN, searched by the kernel distance of its images",
        PUBLISHED,
        published=_published_training(150, 64, latent_dim=100, lr=2e-4),
    ),
}

EMBEDDERS = {
    "siamese": _embedder(
        "siamese",
        "codes from pairs: near if of one class, far if not",
        PUBLISHED,
        published=_published_training(20, EMBEDDER_BATCH_SIZE, margin=2.0, lr=0.01, momentum=0.99),
    ),
    "triplet": _embedder(
        "triplet",
        "codes from triplets: nearer to one's class than to another",
        PUBLISHED,
        published=_published_training(20, EMBEDDER_BATCH_SIZE, margin=1.0, lr=0.01, momentum=0.99),
    ),
}

VIEW_LEARNERS = {
    "simclr": _view_learner("simclr", "codes without labels: views of an item near, others far"),
    "vicreg": _view_learner("vicreg", "codes without labels: views near, dimensions uncorrelated"),
}

PREDICTORS = {
    "mlp": _classifier(
        "mlp",
        "classifier of linear layers",
        PUBLISHED,
        "optimizer",
        kinds=IMAGE_OR_TABLE,
        published=_published_training(150, 256, normalize=True, hidden=512, lr=1e-3),
    ),
    "feed-forward": _classifier(
        "feed_forward",
        "classifier with one hidden layer and any activation, in two epochs",
        PUBLISHED,
        kinds=IMAGE_OR_TABLE,
        epochs=2,
        published=_published_training(2, 100, hidden=1000, activation="relu", lr=1e-3),
    ),
    "cnn": _classifier(
        "cnn",
        "classifier of convolutions and linear layers",
        PUBLISHED,
        published=_published_training(6, 4, normalize=True, hidden=220, lr=1e-3),
    ),
    "row-rnn": _classifier(
        "row_rnn",
        "recurrent classifier of the rows of images",
        PUBLISHED,
        first={"network": "lstm"},
        published=_published_training(2, 100, network="lstm", hidden=128, layers=2, lr=1e-3),
    ),
    "name-rnn": _classifier(
        "name_rnn",
        "recurrent classifier of the letters of names or other texts",
        kinds=("text",),
        first={"network": "lstm"},
    ),
    "logistic-regression": _classifier(
        "linear", "classifier of one linear layer", kinds=IMAGE_OR_TABLE, epochs=30
    ),
    "linear-regression": _regressor("linear", "a number by one linear layer", epochs=30),
    "mlp-regression": _regressor("mlp_regression", "a number by linear layers"),
}

HEADS = {
    "head": _head(
        "head",
        "classifier on the encoder of another study (--encoder)",
        "optimizer",
        trials=30,
    ),
    "transfer": _head(
        "transfer",
        "classifier on a network of torchvision (--encoder resnet18)",
        PUBLISHED,
        "step",
        published=_published_training(10, 32, lr=0.01, momentum=0.99),
    ),
}

FAMILIES: dict[str, Mapping[str, CatalogEntry]] = {
    "autoencoders": AUTOENCODERS,
    "variational autoencoders": VAES,
    "adversarial": GANS,
    "metric learning": EMBEDDERS,
    "learning without labels": VIEW_LEARNERS,
    "predictors": PREDICTORS,
    "predictors on an encoder": HEADS,
}
MODELS: dict[str, CatalogEntry] = {
    name: entry for family in FAMILIES.values() for name, entry in family.items()
}
