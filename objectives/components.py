"""What principal components reach: the scale beside which a reconstruction error is read."""

from torch import Tensor

from .progress import progress


def pca_error(train: Tensor, images: Tensor, length: int) -> float:
    """Returns the mean squared error of images drawn from their first principal components.

    Args:
        train: Images that the components are fitted to, with shape (N, C, H, W).
        images: Images that are scored, with shape (M, C, H, W).
        length: Number of components; fewer if there are not as many images or pixels.

    References:
        On Lines and Planes of Closest Fit to Systems of Points in Space (Pearson, 1901)
    """
    from sklearn.decomposition import PCA

    fitted, scored = train.flatten(1).numpy(), images.flatten(1).numpy()
    with progress("fitting principal components"):
        plane = PCA(min(length, *fitted.shape), random_state=0).fit(fitted)
        drawn = plane.inverse_transform(plane.transform(scored))
    return float(((drawn - scored) ** 2).mean())
