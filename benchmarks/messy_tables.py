"""Tables as people have them: the best of a search beside scikit-learn on the same features.

python -m benchmarks.messy_tables [--table penguins] [--trials 20] [--seeds 12] [--folds 5]
    [--objective loss]

The tables are like those of the Titanic and of the Palmer penguins, and random: with gaps, ids,
dates, free categories, and a column that gives the target away. A search trains on the training
part and chooses by the validation part; logistic regression is fitted to the training part, and
again to both.
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

PORTS = ("Southampton", "Cherbourg", "Queenstown")
TITLES = ("Mr", "Mrs", "Miss", "Dr")


def titanic_like(n: int = 891, seed: int = 0) -> pd.DataFrame:
    """Returns a table of passengers; `boat` gives away who survived."""
    draw = np.random.default_rng(seed)
    pclass = draw.choice([1, 2, 3], n, p=[0.24, 0.21, 0.55])
    sex = draw.choice(["male", "female"], n, p=[0.65, 0.35])
    age = np.clip(draw.normal(38 - 4 * pclass, 13), 1, 80).round()
    fare = (draw.lognormal(4.4 - 0.8 * pclass, 0.5)).round(4)
    home = draw.choice(["London", "New York", "Paris"], n, p=[0.6, 0.3, 0.1]).astype(object)
    is_rare = draw.random(n) < 0.06
    home[is_rare] = [f"Village {number}" for number in draw.integers(0, 20, is_rare.sum())]
    has_cabin = draw.random(n) < np.array([0, 0.8, 0.1, 0.03])[pclass]
    logit = 2.6 * (sex == "female") - 0.9 * pclass - 0.025 * age + 0.5 * has_cabin + 1.1
    survived = draw.random(n) < 1 / (1 + np.exp(-logit))
    days = draw.integers(0, 400, n)
    boarded = pd.Timestamp("1911-03-01") + pd.to_timedelta(days, "D")
    decks = draw.choice(list("ABCDEF"), n)
    cabins = [f"{deck}{i}" if has_cabin[i] else None for i, deck in enumerate(decks)]
    with_boat = survived ^ (draw.random(n) < 0.01)
    frame = pd.DataFrame(
        {
            "PassengerId": range(1, n + 1),
            "Survived": np.where(survived, "yes", "no"),
            "Pclass": pclass,
            "Name": [f"{TITLES[i % 4]} {chr(65 + i % 26)}. Passenger the {i}." for i in range(n)],
            "Sex": sex,
            "Age": age,
            "Fare": fare,
            "Ticket": [f"PC {number}" for number in draw.integers(0, 3 * n, n)],
            "Cabin": cabins,
            "Embarked": draw.choice(PORTS, n, p=[0.7, 0.2, 0.1]),
            "Boarded": boarded.strftime("%d.%m.%Y"),
            "Home": home,
            "Insured": draw.choice(["true", "false"], n),
            "Boat": np.where(with_boat, draw.integers(1, 17, n), np.nan),
        }
    )
    for name, share in (("Age", 0.2), ("Fare", 0.01), ("Embarked", 0.01), ("Boarded", 0.02)):
        frame.loc[draw.random(n) < share, name] = None
    frame.loc[draw.random(n) < 0.1, "Insured"] = None
    return frame


def titanic_features(frame: pd.DataFrame, rows: Any) -> pd.DataFrame:
    """Returns the features of such a table by pandas; `rows` are those to learn from."""
    known, n = frame.iloc[rows], len(rows)
    found = pd.DataFrame({"Pclass": frame["Pclass"].astype(float)})
    for sex in ("female", "male"):
        found[f"Sex={sex}"] = (frame["Sex"] == sex).astype(float)
    found["Age"] = frame["Age"].fillna(known["Age"].median())
    found["Age is missing"] = frame["Age"].isna().astype(float)
    found["Fare"] = frame["Fare"].fillna(known["Fare"].median())
    found["Cabin is missing"] = frame["Cabin"].isna().astype(float)
    port = frame["Embarked"].fillna(known["Embarked"].mode().iloc[0])
    for name in sorted(PORTS):
        found[f"Embarked={name}"] = (port == name).astype(float)
    dates = pd.to_datetime(frame["Boarded"], format="%d.%m.%Y")
    dates = dates.fillna(dates.iloc[rows].median())
    found["Boarded year"] = dates.dt.year.astype(float)
    found["Boarded month"] = dates.dt.month.astype(float)
    found["Boarded weekday"] = dates.dt.day_of_week.astype(float)
    found["Boarded days"] = (dates - pd.Timestamp(0)) / pd.Timedelta("1D")
    counts = known["Home"].value_counts()
    frequent = sorted(counts[(counts >= 10) | (counts >= n / 100)].index)
    home = frame["Home"].where(frame["Home"].isin(frequent), "other")
    for name in (*frequent, "other"):
        found[f"Home={name}"] = (home == name).astype(float)
    insured = frame["Insured"].map({"true": 1.0, "false": 0.0})
    found["Insured"] = insured.fillna(insured.iloc[rows].mode().iloc[0])
    found["Insured is missing"] = insured.isna().astype(float)
    return found


def penguins_like(n: int = 344, seed: int = 0) -> pd.DataFrame:
    """Returns a table of penguins with an id for each, and their dates in ISO format."""
    draw = np.random.default_rng(seed)
    species = draw.choice(["Adelie", "Chinstrap", "Gentoo"], n, p=[0.44, 0.2, 0.36])
    number = pd.Series(species).map({"Adelie": 0, "Chinstrap": 1, "Gentoo": 2}).to_numpy()
    male = draw.random(n) < 0.5
    days = pd.Timestamp("2007-11-11") + pd.to_timedelta(draw.integers(0, 750, n), "D")
    frame = pd.DataFrame(
        {
            "studyName": draw.choice(["PAL0708", "PAL0809", "PAL0910"], n),
            "Individual ID": [f"N{i // 2}A{1 + i % 2}" for i in draw.permutation(n)],
            "species": species,
            "island": np.where(number == 2, "Biscoe", draw.choice(["Dream", "Biscoe"], n)),
            "bill_length_mm": draw.normal(np.array([39, 49, 47])[number], 3).round(1),
            "bill_depth_mm": draw.normal(np.array([18.3, 18.4, 15])[number], 1.2).round(1),
            "body_mass_g": (draw.normal(np.array([3700, 3730, 5070])[number], 460) // 25 * 25),
            "sex": np.where(male, "male", "female"),
            "date_egg": days.strftime("%Y-%m-%d"),
        }
    )
    frame.loc[draw.random(n) < 0.01, ["bill_length_mm", "bill_depth_mm", "body_mass_g"]] = None
    frame.loc[draw.random(n) < 0.12, "sex"] = None
    return frame


def penguins_features(frame: pd.DataFrame, rows: Any) -> pd.DataFrame:
    """Returns the features of such a table by pandas; `rows` are those to learn from."""
    found = pd.DataFrame(index=frame.index)
    for name in ("PAL0708", "PAL0809", "PAL0910"):
        found[f"studyName={name}"] = (frame["studyName"] == name).astype(float)
    for name in ("Biscoe", "Dream"):
        found[f"island={name}"] = (frame["island"] == name).astype(float)
    for name in ("bill_length_mm", "bill_depth_mm", "body_mass_g"):
        found[name] = frame[name].fillna(frame[name].iloc[rows].median())
    sex = frame["sex"].fillna(frame["sex"].iloc[rows].mode().iloc[0])
    for name in ("female", "male"):
        found[f"sex={name}"] = (sex == name).astype(float)
    found["sex is missing"] = frame["sex"].isna().astype(float)
    dates = pd.to_datetime(frame["date_egg"])
    found["date_egg year"] = dates.dt.year.astype(float)
    found["date_egg month"] = dates.dt.month.astype(float)
    found["date_egg weekday"] = dates.dt.day_of_week.astype(float)
    found["date_egg days"] = (dates - pd.Timestamp(0)) / pd.Timedelta("1D")
    return found


COLUMNS = ("search", "scikit-learn, training part", "scikit-learn, validation part too")
Features = Callable[[pd.DataFrame, Any], pd.DataFrame]
TABLES: dict[str, tuple[Callable[..., pd.DataFrame], Features, str]] = {
    "titanic": (titanic_like, titanic_features, "Survived"),
    "penguins": (penguins_like, penguins_features, "species"),
}


def compare(
    table: str, seed: int, model: str, trials: int, folds: int | None, objective: str
) -> list[float]:
    """Returns balanced accuracies on the test part: of a search's best, and of scikit-learn.

    Scikit-learn's logistic regression is fitted to the training part, and to the training and the
    validation part.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    import latentune

    make, prepare, target = TABLES[table]
    frame, path = make(seed=seed), f"{table}-{seed}.csv"
    frame.to_csv(path, index=False)
    options: dict[str, Any] = {"target": target, "drop": ["Boat"] if "Boat" in frame else []}
    latentune.search(
        model,
        path,
        **options,
        objectives=[objective],
        folds=folds,
        trials=trials,
        seed=seed,
        name=path[:-4],
    )
    trained = latentune.train(path[:-4])
    data = latentune.TensorData(path, table=latentune.TableOptions(**options), seed=seed)
    train, val, test = (part.row_indices.tolist() for part in data.splits[:3])
    features, right = prepare(frame, train + val), frame[target]
    scores = [trained.metrics["test_balanced_accuracy"]]
    for rows in (train, train + val):
        plain = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        plain.fit(features.iloc[rows], right.iloc[rows])
        predicted = plain.predict(features.iloc[test])
        scores.append(float(balanced_accuracy_score(right.iloc[test], predicted)))
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--folds", type=int)
    parser.add_argument("--objective", default="balanced_accuracy")
    parser.add_argument("--table", choices=tuple(TABLES), action="append")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for table in options.table or TABLES:
            scores = np.array(
                [
                    compare(
                        table,
                        seed,
                        options.model,
                        options.trials,
                        options.folds,
                        options.objective,
                    )
                    for seed in range(options.seeds)
                ]
            )
            for name, found in zip(COLUMNS, scores.T, strict=True):
                behind = scores[:, 0] - found
                error = behind.std(ddof=1) / len(behind) ** 0.5
                shown = " ".join(f"{score:.3f}" for score in found)
                print(
                    f"{table}, {name}: {shown}, mean {found.mean():.3f}, "
                    f"search less this {behind.mean():+.3f} ± {error:.3f}"
                )


if __name__ == "__main__":
    main()
