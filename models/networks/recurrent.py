"""Recurrent backbones that read an image row by row, or a text letter by letter."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ..data_spec import DataSpec
from .standardize import standardize_input

CELLS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Recurrent(nn.Module):
    """Maps images or texts to the last state of a recurrent network, with shape (N, hidden).

    The network reads one row of an image, as C * W values, at each step. In a text, it reads one
    letter, as a one-hot vector. The padding at the end of a text does not change the result.

    Raises:
        ValueError: If `layers` is below 1.

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
        dtype = next(self.parameters()).dtype
        if not (x.is_meta or torch.compiler.is_exporting()):  # where the number of steps is fixed
            x = x[:, : int(lengths.max())]
        states = self.cell(one_hot(x, self.letters).to(dtype))[0]
        return states[torch.arange(x.shape[0], device=x.device), lengths - 1]
