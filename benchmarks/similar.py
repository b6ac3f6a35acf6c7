"""Rates `similar` on Fashion-MNIST: the classes of neighbors, and planted wrong labels.

python -W ignore -m benchmarks.similar precision
python -W ignore -m benchmarks.similar labels --seeds 3 [--model conv-ae]

`precision`: the share of the 10 nearest training images that have the class of a test image, by
the codes of each network, by as many principal components, and by pixels.

`labels`: of 5,000 images, 100 get a random other label. Each network is trained on these images
and labels; an autoencoder sees no labels. A row says how many of the 100 stand in the first 150
rows of a list, for several rules. The first rule is that of `similar STUDY --labels`.
Fashion-MNIST itself has ambiguous and wrong labels, and these stand in the lists too.

The images are read from the folder that LATENTUNE_DATA names.
"""

import argparse
import os
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MODELS = ("conv-ae", "cnn", "triplet")
ITEMS, PLANTED, LISTED = 5000, 100, 150
VOTERS = 20
Scores = NDArray[np.floating]


def train(model: str, data: str, epochs: int) -> str:
    """Trains the default configuration of a model, and returns the name of its study."""
    import latentune

    name = f"{model}-{Path(data).stem}"
    latentune.search(model, data, trials=1, epochs=1, name=name)
    latentune.train(name, epochs=epochs, pictures="none")
    return name


def rate_precision(models: Sequence[str], epochs: int) -> None:
    import latentune

    for model in models:
        print(model)
        study = train(model, "fashion-mnist", epochs)
        print(*latentune.similar(study, items=[0]).notes, sep="\n", flush=True)


def plant(path: str, seed: int) -> NDArray[np.bool_]:
    """Writes images and labels to a file, and returns a mask of the images with a wrong label."""
    import latentune

    train, rng = latentune.TensorData("fashion-mnist").splits.train, np.random.default_rng(seed)
    chosen = rng.choice(len(train), ITEMS, replace=False)
    labels, is_wrong = train.targets[chosen].numpy(), np.zeros(ITEMS, bool)
    is_wrong[rng.choice(ITEMS, PLANTED, replace=False)] = True
    labels[is_wrong] = (labels[is_wrong] + rng.integers(1, 10, PLANTED)) % 10
    np.savez(path, x=train.inputs[chosen, 0].numpy(), y=labels)
    return is_wrong


def rank(codes: Scores, labels: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Returns indices of items by several rules, those with the most doubtful labels first."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from latentune.objectives.metrics.label_errors import find_contradictions
    from latentune.objectives.metrics.neighbor_index import NeighborIndex

    neighbors = labels[NeighborIndex(codes).find_others(VOTERS).indices]
    votes = np.stack([(neighbors == label).mean(1) for label in range(10)], axis=1)
    linear = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)),
        codes,
        labels,
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        method="predict_proba",
    )
    items = np.arange(len(labels))

    def confidence(shares: Scores) -> Scores:
        return shares[items, labels]

    def margin(shares: Scores) -> Scores:
        others = shares.copy()
        others[items, labels] = -1
        return confidence(shares) - others.max(1)

    thresholds = [linear[labels == label, label].mean() for label in range(10)]
    confident = np.where(linear >= thresholds, linear, 0)
    is_error = confident.any(1) & (confident.argmax(1) != labels)  # the confident joint
    scores = {
        "votes": confidence(votes),
        "margin of votes": margin(votes),
        "logistic regression": confidence(linear),
        "margin of logistic regression": margin(linear),
        "confident learning": margin(linear) - 2 * is_error,
        "votes + logistic regression": confidence(votes) + confidence(linear),
    }
    ranks = {name: np.argsort(score, kind="stable") for name, score in scores.items()}
    return {"votes, then distances": find_contradictions(codes, labels).indices, **ranks}


def features(model: str, path: str, epochs: int) -> tuple[Scores, NDArray[np.int64]]:
    """Returns the codes of all images by a model, and the numbers of the images in the file."""
    from sklearn.decomposition import PCA

    import latentune

    pixels = np.load(path)["x"].reshape(ITEMS, -1) / np.float32(255)
    if model == "pixels":
        return pixels, np.arange(ITEMS)
    if model == "16 components":
        return PCA(16, random_state=0).fit_transform(pixels), np.arange(ITEMS)
    encoded = latentune.encode(train(model, path, epochs))
    return encoded.codes, encoded.table["row"].to_numpy()


def rate_labels(models: Sequence[str], epochs: int, seeds: int) -> None:
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for seed in range(seeds):
        path = f"planted{seed}.npz"
        is_wrong = plant(path, seed)
        labels = np.load(path)["y"]
        for model in (*models, "16 components", "pixels"):
            codes, rows = features(model, path, epochs)
            for rule, order in rank(codes, labels[rows]).items():
                found[model][rule].append(int(is_wrong[rows][order[:LISTED]].sum()))
    print(f"of {PLANTED} planted labels among {ITEMS:,}, in the first {LISTED} rows:")
    for model, rules in found.items():
        print(model)
        for rule, counts in rules.items():
            print(f"  {rule:<30} {np.mean(counts):5.1f}   {counts}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["precision", "labels"])
    parser.add_argument("--model", choices=MODELS, action="append")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="default: 20 of labels, 5 of precision")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        if asked.what == "precision":
            rate_precision(asked.model or MODELS, asked.epochs or 5)
        else:
            rate_labels(asked.model or MODELS, asked.epochs or 20, asked.seeds)


if __name__ == "__main__":
    main()
