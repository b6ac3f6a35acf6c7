"""Put a classifier on a trained encoder, and see what the pre-training is worth.

python examples/04_head_on_an_encoder.py
"""

import latentune


def main(trials: int = 12, epochs: int = 20, final_epochs: int = 50, seeds: int = 3) -> None:
    """Trains an autoencoder, a classifier on its encoder, and classifiers to compare it with.

    Args:
        trials: Number of configurations to try, of the autoencoder and of the classifier.
        epochs: Epochs of each of them.
        final_epochs: Epochs of the final trainings.
        seeds: Number of trainings of each classifier that is compared.
    """
    latentune.search("conv-ae", "digits", trials=trials, epochs=epochs)
    latentune.train("conv-ae-digits", epochs=final_epochs)

    # The encoder is frozen: its codes are computed once, and only the classifier is trained.
    latentune.search("head", "digits", encoder="conv-ae-digits", trials=trials, epochs=epochs)
    final = latentune.train("head-conv-ae-digits", epochs=final_epochs)
    print("test accuracy:", final.metrics["test_accuracy"])

    # The same network with 100 and with all labels, from scratch and from the trained encoder.
    print(
        latentune.compare(
            "digits",
            encoders=["conv-ae-digits"],
            labels=[100, None],
            seeds=seeds,
            epochs=epochs,
        )
    )


if __name__ == "__main__":  # a search starts worker processes, which import this file
    main()
