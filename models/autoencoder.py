"""Autoencoders: networks that compress an item to a short code and draw it again."""

from typing import Unpack

import torch
from torch import Tensor

from .data_spec import DataSpec
from .learner import Batch, Learner, Training
from .networks.encoder_decoder import get_network
from .networks.standardize import error_scale, per_channel


class Autoencoder(Learner):
    """Autoencoder of any network, trained on the mean squared error to the clean input.

    What it logs as `*_mse` is the plain reconstruction error of clean input, without penalties,
    so that configurations with other ones stay comparable; that of a standardised table is in
    standard deviations, so that each feature counts alike. While it trains, `noise` and `mask`
    spoil the input; `sparsity` adds to the loss how far the values of a code are from
    `sparse_code`, which is logged as `*_sparsity`. All of them compose.

    Args:
        data: The data.
        latent_dim: Length of the code, at least 1.
        network: A name in `NETWORKS`.
        width: How many times the published width each layer has, above 0.
        noise: Standard deviation of normal noise that is added to the input in training, as the
            network sees it, standardised or not; at least 0.
        mask: Share of the values of the input that are set to 0 in training, from 0 to 1; those
            of standardised data to their mean, which is 0 to the network.
        sparsity: Weight of the mean distance of a code's values from `sparse_code`, at least 0.
        sparse_code: What the values of a code shall be near.
        lr: Learning rate at the start.
        training: Further options of `Learner`.

    Raises:
        ValueError: If an option is out of range, or the network is not made for the data.

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
    error_scale: Tensor

    def __init__(
        self,
        data: DataSpec,
        latent_dim: int = 16,
        network: str = "conv",
        width: float = 1.0,
        noise: float = 0.0,
        mask: float = 0.0,
        sparsity: float = 0.0,
        sparse_code: float = 0.05,
        lr: float = 3e-3,
        **training: Unpack[Training],
    ) -> None:
        super().__init__(lr, **training)
        if latent_dim < 1:
            raise ValueError(f"latent_dim (={latent_dim}) must be at least 1.")
        if width <= 0:
            raise ValueError(f"width (={width}) must be above 0.")
        if noise < 0 or sparsity < 0:
            raise ValueError(f"noise (={noise}) and sparsity (={sparsity}) must be at least 0.")
        if not 0 <= mask <= 1:
            raise ValueError(f"mask (={mask}) must be from 0 to 1.")
        self.noise, self.mask = noise, mask
        self.sparsity, self.sparse_code = sparsity, sparse_code
        mean = torch.zeros(()) if data.mean is None else per_channel(data, data.mean)
        deviation = torch.ones(()) if data.std is None else per_channel(data, data.std)
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("deviation", deviation, persistent=False)
        self.register_buffer("error_scale", error_scale(data), persistent=False)
        made = get_network(network, data)
        self.encoder = made.encoder(data, latent_dim, width)
        self.decoder = made.decoder(data, latent_dim, width)
        self.to(memory_format=torch.channels_last)  # convolutions are faster so

    def encode(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to codes, with shape (N, latent_dim)."""
        code: Tensor = self.encoder(x)
        return code

    def decode(self, z: Tensor) -> Tensor:
        """Maps codes z, with shape (N, latent_dim), to items, with shape (N, *data.shape)."""
        reconstruction: Tensor = self.decoder(z)
        return reconstruction

    def reconstruct(self, x: Tensor) -> Tensor:
        """Draws items x, with shape (N, *data.shape), again."""
        return self.decode(self.encode(x))

    forward = reconstruct

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        clean = batch[0]
        codes = self.encode(self._spoilt(clean) if self.training else clean)
        reconstruction = self.decode(codes)
        terms = {"mse": ((reconstruction - clean) / self.error_scale).square().mean()}
        if self.sparsity:
            terms["sparsity"] = (codes - self.sparse_code).abs().mean()
        return terms

    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        # In deviations of the data, so that a rate means the same whatever their units are.
        loss = terms["mse"] * (self.error_scale / self.deviation).square().mean()
        return loss + self.sparsity * terms["sparsity"] if self.sparsity else loss

    def _spoilt(self, x: Tensor) -> Tensor:
        if self.noise:
            x = x + self.noise * self.deviation * torch.randn_like(x)
        if self.mask:
            x = torch.where(torch.rand_like(x) >= self.mask, x, self.mean)
        return x
