"""Search, train and use a model of your own data: here a table with a number to predict.

    python examples/02_own_data.py

Data are a data frame as here, an array, a pair (x, y), a data set of PyTorch, a data module of
Lightning, or the path of a table, an array, or a folder of images or texts.
"""

from sklearn.datasets import load_diabetes

import latentune


def main(trials: int = 20, epochs: int = 15, final_epochs: int = 60) -> None:
    """Searches a model of a data frame, and predicts new rows.

    Args:
        trials: Number of configurations to try.
        epochs: Epochs of each of them.
        final_epochs: Epochs of the final training.
    """
    patients = load_diabetes(as_frame=True, scaled=False).frame
    old, new = patients[:-40], patients[-40:]

    # How the frame is understood: columns, parts, and what is to be predicted.
    print(latentune.show(old, target="target"))

    # "auto" searches the model too.
    latentune.search("auto", old, target="target", name="patients", trials=trials, epochs=epochs)
    final = latentune.train("patients", epochs=final_epochs)
    print("R2 on the test part:", final.metrics["test_r2"])

    # New rows are prepared exactly as the rows of the training were.
    predictions = latentune.predict("patients", new)
    print(predictions.table.head())


if __name__ == "__main__":  # a search starts worker processes, which import this file
    main()
