"""What principal components reach: the scale beside which a reconstruction error is read."""

from typing import Any

import pytorch_lightning as pl
from torch import Tensor

from ...models.networks.standardise import unit
from ...models.roles import Encodes, Reconstructs
from ..data.batches import in_batches
from ..data.module import TensorData
from ..data.parts import floats
from ..progress import progress

PCA = "test_mse_pca"
"""What the error of principal components is called beside the network's."""


def pca_error(train: Tensor, items: Tensor, length: int, unit: Tensor) -> float:
    """Returns the mean squared error of items drawn from their first principal components.

    Args:
        train: Items that the components are fitted to, with shape (N, ...).
        items: Items that are scored, with shape (M, ...).
        length: Number of components; fewer if there are not as many items or values.
        unit: What errors are measured in, in a shape that goes with items.

    References:
        On Lines and Planes of Closest Fit to Systems of Points in Space (Pearson, 1901)
    """
    from sklearn.decomposition import PCA

    fitted, scored = ((floats(x) / unit).flatten(1).numpy() for x in (train, items))
    with progress("fitting principal components"):
        plane = PCA(min(length, *fitted.shape), random_state=0).fit(fitted)
        drawn = plane.inverse_transform(plane.transform(scored))
    return float(((drawn - scored) ** 2).mean())


def beside_components(model: pl.LightningModule, data: Any) -> dict[str, float]:
    """Returns the test error of an autoencoder, and that of as many principal components.

    Both are left out for photographs too large for memory, which components would need whole.
    """
    if not (
        isinstance(data, TensorData)
        and isinstance(model, Encodes)
        and isinstance(model, Reconstructs)
    ):
        return {}
    train, test, scale = data.splits.train.inputs, data.splits.test.inputs, unit(data.spec)
    if not (isinstance(train, Tensor) and isinstance(test, Tensor)):
        return {}
    model = model.cpu()
    codes = in_batches(model.encode, test[:1])
    length = codes.flatten(1).shape[1]

    def error(x: Tensor) -> Tensor:
        return ((model.reconstruct(x) - x) / scale).square().flatten(1).mean(1)

    own = in_batches(error, test).mean().item()
    return {"test_mse": own, PCA: pca_error(train, test, length, scale)}
