"""The options of final training."""

from dataclasses import dataclass
from typing import Annotated

from ...objectives.option import Option
from .defaults import MAX_SEEDS, PRECISIONS
from .option_fields import check_options


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """The options of the final training of a configuration."""

    epochs: Annotated[int, Option("Epochs to train for.", least=1)] = 100
    seeds: Annotated[
        int,
        Option(
            "Seeds to train on, for the spread of the scores; the network of the first is kept.",
            least=1,
            most=MAX_SEEDS,
        ),
    ] = 1
    resume: Annotated[
        bool | None,
        Option(
            "Resume a stopped training or fail, or begin anew.",
            flags=("--resume/--anew",),
            default="resume the same training",
        ),
    ] = None
    init_from: Annotated[
        str | None,
        Option(
            "Network with the initial weights; its layers must have the same shapes.",
            metavar="STUDY[:TRIAL]|CKPT",
            default="the initial weights of the trial",
        ),
    ] = None
    accelerator: Annotated[str, Option("Device.", choices=("auto", "cpu", "gpu", "mps"))] = "auto"
    threads: Annotated[
        int | None,
        Option(
            "Threads of PyTorch on the CPU.",
            least=1,
            default="the faster one of 1 and all free cores",
        ),
    ] = None
    precision: Annotated[
        str | None,
        Option("Bits of a number; 16 needs a GPU.", choices=PRECISIONS, default="of the study"),
    ] = None
    deterministic: Annotated[
        bool, Option("Use deterministic algorithms only, even if they are slower.")
    ] = False
    pictures: Annotated[
        str, Option("When figures are plotted.", choices=("every", "best", "none"))
    ] = "every"
    logger: Annotated[
        str,
        Option(
            "Logger of scalars and figures; csv for metrics.csv alone.",
            choices=("csv", "tensorboard", "wandb"),
        ),
    ] = "csv"

    def __post_init__(self) -> None:
        check_options(self)
