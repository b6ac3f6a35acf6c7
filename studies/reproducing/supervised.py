"""Published systems that learn from labels: embedders, classifiers, and heads."""

from .row import FASHION, MNIST, Figure, Row, Run, as_published, searched

ACCURACY = Figure("test_accuracy", "maximize")
NEAREST = Figure("test_nearest", "maximize")

SUPERVISED = {
    "M1": Row(
        "siamese network",
        MNIST,
        NEAREST,
        settings=as_published("siamese"),
        searched=searched("siamese", "--trials 4 --epochs 1 --range width=0.5:1", 10),
    ),
    "M2": Row(
        "triplet network",
        MNIST,
        NEAREST,
        settings=as_published("triplet"),
        searched=searched("triplet", "--trials 4 --epochs 1 --range width=0.5:1", 10),
    ),
    "C1": Row(
        "MLP",
        MNIST,
        ACCURACY,
        0.9319,
        settings=as_published("mlp"),
        searched=searched("mlp", "--trials 12", 30),
    ),
    "C2-1000": Row(
        "feed-forward network, 1,000 units, 2 epochs",
        MNIST,
        ACCURACY,
        0.9707,
        settings=as_published("feed-forward"),
        searched=searched("feed-forward", "--trials 20", 2),
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
        searched=searched("cnn", "--trials 20", 6),
    ),
    "C4": Row(
        "LSTM over the rows of images",
        MNIST,
        ACCURACY,
        0.9746,
        settings=as_published("row-rnn"),
        searched=searched("row-rnn", "--fix network=lstm --trials 4 --epochs 3", 10),
    ),
    "C5": Row(
        "RNN over the letters of surnames",
        "names",
        ACCURACY,
        searched=searched("name-rnn", "--trials 8 --epochs 6", 15),
    ),
    "C6-a": Row(
        "SqueezeNet, transferred",
        "caltech-101",
        ACCURACY,
        0.7730,
        "",
        as_published("transfer", "--encoder squeezenet1_0 --augment crop"),
        searched("transfer", "--encoder squeezenet1_0 --augment crop --trials 10", 10),
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
        searched("transfer", "--encoder resnet18 --augment zoom --trials 10", 20),
    ),
    "C7-wine": Row(
        "logistic regression",
        "wine",
        ACCURACY,
        searched=searched("logistic-regression", "--trials 20"),
    ),
    "C7-cancer": Row(
        "logistic regression",
        "breast-cancer",
        ACCURACY,
        searched=searched("logistic-regression", "--trials 20"),
    ),
    "H1": Row(
        "head on the frozen encoder of A2",
        FASHION,
        ACCURACY,
        0.83,
        settings=Run("head {data} --encoder {A2} --fix lin_dim=126 --trials 1 --epochs 10", 100),
        searched=searched("head", "--encoder {A2} --trials 30"),
    ),
    "H1-unfrozen": Row(
        "head, and the encoder of A2 trained too",
        FASHION,
        ACCURACY,
        searched=searched("head", "--encoder {A2} --unfreeze --trials 6 --epochs 5", 25),
    ),
}
