"""Studies and archives that the tests of this folder share."""

import json
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import optuna

NAME = "conv-ae-digits"
FACTS = {
    "recipe": {"model": "conv-ae", "data": "digits"},
    "definition": {"metric": "minimize val_mse"},
    "metrics": {"val_mse": "minimize"},
    "command": "latentune search conv-ae digits",
}
IMPORTED = {"study": NAME, "at": "2026-01-01T00:00:00", "sha256": "0", "by": "0.1.0"}


def study_of(name: str = NAME, runs: str = "runs") -> optuna.Study:
    return optuna.load_study(study_name=name, storage=f"sqlite:///{runs}/studies.db")


def plain(study: optuna.Study) -> list[dict[str, Any]]:
    """What every trial is, beside its number in the database and its pictures."""
    return [
        {n: v for n, v in vars(trial).items() if n not in ("_trial_id", "_system_attrs")}
        for trial in study.trials
    ]


def repacked(change: Callable[[dict[str, bytes]], None], *, honest: bool = True) -> Path:
    """Packs the study again after a change, with a manifest that fits it if it is honest."""
    with zipfile.ZipFile("study.zip") as old:
        files = {name: old.read(name) for name in old.namelist()}
    change(files)
    if honest:
        manifest = json.loads(files["manifest.json"])
        manifest["files"] = {
            name: {"size": len(content), "sha256": sha256(content).hexdigest()}
            for name, content in files.items()
            if name != "manifest.json"
        }
        files["manifest.json"] = json.dumps(manifest).encode()
    with warnings.catch_warnings(), zipfile.ZipFile("evil.zip", "w") as new:
        warnings.simplefilter("ignore")
        for name, content in files.items():
            new.writestr(name.removesuffix("#"), content)
    return Path("evil.zip")


def study_with(**changes: Any) -> Callable[[dict[str, bytes]], None]:
    """Returns a change of entries of study.json; `trial_...` are of its first trial."""

    def change(files: dict[str, bytes]) -> None:
        table = json.loads(files["study.json"])
        for name, value in changes.items():
            of = table["trials"][0] if name.startswith("trial_") else table
            of[name.removeprefix("trial_")] = value
        files["study.json"] = json.dumps(table).encode()

    return change


@contextmanager
def nothing_changes() -> Iterator[None]:
    def files() -> set[Path]:
        passing = ("sweep.lock", "search.lock")
        return {p for p in Path().rglob("*") if p.is_file() and p.name not in passing}

    before = files()
    yield
    assert files() == before
