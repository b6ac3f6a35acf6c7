"""AnomalyScorer: all anomaly scores of a network, and which of them finds corrupted items best."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ...models.networks.standardize import cast_input
from ...models.pixels import to_float
from ...models.roles import Encodes, HasLikelihood, Reconstructs
from ..data.batches import apply_in_batches
from ..data.parts import Items, Part
from ..data.tensor_data import TensorData
from ..progress import progress
from .anomaly_score_names import ELBO, ERROR
from .anomaly_scores import anomaly_scores
from .latent_scores import LATENT_SCORES, MIN_CODE_COUNT, CodeScorer
from .synthetic_anomalies import CORRUPTIONS

MAX_FITTED_ITEMS = 10_000
MAX_CORRUPTED_ITEMS = 1_000


def available_scores(model: Any, n_train: int) -> list[str]:
    """Returns the names of the scores that a model with `n_train` training items has."""
    found = [ERROR] if isinstance(model, Reconstructs) else []
    found += [ELBO] if isinstance(model, HasLikelihood) else []
    has_codes = isinstance(model, Encodes) and n_train >= MIN_CODE_COUNT
    return found + (list(LATENT_SCORES) if has_codes else [])


class AnomalyScorer:
    """Computes anomaly scores of items.

    Scores of latent codes compare them with the codes of at most 10,000 training items.

    Args:
        model: A model on the CPU in eval mode.
        data: The data that it was trained on.
        names: The names of the scores, from `available_scores`.
    """

    def __init__(self, model: Any, data: TensorData, names: Sequence[str]) -> None:
        self._model, self._spec, self.names = model, data.spec, list(names)
        self._latent: dict[str, CodeScorer] = {}
        if latent := [name for name in names if name in LATENT_SCORES]:
            with progress("fitting anomaly scores to latent codes"):
                parts = (data.splits.train, data.splits.val)
                codes = [self._encode(_sample(part, MAX_FITTED_ITEMS)) for part in parts]
                self._latent = {name: LATENT_SCORES[name](*codes) for name in latent}

    def __call__(self, items: Items) -> Tensor:
        """Returns a score of each item by each name, with shape (N, names)."""
        columns = {}
        if ERROR in self.names:
            columns[ERROR] = anomaly_scores(self._model, self._spec, items)
        if ELBO in self.names:
            columns[ELBO] = apply_in_batches(
                lambda x: self._model.negative_elbo(cast_input(self._model, x)), items
            )
        if self._latent:
            codes = self._encode(items)
            for name, score in self._latent.items():
                columns[name] = torch.from_numpy(score(codes).astype(np.float64))
        return torch.stack([columns[name].double() for name in self.names], dim=1)

    def _encode(self, items: Items) -> Any:
        def encode(x: Tensor) -> Tensor:
            codes: Tensor = self._model.encode(cast_input(self._model, x)).flatten(1)
            return codes

        return apply_in_batches(encode, items).float().numpy()


def corrupted_aurocs(scorer: AnomalyScorer, data: TensorData, seed: int = 0) -> pd.DataFrame:
    """Returns the AUROC with which each score tells corrupted validation items from others.

    At most 1,000 validation items are corrupted. The columns are the corruptions of
    `CORRUPTIONS`, and the rows are the scores.
    """
    rng = torch.Generator().manual_seed(seed)
    items = to_float(_sample(data.splits.val, MAX_CORRUPTED_ITEMS)[:])
    clean = scorer(items)
    columns = {}
    for name, corrupt in CORRUPTIONS[data.spec.kind].items():
        columns[name] = aurocs(clean, scorer(corrupt(items, rng)))
    return pd.DataFrame(columns, index=pd.Index(scorer.names, name="score"))


def aurocs(normal: Tensor, anomalous: Tensor) -> list[float]:
    """Returns the AUROC of each column of scores of normal (N, S) and of other items (M, S)."""
    from sklearn.metrics import roc_auc_score

    labels = np.repeat([0, 1], [len(normal), len(anomalous)])
    return [float(roc_auc_score(labels, column)) for column in torch.cat([normal, anomalous]).T]


def _sample(part: Part, most: int) -> Items:
    order = torch.randperm(len(part), generator=torch.Generator().manual_seed(0))
    return part.take(sorted(order[:most].tolist())).inputs
