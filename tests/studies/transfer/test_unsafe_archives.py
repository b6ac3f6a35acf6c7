"""Archives that are damaged or not safe are refused, and change nothing."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import latentune
from latentune.storage import archive
from latentune.storage.storage_error import StorageError
from latentune.studies.study.study_error import StudyError

from .archives import FACTS, nothing_changes, repacked, study_with

Cli = Callable[..., Any]
Refused = Callable[..., str]


@pytest.mark.parametrize(
    "name",
    [
        *("../evil", "/etc/evil", "study/../../evil", "study\\evil", "C:evil", "study/con.txt"),
        *("study/a\n", "study/evil.", "study/BEST.toml", "study/best.toml#", "study/best.toml/a"),
        *(
            "other/evil",
            "encoder/evil",
            "artifacts/evil",
            "study/final/codes-1.npy",
            "study/final-partial/last.ckpt",
        ),
        *("study/.best.toml.partial", f"study/{'a' * 300}"),
    ],
)
def test_names_that_are_not_to_be_trusted_are_refused(packed: Path, name: str) -> None:
    evil = repacked(lambda files: files.update({name: b"evil"}))
    with nothing_changes(), pytest.raises(StorageError, match=r"evil\.zip"):
        latentune.import_(evil)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "format: input should be 1"),
        ({"name": "../up"}, "cannot name a study"),
        ({"directions": []}, "directions: list should have at least 1 item"),
        ({"user_attrs": {}}, "has no 'command'"),
        ({"user_attrs": {**FACTS, "recipe": {"model": "conv-ae", "seed": -1}}}, "seed must be"),
        ({"system_attrs": {"dashboard:note_ver": "x"}}, "dashboard:note_ver: "),
        ({"trials": [3]}, "is not a study that"),
        ({"trial_number": 1}, "trial 0 is missing"),
        ({"trial_state": "RUNNING"}, "state: input should be"),
        ({"trial_values": None}, "values"),
        ({"trial_params": {}}, "Inconsistent"),
        ({"trial_started": "2026-01-01T00:00:00+00:00"}, "time zone"),
        ({"trial_started": "0001-01-01T00:00:00"}, "its year is not from 1970"),
        ({"trial_system_attrs": {"constraints": "x"}}, "constraints: "),
        ({"trial_user_attrs": {"a": "\ud800"}}, "surrogates"),
    ],
)
def test_a_study_that_is_none_is_refused(
    packed: Path, changes: dict[str, Any], message: str
) -> None:
    evil = repacked(study_with(**changes))
    with nothing_changes(), pytest.raises((StorageError, StudyError), match=message):
        latentune.import_(evil)


def deep(files: dict[str, bytes]) -> None:
    files["study.json"] = b"[" * 100_000


def heavy(files: dict[str, bytes]) -> None:
    torch.save({"latentune": Path("evil")}, "heavy.ckpt")
    files["study/final/model.ckpt"] = Path("heavy.ckpt").read_bytes()


@pytest.mark.parametrize(
    ("change", "honest", "message"),
    [
        (lambda files: files.update({"study/best.toml": b"evil"}), False, "not the file that was"),
        (lambda files: files.pop("study/best.toml"), False, "lacks 'study/best.toml'"),
        (lambda files: files.update({"study/a": b""}), False, "contains 'study/a', which"),
        (lambda files: files.pop("manifest.json"), False, "has no manifest.json"),
        (lambda files: files.update({"manifest.json": b"{}"}), False, "format 1"),
        (lambda files: files.pop("study.json"), True, "has no study.json"),
        (lambda files: files.update({"study/best.toml": b"evil"}), True, "not a complete TOML"),
        (heavy, True, "not a checkpoint that can be read safely"),
        (deep, True, "nested too deeply"),
    ],
)
def test_files_that_are_not_what_they_say_are_refused(
    packed: Path, change: Any, honest: bool, message: str
) -> None:
    evil = repacked(change, honest=honest)
    Path("heavy.ckpt").unlink(missing_ok=True)
    with nothing_changes(), pytest.raises(StorageError, match=message):
        latentune.import_(evil)


def test_bombs_links_and_what_is_no_zip_are_refused(
    packed: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    Path("no.zip").write_text("no zip")
    assert "not a readable zip" in refused("import", "no.zip")
    Path("half.zip").write_bytes(packed.read_bytes()[:-500])
    assert "half.zip" in refused("import", "half.zip")  # a checkpoint in it is a zip too
    damaged = bytearray(packed.read_bytes())
    damaged[len(damaged) // 2] ^= 255
    Path("damaged.zip").write_bytes(damaged)
    assert "damaged.zip" in refused("import", "damaged.zip")
    with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        for number in range(2):
            bomb.writestr(f"study/{number}", bytes(archive.RATIO_EXEMPT_BYTES))
    assert "would unpack to 128 MiB" in refused("import", "bomb.zip")
    with zipfile.ZipFile("link.zip", "w") as link:
        info = zipfile.ZipInfo("study/link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        link.writestr(info, "/etc")
    assert "not to be trusted" in refused("import", "link.zip")
    for bound in ("MAX_TOTAL_BYTES", "MAX_FILE_BYTES", "MAX_JSON_BYTES", "MAX_FILES"):
        with monkeypatch.context() as patch:
            patch.setattr(archive, bound, 10)
            assert "study.zip" in refused("import", packed)
