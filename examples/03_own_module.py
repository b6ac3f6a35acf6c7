# %% [markdown]
# # Your own LightningModule and DataModule
#
# You bring the data as a `LightningDataModule` and the network as a `LightningModule`. The data
# here are pulses: a signal of 64 values with one peak, whose place and width vary.

# %%
import matplotlib.pyplot as plt
import pytorch_lightning as pl
import torch
from sklearn.decomposition import PCA
from torch import nn
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, TensorDataset, random_split

import latentune

TRIALS, EPOCHS, FINAL_EPOCHS = 6, 10, 40
LENGTH = 64

# %% [markdown]
# ## The data module
#
# It is written as for Lightning alone. A model of your own needs the attribute `spec`, which
# says the shape of an item.


# %%
class Pulses(pl.LightningDataModule):
    name = "pulses"
    spec = latentune.DataSpec((LENGTH,), "table")

    def setup(self, stage):
        generator = torch.Generator().manual_seed(0)
        center = 0.2 + 0.6 * torch.rand(1000, 1, generator=generator)
        width = 0.03 + 0.05 * torch.rand(1000, 1, generator=generator)
        time = torch.linspace(0, 1, LENGTH)
        noise = 0.05 * torch.randn(1000, LENGTH, generator=generator)
        pulses = torch.exp(-(((time - center) / width) ** 2) / 2) + noise
        self.parts = random_split(TensorDataset(pulses), [600, 150, 250], generator)

    def train_dataloader(self):
        return DataLoader(self.parts[0], batch_size=50, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.parts[1], batch_size=150)

    def test_dataloader(self):
        return DataLoader(self.parts[2], batch_size=250)


# %% [markdown]
# ## A model of the catalog
#
# Each model of the catalog that fits takes the data module as it is. `ranges` fixes the size of
# the latent code at two, as many values as a pulse has.

# %%
pulses = Pulses()
print(latentune.show(pulses))
study = latentune.search(
    "dense-ae",
    pulses,
    name="pulses-dense",
    ranges={"latent_dim": "2"},
    trials=TRIALS,
    epochs=EPOCHS,
)
final = latentune.train("pulses-dense", epochs=FINAL_EPOCHS)

# %% [markdown]
# ## The module
#
# A convolutional autoencoder of signals. It logs the metric that the search minimizes, here
# `val_mse`. Its methods decide what can be done with it: `encode` and `decode` are enough for
# maps and samples.


# %%
class SignalAutoencoder(pl.LightningModule):
    def __init__(self, channels, latent_dim, lr):
        super().__init__()
        self.save_hyperparameters()
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, LENGTH)),
            nn.Conv1d(1, channels, 9, stride=4, padding=4),
            nn.GELU(),
            nn.Conv1d(channels, channels, 9, stride=4, padding=4),
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(channels * LENGTH // 16, latent_dim),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, channels * LENGTH // 16),
            nn.Unflatten(1, (channels, LENGTH // 16)),
            nn.GELU(),
            nn.ConvTranspose1d(channels, channels, 8, stride=4, padding=2),
            nn.GELU(),
            nn.ConvTranspose1d(channels, 1, 8, stride=4, padding=2),
            nn.Flatten(),
        )

    def encode(self, x):
        return self.encoder(x)

    def decode(self, z):
        return self.decoder(z)

    def reconstruct(self, x):
        return self.decode(self.encode(x))

    def training_step(self, batch, batch_index):
        return mse_loss(self.reconstruct(batch[0]), batch[0])

    def validation_step(self, batch, batch_index):
        self.log("val_mse", mse_loss(self.reconstruct(batch[0]), batch[0]))

    def test_step(self, batch, batch_index):
        self.log("test_mse", mse_loss(self.reconstruct(batch[0]), batch[0]))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams["lr"])


# %% [markdown]
# ## Its search space
#
# A function that builds the module of a trial, as in Optuna: each value that the trial suggests
# is searched.


# %%
def space(trial, data):
    return SignalAutoencoder(
        channels=trial.suggest_int("channels", 4, 32, log=True),
        latent_dim=2,
        lr=trial.suggest_float("lr", 1e-4, 1e-1, log=True),
    )


SPEC = latentune.StudySpec(
    name="pulses-own",
    objective=latentune.Objective(
        model=space, data=Pulses, metrics={"val_mse": "minimize"}, max_epochs=EPOCHS
    ),
)

# %% [markdown]
# ## Search and train
#
# `__main__` is this notebook or script. In a file `signals.py`, the study is `signals:SPEC`:
# then the command line and other processes find it too.

# %%
study = latentune.search("__main__:SPEC", trials=TRIALS)
print(study)
final = latentune.train("pulses-own", epochs=FINAL_EPOCHS)

# %% [markdown]
# ## Compare
#
# The error on the test part, of the two networks and of two principal components:

# %%
own = latentune.load_model("pulses-own")
dense = latentune.load_model("pulses-dense")
train, test = pulses.parts[0][:][0], pulses.parts[2][:][0]
pca = PCA(2).fit(train)
reconstructions = {
    "module of your own": own.reconstruct(test).detach(),
    "dense-ae": dense.reconstruct(test).detach(),
    "2 principal components": torch.tensor(pca.inverse_transform(pca.transform(test))),
}
for name, reconstruction in reconstructions.items():
    print(f"{name:24} test error {mse_loss(reconstruction, test):.4f}")
print(f"{'noise of the data':24} {0.05**2:.4f}")

# %%
figure, panels = plt.subplots(1, 3, figsize=(9, 2.5), sharey=True, layout="constrained")
for panel, index in zip(panels, range(3), strict=True):
    panel.plot(test[index], color="0.7", label="test item")
    for name, reconstruction in reconstructions.items():
        panel.plot(reconstruction[index], label=name)
figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()

# %% [markdown]
# ## Use
#
# What a network of the catalog can do, this one can too. `Best.build` gives an untrained
# network with the best parameters, for a Trainer of your own.

# %%
print(latentune.sample("pulses-own", methods=["kde"], n=5))
network = latentune.load_best("pulses-own").build()
print(type(network).__name__, dict(network.hparams))

# %%
codes = own.encode(test).detach()
place = test.argmax(1) / (LENGTH - 1)
figure, axes = plt.subplots(figsize=(5, 3.5), layout="constrained")
points = axes.scatter(codes[:, 0], codes[:, 1], c=place, s=12)
figure.colorbar(points, label="place of the peak")
axes.set(xlabel="latent dimension 1", ylabel="latent dimension 2", title="Codes of the test part")
plt.show()
