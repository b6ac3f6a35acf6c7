"""A training that was stopped goes on, and ends as if it had not been."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from filelock import FileLock

import latentune
from latentune.storage.folder_replacement import resumable_folder
from latentune.storage.runs_folder import Runs
from latentune.storage.storage_error import StorageError

Cli = Callable[..., Any]
Refused = Callable[..., str]
HOME = Path("runs/conv-ae-digits")

OWN = """
import pytorch_lightning as pl, torch
from torch.utils.data import DataLoader, TensorDataset
from latentune import DataSpec, Objective, StudySpec
class Data(pl.LightningDataModule):
    spec = DataSpec((5,), "table", classes=("a", "b"))
    def setup(self, stage):
        x = torch.randn(300, 5, generator=torch.Generator().manual_seed(0))
        self.part = TensorDataset(x, (x[:, 0] > 0).long())
    def train_dataloader(self): return DataLoader(self.part, 20, shuffle=True)
    def val_dataloader(self): return DataLoader(self.part, 300)
    test_dataloader = val_dataloader
class Net(pl.LightningModule):
    def __init__(self, data, lr):
        super().__init__()
        self.save_hyperparameters()
        layers = torch.nn.Linear(5, 8), torch.nn.Dropout(0.3), torch.nn.Linear(8, 2)
        self.net = torch.nn.Sequential(*layers)
    def forward(self, x): return self.net(x)
    def predict_batch(self, batch): return self(batch)
    def step(self, batch): return torch.nn.functional.cross_entropy(self(batch[0]), batch[1])
    def training_step(self, batch, _): return self.step(batch)
    def validation_step(self, batch, _): self.log("val_loss", self.step(batch))
    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), self.hparams.lr)
        falls = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=0.5)
        schedule = {"scheduler": falls, "monitor": "val_loss"}
        return {"optimizer": optimizer, "lr_scheduler": schedule}
def space(trial, data): return Net(data, trial.suggest_float("lr", 1e-2, 1e-1))
SPEC = StudySpec("mynet", Objective(space, Data, {"val_loss": "minimize"}, max_epochs=1))
"""


class StopAfter(pl.Callback):
    """Ends the process after some epochs, as a signal does."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == self.epochs:
            raise SystemExit


def stopped(name: str, epochs: int, after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        latentune.train(name, epochs=epochs, callbacks=[StopAfter(after)])


def figures(folder: Path) -> dict[str, Any]:
    """What a training ended with, without how long it took."""
    found = json.loads((folder / "metrics.json").read_text())
    return {n: v for n, v in found.items() if n != "seconds"} | {
        "history": (folder / "metrics.csv").read_text()
    }


def test_a_resumed_training_ends_with_the_same_numbers(cli: Cli, trained: Path) -> None:
    whole = figures(HOME / "final")
    weights = torch.load(HOME / "final/model.ckpt")["state_dict"]
    stopped("conv-ae-digits", epochs=3, after=1)
    assert (HOME / "final-partial/last.ckpt").exists()
    assert figures(HOME / "final") == whole, "the previous training is still there"
    answer = cli("train", "conv-ae-digits", "--epochs", 3)
    assert "resuming the training that was stopped after epoch 1" in answer.out
    assert figures(HOME / "final") == whole
    again = torch.load(HOME / "final/model.ckpt")["state_dict"]
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    assert {path.name for path in HOME.iterdir()} == {"best.toml", "final", "final-before"}
    assert not (HOME / "final/last.ckpt").exists()


def test_a_custom_data_module_and_schedule_resume() -> None:
    Path("own.py").write_text(OWN)
    latentune.search("own:SPEC", trials=1, epochs=1)
    latentune.train("mynet", epochs=5)
    whole = figures(Path("runs/mynet/final"))
    stopped("mynet", epochs=5, after=3)
    latentune.train("mynet", epochs=5, resume=True)
    assert figures(Path("runs/mynet/final")) == whole


def test_two_optimizers_resume() -> None:
    small = {"width": "0.25"}
    latentune.search("dcgan", "digits", trials=1, epochs=1, batch_size=500, ranges=small)
    whole = latentune.train("dcgan-digits", epochs=2).metrics
    stopped("dcgan-digits", epochs=2, after=1)
    again = latentune.train("dcgan-digits", epochs=2, resume=True).metrics
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}


def test_only_the_same_training_is_resumed(cli: Cli, refused: Refused, trained: Path) -> None:
    resume = ("train", "conv-ae-digits", "--resume", "--epochs")
    assert "is finished" in refused(*resume, 4)
    assert "no training of conv-ae-digits:1 was stopped" in refused(
        "train", "conv-ae-digits:1", "--resume"
    )
    stopped("conv-ae-digits", epochs=3, after=1)
    assert "has epochs = 3, not 4: leave out --resume" in refused(*resume, 4)
    assert "has precision = '32', not 'bf16'" in refused(*resume, 3, "--precision", "bf16")
    last = HOME / "final-partial/last.ckpt"
    whole = last.read_bytes()
    for broken in (b"", whole[:5000]):
        last.write_bytes(broken)
        assert "last.ckpt is broken" in refused(*resume, 3)
    torch.save({"state_dict": {}}, last)
    assert "not written by latentune" in refused(*resume, 3)
    last.write_bytes(whole)
    answer = cli("train", "conv-ae-digits", "--epochs", 1, "--pictures", "none")
    said = " ".join(answer.out.split())
    assert "was stopped has epochs = 3, not 1" in said
    assert "is set aside until this one is finished" in said
    assert {path.name for path in HOME.iterdir()} == {"best.toml", "final", "final-before"}


def test_finished_seeds_are_not_trained_again(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles: list[str] = []
    last = {"epochs": 2, "seeds": 3, "pictures": "none"}

    def train(until: int) -> Any:
        def watch(title: str, metric: str) -> pl.Callback:
            titles.append(title)
            return StopAfter(until if "3 of 3" in title else 9)

        monkeypatch.setattr("latentune.studies.training.fit_network.TrainingProgress", watch)
        return latentune.train("conv-ae-digits", **last)

    whole = train(until=9).metrics
    table = pd.read_csv(HOME / "final/seeds.csv")
    assert list(table["seed"]) == whole["seeds"]
    assert table["seed"][0] == whole["seed"]
    assert table["test_mse"][0] == pytest.approx(whole["test_mse"], rel=1e-12)
    assert table["test_mse"].nunique() == 3
    assert whole["mean"]["test_mse"] == pytest.approx(table["test_mse"].mean())
    assert whole["std"]["test_mse"] == pytest.approx(table["test_mse"].std())
    titles.clear()
    with pytest.raises(KeyboardInterrupt):
        train(until=1)
    again = train(until=9)
    assert titles[3:] == [titles[0], titles[2]]
    for name in ("seeds", "mean", "std", "test_mse"):
        assert again.metrics[name] == whole[name]
    assert "over 3 seeds" in str(again)
    assert {path.name for path in (HOME / "final").iterdir()} == {
        *("README.md", "best.toml", "metrics.csv", "metrics.json", "model.ckpt", "seeds.csv")
    }


def test_the_message_of_a_stopped_training_says_how_to_resume(
    cli: Cli, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "latentune.studies.training.fit_network.TrainingProgress", lambda *_: StopAfter(1)
    )
    answer = cli("train", "conv-ae-digits", "--anew", "--epochs", 3)
    assert answer.code == 130
    assert "the previous training is still there" in answer.out
    assert answer.out.endswith("next: latentune train conv-ae-digits --epochs 3\n")
    answer = cli("train", "conv-ae-digits", "--epochs", 3, "--anew")
    assert "is set aside until this one is finished" in " ".join(answer.out.split())


def test_a_resumable_folder_stays_when_its_block_fails(tmp_path: Path) -> None:
    runs, folder = Runs(tmp_path), tmp_path / "study" / "final"
    partial, aside = (folder.with_name(f"final-partial{end}") for end in ("", "-before"))

    def grown(text: str, *, fails: bool, proof: bool = True, resume: bool = False) -> None:
        try:
            with resumable_folder(folder, runs, "last", resume=resume) as place:
                (place / "text").write_text(text)
                if proof:
                    (place / "last").touch()
                assert not fails
        except AssertionError:
            return

    grown("first", fails=True, proof=False)
    assert not folder.parent.exists(), "nothing was worth keeping"
    grown("first", fails=True)
    grown("second", fails=True, proof=False)
    assert (partial / "text").read_text() == "first", "it has been put back"
    grown("third", fails=True)
    assert [p.joinpath("text").read_text() for p in (partial, aside)] == ["third", "first"]
    with (
        FileLock(tmp_path / "cache/study-final.lock"),
        pytest.raises(StorageError, match="another"),
    ):
        grown("fourth", fails=False, resume=True)
    grown("fifth", fails=False, resume=True)
    assert [path.name for path in folder.parent.iterdir()] == ["final"]
    assert [path.name for path in folder.iterdir()] == ["text"]
