"""Estimators of scikit-learn: each fit searches a model, trains it, and leaves a study behind."""

from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import (
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    OutlierMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ...models.densities.kernels import LatentKDE
from ...models.roles import Decodes
from ...objectives.data.sources.column_names import normalize_label
from ...objectives.metrics.anomaly_scores import anomaly_scores
from ..study.defaults import RUNS
from .prediction_functions import predict_raw
from .searched_estimator import Array, SearchedEstimator
from .trained_network import TrainedNetwork, encode_items


class LatentuneEncoder(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    SearchedEstimator,
):
    """Maps rows to latent codes by an autoencoder; see `SearchedEstimator` for the parameters.

    Example:
        >>> rows = np.random.default_rng(0).normal(size=(40, 3))
        >>> encoder = latentune.LatentuneEncoder(trials=1, epochs=1, final_epochs=1)
        >>> len(encoder.fit_transform(rows)), encoder.sample(2).shape
        (40, (2, 3))
    """

    default_model = "deep-ae"

    def fit(self, X: Any, y: Any = None) -> Self:
        """Searches and trains an autoencoder of the rows X, with shape (N, F); y is ignored."""
        rows = validate_data(self, X, ensure_min_samples=2)
        self.search_and_train(rows)
        self._n_features_out = self.transform(rows[:1]).shape[1]
        return self

    def transform(self, X: Any) -> Array:
        """Returns the latent codes of the rows X, with shape (N, D)."""
        model: Any = self._network.model
        return self.apply_network(lambda items: encode_items(model, items).double(), X)

    def inverse_transform(self, X: Any) -> Array:
        """Returns the rows, with shape (N, F), that the latent codes X stand for."""
        model, spec = self._network.model, self._network.header.data_spec
        if not isinstance(model, Decodes):
            raise self._network.missing_method_error("decode()")
        with torch.inference_mode():
            decoded = model.decode(torch.as_tensor(np.asarray(X), dtype=torch.float32))
        rows: Array = decoded.flatten(1).numpy() * (spec.pixel_maximum or 1)
        return rows

    def sample(self, n_samples: int = 1, random_state: int = 0) -> Array:
        """Returns new rows, with shape (n_samples, F), from a kernel density of latent codes."""
        codes, _ = self._network.codes("train")
        return self.inverse_transform(LatentKDE.fit(codes).sample(n_samples, random_state))

    @property
    def _network(self) -> TrainedNetwork:
        check_is_fitted(self)
        return self.network_


class LatentuneClassifier(ClassifierMixin, SearchedEstimator):  # type: ignore[misc]
    """Predicts classes; see `SearchedEstimator` for the parameters.

    Attributes:
        classes_: The classes, in the order of the columns of `predict_proba`.

    Example:
        >>> rows = np.random.default_rng(0).normal(size=(40, 3))
        >>> model = latentune.LatentuneClassifier("mlp", trials=1, epochs=1, final_epochs=1)
        >>> model.fit(rows, rows[:, 0] > 0).predict(rows).shape
        (40,)
    """

    default_model = "auto"

    def fit(self, X: Any, y: Any) -> Self:
        """Searches and trains a classifier of the rows X, with shape (N, F), of classes y (N,)."""
        rows, labels = validate_data(self, X, y, ensure_min_samples=2)
        check_classification_targets(labels)
        self.classes_, targets, counts = np.unique(labels, return_inverse=True, return_counts=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y holds 1 class, {self.classes_[0]}: a classifier needs two")
        if counts.min() < 2:
            single = self.classes_[counts.argmin()]
            raise ValueError(f"y holds the class {single} once: at least 2 rows are needed")
        self.search_and_train(rows, np.array(self._class_names)[targets])
        return self

    def predict_proba(self, X: Any) -> Array:
        """Returns the probability of each class for the rows X, with shape (N, classes)."""
        check_is_fitted(self)
        model: Any = self.network_.model
        order = [self.network_.header.data_spec.classes.index(name) for name in self._class_names]
        shares = self.apply_network(lambda items: predict_raw(model, items).double().softmax(1), X)
        return shares[:, order]

    def predict(self, X: Any) -> Array:
        """Returns the most probable class of each row of X, with shape (N,)."""
        classes: Array = self.predict_proba(X).argmax(axis=1)
        return self.classes_[classes]

    @property
    def _class_names(self) -> list[str]:
        """The names of the classes in the study: their labels as text, if these differ."""
        names = [normalize_label(str(label)) for label in self.classes_]
        if len(set(names)) == len(names):
            return names
        return [f"class {number}" for number in range(len(names))]


class LatentuneRegressor(RegressorMixin, SearchedEstimator):  # type: ignore[misc]
    """Predicts a number, or several; see `SearchedEstimator` for the parameters.

    Example:
        >>> rows = np.random.default_rng(0).normal(size=(40, 3))
        >>> model = latentune.LatentuneRegressor(trials=1, epochs=1, final_epochs=1)
        >>> model.fit(rows, rows[:, 0]).predict(rows).shape
        (40,)
    """

    default_model = "mlp-regression"

    def fit(self, X: Any, y: Any) -> Self:
        """Searches and trains a regression of the numbers y by the rows X, with shape (N, F).

        `y` has shape (N,), or (N, K) for K numbers of each row.
        """
        rows, numbers = validate_data(
            self, X, y, y_numeric=True, multi_output=True, ensure_min_samples=2
        )
        self._predicts_vector = numbers.ndim == 1
        self.search_and_train(rows, numbers.astype(float))
        return self

    def predict(self, X: Any) -> Array:
        """Returns the predicted numbers of each row of X, with the shape that `y` had."""
        check_is_fitted(self)
        model: Any = self.network_.model
        numbers = self.apply_network(lambda items: predict_raw(model, items), X)
        return numbers[:, 0] if self._predicts_vector else numbers

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class LatentuneOutlierDetector(OutlierMixin, SearchedEstimator):  # type: ignore[misc]
    """Finds outliers by the reconstruction error of an autoencoder.

    Args:
        contamination: Share of the training rows that count as outliers, above 0, at most 0.5.
        params: The parameters of `SearchedEstimator`.

    Attributes:
        offset_: The score below which a row is an outlier.

    Example:
        >>> rows = np.random.default_rng(0).normal(size=(40, 3))
        >>> detector = latentune.LatentuneOutlierDetector(trials=1, epochs=1, final_epochs=1)
        >>> int((detector.fit_predict(rows) == -1).sum())
        4
    """

    default_model = "deep-ae"

    # scikit-learn reads the names of the parameters from this signature, so it repeats them.
    def __init__(
        self,
        model: str | None = None,
        *,
        contamination: float = 0.1,
        trials: int = 10,
        seconds: float | None = None,
        epochs: int | None = None,
        final_epochs: int = 100,
        shape: tuple[int, int, int] | None = None,
        random_state: Any = 0,
        runs: str | Path = RUNS,
    ) -> None:
        super().__init__(
            model,
            trials=trials,
            seconds=seconds,
            epochs=epochs,
            final_epochs=final_epochs,
            shape=shape,
            random_state=random_state,
            runs=runs,
        )
        self.contamination = contamination

    def fit(self, X: Any, y: Any = None) -> Self:
        """Searches and trains an autoencoder of the rows X, with shape (N, F); y is ignored."""
        if not 0 < self.contamination <= 0.5:
            raise ValueError(
                f"contamination must be above 0 and at most 0.5, not {self.contamination!r}"
            )
        rows = validate_data(self, X, ensure_min_samples=2)
        self.search_and_train(rows)
        self.offset_ = float(np.percentile(self.score_samples(X), 100 * self.contamination))
        return self

    def score_samples(self, X: Any) -> Array:
        """Returns the negative anomaly score of each row of X, with shape (N,)."""
        check_is_fitted(self, "network_")
        model: Any = self.network_.model
        spec = self.network_.header.data_spec
        return -self.apply_network(partial(anomaly_scores, model, spec), X)

    def decision_function(self, X: Any) -> Array:
        """Returns the score of each row of X above `offset_`; it is negative for outliers."""
        scores = self.score_samples(X)
        return scores - self.offset_

    def predict(self, X: Any) -> Array:
        """Returns -1 for each row of X that is an outlier, and 1 for the others."""
        return np.where(self.decision_function(X) < 0, -1, 1)
