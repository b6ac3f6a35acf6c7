"""Autoencoders: networks that compress an item to a latent code, and reconstruct the item."""

import math
from functools import partial
from typing import Unpack

import torch
from torch import Tensor

from .data_spec import DataSpec
from .densities.mixture import LatentMixture
from .learner import Batch, Learner, Training, check_above_zero, check_least
from .linear_path import LinearPath, start_at_zero
from .losses.code_penalties import gradient_penalty, mmd_to_normal
from .networks.network_tables import NETWORKS, find_network
from .networks.standardize import error_scale, per_channel
from .pixels import to_float


class Autoencoder(Learner):
    """An autoencoder with a network of choice, trained on the mean squared error.

    The logged `*_mse` compares the reconstruction of uncorrupted input with this input, and
    contains no penalty, so that models with different options can be compared. For a standardized
    table, it is in standard deviations, so that all features count equally.

    In training, `corruption_std` and `corruption_rate` corrupt the input. The other options add a
    penalty to the loss, which is logged under its name. `sparsity` is the mean distance of code
    values from `sparse_code`. `code_norm` is the mean squared code value, and `gradient_penalty`
    the squared gradient of the decoder per value of an item; both together make a regularized
    autoencoder (RAE). `mmd` is the distance of the codes from a standard normal density, which is
    then the prior: a Wasserstein autoencoder (WAE).

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
        code_norm: Weight of the squared code values, at least 0.
        gradient_penalty: Weight of the squared gradient of the decoder, at least 0.
        mmd: Weight of the distance from the prior, at least 0.
        linear_path: Whether principal components are added to encoder and decoder, whose last
            layers then start at zero, without a last activation. When the training starts, the
            components are those of the training part, so that the network begins where they end.
        lr: Initial learning rate.
        training: Other options of `Learner`.

    Raises:
        ValueError: If an option is out of range, or the network does not accept the data.

    References:
        Reducing the Dimensionality of Data with Neural Networks (Hinton, Salakhutdinov, 2006)
        Extracting and Composing Robust Features with Denoising Autoencoders (Vincent, Larochelle,
        Bengio, Manzagol, 2008)
        Sparse Autoencoder, CS294A Lecture Notes (Ng, 2011)
        From Variational to Deterministic Autoencoders (Ghosh et al., 2020)
        Wasserstein Auto-Encoders (Tolstikhin, Bousquet, Gelly, Schoelkopf, 2018)

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
        code_norm: float = 0.0,
        gradient_penalty: float = 0.0,
        mmd: float = 0.0,
        linear_path: bool = False,
        lr: float = 3e-3,
        **training: Unpack[Training],
    ) -> None:
        super().__init__(lr, **training)
        check_least(1, latent_dim=latent_dim)
        check_above_zero(width=width)
        check_least(0, corruption_std=corruption_std, sparsity=sparsity, code_norm=code_norm)
        check_least(0, gradient_penalty=gradient_penalty, mmd=mmd)
        if not 0 <= corruption_rate <= 1:
            raise ValueError(f"corruption_rate (={corruption_rate}) must be from 0 to 1.")
        self.corruption_std, self.corruption_rate = corruption_std, corruption_rate
        self.sparse_code = sparse_code
        penalties = {
            "sparsity": sparsity,
            "code_norm": code_norm,
            "gradient_penalty": gradient_penalty,
            "mmd": mmd,
        }
        self.penalties = {name: weight for name, weight in penalties.items() if weight}
        if mmd:
            self.prior = partial(LatentMixture.standard, latent_dim)
        mean = torch.zeros(()) if data.mean is None else per_channel(data, data.mean)
        deviation = torch.ones(()) if data.std is None else per_channel(data, data.std)
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("deviation", deviation, persistent=False)
        self.register_buffer("unit", error_scale(data), persistent=False)
        modules = find_network(NETWORKS, network, data)
        self.encoder = modules.encoder(data, latent_dim, width)
        self.decoder = modules.decoder(data, latent_dim, width)
        self.linear_path: LinearPath | None = None
        if linear_path:
            start_at_zero(self.encoder)
            start_at_zero(self.decoder)
            self.linear_path = LinearPath(data, latent_dim, self.decoder)
        self.to(memory_format=torch.channels_last)  # the faster layout of convolutions

    def encode(self, x: Tensor) -> Tensor:
        """Maps items x, with shape (N, *data.shape), to latent codes (N, latent_dim).

        Pixels are floats in [0, 1], or bytes.
        """
        x = to_float(x)
        code: Tensor = self.encoder(x)
        return code if self.linear_path is None else self.linear_path.add_to_code(code, x)

    def decode(self, z: Tensor) -> Tensor:
        """Maps latent codes z (N, latent_dim) to items, with shape (N, *data.shape)."""
        items: Tensor = self.decoder(z)
        return items if self.linear_path is None else self.linear_path.add_to_items(items, z)

    def on_fit_start(self) -> None:
        """Sets the linear path to the principal components of the training part, once."""
        if self.linear_path is not None and not self.linear_path.is_fitted:
            self.linear_path.fit(self.linear_path.training_items(self.trainer))

    def reconstruct(self, x: Tensor) -> Tensor:
        """Reconstructs items x, with shape (N, *data.shape)."""
        return self.decode(self.encode(x))

    forward = reconstruct

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        clean = batch[0]
        codes = self.encode(self._corrupt(clean) if self.training else clean)
        reconstruction = self.decode(codes)
        mse = ((reconstruction - clean) / self.unit).square().mean()
        return {"mse": mse, **self._penalties(codes)}

    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        # In units of the deviation, so that a learning rate has the same effect in any unit.
        loss: Tensor = terms["mse"] * (self.unit / self.deviation).square().mean()
        for name, weight in self.penalties.items():
            loss = loss + weight * terms[name] if name in terms else loss
        return loss

    def _penalties(self, codes: Tensor) -> dict[str, Tensor]:
        """Returns the penalties by name that the options ask for.

        That of the gradient needs gradients, so it is missing in validation and test.
        """
        found = {}
        if "sparsity" in self.penalties:
            found["sparsity"] = (codes - self.sparse_code).abs().mean()
        if "code_norm" in self.penalties:
            found["code_norm"] = codes.square().mean()
        if "gradient_penalty" in self.penalties and torch.is_grad_enabled():
            found["gradient_penalty"] = gradient_penalty(self._decode_standardized, codes)
        if "mmd" in self.penalties and len(codes) > 1:
            found["mmd"] = mmd_to_normal(codes)
        return found

    def _decode_standardized(self, codes: Tensor) -> Tensor:
        """Returns decoded items in standard deviations, divided by the root of their length."""
        items: Tensor = self.decode(codes) / self.deviation
        scaled: Tensor = items.float() / math.prod(items.shape[1:]) ** 0.5
        return scaled

    def _corrupt(self, x: Tensor) -> Tensor:
        """Returns items with added Gaussian noise; random values are replaced by the mean."""
        if self.corruption_std:
            x = x + self.corruption_std * self.deviation * torch.randn_like(x)
        if self.corruption_rate:
            x = torch.where(torch.rand_like(x) >= self.corruption_rate, x, self.mean)
        return x
