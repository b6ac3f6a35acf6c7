"""The function `search`, which plans and runs a search."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...objectives.progress import trial_progress
from ...storage.study_summary import Study
from ..study.kept_data import Data, with_kept_data
from ..study.option_fields import describe_options
from ..study.public_api import public_api
from ..study.search_options import ClusterOptions, Place, SearchOptions
from ..study.study_options import StudyOptions
from .coordinator import Coordinator, TrialCallback
from .search_plan import plan_search


@public_api
@describe_options(StudyOptions, SearchOptions, ClusterOptions, Place)
def search(  # noqa: D417 - the rows of the options are made from their fields
    model: Data,
    data: Data | None = None,
    *,
    space: str = "default",
    ranges: Mapping[str, str] | None = None,
    limits: Mapping[str, str | float] | None = None,
    objectives: Sequence[str] = (),
    encoder: str | Path | None = None,
    weights: str | Path | None = None,
    unfreeze: bool = False,
    epochs: int | None = None,
    repeats: int = 1,
    folds: int | None = None,
    batch_size: int | None = None,
    image_size: int | None = None,
    normalize: bool | None = None,
    target: str | None = None,
    header: str | None = None,
    decimal: str | None = None,
    drop: Sequence[str] = (),
    text: str | None = None,
    as_category: Sequence[str] = (),
    as_number: Sequence[str] = (),
    missing: str = "fill",
    group: str | None = None,
    time_column: str | None = None,
    balanced: bool = False,
    augment: str = "none",
    binarize: bool = False,
    only: Sequence[str] = (),
    deduplicate: bool = False,
    precision: str = "32",
    data_dir: str | Path | None = None,
    seed: int = 0,
    name: str | None = None,
    trials: int | None = None,
    seconds: float | None = None,
    trial_seconds: float | None = None,
    patience: int | str | None = None,
    workers: int | None = 1,
    default_first: bool = True,
    enqueue: Sequence[str | Path] = (),
    pruner: str | None = None,
    sampler: str = "tpe",
    origin: str | None = None,
    learn_from: Sequence[str] = (),
    cluster: str | None = None,
    cpus: float = 1.0,
    gpus: float = 0.0,
    runs: str | Path = "runs",
    storage: str | None = None,
    artifacts: str | None = None,
    callbacks: Sequence[TrialCallback] = (),
) -> Study:
    """Runs trials of the study `MODEL-DATA`, which is created if it does not exist.

    The search ends when the study has `trials` finished trials in total, also counting those of
    earlier searches. It ends earlier when a trial has the best possible value, such as an accuracy
    of 1. The same call then runs the remaining trials.

    With one worker, trials run in this process, and the same seed gives the same results. Several
    workers run in separate processes, so a script with `workers=2` needs the usual
    `if __name__ == "__main__":`.

    Args:
        model: A model of the catalog; `auto` for a choice among the models that fit the data; or
            `module:NAME` of a `StudySpec` of your own. `search("digits")` means `auto`.
        data: A built-in data set, or a folder or file of yours. Or data in memory: an array `X`
            whose first axis counts the items, `(X, y)`, a data frame of pandas or polars, a
            map-style data set of PyTorch, or a LightningDataModule. They are kept as a file in
            the folder `data` of `runs`, so that equal data continue the same study.
        callbacks: Each is called with the study and a trial after this trial has finished.

    Returns:
        The study, an `optuna.Study`. This search has left no RUNNING trials in it.

    Raises:
        StudyError: If an option is not allowed, the study exists with another definition, or
            ten trials in a row failed, or three by bugs before any trial has succeeded.
        SpaceError: If a range does not fit the space.
        DataError: If the data is missing or broken.
        StorageError: If the database, the folder or the bucket cannot be used.
        DatabaseLostError: If the database was deleted during the search.
        MonitorError: If the model never logs the monitored metric.
        KeyboardInterrupt: On Ctrl-C and SIGTERM; the next search continues the interrupted trial.

    Example:
        >>> study = latentune.search("conv-ae", "digits", name="tried", trials=2, epochs=1)
        >>> len(study.trials)
        2
    """
    arguments = with_kept_data(locals())
    plan = plan_search(**arguments)
    command = f"latentune.search({arguments['model']!r}, {arguments['data']!r}, ...)"
    with trial_progress(*plan.progress_arguments) as on_result:
        return Coordinator(plan, [on_result, *callbacks]).run(command)
