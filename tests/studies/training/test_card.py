"""The card of a trained network: what it says, and that an edited one is kept."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt
from scipy.stats import binomtest

import latentune

Cli = Callable[..., Any]
FINAL = Path("runs/conv-ae-digits/final")


class Text(HTMLParser):
    """The tags and the text of HTML."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_card_has_the_scores_beside_their_scale(trained: Path) -> None:
    metrics = json.loads((FINAL / "metrics.json").read_text())
    card = Text((FINAL / "README.md").read_text())
    assert "conv-ae, convolutional autoencoder, trained by Latentune on digits" in card.text
    assert f"{metrics['test_mse_pca']:.4g} of as many principal components" in card.text
    low, high = metrics["intervals"]["test_mse"]
    assert low < metrics["test_mse"] < high
    assert f"{low:.4g} to {high:.4g}" in card.text
    assert "Items: 1,294 train, 144 val, 359 test" in card.text
    assert metrics["data_fingerprint"] in card.text
    model = latentune.load_model("conv-ae-digits")
    x = latentune.TensorData("digits").splits.test.inputs
    errors = (model.reconstruct(x) - x).flatten(1).square().mean(1).detach().numpy()
    drawn = np.random.default_rng(0)
    means = [drawn.choice(errors, len(errors)).mean() for _ in range(2000)]
    assert (low, high) == pytest.approx(np.quantile(means, (0.025, 0.975)), rel=0.02)


def test_an_edited_card_is_kept_and_another_one_is_replaced(cli: Cli, trained: Path) -> None:
    card = FINAL / "README.md"
    first = card.read_text()
    assert cli("train", "conv-ae-digits", "--epochs", 1, "--pictures", "none").code == 0
    assert card.read_text() != first
    assert not card.with_name("README-new.md").exists()
    card.write_text(card.read_text().replace("license:", "license: mit"))
    edited = card.read_text()
    answer = cli("train", "conv-ae-digits", "--epochs", 2, "--pictures", "none")
    assert f"{card} was edited and is kept" in answer.out
    assert card.read_text() == edited
    assert "of 2" in Text(card.with_name("README-new.md").read_text()).text


def test_names_of_classes_are_shown_and_not_interpreted(cli: Cli) -> None:
    names = ["<img src=x onerror=x>", "a|b\n| **c** `d` {{ 7 * 7 }}"]
    drawn = np.random.default_rng(0)
    table = pd.DataFrame({"<b>size</b>": drawn.normal(size=80), "class": names * 40})
    table.to_csv("<i>flowers.csv", index=False)
    search = ("search", "logistic-regression", "<i>flowers.csv", "--name", "flowers")
    assert cli(*search, "--trials", 1, "--epochs", 1).code == 0
    assert cli("train", "flowers", "--epochs", 1, "--pictures", "none").code == 0
    final = Path("runs/flowers/final")
    card = Text((final / "README.md").read_text())
    assert card.tags.isdisjoint({"img", "b", "i", "strong"})
    for name in (names[0], "a|b | **c** `d` {{ 7 * 7 }}", "<i>flowers"):
        assert name in card.text, card.text
    metrics = json.loads((final / "metrics.json").read_text())
    n = metrics["items"]["test"]
    interval = binomtest(round(metrics["test_accuracy"] * n), n).proportion_ci(0.95, "exact")
    assert metrics["intervals"]["test_accuracy"] == pytest.approx(list(interval))
    assert f"only {n} items" in card.text
    page = latentune.report("flowers").path.read_text()
    assert "<img src=x" not in page
    assert "<b>size" not in page
