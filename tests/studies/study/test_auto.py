"""Automatic studies: the model is a parameter too, among those that fit the data."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
import torch
from optuna.trial import TrialState

import latentune
from latentune import DataSpec
from latentune.models.roles import Encodes
from latentune.search_spaces.catalog.candidates import find_candidates
from latentune.search_spaces.catalog.models import MODELS
from latentune.search_spaces.model_choice import (
    ModelChoice,
    add_model_prefix,
    record_model_choices,
)
from latentune.search_spaces.ranges import RangedSpace, discover_parameters
from latentune.search_spaces.suggestions import random_trials, replay
from latentune.studies.study.build import untrained_space
from latentune.studies.study.study_error import StudyError

from .conftest import SMALL, THREE

CLASSES = ("a", "b", "c")
KINDS = {
    "image": DataSpec((1, 8, 8), classes=CLASSES),
    "table": DataSpec((16,), "table", CLASSES, mean=(2.0,) * 16, std=(3.0,) * 16),
    "text": DataSpec((9,), "text", CLASSES, letters="abcde"),
}
ALONE = [name for name, entry in MODELS.items() if not entry.needs_encoder]


@pytest.mark.parametrize(
    ("data", "objectives", "expected"),
    [
        (DataSpec((1, 8, 8), classes=CLASSES), ["accuracy"], "mlp feed-forward cnn row-rnn"),
        (DataSpec((1, 8, 8), classes=CLASSES), ["nearest"], "siamese triplet"),
        (DataSpec((1, 8, 8), classes=CLASSES), ["elbo"], "conv-vae generator-vae"),
        (DataSpec((1, 8, 8), classes=CLASSES), ["kid"], "conv-vae dense-vae dcgan"),
        (DataSpec((1, 28, 28)), ["mse"], "conv-ae strided-ae sparse-denoising-ae"),
        (DataSpec((3, 32, 32)), ["mse"], "conv-ae residual-ae"),
        (DataSpec((3, 64, 64)), ["mse"], "conv-ae residual-ae resnet-ae"),
        (DataSpec((16,), "table", ("a",)), ["mse"], "dense-ae deep-ae"),
        (DataSpec((16,), "table", target=(0.0, 1.0)), ["mse"], "linear-regression"),
        (DataSpec((9,), "text", CLASSES, letters="ab"), ["accuracy"], "name-rnn"),
    ],
    ids=str,
)
def test_only_models_that_fit_can_be_chosen(
    data: DataSpec, objectives: list[str], expected: str
) -> None:
    found = find_candidates(data, objectives)
    assert set(expected.split()) <= set(found)
    for name in found:
        assert set(objectives) <= set(MODELS[name].metrics)
        assert data.kind in MODELS[name].kinds
        assert not MODELS[name].needs_encoder
    assert {"resnet-ae", "residual-ae"} & set(found) <= set(expected.split())


def test_no_errors_are_compared_that_mean_different_things() -> None:
    image, numbers = DataSpec((1, 28, 28)), DataSpec((16,), "table", target=(0.0, 1.0))
    assert {MODELS[name].predicts for name in find_candidates(numbers, ["mse"])} == {"number"}
    assert {MODELS[name].predicts for name in find_candidates(image, ["mse"])} == {None}
    assert "pooled-ae" not in find_candidates(image, ["mse"])  # whose codes are the longest
    assert "dense-vae" not in find_candidates(image, ["elbo"])  # whose likelihood is a probability


@pytest.mark.parametrize("model", ALONE)
def test_each_model_is_the_one_that_its_own_space_makes(model: str) -> None:
    entry = MODELS[model]
    data = KINDS[entry.kinds[0]]
    if entry.predicts == "number":
        data = replace(data, classes=(), target=(5.0, 2.0))
    own = untrained_space(entry, "default")
    (trial,) = random_trials(1)
    with torch.device("cpu" if data.kind == "text" else "meta"):
        alone = own(trial, data)
        chosen = replay(ModelChoice(ALONE), add_model_prefix(model, trial.params), data)
    assert type(chosen) is type(alone)
    assert chosen.hparams == alone.hparams


def test_every_model_is_looked_at_however_many_there_are() -> None:
    ranged = RangedSpace(ModelChoice(ALONE[:9]), {"dense-ae.width": "1:2"})
    found = discover_parameters(ranged, KINDS["image"], record_model_choices)
    assert {name.split(".")[0] for name in found.distributions} == {"model", *ALONE[:9]}
    width = found.distributions["dense-ae.width"]
    assert (width.low, width.high) == (1, 2)
    assert found.first_trial({})["dense-ae.width"] == 1


def test_each_model_is_tried_with_its_defaults_before_the_sampler_chooses(
    studied: optuna.Study,
) -> None:
    first = studied.trials[:3]
    assert [trial.params["model"] for trial in first] == list(THREE)
    for trial in first:
        assert trial.params[f"{trial.params['model']}.lr"] == 3e-3
        names = {name.split(".")[0] for name in trial.params}
        assert names == {"model", trial.params["model"]}
    assert studied.trials[3].params["model"] in THREE
    assert studied.user_attrs["recipe"]["models"][:3] == list(THREE)


@pytest.mark.parametrize("number", range(3))
def test_any_trial_is_repeated_by_training_and_loaded(studied: optuna.Study, number: int) -> None:
    trial, source = studied.trials[number], f"auto-digits:{number}"
    final = latentune.train(source, epochs=1, pictures="none")
    assert final.metrics["val_mse"] == pytest.approx(trial.value, rel=1e-6)
    loaded = latentune.load_model(source)
    assert loaded.hparams["network"] == THREE[number].removesuffix("-ae")
    weights = torch.load(final.folder / "model.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(value, weights[name]) for name, value in loaded.state_dict().items())


def test_the_best_file_can_be_edited_and_trained(studied: optuna.Study) -> None:
    path = Path("runs/auto-digits/best.toml")
    text = path.read_text()
    winner = studied.best_params["model"]
    assert tomllib.loads(text)["params"] == studied.best_params
    rate = next(line for line in text.splitlines() if line.startswith(f'"{winner}.lr"'))
    path.write_text(text.replace(rate, f'"{winner}.lr" = 0.002'))
    folder = latentune.train(str(path), epochs=1, pictures="none").folder
    assert latentune.load_model(folder / "model.ckpt").hparams["lr"] == 0.002


def test_a_study_goes_on_and_repeats(studied: optuna.Study) -> None:
    more = latentune.search("auto", "digits", trials=6, pruner="none", **SMALL)
    assert [t.state for t in more.trials] == [TrialState.COMPLETE] * 6
    again = latentune.search("digits", name="b", trials=4, pruner="none", **SMALL)
    assert [t.params for t in again.trials] == [t.params for t in more.trials[:4]]
    assert [t.value for t in again.trials] == [t.value for t in more.trials[:4]]
    with pytest.raises(StudyError, match=r"model is one of conv-ae,.* there"):
        latentune.search("digits", trials=7, **{**SMALL, "ranges": {"model": "conv-ae"}})


def test_a_winner_that_encodes_carries_a_head(studied: optuna.Study) -> None:
    head = latentune.search("head", "digits", encoder="auto-digits", trials=1, epochs=1)
    assert head.study_name == "head-auto-digits"
    assert isinstance(latentune.load_model("auto-digits"), Encodes)
    assert head.user_attrs["encoder_source"]["study"] == "auto-digits"


def test_what_it_found_goes_on_alone_and_what_one_found_is_tried_by_it(
    studied: optuna.Study, refused: Callable[..., str]
) -> None:
    winner, best = studied.best_params["model"], "runs/auto-digits/best.toml"
    options = {"epochs": 1, "batch_size": 300}
    options |= {"trials": 1, "default_first": False}
    alone = latentune.search(winner, "digits", enqueue=[best], **options)
    assert add_model_prefix(winner, alone.trials[0].params) == studied.best_params
    assert alone.trials[0].user_attrs["hparams"] == studied.best_trial.user_attrs["hparams"]
    back, options = f"runs/{winner}-digits/best.toml", SMALL | options
    both = latentune.search("digits", name="b", enqueue=[back], **options)
    assert both.trials[0].params == studied.best_params
    assert "is of model" in refused("search", "mlp", "digits", "--enqueue", best)
