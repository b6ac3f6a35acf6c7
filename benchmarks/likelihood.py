"""log p(x) of binarized images under fully connected VAEs, as papers print it.

python -W ignore -m benchmarks.likelihood --data mnist fashion-mnist --epochs 200

Each network has 50 latent dimensions; an epoch draws the pixels of 54,000 training images anew.
The test images are drawn once.
"""

import argparse
import tempfile
import time

import latentune

LATENT_DIM = 50


def main() -> None:
    """Prints a line for each data set and model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["mnist", "fashion-mnist"])
    parser.add_argument("--models", nargs="+", default=["dense-vae"])
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--lr", type=float, help="the model's default if it is not given")
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--n", type=int, default=1000, help="test images")
    options = parser.parse_args()
    for data in options.data:
        for model in options.models:
            ranges = {"latent_dim": f"{LATENT_DIM}:{LATENT_DIM}"}
            if model == "dense-vae":
                ranges["beta"] = "1:1"
            if options.lr:
                ranges["lr"] = f"{options.lr}:{options.lr}"
            with tempfile.TemporaryDirectory() as runs:
                start = time.monotonic()
                study = latentune.search(
                    model,
                    data,
                    trials=1,
                    epochs=1,
                    ranges=ranges,
                    batch_size=options.batch_size,
                    binarize=True,
                    runs=runs,
                )
                latentune.train(
                    study.study_name, epochs=options.epochs, pictures="none", runs=runs
                )
                minutes = (time.monotonic() - start) / 60
                found = latentune.likelihood(
                    study.study_name, samples=options.samples, n=options.n, runs=runs
                )
            print(
                f"{data}, {model}, {options.epochs} epochs, {minutes:.0f} min: {found}", flush=True
            )


if __name__ == "__main__":
    main()
