"""The options of a search: duration, sampler and pruner, cluster, and the place of files."""

from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Annotated

from ...objectives.option import Option
from .defaults import PRUNERS, SAMPLERS
from .option_fields import check_options
from .option_text import parse_duration, parse_names
from .patience import Patience, check_patience
from .study_error import StudyError


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """The options of a search, such as duration and sampler, which do not affect single trials."""

    name: Annotated[
        str | None,
        Option("Name of the study.", default="MODEL-DATA"),
    ] = None
    trials: Annotated[
        int | None,
        Option(
            "Total number of trials over all searches of the study.",
            least=0,
            default="of the model, 20 or 30",
        ),
    ] = None
    seconds: Annotated[
        float | None,
        Option(
            "End the search after this time; unfinished trials wait for the next search.",
            default="no limit",
            metavar="20m",
            flags=("--time",),
            parse=parse_duration,
        ),
    ] = None
    trial_seconds: Annotated[
        float | None,
        Option(
            "End a trial after this time, with its best epoch so far.",
            default="no limit",
            metavar="5m",
            flags=("--trial-time",),
            parse=parse_duration,
        ),
    ] = None
    patience: Annotated[
        int | str | None,
        Option(
            "End the search when this number of finished trials in a row gain less than seeds "
            "differ, or less than a given share of the best value.",
            default="none",
            metavar="TRIALS[:0.5%]",
            parse=check_patience,
        ),
    ] = None
    workers: Annotated[
        int | None,
        Option("Number of processes that run trials.", least=1, default="what fits"),
    ] = 1
    default_first: Annotated[bool, Option("Try the model's defaults first.")] = True
    enqueue: Annotated[
        tuple[str, ...],
        Option("Paths of best.toml files to try first.", metavar="TOML"),
    ] = ()
    pruner: Annotated[
        str | None,
        Option(
            "Rule that stops bad trials early.",
            choices=PRUNERS,
            default="halving; wilcoxon of repeats and folds",
        ),
    ] = None
    sampler: Annotated[str, Option("Rule that chooses configurations.", choices=SAMPLERS)] = "tpe"
    origin: Annotated[
        str | None,
        Option(
            "Study with other ranges. Its trials are reused if they are within the new ranges.",
            metavar="STUDY",
            flags=("--from",),
        ),
    ] = None

    learn_from: Annotated[
        tuple[str, ...],
        Option(
            "Studies of the same model and space, on other data, whose best configurations are "
            "tried first.",
            metavar="none|auto|STUDY[,STUDY]",
            default="none",
            parse=parse_names,
        ),
    ] = ()

    def __post_init__(self) -> None:
        check_options(self)
        for name in ("seconds", "trial_seconds"):
            seconds = getattr(self, name)
            if seconds is not None and not 0 < seconds < inf:
                raise StudyError(f"`{name}=` must be above 0, not {seconds:g} s")
        if self.patience is not None:
            try:
                Patience.parse(self.patience)
            except ValueError as error:
                raise StudyError(f"`patience=` {error}") from None


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """The Ray cluster that runs trainings, and the resources of each training."""

    cluster: Annotated[
        str | None,
        Option(
            "Ray cluster that runs the trainings; this machine is one of its nodes.",
            metavar="auto|HOST:PORT",
            default="this machine alone",
        ),
    ] = None
    cpus: Annotated[float, Option("CPUs of each training on the cluster.")] = 1.0
    gpus: Annotated[
        float, Option("GPUs of each training on the cluster; two trainings share one by 0.5.")
    ] = 0.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where studies are kept: the runs folder, the database, and the bucket for pictures."""

    runs: Annotated[Path, Option("Folder of all studies.")] = Path("runs")
    storage: Annotated[
        str | None,
        Option(
            "Optuna URL of another database, such as sqlite:///other.db or "
            "postgresql://host/name.",
            metavar="URL",
        ),
    ] = None
    artifacts: Annotated[
        str | None,
        Option(
            "Bucket for the pictures of a new study.",
            metavar="s3://BUCKET[/FOLDER]",
            default="the folder of all studies",
        ),
    ] = None
