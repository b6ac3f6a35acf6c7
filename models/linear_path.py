"""LinearPath: principal components beside a network, which then begins where they end."""

from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .data_spec import DataSpec
from .networks.layers import WEIGHT_LAYERS
from .networks.standardize import Standardize, per_channel
from .pixels import to_float

MAX_ITEMS = 10_000
"""Number of training items, at most, whose principal components are computed."""
MAX_VALUES = 50_000_000
"""Number of their values, at most; they take 400 MB."""
MIN_VARIANCE = 1e-8
"""The least variance of the noise, for items that principal components reconstruct exactly."""


class LinearPath(nn.Module):
    """Adds principal components to an encoder and a decoder.

    The last layers of both start at zero, so that the whole network starts as principal component
    analysis (PCA). It learns what PCA leaves out: its output is in units of the error of PCA, and
    what it adds to a code is in units that change the item as much. So a step of the optimizer
    does not destroy what the components know. The components are not trained.

    Args:
        data: The description of the data.
        latent_dim: Length of the latent code.
        decoder: The decoder that the path is added to.

    References:
        On Lines and Planes of Closest Fit to Systems of Points in Space (Pearson, 1901)
        Probabilistic Principal Component Analysis (Tipping, Bishop, 1999)
        Don't Blame the ELBO! A Linear VAE Perspective on Posterior Collapse (Lucas et al., 2019)
    """

    center: Tensor
    encoder: Tensor
    decoder: Tensor
    code_scale: Tensor
    item_scale: Tensor
    is_fitted: Tensor
    data_mean: Tensor
    data_std: Tensor

    def __init__(self, data: DataSpec, latent_dim: int, decoder: nn.Module) -> None:
        super().__init__()
        features = prod(data.shape)
        self.shape, self.is_image = data.shape, data.kind == "image"
        self.register_buffer("center", torch.zeros(features))
        self.register_buffer("encoder", torch.zeros(latent_dim, features))
        self.register_buffer("decoder", torch.zeros(features, latent_dim))
        self.register_buffer("code_scale", torch.ones(latent_dim))
        self.register_buffer("item_scale", torch.ones(()))
        self.register_buffer("is_fitted", torch.tensor(False))
        zero, one = torch.zeros(()), torch.ones(())
        mean = zero if data.mean is None else per_channel(data, data.mean)
        std = one if data.std is None else per_channel(data, data.std)
        self.register_buffer("data_mean", mean, persistent=False)
        self.register_buffer("data_std", std, persistent=False)
        self._decoder_adds_mean = any(
            isinstance(part, Standardize) and part.inverse for part in decoder.modules()
        )

    def add_to_code(self, code: Tensor, x: Tensor) -> Tensor:
        """Returns codes (N, latent_dim) of items x, given the output `code` of the encoder."""
        components: Tensor = (self._to_rows(x) - self.center) @ self.encoder.T
        return components + self.code_scale * code

    def add_to_items(self, items: Tensor, z: Tensor) -> Tensor:
        """Returns items (N, *data.shape) of codes z, given the output `items` of the decoder.

        Pixels are from 0 to 1, except in training.
        """
        rows = self.center + z @ self.decoder.T
        components: Tensor = rows.view(items.shape) * self.data_std + self.data_mean
        error = items - self.data_mean if self._decoder_adds_mean else items
        decoded = components + self.item_scale * error
        # Not in training: a pixel beyond the ends would have no gradient.
        return decoded if self.training or not self.is_image else decoded.clamp(0, 1)

    def training_items(self, trainer: Any) -> Tensor:
        """Returns training items of a trainer's data module as floats, in moderate number."""
        most = min(MAX_ITEMS, max(2, MAX_VALUES // prod(self.shape)))
        data = trainer.datamodule
        if (splits := getattr(data, "splits", None)) is not None:
            part = splits.train
            order = torch.randperm(len(part), generator=torch.Generator().manual_seed(0))
            items: Tensor = part.take(sorted(order[:most].tolist())).inputs[:]
        else:
            batches, count = [], 0
            for batch in data.train_dataloader():
                batches.append(batch[0])
                count += len(batch[0])
                if count >= most:
                    break
            items = torch.cat(batches)[:most]
        return to_float(items)

    def fit(self, items: Tensor) -> None:
        """Starts from the principal components of items (N, *data.shape)."""
        center, components, _, noise = self._components(items)
        self._set(center, components, components, np.full(len(components), np.sqrt(noise)), noise)

    def fit_probabilistic(self, items: Tensor) -> tuple[Tensor, float]:
        """Starts from the maximum-likelihood solution of probabilistic PCA.

        Returns:
            The variances of the posterior, with shape (latent_dim,), and the standard deviation of
            the noise.
        """
        center, components, variances, noise = self._components(items)
        signal = np.clip(variances - noise, 0, None)
        loadings = components * np.sqrt(signal)[:, None]
        total = signal + noise
        posterior = noise / total
        self._set(center, loadings / total[:, None], loadings, np.sqrt(posterior), noise)
        return torch.from_numpy(posterior).float(), float(np.sqrt(noise))

    def _components(self, items: Tensor) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], float]:
        """Returns the mean, the components (latent_dim, F), their variances, and the noise.

        If there are fewer components than latent dimensions, the others are zero. The noise is
        the mean variance of the dimensions that are left out.
        """
        from sklearn.decomposition import PCA

        rows = self._to_rows(items.to(self.center.device)).double().cpu().numpy()
        length, features = self.encoder.shape
        components, variances = np.zeros((length, features)), np.zeros(length)
        total = float(rows.var(0).sum())
        if total == 0:  # all items are alike, so there are no components
            return rows.mean(0), components, variances, MIN_VARIANCE
        count = min(length, len(rows) - 1, features)
        pca = PCA(count, random_state=0).fit(rows)
        components[:count], variances[:count] = pca.components_, pca.explained_variance_
        total *= len(rows) / (len(rows) - 1)
        left_out = max(total - float(variances.sum()), 0)
        noise = max(left_out / max(features - count, 1), MIN_VARIANCE)
        return pca.mean_, components, variances, noise

    def _set(
        self,
        center: NDArray[Any],
        encoder: NDArray[Any],
        decoder: NDArray[Any],
        code_scale: NDArray[Any],
        noise: float,
    ) -> None:
        self.center.copy_(torch.from_numpy(center))
        self.encoder.copy_(torch.from_numpy(encoder))
        self.decoder.copy_(torch.from_numpy(decoder.T))
        self.code_scale.copy_(torch.from_numpy(code_scale))
        self.item_scale.fill_(np.sqrt(noise))
        self.is_fitted.fill_(True)

    def _to_rows(self, x: Tensor) -> Tensor:
        return ((x - self.data_mean) / self.data_std).flatten(1).to(self.encoder.dtype)


def start_at_zero(network: nn.Module) -> None:
    """Sets the last weights of a network to 0, and removes an activation after them."""
    _remove_last_activation(network)
    last = [layer for layer in network.modules() if isinstance(layer, WEIGHT_LAYERS)][-1]
    nn.init.zeros_(last.weight)
    if last.bias is not None:
        nn.init.zeros_(last.bias)


def leave_out_components(model: Any) -> Any:
    """Returns an untrained model with random weights in place of principal components and zeros.

    A classifier whose encoder ends in zeros would learn slowly.
    """
    if getattr(model, "linear_path", None) is not None:
        model.linear_path = None
        for layer in model.modules():
            if isinstance(layer, WEIGHT_LAYERS) and not layer.weight.any():
                layer.reset_parameters()
    return model


def _remove_last_activation(network: nn.Module) -> bool:
    """Replaces the last activation of a sequence by nothing; returns whether weights follow it."""
    for name, layer in reversed(list(network.named_children())):
        if isinstance(layer, nn.ReLU | nn.Sigmoid):
            setattr(network, name, nn.Identity())
            return True
        if isinstance(layer, WEIGHT_LAYERS) or _remove_last_activation(layer):
            return True
    return False
