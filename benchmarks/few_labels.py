"""What codes that were learned without labels are worth to a classifier with few labels.

python -W ignore -m benchmarks.few_labels --data fashion-mnist --epochs 20

Each encoder is trained on all training images without their labels, with the default options of
its model and codes of equal length. `probe` is the test accuracy of the nearest labeled code,
`head` that of a classifier on the frozen encoder, and `all` that of one whose encoder is trained,
too. The same images are labeled for all of them; the mean and standard deviation are over draws.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch

import latentune
from latentune.objectives.data.encoded_data import EncodedData
from latentune.objectives.data.preparation.labels import load_label_subset
from latentune.objectives.trainer import fit, quiet_trainer, silence_lightning

CODE_LENGTH = 64
HEAD_EPOCHS = 50


def _head_accuracy(study: str, data: str, labels: int, seed: int, runs: Path) -> float:
    """Returns the test accuracy of a classifier on a frozen encoder, with few labels."""
    torch.manual_seed(seed)
    encoder = latentune.load_model(study, runs=runs)
    cache = runs / f"codes-{study}-{labels}-{seed}"
    codes = EncodedData(load_label_subset(data, None, labels, seed), lambda spec: encoder, cache)
    head = latentune.Predictor(codes.spec, codec=encoder, lin_dim=CODE_LENGTH)
    trainer = quiet_trainer(HEAD_EPOCHS, [])
    fit(trainer, head, codes)
    with silence_lightning():
        (metrics,) = trainer.test(head, datamodule=codes, verbose=False)
    return metrics["test_accuracy"]


def main() -> None:
    """Prints a row for each encoder and number of labels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--models", nargs="+", default=["simclr", "vicreg", "conv-ae"])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--labels", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    length = {"latent_dim": f"{CODE_LENGTH}:{CODE_LENGTH}"}
    with tempfile.TemporaryDirectory() as folder:
        runs, studies = Path(folder), []
        for model in options.models:
            study = latentune.search(
                model, options.data, trials=1, epochs=1, ranges=length, runs=runs
            ).study_name
            latentune.train(study, epochs=options.epochs, pictures="none", runs=runs)
            studies.append(study)
            for labels in options.labels:
                found = latentune.probe(study, labels=labels, seeds=options.seeds, runs=runs)
                rows = {name: row["mean"] for name, row in found.table.iterrows()}
                heads = [
                    _head_accuracy(study, options.data, labels, seed, runs)
                    for seed in range(options.seeds)
                ]
                texts = "   ".join(f"{name} {value:.3f}" for name, value in rows.items())
                print(f"{study}, {labels} labels: {texts}", end="   ")
                print(f"head {np.mean(heads):.3f} ± {np.std(heads):.3f}", flush=True)
        compared = latentune.compare(
            options.data, studies, labels=options.labels, seeds=options.seeds, runs=runs
        )
    print(compared.table.round(4).to_string(), flush=True)


if __name__ == "__main__":
    main()
