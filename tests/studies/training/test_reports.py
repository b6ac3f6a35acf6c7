"""What each role shows of the test part, and the pictures of each epoch."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from PIL import Image
from sklearn.metrics import average_precision_score

import latentune
from latentune.studies.display.plots.prediction_quality import plot_confusion_matrix
from latentune.studies.study.study_error import StudyError
from latentune.studies.training.final_training import FinalTraining

from .test_resume import OWN

Refused = Callable[..., str]


def pictures(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.png")}


CLASSES = {"loss.png", "confusion.png", "precision-recall.png", "calibration.png"}


def test_a_classifier_shows_how_precisely_it_tells_classes_apart() -> None:
    latentune.search("logistic-regression", "wine", trials=1, epochs=3)
    trained = latentune.train("logistic-regression-wine", epochs=5)
    assert pictures(trained.folder) == CLASSES
    test = latentune.TensorData("wine").splits.test
    model = latentune.load_model("logistic-regression-wine")
    with torch.inference_mode():
        chances = model(test.inputs).softmax(1).numpy()
    right = np.eye(3)[test.targets]
    table = pd.read_csv(trained.folder / "classes.csv")
    each = average_precision_score(right, chances, average=None)
    assert table["average_precision"].to_numpy() == pytest.approx(each)
    assert trained.metrics["test_average_precision"] == pytest.approx(each.mean())


def test_a_class_that_the_test_part_lacks_has_no_precision() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=["height", "width", "length"])
    frame["class"] = ["a", "b"] * 29 + ["c", "c"]
    frame.to_csv("rare.csv", index=False)
    latentune.search("logistic-regression", "rare.csv", trials=1, epochs=1)
    trained = latentune.train("logistic-regression-rare", epochs=1)
    table = pd.read_csv(trained.folder / "classes.csv").set_index("class")
    assert table["average_precision"].isna().equals(table["items"] == 0)
    assert 0 <= trained.metrics["test_average_precision"] <= 1


def test_a_regressor_plots_predicted_against_true_numbers() -> None:
    x = np.random.default_rng(0).normal(size=(100, 2))
    pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "price": x.sum(1)}).to_csv("t.csv", index=False)
    latentune.search("linear-regression", "t.csv", target="price", trials=1, epochs=1)
    trained = latentune.train("linear-regression-t", epochs=1)
    assert pictures(trained.folder) == {"loss.png", "predicted.png"}


def test_a_custom_classifier_has_the_same_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("strange.py").write_text(OWN)
    monkeypatch.delitem(sys.modules, "strange", raising=False)
    latentune.search("strange:SPEC", trials=1, epochs=1)
    trained = latentune.train("mynet", epochs=1)
    assert pictures(trained.folder) == CLASSES
    assert 0 < trained.metrics["test_calibration_error"] < 1


def test_reconstructions_and_samples_are_plotted_after_each_epoch() -> None:
    latentune.search("dense-vae", "digits", trials=1, epochs=1, batch_size=500)
    every = latentune.train("dense-vae-digits", epochs=2)
    ends = {"loss.png", "reconstructions.png", "samples.png"}
    drawn = {f"epochs/{what}-00{n}.png" for what in ("reconstructions", "samples") for n in (1, 2)}
    assert pictures(every.folder) == ends | drawn
    sizes = [(every.folder / name).stat().st_size for name in drawn]
    assert max(sizes) < 20_000
    best = latentune.train("dense-vae-digits", epochs=2, pictures="best")
    assert pictures(best.folder) == ends
    none = latentune.train("dense-vae-digits", epochs=2, pictures="none")
    assert pictures(none.folder) == set()
    for other in (best, none):  # drawing has not changed what was trained
        assert {**other.metrics, "seconds": 0} == {**every.metrics, "seconds": 0}


def test_a_network_as_good_as_a_linear_model_is_not_worse() -> None:
    same = {"test_accuracy": 1.0, "test_accuracy_linear": 1.0}
    verdict = "accuracy 1, compared with 1 of a linear model: not better"
    assert FinalTraining(Path("final"), same, "predict").verdict == [verdict]


def test_classes_may_have_names_in_any_script() -> None:
    plot_confusion_matrix(np.eye(2, dtype=np.int64), ("鳥", "Vögel"), "birds", Path("birds.png"))
    assert Path("birds.png").exists()


def test_large_images_are_plotted_small() -> None:
    rng = np.random.default_rng(0)
    np.save("wide.npy", rng.integers(0, 255, (40, 20, 160, 3), dtype="uint8"))
    latentune.search("pooled-ae", "wide.npy", trials=1, epochs=1)
    trained = latentune.train("pooled-ae-wide", epochs=1)
    drawn = np.array(Image.open(trained.folder / "epochs/reconstructions-001.png"))
    shown = len(latentune.TensorData("wide.npy").splits.val)
    assert drawn.shape == (2 * (4 + 1) + 1, shown * (32 + 1) + 1, 3)


def test_options_of_training_are_checked_first(refused: Refused, trained: Path) -> None:
    train = ("train", "conv-ae-digits")
    assert "'all' is not a choice; known: best, every, none" in refused(
        *train, "--pictures", "all"
    )
    assert "precision 16 needs a GPU" in refused(*train, "--precision", 16, "--accelerator", "cpu")
    assert "did you mean 'bf16'" in refused(*train, "--precision", "bf1")


class Looks(pl.Callback):
    """Sees whether computing is deterministic, and then meets something that cannot be."""

    seen = False

    def on_train_batch_start(self, *_: object) -> None:
        self.seen = torch.are_deterministic_algorithms_enabled()

    def on_train_epoch_end(self, *_: object) -> None:
        raise RuntimeError("thing_cuda does not have a deterministic implementation, but you")


def test_determinism_is_restored_after_training(trained: Path) -> None:
    looks = Looks()
    with pytest.raises(StudyError, match=r"^thing_cuda does not .* leave out `deterministic=`$"):
        latentune.train("conv-ae-digits", epochs=1, deterministic=True, callbacks=[looks])
    assert looks.seen
    assert not torch.are_deterministic_algorithms_enabled()
