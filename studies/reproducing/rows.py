"""The published systems, and how each is tried: a line of data for what could be a script."""

from .row import Figure, Row, Run, as_published

MSE = Figure("test_mse", "minimize")
ELBO = Figure("test_elbo", "maximize")
ACCURACY = Figure("test_accuracy", "maximize")
NEAREST = Figure("test_nearest", "maximize")
KID = Figure("test_kid", "minimize")

LAST_BATCH = "published is the loss of the last training batch"
PENALTY = "published contains an L1 penalty"
ON_VALIDATION = "published was chosen on the test part"
OTHER_IMAGES = "published is of other images, some of them labelled twice"

MNIST, FASHION = "mnist", "fashion-mnist"
NAMES, PHOTOGRAPHS = "names", "photographs"


def _searched(model: str, options: str = "--trials 15", epochs: int = 100) -> Run:
    return Run(f"{model} {{data}} {options}", epochs)


def _autoencoder(values: str) -> Run:
    """Returns the run of the convolutional one with given values, in batches as published."""
    fixed = " ".join(f"--fix {value}" for value in values.split())
    return as_published("conv-ae", f"--batch-size 300 {fixed}", epochs=100)


def _fid(method: str) -> Figure:
    return Figure(f"rows.{method}.test.fid", "minimize", "{A2}/final/samples/quality.json")


ROWS = {
    "A1": Row(
        "convolutional autoencoder, 2 latent dimensions",
        FASHION,
        MSE,
        0.0272,
        PENALTY,
        _autoencoder("latent_dim=2 lr=5e-4 l1=1e-7 l2=3.2e-5"),
        _searched("conv-ae", "--trials 15 --fix latent_dim=2"),
    ),
    "A2": Row(
        "convolutional autoencoder, searched",
        FASHION,
        MSE,
        0.0152,
        PENALTY,
        _autoencoder("latent_dim=8 lr=2.5e-4 l1=3.3e-5 l2=3.9e-6"),
        _searched("conv-ae", "--trials 15 --space seed"),
    ),
    "A3": Row(
        "fully connected autoencoder",
        MNIST,
        MSE,
        settings=as_published("dense-ae"),
        searched=_searched("dense-ae"),
    ),
    "A4": Row(
        "deep fully connected autoencoder",
        MNIST,
        MSE,
        0.0265,
        LAST_BATCH,
        as_published("deep-ae"),
        _searched("deep-ae"),
    ),
    "A5": Row(
        "pooled autoencoder",
        MNIST,
        MSE,
        settings=as_published("pooled-ae"),
        searched=_searched("pooled-ae"),
    ),
    "A6-64": Row(
        "strided autoencoder, 64 latent dimensions",
        MNIST,
        MSE,
        0.0027,
        LAST_BATCH,
        as_published("strided-ae", "--fix latent_dim=64"),
        _searched("strided-ae", "--trials 15 --fix latent_dim=64"),
    ),
    "A6-4": Row(
        "strided autoencoder, 4 latent dimensions",
        MNIST,
        MSE,
        0.0356,
        LAST_BATCH,
        as_published("strided-ae", "--fix latent_dim=4"),
        _searched("strided-ae", "--trials 15 --fix latent_dim=4"),
    ),
    "A7": Row(
        "denoising autoencoder",
        MNIST,
        MSE,
        settings=as_published("denoising-ae"),
        searched=_searched("denoising-ae"),
    ),
    "A8": Row(
        "sparse autoencoder",
        MNIST,
        MSE,
        settings=as_published("sparse-ae"),
        searched=_searched("sparse-ae"),
    ),
    "A9": Row(
        "convolutions, noise and sparsity, searched by its neighbours",
        MNIST,
        Figure("test_probe", "maximize"),
        searched=_searched("combined-ae", "--objectives probe --trials 12 --epochs 2", 6),
    ),
    "A10": Row(
        "ResNet autoencoder of photographs",
        PHOTOGRAPHS,
        MSE,
        searched=_searched("resnet-ae", "--image-size 64"),
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
        searched=_searched("dense-vae"),
    ),
    "V2": Row(
        "convolutional VAE",
        FASHION,
        ELBO,
        458.05,
        "published are 459.3, which contain an L1 term of the wrong sign",
        as_published("conv-vae", "--batch-size 300 --fix beta=1", epochs=100),
        _searched("conv-vae"),
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
        searched=_searched(
            "generator-vae", "--trials 4 --epochs 2 --range width=0.25:0.4 --fix beta=1", 20
        ),
    ),
    "G1": Row(
        "DCGAN",
        MNIST,
        KID,
        settings=as_published("dcgan", "--image-size 32"),
        searched=_searched(
            "dcgan", "--image-size 32 --trials 6 --epochs 2 --range width=0.25:0.5", 20
        ),
    ),
    "G2": Row(
        "DCGAN on colours",
        "cifar-100",
        KID,
        settings=as_published("dcgan"),
        searched=_searched("dcgan", "--trials 6 --epochs 2 --range width=0.25:0.5", 20),
    ),
    "M1": Row(
        "siamese network",
        MNIST,
        NEAREST,
        settings=as_published("siamese"),
        searched=_searched("siamese", "--trials 4 --epochs 1 --range width=0.5:1", 10),
    ),
    "M2": Row(
        "triplet network",
        MNIST,
        NEAREST,
        settings=as_published("triplet"),
        searched=_searched("triplet", "--trials 4 --epochs 1 --range width=0.5:1", 10),
    ),
    "C1": Row(
        "MLP",
        MNIST,
        ACCURACY,
        0.9319,
        settings=as_published("mlp"),
        searched=_searched("mlp", "--trials 12", 30),
    ),
    "C2-1000": Row(
        "feed-forward network, 1,000 units, 2 epochs",
        MNIST,
        ACCURACY,
        0.9707,
        settings=as_published("feed-forward"),
        searched=_searched("feed-forward", "--trials 20", 2),
    ),
    "C2-100": Row(
        "feed-forward network, 100 units, 2 epochs",
        MNIST,
        ACCURACY,
        0.9503,
        settings=as_published("feed-forward", "--fix hidden=100"),
    ),
    "C3": Row(
        "CNN in 6 epochs",
        "cifar-10",
        ACCURACY,
        0.5213,
        settings=as_published("cnn"),
        searched=_searched("cnn", "--trials 20", 6),
    ),
    "C4": Row(
        "LSTM over the rows of images",
        MNIST,
        ACCURACY,
        0.9746,
        settings=as_published("row-rnn"),
        searched=_searched("row-rnn", "--fix network=lstm --trials 4 --epochs 3", 10),
    ),
    "C5": Row(
        "RNN over the letters of surnames",
        NAMES,
        ACCURACY,
        searched=_searched("name-rnn", "--trials 8 --epochs 6", 15),
    ),
    "C6-a": Row(
        "SqueezeNet, transferred",
        "caltech-101",
        ACCURACY,
        0.7730,
        "",
        as_published("transfer", "--encoder squeezenet1_0 --augment crop"),
        _searched("transfer", "--encoder squeezenet1_0 --augment crop --trials 10", 10),
    ),
    "C6-b": Row(
        "ResNet-18, transferred",
        "ants-bees",
        ACCURACY,
        0.9412,
        "",
        Run(
            "transfer {data} --space step --trials 1 --epochs 1 --batch-size 4 --encoder resnet18 "
            "--augment zoom --fix lr=1e-3",
            20,
        ),
        _searched("transfer", "--encoder resnet18 --augment zoom --trials 10", 20),
    ),
    "C7-wine": Row(
        "logistic regression",
        "wine",
        ACCURACY,
        searched=_searched("logistic-regression", "--trials 20"),
    ),
    "C7-cancer": Row(
        "logistic regression",
        "breast-cancer",
        ACCURACY,
        searched=_searched("logistic-regression", "--trials 20"),
    ),
    "H1": Row(
        "head on the frozen encoder of A2",
        FASHION,
        ACCURACY,
        0.83,
        settings=Run("head {data} --encoder {A2} --fix lin_dim=126 --trials 1 --epochs 10", 100),
        searched=_searched("head", "--encoder {A2} --trials 30"),
    ),
    "H1-unfrozen": Row(
        "head, and the encoder of A2 trained too",
        FASHION,
        ACCURACY,
        searched=_searched("head", "--encoder {A2} --unfreeze --trials 6 --epochs 5", 25),
    ),
    "H2": Row(
        "classifier from the encoder of M2, 1,000 labels",
        MNIST,
        Figure(
            "mean", "maximize", "comparisons/mnist/table.csv", {"start": "{M2}", "labels": "1,000"}
        ),
        searched=Run(
            use="compare {data} --encoder {A3} --encoder {M1} --encoder {M2} --labels 1000,all "
            "--seeds 1 --epochs 5"
        ),
    ),
    "U1": Row(
        "samples of a kernel density of the codes of A2: FID",
        FASHION,
        _fid("kde"),
        searched=Run(use="sample {A2}"),
    ),
    "U2": Row(
        "the same of two principal components: FID",
        FASHION,
        _fid("pca-kde"),
        searched=Run(use="sample {A2}"),
    ),
    "U3": Row("maps of the codes, PCA and t-SNE", MNIST, note="pictures: `latentune map`"),
    "U4": Row(
        "samples of the prior, and interpolation",
        MNIST,
        note="pictures: `latentune sample` and `latentune interpolate`",
    ),
}
