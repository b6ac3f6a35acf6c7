"""Pictures of a trial's network for the dashboard."""

from pathlib import Path

import optuna
import pytorch_lightning as pl

from ...models.data_spec import DataSpec
from ...storage.artifact_store import ArtifactStore, attach_picture
from ...storage.storage_error import unwritable_path_error
from ..training.network_plots import plot_network


class AttachPictures(pl.Callback):
    """Attaches plots of the network to its trial when training ends or is pruned."""

    def __init__(
        self, trial: optuna.Trial, data: DataSpec, store: ArtifactStore, scratch: Path
    ) -> None:
        self.trial, self.data, self.store, self.scratch = trial, data, store, scratch

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._attach(trainer, pl_module)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        if isinstance(exception, optuna.TrialPruned):
            self._attach(trainer, pl_module)

    def _attach(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        folder = self.scratch / f"trial-{self.trial.number}"
        try:
            folder.mkdir(exist_ok=True)  # a trial may be trained several times
            for picture in plot_network(model, self.data, trainer.val_dataloaders, folder):
                attach_picture(self.trial, picture, self.store)
        except OSError as error:  # such as a full disk, which ends the search
            raise unwritable_path_error(self.scratch, error) from error
