"""The precision of the trials, which final training takes over."""

from collections.abc import Callable

import pytest
import torch

import latentune

SMALL = {"epochs": 1, "trials": 1, "batch_size": 400}


def test_trials_have_the_precision_of_their_study_and_final_training_too() -> None:
    exact = latentune.search("conv-ae", "digits", name="exact", **SMALL)
    study = latentune.search("conv-ae", "digits", precision="bf16", **SMALL)
    assert study.trials[0].params == exact.trials[0].params
    assert study.trials[0].value != exact.trials[0].value
    assert study.user_attrs["definition"]["precision"] == "bf16"
    assert "precision" not in exact.user_attrs["definition"]
    assert latentune.verify("conv-ae-digits").reproduced
    options = {"epochs": 1, "pictures": "none"}
    assert latentune.train("conv-ae-digits", **options).metrics["precision"] == "bf16-mixed"
    full = latentune.train("conv-ae-digits", precision="32", **options)
    assert full.metrics["precision"] == "32-true"
    with pytest.raises(latentune.StudyError, match="precision is bf16 there, absent here"):
        latentune.search("conv-ae", "digits", **SMALL)


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_a_precision_that_this_machine_lacks_is_refused(refused: Callable[..., str]) -> None:
    line = refused("search", "conv-ae", "digits", "--precision", 16)
    assert "precision 16 needs a GPU: on the CPU, use bf16 for --precision" in line
