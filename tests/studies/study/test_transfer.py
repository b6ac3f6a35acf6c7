"""Networks that others have trained: their weights, where these come from, what is learned on."""

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import get_model, resnet18, squeezenet1_0
from torchvision.transforms.v2.functional import normalize

import latentune
from latentune import TensorData
from latentune.models.networks.architectures import ARCHITECTURES
from latentune.models.networks.pretrained_backbone import PretrainedBackbone
from latentune.objectives.data.encoded_data import EncodedData

Cli = Callable[..., Any]
Refused = Callable[..., str]
TINY = {"trials": 1, "epochs": 1, "image_size": 32, "batch_size": 16}
FEATURES = {"alexnet": 4096, "vgg16": 4096, "googlenet": 1024, "squeezenet1_0": 512}
FEATURES |= dict.fromkeys(("resnet18", "resnet34"), 512)
LARGE = ("alexnet", "vgg16", "resnet101", "resnet152")
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


@pytest.fixture
def photos() -> Path:
    """Bright and dark photographs of 32 pixels a side, twenty of each."""
    rng = np.random.default_rng(0)
    for name, least in (("dark", 0), ("light", 120)):
        folder = Path("photos") / name
        folder.mkdir(parents=True)
        for i in range(20):
            pixels = rng.integers(least, least + 120, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{i}.png")
    return Path("photos")


@pytest.fixture(scope="session")
def _squeezenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(7)
    path = tmp_path_factory.mktemp("weights") / "squeezenet.pth"
    torch.save(squeezenet1_0().state_dict(), path)
    return path


@pytest.fixture
def squeezenet(_squeezenet: Path) -> Path:
    """Weights as plain code of torchvision saves them."""
    return Path(shutil.copy(_squeezenet, "squeezenet.pth"))


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images networks of torchvision have seen, batch by batch; one alone is a probe."""
    lengths: list[int] = []
    encode = PretrainedBackbone.encode

    def watched(self: PretrainedBackbone, x: torch.Tensor) -> torch.Tensor:
        lengths.extend([len(x)] if len(x) > 1 else [])
        return encode(self, x)

    monkeypatch.setattr(PretrainedBackbone, "encode", watched)
    return lengths


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_network_ends_before_its_last_layer(architecture: str) -> None:
    with torch.device("meta" if architecture in LARGE else "cpu"):
        body = PretrainedBackbone(architecture).eval()
        for shape in ((1, 28, 28), (3, 64, 64), (3, 65, 97)):
            with torch.inference_mode():
                features = body.encode(torch.rand(2, *shape))
            assert features.shape == (2, FEATURES.get(architecture, 2048))


def whole_resnet(classes: int) -> torch.nn.Module:
    torch.manual_seed(classes)
    return resnet18(num_classes=classes).eval()


@pytest.mark.parametrize("classes", [1000, 7])
def test_published_weights_give_the_published_features(classes: int) -> None:
    theirs = whole_resnet(classes)
    body = PretrainedBackbone("resnet18").eval()
    body.load_weights(theirs.state_dict())
    theirs.fc = torch.nn.Identity()
    x = torch.rand(3, 3, 80, 64)
    with torch.inference_mode():
        torch.testing.assert_close(body.encode(x), theirs(normalize(x, *IMAGENET)))
        gray = x[:, :1]
        expected = theirs(normalize(gray.repeat(1, 3, 1, 1), *IMAGENET))
        torch.testing.assert_close(body.encode(gray), expected)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_file_of_weights_is_searched_trained_and_needed_no_more(
    wrapped: bool, photos: Path, encoded: list[int]
) -> None:
    theirs = whole_resnet(7)
    weights = theirs.state_dict()
    torch.save({"state_dict": weights, "epoch": 3} if wrapped else weights, "mine.pth")
    study = latentune.search(
        "transfer", str(photos), encoder="resnet18", weights="mine.pth", **TINY
    )
    assert study.study_name == "transfer-photos-resnet18"
    assert sum(encoded) == 40
    kept = sorted(Path("runs/cache/codes").iterdir())
    assert len(kept) == 3
    folder = latentune.train(study.study_name, epochs=2).folder
    assert sum(encoded) == 40  # the codes are there already
    assert sorted(Path("runs/cache/codes").iterdir()) == kept

    Path("mine.pth").unlink()
    shutil.move(folder / "model.ckpt", "mine.ckpt")
    shutil.rmtree("runs")
    model = latentune.load_model("mine.ckpt")
    theirs.fc = torch.nn.Identity()
    x = torch.rand(3, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(model.encode(x), theirs(normalize(x, *IMAGENET)))
        assert model(x).shape == (3, 2)


def test_bright_and_dark_photographs_are_told_apart(photos: Path, squeezenet: Path) -> None:
    options = TINY | {"image_size": 64, "ranges": {"lr": "0.01:0.1"}}
    latentune.search(
        "transfer", str(photos), encoder="squeezenet1_0", weights="squeezenet.pth", **options
    )
    metrics = latentune.train("transfer-photos-squeezenet1_0", epochs=20).metrics
    assert metrics["test_accuracy"] == 1
    assert metrics["parameters"] == 2 * (512 + 1)


def test_images_are_read_at_the_size_of_the_networks(photos: Path, cli: Cli) -> None:
    words = ("transfer", photos, "--encoder", "squeezenet1_0", "--weights", "none", "--dry-run")
    assert "3x224x224" in cli("search", *words).out
    assert "3x48x48" in cli("search", *words, "--image-size", 48).out


def test_augmented_photographs_are_encoded_anew_in_each_epoch(photos: Path) -> None:
    body = PretrainedBackbone("squeezenet1_0").eval()
    drawn = {}
    for augment in ("none", "zoom"):
        items = TensorData(str(photos), image_size=64, augment=augment, batch_size=8)
        data = EncodedData(items, lambda _: body, Path(f"codes-{augment}"), 8)
        data.setup("fit")
        epochs = [torch.cat([codes for codes, _ in data.train_dataloader()]) for _ in range(2)]
        assert epochs[0].shape == (len(items.splits.train), 512)
        drawn[augment] = [codes.sum(1).sort().values for codes in epochs]
    torch.testing.assert_close(*drawn["none"])
    assert not torch.allclose(*drawn["zoom"])


def test_augmented_training_sees_each_photograph_in_each_epoch(
    photos: Path, squeezenet: Path, encoded: list[int]
) -> None:
    options = {"encoder": "squeezenet1_0", "weights": str(squeezenet), "augment": "zoom"}
    study = latentune.search("transfer", str(photos), **options, **TINY)
    del encoded[:]
    latentune.train(study.study_name, epochs=3, pictures="none")
    assert sum(encoded) == 3 * len(TensorData(str(photos)).splits.train)


@pytest.mark.parametrize("unfreeze", [False, True])
def test_the_network_is_trained_too_if_it_is_unfrozen(
    photos: Path, squeezenet: Path, unfreeze: bool
) -> None:
    options = {"encoder": "squeezenet1_0", "weights": str(squeezenet), "unfreeze": unfreeze}
    study = latentune.search("transfer", str(photos), **options, **TINY)
    assert ("encoder_lr" in study.best_params) == unfreeze
    assert study.study_name.endswith("-unfrozen") == unfreeze
    latentune.train(study.study_name, epochs=1, pictures="none")
    codec = latentune.load_model(study.study_name).codec
    before = torch.load(squeezenet, weights_only=True)
    after = codec.network.state_dict()
    changed = [name for name, value in after.items() if not torch.equal(value, before[name])]
    assert bool(changed) == unfreeze
    assert Path("runs/cache/codes").exists() != unfreeze


def test_new_weights_are_drawn_by_the_seed(photos: Path) -> None:
    options = {"encoder": "squeezenet1_0", "weights": "none", **TINY}
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        latentune.search("transfer", str(photos), name=name, seed=seed, **options)
        latentune.train(name, epochs=1, pictures="none")
    a, b, c = (latentune.load_model(name).codec.network.features[0].weight for name in "abc")
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_weights_that_have_changed_are_not_trained_on(
    photos: Path, squeezenet: Path, refused: Refused
) -> None:
    options = {"encoder": "squeezenet1_0", "weights": str(squeezenet), "unfreeze": True}
    study = latentune.search("transfer", str(photos), **options, **TINY)
    torch.manual_seed(8)
    torch.save(squeezenet1_0().state_dict(), squeezenet)
    line = refused("train", study.study_name, "--epochs", 1)
    assert "squeezenet.pth was trained again or replaced" in line
    assert "--name" in line


class Evil:
    """Makes a folder where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("made",)


def test_weights_that_do_not_fit_are_refused(
    photos: Path, squeezenet: Path, refused: Refused
) -> None:
    search = partial(refused, "search", "transfer", photos, "--image-size", 32, "--encoder")
    torch.save({"state_dict": {"fc.weight": Evil()}}, "evil.pth")
    torch.save({"weight": 3}, "number.pth")
    torch.save(get_model("squeezenet1_0").features.state_dict(), "part.pth")
    Path("text.pth").write_text("nothing")
    for architecture, weights, message in (
        ("resnet18", squeezenet, "holds weights of another architecture than resnet18"),
        ("squeezenet1_0", "part.pth", "the weights lack the last layer classifier.1"),
        ("squeezenet1_0", "evil.pth", "evil.pth is not a checkpoint that can be read safely"),
        ("squeezenet1_0", "text.pth", "text.pth is not a checkpoint that can be read safely"),
        ("squeezenet1_0", "number.pth", "number.pth holds no weights"),
        ("squeezenet1_0", "missing.pth", "missing.pth"),
        ("resnet19", "none", "resnet19"),
    ):
        assert message in search(architecture, "--weights", weights)
    assert not Path("made").exists()


def test_weights_do_not_go_with_a_network_that_has_its_own(refused: Refused) -> None:
    words = ("search", "head", "digits", "--encoder", "conv-ae-digits", "--weights", "none")
    assert "--weights are for a network of torchvision" in refused(*words)


def test_a_download_that_fails_is_one_line(
    photos: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*args: object, **options: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    for more in ((), ("--unfreeze",)):
        line = refused("search", "transfer", photos, "--encoder", "squeezenet1_0", *more)
        assert "the weights of squeezenet1_0 could not be downloaded" in line
        assert "no route to host" in line
        assert "--weights" in line


def test_what_a_download_brings_is_taken_over(
    photos: Path, squeezenet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = torch.load(squeezenet, weights_only=True)
    monkeypatch.setattr(
        "torchvision.models._api.load_state_dict_from_url", lambda *args, **options: weights
    )
    latentune.search("transfer", str(photos), encoder="squeezenet1_0", **TINY)
    latentune.train("transfer-photos-squeezenet1_0", epochs=1, pictures="none")
    network = latentune.load_model("transfer-photos-squeezenet1_0").codec.network
    assert torch.equal(network.features[0].weight, weights["features.0.weight"])
