"""Search an autoencoder of handwritten digits, train the best one, and sample new digits.

    python examples/01_search_and_sample.py

Everything is written to the folder runs/. Run the script again, and it goes on where it ended: a
search stops at its total of trials, and the folder of a complete training is kept as final-before.
"""

import latentune


def main(trials: int = 12, epochs: int = 20, final_epochs: int = 100, n: int = 1000) -> None:
    """Searches, trains and samples.

    Args:
        trials: Number of configurations to try.
        epochs: Epochs of each of them.
        final_epochs: Epochs of the final training.
        n: Number of digits to sample.
    """
    # A search returns a study of Optuna, so everything that Optuna offers works on it.
    study = latentune.search("conv-ae", "digits", trials=trials, epochs=epochs)
    print("best trial:", study.best_trial.number, study.best_trial.params)
    print("validation error:", study.best_value)

    # Final training is scored once on the test part, which no search has seen.
    final = latentune.train("conv-ae-digits", epochs=final_epochs)
    print("test error:", final.metrics["test_mse"])
    print("test error of as many principal components:", final.metrics["test_mse_pca"])

    # A density is fitted to the latent codes of the training images and sampled.
    print(latentune.sample("conv-ae-digits", methods=["kde", "gaussian"], n=n))

    # The trained network is an ordinary LightningModule.
    model = latentune.load_model("conv-ae-digits")
    images = latentune.TensorData("digits").splits.test.inputs
    print("codes:", tuple(model.encode(images).shape))


if __name__ == "__main__":  # a search starts worker processes, which import this file
    main()
