"""The contract that every entry of the catalogue keeps."""

from pathlib import Path
from typing import Any

import pytest
import torch
from optuna.trial import TrialState

import latentune
from latentune.search_spaces.watch import parameters, random_trials, replay
from latentune.storage.runs import Runs
from latentune.studies.catalog import MODELS
from latentune.studies.errors import StudyError
from latentune.studies.recipe import Recipe

SHAPES = [(1, 8, 8), (1, 28, 28), (1, 32, 32), (3, 32, 32), (3, 64, 64)]
SPACES = [(model, space) for model, entry in MODELS.items() for space in entry.spaces]
each = pytest.mark.parametrize(("model", "space"), SPACES, ids="-".join)


def space_of(model: str, space: str, shape: tuple[int, int, int]) -> Any:
    """The space of an entry, on an untrained encoder if it needs one."""
    if not MODELS[model].on_encoder:
        return Recipe(model, "digits", space=space).spec(Runs()).objective.model
    encoder = {"recipe": {"model": "conv-ae", "data": "digits"}, "input_shape": shape}
    encoder["params"] = {"latent_dim": 3, "lr": 1e-3, "l1": 1e-6, "l2": 1e-6}
    trained = {"encoder": encoder, "classes": ["a", "b", "c"]}
    return Recipe(model, "digits", space=space).spec(Runs(), trained).objective.model


@each
def test_its_space_fits_every_image_and_can_be_replayed(model: str, space: str) -> None:
    for shape in SHAPES:
        build = space_of(model, space, shape)
        for trial in random_trials(3):
            torch.manual_seed(1)
            first = build(trial, shape)
            torch.manual_seed(1)
            second = replay(build, trial.params, shape)
            assert first.hparams == second.hparams
            for a, b in zip(first.parameters(), second.parameters(), strict=True):
                assert torch.equal(a, b)
        assert parameters(build, shape).keys() == first_trial_names(model, space)


def first_trial_names(model: str, space: str) -> Any:
    return parameters(space_of(model, space, SHAPES[0]), SHAPES[0]).keys()


@each
def test_it_is_searched_trained_and_loaded(model: str, space: str) -> None:
    entry, options = MODELS[model], {}
    if entry.on_encoder:
        latentune.search("conv-ae", "digits", trials=1, epochs=1, batch_size=300)
        latentune.train("conv-ae-digits", epochs=1)
        options = {"encoder": "conv-ae-digits"}
    study = latentune.search(
        model, "digits", space=space, trials=2, epochs=1, batch_size=300, pruner="none", **options
    )
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 2
    assert study.direction.name.lower() == next(iter(entry.metrics.values()))
    folder = latentune.train(study.study_name, epochs=1).folder
    assert folder == Path("runs") / study.study_name / "final"
    loaded = latentune.load_model(study.study_name)
    assert {k: loaded.hparams[k] for k in study.best_params} == study.best_params


@pytest.mark.parametrize("model", MODELS)
def test_it_describes_itself(model: str) -> None:
    entry = MODELS[model]
    assert "default" in entry.spaces
    assert entry.summary
    if entry.on_encoder:
        with pytest.raises(StudyError, match="`encoder=`"):
            Recipe(model, "digits").spec(Runs())
        return
    spec = Recipe(model, "digits").spec(Runs())
    assert spec.trials == entry.trials
    assert set(spec.definition()) >= {"metric", "epochs", "data", "split", "batch size"}
