"""Autoencoders and VAEs of Fashion-MNIST, sampled from each density of their codes.

python -W ignore -m benchmarks.samplers --models conv-ae rae wae conv-vae

Each network has the default options of its model and a code of 16 numbers. FID and KID are by the
features of a classifier of the same data, on the test part.
"""

import argparse
import tempfile

import latentune

LATENT_DIM = 16


def main() -> None:
    """Prints a row for each model and density."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    models = ["conv-ae", "rae", "wae", "conv-vae"]
    parser.add_argument("--models", nargs="+", default=models)
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--n", type=int, default=5000)
    options = parser.parse_args()
    print("model      method         FID      KID   log density   copies", flush=True)
    for model in options.models:
        with tempfile.TemporaryDirectory() as runs:
            ranges = {"latent_dim": f"{LATENT_DIM}:{LATENT_DIM}"}
            study = latentune.search(
                model, options.data, trials=1, epochs=1, ranges=ranges, runs=runs
            ).study_name
            latentune.train(study, epochs=options.epochs, pictures="none", runs=runs)
            found = latentune.sample(study, n=options.n, runs=runs)
        assert isinstance(found, latentune.studies.use.sample.Samples)
        assert found.ratings is not None
        for name, rating in found.ratings.rows.items():
            row = f"{model:10} {name:13} {rating.test.fid:5.2f} {rating.test.kid:8.4f}"
            if fit := found.fits.get(name):
                density = "" if fit.log_density is None else f"{fit.log_density:.2f}"
                row = f"{row} {density:>13} {fit.copies:8.1%}"
            print(row, flush=True)


if __name__ == "__main__":
    main()
