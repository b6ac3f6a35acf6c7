"""Studies of each role, searched and trained once, for the tests of predictions."""

import shutil
from pathlib import Path

import pytest

import latentune

from ...given import houses, take
from ...shared_folders import shared_folder


@pytest.fixture(scope="session")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_folder(tmp_path_factory, "asked", _fill)


def _fill(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for seed, (name, value) in enumerate({"dark": 0, "light": 190}.items()):
            take(f"photos/{name}", 20, value, seed=seed)
        houses("houses.csv", 60)
        Path("names").mkdir()
        Path("names/Greek.txt").write_text("Adamou\nBanos\nSamaras\nVallas\nKalonas\n" * 4)
        Path("names/Polish.txt").write_text("Wójcik\nKrol\nDudek\nGorska\nZielinski\n" * 4)
        for model, data, options in (
            ("mlp", "photos", {"image_size": 8}),
            ("dense-ae", "photos", {"image_size": 8, "augment": "crop"}),
            ("logistic-regression", "houses.csv", {}),
            ("name-rnn", "names", {"ranges": {"hidden": "4"}}),
            ("siamese", "digits", {"ranges": {"width": "0.1"}}),
        ):
            latentune.search(model, data, trials=1, epochs=1, **options)
            latentune.train(f"{model}-{Path(data).stem}", epochs=2, pictures="none")


@pytest.fixture
def asked(studies: Path, tmp_path: Path) -> Path:
    """The working folder, with a study of each role: trained, beside its data."""
    shutil.copytree(studies, tmp_path, dirs_exist_ok=True)
    return tmp_path
