"""Garbage is not collected during imports, and is collected in all that follows."""

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import latentune
from latentune.storage.storage_error import StorageError
from latentune.studies.study import garbage_collection as collection

SPEC = """
import gc
from functools import partial
from pathlib import Path
from latentune import Objective, StudySpec, TensorData
from latentune.search_spaces.autoencoder_spaces import conv_ae

def space(trial, data):
    with Path("collects").open("a") as file:
        file.write(f"{gc.isenabled()}\\n")
    return conv_ae(trial, data)

SPEC = StudySpec("mine", Objective(space, partial(TensorData, "digits"), max_epochs=1))
"""
COMMAND = """
import gc, sys
from latentune.studies.cli.app import run_process

class Finder:
    def find_spec(self, name, path=None, target=None):
        assert name != "torch" or not gc.isenabled()

sys.meta_path.insert(0, Finder())
sys.argv = "latentune search mine:SPEC --trials 2 --workers 2".split()
run_process()
"""


@pytest.fixture
def _delayed() -> Iterator[None]:
    was_enabled = gc.isenabled()
    collection.delay_garbage_collection()
    yield
    collection.start_garbage_collection()
    assert gc.isenabled() == was_enabled


@pytest.mark.usefixtures("_delayed")
def test_a_public_function_collects_garbage() -> None:
    assert not gc.isenabled()
    with pytest.raises(StorageError):
        latentune.load_best("nothing")
    assert gc.isenabled()


def test_who_has_turned_collection_off_keeps_it_off() -> None:
    gc.disable()
    try:
        collection.start_garbage_collection()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_search_and_its_workers_collect_garbage() -> None:
    Path("mine.py").write_text(SPEC)
    subprocess.run([sys.executable, "-c", COMMAND], check=True)
    states = Path("collects").read_text().split()
    assert set(states) == {"True"}
