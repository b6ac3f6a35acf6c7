"""A study of your own whose network disturbs its training."""

from pathlib import Path

import optuna
from optuna.trial import TrialState

SPEC = """
import os, shutil, signal, torch
from functools import partial
from pathlib import Path
from latentune import Autoencoder, TensorData, Objective, StudySpec

class Net(Autoencoder):
    def training_step(self, batch, batch_idx):
        {training}
        return super().training_step(batch, batch_idx)

def space(trial, data):
    lr = trial.suggest_float("lr", 1e-4, 1e-2)
    net = Net(data, lr=lr)
    net.number = trial.number if hasattr(trial, "_trial_id") else -1
    return net

digits = partial(TensorData, "digits", batch_size=400)
SPEC = StudySpec("mine", Objective(space, digits, max_epochs={epochs}))
"""


def write_spec(name: str, training: str, epochs: int = 2) -> str:
    """Writes a module whose network runs a statement in each training step; returns its spec."""
    Path(f"{name}.py").write_text(SPEC.format(training=training, epochs=epochs))
    return f"{name}:SPEC"


def trial_states(study: optuna.Study) -> list[TrialState]:
    return [trial.state for trial in study.get_trials(deepcopy=False)]
