"""The coordinator of a search: the process that the user started."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from ...storage.atomic_write import write_text
from ...storage.database import GRACE_S, check_file_identity, file_identity
from ...storage.resume_checkpoints import remove_resume_checkpoint
from .search_plan import SearchPlan

TrialCallback = Callable[[optuna.Study, FrozenTrial], None]

log = logging.getLogger(__name__)


@dataclass
class Coordinator:
    """Handles the messages of the workers.

    Trials run in this process, in other processes or on other machines. Only the coordinator
    writes files of the study, logs, and calls the user's callbacks.

    Attributes:
        study: The study.
        plan: The search.
        callbacks: Called with the study and each trial that finishes in this search.
    """

    study: optuna.Study
    plan: SearchPlan
    callbacks: Sequence[TrialCallback]
    _identity: Any = field(init=False)

    def __post_init__(self) -> None:
        self._identity = file_identity(self.plan.storage)

    def check_database(self) -> None:
        """Raises DatabaseLostError if the database was deleted or replaced."""
        check_file_identity(self.plan.storage, self._identity)

    def handle(self, kind: str, content: Any) -> None:
        """Handles a message of a worker.

        Args:
            kind: `started` or `finished` with the number of a trial; `waiting` with the numbers
                of the trials elsewhere that the worker waits for; `error` with the number of a
                trial and the traceback of the error that ended it. Others need no action here.
            content: The content of the message.
        """
        match kind:
            case "finished":
                remove_resume_checkpoint(self.plan.runs, self.plan.name, content)
                trial = self.study.get_trials(deepcopy=False)[content]
                for callback in self.callbacks:
                    callback(self.study, trial)
            case "error":
                number, traceback = content
                write_text(self.plan.runs.failure(self.plan.name, number), traceback)
            case "waiting":
                log.info(
                    "waiting for trial %s: another process runs it, or died less than %s s ago",
                    ", ".join(map(str, sorted(content))),
                    GRACE_S,
                )
