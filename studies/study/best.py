"""The class `Best`, a configuration of a study that can build its network; and `load_best`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...storage.best_toml import Best as BestEntries
from ...storage.best_toml import read_best_toml
from ...storage.runs_folder import Runs, check_study_name
from .defaults import RUNS
from .public_api import public_api
from .recipe import Recipe
from .study_error import StudyError
from .study_lookup import check_study_exists

if TYPE_CHECKING:
    import pytorch_lightning as pl

    from ...models.data_spec import DataSpec


@dataclass(frozen=True, repr=False)
class Best(BestEntries):
    """The content of a best.toml: a configuration, its value, and its origin.

    Attributes:
        study: Name of the study.
        trial: Number of the trial; None if the configuration belongs to no trial.
        monitor: Name of the metric.
        value: The metric at the trial's best epoch.
        best_epoch: The trial's best epoch, counted from 1.
        recipe: The recipe of the study: model, space, data, ranges, epochs, seed.
        params: The value of each parameter of the search space; a choice may be None.
        hparams: All options of the model that was built from `params`; for people to read.
        provenance: Seed, data fingerprint, versions, git commit and command.

    Example:
        >>> best = latentune.load_best("conv-ae-digits")
        >>> best.monitor
        'val_mse'
    """

    def build(
        self, data: "DataSpec | None" = None, *, runs: str | Path = RUNS
    ) -> "pl.LightningModule":
        """Returns an untrained network with the parameters of this configuration.

        Args:
            data: Description of the data that the network is for, such as
                `latentune.TensorData("digits").spec`. If None, the data of the study are read.
            runs: The runs folder.

        Raises:
            StudyError: If `data` is no description of data.
            SpaceError: If the search space cannot suggest the parameters.
            DataError: If the data of the study are missing or broken.

        Example:
            >>> best = latentune.load_best("conv-ae-digits")
            >>> best.build(latentune.DataSpec((1, 16, 16)))(torch.zeros(2, 1, 16, 16)).shape
            torch.Size([2, 1, 16, 16])
        """
        from ...models.data_spec import DataSpec
        from ...objectives.data.describe_object import describe_object
        from ...search_spaces.suggestions import replay
        from .build import build_spec

        spec = getattr(data, "spec", data)
        if not (spec is None or isinstance(spec, DataSpec)):
            hint = 'give a DataSpec, such as latentune.TensorData("digits").spec'
            raise StudyError(f"data is {describe_object(data)}: {hint}")
        place = Runs(Path(runs))
        objective = build_spec(Recipe.from_table(self.recipe, place), place).objective
        return replay(objective.model, self.params, spec or objective.data().spec)


@public_api
def load_best(source: str | Path, runs: str | Path = RUNS) -> Best:
    """Reads the best configuration of a study from the best.toml that `search` or `best` wrote.

    Args:
        source: Name of the study, or path of a best.toml.
        runs: The folder with all studies.

    Raises:
        StorageError: If the file is missing or damaged.

    Example:
        >>> sorted(latentune.load_best("conv-ae-digits").params)
        ['l1', 'l2', 'latent_dim', 'linear_path', 'lr']
    """
    path = Path(source)
    if path.suffix != ".toml":
        place, name = Runs(Path(runs)), check_study_name(str(source))
        path = place.best(name)
        if not path.exists():
            check_study_exists(name, place)
    return Best(**vars(read_best_toml(path)))
