# %% [markdown]
# # Few rows, many columns: the latent space of an expression table
#
# Expression data have few samples and thousands of genes. You reduce such a table to latent
# codes by an autoencoder, as an estimator of scikit-learn, and compare it with principal
# component analysis (PCA). The table is made here: four groups of samples, measured in two
# batches.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import latentune

TRIALS, EPOCHS, FINAL_EPOCHS, FOLDS = 4, 10, 80, 3
SAMPLES, GENES, SELECTED = 120, 2000, 300

# %%
random = np.random.default_rng(0)
group = np.arange(SAMPLES) % 4
batch = random.integers(0, 2, SAMPLES)
level = random.normal(2, 1, GENES)
marker = random.normal(0, 0.8, (4, GENES)) * (random.random((4, GENES)) < 0.1)
shift = random.normal(0, 0.5, (2, GENES))
depth = random.normal(0, 0.3, (SAMPLES, 1))
counts = random.poisson(np.exp(level + marker[group] + shift[batch] + depth))
sums = counts.sum(axis=1, keepdims=True)
table = np.log1p(counts / sums * np.median(sums))  # the usual preparation of counts
print(table.shape, "groups", np.bincount(group), "batches", np.bincount(batch))

# %% [markdown]
# ## Remove the batch effect
#
# The batch shifts genes. So each gene is centered within each batch, before anything is
# learned.

# %%
corrected = table.copy()
for number in np.unique(batch):
    corrected[batch == number] -= table[batch == number].mean(axis=0)

# %% [markdown]
# ## Compare by cross-validation
#
# In each fold, both methods get the most variable genes of the training samples, standardized.
# The autoencoder is searched and trained: a fifth of these samples tests it, and a tenth of the
# others chooses the best trial and epoch. PCA learns from all of them. It gets as many
# components as a code has numbers.


# %%
def variance(rows, _):
    return rows.var(axis=0)


def fit(rows):
    """Returns the preparation of rows, and both methods, which have learned from them."""
    prepare = make_pipeline(SelectKBest(variance, k=SELECTED), StandardScaler())
    prepared = prepare.fit_transform(rows, np.zeros(len(rows)))
    encoder = latentune.LatentuneEncoder(
        "deep-ae", trials=TRIALS, epochs=EPOCHS, final_epochs=FINAL_EPOCHS
    ).fit(prepared)
    pca = PCA(encoder.transform(prepared).shape[1]).fit(prepared)
    return prepare, {"autoencoder": encoder, "PCA": pca}


scores = []
for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(corrected, group):
    prepare, methods = fit(corrected[train])
    old, new = prepare.transform(corrected[train]), prepare.transform(corrected[test])
    for name, method in methods.items():
        codes = method.transform(new)
        score = {"method": name, "numbers": codes.shape[1]}
        score["error"] = np.mean((method.inverse_transform(codes) - new) ** 2)
        for label, truth in {"group": group, "batch": batch}.items():
            classifier = make_pipeline(StandardScaler(), LogisticRegression())
            classifier.fit(method.transform(old), truth[train])
            score[label] = classifier.score(codes, truth[test])
        scores.append(score)

print(pd.DataFrame(scores).groupby("method").agg(["mean", "std"]).round(3).to_string())

# %% [markdown]
# All scores are of the held-out samples. `error` is the mean squared error, where 1 is the
# variance of a gene. `group` and `batch` are the accuracies of a logistic regression that gets
# the codes: a good code knows the group, and knows no more of the batch than chance, about one
# half.
#
# Where PCA is not worse, take PCA: it is faster and always gives the same answer. The
# autoencoder is worth its search where samples are many or where the structure is not linear,
# as for [signals](03_own_module.md) and [images](01_images.md).
#
# ## See the latent space
#
# The codes of all samples by the networks of the last fold, on their first two principal axes.
# The first row is colored by group, the second by batch.

# %%
points = {
    "PCA, with batch effect": PCA(2).fit_transform(StandardScaler().fit_transform(table)),
    "PCA": methods["PCA"].transform(prepare.transform(corrected)),
    "autoencoder": PCA(2).fit_transform(
        methods["autoencoder"].transform(prepare.transform(corrected))
    ),
}
figure, panels = plt.subplots(2, 3, figsize=(9, 6), layout="constrained")
for column, (name, places) in zip(panels.T, points.items(), strict=True):
    for panel, label in zip(column, (group, batch), strict=True):
        panel.scatter(*places[:, :2].T, c=label, cmap="tab10", vmax=9, s=14)
        panel.set(xticks=[], yticks=[])
    column[0].set_title(name)
panels[0, 0].set_ylabel("color: group")
panels[1, 0].set_ylabel("color: batch")
plt.show()

# %% [markdown]
# ## Go on
#
# Each fit has left an ordinary study behind: `latentune status` lists them, and the network of
# the last fold can be used by its name.

# %%
encoder = methods["autoencoder"]
print(latentune.load_best(encoder.study_))
