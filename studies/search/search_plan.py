"""The plan of a search: every default resolved and every input checked."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...storage.lock_wait import hold_lock
from ...storage.runs_folder import Runs
from ...storage.search_lock import SEARCH_LOCK_NAME, search_lock
from ..cluster.ray_cluster import RayCluster
from ..study.build import build_spec
from ..study.module_trust import trusted_modules
from ..study.recipe import Recipe
from ..study.study_spec import StudySpec
from ..transfer.reusable_trials import ReusableTrials


@dataclass(frozen=True)
class SearchPlan:
    """A search before anything is written.

    Attributes:
        name: Name of the study.
        recipe: The model, the data and the options of the study.
        definition: What must agree with the study if it exists.
        trials: Total of trials in the study, over all searches.
        seconds: Time after which no trial starts; None for no limit.
        workers: Number of workers.
        first: Values of the first trials of a new study; empty if the sampler chooses them.
        enqueued_params: Values of trials that run before those of the sampler.
        pruner: A key of `PRUNERS`.
        sampler: A key of `SAMPLERS`.
        runs: The runs folder.
        storage: Optuna URL of the database.
        cluster: The cluster of the workers; None for this machine.
        bucket: The bucket of the pictures; None for the runs folder.
        reusable_trials: Trials that are copied from another study.
        trusted_modules: Modules that files may ask for; see `allow`.
        started_at: Start of the search, in seconds since the epoch.
    """

    name: str
    recipe: Recipe
    definition: Mapping[str, str]
    trials: int
    seconds: float | None
    workers: int
    first: Sequence[Mapping[str, Any]]
    enqueued_params: Sequence[Mapping[str, Any]]
    pruner: str
    sampler: str
    runs: Runs
    storage: str
    cluster: RayCluster | None = None
    bucket: str | None = None
    reusable_trials: ReusableTrials | None = None
    trusted_modules: Sequence[str] = field(default_factory=trusted_modules)
    started_at: float = field(default_factory=time.time)

    @property
    def is_out_of_time(self) -> bool:
        """Whether no worker may start another trial."""
        return self.seconds is not None and time.time() - self.started_at > self.seconds

    def hold_lock(self) -> AbstractContextManager[None]:
        """Holds the lock of all searches in the database."""
        return hold_lock(search_lock(self.storage, self.runs), SEARCH_LOCK_NAME)

    @property
    def progress_arguments(self) -> tuple[str, int, list[str], int]:
        """Name of the study, total of trials, metrics, and epochs of a trial."""
        objective = self.spec.objective
        epochs = objective.max_epochs * objective.n_trainings
        return self.name, self.trials, list(objective.metrics), epochs

    @cached_property
    def spec(self) -> StudySpec:
        """The search space, data and objective; each process builds its own."""
        return build_spec(self.recipe, self.runs)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "spec"}
