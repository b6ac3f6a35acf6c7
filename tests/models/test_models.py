"""The networks, and the density over their codes."""

import math

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st

from latentune import Autoencoder, DataSpec
from latentune.models.networks.conv import ConvEncoder
from latentune.models.networks.layers import feature_map_sizes
from latentune.models.networks.network_tables import NETWORKS

SHAPES = [(1, 8, 8), (1, 28, 28), (1, 32, 32), (3, 32, 32), (3, 64, 64)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_autoencoder_maps_images_to_codes_and_back(shape: tuple[int, int, int]) -> None:
    model = Autoencoder(DataSpec(shape), latent_dim=5)
    x = torch.rand(4, *shape)
    z = model.encode(x)
    assert z.shape == (4, 5)
    assert model.decode(z).shape == x.shape
    assert torch.equal(model(x), model.decode(z))
    assert (model(x) >= 0).all()
    assert (model(x) <= 1).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 70), st.integers(1, 70))
def test_decoder_undoes_the_encoder_for_any_size(channels: int, height: int, width: int) -> None:
    shape = (channels, height, width)
    assert Autoencoder(DataSpec(shape), 2)(torch.rand(1, *shape)).shape == (1, *shape)


SIDES = [*range(8, 129), (8, 128), (100, 9)]  # one number is the side of a square


def code_length(network: str, shape: tuple[int, ...], most: int) -> int:
    """The longest code that a network can have, up to a length."""
    smallest = {"pooled": 7, "residual": 4, "resnet": 4}.get(network)
    cell = 1 if smallest is None else math.prod(feature_map_sizes(shape, smallest)[-1])
    return max(cell, most // cell * cell)


@pytest.mark.parametrize("network", NETWORKS)
def test_every_pixel_is_seen_and_drawn(network: str) -> None:
    torch.manual_seed(0)
    few = {"conv": 1, "pooled": 3, "strided": 3, "dense": 24, "deep": 24}.get(network, 9)
    for side in SIDES[::few]:
        shape = (1, *(side if isinstance(side, tuple) else (side, side)))
        data, length = DataSpec(shape), code_length(network, shape, 16)
        if network == "pooled":  # one map alone may be dead from the start
            length *= 8
        width = 0.125 if network in ("residual", "resnet") else 1.0
        x = torch.randn(8, *shape, requires_grad=True)
        NETWORKS[network].encoder(data, length, width)(x).abs().sum().backward()
        assert (x.grad.abs().sum((0, 1)) > 0).all(), f"{shape}: a pixel reaches no code"
        with torch.no_grad():
            drawn = NETWORKS[network].decoder(data, length, width)(2 * torch.randn(32, length))
        assert drawn.shape[1:] == shape
        assert (drawn.std(0) > 0).all(), f"{shape}: a pixel depends on no code"


@pytest.mark.parametrize(
    ("side", "layers", "smallest"), [(8, 1, 4), (16, 2, 4), (28, 3, 3), (32, 3, 4), (64, 4, 4)]
)
def test_sides_are_halved_until_about_four_pixels_remain(
    side: int, layers: int, smallest: int
) -> None:
    network = ConvEncoder(DataSpec((3, side, side)), 5)
    convolutions = [layer for layer in network if isinstance(layer, torch.nn.Conv2d)]
    assert len(convolutions) == layers
    flat = next(layer for layer in network if isinstance(layer, torch.nn.Linear)).in_features
    assert flat == convolutions[-1].out_channels * smallest**2


@pytest.mark.parametrize(
    ("network", "latent_dim", "parameters"),
    [
        ("conv", 8, 50_057),
        ("dense", 128, 468_368),
        ("deep", 6, 219_966),
        ("pooled", 196, 3_221),
        ("strided", 64, 210_369),
    ],
)
def test_networks_are_the_published_ones(network: str, latent_dim: int, parameters: int) -> None:
    model = Autoencoder(DataSpec((1, 28, 28)), latent_dim, network)
    assert sum(p.numel() for p in model.parameters()) == parameters


def test_the_resnet_encoder_has_the_weights_of_resnet_18() -> None:
    resnet = torchvision.models.resnet18()
    theirs = {n: p.shape for n, p in resnet.named_parameters() if not n.startswith("fc")}
    encoder = NETWORKS["resnet"].encoder(DataSpec((3, 128, 128)), 32, 1.0)
    code = 2 * 512 + 2
    stem = (7 * 7) * 3 * 64
    ours = sum(p.numel() for p in encoder.parameters())
    assert encoder[0].weight.numel() == stem
    assert ours - code == sum(map(math.prod, theirs.values()))


@pytest.mark.parametrize("network", NETWORKS)
def test_width_makes_every_network_wider(network: str) -> None:
    data = DataSpec((3, 32, 32))
    length = code_length(network, data.shape, 64)
    with torch.device("meta"):
        feature_map_sizes = [
            sum(p.numel() for p in Autoencoder(data, length, network, width).parameters())
            for width in (0.5, 1, 2)
        ]
    assert feature_map_sizes[0] < feature_map_sizes[1] < feature_map_sizes[2]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_standardized_network_takes_and_draws_raw_values(network: str) -> None:
    shape = (1, 8, 8)
    length = code_length(network, shape, 8)
    kinds = NETWORKS[network].kinds
    x = torch.rand(16, *shape)
    torch.manual_seed(0)
    plain = Autoencoder(DataSpec(shape), length, network, width=0.5).eval()
    data = DataSpec(shape, mean=(0.3,), std=(0.25,))
    torch.manual_seed(0)
    model = Autoencoder(data, length, network, width=0.5).eval()
    torch.testing.assert_close(model.encode(x), plain.encode((x - 0.3) / 0.25))
    z = model.encode(x)
    bounded = network in ("conv", "strided")
    expected = plain.decode(z) if bounded else plain.decode(z) * 0.25 + 0.3
    torch.testing.assert_close(model.decode(z), expected)
    assert kinds
