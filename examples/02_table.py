# %% [markdown]
# # A table as it comes
#
# You search a model of a table with gaps, dates, categories and a column that names the rows,
# and predict new rows. The table is made here: the bicycles that a shop rents on each day.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import r2_score

import latentune

TRIALS, EPOCHS, FINAL_EPOCHS = 12, 15, 60
N_DAYS, N_NEW = 1200, 200

# %%
random = np.random.default_rng(0)
date = pd.date_range("2021-01-01", periods=N_DAYS, freq="D")
temperature = 12 - 11 * np.cos(2 * np.pi * date.day_of_year / 365) + random.normal(0, 4, N_DAYS)
sky = random.choice(["sun", "clouds", "rain", "hail"], N_DAYS, p=[0.5, 0.3, 0.195, 0.005])
wind = random.gamma(3, 5, N_DAYS)
expected = (
    np.exp(5 - ((temperature - 22) / 12) ** 2)  # few people ride in frost or heat
    * pd.Series(sky).map({"sun": 1.0, "clouds": 0.8, "rain": 0.3, "hail": 0.1})
    * np.where(date.day_of_week >= 5, 1.5, 1)
    * np.exp(-wind / 50)
)
days = pd.DataFrame(
    {
        "receipt": [f"R{number:05}" for number in random.permutation(N_DAYS)],
        "date": date.strftime("%d.%m.%Y"),
        "sky": sky,
        "temperature": temperature.round(1),
        "wind": np.where(random.random(N_DAYS) < 0.1, np.nan, wind.round()),
        "rentals": (expected + random.normal(0, 5, N_DAYS)).clip(lower=0).round(),
    }
).sample(frac=1, random_state=0)
old, new = days[:-N_NEW], days[-N_NEW:]
print(old.head())

# %% [markdown]
# ## Look at the data
#
# What is decided about the columns is printed. What cannot be decided is refused, with the option
# that decides it.

# %%
print(latentune.show(old, target="rentals"))

# %% [markdown]
# ## Search the model too
#
# `auto` tries each model that fits with its defaults, and refines the best of them.

# %%
study = latentune.search(
    "auto", old, target="rentals", name="rentals", trials=TRIALS, epochs=EPOCHS
)
print(study)

# %% [markdown]
# ## Train
#
# The score on the test part is compared with that of a linear model of the same columns.

# %%
final = latentune.train("rentals", epochs=FINAL_EPOCHS)
print(final.verdict[0])

# %% [markdown]
# ## Predict new rows
#
# New rows are prepared as the rows of the training were: gaps are filled, columns are found by
# their names.

# %%
predictions = latentune.predict("rentals", new.drop(columns="rentals"))
print(predictions.table.head())

# %% [markdown]
# The same new rows, predicted by the gradient boosting of scikit-learn with its defaults. It
# cannot read the dates, so it gets the day of the year and of the week. `as good as it gets`
# knows the rentals without their noise.


# %%
def features(rows):
    dates = pd.to_datetime(rows["date"], format="%d.%m.%Y")
    return rows[["sky", "temperature", "wind"]].assign(
        sky=rows["sky"].astype("category"), day=dates.dt.day_of_year, weekday=dates.dt.day_of_week
    )


boosting = HistGradientBoostingRegressor(random_state=0).fit(features(old), old["rentals"])
predicted = {
    "latentune": predictions.table["rentals"].to_numpy(float),
    "gradient boosting": boosting.predict(features(new)),
    "as good as it gets": expected[new.index].to_numpy(),
}
for name, values in predicted.items():
    print(f"R2 {r2_score(new['rentals'], values):.3f} of {name}")

# %%
figure, panels = plt.subplots(1, 2, figsize=(8, 3.5), sharey=True, layout="constrained")
for panel, name in zip(panels, list(predicted)[:2], strict=True):
    panel.scatter(predicted[name], new["rentals"], s=10, alpha=0.7)
    panel.axline((50, 50), slope=1, color="0.7", zorder=0)
    panel.set(title=name, xlabel="predicted rentals")
panels[0].set_ylabel("rentals")
plt.show()
