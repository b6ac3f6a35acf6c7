"""What is in the pictures: names that can be read, honest axes, nothing on top of another."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import rc_context
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from latentune.studies.display.plots.figure import shorten_labels
from latentune.studies.display.plots.image_grids import (
    plot_image_grid,
    plot_image_groups,
    plot_labeled_grid,
    plot_reconstructions,
)
from latentune.studies.display.plots.latent_map import plot_latent_map
from latentune.studies.display.plots.metric_plots import plot_accuracy_curves, plot_loss_curve
from latentune.studies.display.plots.prediction_quality import (
    plot_confusion_matrix,
    plot_precision_recall,
)

Drawn = Callable[..., Figure]


RNG = np.random.default_rng(0)


SCRIPTS = (
    "猫",
    "собака",
    "قط",
    "😀 smile",
    "🦖",
    "ไทย",
    "$\\pi$_a",
    "_b_",
    "a_b^c",
    "é\u0301",
    "tab\tname",
)


LONG = "what people call a class of things in a data set of their own, {}"


CLASSES = (2, 7, 30, 100)


def names(k: int) -> list[str]:
    """Names as people give them: short, of 60 letters, of any script."""
    kinds = [str, lambda n: LONG.format(n), lambda n: f"{SCRIPTS[n % len(SCRIPTS)]}{n}"]
    return [kinds[n % 3](n) for n in range(k)]


def labels(axis: Axis) -> list[str]:
    low, high = sorted(axis.get_view_interval())
    ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
    return [label.get_text() for place, label in ticks if low <= place <= high]


def legend(figure: Figure) -> list[str]:
    return [
        text.get_text()
        for axes in figure.axes
        if (found := axes.get_legend())
        for text in found.get_texts()
    ]


@pytest.mark.parametrize("k", CLASSES)
def test_a_confusion_matrix_names_each_class(drawn: Drawn, k: int) -> None:
    counts = RNG.integers(0, 9, (k, k)) + np.diag(np.full(k, 12345))
    axes = drawn(plot_confusion_matrix, counts, names(k), "Test accuracy 0.9").axes[0]
    assert labels(axes.xaxis) == labels(axes.yaxis) == shorten_labels(names(k))
    assert len(set(labels(axes.xaxis))) == k
    assert len(axes.texts) == (k**2 if k <= 30 else 0)


@pytest.mark.parametrize("k", CLASSES)
def test_curves_and_maps_have_legends_that_fit(drawn: Drawn, k: int) -> None:
    curve = np.stack([np.linspace(0.1, 1, 9), np.linspace(1, 0.2, 9)], axis=1)
    average = {name: n / k for n, name in enumerate(names(k))}
    entries = legend(drawn(plot_precision_recall, dict.fromkeys(average, curve), average))
    assert len(entries) == (k if k <= 12 else 6)
    plane, which = RNG.normal(size=(300, 2)), np.arange(300) * np.arange(300) % k
    values = pd.Series(pd.Categorical.from_codes(which, names(k)), name="class")
    figure = drawn(plot_latent_map, plane, values, "t-SNE of 300 codes")
    entries, there = legend(figure), len(set(which))
    assert len(entries) == min(there, 20)
    if there > 20:
        named = values.isin(
            [
                name
                for name, short in zip(names(k), shorten_labels(names(k)), strict=True)
                if short in entries
            ]
        )
        assert entries[-1] == f"other ({there - 19} more)"
        assert (
            values[named].value_counts()[lambda n: n > 0].min()
            >= values[~named].value_counts().max()
        )
    colors = figure.axes[0].collections[0].get_facecolors()
    assert len(np.unique(colors, axis=0)) == min(there, 20)


@pytest.mark.parametrize("k", CLASSES)
def test_rows_of_images_have_their_names(drawn: Drawn, k: int) -> None:
    rows = {name: torch.rand(1 + n % 3, 1, 8, 8) for n, name in enumerate(names(k))}
    axes = drawn(plot_labeled_grid, rows, f"photos: {k} classes; {LONG}").axes[0]
    assert labels(axes.yaxis) == shorten_labels(names(k))


@pytest.mark.parametrize(
    ("values", "bar"),
    [
        (np.arange(300.0), True),
        (np.full(300, 2.5), True),
        (np.append(np.arange(299.0), 1e30), True),
        (RNG.normal(size=300) * 1e-20, True),
        (np.where(np.arange(300) % 2, np.nan, 1e9 + np.arange(300)), True),
        (np.arange(300) % 2 == 0, False),
        (np.array([None, "a", "b"] * 100), False),
    ],
)
def test_numbers_get_a_color_bar_and_the_rest_a_legend(
    drawn: Drawn, values: np.ndarray, bar: bool
) -> None:
    figure = drawn(plot_latent_map, RNG.normal(size=(300, 2)), pd.Series(values, name=LONG), "PCA")
    assert len(figure.axes) == 1 + bar
    missing = int(pd.isna(values).sum())
    assert (f"no value ({missing})" in legend(figure)) == (missing > 0)


def history(metric: str, *values: float) -> pd.DataFrame:
    epochs = range(1, len(values) + 1)
    return pd.DataFrame({"epoch": epochs, f"train_{metric}": values, f"val_{metric}": values})


@pytest.mark.parametrize(
    ("metric", "is_loss", "values", "scale"),
    [
        ("mse", True, [1.0, 0.1, 0.01], "log"),
        ("mse", True, [1e30, 1, 1e-20], "log"),
        ("mse", True, [0.5, 0.3, 0.2], "linear"),
        ("mse", True, [0.5], "linear"),
        ("mse", True, [0.25] * 4, "linear"),
        ("mse", True, [1e-20, 2e-20], "linear"),
        ("mse", True, [1.0, math.inf, math.nan, 0.5], "linear"),
        ("loss", True, [1.0, 0.01, 0.0], "linear"),
        ("kl", True, [-1.0, -100.0], "linear"),
        ("accuracy", False, [0.02, 0.5, 0.98], "linear"),
        ("elbo", False, [-900.0, -9.0, -1.0], "linear"),
        ("mse", True, [*np.geomspace(1, 1e-3, 1000)], "log"),
    ],
)
def test_only_losses_that_span_decades_have_a_logarithmic_axis(
    drawn: Drawn, metric: str, is_loss: bool, values: list[float], scale: str
) -> None:
    figure = drawn(plot_loss_curve, history(metric, *values), metric, 1, is_loss=is_loss)
    axes = figure.axes[0]
    assert axes.get_yscale() == scale
    assert len(labels(axes.yaxis)) >= 2
    epochs = labels(axes.xaxis)
    assert [str(int(epoch)) for epoch in epochs] == epochs
    assert 1 <= int(epochs[0]) <= int(epochs[-1]) <= len(values)


@pytest.mark.parametrize(("starts", "panels", "epochs"), [(1, 1, 1), (2, 2, 2), (4, 3, 25)])
def test_epochs_of_a_comparison_are_whole(
    drawn: Drawn, starts: int, panels: int, epochs: int
) -> None:
    rows = [
        {"start": start, "labels": f"{panel:,}", "seed": seed, "epoch": epoch + 1, "accuracy": 0.5}
        for start in names(starts)
        for panel in range(10**4, 10**4 + panels)
        for seed in range(2)
        for epoch in range(epochs)
    ]
    figure = drawn(plot_accuracy_curves, pd.DataFrame(rows))
    assert len(legend(figure)) == starts
    for axes in figure.axes:
        assert axes.get_yscale() == "linear"
        assert all(label.isdigit() for label in labels(axes.xaxis))


@pytest.mark.parametrize(
    "shape", [(1, 8, 8), (1, 28, 28), (3, 64, 64), (1, 8, 64), (3, 64, 8), (3, 300, 100)]
)
@pytest.mark.parametrize("n", [1, 2, 10])
def test_images_fill_their_pictures(drawn: Drawn, shape: tuple[int, int, int], n: int) -> None:
    images = torch.rand(n, *shape)
    rows = {"digits: least": images, "digits: most": images[: n // 2]}
    for figure in (
        drawn(plot_reconstructions, images, images),
        drawn(plot_image_grid, images, "Decoded samples of a Gaussian mixture"),
        drawn(plot_labeled_grid, rows, "Least and most reconstruction error"),
    ):
        box = figure.axes[0].get_window_extent()
        ratio = np.divide(*figure.axes[0].images[0].get_array().shape[:2])
        assert box.height / box.width == pytest.approx(ratio, rel=0.05)
        tight = figure.get_tightbbox()
        assert box.width / figure.dpi > 0.3 * tight.width or n < 10


def test_settings_of_matplotlib_do_not_change_figures(drawn: Drawn) -> None:
    counts = np.eye(3, dtype=int)
    plain = drawn(plot_confusion_matrix, counts, names(3), "Test accuracy 1")
    with rc_context({"text.usetex": True, "font.size": 40, "savefig.dpi": 30}):
        same = drawn(plot_confusion_matrix, counts, names(3), "Test accuracy 1")
    boxes = [figure.axes[0].get_tightbbox().bounds for figure in (plain, same)]
    assert boxes[0] == boxes[1]


def test_groups_of_images_have_their_classes_above(drawn: Drawn) -> None:
    of_groups, apart = [names(9)[n : n + 3] for n in range(6)], [[1e-20, 12345.6]] * 6
    figure = drawn(plot_image_groups, torch.rand(6, 3, 1, 8, 8), of_groups, apart)
    assert [axes.get_title().splitlines()[-1] for axes in figure.axes[6:]] == (
        ["at 1e-20"] * 6 + ["at 1.23e+04"] * 6
    )
