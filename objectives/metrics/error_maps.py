"""Maps of the reconstruction error of images, which show where an anomaly is."""

import torch
from torch import Tensor

from ...models.networks.standardize import cast_input
from ...models.roles import Reconstructs

SMOOTHING = 1 / 28
"""Standard deviation of the smoothing kernel as a share of the longer side of an image."""


def error_maps(model: Reconstructs, images: Tensor) -> Tensor:
    """Returns the squared error of each pixel, smoothed by a Gaussian kernel.

    Args:
        model: A model on the CPU in eval mode.
        images: Images, with shape (N, C, H, W).

    Returns:
        The mean over the channels, with shape (N, H, W).
    """
    with torch.inference_mode():
        x = cast_input(model, images)
        errors = (model.reconstruct(x) - x).square().mean(1, keepdim=True)
    return smooth_images(errors, SMOOTHING)[:, 0]


def smooth_images(images: Tensor, share: float) -> Tensor:
    """Returns images (N, C, H, W), smoothed by a Gaussian kernel.

    Its standard deviation is `share` of the longer side.
    """
    from torchvision.transforms.v2.functional import gaussian_blur

    height, width = images.shape[-2:]
    sigma = max(height, width) * share
    # Two deviations to each side, and not more than the image.
    kernel = [2 * min(round(2 * sigma), (side - 1) // 2) + 1 for side in (width, height)]
    smoothed: Tensor = gaussian_blur(images, kernel, [sigma, sigma])
    return smoothed
