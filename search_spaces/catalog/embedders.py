"""Embedders: searched by the accuracy of the nearest neighbors of codes."""

from ...models.types import Direction
from .entry import NEAREST, PROBE, PUBLISHED, CatalogEntry, Published, spaces_of

METRICS: dict[str, Direction] = {"nearest": "maximize", "probe": "maximize"}
BATCH_SIZE = 64  # in small batches, few items have both their class and another one


def _embedder(function: str, summary: str, margin: float) -> CatalogEntry:
    params = {"margin": margin, "lr": 0.01, "momentum": 0.99}
    return CatalogEntry(
        summary,
        spaces_of("embedder_spaces", function, PUBLISHED),
        METRICS,
        NEAREST | PROBE,
        predicts="class",
        published=Published(params, epochs=20, batch_size=BATCH_SIZE),
        batch_size=BATCH_SIZE,
    )


EMBEDDERS = {
    "siamese": _embedder("siamese", "codes from pairs: near if of one class, far if not", 2.0),
    "triplet": _embedder(
        "triplet", "codes from triplets: nearer to one's class than to another", 1.0
    ),
}
