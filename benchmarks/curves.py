"""Records learning curves of random configurations, for `replay.py` to search again and again.

The configurations are from the published ranges of the convolutional autoencoder; it is trained on
10,000 images of Fashion-MNIST:

    python -m benchmarks.curves --trials 160 --out benchmarks/curves.jsonl
"""

import argparse
import json
import tempfile
from pathlib import Path

import latentune
from latentune import Objective, StudySpec, TensorData
from latentune.objectives.data.parts import Part
from latentune.search_spaces.autoencoder_spaces import conv_ae_published

IMAGES = 10_000
EPOCHS = 10


def some_images(images: int = IMAGES) -> TensorData:
    """Returns the first images of each part of Fashion-MNIST; nine in ten are for training."""
    data = TensorData("fashion-mnist", batch_size=64)
    train, val, n = data.splits.train, data.splits.val, images // 10
    data.splits = data.splits.with_parts(
        train=Part(train.inputs[: 9 * n], None), val=Part(val.inputs[:n], None)
    )
    return data


SPEC = StudySpec("curves", Objective(conv_ae_published, some_images, max_epochs=EPOCHS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=160)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as runs, options.out.open("w") as out:

        def write(study: object, trial: object) -> None:
            curve = list(trial.intermediate_values.values())
            if len(curve) == EPOCHS:
                rounded = [round(value, 6) for value in curve]
                out.write(json.dumps({"params": trial.params, "val_mse": rounded}) + "\n")
                out.flush()

        latentune.search(
            "benchmarks.curves:SPEC",
            trials=options.trials,
            workers=None,
            sampler="random",
            pruner="none",
            runs=runs,
            callbacks=[write],
        )


if __name__ == "__main__":
    main()
