"""What failed trials have in common: a rule about one parameter that others do not fulfill."""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

from ...search_spaces.distributions import choice_labels, is_same_choice
from ...storage.study_summary import format_value
from ...storage.trial_outcome import OUT_OF_MEMORY, finished_trials, stop_reason
from ...storage.trial_record import read_trial_record

SUCCESSFUL = (TrialState.COMPLETE, TrialState.PRUNED)
MIN_SEPARATION = 0.7
"""Least difference between the share of failed trials and the share of others in a rule."""
MAX_CHANCE = 0.05
"""Greatest probability that any rule separates the trials so well if failures are random."""
WEIGHTS = "number of weights"


@dataclass(frozen=True)
class Rule:
    """A statement about one parameter, which some trials fulfill.

    Attributes:
        text: The statement, such as `width >= 2.9`.
        failed: Number of failed trials that fulfill it.
        others: Number of other trials that fulfill it.
    """

    text: str
    failed: int
    others: int


def group_by_reason(failed: Sequence[FrozenTrial]) -> list[list[FrozenTrial]]:
    """Returns failed trials in a list for each reason, the most frequent reason first.

    Reasons that differ only in their numbers are equal.
    """
    groups: dict[str, list[FrozenTrial]] = {}
    for trial in failed:
        pattern = re.sub(r"[\d.,]*\d", "#", stop_reason(trial))
        groups.setdefault(pattern, []).append(trial)
    return sorted(groups.values(), key=len, reverse=True)


def describe_causes(trials: Sequence[FrozenTrial]) -> list[str]:
    """Returns a line for each reason of failure with a rule that separates its trials well."""
    failed = [trial for trial in finished_trials(trials) if trial.state == TrialState.FAIL]
    ran = [trial for trial in trials if trial.state in SUCCESSFUL]
    lines = []
    for group in group_by_reason(failed):
        rule = find_rule(group, ran)
        if rule is not None:
            inside = rule.failed + rule.others
            outside = len(group) + len(ran) - inside
            lines.append(
                f"{len(group)} trials {_describe_reason(group[-1])}: {rule.text} (of {inside} "
                f"such trials {rule.failed} failed; of {outside} others "
                f"{len(group) - rule.failed})"
            )
    return lines


def _describe_reason(trial: FrozenTrial) -> str:
    reason = stop_reason(trial)
    return "ran out of memory" if reason.startswith(OUT_OF_MEMORY) else f"failed ({reason})"


def find_rule(failed: Sequence[FrozenTrial], ran: Sequence[FrozenTrial]) -> Rule | None:
    """Returns the rule that best separates failed trials from those that ran, or None.

    A rule is that a parameter, or the number of weights, has at least or at most some value, or
    that a parameter has some choice. The best one has the greatest difference between the share of
    the failed trials and the share of the others that fulfill it. It is returned if this
    difference is at least 0.7, and if Fisher's exact test, corrected for the number of rules,
    gives less than 0.05.
    """
    rules = list(_possible_rules(failed, ran))
    if not rules or not ran:
        return None

    def separation(rule: Rule) -> float:
        return rule.failed / len(failed) - rule.others / len(ran)

    best = max(rules, key=separation)
    chance = len(rules) * _fisher_probability(best, len(failed), len(ran))
    return best if separation(best) >= MIN_SEPARATION and chance < MAX_CHANCE else None


def _possible_rules(failed: Sequence[FrozenTrial], ran: Sequence[FrozenTrial]) -> Iterator[Rule]:
    distributions = {n: d for trial in failed for n, d in trial.distributions.items()}
    for name, distribution in distributions.items():
        groups = [[t.params[name] for t in group if name in t.params] for group in (failed, ran)]
        if isinstance(distribution, CategoricalDistribution):
            for label, choice in choice_labels(distribution.choices).items():
                counts = [sum(is_same_choice(v, choice) for v in group) for group in groups]
                yield Rule(f"{name} = {label}", *counts)
        else:
            yield from _possible_limits(name, *groups)
    weights = [[read_trial_record(trial).parameters for trial in group] for group in (failed, ran)]
    yield from _possible_limits(
        WEIGHTS, *([w for w in group if w is not None] for group in weights)
    )


def _possible_limits(
    name: str, failed: Sequence[float], others: Sequence[float]
) -> Iterator[Rule]:
    """Yields the rules that a parameter is at least, or at most, the value of a failed trial."""
    failed, others = sorted(failed), sorted(others)
    for value in sorted(set(failed)):
        text = f"{value:,}" if name == WEIGHTS else format_value(value)
        at_least = [len(group) - bisect_left(group, value) for group in (failed, others)]
        yield Rule(f"{name} >= {text}", *at_least)
        yield Rule(
            f"{name} <= {text}", *(bisect_right(group, value) for group in (failed, others))
        )


def _fisher_probability(rule: Rule, n_failed: int, n_others: int) -> float:
    """Returns the probability that at least `rule.failed` failed trials fulfill a rule by chance.

    The chance is a random choice of the trials that fail.
    """
    inside = rule.failed + rule.others
    total = math.comb(n_failed + n_others, inside)
    counts = range(rule.failed, min(n_failed, inside) + 1)
    ways = sum(math.comb(n_failed, k) * math.comb(n_others, inside - k) for k in counts)
    return ways / total
