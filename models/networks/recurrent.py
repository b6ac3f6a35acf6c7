"""Recurrent networks: the rows of an image, or the letters of a text, one after another."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ..data_spec import DataSpec
from .standardize import standardize_input

CELLS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Recurrent(nn.Module):
    """Maps sequences to the state behind their last step.

    The rows of an image are a sequence of C * W values each, the letters of a text one of
    indicators; what stands behind the end of a text changes nothing.

    Args:
        data: Images or texts.
        cell: A key of `CELLS`.
        hidden: Length of the state.
        layers: Number of layers, at least 1.

    Raises:
        ValueError: If there are no layers.

    Its input has shape (N, *data.shape), its output (N, hidden).

    Attributes:
        features: How many features leave it.

    References:
        Long Short-Term Memory (Hochreiter, Schmidhuber, 1997)
        Learning Phrase Representations using RNN Encoder-Decoder (Cho et al., 2014)
    """

    def __init__(self, data: DataSpec, cell: str, hidden: int, layers: int) -> None:
        super().__init__()
        if layers < 1:
            raise ValueError(f"layers (={layers}) must be at least 1.")
        self.letters = len(data.letters) + 1 if data.kind == "text" else 0
        step = self.letters or data.shape[0] * data.shape[2]
        self.standardize = nn.Sequential(*standardize_input(data))
        self.cell = CELLS[cell](step, hidden, layers, batch_first=True)
        self.features = hidden

    def forward(self, x: Tensor) -> Tensor:
        if not self.letters:
            rows = self.standardize(x).permute(0, 2, 1, 3).flatten(2)
            states: Tensor = self.cell(rows)[0]
            return states[:, -1]
        lengths = (x > 0).sum(1).clamp(min=1)
        steps = one_hot(x[:, : int(lengths.max())], self.letters).to(self.dtype)
        states = self.cell(steps)[0]
        return states[torch.arange(len(x), device=x.device), lengths - 1]

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights, which indicators must have too."""
        return next(self.parameters()).dtype
