"""The verb `likelihood`: log p(x) of test images under a VAE, by importance sampling."""

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from rich.console import RenderableType
from torch import Tensor

from ...models.roles import HasLikelihood
from ...objectives.data.batches import Batches
from ...objectives.metrics.confidence_intervals import Interval, mean_interval
from ...objectives.progress import progress
from ...storage.folder_replacement import replace_folder
from ...storage.json_text import to_strict_json
from ..display.result import FolderResult
from ..study.defaults import LIKELIHOOD_ITEMS, LIKELIHOOD_SAMPLES, RUNS, SEED
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_at_least, check_seed
from .trained_network import load_trained_network

MAX_BATCH = 500
"""Images whose codes are decoded together."""


@dataclass(frozen=True, repr=False)
class Likelihood(FolderResult):
    """The likelihood of test images under a network.

    Attributes:
        folder: The folder with `likelihood.json`, which holds the other attributes.
        mean: Mean of log p(x), in nats per image. It is a lower bound, which is nearer to the
            truth with more samples.
        interval: The 95 % confidence interval of the mean over images.
        items: Number of images.
        samples: Number of sampled codes per image.
        values: Number of values of an image.
    """

    mean: float
    interval: Interval
    items: int
    samples: int
    values: int

    @property
    def bits(self) -> float:
        """Minus the mean, in bits for each value of an image."""
        return -self.mean / math.log(2) / self.values

    def lines(self) -> list[RenderableType]:
        low, high = self.interval
        return [
            f"log p(x) {self.mean:.2f} nats per image, {self.bits:.4f} bits per value; "
            f"95 % interval {low:.2f} to {high:.2f}",
            f"{self.items:,} test images, {self.samples:,} importance samples each",
        ]


@public_api
def likelihood(
    source: str | Path,
    *,
    samples: int = LIKELIHOOD_SAMPLES,
    n: int = LIKELIHOOD_ITEMS,
    seed: int = SEED,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> Likelihood:
    """Estimates log p(x) of test images by importance sampling.

    `train` prints the same figure of all test images with 50 samples. Papers use 5,000 samples,
    of images that were binarized: `search dense-vae mnist --binarize`.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        samples: Number of sampled codes per image, at least 1.
        n: Number of test images, at least 2. If there are more, `seed` chooses them.
        seed: Seed of this choice and of the codes.
        data_dir: Folder of torchvision data; None for the one that the search used.
        runs: The folder with all studies.

    Raises:
        StudyError: If the network is not a VAE, or a number is out of range.
        StorageError: If the network has not been trained yet, or a file cannot be written.

    References:
        Importance Weighted Autoencoders (Burda, Grosse, Salakhutdinov, 2016)

    Example:
        >>> study = latentune.search("dense-vae", "digits", trials=1, epochs=1, binarize=True)
        >>> trained = latentune.train(study.study_name, epochs=1, pictures="none")
        >>> found = latentune.likelihood(study.study_name, samples=10, n=20)
        >>> found.interval.low < found.mean < 0
        True
    """
    check_at_least("samples", samples, 1)
    check_at_least("n", n, 2)
    check_seed(seed)
    network = load_trained_network(source, runs, data_dir)
    model, data = network.model, network.tensor_data
    if not isinstance(model, HasLikelihood):
        raise network.missing_method_error(
            "log_likelihood()", "a likelihood needs a VAE, e.g. `latentune search dense-vae DATA`"
        )
    test = data.splits.test
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))
    items = test.take(sorted(order[:n].tolist())).inputs
    estimate = partial(model.log_likelihood, samples=samples)
    found: list[Tensor] = []
    with torch.inference_mode(), torch.random.fork_rng(), progress("decoding", len(items)) as step:
        torch.manual_seed(seed)
        for (batch,) in Batches((items,), MAX_BATCH, shuffle=False):
            found.append(estimate(batch))
            step(len(batch))
    values = torch.cat(found).double()
    if not values.isfinite().all():
        raise StudyError("the likelihood of the network is not finite: train another trial")
    interval = mean_interval(values.tolist())
    result = Likelihood(
        network.folder / "likelihood",
        float(values.mean()),
        interval,
        len(values),
        samples,
        math.prod(data.spec.shape),
    )
    with replace_folder(result.folder, network.runs) as folder:
        table = {name: value for name, value in vars(result).items() if name != "folder"}
        (folder / "likelihood.json").write_text(to_strict_json(table))
    return result
