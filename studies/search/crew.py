"""The workers of a search: who runs which trial, who has died, and what goes on later."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from filelock import Timeout
from optuna.trial import FrozenTrial

from ...storage.database import HEARTBEAT_S, check_file_identity, file_identity, write_heartbeats
from ...storage.lock_wait import hold_lock
from ...storage.search_lock import SEARCH_LOCK_NAME, Lock
from ..study.study_error import StudyError
from .engine import Engine
from .head import Head
from .retries import finished, put_back_dead, requeue

DEATHS = 4  # one more than a point may cost
LOCK_S = 1
TOGETHER_S = 0.3  # in which those die that something else has killed together

log = logging.getLogger(__name__)


@dataclass
class Crew:
    """The workers of one search, as its head sees them.

    Attributes:
        head: What is done with what they tell.
        stop: Set when training is to end.
        engine: How they are reached.
        lock: The lock that they choose their trials under.
    """

    head: Head
    stop: threading.Event
    engine: Engine
    lock: Lock
    trials: dict[int, int | None] = field(default_factory=dict)  # what each worker runs now
    dead: dict[int, str] = field(default_factory=dict)  # what those died of that have to be buried
    deaths: int = 0
    error: Exception | None = None
    awaited: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Starts the workers and follows them until all have left.

        Raises:
            StudyError: If workers die again and again, and finish no trial between.
            DatabaseLost: If the database was deleted or replaced meanwhile.
            Exception: What a worker could not go on after.
        """
        plan, study = self.head.plan, self.head.study
        with hold_lock(self.lock, SEARCH_LOCK_NAME):
            left = plan.trials - len(finished(requeue(study)))
        for index in range(min(left, plan.workers)):
            self._start(index)
        asked, known, beaten = False, file_identity(plan.storage), 0.0
        while self.trials or self.dead:
            check_file_identity(plan.storage, known)
            if self.stop.is_set() and not asked:
                asked = True
                self.engine.ask_to_stop()
            for index, word, content in self.engine.listen(0.2):
                self._hear(index, word, content)
            if self.dead:
                time.sleep(TOGETHER_S)
                for index, word, content in self.engine.listen(0):
                    self._hear(index, word, content)
                self._bury()
            if self.engine.mute and time.monotonic() - beaten > HEARTBEAT_S:
                beaten = time.monotonic()
                self._beat()
        if self.error is not None:
            raise self.error

    def _start(self, index: int) -> None:
        self.engine.start(index)
        self.trials[index] = None

    def _hear(self, index: int, word: str, content: Any) -> None:
        match word:
            case "started":
                self.trials[index] = content
                if self.engine.mute:  # of an earlier begin, it may be said to be silent
                    self._say_alive({content})
            case "finished":
                self.trials[index], self.deaths = None, 0
            case "waiting":
                elsewhere = set(content) - set(self.trials.values())
                if not elsewhere - self.awaited:
                    return
                self.awaited = elsewhere
                content = elsewhere
            case "failed":
                self.error = self.error or content
                self.stop.set()
            case "left":
                del self.trials[index]
            case "died":
                self.dead[index] = content
        self.head.hear(word, content)

    def _say_alive(self, numbers: set[int]) -> None:
        trials: Sequence[FrozenTrial] = self.head.study.get_trials(deepcopy=False)
        write_heartbeats(self.head.study, [trial for trial in trials if trial.number in numbers])

    def _bury(self) -> None:
        """Lets the trials of those that died together go on, and others take their places."""
        trials = [n for n in (self.trials[index] for index in self.dead) if n is not None]
        if trials:
            try:
                self.lock.acquire(timeout=LOCK_S)
            except Timeout:  # who holds it may be dead too: that is heard first
                return
            try:
                put_back_dead(self.head.study, trials)
            finally:
                self.lock.release()
        dead, self.dead = self.dead, {}
        for index, how in dead.items():
            trial = self.trials.pop(index)
            again = "" if trial is None else f"; its trial {trial} goes on later"
            log.warning("worker %s died (%s)%s", index, how, again)
        self.deaths += 1
        if self.deaths == DEATHS:
            self.error = self.error or StudyError(
                f"workers died {DEATHS} times before any of them finished a trial, the last by "
                f"{how}; if memory ran out, try fewer by `workers=`"
            )
            self.stop.set()
        if not self.stop.is_set():
            for index in dead:
                self._start(index)

    def _beat(self) -> None:
        """Says which trials are alive, and lets those wait again that are nobody's."""
        self._say_alive({number for number in self.trials.values() if number is not None})
        try:
            self.lock.acquire(timeout=LOCK_S)
        except Timeout:
            return
        try:
            requeue(self.head.study)
        finally:
            self.lock.release()
