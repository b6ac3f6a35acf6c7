"""Codes that are learned from random views: the losses, the views, and what is done with them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import latentune
from latentune import DataSpec, TensorData, ViewLearner
from latentune.models.random_views import RandomViews
from latentune.models.view_learner import LOSSES
from latentune.objectives.trainer import fit, quiet_trainer

RNG = np.random.default_rng(0)
FIRST, SECOND = (torch.from_numpy(RNG.normal(size=(6, 4))) for _ in range(2))


def test_ntxent_is_that_of_a_loop() -> None:
    z = torch.cat([FIRST, SECOND]).numpy()
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    similar = z @ z.T / 0.3
    terms = []
    for i in range(12):
        others = [similar[i, k] for k in range(12) if k != i]
        terms.append(np.log(np.exp(others).sum()) - similar[i, (i + 6) % 12])
    assert LOSSES["ntxent"](0.3)(FIRST, SECOND).item() == pytest.approx(np.mean(terms))


def test_vicreg_is_that_of_numpy() -> None:
    parts = [((FIRST - SECOND) ** 2).mean().item() * 25]
    for z in (FIRST.numpy(), SECOND.numpy()):
        hinge = np.clip(1 - np.sqrt(z.var(0, ddof=1) + 1e-4), 0, None).mean() / 2
        covariance = np.cov(z.T)
        off_diagonal = covariance[~np.eye(4, dtype=bool)]
        parts += [25 * hinge, (off_diagonal**2).sum() / 4]
    assert LOSSES["vicreg"](1.0)(FIRST, SECOND).item() == pytest.approx(sum(parts), rel=1e-5)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 20, 12), (4, 9, 9)])
def test_views_of_images_differ_and_depend_on_the_seed(shape: tuple[int, ...]) -> None:
    images = torch.rand(20, *shape)
    views = RandomViews(DataSpec(shape), strength=0.8, flip=True)
    torch.manual_seed(0)
    first, second = views(images), views(images)
    torch.manual_seed(0)
    assert torch.equal(views(images), first)
    assert first.shape == images.shape
    assert (first != second).flatten(1).any(1).all()


def test_weak_views_are_nearer_to_the_image_and_keep_the_order_of_items() -> None:
    images = TensorData("digits").splits.train.inputs[:60].float()
    torch.manual_seed(0)
    weak, strong = (RandomViews(DataSpec((1, 8, 8)), s, False)(images) for s in (0.05, 1.0))
    assert (weak - images).square().mean() < (strong - images).square().mean() / 2
    nearest = torch.cdist(weak.flatten(1), images.flatten(1)).argmin(1)
    assert (nearest == torch.arange(60)).float().mean() > 0.9


def test_views_of_rows_take_their_features_from_other_rows() -> None:
    rows = torch.arange(200.0).view(40, 5)
    torch.manual_seed(0)
    views = RandomViews(DataSpec((5,), "table"), 0.5, False)(rows)
    changed = views != rows
    assert 0.15 < changed.float().mean() < 0.4
    for column in range(5):
        assert set(views[:, column].tolist()) <= set(rows[:, column].tolist())


@pytest.mark.parametrize("loss", LOSSES)
def test_codes_tell_classes_that_nobody_has_named(loss: str) -> None:
    data = TensorData("digits", batch_size=256)
    torch.manual_seed(0)
    model = ViewLearner(data.spec, 32, loss, width=0.5, strength=0.4, lr=3e-3)
    before = _probe(model, data)
    fit(quiet_trainer(8, []), model, data)
    assert _probe(model, data) > max(before + 0.03, 0.75)


def _probe(model: ViewLearner, data: TensorData) -> float:
    from latentune.objectives.metrics.nearest_neighbors import few_label_accuracies

    model.cpu().eval()
    with torch.no_grad():
        train, val = (model.encode(p.inputs.float()) for p in (data.splits.train, data.splits.val))
    targets = data.splits.train.targets, data.splits.val.targets
    assert targets[0] is not None
    assert targets[1] is not None
    return float(np.mean(few_label_accuracies(train, targets[0], val, targets[1])))


def test_options_that_do_not_fit_are_refused() -> None:
    data = DataSpec((1, 8, 8))
    with pytest.raises(ValueError, match=r"loss \(='simsiam'\) must be one of ntxent, vicreg"):
        ViewLearner(data, loss="simsiam")
    with pytest.raises(ValueError, match=r"strength \(=2\) must be from 0 to 1"):
        ViewLearner(data, strength=2)
    with pytest.raises(ValueError, match="not made for a table"):
        ViewLearner(DataSpec((8,), "table"))
    assert ViewLearner(data).terms([torch.rand(1, 1, 8, 8)])["loss"] == 0


def test_a_head_is_searched_on_codes_without_labels(cli: Callable[..., Any]) -> None:
    latentune.search("vicreg", "digits", trials=1, epochs=1)
    latentune.train("vicreg-digits", epochs=2, pictures="none")
    study = latentune.search("head", "digits", encoder="vicreg-digits", trials=1, epochs=2)
    assert study.best_value > 0.5
    assert cli("probe", "vicreg-digits", "--seeds", 2).code == 0
    np.save("rows.npy", RNG.normal(size=(40, 6)))
    unlabeled = latentune.search("simclr", "rows.npy", trials=1, epochs=1, objectives=["loss"])
    assert np.isfinite(unlabeled.best_value)
