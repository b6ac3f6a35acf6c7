"""Final training: what it is compared with, where it goes, and that nothing trained is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import PCA

import latentune
from latentune.storage.best_toml import read_best_toml
from latentune.storage.checkpoint_file import read_header, write_header
from tests.conftest import edit_header

Cli = Callable[..., Any]
HOME = Path("runs/conv-ae-digits")
PLAIN = {"linear_path": "False"}  # so that a network does not begin with principal components


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def edit(path: Path, name: str, value: object) -> None:
    """Changes a parameter of a best.toml."""
    before, after = path.read_text().split("[params]")
    lines = [f"{name} = {value}" if x.startswith(f"{name} =") else x for x in after.splitlines()]
    path.write_text("[params]".join([before, "\n".join(lines)]))


def test_an_autoencoder_is_compared_with_as_many_principal_components(
    cli: Cli, trained: Path
) -> None:
    metrics = json.loads((HOME / "final/metrics.json").read_text())
    splits = latentune.TensorData("digits").splits
    train, test = (part.inputs.flatten(1).numpy() for part in (splits.train, splits.test))
    plane = PCA(latentune.load_model("conv-ae-digits").hparams["latent_dim"]).fit(train)
    error = np.mean((plane.inverse_transform(plane.transform(test)) - test) ** 2)
    assert metrics["test_mse_pca"] == pytest.approx(error, rel=1e-4)
    latentune.search("conv-ae", "digits", trials=1, epochs=1, name="plain", ranges=PLAIN)
    answer = cli("train", "plain", "--epochs", 1)
    assert "as many principal components: the network is worse" in answer.out
    plain = json.loads(Path("runs/plain/final/metrics.json").read_text())
    assert f"{plain['test_mse_pca']:.4g}" in answer.out


def test_a_search_by_error_alone_does_not_end_in_a_copy_of_the_image() -> None:
    for shape, longest in [
        ((1, 8, 8), 8),
        ((1, 28, 28), 64),
        ((3, 32, 32), 64),
        ((1, 16, 32), 64),
    ]:
        from latentune.search_spaces.autoencoder_spaces import conv_ae
        from latentune.search_spaces.suggestions import record_parameters

        assert (
            record_parameters(conv_ae, latentune.DataSpec(shape)).distributions["latent_dim"].high
            == longest
        )


def test_trials_and_final_training_compute_the_same(cli: Cli, trained: Path) -> None:
    assert json.loads((HOME / "final/metrics.json").read_text())["precision"] == "32-true"
    latentune.search("dense-vae", "digits", trials=1, epochs=1, batch_size=300)
    trained_in_half = latentune.train(
        "dense-vae-digits", epochs=1, precision="bf16", pictures="none"
    )
    assert trained_in_half.metrics["precision"] == "bf16-mixed"
    assert np.isfinite(trained_in_half.metrics["test_elbo"])


def test_an_edited_configuration_has_its_own_folder(cli: Cli, trained: Path) -> None:
    before = content(HOME / "final")
    latentune.search("head", "digits", encoder="conv-ae-digits", trials=1, epochs=1)
    edit(HOME / "best.toml", "lr", 0.00123)
    answer = cli("train", HOME / "best.toml", "--epochs", 1)
    assert answer.code == 0, answer.err
    assert content(HOME / "final") == before | {  # the codes that the head was searched on
        name: data for name, data in content(HOME / "final").items() if name.startswith("codes")
    }
    (folder,) = HOME.glob("config-*")
    assert f"next: latentune sample {folder / 'model.ckpt'}" in answer.out
    metrics = json.loads((folder / "metrics.json").read_text())
    kept = read_best_toml(folder / "best.toml")
    assert metrics["trial"] is kept.trial is None
    assert kept.value == metrics["val_mse"]
    assert kept.params["lr"] == 0.00123
    assert "stale" not in cli("status").out
    assert cli("sample", folder / "model.ckpt", "--n", 10, "--method", "gaussian").code == 0
    assert cli("train", folder / "best.toml", "--epochs", 1).code == 0
    assert len(list(HOME.glob("config-*"))) == 2, "and the one before"


def test_the_previous_training_is_kept(cli: Cli, trained: Path) -> None:
    before = content(HOME / "final")
    assert cli("train", "conv-ae-digits", "--epochs", 1).code == 0
    assert content(HOME / "final-before") == before
    assert json.loads((HOME / "final/metrics.json").read_text())["epochs"] == 1


def test_the_file_of_a_trial_is_that_trial(cli: Cli, trained: Path) -> None:
    best = (HOME / "best.toml").read_bytes()
    other = next(n for n in range(3) if n != latentune.load_best("conv-ae-digits").trial)
    answer = cli("best", f"conv-ae-digits:{other}")
    assert answer.out.endswith(f"next: latentune train {HOME / f'trial-{other}.toml'}\n")
    assert (HOME / "best.toml").read_bytes() == best
    assert latentune.load_best("conv-ae-digits").trial != other
    answer = cli("train", HOME / f"trial-{other}.toml", "--epochs", 1)
    assert answer.out.endswith(f"next: latentune sample conv-ae-digits:{other}\n")
    assert (HOME / f"final-{other}").is_dir()


def test_the_header_of_best_toml_names_its_file(trained: Path) -> None:
    path = HOME / "final" / "best.toml"
    # The fixture was copied here after training; its own header names where it was made.
    assert path.read_text().splitlines()[0].endswith("runs/conv-ae-digits/final/best.toml")


OWN = """
from functools import partial
import pytorch_lightning as pl, torch
from latentune import TensorData, Objective, StudySpec
class Net(pl.LightningModule):
    def __init__(self, data, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
    def forward(self, x): return self.net(x)
    def step(self, batch): return torch.nn.functional.cross_entropy(self(batch[0]), batch[1])
    def training_step(self, batch, _): return self.step(batch)
    def validation_step(self, batch, _): self.log("val_loss", self.step(batch))
    def configure_optimizers(self): return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)
def space(trial, data): return Net(data, trial.suggest_float("lr", 1e-3, 1e-1))
digits = partial(TensorData, "digits", batch_size=300)
SPEC = StudySpec("mynet", Objective(space, digits, {"val_loss": "minimize"}, max_epochs=1))
"""


def test_the_next_command_fits_the_network(cli: Cli, trained: Path) -> None:
    Path("own.py").write_text(OWN)
    assert cli("search", "own:SPEC", "--trials", 1).code == 0
    answer = cli("train", "mynet", "--epochs", 1)
    assert answer.code == 0, answer.err
    assert answer.out.endswith("next: latentune status mynet\n")
    for verb in ("sample", "map", "interpolate"):
        answer = cli(verb, "mynet")
        assert answer.code == 2
        assert "Net has no encode" in answer.err
    latentune.search("head", "digits", encoder="conv-ae-digits", trials=1, epochs=1)
    answer = cli("train", "head-conv-ae-digits", "--epochs", 1)
    assert answer.out.endswith("next: latentune predict head-conv-ae-digits FILE\n")
    assert cli("map", "head-conv-ae-digits", "--n", 20).out.endswith("next: latentune dashboard\n")


def test_pictures_show_every_class(trained: Path) -> None:
    from latentune.objectives.reconstruction import reconstruct

    data = latentune.TensorData("digits")
    data.setup("fit")
    shown = reconstruct(latentune.load_model("conv-ae-digits"), data.val_dataloader())
    assert shown is not None
    val = data.splits.val
    labels = [
        int(val.targets[(val.inputs == image).flatten(1).all(1)][0]) for image in shown.originals
    ]
    assert labels == list(range(10))
    assert shown.reconstructions.shape == shown.originals.shape == (10, 1, 8, 8)


def test_a_checkpoint_that_is_cut_or_incomplete_is_refused(cli: Cli, trained: Path) -> None:
    path = HOME / "final" / "model.ckpt"
    whole = path.read_bytes()
    for broken in (b"", whole[: len(whole) // 2], b"PK\x03\x04"):
        path.write_bytes(broken)
        answer = cli("sample", "conv-ae-digits")
        assert (answer.code, answer.err.count("\n")) == (2, 1)
        assert "is not a checkpoint that can be read safely" in answer.err
    for name in ("recipe", "params", "data", "study"):
        path.write_bytes(whole)
        edit_header(path, lambda header, name=name: header.pop(name))
        assert f"is incomplete: {name} is missing" in cli("map", "conv-ae-digits").err
    path.write_bytes(whole)
    header = read_header(path)
    torch.save({"epoch": 1}, path)
    write_header(path, header)
    assert "it has no weights" in cli("map", "conv-ae-digits").err


def test_of_equal_epochs_the_one_with_the_least_loss_is_kept() -> None:
    rows = np.random.default_rng(0).normal(size=(120, 3))
    options: dict[str, Any] = {"trials": 1, "epochs": 1, "objectives": ["accuracy"], "name": "s"}
    latentune.search("logistic-regression", (rows, (rows[:, 0] > 0).astype(int)), **options)
    trained = latentune.train("s", epochs=30, pictures="none")
    history = pd.read_csv(trained.folder / "metrics.csv")
    equal = history[history["val_accuracy"] == history["val_accuracy"].max()]
    right = equal.loc[equal["val_loss"].idxmin(), "epoch"]
    assert trained.metrics["best_epoch"] == right != equal["epoch"].iloc[0]
