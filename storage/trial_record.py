"""The typed record that Latentune keeps on a trial, in the user attributes of the trial."""

from typing import Annotated, Any

import optuna
from optuna.trial import BaseTrial, FrozenTrial
from pydantic import Field

from .optuna_internals import write_trial_attributes
from .record import Record
from .study_record import Count, Origin


class Provenance(Record):
    """The facts that must be equal for a training to repeat its numbers.

    Attributes:
        seed: Seed of the training.
        data_fingerprint: Hash of the data; None if the data module has none.
        git_commit: Commit of the working folder; empty outside of a git repository.
        versions: Versions of Python and of the libraries.
        threads: Number of threads of PyTorch on the CPU.
        device: Name of the GPU, or `cpu`.
        cpu: Name of the CPU and its instructions.
    """

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    data_fingerprint: str | None = None
    git_commit: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    threads: int | None = None
    device: str | None = None
    cpu: str | None = None


class TrainingResult(Record):
    """The result of one of several trainings of a trial.

    Attributes:
        values: The values of the optimized metrics.
        epochs: Number of epochs.
        best_epoch: The epoch with these values, counted from 1; -1 if no epoch was finished.
    """

    values: list[float]
    epochs: Count
    best_epoch: Annotated[int, Field(ge=-1, lt=2**31)]


class TrialRecord(Record, extra="ignore"):
    """Latentune's record on a trial. Every field is a user attribute of the same name.

    Attributes:
        parameters: Number of trained weights of the model.
        hparams: All options that the model was created with.
        provenance: The facts that must be equal to repeat the numbers of the trial.
        epochs: Number of epochs that the trial was trained for.
        best_epoch: The epoch with the trial's value, counted from 1. If the trial has several
            trainings, the mean of their best epochs.
        trainings: Results of the finished trainings, if the trial has several.
        spread: Standard deviation of each metric over several trainings.
        time_limit: The time limit in seconds that has ended a training of the trial.
        pruned_at: The step at which the pruner decided to stop the trial.
        stopped: Why the trial ended, or why it waits to be resumed.
        failure: Path of the file with the traceback, relative to the runs folder.
        worker_failures: For each process that died while it ran the trial, the trial's last
            epoch; None if several processes died at once.
        origin: The study and trial from which the trial was copied.
        learned_from: The study and trial whose parameters the trial tries.
        costs: The costs of the network that the study limits or minimizes, such as `macs`.
        rejected: Whether a cost exceeds its limit. Such a trial is in the state FAIL: it was not
            trained, and it does not count towards the total of the study.
    """

    parameters: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    hparams: dict[str, Any] | None = None
    provenance: Provenance | None = None
    epochs: Count | None = None
    best_epoch: Annotated[int, Field(ge=-1, lt=2**31)] | None = None
    trainings: list[TrainingResult] = Field(default_factory=list)
    spread: list[float] | None = None
    time_limit: Annotated[float, Field(gt=0)] | None = None
    pruned_at: Count | None = None
    stopped: str = ""
    failure: str | None = None
    worker_failures: list[Count | None] = Field(default_factory=list)
    origin: Origin | None = None
    learned_from: Origin | None = None
    costs: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    rejected: bool = False


def read_trial_record(trial: BaseTrial) -> TrialRecord:
    """Returns Latentune's record on a trial, without user attributes that are not valid."""
    return TrialRecord.parse_valid(trial.user_attrs)


def write_trial_record(trial: BaseTrial, record: TrialRecord) -> None:
    """Writes a record, except fields that were not set, to a running trial."""
    for name, value in record.to_table().items():
        trial.set_user_attr(name, value)


def amend_trial_record(study: optuna.Study, trial: FrozenTrial, record: TrialRecord) -> None:
    """Writes a record, except fields that were not set, to a trial of any process."""
    write_trial_attributes(study, trial, record.to_table())
