"""Data: what is loaded, how it is split, and what is said when it is not there."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import latentune
from latentune import TensorData
from latentune.models.networks.standardize import Standardize
from latentune.models.pixels import to_float
from latentune.objectives.data.batches import Batches
from latentune.objectives.data.data_error import DataError
from latentune.objectives.data.preparation import splits as memory
from latentune.objectives.data.preparation.hold_out import split_indices
from latentune.objectives.data.sources.source import Source
from latentune.objectives.metrics.nearest_neighbors import few_label_accuracies, knn_accuracy
from latentune.studies.study.study_error import StudyError

from .image_folders import write_images

Cli = Callable[..., Any]


def test_digits_are_whole_and_their_parts_do_not_overlap() -> None:
    splits = TensorData("digits").splits
    parts = [splits.train.inputs, splits.val.inputs, splits.test.inputs]
    assert sum(map(len, parts)) == 1797
    assert all(part.shape[1:] == (1, 8, 8) for part in parts)
    assert all(part.min() == 0 and part.max() == 1 for part in parts)
    rows = torch.cat(parts).flatten(1)
    assert len(rows.unique(dim=0)) == len(rows)


def test_the_split_is_stratified_and_depends_on_the_seed_alone() -> None:
    one, same, other = TensorData("digits"), TensorData("digits"), TensorData("digits", seed=1)
    shares = one.splits.val.targets.bincount() / len(one.splits.val)
    assert ((shares > 0.07) & (shares < 0.13)).all()
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert torch.equal(one.splits.test.inputs, other.splits.test.inputs)
    assert not torch.equal(one.splits.val.inputs, other.splits.val.inputs)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=60), st.integers(0, 5))
def test_any_labels_can_be_split(labels: list[int], seed: int) -> None:
    kept, held = split_indices(torch.tensor(labels), len(labels), 0.1, seed)
    assert sorted(kept + held) == list(range(len(labels)))
    assert kept
    assert held


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 50), st.integers(1, 60), st.booleans())
def test_batches_hold_everything_once(n: int, batch_size: int, shuffle: bool) -> None:
    images, labels = torch.arange(n).float().view(n, 1, 1, 1), torch.arange(n)
    batches = list(loader := Batches((images, labels), batch_size, shuffle))
    assert len(batches) == len(loader)
    assert all(torch.equal(x.flatten(), y.float()) for x, y in batches)
    assert torch.cat([y for _, y in batches]).sort().values.equal(labels)


def test_what_one_process_has_read_another_maps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_splits", {})
    before = memory.read_splits(Source("digits"), 3)
    memory.save_splits(tmp_path / "splits.pt")
    monkeypatch.setattr(memory, "_splits", {})
    monkeypatch.setitem(memory.DATASETS, "digits", None)  # nothing is left to read it with
    memory.load_splits(tmp_path / "splits.pt")
    after = memory.read_splits(Source("digits"), 3)
    for mine, theirs in zip(before[:3], after[:3], strict=True):
        assert torch.equal(mine.inputs, theirs.inputs)
        assert torch.equal(mine.targets, theirs.targets)
    assert (before.spec, before.fingerprint) == (after.spec, after.fingerprint)


def test_small_data_get_small_batches() -> None:
    data = TensorData("digits")
    assert 64 <= len(data.splits.train) / data.batch_size < 80
    assert TensorData("digits", batch_size=7).batch_size == 7
    np.save("few.npy", np.random.default_rng(0).random((30, 8, 8)))
    assert TensorData("few.npy").batch_size == 2  # of one alone, a layer can make no statistics


def test_fashion_mnist_has_its_own_test_part(data_dir: Path) -> None:
    data = TensorData("fashion-mnist", data_dir=data_dir)
    assert [len(part) for part in data.splits[:3]] == [54_000, 6_000, 10_000]
    assert data.spec.shape == (1, 28, 28)
    assert to_float(data.splits.train.inputs).max() == 1
    assert "Sneaker" in data.spec.classes
    assert data.splits.train.targets.bincount().tolist() == [5400] * 10


def test_mnist_is_found_through_the_environment(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENTUNE_DATA", str(data_dir))
    assert len(TensorData("mnist").splits.test) == 10_000


def test_missing_data_say_where_they_were_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.raises(DataError, match=r"(?s)not under .*nowhere.*LATENTUNE_DATA or `data_dir=`"):
        TensorData("fashion-mnist", data_dir=tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_damaged_data_are_named(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (raw / f"{name}-ubyte").write_bytes(b"nonsense")
    with pytest.raises(DataError, match=r"MNIST under .* cannot be read"):
        TensorData("mnist", data_dir=tmp_path)


def test_a_folder_of_images_keeps_its_own_size(tmp_path: Path) -> None:
    write_images(tmp_path / "photos", 20, size=(9, 7))
    data = TensorData(str(tmp_path / "photos"))
    assert data.spec.shape == (3, 7, 9)
    assert data.splits.train.targets is None
    assert [len(part) for part in data.splits[:3]] == [14, 2, 4]
    data.setup("fit")
    (batch,) = next(iter(data.train_dataloader()))
    assert batch.shape == (data.batch_size, 3, 7, 9)
    with Image.open(tmp_path / "photos" / "0.png") as image:
        first = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    everything = torch.cat([part.inputs for part in data.splits[:3]])
    assert (everything == first).flatten(1).all(1).any()


def test_images_of_different_sizes_are_brought_to_one(tmp_path: Path) -> None:
    write_images(tmp_path / "a", 8, size=(20, 30), mode="L")
    write_images(tmp_path / "b", 8, size=(90, 40), mode="L")
    assert TensorData(str(tmp_path)).spec.shape == (1, 64, 64)
    assert TensorData(str(tmp_path), image_size=16).spec.shape == (1, 16, 16)


def test_folders_within_are_classes_and_a_test_folder_is_the_test_part(tmp_path: Path) -> None:
    for seed, part in enumerate(("train", "test")):
        write_images(tmp_path / part / "cats", 15, seed=10 + seed)
        write_images(tmp_path / part / "dogs", 10, seed=20 + seed)
    splits = TensorData(str(tmp_path)).splits
    assert splits.spec.classes == ("cats", "dogs")
    assert splits.test.targets.bincount().tolist() == [15, 10]
    assert len(splits.train) + len(splits.val) == 25


def test_bad_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither a folder of images"):
        TensorData(str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="holds 0 images"):
        TensorData(str(tmp_path))
    write_images(tmp_path, 12)
    (tmp_path / "5.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"5\.png is not an image"):
        TensorData(str(tmp_path))
    whole = (tmp_path / "6.png").read_bytes()
    (tmp_path / "5.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"5\.png is not an image that can be read: "):
        TensorData(str(tmp_path))


def test_a_path_with_the_name_of_a_builtin_set_is_told(caplog: pytest.LogCaptureFixture) -> None:
    Path("wine").mkdir()
    with caplog.at_level("INFO"):
        TensorData("wine", seed=5)
    assert "wine: this is the built-in data set; the path is ./wine" in caplog.text


def test_options_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="batch_size"):
        TensorData("digits", batch_size=0)
    with pytest.raises(DataError, match="`image_size=` must be from 1 to 2048, not 0"):
        TensorData("digits", image_size=0)


def test_any_data_can_have_another_size() -> None:
    small, own = TensorData("digits"), TensorData("digits", image_size=16)
    assert own.spec.shape == (1, 16, 16)
    assert own.fingerprint != small.fingerprint
    assert own.splits.train.inputs.min() >= 0
    assert own.splits.train.inputs.max() <= 1
    coarse = torch.nn.functional.avg_pool2d(own.splits.test.inputs, 2)
    assert (coarse - small.splits.test.inputs).abs().mean() < 0.05


def test_bytes_keep_their_size_in_memory(data_dir: Path) -> None:
    data = TensorData("mnist", data_dir=data_dir, image_size=32)
    assert data.spec.shape == (1, 32, 32)
    assert data.splits.train.inputs.dtype == torch.uint8
    data.setup("fit")
    images, _ = next(iter(data.train_dataloader()))
    assert images.dtype == torch.float32
    assert images.max() <= 1


def test_a_network_can_standardize_what_it_sees() -> None:
    data = TensorData("digits", normalize=True)
    train = data.splits.train.inputs
    assert data.spec.mean == pytest.approx([train.mean().item()], rel=1e-5)
    assert data.spec.std == pytest.approx([train.std().item()], rel=1e-3)
    assert data.fingerprint == TensorData("digits").fingerprint  # the data are the same
    study = latentune.search("dense-ae", "digits", normalize=True, trials=1, epochs=1)
    assert study.user_attrs["definition"]["input"] == "standardized"
    latentune.train("dense-ae-digits", epochs=1)
    model = latentune.load_model("dense-ae-digits")
    seen = next(module for module in model.modules() if isinstance(module, Standardize))
    assert seen.mean.item() == pytest.approx(train.mean().item(), rel=1e-5)
    with pytest.raises(StudyError, match="input is standardized there, absent here"):
        latentune.search("dense-ae", "digits", trials=2, epochs=1)


def test_data_are_shown(cli: Cli, tmp_path: Path) -> None:
    for seed, part in enumerate(("train", "val")):
        write_images(tmp_path / "photos" / part / "cats", 15, seed=seed)
        write_images(tmp_path / "photos" / part / "dogs", 10, seed=seed + 5)
    answer = cli("show", "photos")
    assert answer.code == 0, answer.err
    assert "50 images 3x7x9, 2 classes, train 20 / val 25 / test 5" in answer.out
    assert re.search(r"cats +12 +15 +3", answer.out)
    assert re.search(r"dogs +8 +10 +2", answer.out)
    assert answer.out.endswith("next: latentune search photos\n")
    with Image.open("runs/shown/photos/images.png") as picture:
        assert picture.width > 100
    np.save("rows.npy", np.random.default_rng(0).normal(size=(30, 4)))
    answer = cli("show", "rows.npy")
    assert "30 rows of 4, no classes" in answer.out
    assert re.search(r"all +22 +2 +6", answer.out)
    assert answer.out.endswith("next: latentune search rows.npy\n")


def test_neighbors_judge_codes_in_trials_and_in_final_training() -> None:
    study = latentune.search("conv-ae", "digits", objectives=["probe"], trials=2, epochs=2)
    assert list(study.user_attrs["metrics"]) == ["val_probe"]
    assert study.direction.name == "MAXIMIZE"
    latentune.train("conv-ae-digits", epochs=2, pictures="none")
    metrics = latentune.train("conv-ae-digits", epochs=2, pictures="none").metrics
    assert 0.2 < metrics["test_probe"] < 1
    model, splits = latentune.load_model("conv-ae-digits"), TensorData("digits").splits
    with torch.inference_mode():
        known, asked = model.encode(splits.train.inputs), model.encode(splits.test.inputs)
    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(0))[:1000]
    found = few_label_accuracies(
        known[order], splits.train.targets[order], asked, splits.test.targets
    )
    assert metrics["test_probe"] == pytest.approx(np.mean(found), abs=1e-6)
    assert 0 < np.std(found) < 0.1


def test_neighbors_of_classes_that_lie_apart_are_right() -> None:
    classes = torch.arange(300) % 3
    codes = torch.randn(300, 2) + 100 * classes[:, None]
    assert few_label_accuracies(codes, classes, codes, classes) == [1.0] * 10
    strange = codes[:, :1] * 0
    found = few_label_accuracies(strange, classes, strange, classes)
    assert np.mean(found) == pytest.approx(1 / 3, abs=0.01)
    few = knn_accuracy(codes[:9], classes[:9], codes, classes, neighbors=3)
    assert few == 1, "three of each class are known"
    assert knn_accuracy(codes[:4], classes[:4], codes, classes, neighbors=4) < 0.4


def test_data_without_labels_have_no_neighbors(tmp_path: Path) -> None:
    write_images(tmp_path / "photos", 20)
    with pytest.raises(DataError, match="photos has no labels to learn from"):
        latentune.search("conv-ae", "photos", objectives=["probe"], trials=1, epochs=1)
