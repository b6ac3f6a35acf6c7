"""Published uses of trained networks, each of a network that another row has trained."""

from .row import FASHION, MNIST, Figure, Row, Run


def _fid(method: str) -> Figure:
    return Figure(f"rows.{method}.test.fid", "minimize", "{A2}/final/samples/quality.json")


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
    "U3": Row("maps of the codes, PCA and t-SNE", MNIST, note="pictures: `latentune map`"),
    "U4": Row(
        "samples of the prior, and interpolation",
        MNIST,
        note="pictures: `latentune sample` and `latentune interpolate`",
    ),
}
