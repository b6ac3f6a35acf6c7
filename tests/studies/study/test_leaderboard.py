"""The leaderboard of an automatic study, and the choice of models by the data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState, create_trial
from PIL import Image

import latentune
from latentune.search_spaces.catalog.models import MODELS
from latentune.storage import database
from latentune.storage.trial_outcome import finished_trials
from latentune.studies.study.leaderboard import leaderboard

from ...forked import command, fork

Cli = Callable[..., Any]
ALONE = [name for name, entry in MODELS.items() if not entry.needs_encoder]


def test_the_models_are_shown_beside_each_other(cli: Cli, studied: optuna.Study) -> None:
    table = leaderboard(studied)
    values = {t.params["model"]: [] for t in studied.trials}
    for trial in studied.trials:
        values[trial.params["model"]].append(trial.value)
    models = [row["model"] for row in table]
    assert models == sorted(values, key=lambda model: min(values[model]))
    assert [row["best"] for row in table] == sorted(min(of) for of in values.values())
    assert [row["trials"] for row in table] == [len(values[model]) for model in models]
    last = table[-1]
    assert last["behind"] == pytest.approx(last["best"] - studied.best_value)
    assert last["%"] == pytest.approx(100 * last["behind"] / studied.best_value)
    shown = cli("status", "auto-digits").out
    assert [line.split()[0] for line in shown.splitlines()[-4:-1]] == models
    assert "lr" in shown.splitlines()[0].split()  # once, for all models


def test_a_model_without_complete_trials_is_last() -> None:
    study = optuna.create_study()
    assert len(leaderboard(study)) == 0
    choice = CategoricalDistribution(["a", "b"])
    for model, state in (("a", TrialState.PRUNED), ("b", TrialState.COMPLETE)):
        study.add_trial(
            create_trial(
                state=state, value=1.0, params={"model": model}, distributions={"model": choice}
            )
        )
    table = leaderboard(study)
    assert [row["model"] for row in table] == ["b", "a"]
    assert table[1]["best"] is None


def test_several_objectives_count_who_is_on_the_front(cli: Cli) -> None:
    words = ("--objectives", "accuracy,loss", "--range", "model=feed-forward,logistic-regression")
    answer = cli("search", "wine", *words, "--trials", 3, "--epochs", 1, "--batch-size", 50)
    study = optuna.load_study(study_name="auto-wine", storage="sqlite:///runs/studies.db")
    table = leaderboard(study)
    assert sum(row["on the front"] for row in table) == len(study.best_trials)
    assert "on the front" in answer.out
    assert sum(row["trials"] for row in table) == 3


def test_fewer_trials_than_models_are_said_and_the_sampler_can_begin(cli: Cli) -> None:
    words = ("search", "auto", "wine", "--epochs", 1, "--batch-size", 50, "--trials", 1)
    answer = cli(*words)
    assert "too few trials to try these models: feed-forward, logistic-reg" in answer.out
    shown = cli(*words[:-1], 5, "--no-default-first", "--name", "b", "--dry-run").out
    assert "sampled" in shown
    assert "too few" not in shown


def write_photos(folder: Path, n: int = 24) -> None:
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(n):
        sides = 8, 8 + number % 2
        Image.fromarray(rng.integers(0, 255, (*sides, 3), dtype="uint8")).save(
            folder / f"{number}.png"
        )


def test_data_alone_mean_a_choice_among_what_fits_them(cli: Cli) -> None:
    write_photos(Path("photos"))
    rng = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{a - b:.3f}" for a, b in rng.normal(size=(80, 2))]
    Path("prices.csv").write_text("\n".join(["size,age,price", *rows]))
    Path("names").mkdir()
    for name, letters in (("abba", "ab"), ("cde", "cde")):
        words = ["".join(rng.choice(list(letters), 6)) for _ in range(40)]
        Path(f"names/{name}.txt").write_text("\n".join(words))
    for words, models, name in [
        (["photos", "--image-size", 8], {"conv-ae", "dense-ae"}, "auto-photos"),
        (["prices.csv", "--target", "price"], {"linear-regression"}, "auto-prices"),
        (["names"], {"name-rnn"}, "auto-names"),
    ]:
        answer = cli("search", *words, "--trials", 1, "--epochs", 1, "--workers", 1)
        assert answer.code == 0, answer.err
        assert answer.out.count("a number to predict") == (words[0] == "prices.csv")
        assert answer.out.endswith(f"next: latentune train {name}\n")
        best = latentune.load_best(name)
        assert models <= set(best.recipe["models"])
        assert best.params["model"] in best.recipe["models"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("conv-aee digits", "there is no model 'conv-aee'; did you mean 'conv-ae'?"),
        ("digitss", "no model, data set, file or folder 'digitss'; did you mean 'digits'?"),
        ("conv-aee", "no model, data set, file or folder 'conv-aee'; did you mean 'conv-ae'?"),
        ("nosuch.csv", "'nosuch.csv' is neither a folder of images"),
        ("auto", "auto needs data"),
        ("auto digits --space published", "auto has no space 'published'"),
        ("auto digits --encoder conv-ae-digits", "leave out --encoder"),
        ("wine --objectives elbo", "no model for wine has the objective 'elbo'; known: accuracy"),
        ("wine --objectives accuraccy", "did you mean 'accuracy'"),
        ("wine --objectives accuracy,mse", "has the objectives accuracy and mse together"),
        ("wine --range model=cnn", "'cnn' is not among its choices"),
        ("wine --range mlp.hiden=40", "did you mean 'mlp.hidden'"),
        ("wine --range model=mlp --range feed-forward.lr=1e-3", "not with these ranges"),
    ],
)
def test_a_mistake_is_one_line(refused: Callable[..., str], words: str, message: str) -> None:
    assert message in refused("search", *words.split())


def test_a_file_cannot_ask_for_what_cannot_be_chosen(studied: optuna.Study, cli: Cli) -> None:
    path = Path("runs/auto-digits/best.toml")
    text = path.read_text()
    listed = next(line for line in text.splitlines() if line.startswith("models = "))
    for other, message in [
        ('models = ["conv-aee"]', "did you mean 'conv-ae'"),
        ("", "needs the models"),
        ('models = ["pooled-ae"]', "'conv-ae' is not among its choices"),
    ]:
        path.write_text(text.replace(listed, other))
        answer = cli("train", path, "--epochs", 1)
        assert (answer.code, answer.err.count("\n")) == (2, 1)
        assert message in answer.err


def test_a_killed_search_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    models = "mlp,feed-forward,logistic-regression"
    words = ["search", "digits", "--range", f"model={models}", "--epochs", 4, "--trials", 5]
    search = fork(command, *words, "--batch-size", 100, "--pruner", "none", "--workers", 1)
    for line in search.out:
        if line.lstrip()[:1].isdecimal():
            search.process.kill()
            break
    search.end()
    monkeypatch.setattr(database, "GRACE_S", 1)  # users wait for half a minute
    monkeypatch.setattr(database, "HEARTBEAT_S", 1)
    options = {"epochs": 4, "batch_size": 100, "pruner": "none", "ranges": {"model": models}}
    study = latentune.search("digits", trials=5, **options)
    counted = finished_trials(study.trials)
    assert [trial.state for trial in counted] == [TrialState.COMPLETE] * 5
    given = [t.params["model"] for t in counted if "fixed_params" in t.system_attrs]
    assert sorted(given)[:3] == sorted(models.split(","))
