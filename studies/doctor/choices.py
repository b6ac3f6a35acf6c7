"""Choices that never led to a good trial, and those that were never tried."""

from collections import Counter
from collections.abc import Iterator

from optuna.distributions import CategoricalDistribution

from .case import Case
from .commands import begin_anew, go_on
from .finding import Finding
from .ranking import comparable, ranked

ENOUGH = 5
"""How often a choice must have been tried before it is called dead. A choice that is as good as
the others is five times in a row not among the best third in 13 % of all cases."""
BEST = 3
"""The best third of the trials are the good ones."""


def choices(case: Case) -> Iterator[Finding]:
    """Finds choices that were tried and never among the best third of trials, or never tried."""
    for study in comparable(case):
        trials = ranked(study)
        good = trials[: max(1, len(trials) // BEST)]
        varied = {
            name: own.choices
            for trial in trials
            for name, own in trial.distributions.items()
            if isinstance(own, CategoricalDistribution) and len(own.choices) > 1
        }
        said, left = [], {}
        for name, of in varied.items():
            tried = Counter(trial.params[name] for trial in trials if name in trial.params)
            best = {trial.params.get(name) for trial in good}
            dead = [c for c in of if tried[c] >= ENOUGH and c not in best]
            if dead and sum(tried.values()) > sum(tried[c] for c in dead):
                left[name] = ",".join(str(c) for c in of if c not in dead)
                said += [f"{name}={c} (tried {tried[c]} times)" for c in dead]
            never = [str(c) for c in of if not tried[c]]
            of_it = f"{study.study_name}-{name}"
            if never and sum(tried.values()) >= ENOUGH * len(of):
                yield Finding(
                    "advice",
                    f"{study.study_name} has never tried {name}={', '.join(never)}",
                    begin_anew(study, case, {name: ",".join(never)}, "--name", of_it),
                )
        if said:
            yield Finding(
                "advice",
                f"never among the best third of {study.study_name}: {', '.join(said)}",
                go_on(study, case, left),
            )
