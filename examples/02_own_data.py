"""Search, train and use a model of your own data: here a table with a number to predict.

    python examples/02_own_data.py

Data are files: a CSV as here, a .npy or .npz array, or a folder of images or texts. To use arrays
that are in memory, save them first: numpy.savez("mine.npz", x=images, y=labels).
"""

from sklearn.datasets import load_diabetes

import latentune


def main(trials: int = 20, epochs: int = 15, final_epochs: int = 60) -> None:
    """Writes a table, searches a model of it, and predicts new rows.

    Args:
        trials: Number of configurations to try.
        epochs: Epochs of each of them.
        final_epochs: Epochs of the final training.
    """
    patients = load_diabetes(as_frame=True, scaled=False).frame
    patients[:-40].to_csv("patients.csv", index=False)
    patients[-40:].to_csv("new.csv", index=False)

    # How the file is understood: columns, parts, and what is to be predicted.
    print(latentune.show("patients.csv", target="target"))

    # Without a model, the model is searched too. The study is called auto-patients.
    latentune.search("patients.csv", target="target", trials=trials, epochs=epochs)
    final = latentune.train("auto-patients", epochs=final_epochs)
    print("R2 on the test part:", final.metrics["test_r2"])

    # New rows are prepared exactly as the rows of the training were.
    predictions = latentune.predict("auto-patients", "new.csv")
    print(predictions.table.head())


if __name__ == "__main__":  # a search starts worker processes, which import this file
    main()
