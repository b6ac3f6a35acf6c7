"""Choices of categorical parameters that never led to a good trial, or were never tried."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial

from ...search_spaces.distributions import choice_labels, is_same_choice
from .checkup import Checkup
from .finding import Finding
from .ranked_trials import rank_trials, single_objective_studies
from .suggested_commands import search_command

MIN_TRIALS = 5
"""How many trials a choice must have had to be called weak. A choice that is as good as the others
misses the best third five times in a row with a probability of 13 %."""


def find_weak_choices(checkup: Checkup) -> Iterator[Finding]:
    """Finds choices that were tried and never among the best third of trials, or never tried."""
    for study in single_objective_studies(checkup):
        trials = rank_trials(study)
        best_third = trials[: max(1, len(trials) // 3)]
        distributions = {n: d for trial in trials for n, d in trial.distributions.items()}
        described, remaining = [], {}
        for name, distribution in distributions.items():
            if not isinstance(distribution, CategoricalDistribution) or distribution.single():
                continue
            words = choice_labels(distribution.choices)
            tried = _count_choices(trials, name, words)
            good = _count_choices(best_third, name, words)
            weak = [word for word in words if tried[word] >= MIN_TRIALS and not good[word]]
            if weak and tried.total() > sum(tried[word] for word in weak):
                remaining[name] = ",".join(word for word in words if word not in weak)
                described += [f"{name}={word} (tried {tried[word]} times)" for word in weak]
            untried = [word for word in words if not tried[word]]
            if untried and tried.total() >= MIN_TRIALS * len(words):
                new_name = f"{study.study_name}-{name}"
                yield Finding(
                    "advice",
                    f"{study.study_name} has never tried {name}={', '.join(untried)}",
                    search_command(study, checkup, {name: ",".join(untried)}, "--name", new_name),
                )
        if described:
            yield Finding(
                "advice",
                f"never among the best third of {study.study_name}: {', '.join(described)}",
                search_command(study, checkup, remaining, "--from", study.study_name),
            )


def _count_choices(trials: list[FrozenTrial], name: str, words: Mapping[str, Any]) -> Counter[str]:
    """Returns how many trials have each choice of a parameter, by its word."""
    values = [trial.params[name] for trial in trials if name in trial.params]
    return Counter(
        word for value in values for word, choice in words.items() if is_same_choice(choice, value)
    )
