"""The page of the verb `report`: what it says, that it needs nothing else, and what it refuses."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial
from PIL import Image

import latentune
from latentune.storage.trial_insertion import add_trials

from .report_pages import ATTRIBUTES, DATABASE, METRICS, make_study, make_training, page_of

Cli = Callable[..., Any]
CONFIRMED = {
    "trial": 0,
    "monitor": "val_loss",
    "mean": 0.1,
    "std": 0.01,
    "seeds": 3,
    "search_value": 0.1,
}


@pytest.fixture(autouse=True)
def _silent_optuna() -> Iterator[None]:
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(level)


def test_the_page_says_what_the_database_says() -> None:
    study = make_study("flowers", 70)
    page = page_of("flowers")
    trials = study.get_trials()
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    assert f"{len(complete)} complete, 30 pruned, 10 failed" in page.text
    assert f"Best val_loss {study.best_value:.4g} trial {study.best_trial.number}" in page.text
    assert "30 pruned pruned after epoch 2" in page.text
    assert "10 failed it diverged" in page.text
    better, best = 0, float("inf")
    for trial in complete:
        better, best = better + (trial.values[0] < best), min(best, trial.values[0])
    over_trials, over_time = page.paths("line accent")[:2]
    assert over_trials.count("V") == over_time.count("V") == better - 1
    dots = [path.count("h0") for path in page.paths("dot complete")]
    assert dots.count(len(complete)) == 2  # over trials and over time
    assert [path.count("l5") for path in page.paths("line failed")[:2]] == [20, 20]
    shades = [path.count("h0") for number in range(6) for path in page.paths(f"dot s{number}")]
    assert sum(shades) == 3 * len(complete) + 3  # three parameters, and the legend
    ranked = sorted(complete, key=lambda trial: trial.values[0])
    rows = re.findall(r'<th scope="row" class="number">(\d+)</th>', page.html)
    assert [int(number) for number in rows] == [trial.number for trial in ranked[:10]]


def test_few_trials_bring_a_word_of_caution() -> None:
    make_study("few", 20)
    assert "Below 30" in page_of("few").text.replace("below", "Below")
    make_study("enough", 84)
    page = page_of("enough")
    assert "complete trials are few" not in page.text
    assert "PED-ANOVA" in page.text
    assert page.text.index(" lr ", page.text.index("importance")) > 0


def test_scores_stand_beside_their_scale_and_limits_are_named() -> None:
    make_study("flowers", 10)
    page = page_of("flowers")
    assert "This study is not trained" in page.text
    assert "latentune train flowers" in page.text
    make_training("flowers", METRICS)
    page = page_of("flowers")
    assert "test_accuracy 0.9 0.84 to 0.943 0.8 of a linear model" in page.text
    assert "only 150 items" in page.text
    assert "recognizes least: rose (70 %), iris (95 %)" in page.text
    assert "by 0.031 on average" in page.text
    sources = [attrs["src"] for tag, attrs in page.tags if tag == "img"]
    assert len(sources) == 1
    assert str(sources[0]).startswith("data:image/webp;base64,")


def test_luck_is_named_once_the_best_trials_are_confirmed() -> None:
    study = make_study("flowers", 10)
    assert "Not confirmed" in page_of("flowers").text
    best = study.best_trial
    mean, values = best.values[0] + 0.02, [best.values[0] + off for off in (0.01, 0.02, 0.03)]
    for seed, value in enumerate(values):
        study.set_user_attr(f"confirm:{best.number}:{seed}", value)
    recorded = {"trial": best.number, "mean": mean, "search_value": best.values[0]}
    study.set_user_attr("confirmed", CONFIRMED | recorded)
    text = page_of("flowers").text
    assert f"looked better than it is by {100 * 0.02 / mean:.2g} %, 2.0 standard" in text
    assert f"Best val_loss {mean:.4g} trial {best.number}, confirmed on 3 seeds" in text


def test_two_objectives_have_a_front_instead_of_a_best() -> None:
    Path("runs").mkdir()
    study = optuna.create_study(
        study_name="two", storage=DATABASE, directions=["minimize", "maximize"]
    )
    metrics = {"val_loss": "minimize", "val_accuracy": "maximize"}
    for key, value in {**ATTRIBUTES, "metrics": metrics}.items():
        study.set_user_attr(key, value)
    for number in range(6):
        study.add_trial(create_trial(values=[number, number if number < 4 else 0.0]))
    page = page_of("two")
    assert "4 trials on the Pareto front of val_loss and val_accuracy" in page.text
    assert page.paths("dot winner")[0].count("h0") == len(study.best_trials)
    assert "latentune best two --prefer knee" in page.text


def test_whatever_a_user_has_written_is_shown_and_not_interpreted() -> None:
    places = "note command model data entry choice parameter reason class column origin imported"

    def html(place: str) -> str:
        return f"</style><script>x</script><img src=x onerror=x> {{{{ 7 * 7 }}}} \"'{place}'"

    study = make_study(
        "flowers",
        8,
        html("choice"),
        command=html("command"),
        recipe={"model": html("model")},
        definition={html("entry"): "a", "data": f"{html('data')} 4", "split": "1"},
        imported={"study": html("imported"), "at": "2026-01-31T12:00:00", "sha256": "", "by": ""},
    )
    study._storage.set_study_system_attr(study._study_id, "dashboard:note_str:0", html("note"))
    study.add_trial(
        create_trial(
            state=TrialState.FAIL,
            params={html("parameter"): 1},
            distributions={html("parameter"): IntDistribution(0, 2)},
            user_attrs={"stopped": html("reason"), "origin": {"study": html("origin")}},
        )
    )
    metrics = METRICS | {"class_accuracy": {html("class"): 0.5}, f"test_{html('class')}": 0.1}
    columns = [{"name": html("column"), "role": "number"}]
    make_training("flowers", metrics, columns=columns, classes=[html("class")])
    other = make_study("others", 3)
    page = page_of("flowers")
    for place in places.split():
        assert f"'{place}'" in page.text, place
    assert "{{ 7 * 7 }}" in page.text
    both = page_of("flowers", other.study_name)
    for one in (page, both):
        assert "script" not in {tag for tag, _ in one.tags}
        assert "onerror" not in {name for _, attrs in one.tags for name in attrs}
        assert all(
            str(attrs["src"]).startswith("data:") for tag, attrs in one.tags if tag == "img"
        )


def test_several_studies_are_compared_and_heads_stand_below_their_encoder() -> None:
    make_study("encoder", 14)
    make_training("encoder", METRICS)
    source = {"study": "encoder", "checkpoint": "encoder/final/model.ckpt", "hash": "0"}
    make_study("head", 7, encoder_source=source)
    make_study("other", 7, metrics={"val_accuracy": "minimize"})
    page = page_of("other", "head", "encoder")
    assert Path("runs/other/comparison.html").exists()
    assert [attrs.get("id") for tag, attrs in page.tags if tag == "article"] == [
        "study-1",
        "study-2",
        "study-3",
    ]
    tree = page.html.partition('class="tree"')[2].partition("</section>")[0]
    assert re.sub(r"\s+", "", re.sub(r"<span.*?</span>", "", tree)).startswith(
        "><ul><li>other</li><li>encoder<ul><li>head</li></ul></li></ul>"
    )
    assert "stale" in tree
    shared = [str(a["aria-label"]) for t, a in page.tags if t == "svg" and "aria-label" in a]
    lines = [label for label in shared if "of each study" in label]
    assert len(lines) == 2  # over trials and over time; the other study has another metric
    assert "1, head: " in lines[0]


def test_values_that_left_their_range_are_left_out_of_its_charts() -> None:
    study = make_study("flowers", 0)
    ranges = [FloatDistribution(0.1, 1.0), CategoricalDistribution([0.5, 0.6])]
    ranges += [CategoricalDistribution([0.5, "auto"])]
    trials = [
        create_trial(value=0.1, params={"lr": 0.5}, distributions={"lr": one}) for one in ranges
    ]
    trials += [
        create_trial(value=0.1, params={"lr": value}, distributions={"lr": one})
        for value, one in (("auto", ranges[2]), (0.6, ranges[1]), (0.2, ranges[0]))
    ]
    add_trials(study, trials)  # as `import` does, without a check
    assert "val_loss beside each parameter" in page_of("flowers").text


def test_a_thousand_trials_are_a_small_page() -> None:
    make_study("many", 1000)
    assert latentune.report("many").size < 1_000_000


def test_passwords_are_masked() -> None:
    make_study("flowers", 3, command="latentune search mlp --storage mysql://me:secret@db/x")
    page = page_of("flowers")
    assert "secret" not in page.html
    assert "mysql://me:***@db/x" in page.text


def test_bad_input_is_one_line(refused: Callable[..., str]) -> None:
    make_study("empty", 0)
    make_study("flowers", 3)
    assert "study 'empty' has no finished trial yet" in refused("report", "empty")
    assert "did you mean 'flowers'" in refused("report", "flower")
    assert "named twice" in refused("report", "flowers", "flowers")
    assert "cannot name a study" in refused("report", "../flowers")
    assert "must end in .html" in refused("report", "flowers", "--out", "report.pdf")
    Path("mine.html").write_text("<p>mine</p>")
    assert "is not a report" in refused("report", "flowers", "--out", "mine.html")
    make_training("flowers", {})
    Path("runs/flowers/final/metrics.json").write_text("[")
    assert "metrics.json cannot be read" in refused("report", "flowers")


def test_the_command_names_the_file_and_the_next_step(cli: Cli) -> None:
    make_study("flowers", 3)
    for _ in range(2):  # a report may be replaced
        answer = cli("report", "flowers")
        assert answer.code == 0
        assert "wrote runs/flowers/report.html" in answer.out
        assert answer.out.endswith("next: latentune train flowers\n")
    make_training("flowers", METRICS)
    assert cli("report", "flowers").out.endswith("next: latentune verify flowers\n")


def test_a_training_of_another_trial_than_the_best_is_told_of() -> None:
    study = make_study("flowers", 10)
    make_training("flowers", METRICS | {"trial": study.best_trial.number})
    assert "This is the training of" not in page_of("flowers").text
    study.set_user_attr("confirmed", CONFIRMED | {"trial": 2})
    assert "The best one is trial 2 now: latentune train flowers" in page_of("flowers").text


def test_each_picture_has_the_command_that_made_it() -> None:
    make_study("flowers", 3)
    make_training("flowers", METRICS)
    for place in ("final/maps/tsne.png", "final/anomalies/scores.png", "final/epochs/loss-1.png"):
        path = Path("runs/flowers", place)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (9, 9)).save(path)
    Path("runs/flowers/final").rename("runs/flowers/final-7")
    page = page_of("flowers")
    assert [tag for tag, _ in page.tags].count("img") == 3
    assert "Latent codes of items on a plane, by tsne. latentune map flowers:7" in page.text
    assert "latentune anomalies flowers:7 --against DATA" in page.text


def test_pictures_that_cannot_be_read_are_counted() -> None:
    make_study("flowers", 3)
    make_training("flowers", METRICS)
    Path("runs/flowers/final/broken.png").write_bytes(b"\x89PNG\r\n")
    assert "1 more pictures" in page_of("flowers").text
