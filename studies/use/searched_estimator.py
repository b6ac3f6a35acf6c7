"""SearchedEstimator: an estimator of scikit-learn whose fit searches and trains a network."""

from collections.abc import Callable
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from ...objectives.data.memory.keep_data import digest_arrays
from ...storage.runs_folder import Runs
from ..display.log_messages import only_warnings
from ..search.search import search
from ..study.defaults import RUNS
from ..study.study_error import StudyError, check_at_least
from ..training.train import train
from .inference import read_inputs, run_inference
from .trained_network import TrainedNetwork, load_trained_network

Array = NDArray[Any]

BLOCK = 64


class SearchedEstimator(BaseEstimator):  # type: ignore[misc]
    """The base class of the estimators: its `fit` searches a model and trains the best trial.

    The name of the study has the model and a hash of the data and the parameters. So the same fit
    in the same runs folder finds its study, and trains nothing. No messages are printed.

    Args:
        model: A model of the catalog. If None, `default_model` is used.
        trials: Number of configurations to try.
        seconds: Time after which the search ends, but not before one trial is complete; None for
            no limit.
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

    @only_warnings()
    def search_and_train(self, items: Array, targets: Array | None = None) -> None:
        """Searches, trains and loads a network of the data."""
        check_at_least("trials", self.trials, 1)
        if self.shape is not None and prod(self.shape) != items.shape[1]:
            raise StudyError(f"shape={self.shape} does not fit rows of {items.shape[1]} columns")
        model, seed = self.model or self.default_model, self.random_state
        if not isinstance(seed, int):
            seed = int(check_random_state(seed).randint(2**31))
        settings = self.get_params() | {"runs": None, "random_state": seed}
        arrays = {"x": items, "settings": np.array(repr(sorted(settings.items())))}
        self.study_ = (
            f"{model}-{digest_arrays(arrays if targets is None else arrays | {'y': targets})}"
        )
        if not Runs(Path(self.runs)).final(self.study_).exists():
            shaped = self._to_items(items)
            search_data = partial(
                search,
                model,
                shaped if targets is None else (shaped, targets),
                name=self.study_,
                epochs=self.epochs,
                seed=seed,
                runs=self.runs,
            )
            if not search_data(trials=self.trials, seconds=self.seconds).best_trials:
                search_data(trials=1)  # the time was up before the first trial was complete
            train(self.study_, epochs=self.final_epochs, pictures="none", runs=self.runs)
        self.network_: TrainedNetwork = load_trained_network(self.study_, self.runs)

    def _to_items(self, rows: Array) -> Array:
        return rows if self.shape is None else rows.reshape(len(rows), *self.shape)

    @only_warnings()
    def apply_network(self, function: Callable[[Tensor], Tensor], rows: Any) -> Array:
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
