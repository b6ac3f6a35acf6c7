"""Embedders: searched by what the nearest neighbour of a code says of its class."""

from .entry import PROBE, PUBLISHED, SPACES, CatalogEntry, Direction, Published

METRICS: dict[str, Direction] = {"nearest": "maximize", "probe": "maximize"}
NEAREST = {"nearest": "latentune.objectives.metrics.nearest_neighbors:NearestNeighbor"}
BATCH_SIZE = 64  # items in a batch: in one of two, none has both its class and another beside it


def _row(function: str, summary: str, margin: float) -> CatalogEntry:
    spaces = {
        "default": f"{SPACES}.embedder:{function}",
        PUBLISHED: f"{SPACES}.embedder:{function}_published",
    }
    params = {"margin": margin, "lr": 0.01, "momentum": 0.99}
    published = Published(params, epochs=20, batch_size=BATCH_SIZE)
    return CatalogEntry(
        summary,
        spaces,
        METRICS,
        NEAREST | PROBE,
        predicts="class",
        published=published,
        batch_size=BATCH_SIZE,
    )


EMBEDDERS = {
    "siamese": _row("siamese", "codes from pairs: near if of one class, far if not", 2.0),
    "triplet": _row("triplet", "codes from triplets: nearer to one's class than to another", 1.0),
}
