"""Heads on trained encoders, and what connects a study with the one that it came from."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import torch
from filelock import FileLock
from PIL import Image

import latentune
from latentune.objectives.metrics.feature_network import feature_network
from latentune.search_spaces import ranges
from latentune.storage.runs_folder import Runs
from latentune.studies.study import build as making

Cli = Callable[..., Any]
HEAD = ("search", "head", "digits", "--encoder", "conv-ae-digits")
NAME = "head-conv-ae-digits"


def test_from_an_autoencoder_to_a_classifier_and_rated_samples(cli: Cli) -> None:
    assert cli("search", "conv-ae", "digits", "--trials", 2, "--epochs", 2).code == 0
    assert cli("train", "conv-ae-digits", "--epochs", 5).code == 0

    answer = cli(*HEAD, "--trials", 3, "--epochs", 3)
    assert answer.code == 0, answer.err
    assert answer.out.endswith(f"next: latentune train {NAME}\n")
    study = optuna.load_study(study_name=NAME, storage="sqlite:///runs/studies.db")
    assert study.user_attrs["encoder_source"]["study"] == "conv-ae-digits"
    encoder = json.loads(Path("runs/conv-ae-digits/final/metrics.json").read_text())
    assert study.user_attrs["encoder_source"]["trial"] == encoder["trial"]

    answer = cli("train", NAME, "--epochs", 5)
    assert answer.code == 0, answer.err
    final = Path("runs") / NAME / "final"
    metrics = json.loads((final / "metrics.json").read_text())
    assert metrics["test_accuracy"] > 0.4
    assert 0 <= metrics["test_calibration_error"] <= 1
    with (final / "classes.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == [str(digit) for digit in range(10)]
    assert sum(int(row["items"]) for row in rows) == 359
    share = sum(int(row["items"]) * float(row["accuracy"]) for row in rows) / 359
    assert share == pytest.approx(metrics["test_accuracy"], abs=1e-5)
    with Image.open(final / "confusion.png") as picture:
        picture.verify()

    answer = cli("sample", "conv-ae-digits", "--n", 200)
    assert answer.code == 0, answer.err
    samples = Path("runs/conv-ae-digits/final/samples")
    rated = json.loads((samples / "quality.json").read_text())
    methods = {"kde", "pca-kde", "gaussian", "mixture", "flow"}
    assert set(rated["rows"]) == methods | {"real", "reconstructed"}
    assert rated["size"] == 200
    assert f"by features of {rated['features']}" in answer.out
    for name in methods:
        assert (samples / f"{name}-samples.png").exists()


def test_a_head_reads_images_and_needs_its_file_alone(trained: Path, tmp_path: Path) -> None:
    latentune.search("head", "digits", encoder="conv-ae-digits", trials=1, epochs=1)
    folder = latentune.train(NAME, epochs=2, pictures="none").folder
    data = latentune.TensorData("digits")
    test = data.splits.test
    shutil.move(folder / "model.ckpt", tmp_path / "head.ckpt")
    shutil.rmtree("runs")
    model = latentune.load_model(tmp_path / "head.ckpt")
    with torch.inference_mode():
        logits = model(test.inputs)
    assert logits.shape == (len(test), 10)
    accuracy = (logits.argmax(1) == test.targets).float().mean().item()
    assert accuracy > 0.3


def test_a_frozen_encoder_stays_as_it_was_and_codes_are_kept(trained: Path) -> None:
    parent = latentune.load_model("conv-ae-digits")
    latentune.search("head", "digits", encoder="conv-ae-digits", trials=1, epochs=1)
    (kept,) = trained.glob("conv-ae-digits/final/codes-*-test.npy")
    codes = torch.from_numpy(np.load(kept))
    images = latentune.TensorData("digits").splits.test.inputs
    with torch.inference_mode():
        torch.testing.assert_close(codes, parent.encode(images))
    latentune.train(NAME, epochs=1, pictures="none")
    codec = latentune.load_model(NAME).codec
    for ours, theirs in zip(codec.parameters(), parent.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_an_unfrozen_encoder_is_trained_with_a_rate_of_its_own(trained: Path) -> None:
    study = latentune.search(
        "head", "digits", encoder="conv-ae-digits", unfreeze=True, trials=1, epochs=1
    )
    assert study.study_name == f"{NAME}-unfrozen"
    assert "encoder_lr" in study.best_params
    latentune.train(study.study_name, epochs=1, pictures="none")
    parent, model = latentune.load_model("conv-ae-digits"), latentune.load_model(study.study_name)
    before, after = parent.encoder[0].weight, model.codec.encoder[0].weight
    assert not torch.equal(before, after)


@pytest.mark.parametrize(
    "source",
    ["conv-ae-digits", "runs/conv-ae-digits/best.toml", "runs/conv-ae-digits/final/model.ckpt"],
)
def test_an_encoder_is_named_in_three_ways(trained: Path, source: str) -> None:
    study = latentune.search("head", "digits", encoder=source, trials=1, epochs=1)
    assert study.user_attrs["encoder_source"]["checkpoint"] == "conv-ae-digits/final/model.ckpt"


def test_a_parent_trained_anew_makes_its_child_stale(cli: Cli, trained: Path) -> None:
    assert cli(*HEAD, "--trials", 1, "--epochs", 1).code == 0
    tree = cli("status").out.splitlines()
    assert [line.split()[0] for line in tree[1:3]] == ["conv-ae-digits", "└"]
    assert "stale" not in "".join(tree)
    assert "encoder of conv-ae-digits, trial" in cli("status", NAME).out

    latentune.train("conv-ae-digits", epochs=1, pictures="none")
    assert f"{NAME} (stale)" in cli("status").out
    assert "stale: that encoder was deleted or trained again" in cli("status", NAME).out
    answer = cli("train", NAME)
    assert answer.code == 2
    assert "was trained again" in answer.err
    answer = cli(*HEAD, "--trials", 2, "--epochs", 1)
    assert answer.code == 2
    assert "encoder is" in answer.err
    assert cli(*HEAD, "--trials", 1, "--epochs", 1, "--name", "second").code == 0


def test_the_pre_training_question(cli: Cli, trained: Path) -> None:
    answer = cli(
        *("compare", "digits", "--encoder", "conv-ae-digits"),
        *("--labels", "50,all", "--seeds", 2, "--epochs", 1),
    )
    assert answer.code == 0, answer.err
    folder = Path("runs/comparisons/digits")
    with (folder / "table.csv").open() as file:
        table = list(csv.DictReader(file))
    cells = [(row["labels"], row["start"]) for row in table]
    starts = ("from scratch", "conv-ae-digits")
    assert cells == [(n, start) for n in ("50", "all 1,294") for start in starts]
    with (folder / "accuracy.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2 * 2 * 2
    with Image.open(folder / "accuracy.png") as picture:
        picture.verify()
    assert f"{float(table[0]['mean']):.4f} ± {float(table[0]['std']):.4f}" in answer.out


def test_a_comparison_begins_from_scratch_once_for_each_network_that_differs(
    trained: Path,
) -> None:
    encoders = ["conv-ae-digits", "dense-ae-digits", "again"]
    for name in encoders[1:]:
        options = {"trials": 1, "epochs": 1, "batch_size": 300, "ranges": {"latent_dim": "8:8"}}
        latentune.search("dense-ae", "digits", name=name, **options)
        latentune.train(name, epochs=1, pictures="none")
    report = latentune.compare("digits", encoders, labels=[50], seeds=1, epochs=2, reach=0.01)
    scratch = [f"from scratch, as {name}" for name in encoders[:2]]
    assert list(report.table["start"]) == scratch + encoders
    assert set(report.table["epochs"]) <= {1.0, 2.0}
    with (report.folder / "table.csv").open() as file:
        assert "epochs" in next(csv.reader(file))
    never = latentune.compare("digits", ["again"], labels=[20], seeds=1, epochs=1, reach=1)
    assert never.table["epochs"].isna().all()


def test_the_feature_network_is_trained_once(trained: Path) -> None:
    data = latentune.TensorData("digits")
    first = feature_network(data)
    (path,) = (trained / "cache" / "features").iterdir()
    written = path.stat().st_mtime_ns
    second = feature_network(data)
    assert path.stat().st_mtime_ns == written
    images = data.splits.val.inputs
    with torch.inference_mode():
        features = first.features(images)
        assert torch.equal(features, second.features(images))
    assert np.isfinite(features.numpy()).all()


def test_an_encoder_is_read_once_and_not_under_the_lock(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    load = making.load_network

    def watched(path: Path, runs: Runs) -> object:
        with FileLock(runs.lock, timeout=0):  # an error if somebody holds it
            read.append(path)
        return load(path, runs)

    monkeypatch.setattr(making, "load_network", watched)
    latentune.search("head", "digits", encoder="conv-ae-digits", trials=3, epochs=1, unfreeze=True)
    assert len(read) == 1


def test_a_search_probes_its_space_once(monkeypatch: pytest.MonkeyPatch) -> None:
    probed = []
    record_parameters = ranges.record_parameters
    monkeypatch.setattr(
        ranges, "record_parameters", lambda *args: probed.append(args) or record_parameters(*args)
    )
    latentune.search("conv-ae", "digits", ranges={"lr": "1e-3:2e-3"}, trials=1, epochs=1)
    assert len(probed) == 1
