"""Published uses of trained networks, each of a network that another row has trained."""

from ..defaults import QUANTILE
from .row import FASHION, MNIST, Figure, Row, Run


def _fid(method: str) -> Figure:
    return Figure(f"rows.{method}.test.fid", "minimize", "{A2}/final/samples/quality.json")


def _anomalies(column: str) -> Figure:
    file = "{A6-64}/final/anomalies/table.csv"
    return Figure(column, "maximize", file, {"rule": f"quantile {QUANTILE:g}"})


USES = {
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
    "U5": Row(
        "nearest of 100 labelled codes of A9",
        MNIST,
        Figure("mean", "maximize", "{A9}/final/probe/table.csv", {"of": "codes"}),
        0.743,
        "published is of other images than ours, some of them labelled twice",
        searched=Run(use="probe {A9}"),
    ),
    "U6": Row(
        "share of bytes that codes of A3 save, as float32",
        MNIST,
        Figure(
            "saved", "maximize", "{A3-settings}/final/compression/table.csv", {"codes": "float32"}
        ),
        0.3469,
        settings=Run(use="compress {A3-settings}"),
    ),
    "U7-in": Row(
        "digits that the threshold of A6-64 lets pass",
        MNIST,
        _anomalies("inliers passed"),
        0.983,
        "published was fitted to the anomalies that it scored",
        searched=Run(use="anomalies {A6-64} --against fashion-mnist"),
    ),
    "U7-out": Row(
        "clothes that it finds to be none",
        MNIST,
        _anomalies("outliers found"),
        0.968,
        "published was fitted to the anomalies that it scored",
        searched=Run(use="anomalies {A6-64} --against fashion-mnist"),
    ),
    "U3": Row("maps of the codes, PCA and t-SNE", MNIST, note="pictures: `latentune map`"),
    "U4": Row(
        "samples of the prior, and interpolation",
        MNIST,
        note="pictures: `latentune sample` and `latentune interpolate`",
    ),
    "U8": Row("confusion matrix", MNIST, note="pictures: `latentune train` of any classifier"),
    "U9": Row("pictures while training", MNIST, note="pictures: `latentune train`"),
    "U10": Row("checkpoints and resuming", MNIST, note="no figure: `latentune train` again"),
    "U11": Row("predicting", MNIST, note="no figure: `latentune predict`"),
    "U12": Row("a look at data", MNIST, note="pictures: `latentune show`"),
}
