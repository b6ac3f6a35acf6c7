"""LatentFlow: a normalizing flow, as a density of latent codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from .density import Codes, Density

if TYPE_CHECKING:
    from torch import nn

MIN_FLOW_CODES = 100
MAX_FITTED_CODES = 50_000
"""Number of codes, at most, that a flow is trained on."""
TRANSFORMS = 3
HIDDEN = (64, 64)
MIN_BATCH_SIZE, MAX_BATCH_SIZE = 64, 512
STEPS_PER_EPOCH = 32
LEARNING_RATE = 2e-3
MAX_EPOCHS = 200
PATIENCE = 10
"""Number of epochs without a better validation after which the training ends."""
MIN_DEVIATION = 1e-6


@dataclass(frozen=True, repr=False)
class LatentFlow(Density):
    """A neural spline flow of latent codes of length D, by zuko.

    Attributes:
        weights: All weights of the flow, with shape (P,).
        mean: Mean of the codes that it was fitted to, with shape (D,).
        deviation: Standard deviation of these codes, with shape (D,).
        epochs: Number of epochs until the best validation.

    References:
        Neural Spline Flows (Durkan, Bekasov, Murray, Papamakarios, 2019)

    Example:
        >>> codes = np.random.default_rng(0).normal(size=(200, 2)).astype("float32")
        >>> latentune.LatentFlow.fit(codes[:150], codes[150:], max_epochs=2).sample(5).shape
        (5, 2)
    """

    weights: Codes
    mean: Codes
    deviation: Codes
    epochs: int

    @classmethod
    def fit(
        cls, codes: Codes, validation: Codes, *, seed: int = 0, max_epochs: int | None = None
    ) -> Self:
        """Returns a flow that is trained on at most 50,000 of `codes`.

        The training ends when the other codes, `validation`, have not become likelier for 10
        epochs.

        Args:
            codes: Latent codes, with shape (N, D); N is at least 100.
            validation: Other codes, with shape (M, D), which end the training.
            seed: Seed of the first weights and of the batches.
            max_epochs: The largest number of epochs; None for 200.

        Raises:
            ValueError: If there are too few codes.
        """
        import torch

        if len(codes) < MIN_FLOW_CODES:
            raise ValueError(
                f"codes (={len(codes)}) must be at least {MIN_FLOW_CODES} for a flow."
            )
        mean = codes.mean(0, dtype=float).astype("float32")
        deviation = np.maximum(codes.std(0, dtype=float), MIN_DEVIATION).astype("float32")
        order = np.random.default_rng(seed).permutation(len(codes))[:MAX_FITTED_CODES]
        parts = codes[order], validation[:MAX_FITTED_CODES]
        train, held_out = (torch.from_numpy((x - mean) / deviation) for x in parts)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            flow = _make_flow(codes.shape[1])
            optimizer = torch.optim.Adam(flow.parameters(), lr=LEARNING_RATE)
            best, weights, best_epoch = -float("inf"), _to_vector(flow), 0
            size = min(MAX_BATCH_SIZE, max(MIN_BATCH_SIZE, len(train) // STEPS_PER_EPOCH))
            for epoch in range(1, (max_epochs or MAX_EPOCHS) + 1):
                for batch in torch.split(torch.randperm(len(train)), size):
                    optimizer.zero_grad()
                    loss = -flow().log_prob(train[batch]).mean()
                    torch.autograd.backward(loss)
                    optimizer.step()
                with torch.no_grad():
                    value = float(flow().log_prob(held_out).mean())
                if value > best:
                    best, weights, best_epoch = value, _to_vector(flow), epoch
                if epoch - best_epoch >= PATIENCE:
                    break
        return cls(weights, mean, deviation, best_epoch)

    def sample(self, n: int, seed: int = 0) -> Codes:
        """Returns n random codes, with shape (n, D)."""
        import torch

        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(seed)
            codes: Codes = self._flow()().sample((n,)).numpy()
        return codes * self.deviation + self.mean

    def log_density(self, codes: Codes) -> NDArray[np.float64]:
        """Returns the log density at codes (N, D), with shape (N,)."""
        import torch

        standardized = torch.from_numpy((codes - self.mean) / self.deviation).float()
        with torch.no_grad():
            logs = self._flow()().log_prob(standardized).double().numpy()
        found: NDArray[np.float64] = logs - np.log(self.deviation.astype(float)).sum()
        return found

    def _flow(self) -> Any:
        import torch
        from torch.nn.utils import vector_to_parameters

        with torch.random.fork_rng():
            flow = _make_flow(len(self.mean))
        vector_to_parameters(torch.from_numpy(np.asarray(self.weights)), flow.parameters())
        return flow

    def __str__(self) -> str:
        return f"neural spline flow, {self.epochs} epochs"


def _make_flow(latent_dim: int) -> Any:
    from zuko.flows import NSF

    return NSF(latent_dim, transforms=TRANSFORMS, hidden_features=HIDDEN)


def _to_vector(flow: nn.Module) -> Codes:
    from torch.nn.utils import parameters_to_vector

    vector: Codes = parameters_to_vector(flow.parameters()).detach().numpy().copy()
    return vector
