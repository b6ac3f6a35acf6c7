"""Published systems that learn without labels: autoencoders, variational ones, and GANs."""

from .row import FASHION, MNIST, Figure, Row, Run, as_published, searched

MSE = Figure("test_mse", "minimize")
ELBO = Figure("test_elbo", "maximize")
KID = Figure("test_kid", "minimize")

LAST_BATCH = "published is the loss of the last training batch"
PENALTY = "published contains an L1 penalty"


def _autoencoder(values: str) -> Run:
    """Returns the run of the convolutional one with given values, in batches as published."""
    fixed = " ".join(f"--fix {value}" for value in values.split())
    return as_published("conv-ae", f"--batch-size 300 {fixed}", epochs=100)


UNSUPERVISED = {
    "A1": Row(
        "convolutional autoencoder, 2 latent dimensions",
        FASHION,
        MSE,
        0.0272,
        PENALTY,
        _autoencoder("latent_dim=2 lr=5e-4 l1=1e-7 l2=3.2e-5"),
        searched("conv-ae", "--trials 15 --fix latent_dim=2"),
    ),
    "A2": Row(
        "convolutional autoencoder, searched",
        FASHION,
        MSE,
        0.0152,
        PENALTY,
        _autoencoder("latent_dim=8 lr=2.5e-4 l1=3.3e-5 l2=3.9e-6"),
        searched("conv-ae", "--trials 15 --space seed"),
    ),
    "A3": Row(
        "fully connected autoencoder",
        MNIST,
        MSE,
        settings=as_published("dense-ae"),
        searched=searched("dense-ae"),
    ),
    "A4": Row(
        "deep fully connected autoencoder",
        MNIST,
        MSE,
        0.0265,
        LAST_BATCH,
        as_published("deep-ae"),
        searched("deep-ae"),
    ),
    "A5": Row(
        "pooled autoencoder",
        MNIST,
        MSE,
        settings=as_published("pooled-ae"),
        searched=searched("pooled-ae"),
    ),
    "A6-64": Row(
        "strided autoencoder, 64 latent dimensions",
        MNIST,
        MSE,
        0.0027,
        LAST_BATCH,
        as_published("strided-ae", "--fix latent_dim=64"),
        searched("strided-ae", "--trials 15 --fix latent_dim=64"),
    ),
    "A6-4": Row(
        "strided autoencoder, 4 latent dimensions",
        MNIST,
        MSE,
        0.0356,
        LAST_BATCH,
        as_published("strided-ae", "--fix latent_dim=4"),
        searched("strided-ae", "--trials 15 --fix latent_dim=4"),
    ),
    "A7": Row(
        "denoising autoencoder",
        MNIST,
        MSE,
        settings=as_published("denoising-ae"),
        searched=searched("denoising-ae"),
    ),
    "A8": Row(
        "sparse autoencoder",
        MNIST,
        MSE,
        settings=as_published("sparse-ae"),
        searched=searched("sparse-ae"),
    ),
    "A9": Row(
        "convolutions, noise and sparsity, searched by its neighbours",
        MNIST,
        Figure("test_probe", "maximize"),
        searched=searched("combined-ae", "--objectives probe --trials 12 --epochs 2", 15),
    ),
    "A10": Row(
        "ResNet autoencoder of photographs",
        "photographs",
        MSE,
        searched=searched("resnet-ae", "--image-size 64"),
    ),
    "V1": Row(
        "fully connected VAE, beta 10",
        MNIST,
        ELBO,
        settings=Run(
            "dense-vae {data} --trials 1 --epochs 1 --batch-size 1024 --fix latent_dim=128 "
            "--fix beta=10 --fix lr=1e-3",
            150,
        ),
        searched=searched("dense-vae"),
    ),
    "V2": Row(
        "convolutional VAE",
        FASHION,
        ELBO,
        458.05,
        "published are 459.3, which contain an L1 term of the wrong sign",
        as_published("conv-vae", "--batch-size 300 --fix beta=1", epochs=100),
        searched("conv-vae"),
    ),
    "V3": Row(
        "convolutional VAE without KL term",
        FASHION,
        Figure("test_reconstruction", "minimize"),
        settings=as_published("conv-vae", "--batch-size 300 --fix beta=0", epochs=100),
    ),
    "V4": Row(
        "convolutional VAE with the decoder of a GAN",
        FASHION,
        ELBO,
        searched=searched(
            "generator-vae", "--trials 4 --epochs 2 --range width=0.25:0.4 --fix beta=1", 20
        ),
    ),
    "G1": Row(
        "DCGAN",
        MNIST,
        KID,
        settings=as_published("dcgan", "--image-size 32"),
        searched=searched(
            "dcgan", "--image-size 32 --trials 6 --epochs 2 --range width=0.25:0.5", 20
        ),
    ),
    "G2": Row(
        "DCGAN on colours",
        "cifar-100",
        KID,
        settings=as_published("dcgan"),
        searched=searched("dcgan", "--trials 6 --epochs 2 --range width=0.25:0.5", 20),
    ),
}
