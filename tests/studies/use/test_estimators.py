"""The estimators of scikit-learn: its own checks, pipelines, and the studies that they leave."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import latentune

TINY: dict[str, Any] = {"trials": 1, "epochs": 1, "final_epochs": 1}
CHECKED = {
    "encoder": latentune.LatentuneEncoder(**TINY),
    "classifier": latentune.LatentuneClassifier("logistic-regression", **TINY),
    "regressor": latentune.LatentuneRegressor("linear-regression", **TINY),
    "detector": latentune.LatentuneOutlierDetector(**TINY),
}
NEED_MORE_EPOCHS = {
    "check_classifiers_train": "wants an accuracy of 0.83",
    "check_regressors_train": "wants an R2 of 0.5",
}
"""Two checks that pass with 20 final epochs, as the tests below expect good predictions too."""


@pytest.mark.parametrize("name", CHECKED)
@pytest.mark.filterwarnings("ignore")  # the checks raise those of scikit-learn on purpose
def test_an_estimator_passes_the_checks_of_scikit_learn(name: str) -> None:
    results = check_estimator(CHECKED[name], on_skip=None, expected_failed_checks=NEED_MORE_EPOCHS)
    assert {one["status"] for one in results} <= {"passed", "skipped", "xfail"}
    assert len(results) > 40


def test_a_classifier_in_a_pipeline_and_a_grid_search() -> None:
    x, y = load_wine(return_X_y=True)
    model = latentune.LatentuneClassifier("logistic-regression", **TINY)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), model),
        {"latentuneclassifier__final_epochs": [1, 60]},
        cv=2,
    )
    search.fit(x, np.array(["barolo", "grignolino", "barbera"])[y])
    assert search.best_params_ == {"latentuneclassifier__final_epochs": 60}
    assert set(search.predict(x)) == {"barolo", "grignolino", "barbera"}
    assert search.best_score_ > 0.7


def test_codes_of_an_encoder_serve_another_estimator() -> None:
    x, y = load_digits(return_X_y=True)
    encoder = latentune.LatentuneEncoder(**TINY | {"final_epochs": 5})
    scores = cross_val_score(
        make_pipeline(encoder, LogisticRegression(max_iter=500)), x[:900], y[:900], cv=2
    )
    assert scores.min() > 0.4


def test_an_encoder_of_images_decodes_and_samples_in_the_units_of_its_rows() -> None:
    x = load_digits().data[:200]
    encoder = latentune.LatentuneEncoder(
        "conv-ae", shape=(1, 8, 8), trials=1, epochs=2, final_epochs=12
    ).fit(x)
    restored = encoder.inverse_transform(encoder.transform(x))
    assert restored.shape == x.shape
    assert ((restored - x) ** 2).mean() < 0.6 * ((x - x.mean(0)) ** 2).mean()
    new = encoder.sample(5)
    assert new.shape == (5, 64)
    assert 2 < new.max() <= 16
    assert encoder.get_feature_names_out()[0] == "latentuneencoder0"


def test_a_fit_leaves_a_study_and_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    detector = latentune.LatentuneOutlierDetector(**TINY).fit(x)
    assert latentune.load_best(detector.study_).monitor == "val_mse"
    monkeypatch.setattr(
        "latentune.studies.use.searched_estimator.search",
        lambda *_, **__: pytest.fail("searched again"),
    )
    again = clone(detector).fit(x)
    assert again.study_ == detector.study_
    assert list(again.score_samples(x)) == list(detector.score_samples(x))
    with pytest.raises(pytest.fail.Exception):
        clone(detector).set_params(epochs=2).fit(x)
    assert len(list(Path("runs").glob("*/best.toml"))) == 1


def test_a_fitted_estimator_survives_pickling() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    model = latentune.LatentuneRegressor("linear-regression", **TINY | {"final_epochs": 300})
    model.fit(x, 1000 + x @ [1, 2, 3])
    copy = pickle.loads(pickle.dumps(model))
    assert list(copy.predict(x)) == list(model.predict(x))
    assert model.score(x, 1000 + x @ [1, 2, 3]) > 0.9


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="y holds 1 class, a: a classifier needs two"):
        latentune.LatentuneClassifier().fit(np.zeros((20, 2)), ["a"] * 20)
    with pytest.raises(ValueError, match="y holds the class solo once: at least 2"):
        latentune.LatentuneClassifier().fit(np.eye(20), ["a", "b"] * 9 + ["a", "solo"])
    with pytest.raises(ValueError, match="trials must be at least 1, not 0"):
        latentune.LatentuneEncoder(trials=0).fit(np.eye(20))
    with pytest.raises(ValueError, match=r"shape=\(1, 8, 9\) does not fit rows of 64 columns"):
        latentune.LatentuneEncoder(shape=(1, 8, 9)).fit(np.eye(64))
    with pytest.raises(ValueError, match=r"contamination must be above 0 .* not 0.7"):
        latentune.LatentuneOutlierDetector(contamination=0.7).fit(np.zeros((20, 2)))
    assert not Path("runs").exists()


@pytest.mark.parametrize("labels", [[10, 9], [" a", "a "], [True, False]])
def test_classes_keep_their_names_and_their_order(labels: list[Any]) -> None:
    x = np.random.default_rng(0).normal(size=(400, 2))
    y = np.array(labels)[(x[:, 0] > 0).astype(int)]
    model = latentune.LatentuneClassifier("logistic-regression", **TINY | {"final_epochs": 60})
    assert model.fit(x, y).score(x, y) > 0.9
    assert model.predict_proba(x)[y == model.classes_[1], 1].mean() > 0.5
    names = {str(label).strip() for label in labels}
    expected = {"class 0", "class 1"} if len(names) == 1 else names
    assert set(model.network_.header.data_spec.classes) == expected
