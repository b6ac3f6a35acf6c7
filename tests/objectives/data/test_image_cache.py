"""Images of folders are decoded once."""

import os
from pathlib import Path

import pytest
from PIL import Image

import latentune
from latentune.objectives.data.preparation import splits as memory
from latentune.search_spaces.space_errors import SpaceError

from .image_folders import write_images


def opened(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The image files that are opened from now on."""
    files: list[object] = []
    real = Image.open
    watched = lambda path, **how: files.append(path) or real(path, **how)  # noqa: E731
    monkeypatch.setattr(Image, "open", watched)
    monkeypatch.setattr(memory, "_splits", {})
    return files


def test_a_folder_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_images(tmp_path / "photos" / "a", 20)
    write_images(tmp_path / "photos" / "b", 20, seed=1)
    options = {"trials": 1, "epochs": 1, "workers": 1}
    first = latentune.search("conv-ae", "photos", **options)
    files = opened(monkeypatch)
    again = latentune.search("conv-ae", "photos", name="again", **options)
    assert files == []
    assert again.user_attrs["definition"]["split"] == first.user_attrs["definition"]["split"]
    assert again.best_value == first.best_value
    write_images(tmp_path / "photos" / "a", 1, seed=9)  # one has changed
    monkeypatch.setattr(memory, "_splits", {})
    changed = latentune.search("conv-ae", "photos", name="changed", **options)
    assert files != []
    assert changed.user_attrs["definition"]["split"] != first.user_attrs["definition"]["split"]
    assert len(list(Path("runs/cache/folders").iterdir())) == 2  # pixels, and which are equal


def test_what_was_kept_of_a_folder_may_be_cut_or_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_images(tmp_path / "photos", 20)
    latentune.show("photos")
    _, kept = sorted(Path("runs/cache/folders").iterdir(), key=os.path.getsize)
    for damage in (lambda: kept.write_bytes(kept.read_bytes()[:99]), kept.unlink):
        damage()
        files = opened(monkeypatch)
        latentune.show("photos")
        assert len(files) == 40  # once for its size, once for its pixels
        assert kept.exists()


def test_a_command_that_is_refused_keeps_nothing(tmp_path: Path) -> None:
    write_images(tmp_path / "photos", 20)
    with pytest.raises(SpaceError):
        latentune.search("conv-ae", "photos", ranges={"latent_dimm": "2"})
    assert not Path("runs").exists()
