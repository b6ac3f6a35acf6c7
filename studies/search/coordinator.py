"""The head of a search: the process that the user has started, and what it does on what it hears.

Trials may run in it, in processes beside it, or on other machines: it alone writes files, says
what happens, and calls what the user wants to be called.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from ...storage.database import GRACE_S
from ...storage.resume_checkpoints import remove_resume_checkpoint
from ...storage.runs_folder import write_text
from .search_plan import SearchPlan

TrialCallback = Callable[[optuna.Study, FrozenTrial], None]

log = logging.getLogger(__name__)


@dataclass
class Coordinator:
    """Handles each message of a process that runs trials; `WorkerContext` lists the kinds.

    Attributes:
        study: The study.
        plan: The search.
        callbacks: Called with the study and each trial that has finished in this search.
    """

    study: optuna.Study
    plan: SearchPlan
    callbacks: Sequence[TrialCallback]

    def handle(self, kind: str, content: Any) -> None:
        """Does what has to be done; a trial that starts needs nothing."""
        match kind:
            case "finished":
                remove_resume_checkpoint(self.plan.runs, self.plan.name, content)
                trial = self.study.get_trials(deepcopy=False)[content]
                for callback in self.callbacks:
                    callback(self.study, trial)
            case "error":
                number, text = content
                write_text(self.plan.runs.failure(self.plan.name, number), text)
            case "waiting":
                numbers = ", ".join(map(str, sorted(content)))
                why = f"it runs elsewhere, or died less than {GRACE_S} s ago"
                log.info("waiting for trial %s: %s", numbers, why)
