"""The contract that every entry of the catalogue keeps."""

from functools import partial
from pathlib import Path

import pytest
import torch
from optuna.trial import TrialState

import latentune
from latentune.search_spaces.watch import parameters, random_trials, replay
from latentune.studies.catalog import MODELS
from latentune.studies.recipe import Recipe

SHAPES = [(1, 8, 8), (1, 28, 28), (1, 32, 32), (3, 32, 32), (3, 64, 64)]
SPACES = [(model, space) for model, entry in MODELS.items() for space in entry.spaces]
each = pytest.mark.parametrize(("model", "space"), SPACES, ids="-".join)


@each
def test_its_space_fits_every_image_and_can_be_replayed(model: str, space: str) -> None:
    build = Recipe(model, "digits", space=space).spec().objective.model
    for shape in SHAPES:
        for trial in random_trials(3):
            torch.manual_seed(1)
            first = build(trial, shape)
            torch.manual_seed(1)
            second = replay(build, trial.params, shape)
            assert first.hparams == second.hparams
            for a, b in zip(first.parameters(), second.parameters(), strict=True):
                assert torch.equal(a, b)
    assert parameters(build, SHAPES[0]).keys() == parameters(build, SHAPES[-1]).keys()


@each
def test_it_is_searched_trained_and_loaded(model: str, space: str) -> None:
    study = latentune.search(model, "digits", space=space, trials=2, epochs=1, batch_size=300)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 2
    assert study.direction.name.lower() == MODELS[model].direction
    folder = latentune.train(study.study_name, epochs=1)
    assert folder == Path("runs") / study.study_name / "final"
    loaded = latentune.load_model(study.study_name)
    assert {k: loaded.hparams[k] for k in study.best_params} == study.best_params


@pytest.mark.parametrize("model", MODELS)
def test_it_describes_itself(model: str) -> None:
    entry = MODELS[model]
    assert "default" in entry.spaces
    assert entry.summary
    spec = Recipe(model, "digits").spec()
    assert spec.trials == entry.trials
    assert isinstance(spec.objective.data, partial)
    assert set(spec.definition()) >= {"metric", "epochs", "data", "split", "batch size"}
