"""What principal components reach: the scale beside which a reconstruction error is read."""

from torch import Tensor

from ..data.parts import floats
from ..progress import progress


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
