"""Search a LightningModule of your own, with pruning, resuming, final training and sampling.

    python examples/03_own_model.py

The model, its search space and its study stand in linear_autoencoder.py. On the command line, the
same search is `latentune search linear_autoencoder:SPEC`, typed in the folder of that file.
"""

import latentune


def main(trials: int = 20, epochs: int = 10, final_epochs: int = 50) -> None:
    """Searches, trains and uses the model.

    Args:
        trials: Number of configurations to try.
        epochs: Epochs of each of them.
        final_epochs: Epochs of the final training.
    """
    study = latentune.search("linear_autoencoder:SPEC", trials=trials, epochs=epochs)
    print("best trial:", study.best_trial.params)

    # Principal components are the best linear autoencoder: the model can only come close to them.
    final = latentune.train("linear-ae-digits", epochs=final_epochs)
    print(final.metrics["test_mse"], "compared with", final.metrics["test_mse_pca"])

    # A model with encode() and decode() can be sampled.
    print(latentune.sample("linear-ae-digits", methods=["gaussian"], n=500))


if __name__ == "__main__":  # a search starts worker processes, which import this file
    main()
