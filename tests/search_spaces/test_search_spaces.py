"""Search spaces: listing, changing and replaying what they vary."""

from itertools import count
from typing import Any

import optuna
import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import SuccessiveHalvingPruner
from optuna.trial import BaseTrial, FixedTrial

from latentune import DataSpec
from latentune.search_spaces.autoencoder_spaces import conv_ae, conv_ae_published
from latentune.search_spaces.distributions import describe_distribution
from latentune.search_spaces.ranges import RangedSpace, discover_parameters, parse_range
from latentune.search_spaces.space_errors import SpaceError
from latentune.search_spaces.strategies import HalvingPruner
from latentune.search_spaces.suggestions import build_without_weights, random_trials, replay

SHAPE = DataSpec((1, 28, 28))
POINT = {"latent_dim": 4, "lr": 1e-3, "l1": 1e-6, "l2": 1e-6}


class Kept(pl.LightningModule):
    """Keeps what a space gave it."""

    def __init__(self, **options: object) -> None:
        super().__init__()
        self.save_hyperparameters()


def conditional(trial: BaseTrial, data: DataSpec) -> Kept:
    head = trial.suggest_categorical("head", ["linear", "mlp"])
    width = trial.suggest_int("width", 8, 64, step=8) if head == "mlp" else 0
    return Kept(head=head, width=width)


def test_the_seed_space_has_the_published_ranges() -> None:
    penalty = FloatDistribution(1e-6, 1e-3, log=True)
    assert discover_parameters(conv_ae_published, SHAPE).distributions == {
        "latent_dim": IntDistribution(2, 12, log=True),
        "lr": FloatDistribution(1e-5, 1e-3, log=True),
        "l1": penalty,
        "l2": penalty,
    }


def test_parameters_finds_conditional_ones() -> None:
    assert set(discover_parameters(conditional, SHAPE).distributions) == {"head", "width"}


def test_defaults_are_the_models_own_moved_into_the_ranges() -> None:
    assert discover_parameters(conv_ae, SHAPE).first_trial({}) == {
        "latent_dim": 16,
        "linear_path": False,
        "lr": 3e-3,
        "l1": 1e-9,
        "l2": 1e-9,
    }
    assert discover_parameters(conv_ae_published, SHAPE).first_trial({}) == {
        "latent_dim": 12,
        "lr": 1e-3,
        "l1": 1e-6,
        "l2": 1e-6,
    }
    assert (
        discover_parameters(RangedSpace(conv_ae, {"lr": "4e-3:8e-3"}), SHAPE).first_trial({})["lr"]
        == 4e-3
    )


class Chosen(Kept):
    def __init__(self, head: str = "mlp", width: float = 21, depth: int | None = None) -> None:
        super().__init__(head=head, width=width, depth=depth)


def test_a_default_keeps_to_steps_and_choices_and_may_be_missing() -> None:
    def space(trial: BaseTrial, data: DataSpec) -> Chosen:
        head = trial.suggest_categorical("head", ["linear", "mlp"])
        width = trial.suggest_int("width", 8, 64, step=8)
        return Chosen(head, width, trial.suggest_int("depth", 1, 3))

    assert discover_parameters(space, SHAPE).first_trial({}) == {"head": "mlp", "width": 24}
    assert discover_parameters(conditional, SHAPE).first_trial({}) == {}


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 64), st.floats(1e-4, 1e-2), st.floats(1e-9, 1e-4))
def test_replay_builds_what_the_values_say(latent_dim: int, lr: float, l1: float) -> None:
    values = {"latent_dim": latent_dim, "lr": lr, "l1": l1, "l2": 1e-5}
    model = replay(conv_ae, values, SHAPE)
    assert {name: model.hparams[name] for name in values} == values
    assert model.hparams["linear_path"] is False  # as in version 0.1.0, which did not search it


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({**POINT, "lr": 5.0}, r"lr = 5.0 is outside its range, float 0.0001:0.01:log"),
        ({**POINT, "latent_dim": 4.5}, r"latent_dim = 4.5 is outside"),
        ({**POINT, "latent_dim": True}, r"latent_dim = True is outside"),
        ({**POINT, "dropout": 0.1}, r"no parameter 'dropout'"),
        ({k: v for k, v in POINT.items() if k != "lr"}, r"lr has no value"),
        ({}, r"latent_dim has no value"),
    ],
)
def test_replay_refuses_another_model(values: dict[str, float], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        replay(conv_ae, values, SHAPE)


def test_replay_refuses_an_unknown_choice() -> None:
    with pytest.raises(SpaceError, match="head = 'cnn' is outside its range, one of linear,mlp"):
        replay(conditional, {"head": "cnn"}, SHAPE)


def test_ranges_change_what_is_suggested() -> None:
    space = RangedSpace(conv_ae, {"latent_dim": "3:5", "lr": "0.5", "l1": "0:1:linear"})
    found = discover_parameters(space, SHAPE).distributions
    assert found["latent_dim"] == IntDistribution(3, 5, log=True)
    assert found["lr"].single()
    assert found["l1"] == FloatDistribution(0, 1)
    model = space(FixedTrial({**POINT, "linear_path": True, "lr": 0.5}), SHAPE)
    assert model.hparams["lr"] == 0.5


def test_a_choice_can_be_pinned_or_reduced() -> None:
    space = RangedSpace(conditional, {"head": "mlp", "width": "16:32"})
    found = discover_parameters(space, SHAPE).distributions
    assert found["head"] == CategoricalDistribution(["mlp"])
    assert found["width"] == IntDistribution(16, 32, step=8)


@given(
    st.floats(1e-12, 1e12),
    st.floats(1e-12, 1e12),
    st.sampled_from(["", ":log", ":linear"]),
)
def test_a_range_is_read_as_it_is_written(a: float, b: float, scale: str) -> None:
    low, high = sorted((a, b))
    own = FloatDistribution(1, 2, log=True)
    found = parse_range("x", own, f"{low!r}:{high!r}{scale}")
    assert found == FloatDistribution(low, high, log=scale != ":linear")


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_described_range_can_be_given_again(low: int, width: int) -> None:
    own = IntDistribution(1, 2)
    found = parse_range("n", own, f"{low}:{low + width}")
    assert found == IntDistribution(low, low + width)
    if low + width < 10**5:  # six digits are shown
        assert parse_range("n", own, describe_distribution(found).removeprefix("int ")) == found


@pytest.mark.parametrize(
    ("own", "text", "message"),
    [
        (IntDistribution(2, 64, log=True), "32:2", r"low \(32\) is above high \(2\)"),
        (IntDistribution(2, 64, log=True), "0:8", "a log range starts above 0, not at 0"),
        (FloatDistribution(0.1, 1), "0:1:log", "a log range starts above 0"),
        (FloatDistribution(0.1, 1), "0:1:cubic", "'cubic' is neither log nor linear"),
        (IntDistribution(2, 64), "2.5", "invalid literal for int"),
        (FloatDistribution(0.1, 1), "small", "could not convert"),
        (FloatDistribution(0.1, 1), "nan:1", "its ends must be finite"),
        (CategoricalDistribution(["a", "b"]), "a,c", "'c' is not among its choices"),
    ],
)
def test_a_bad_range_is_refused(
    own: IntDistribution | FloatDistribution | CategoricalDistribution, text: str, message: str
) -> None:
    with pytest.raises(SpaceError, match=message):
        parse_range("size", own, text)


def test_an_unknown_parameter_gets_the_closest_match() -> None:
    with pytest.raises(SpaceError, match="did you mean 'latent_dim'"):
        discover_parameters(RangedSpace(conv_ae, {"latent": "2:3"}), SHAPE)


def test_who_only_asks_gets_a_model_without_weights() -> None:
    trial = random_trials(1)[0]
    model = build_without_weights(conv_ae, trial, SHAPE)
    assert {p.device.type for p in model.parameters()} == {"meta"}
    assert set(trial.params) == {"latent_dim", "linear_path", "lr", "l1", "l2"}


def test_a_space_that_computes_while_it_builds_is_asked_all_the_same() -> None:
    def space(trial: BaseTrial, data: DataSpec) -> Kept:
        width = trial.suggest_int("width", 8, 64)
        return Kept(width=width, norm=torch.ones(width).norm().item())

    assert set(discover_parameters(space, SHAPE).distributions) == {"width"}


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@given(values=st.lists(st.integers(0, 9), min_size=40, max_size=80), first=st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_halving_decides_as_that_of_optuna(direction: Any, values: list[int], first: int) -> None:
    """Three trials at a time, one of which goes a step further with each value."""
    theirs = SuccessiveHalvingPruner(first, reduction_factor=4)
    ended: list[list[tuple[int, int]]] = []
    for pruner in (theirs, HalvingPruner(first, factor=4)):
        ended.append([])
        study = optuna.create_study(direction=direction, pruner=pruner)
        running = [(study.ask(), count(1)) for _ in range(3)]
        for turn, value in enumerate(values):
            trial, steps = running[value * turn % 3]
            trial.report(value, step := next(steps))
            if trial.should_prune():
                running[value * turn % 3] = study.ask(), count(1)
                ended[-1].append((trial.number, step))
    assert ended[0] == ended[1]
