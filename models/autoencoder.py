"""Autoencoders: networks that compress an item to a latent code, and reconstruct the item."""

from typing import Unpack

import torch
from torch import Tensor

from .data_spec import DataSpec
from .learner import Batch, Learner, Training, check_above_zero, check_least
from .networks.network_tables import NETWORKS, find_network
from .networks.standardize import error_scale, per_channel


class Autoencoder(Learner):
    """An autoencoder with a network of choice, trained on the mean squared error.

    The logged `*_mse` compares the reconstruction of uncorrupted input with this input, and
    contains no penalty, so that models with different options can be compared. For a standardized
    table, it is in standard deviations, so that all features count equally.

    In training, `corruption_std` and `corruption_rate` corrupt the input. `sparsity` adds a
    penalty to the loss: the mean distance of code values from `sparse_code`. It is logged as
    `*_sparsity`.

    Args:
        data: The description of the data.
        latent_dim: Length of the latent code, at least 1.
        network: A key of `NETWORKS`.
        width: Factor that multiplies the published width of each layer, above 0.
        corruption_std: Standard deviation of Gaussian noise that is added to the input in
            training, at least 0. For standardized data, it is relative to the standard deviation
            of the data.
        corruption_rate: Share of input values that are replaced in training, from 0 to 1. They
            become 0, or the mean if the data is standardized.
        sparsity: Weight of the sparsity penalty, at least 0.
        sparse_code: The value that the sparsity penalty draws code values towards.
        lr: Initial learning rate.
        training: Other options of `Learner`.

    Raises:
        ValueError: If an option is out of range, or the network does not accept the data.

    References:
        Reducing the Dimensionality of Data with Neural Networks (Hinton, Salakhutdinov, 2006)
        Extracting and Composing Robust Features with Denoising Autoencoders (Vincent, Larochelle,
        Bengio, Manzagol, 2008)
        Sparse Autoencoder, CS294A Lecture Notes (Ng, 2011)

    Example:
        >>> data = latentune.DataSpec((1, 28, 28))
        >>> model = latentune.Autoencoder(data, latent_dim=6, network="deep")
        >>> sum(p.numel() for p in model.parameters())
        219966
    """

    mean: Tensor
    deviation: Tensor
    unit: Tensor

    def __init__(
        self,
        data: DataSpec,
        latent_dim: int = 16,
        network: str = "conv",
        width: float = 1.0,
        corruption_std: float = 0.0,
        corruption_rate: float = 0.0,
        sparsity: float = 0.0,
        sparse_code: float = 0.05,
        lr: float = 3e-3,
        **training: Unpack[Training],
    ) -> None:
        super().__init__(lr, **training)
        check_least(1, latent_dim=latent_dim)
        check_above_zero(width=width)
        check_least(0, corruption_std=corruption_std, sparsity=sparsity)
        if not 0 <= corruption_rate <= 1:
            raise ValueError(f"corruption_rate (={corruption_rate}) must be from 0 to 1.")
        self.corruption_std, self.corruption_rate = corruption_std, corruption_rate
        self.sparsity, self.sparse_code = sparsity, sparse_code
        mean = torch.zeros(()) if data.mean is None else per_channel(data, data.mean)
        deviation = torch.ones(()) if data.std is None else per_channel(data, data.std)
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("deviation", deviation, persistent=False)
        self.register_buffer("unit", error_scale(data), persistent=False)
        modules = find_network(NETWORKS, network, data)
        self.encoder = modules.encoder(data, latent_dim, width)
        self.decoder = modules.decoder(data, latent_dim, width)
        self.to(memory_format=torch.channels_last)  # the faster layout of convolutions

    def encode(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to latent codes (N, latent_dim)."""
        code: Tensor = self.encoder(x)
        return code

    def decode(self, z: Tensor) -> Tensor:
        """Maps latent codes z (N, latent_dim) to items, with shape (N, *data.shape)."""
        items: Tensor = self.decoder(z)
        return items

    def reconstruct(self, x: Tensor) -> Tensor:
        """Reconstructs items x, with shape (N, *data.shape)."""
        return self.decode(self.encode(x))

    forward = reconstruct

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        clean = batch[0]
        codes = self.encode(self._corrupt(clean) if self.training else clean)
        reconstruction = self.decode(codes)
        terms = {"mse": ((reconstruction - clean) / self.unit).square().mean()}
        if self.sparsity:
            terms["sparsity"] = (codes - self.sparse_code).abs().mean()
        return terms

    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        # In units of the deviation, so that a learning rate has the same effect in any unit.
        loss = terms["mse"] * (self.unit / self.deviation).square().mean()
        return loss + self.sparsity * terms["sparsity"] if self.sparsity else loss

    def _corrupt(self, x: Tensor) -> Tensor:
        """Returns items with added Gaussian noise; random values are replaced by the mean."""
        if self.corruption_std:
            x = x + self.corruption_std * self.deviation * torch.randn_like(x)
        if self.corruption_rate:
            x = torch.where(torch.rand_like(x) >= self.corruption_rate, x, self.mean)
        return x
