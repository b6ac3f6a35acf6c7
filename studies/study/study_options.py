"""The options of a study that change its trials."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from ...objectives.data.sources.column_names import normalize_label
from ...objectives.data.sources.source import TableOptions
from ...objectives.network_costs import COSTS, parse_limit
from ...objectives.option import Option
from ...search_spaces.batch_size import BATCH_SIZE
from ...search_spaces.catalog.models import MODELS
from .defaults import AUGMENTATIONS, PRECISIONS
from .option_fields import check_options
from .option_text import parse_assignment, parse_names
from .study_error import StudyError, check_known, check_seed

SPACES = tuple(dict.fromkeys(space for entry in MODELS.values() for space in entry.spaces))


@dataclass(frozen=True, kw_only=True)
class StudyOptions(TableOptions):
    """The options of a study that change its trials. Model and data are not among them."""

    space: Annotated[
        str,
        Option("Search space of the model.", choices=SPACES),
    ] = "default"
    ranges: Annotated[
        Mapping[str, str] | None,
        Option(
            "Replace the range of a parameter, or pin it to a value; `latentune list MODEL` "
            "names the parameters, and batch_size is one of every model.",
            metavar="NAME=LOW:HIGH[:log]|VALUE",
            flags=("--range", "--fix"),
            parse=parse_assignment,
            fits_custom_study=True,
        ),
    ] = None
    limits: Annotated[
        Mapping[str, str | float] | None,
        Option(
            "Reject networks that cost more, without training: params (trained weights), bytes "
            "(of float32 weights), macs or ms (of one item).",
            metavar="COST=MOST",
            flags=("--limit",),
            parse=parse_assignment,
            fits_custom_study=True,
        ),
    ] = None
    objectives: Annotated[
        tuple[str, ...],
        Option(
            f"Metrics to search by; two give a Pareto front. Costs are metrics too: "
            f"{', '.join(COSTS)}.",
            metavar="A[,B]",
            default="the first of the model",
            parse=parse_names,
        ),
    ] = ()
    encoder: Annotated[
        str | None,
        Option(
            "Trained encoder that a head is put on, or a network of torchvision, such as "
            "resnet18.",
            metavar="STUDY|TOML|CKPT|NAME",
        ),
    ] = None
    weights: Annotated[
        str | None,
        Option(
            "Weights of a network of torchvision: a file, or none for random ones.",
            metavar="FILE|none",
            default="those that torchvision publishes",
        ),
    ] = None
    unfreeze: Annotated[bool, Option("Train the encoder too.")] = False
    epochs: Annotated[
        int | None,
        Option(
            "Epochs of a training.",
            least=1,
            default="of the model, 10",
            fits_custom_study=True,
        ),
    ] = None
    repeats: Annotated[
        int,
        Option(
            "Number of seeds that each trial is trained on; its value is the mean.",
            least=1,
            fits_custom_study=True,
        ),
    ] = 1
    folds: Annotated[
        int | None,
        Option(
            "Number of folds of a cross-validation of each trial; its value is the mean.",
            least=2,
            default="none",
            fits_custom_study=True,
        ),
    ] = None
    batch_size: Annotated[
        int | None,
        Option("Items in a batch.", least=1, default="64, less of small data; 1024 codes"),
    ] = None
    image_size: Annotated[
        int | None,
        Option(
            "Side in pixels that images are scaled to.",
            least=1,
            default="their own; in folders up to 64",
        ),
    ] = None
    normalize: Annotated[
        bool | None,
        Option("Standardize the inputs of the network.", default="tables alone"),
    ] = None
    balanced: Annotated[
        bool,
        Option("Sample each class equally often in training.", in_definition=True),
    ] = False
    augment: Annotated[
        str,
        Option("Random changes of training images.", choices=AUGMENTATIONS, in_definition=True),
    ] = "none"
    binarize: Annotated[
        bool,
        Option(
            "Draw pixels as zeros and ones, anew in each epoch; for a Bernoulli VAE.",
            in_definition=True,
        ),
    ] = False
    only: Annotated[
        tuple[str, ...],
        Option(
            "Classes to train on; `anomalies` can score the others.",
            metavar="CLASS[,CLASS]",
            default="all",
            parse=parse_names,
            in_definition=True,
        ),
    ] = ()
    deduplicate: Annotated[
        bool,
        Option(
            "Leave out training items that are also in the validation or test part.",
            in_definition=True,
        ),
    ] = False
    precision: Annotated[
        str,
        Option("Bits of a number; 16 needs a GPU.", choices=PRECISIONS, fits_custom_study=True),
    ] = "32"
    data_dir: Annotated[
        str | None,
        Option("Folder of torchvision data.", metavar="FOLDER", default="$LATENTUNE_DATA"),
    ] = None
    seed: Annotated[
        int,
        Option("Seed of the split, the sampler and the trials.", fits_custom_study=True),
    ] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.limits is not None:
            object.__setattr__(self, "limits", parse_limits(self.limits))
        object.__setattr__(self, "only", tuple(sorted(set(map(normalize_label, self.only)))))
        check_options(self)
        check_seed(self.seed)
        if self.batch_size is not None and BATCH_SIZE in (self.ranges or {}):
            raise StudyError(
                f"`batch_size=` {self.batch_size} is for all trials, and `ranges=` searches it: "
                "leave out one of the two"
            )
        if self.folds is not None and self.repeats > 1:
            raise StudyError(
                "choose one of `repeats=` and `folds=`: both train each trial several times"
            )


def parse_limits(limits: Mapping[str, str | float]) -> dict[str, float] | None:
    """Returns the limits as numbers; None if there are none.

    Raises:
        StudyError: If a name is not that of a cost, or a limit is not a positive number.
    """
    for name in limits:
        check_known(name, COSTS, f"{name!r} cannot be limited")
    try:
        return {name: parse_limit(name, limits[name]) for name in COSTS if name in limits} or None
    except ValueError as error:
        raise StudyError(str(error)) from None
