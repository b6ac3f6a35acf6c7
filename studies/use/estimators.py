"""Estimators of scikit-learn: each fit searches a model, trains it, and leaves a study behind."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    OutlierMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from ...models.densities import LatentKDE
from ...models.roles import Decodes
from ...objectives.metrics.anomaly_scores import anomaly_scores
from ...storage.runs_folder import Runs
from ..search.search import search
from ..study.defaults import RUNS
from ..training.train import train
from .inference import read_inputs, run_inference
from .prediction_functions import predict_raw
from .trained_network import TrainedNetwork, encode_items, load_trained_network

Array = NDArray[Any]

DIGEST_LETTERS = 8
BLOCK = 64


class _SearchedEstimator(BaseEstimator):  # type: ignore[misc]
    """The base class of the estimators: its `fit` searches a model and trains the best trial.

    The study is called by the model and by a hash of data and parameters. So the same fit in the
    same runs folder continues the study, and trains nothing again.

    Args:
        model: A model of the catalog. If None, `default_model` is used.
        trials: Number of configurations to try.
        seconds: Time after which no trial starts; None for no limit.
        epochs: Epochs of each trial; None for those of the model.
        final_epochs: Epochs of the final training.
        shape: The shape (C, H, W) of the image in each row; None if rows are no images.
        random_state: Seed of the split, the search and the training.
        runs: The folder with all studies.

    Attributes:
        study_: The name of the study.
        network_: The trained network.
        n_features_in_: Number of columns of the training data.
    """

    default_model: ClassVar[str]

    def __init__(
        self,
        model: str | None = None,
        *,
        trials: int = 10,
        seconds: float | None = None,
        epochs: int | None = None,
        final_epochs: int = 100,
        shape: tuple[int, int, int] | None = None,
        random_state: Any = 0,
        runs: str | Path = RUNS,
    ) -> None:
        self.model = model
        self.trials = trials
        self.seconds = seconds
        self.epochs = epochs
        self.final_epochs = final_epochs
        self.shape = shape
        self.random_state = random_state
        self.runs = runs

    def _search(self, items: Array, targets: Array | None = None) -> None:
        """Searches, trains and loads a network of the data."""
        model, seed = self.model or self.default_model, self.random_state
        if not isinstance(seed, int):
            seed = int(check_random_state(seed).randint(2**31))
        settings = self.get_params() | {"runs": None, "random_state": seed}
        digest = sha256(repr(sorted(settings.items())).encode())
        for array in (items,) if targets is None else (items, targets):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        self.study_ = f"{model}-{digest.hexdigest()[:DIGEST_LETTERS]}"
        shaped = self._to_items(items)
        search(
            model,
            shaped if targets is None else (shaped, targets),
            name=self.study_,
            trials=self.trials,
            seconds=self.seconds,
            epochs=self.epochs,
            seed=seed,
            runs=self.runs,
        )
        if not Runs(Path(self.runs)).final(self.study_).exists():
            train(self.study_, epochs=self.final_epochs, pictures="none", runs=self.runs)
        self.network_: TrainedNetwork = load_trained_network(self.study_, self.runs)

    def _to_items(self, rows: Array) -> Array:
        return rows if self.shape is None else rows.reshape(len(rows), *self.shape)

    def _apply(self, function: Callable[[Tensor], Tensor], rows: Any) -> Array:
        """Returns the outputs of `function`, which maps prepared items to a tensor, for rows."""
        check_is_fitted(self, "network_")
        items = self._to_items(validate_data(self, rows, reset=False))
        blocks = run_inference(read_inputs(self.network_, items), partial(_in_blocks, function))
        values: Array = torch.cat(blocks.outputs).numpy()
        return values


def _in_blocks(function: Callable[[Tensor], Tensor], items: Tensor) -> Tensor:
    """Returns the outputs for items (N, ...), which are computed in blocks of equal length.

    In float32, the last digits of a product depend on its size; so they do not depend here on what
    other rows there are.
    """
    padding = items[-1:].expand(-len(items) % BLOCK, *items.shape[1:])
    blocks = torch.split(torch.cat([items, padding]), BLOCK)
    return torch.cat([function(block) for block in blocks])[: len(items)]


class LatentuneEncoder(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    _SearchedEstimator,
):
    """Maps rows to latent codes by an autoencoder; see `_SearchedEstimator` for the parameters.

    Example:
        >>> rows = np.random.default_rng(0).normal(size=(40, 3))
        >>> encoder = latentune.LatentuneEncoder(trials=1, epochs=1, final_epochs=1)
        >>> len(encoder.fit_transform(rows)), encoder.sample(2).shape
        (40, (2, 3))
    """

    default_model = "dense-ae"

    def fit(self, X: Any, y: Any = None) -> Self:
        """Searches and trains an autoencoder of the rows X, with shape (N, F); y is ignored."""
        rows = validate_data(self, X, ensure_min_samples=2)
        self._search(rows)
        self._n_features_out = self.transform(rows[:1]).shape[1]
        return self

    def transform(self, X: Any) -> Array:
        """Returns the latent codes of the rows X, with shape (N, D)."""
        model: Any = self._network.model
        return self._apply(lambda items: encode_items(model, items).double(), X)

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


class LatentuneClassifier(ClassifierMixin, _SearchedEstimator):  # type: ignore[misc]
    """Predicts classes; see `_SearchedEstimator` for the parameters.

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
        self.classes_, targets = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y holds 1 class, {self.classes_[0]}: a classifier needs two")
        self._search(rows, np.array([f"class {n:06}" for n in targets]))
        return self

    def predict_proba(self, X: Any) -> Array:
        """Returns the probability of each class for the rows X, with shape (N, classes)."""
        check_is_fitted(self)
        model: Any = self.network_.model
        return self._apply(lambda items: predict_raw(model, items).double().softmax(1), X)

    def predict(self, X: Any) -> Array:
        """Returns the most probable class of each row of X, with shape (N,)."""
        classes: Array = self.predict_proba(X).argmax(axis=1)
        return self.classes_[classes]


class LatentuneRegressor(RegressorMixin, _SearchedEstimator):  # type: ignore[misc]
    """Predicts a number; see `_SearchedEstimator` for the parameters.

    Example:
        >>> rows = np.random.default_rng(0).normal(size=(40, 3))
        >>> model = latentune.LatentuneRegressor(trials=1, epochs=1, final_epochs=1)
        >>> model.fit(rows, rows[:, 0]).predict(rows).shape
        (40,)
    """

    default_model = "mlp-regression"

    def fit(self, X: Any, y: Any) -> Self:
        """Searches and trains a regression of the numbers y (N,) by the rows X (N, F)."""
        rows, numbers = validate_data(self, X, y, y_numeric=True, ensure_min_samples=2)
        self._search(rows, numbers.astype(float))
        return self

    def predict(self, X: Any) -> Array:
        """Returns the predicted number of each row of X, with shape (N,)."""
        check_is_fitted(self)
        model: Any = self.network_.model
        return self._apply(lambda items: predict_raw(model, items)[:, 0], X)


class LatentuneOutlierDetector(OutlierMixin, _SearchedEstimator):  # type: ignore[misc]
    """Finds outliers by the reconstruction error of an autoencoder.

    Args:
        contamination: Share of the training rows that count as outliers, above 0, at most 0.5.
        params: The parameters of `_SearchedEstimator`.

    Attributes:
        offset_: The score below which a row is an outlier.

    Example:
        >>> rows = np.random.default_rng(0).normal(size=(40, 3))
        >>> detector = latentune.LatentuneOutlierDetector(trials=1, epochs=1, final_epochs=1)
        >>> int((detector.fit_predict(rows) == -1).sum())
        4
    """

    default_model = "dense-ae"

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
        self._search(rows)
        self.offset_ = float(np.percentile(self.score_samples(X), 100 * self.contamination))
        return self

    def score_samples(self, X: Any) -> Array:
        """Returns the negative anomaly score of each row of X, with shape (N,)."""
        check_is_fitted(self, "network_")
        model: Any = self.network_.model
        spec = self.network_.header.data_spec
        return -self._apply(partial(anomaly_scores, model, spec), X)

    def decision_function(self, X: Any) -> Array:
        """Returns the score of each row of X above `offset_`; it is negative for outliers."""
        scores = self.score_samples(X)
        return scores - self.offset_

    def predict(self, X: Any) -> Array:
        """Returns -1 for each row of X that is an outlier, and 1 for the others."""
        return np.where(self.decision_function(X) < 0, -1, 1)
