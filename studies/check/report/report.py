"""The verb `report`: writes what is known of studies as one page of HTML."""

import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import optuna

from ....storage.atomic_write import write_text
from ....storage.database import open_for_reading
from ....storage.redact import redact
from ....storage.runs_folder import Runs, check_study_name
from ....storage.storage_error import StorageError, refuse_url
from ...display.report.page import is_report, render_page
from ...display.report.pictures import Picture, read_picture
from ...display.report.points import format_seconds
from ...display.result import Result
from ...study.defaults import RUNS
from ...study.public_api import public_api
from ...study.study_error import StudyError
from ...study.study_lookup import open_study
from .comparison_facts import Comparison, compare_studies
from .study_facts import StudyFacts, read_study_facts
from .trained_facts import TrainedFacts, read_trained_facts

SUFFIX = ".html"
DATA_PICTURE = "images.png"
"""The picture of data that `show` has written."""


@dataclass(frozen=True, repr=False)
class Report(Result):
    """A page of HTML about studies.

    Attributes:
        path: The file.
        studies: The names of the studies.
        untrained: Those of them that have no final training.
        size: Size of the file in bytes.
    """

    path: Path
    studies: tuple[str, ...]
    untrained: tuple[str, ...]
    size: int

    def __rich__(self) -> str:
        lines = [
            f"{name} is not trained, so that the report has no test scores: latentune train {name}"
            for name in self.untrained
        ]
        return "\n".join([*lines, f"wrote {self.path}, {self.size / 1000:,.0f} kB"])


@dataclass(frozen=True)
class StudyPage:
    """What the page says about one study.

    Attributes:
        facts: What the database says.
        trained: What the folder of the final training says; None if there is none.
        picture: Items of the data; None if `show` was not run.
    """

    facts: StudyFacts
    trained: TrainedFacts | None
    picture: Picture | None


@public_api
def report(
    studies: str | Sequence[str],
    *,
    out: str | Path | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
) -> Report:
    """Writes what is known of studies as one page of HTML that needs no other file.

    The page says what was searched, how the search went, which parameters matter, whether the best
    trial is confirmed, what the trained network reaches on the test part beside a baseline, and
    how to repeat it. It has the pictures that `show`, `train`, `sample` and others have written.
    Of several studies, it also compares their searches on the same axes.

    Args:
        studies: Name of a study, or names of several.
        out: The file to write, which ends in `.html`. None for `report.html` in the folder of the
            study, or `comparison.html` in the folder of the first of several studies.
        runs: The folder with all studies.
        storage: Optuna URL of the database; None for the database in `runs`.

    Raises:
        StudyError: If a study does not exist or has no finished trial, or is named twice.
        StorageError: If `out` has another suffix or is a file that is not a report, or if the
            metrics of a final training are broken.

    Example:
        >>> latentune.report("conv-ae-digits", out="report.html").path.name
        'report.html'
    """
    names = [studies] if isinstance(studies, str) else list(studies)
    place = Runs(Path(runs))
    path = _output_path(names, out, place)
    database = open_for_reading(storage or place.database)
    opened = [open_study(database, check_study_name(name)) for name in names]
    pages = [_study_page(study, place) for study in opened]
    options = [] if str(place.root) == RUNS else ["--runs", str(place.root)]
    options += [] if storage is None else ["--storage", redact(storage)]

    def command(*words: Any) -> str:
        return shlex.join(["latentune", *map(str, words), *options])

    text = render_page(
        "report.html.jinja",
        pages=pages,
        comparison=_comparison(opened, pages, place),
        command=command,
        today=f"{date.today().day} {date.today():%B %Y}",
        format_seconds=format_seconds,
    )
    write_text(path, text)
    untrained = tuple(page.facts.name for page in pages if page.trained is None)
    return Report(path, tuple(names), untrained, len(text.encode()))


def _output_path(names: Sequence[str], out: str | Path | None, runs: Runs) -> Path:
    """Returns the file to write, after checking that it is not a file of another kind."""
    if not names:
        raise StudyError("name at least one study")
    if twice := [name for name in names if names.count(name) > 1]:
        raise StudyError(f"study {twice[0]!r} is named twice")
    if out is None:
        folder = runs.root / check_study_name(names[0])
        path = folder / f"{'report' if len(names) == 1 else 'comparison'}{SUFFIX}"
    else:
        path = refuse_url(Path(out), "out")
    if path.suffix.lower() != SUFFIX:
        raise StorageError(f"`out=` must end in {SUFFIX}, not {path.name!r}")
    if path.exists() and not (path.is_file() and is_report(path)):
        raise StorageError(f"{path} is there already and is not a report: choose another `out=`")
    return path


def _study_page(study: optuna.Study, runs: Runs) -> StudyPage:
    facts = read_study_facts(study)
    picture, data = None, facts.definition.get("data", "").rpartition(" ")[0]
    with suppress(StorageError):  # a name that is not a folder
        path = runs.resolve(f"shown/{data}/{DATA_PICTURE}")
        picture = read_picture(path, f"Training items of {data}.", ("show", data))
    return StudyPage(facts, read_trained_facts(facts.name, facts.metric, runs), picture)


def _comparison(
    studies: Sequence[optuna.Study], pages: Sequence[StudyPage], runs: Runs
) -> Comparison | None:
    if len(pages) == 1:
        return None
    return compare_studies(studies, [(page.facts, page.trained) for page in pages], runs)
