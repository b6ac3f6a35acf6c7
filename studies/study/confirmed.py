"""What confirming leaves on a study: the value of each training, and in the end what they say."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import optuna
from optuna.study import StudyDirection

TRAININGS, CONFIRMED = "confirming", "confirmed"
NUMBER = (int, float)


@dataclass(frozen=True)
class Confirmed:
    """The configuration that was found to be the best one.

    Attributes:
        trial: Number of the trial.
        monitor: Name of the metric, on the validation part.
        mean: Its mean over all seeds.
        std: Its standard deviation.
        seeds: How many there were.
        searched: The best value that the search had found by then.
    """

    trial: int
    monitor: str
    mean: float
    std: float
    seeds: int
    searched: float

    @classmethod
    def of(cls, study: optuna.Study) -> Self | None:
        """Returns what has been confirmed in a study; None if nothing has, or others wrote it."""
        found = study.user_attrs.get(CONFIRMED)
        known: dict[str, Any] = {
            f.name: NUMBER if f.type is float else f.type for f in fields(cls)
        }
        if not isinstance(found, dict) or found.keys() != known.keys():
            return None
        whole = all(isinstance(found[name], kind) for name, kind in known.items())
        return cls(**found) if whole else None

    def keep(self, study: optuna.Study) -> None:
        """Records it on the study, whose best configuration it then is."""
        study.set_user_attr(CONFIRMED, asdict(self))

    def __str__(self) -> str:
        return (
            f"trial {self.trial} is confirmed: {self.monitor} {self.mean:.4g} ± {self.std:.2g} "
            f"over {self.seeds} seeds"
        )


def describe_confirmed(study: optuna.Study) -> list[str]:
    """Returns what is confirmed in a study, and whether the search has gone beyond it since."""
    confirmed = Confirmed.of(study)
    if confirmed is None:
        return []
    best, before = study.best_value, confirmed.searched
    lower = study.direction == StudyDirection.MINIMIZE
    if best == before or lower != (best < before):
        return [str(confirmed)]
    beyond = f"trial {study.best_trial.number} has {best:.4g} since, and the best had {before:.4g}"
    return [f"{confirmed}; {beyond}: latentune confirm {study.study_name}"]


def read_trainings(study: optuna.Study) -> dict[tuple[int, int], float | None]:
    """Returns what is known of trainings: the metric by trial and seed, None if it diverged."""
    kept: Mapping[str, Mapping[str, Any]] = study.user_attrs.get(TRAININGS, {})
    return {
        (int(trial), int(seed)): value
        for trial, of_seeds in kept.items()
        for seed, value in of_seeds.items()
    }


def record_training(study: optuna.Study, trial: int, seed: int, value: float | None) -> None:
    """Records what a training has come to, before the next one begins."""
    kept = study.user_attrs.get(TRAININGS, {})
    of_trial = kept.get(str(trial), {}) | {str(seed): value}
    study.set_user_attr(TRAININGS, kept | {str(trial): of_trial})
