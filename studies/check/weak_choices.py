"""Choices that never led to a good trial, and those that were never tried."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial

from ...search_spaces.categorical_choices import choice_labels, is_same_choice
from .checkup import Checkup
from .finding import Finding
from .ranked_trials import rank_trials, single_objective_studies
from .suggested_commands import new_search_command, search_from_command

ENOUGH = 5
"""How often a choice must have been tried before it is called dead. A choice that is as good as
the others is five times in a row not among the best third in 13 % of all cases."""
BEST = 3
"""The best third of the trials are the good ones."""


def choices(checkup: Checkup) -> Iterator[Finding]:
    """Finds choices that were tried and never among the best third of trials, or never tried."""
    for study in single_objective_studies(checkup):
        trials = rank_trials(study)
        good = trials[: max(1, len(trials) // BEST)]
        varied = {
            name: own.choices
            for trial in trials
            for name, own in trial.distributions.items()
            if isinstance(own, CategoricalDistribution) and len(own.choices) > 1
        }
        said, left = [], {}
        for name, of in varied.items():
            words = choice_labels(of)
            tried = Counter(_word(trial, name, words) for trial in trials if name in trial.params)
            best = {_word(trial, name, words) for trial in good if name in trial.params}
            dead = [word for word in words if tried[word] >= ENOUGH and word not in best]
            if dead and sum(tried.values()) > sum(tried[word] for word in dead):
                left[name] = ",".join(word for word in words if word not in dead)
                said += [f"{name}={word} (tried {tried[word]} times)" for word in dead]
            never = [word for word in words if not tried[word]]
            of_it = f"{study.study_name}-{name}"
            if never and sum(tried.values()) >= ENOUGH * len(of):
                yield Finding(
                    "advice",
                    f"{study.study_name} has never tried {name}={', '.join(never)}",
                    new_search_command(study, checkup, {name: ",".join(never)}, "--name", of_it),
                )
        if said:
            yield Finding(
                "advice",
                f"never among the best third of {study.study_name}: {', '.join(said)}",
                search_from_command(study, checkup, left),
            )


def _word(trial: FrozenTrial, name: str, words: Mapping[str, Any]) -> str:
    """Returns what the choice of a trial is called; choices of an older search have no word."""
    value = trial.params[name]
    return next((word for word, choice in words.items() if is_same_choice(choice, value)), "")
