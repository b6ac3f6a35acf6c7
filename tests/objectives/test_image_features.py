"""What rates generated images: a classifier, an encoder without labels, and Inception."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import inception_v3

import latentune
from latentune import DataError, DataSpec, StorageError
from latentune.objectives.metrics.image_features import image_features
from latentune.objectives.metrics.inception import load_inception
from latentune.studies.use.sample import Samples


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in the layout that pytorch-fid and torchmetrics read."""
    torch.manual_seed(0)
    network = inception_v3(weights=None, num_classes=1008, aux_logits=False, init_weights=False)
    path = tmp_path_factory.mktemp("inception") / "inception.pth"
    torch.save(network.state_dict(), path)
    return path


def test_unlabeled_images_are_rated_by_an_encoder() -> None:
    rng = np.random.default_rng(0)
    np.save("images.npy", rng.random((900, 8, 8)).astype("float32"))
    latentune.search("conv-ae", "images.npy", trials=1, epochs=1, workers=1)
    latentune.train("conv-ae-images", epochs=1, pictures="none")
    found = latentune.sample("conv-ae-images", methods=["kde"], n=70)
    assert isinstance(found, Samples)
    assert found.ratings is not None
    assert found.ratings.features == "an encoder that learned without labels"
    real, kde = found.ratings.rows["real"].test, found.ratings.rows["kde"].test
    assert real.fid < kde.fid  # images of an untrained network
    first, again = (image_features(latentune.TensorData("images.npy")) for _ in range(2))
    x = torch.rand(3, 1, 8, 8)
    with torch.inference_mode():
        assert torch.equal(first.compute(x), again.compute(x))  # from the cache


def test_inception_is_the_network_of_the_weights(weights: Path) -> None:
    compute = load_inception(weights, DataSpec((1, 8, 8)))
    network = next(cell.cell_contents for cell in compute.__closure__ or ())
    assert isinstance(network, nn.Module)
    seen: dict[str, Any] = {}
    for block in ("5b", "6e", "7c"):
        part: Any = getattr(network, f"Mixed_{block}")
        part.register_forward_hook(lambda _, given, out, block=block: seen.update({block: given}))
        part.branch_pool.conv.register_forward_pre_hook(
            lambda _, given, block=block: seen.update({f"{block} pooled": given})
        )
    x = torch.rand(2, 1, 8, 8)
    with torch.inference_mode():
        features = compute(x)
        torch.testing.assert_close(compute(x.expand(-1, 3, -1, -1)), features)
    assert features.shape == (2, 2048)
    for block in ("5b", "6e"):
        ((given,), (pooled,)) = seen[block], seen[f"{block} pooled"]
        expected = nn.functional.avg_pool2d(given, 3, 1, 1, count_include_pad=False)
        torch.testing.assert_close(pooled, expected)
    ((given,), (pooled,)) = seen["7c"], seen["7c pooled"]
    assert torch.equal(pooled, nn.functional.max_pool2d(given, 3, 1, 1))


def test_samples_are_rated_by_a_file(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def load(path: Path, data: DataSpec) -> Callable[[torch.Tensor], torch.Tensor]:
        read.append((path, data.shape))
        return lambda images: images.flatten(1)  # Inception takes a second for each ten images

    monkeypatch.setattr("latentune.objectives.metrics.image_features.load_inception", load)
    found = latentune.sample("conv-ae-digits", methods=["kde"], n=70, features="weights.pth")
    assert read == [(Path("weights.pth"), (1, 8, 8))]
    assert "by features of the Inception in weights.pth" in str(found)
    assert "FID is too large: it needs more than 2,048 images" in str(found)


def test_files_without_inception_are_refused(
    refused: Callable[..., str], trained: Path, weights: Path
) -> None:
    words = ("sample", "conv-ae-digits", "--n", 70, "--features")
    assert "there is no checkpoint none.pth" in refused(*words, "none.pth")
    torch.save(nn.Linear(2, 2).state_dict(), "other.pth")
    assert "other.pth holds no Inception network in the layout" in refused(*words, "other.pth")
    torch.save(Path.cwd, "code.pth")
    assert "code.pth is not a checkpoint that can be read safely" in refused(*words, "code.pth")
    with pytest.raises(DataError, match="takes 1 or 3 channels, but the images have 2"):
        load_inception(weights, DataSpec((2, 8, 8)))
    torch.save([1, 2], "list.pth")
    with pytest.raises(StorageError, match="holds no weights"):
        load_inception(Path("list.pth"), DataSpec((1, 8, 8)))
