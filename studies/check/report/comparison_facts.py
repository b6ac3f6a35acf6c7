"""A comparison of several studies: a table, charts on the same axes, differences, and a tree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import optuna

from ....storage.runs_folder import Runs
from ....storage.study_summary import format_value
from ...display.report.charts import Chart
from ...display.report.points import best_so_far
from ...display.report.scales import Scale
from ...display.report.search_charts import comparison_chart
from ...study.lineage import study_tree
from ...study.misplaced_checkpoints import is_stale
from ...training.final_figures import FinalFigure
from .score_strips import score_scale, score_strip
from .study_facts import StudyFacts
from .trained_facts import TrainedFacts


class StudyRow(NamedTuple):
    """A study in the table of a comparison; `strip` is a chart of its score on the test part."""

    name: str
    model: str
    best: str
    trials: int
    seconds: float
    parameters: str
    main: FinalFigure | None
    strip: Chart | None


class Branch(NamedTuple):
    """A study in the tree of studies and the studies on their encoders."""

    depth: int
    name: str
    best: str
    stale: bool


class MetricCharts(NamedTuple):
    """The charts of the studies that share a metric, and the names of these studies."""

    metric: str
    names: Sequence[str]
    charts: Sequence[Chart]


@dataclass(frozen=True)
class Comparison:
    """A comparison of several studies.

    Attributes:
        rows: A row for each study.
        metrics: Charts for each metric that studies share.
        differences: For each entry of the definitions that differs, its value in each study.
        tree: The studies as a tree: a study on an encoder is below the encoder's study.
    """

    rows: Sequence[StudyRow]
    metrics: Sequence[MetricCharts]
    differences: Sequence[tuple[str, Sequence[str]]]
    tree: Sequence[Branch]

    @property
    def is_tree(self) -> bool:
        """Whether a study is on the encoder of another one."""
        return any(branch.depth for branch in self.tree)


def compare_studies(
    studies: Sequence[optuna.Study],
    facts: Sequence[tuple[StudyFacts, TrainedFacts | None]],
    runs: Runs,
) -> Comparison:
    """Returns the comparison of studies, whose facts are given in the same order."""
    values = {of.name: f"{of.record.monitor} {_best_value(of)}" for of, _ in facts}
    return Comparison(
        rows=_rows(facts),
        metrics=_metric_charts([of for of, _ in facts]),
        differences=_differences([of for of, _ in facts]),
        tree=[
            Branch(depth, study.study_name, values[study.study_name], is_stale(study, runs))
            for depth, study in study_tree(studies)
        ],
    )


def _rows(facts: Sequence[tuple[StudyFacts, TrainedFacts | None]]) -> list[StudyRow]:
    """Returns the rows of the table. Scores of the same name have the same scale."""
    known: dict[str, list[FinalFigure]] = {}
    for _, trained in facts:
        if trained is not None and trained.main is not None:
            known.setdefault(trained.main.name, []).append(trained.main)
    scales = {name: score_scale(figures) for name, figures in known.items()}
    return [_row(of, trained, scales) for of, trained in facts]


def _row(facts: StudyFacts, trained: TrainedFacts | None, scales: Mapping[str, Scale]) -> StudyRow:
    metrics = {} if trained is None else trained.metrics
    main = None if trained is None else trained.main
    return StudyRow(
        facts.name,
        facts.record.recipe.model,
        f"{facts.record.monitor} {_best_value(facts)}",
        len(facts.points),
        facts.seconds,
        f"{metrics['parameters']:,}" if isinstance(metrics.get("parameters"), int) else "-",
        main,
        None if main is None else score_strip(main, scales[main.name]),
    )


def _best_value(facts: StudyFacts) -> str:
    if facts.best is None:
        return f"front of {facts.front}" if facts.front else "-"
    return format_value(facts.best.value)


def _metric_charts(facts: Sequence[StudyFacts]) -> list[MetricCharts]:
    """Returns the charts for each metric that is the only one of two or more studies."""
    groups: dict[tuple[str, int], list[StudyFacts]] = {}
    for of in facts:
        if len(of.metrics) == 1 and of.best is not None:
            groups.setdefault((of.metric, of.sign), []).append(of)
    found = []
    for (metric, sign), group in groups.items():
        if len(group) == 1:
            continue
        charts = []
        for in_time in (False, True):
            curves = [best_so_far(of.name, of.points, sign, in_time=in_time) for of in group]
            charts.append(comparison_chart(curves, sign, metric, in_time=in_time))
        found.append(MetricCharts(metric, [of.name for of in group], charts))
    return found


def _differences(facts: Sequence[StudyFacts]) -> list[tuple[str, list[str]]]:
    definitions = [of.record.definition for of in facts]
    entries = dict.fromkeys(name for definition in definitions for name in definition)
    rows = [(name, [definition.get(name, "-") for definition in definitions]) for name in entries]
    return [(name, values) for name, values in rows if len(set(values)) > 1]
