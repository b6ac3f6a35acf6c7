"""What `confirm` has recorded on a study: the finalists, and how lucky the search was."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from statistics import fmean, stdev
from typing import NamedTuple

import optuna

from ....storage.optuna_internals import trial_by_number
from ....storage.study_record import Confirmed, read_confirm_values, read_study_record
from ...display.report.charts import Chart
from ...display.report.interval_strips import seed_strip, strip_scale
from ...display.report.scales import Scale
from ..luck import describe_luck


class Finalist(NamedTuple):
    """A trial that was trained again on new seeds.

    Attributes:
        trial: Number of the trial.
        search_value: Its value in the search.
        mean: The mean on the new seeds; None if a training diverged.
        std: The standard deviation on these seeds; None if it is not known.
        seeds: Number of seeds.
        remark: What happened to it, in words.
        strip: A chart of the values.
    """

    trial: int
    search_value: float
    mean: float | None
    std: float | None
    seeds: int
    remark: str
    strip: Chart


@dataclass(frozen=True)
class ConfirmFacts:
    """The result of `confirm`.

    Attributes:
        confirmed: The winner.
        finalists: The finalists, the best one of the search first.
        luck: A sentence about the best value of the search.
    """

    confirmed: Confirmed
    finalists: Sequence[Finalist]
    luck: str


def read_confirm_facts(study: optuna.Study, sign: int) -> ConfirmFacts | None:
    """Returns the recorded result of `confirm`; None if no trial is confirmed.

    `sign` is 1 if lower values are better, and -1 if higher values are better.
    """
    confirmed = read_study_record(study).confirmed
    if confirmed is None:
        return None
    values: dict[int, list[float | None]] = defaultdict(list)
    for (number, _), value in read_confirm_values(study).items():
        values[number].append(value)
    found = {}
    for number in values:
        trial = trial_by_number(study, number)
        if trial is not None and trial.values:
            found[number] = trial.values[0]
    known = [value for number in found for value in values[number] if value is not None]
    scale = strip_scale([*known, *found.values()])
    finalists = [
        _finalist(number, found[number], values[number], confirmed, scale)
        for number in sorted(found, key=lambda number: sign * found[number])
    ]
    return ConfirmFacts(confirmed, finalists, _luck(finalists, sign))


def _finalist(
    number: int,
    search_value: float,
    values: Sequence[float | None],
    confirmed: Confirmed,
    scale: Scale,
) -> Finalist:
    finite = [value for value in values if value is not None]
    diverged = len(finite) < len(values)
    remark = "winner" if number == confirmed.trial else ""
    if diverged:
        remark = "a training diverged"
    elif len(values) < confirmed.seeds:
        remark = "clearly worse, dropped out"
    return Finalist(
        number,
        search_value,
        None if diverged else fmean(finite),
        None if diverged or len(finite) < 2 else stdev(finite),
        len(values),
        remark,
        seed_strip(finite, search_value, scale),
    )


def _luck(finalists: Sequence[Finalist], sign: int) -> str:
    if not finalists:
        return ""
    first = finalists[0]
    mean = nan if first.mean is None else first.mean
    luck = sign * (mean - first.search_value)
    return describe_luck(first.trial, luck, mean, first.std or 0.0)
