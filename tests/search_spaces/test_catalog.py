"""The contract that every entry of the catalog keeps, over kinds of data and shapes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from optuna.trial import TrialState

import latentune
from latentune import DataSpec
from latentune.models.roles import Encodes, Reconstructs
from latentune.search_spaces.catalog.models import MODELS
from latentune.search_spaces.suggestions import random_trials, record_parameters, replay
from latentune.storage.runs_folder import Runs
from latentune.studies.study.build import build_spec, untrained_space
from latentune.studies.study.recipe import Recipe
from latentune.studies.study.study_error import StudyError
from latentune.studies.use.deployment.proof import MAX_DIFFERENCE

CLASSES = ("a", "b", "c")
IMAGES = [(1, 8, 8), (1, 28, 28), (1, 32, 32), (3, 32, 32), (3, 64, 64)]
DATA = [DataSpec(shape, classes=CLASSES) for shape in IMAGES]
DATA.append(DataSpec((1, 28, 28), classes=CLASSES, mean=(0.13,), std=(0.31,)))
DATA.append(DataSpec((16,), "table", CLASSES, mean=(2.0,) * 16, std=(3.0,) * 16))
DATA.append(DataSpec((9,), "text", CLASSES, letters="abcde"))
NARROW = {  # for speed
    "resnet-ae": {"width": "0.125:0.13"},
    "dcgan": {"width": "0.25:0.26"},
    "generator-vae": {"width": "0.25:0.26"},
}
SPACES = [(model, space) for model, entry in MODELS.items() for space in entry.spaces]
each = pytest.mark.parametrize(("model", "space"), SPACES, ids=map("-".join, SPACES))


def fitting(model: str) -> list[DataSpec]:
    """Returns the data that a model is made for, with numbers as targets if it predicts those."""
    entry = MODELS[model]
    found = [data for data in DATA if data.kind in entry.kinds]
    if entry.predicts == "number":
        return [replace(data, classes=(), target=(5.0, 2.0)) for data in found]
    return found


def write_data(model: str) -> str:
    """Writes a few items for a model that the digits do not fit."""
    entry, rng = MODELS[model], np.random.default_rng(0)
    if entry.predicts == "number":
        x = rng.normal(size=(120, 4))
        rows = [",".join(f"{v:.3f}" for v in [*row, row @ [1, 2, 3, 4]]) for row in x]
        Path("rows.csv").write_text("\n".join(["a,b,c,d,target", *rows]))
        return "rows.csv"
    if "image" in entry.kinds:
        return "digits"
    Path("names").mkdir(exist_ok=True)
    for name, letters in (("abba", "ab"), ("cde", "cde")):
        words = ["".join(rng.choice(list(letters), 6)) for _ in range(40)]
        Path(f"names/{name}.txt").write_text("\n".join(words))
    return "names"


@each
def test_its_space_fits_all_data_that_it_is_made_for(model: str, space: str) -> None:
    build = untrained_space(MODELS[model], space)
    names = {
        frozenset(record_parameters(build, data).distributions) - {"width", "linear_path"}
        for data in fitting(model)
    }
    assert len(names) == 1  # but for what colors need
    for data in fitting(model):
        (trial,) = random_trials(1)
        text = data.kind == "text"  # whose lengths must be known
        with torch.device("cpu" if text else "meta"):  # its weights do not matter here
            network = build(trial, data)
            x = torch.zeros(2, *data.shape, dtype=torch.long if text else None)
            if isinstance(network, Reconstructs):
                assert network.reconstruct(x).shape == x.shape
            if isinstance(network, Encodes):
                assert network.encode(x).shape[0] == 2


@each
def test_it_takes_pixels_as_bytes_or_as_floats(model: str, space: str) -> None:
    data = fitting(model)[0]
    (trial,) = random_trials(1)
    network = untrained_space(MODELS[model], space)(trial, data).eval()
    if data.kind != "image" or not isinstance(network, Encodes):
        return
    x = torch.randint(256, (3, *data.shape), dtype=torch.uint8)
    assert torch.equal(network.encode(x), network.encode(x / 255))
    if isinstance(network, Reconstructs):
        assert torch.equal(network.reconstruct(x), network.reconstruct(x / 255))


@each
def test_its_space_can_be_replayed(model: str, space: str) -> None:
    build, data = untrained_space(MODELS[model], space), fitting(model)[0]
    for trial in random_trials(3):
        torch.manual_seed(1)
        first = build(trial, data)
        torch.manual_seed(1)
        second = replay(build, trial.params, data)
        assert first.hparams == second.hparams
        for a, b in zip(first.parameters(), second.parameters(), strict=True):
            assert torch.equal(a, b)


@each
def test_it_is_searched_in_two_goes_trained_and_loaded(
    model: str, space: str, request: pytest.FixtureRequest
) -> None:
    entry, options = MODELS[model], {}
    if entry.needs_encoder:
        request.getfixturevalue("trained")
        options = {"encoder": "conv-ae-digits"}
    if model in NARROW and space == "default":
        options = {"ranges": NARROW[model]}
    options |= {"space": space, "epochs": 1, "batch_size": 300}
    data = write_data(model)
    latentune.search(model, data, trials=1, pruner="none", **options)
    study = latentune.search(model, data, trials=2, pruner="none", **options)  # goes on
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 2
    assert study.direction.name.lower() == next(iter(entry.metrics.values()))
    pictures = "every" if space == "default" else "none"  # they depend on the model alone
    folder = latentune.train(study.study_name, epochs=1, pictures=pictures).folder
    assert folder == Path("runs") / study.study_name / "final"
    assert set(study.best_trial.user_attrs["hparams"]) >= set(study.best_params)
    loaded = latentune.load_model(study.study_name)
    assert {k: loaded.hparams[k] for k in study.best_params} == study.best_params
    if space == "default" and model != "resnet-ae":  # which takes the longest by far
        request.getfixturevalue("quick_export")
        exported = latentune.export_network(study.study_name, "model.onnx")
        assert exported.difference.size <= MAX_DIFFERENCE
        accuracies = {"test_accuracy", "test_balanced_accuracy"} if entry.predicts else set()
        known = set(json.loads((folder / "metrics.json").read_text()))
        assert exported.figures.keys() >= known & ({"test_mse", "test_r2"} | accuracies)
    if entry.published is not None and space == "published":
        assert study.trials[0].params.keys() == entry.published.params.keys()


def write_table(path: str, n: int = 120) -> str:
    """Writes rows of two classes, whose features have means and deviations of their own."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    x = rng.normal(size=(n, 6)) + 3 * y[:, None]
    np.savez(path, x=x * [1, 10, 100, 1, 1, 1000] + 5, y=y)
    return path


@pytest.mark.parametrize("model", MODELS)
def test_it_takes_tables_or_says_which_models_do(model: str) -> None:
    entry, table = MODELS[model], write_table("rows.npz")
    options = {}
    if entry.needs_encoder:
        latentune.search("dense-ae", table, trials=1, epochs=1)
        latentune.train("dense-ae-rows", epochs=1, pictures="none")
        options = {"encoder": "dense-ae-rows"}
    if "table" not in entry.kinds:
        with pytest.raises(StudyError, match=r"not made for a table such as rows.npz; these are:"):
            latentune.search(model, table, trials=1)
        return
    study = latentune.search(model, table, trials=1, epochs=2, **options)
    assert study.best_trial.state == TrialState.COMPLETE
    latentune.train(study.study_name, epochs=1)
    latentune.map(study.study_name, n=20)


@pytest.mark.parametrize("model", MODELS)
def test_it_describes_itself(model: str) -> None:
    entry = MODELS[model]
    assert "default" in entry.spaces
    assert entry.summary
    assert set(entry.metric_callbacks) <= set(entry.metrics)
    if entry.needs_encoder:
        with pytest.raises(StudyError, match="`encoder=`"):
            build_spec(Recipe(model, "digits"), Runs())
        return
    assert build_spec(Recipe(model, "digits"), Runs()).trials == entry.trials
