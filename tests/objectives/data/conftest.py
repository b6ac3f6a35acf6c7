"""Folders of photographs."""

from pathlib import Path

import pytest

from latentune.objectives.data.sources import image_files

from .photo_files import take


@pytest.fixture
def photos() -> Path:
    """Ants and bees; one in four is gray."""
    for seed, name in enumerate(("ants", "bees")):
        take(Path("photos") / name, 18 + 2 * seed, seed=seed)
        take(Path("photos") / name / "old", 6, "L", seed=9 + seed)
    return Path("photos")


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is more than a few images counts as large."""
    monkeypatch.setattr(image_files, "MAX_BYTES_IN_MEMORY", 10_000)
