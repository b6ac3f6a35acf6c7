"""Studies and trainings that a report tells of, and the page that it makes of them."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.study import Study
from optuna.trial import TrialState, create_trial
from PIL import Image

import latentune
from latentune.storage.trial_insertion import add_trials

DATABASE = "sqlite:///runs/studies.db"
STATES = (TrialState.COMPLETE,) * 3 + (TrialState.PRUNED,) * 3 + (TrialState.FAIL,)
PROVENANCE = {"seed": 3, "data_fingerprint": "12ab", "versions": {"optuna": "5.0.0"}, "cpu": "x"}
ATTRIBUTES: dict[str, Any] = {
    "command": "latentune search mlp flowers.csv",
    "recipe": {"model": "mlp", "data": "flowers.csv"},
    "metrics": {"val_loss": "minimize"},
    "definition": {"model": "mlp", "data": "flowers 4", "split": "12ab", "lr": "float 1e-4:1:log"},
}
METRICS = {
    "test_accuracy": 0.9,
    "test_accuracy_linear": 0.8,
    "test_calibration_error": 0.031,
    "class_accuracy": {"iris": 0.95, "rose": 0.7},
    "items": {"train": 900, "val": 100, "test": 150},
    "intervals": {"test_accuracy": [0.84, 0.943]},
    "epochs": 7,
    "parameters": 1234,
}


class Page(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def paths(self, look: str) -> list[str]:
        """Returns the paths with a look, in the order of the page."""
        found = [attrs for tag, attrs in self.tags if tag == "path" and attrs["class"] == look]
        return [str(attrs["d"]) for attrs in found]


def page_of(*names: str, **options: Any) -> Page:
    return Page(latentune.report(names, **options).path.read_text(encoding="utf-8"))


def make_study(name: str, trials: int, choice: str = "relu", **attributes: Any) -> Study:
    """Makes a study as a search leaves it, whose loss depends on the learning rate."""
    Path("runs").mkdir(exist_ok=True)
    study = optuna.create_study(study_name=name, storage=DATABASE)
    for key, value in {**ATTRIBUTES, **attributes}.items():
        study.set_user_attr(key, value)
    ranges: dict[str, Any] = {
        "lr": FloatDistribution(1e-4, 1.0, log=True),
        "width": IntDistribution(1, 64),
        "act": CategoricalDistribution([choice, None]),
    }
    drawn = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    made = []
    for number in range(trials):
        params, state = drawn.ask(ranges).params, STATES[number % 7]
        of_trial = {
            "epochs": 2,
            "best_epoch": 2,
            "hparams": {},
            "provenance": PROVENANCE,
            "stopped": {"PRUNED": "pruned", "FAIL": "it diverged"}.get(state.name, "all epochs"),
        }
        made.append(
            create_trial(
                state=state,
                values=None if state == TrialState.FAIL else [abs(params["lr"] - 0.1) + 0.01],
                params=params,
                distributions=ranges,
                user_attrs=of_trial,
            )
        )
    add_trials(study, made)
    return study


def make_training(name: str, metrics: dict[str, Any], **spec: Any) -> None:
    """Makes the folder of a final training, without weights."""
    folder = Path("runs", name, "final")
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(metrics))
    Image.new("RGB", (60, 40), "teal").save(folder / "loss.png")
    data = {"shape": [4], "kind": "table", "classes": ["iris", "rose"]} | spec
    header = {"study": name, "recipe": {"model": "mlp"}, "params": {}, "data": data}
    with ZipFile(folder / "model.ckpt", "w") as packed:
        packed.writestr("archive/latentune.json", json.dumps(header))
