# %% [markdown]
# # Images: an autoencoder of digits
#
# You search an autoencoder of small images, sample new ones, look at its latent space, and put
# a classifier on it. This page is a script of cells: Jupyter, VS Code and `python` all run it.

# %%
from sklearn.datasets import load_digits

import latentune

TRIALS, EPOCHS, FINAL_EPOCHS = 8, 15, 60
SAMPLES, SEEDS = 1000, 3

# %% [markdown]
# ## Look at the data
#
# Data may be an array as here, a data set of PyTorch, or the path of a folder of images.

# %%
images, labels = load_digits().images / 16, load_digits().target
print(latentune.show((images, labels)))

# %% [markdown]
# ## Search
#
# Each trial trains one configuration on the training part. Its value is the error on the
# validation part. The first trial has the defaults of the model; Optuna chooses the others. A
# trial that is worse than its rivals after the same number of epochs is pruned.

# %%
study = latentune.search(
    "conv-ae", (images, labels), name="digits-ae", trials=TRIALS, epochs=EPOCHS
)
print(study)

# %% [markdown]
# The result is an `optuna.Study`. The same call again continues it up to `trials`; `latentune
# dashboard` in a terminal shows it.
#
# ## Train
#
# The best configuration is trained for longer, and scored once on the test part. The baseline
# is principal component analysis with as many values per image.

# %%
final = latentune.train("digits-ae", epochs=FINAL_EPOCHS)
print(final.verdict[0])

# %% [markdown]
# Images of the test part above their reconstructions:
#
# ![Ten digits above their reconstructions](runs/digits-ae/final/reconstructions.png)
#
# ## Sample
#
# The encoder turns an image into a latent code of a few numbers, and the decoder turns a code
# into an image. A density of the codes of the training images is sampled, here a kernel density
# and one Gaussian. FID and KID measure how far the samples are from real images: smaller is
# better.

# %%
print(latentune.sample("digits-ae", methods=["kde", "gaussian"], n=SAMPLES))

# %% [markdown]
# ![A grid of sampled digits](runs/digits-ae/final/samples/kde-samples.png)
#
# ## See the latent space
#
# `map` plots the codes on a plane, and colors them by class. The autoencoder has not seen any
# class.

# %%
print(latentune.map("digits-ae"))

# %% [markdown]
# ![t-SNE of the latent codes, colored by class](runs/digits-ae/final/maps/tsne.png)
#
# ## Put a classifier on the encoder
#
# The encoder is frozen, so its codes are computed once and only the classifier is trained.

# %%
study = latentune.search(
    "head",
    (images, labels),
    encoder="digits-ae",
    name="digits-head",
    trials=TRIALS,
    epochs=EPOCHS,
)
final = latentune.train("digits-head", epochs=FINAL_EPOCHS)
print(final.verdict[0])
print(latentune.predict("digits-head", images[:5]))

# %% [markdown]
# The linear model sees all pixels and all labels. What is the encoder worth where labels are few?
# `compare` trains the same network from scratch and from the weights of the encoder, with several
# seeds.

# %%
print(
    latentune.compare(
        (images, labels), encoders=["digits-ae"], labels=[50], seeds=SEEDS, epochs=EPOCHS
    )
)
