"""The typed record that Latentune keeps on a study, in the user attributes of the study."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Protocol

import optuna
from pydantic import Field

from ..models.types import Direction
from .record import Record

Count = Annotated[int, Field(ge=0, lt=2**31)]
CONFIRM_TRAINING = re.compile(r"confirm:(?P<trial>\d{1,10}):(?P<seed>\d{1,10})")
"""Matches the name of the user attribute with the metric of one training of `confirm`."""


class RecipeTable(Record, extra="allow"):
    """The recipe of a study as a record. Entries that are not fields of the class are kept too."""

    model: str
    data: str | None = None
    models: list[str] = Field(default_factory=list)
    ranges: dict[str, str] = Field(default_factory=dict)
    encoder: str | None = None
    encoder_hash: str | None = None
    weights: str | None = None
    image_size: int | None = None


class EncoderSource(Record):
    """The trained network that provides the encoder of a study.

    Attributes:
        study: Name of the study that the network belongs to.
        trial: Number of the trial that the network belongs to; None if it belongs to no trial.
        checkpoint: Path of the network's checkpoint, relative to the runs folder.
        hash: Hash of the checkpoint when the study on the encoder was created.
    """

    study: str
    checkpoint: str
    hash: str
    trial: Count | None = None


class Origin(Record):
    """Where trials or parameters were copied from: a study, and for one trial also its number."""

    study: str
    trial: Count | None = None


class DataSize(Record):
    """The kind and the size of a study's data, by which studies on similar data are found.

    Attributes:
        kind: `image`, `table` or `text`.
        shape: Shape of one item.
        items: Number of items in the training part; None if the data module does not tell.
        classes: Number of classes; 0 without classes.
    """

    kind: str
    shape: list[Annotated[int, Field(ge=1, lt=2**31)]]
    items: Count | None = None
    classes: Count = 0


class ImportSource(Record):
    """The zip file that a study was imported from.

    Attributes:
        study: Name of the study in the zip file.
        at: When the study was imported, such as `2026-01-31T12:00:00`.
        sha256: Hash of the zip file.
        by: Version of Latentune that imported the study.
    """

    study: str
    at: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")]
    sha256: str
    by: str


class Confirmed(Record):
    """The best configuration of a study according to `confirm`.

    Attributes:
        trial: Number of the trial.
        monitor: Name of the metric, on the validation part.
        mean: Mean of the metric over all seeds.
        std: Standard deviation of the metric over all seeds.
        seeds: Number of seeds.
        search_value: The best value in the search when `confirm` was run.
    """

    trial: Count
    monitor: str
    mean: float
    std: float
    seeds: Count
    search_value: float

    def __str__(self) -> str:
        return (
            f"trial {self.trial} is confirmed: {self.monitor} {self.mean:.4g} ± {self.std:.2g} "
            f"over {self.seeds} seeds"
        )


class LastSearch(Record):
    """The settings of the last search of a study, from which its end is forecast.

    Attributes:
        trials: Number of finished trials in the study that ends the search.
        workers: Number of workers.
        sampler: Name of the sampler.
        pruner: Name of the pruner.
    """

    trials: Count
    workers: Count
    sampler: str
    pruner: str


class StudyRecord(Record, extra="ignore"):
    """Latentune's record on a study. Every field is a user attribute of the same name.

    Attributes:
        command: The command that created the study.
        recipe: The model, data and options of the study.
        metrics: The direction of each optimized metric, by its name.
        encoder_source: The trained network that provides the encoder of the study.
        artifacts: URL of the bucket with the pictures; None if they are in the runs folder.
        origin: The study that trials were copied from.
        data_size: The kind and the size of the data.
        learned_from: The trials of other studies whose parameters were tried first; None if the
            study was not to learn from others.
        imported: The zip file that the study was imported from.
        confirmed: The best configuration according to `confirm`.
        perfect_trial: Number of the trial with the best possible value, which ended the search.
        last_search: The settings of the last search.
        patience_ended_at: Number of finished trials at which `patience` last ended a search.
        definition: The facts that must be equal in two studies to compare their trials. This
            attribute is written last, so a study without it is incomplete.
    """

    command: str = ""
    recipe: RecipeTable = RecipeTable(model="")
    metrics: dict[str, Direction] = Field(default_factory=dict)
    encoder_source: EncoderSource | None = None
    artifacts: str | None = None
    origin: Origin | None = None
    data_size: DataSize | None = None
    learned_from: list[Origin] | None = None
    imported: ImportSource | None = None
    confirmed: Confirmed | None = None
    perfect_trial: Count | None = None
    last_search: LastSearch | None = None
    patience_ended_at: Count | None = None
    definition: dict[str, str] = Field(default_factory=dict)

    @property
    def full_recipe(self) -> dict[str, Any]:
        """The recipe with the batch size of the trials, even if that was chosen by default.

        Another version of Latentune may choose another size. Custom studies have their own data.
        """
        size = self.definition.get("batch size", "")
        is_known = size.isdecimal() and ":" not in self.recipe.model
        return ({"batch_size": int(size)} if is_known else {}) | self.recipe.to_table()

    @property
    def metric_names(self) -> list[str]:
        """The names of the optimized metrics."""
        return list(self.metrics)

    @property
    def monitor(self) -> str:
        """The names of the optimized metrics as one text, separated by commas."""
        return ", ".join(self.metrics)


class HasAttributes(Protocol):
    """A study or a study summary of Optuna."""

    @property
    def user_attrs(self) -> dict[str, Any]:
        """The user attributes of the study."""


def is_latentune_study(study: HasAttributes) -> bool:
    """Returns whether Latentune created a study and has finished creating it."""
    return "definition" in study.user_attrs


def metrics_error(metrics: Mapping[str, Direction], directions: Sequence[str]) -> str | None:
    """Returns why the metrics of a study do not fit the directions; None if they fit.

    `directions` are Optuna's words `MINIMIZE` and `MAXIMIZE`.
    """
    if len(metrics) != len(directions):
        return f"it has {len(metrics)} metrics and {len(directions)} directions"
    for (name, way), direction in zip(metrics.items(), directions, strict=True):
        if way.upper() != direction:
            return f"{name} is to {way}, but its direction is {direction}"
    return None


def missing_entry(study: optuna.Study) -> str | None:
    """Returns the name of a required user attribute that a study lacks; None if it has all."""
    record = read_study_record(study)
    if metrics_error(record.metrics, [way.name for way in study.directions]):
        return "metrics"
    required = {
        "definition": record.definition,
        "recipe": record.recipe.model,
        "command": record.command,
    }
    return next((name for name, value in required.items() if not value), None)


def read_study_record(study: HasAttributes) -> StudyRecord:
    """Returns Latentune's record on a study, without user attributes that are not valid.

    `latentune doctor` shows the attributes that are not valid.
    """
    return StudyRecord.parse_valid(study.user_attrs)


def write_study_record(study: optuna.Study, record: StudyRecord) -> None:
    """Writes a record to a study, except fields that were not set, in the order of the fields."""
    for name, value in record.to_table().items():
        study.set_user_attr(name, value)


def read_confirm_values(study: optuna.Study) -> dict[tuple[int, int], float | None]:
    """Returns the metric of each training of `confirm`, by trial number and seed.

    The metric is None if the training diverged.
    """
    attributes = study.user_attrs.items()
    matches = [(CONFIRM_TRAINING.fullmatch(name), value) for name, value in attributes]
    return {
        (int(match["trial"]), int(match["seed"])): value
        for match, value in matches
        if match and isinstance(value, float | int | None)
    }


def write_confirm_value(study: optuna.Study, trial: int, seed: int, value: float | None) -> None:
    """Writes the metric of one training of `confirm` to a study; None if the training diverged.

    Each training has its own attribute, so several machines can confirm a study at once.
    """
    study.set_user_attr(f"confirm:{trial}:{seed}", value)
