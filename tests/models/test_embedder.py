"""Siamese and triplet networks: what is compared, what it costs, and what neighbors say of it."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.neighbors import KNeighborsClassifier

import latentune
from latentune import DataSpec, Embedder, TensorData
from latentune.models.embedder import LOSSES, MINERS, random_triplets
from latentune.objectives.metrics import nearest_neighbors
from latentune.objectives.trainer import fit, quiet_trainer

Cli = Callable[..., Any]
Refused = Callable[..., str]
DATA = DataSpec((1, 8, 8), classes=("a", "b"))


def test_the_network_is_the_published_one() -> None:
    model = Embedder(DataSpec((1, 28, 28), classes=("a", "b")))
    assert sum(p.numel() for p in model.parameters()) == 350_016


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(1, 70), st.integers(1, 70))
def test_images_of_any_size_have_codes(channels: int, height: int, width: int) -> None:
    shape = (channels, height, width)
    model = Embedder(DataSpec(shape, classes=("a", "b")), 5, width=0.1)
    assert model(torch.rand(2, *shape)).shape == (2, 5)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.integers(0, 99))
def test_a_triplet_is_drawn_for_each_item_that_has_one(labels: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    triplets = torch.stack(random_triplets(torch.tensor(labels)), 1).tolist()
    possible = [
        anchor
        for anchor, label in enumerate(labels)
        if labels.count(label) > 1 and labels.count(label) < len(labels)
    ]
    assert [anchor for anchor, _, _ in triplets] == possible
    for anchor, same, other in triplets:
        assert anchor != same
        assert labels[anchor] == labels[same] != labels[other]


def test_triplets_are_new_each_time_and_any_item_may_come() -> None:
    torch.manual_seed(0)
    labels = torch.arange(40) // 10
    drawn = [torch.stack(random_triplets(labels), 1) for _ in range(500)]
    assert not torch.equal(drawn[0], drawn[1])
    of_first = torch.stack([triplets[0] for triplets in drawn])
    assert set(of_first[:, 1].tolist()) == set(range(1, 10))
    assert len(of_first[:, 2].unique()) == 30


def placed(loss: str, margin: float, miner: str = "random") -> Embedder:
    """A network whose codes are the pixels of its images."""
    data = DataSpec((1, 1, 2), classes=("a", "b"))
    model = Embedder(data, 2, loss, margin, miner, width=0.1)
    model.encoder = torch.nn.Flatten()
    return model


CODES = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]).view(3, 1, 1, 2)
FAR = math.sqrt(18)  # from the second to the third


@pytest.mark.parametrize(
    ("loss", "margin", "expected"),
    [
        ("contrastive", 2.0, 5 + 1),  # pairs of one class are 5 apart; one of two others is near
        ("contrastive", 0.5, 5),
        ("contrastive", 5.0, 5 + (4 + 5 - FAR) / 2),
        ("triplet", 1.0, ((5 - 1 + 1) + (5 - FAR + 1)) / 2),
        ("triplet", 0.2, ((5 - 1 + 0.2) + (5 - FAR + 0.2)) / 2),
    ],
)
def test_losses_are_those_of_their_definitions(loss: str, margin: float, expected: float) -> None:
    terms = placed(loss, margin).terms([CODES, torch.tensor([0, 0, 1])])
    assert terms["loss"].item() == pytest.approx(expected)


def test_hard_items_are_the_farthest_of_a_class_and_the_nearest_of_others() -> None:
    x = torch.tensor([0.0, 1, 5, 7, 9]).view(5, 1, 1, 1).expand(5, 1, 1, 2) / math.sqrt(2)
    labels = torch.tensor([0, 0, 0, 1, 1])
    loss = placed("triplet", 1.0, "hard").terms([x, labels])["loss"]
    far, near = [5, 4, 5, 2, 2], [7, 6, 2, 2, 4]
    pays = [f - n + 1 for f, n in zip(far, near, strict=True) if f - n + 1 > 0]
    assert loss.item() == pytest.approx(sum(pays) / len(pays))


@pytest.mark.parametrize("miner", MINERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_any_miner_goes_with_any_loss(loss: str, miner: str) -> None:
    torch.manual_seed(0)
    data = TensorData("digits", batch_size=300)
    model = Embedder(data.spec, 8, loss, miner=miner, width=0.25)
    before = [p.detach().clone() for p in model.parameters()]
    trainer = quiet_trainer(1, [])
    fit(trainer, model, data)
    assert trainer.callback_metrics["train_loss"] > 0
    assert trainer.callback_metrics["val_loss"] > 0
    changed = [not torch.equal(p, old) for p, old in zip(model.parameters(), before, strict=True)]
    assert all(changed)


@pytest.mark.parametrize("miner", MINERS)
@pytest.mark.parametrize("labels", [[1] * 6, range(6)], ids=["one class", "all alone"])
def test_a_batch_without_triplets_costs_nothing(miner: str, labels: list[int]) -> None:
    model = Embedder(DATA, 4, miner=miner, width=0.1)
    loss = model.terms([torch.rand(6, 1, 8, 8), torch.tensor(labels)])["loss"]
    loss.backward()
    assert loss.item() == 0
    assert not any(p.grad.any() for p in model.parameters())


@pytest.mark.parametrize("loss", LOSSES)
def test_similar_pairs_are_as_many_as_others(loss: str) -> None:
    labels = torch.arange(12) % 3
    groups = Embedder(DATA, 4, loss, width=0.1).sample_groups(labels)
    alike = labels[groups] == labels[groups[:, :1]]
    if loss == "triplet":
        assert alike.tolist() == [[True, True, False]] * 12
    else:
        assert alike.tolist() == [[True, True], [True, False]] * 12


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latent_dim": 0}, r"latent_dim \(=0\)"),
        ({"margin": 0}, r"margin \(=0\)"),
        ({"width": -1}, r"width \(=-1\)"),
        ({"loss": "median"}, r"loss \(='median'\) must be one of contrastive, triplet"),
        ({"miner": "easy"}, r"miner \(='easy'\) must be one of random, semihard, hard"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Embedder(DATA, **options)


def test_one_class_is_not_enough() -> None:
    with pytest.raises(ValueError, match=r"classes \(=\('a',\)\)"):
        Embedder(DataSpec((1, 8, 8), classes=("a",)))


@pytest.mark.parametrize(("name", "picture"), [("siamese", "pairs"), ("triplet", "triplets")])
def test_it_is_searched_by_the_nearest_neighbor_and_used(
    name: str, picture: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest_neighbors, "CHUNK", 100)
    words = ("--trials", 1, "--epochs", 1, "--batch-size", 100, "--fix", "width=0.25")
    answer = cli("search", name, "digits", *words)
    assert answer.code == 0, answer.err
    study = f"{name}-digits"
    answer = cli("train", study, "--epochs", 2)
    assert answer.code == 0, answer.err
    assert answer.out.endswith(f"next: latentune predict {study} FILE\n")
    final = Path("runs") / study / "final"
    with Image.open(final / f"{picture}.png") as shown:
        shown.verify()

    model, splits = latentune.load_model(study), TensorData("digits").splits
    with torch.inference_mode():
        codes = {part: model.encode(getattr(splits, part).inputs) for part in ("train", "test")}
    rule = KNeighborsClassifier(1, algorithm="brute").fit(codes["train"], splits.train.targets)
    metrics = json.loads((final / "metrics.json").read_text())
    right = rule.score(codes["test"], splits.test.targets)
    assert metrics["test_nearest"] == pytest.approx(right, abs=1e-6)
    assert metrics["test_nearest"] > 0.8

    assert cli("map", study, "--n", 20).code == 0
    answer = cli("search", "head", "digits", "--encoder", study, "--trials", 1, "--epochs", 1)
    assert answer.code == 0, answer.err


def test_it_is_searched_by_neighbors_among_few_labels_too() -> None:
    options = {"trials": 1, "epochs": 1, "batch_size": 300, "ranges": {"width": "0.25:0.26"}}
    study = latentune.search("siamese", "digits", objectives=["probe"], **options)
    assert study.user_attrs["definition"]["metric"] == "maximize val_probe"
    assert 0 < study.best_value <= 1


def test_small_data_have_batches_in_which_there_is_something_to_compare() -> None:
    splits = TensorData("digits").splits
    np.savez("few.npz", x=splits.train.inputs[:60], y=splits.train.targets[:60])
    study = latentune.search("siamese", "few.npz", trials=1, epochs=1)
    folder = latentune.train(study.study_name, epochs=2, pictures="none").folder
    assert (pd.read_csv(folder / "metrics.csv")["train_loss"] > 0.1).all()


def test_a_batch_of_one_item_is_refused(refused: Refused) -> None:
    assert "--batch-size must be at least 2" in refused(
        "search", "siamese", "digits", "--batch-size", 1
    )
