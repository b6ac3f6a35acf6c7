"""Nearest neighbors of codes, and labels that they contradict."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from latentune.objectives.metrics.label_errors import find_contradictions
from latentune.objectives.metrics.neighbor_index import NeighborIndex


@pytest.mark.parametrize("columns", [3, 20], ids=["tree", "brute force"])
def test_neighbors_are_those_of_all_distances(columns: int) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(1000, 1, (200, columns)).astype(np.float32)
    rows[7], rows[8] = rows[3], rows[3] + np.float32(1e-3)
    queries = rows[:50] + rng.normal(0, 0.1, (50, columns)).astype(np.float32)
    all_distances = cdist(queries.astype(float), rows.astype(float))
    found = NeighborIndex(rows).find(queries, 4)
    np.testing.assert_allclose(found.distances, np.sort(all_distances)[:, :4], rtol=1e-3)
    others = NeighborIndex(rows).find_others(2)
    assert set(others.indices[3]) == {7, 8}
    assert others.distances[3, 0] == others.distances[7, 0] == 0
    assert (others.indices != np.arange(200)[:, None]).all()


def test_precision_is_the_share_of_neighbors_of_the_class() -> None:
    rows, classes = np.array([[0.0], [1.0], [2.0], [9.0]]), np.array([0, 0, 1, 1])
    found = NeighborIndex(rows).find(np.array([[0.1], [8.0]]), 3)
    assert found.precision(classes, np.array([0, 1])) == pytest.approx((2 / 3 + 2 / 3) / 2)


def blobs(per_class: int = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    centers = np.array([[0, 0], [8, 0], [0, 8]])
    classes = np.repeat([0, 1, 2], per_class)
    return centers[classes] + rng.normal(size=(len(classes), 2)), classes


def test_planted_labels_come_first_and_their_classes_are_suggested() -> None:
    codes, classes = blobs()
    labels, planted = classes.copy(), [3, 50, 100]
    labels[planted] = (classes[planted] + 1) % 3
    codes[10] = [3.9, 0.0]  # between two classes
    found = find_contradictions(codes, labels)
    assert set(found.indices[:3]) == set(planted)
    by_index = dict(zip(found.indices, found.suggested, strict=True))
    assert [by_index[index] for index in planted] == classes[planted].tolist()
    assert (found.agreeing < found.suggesting).all()
    assert (found.ratio[:3] > 2).all()
    np.testing.assert_array_equal(
        (labels[found.neighbors.indices] == labels[found.indices][:, None]).mean(1), found.agreeing
    )


def test_right_labels_and_single_items() -> None:
    codes, labels = blobs()
    assert len(find_contradictions(codes, labels).indices) == 0
    labels[5] = 3  # no other item has this class
    found = find_contradictions(codes, labels)
    assert list(found.indices) == [5]
    assert np.isinf(found.ratio[0])
    few = find_contradictions(codes[[0, 1, 2, 40, 41, 42]], np.array([0, 0, 1, 1, 1, 1]))
    assert found.suggested[0] == 0
    assert set(few.indices) <= set(range(6))
