"""Items whose label contradicts the labels of their nearest neighbors."""

import torch

from ...models.roles import Compares, Predicts
from ...objectives.data.item_metadata import ITEM_COLUMN
from ...objectives.data.preparation.labels import require_labels
from ...objectives.metrics.label_errors import VOTERS, find_contradictions
from .coded_items import CodedItems
from .data_items import CLASS_COLUMN, PART_COLUMN
from .prediction_functions import round_significant
from .similar_items import RATIO, Findings, make_sheet
from .trained_network import TrainedNetwork

SUGGESTED, AGREEING, SUGGESTING = "suggested", "agreeing", "suggesting"
RESERVED = (SUGGESTED, AGREEING, SUGGESTING, RATIO)
PRINTED = (ITEM_COLUMN, PART_COLUMN, CLASS_COLUMN, *RESERVED)


def find_doubtful_labels(network: TrainedNetwork) -> Findings:
    """Returns the items of all parts whose label their neighbors contradict; see `similar`."""
    data = require_labels(network.tensor_data)
    items = CodedItems.of_parts(network, reserved=RESERVED)
    targets = [part.targets for part in data.splits[:3] if part.targets is not None]
    found = find_contradictions(items.codes, torch.cat(targets).numpy())
    doubtful = items.take(found.indices.tolist())
    table = doubtful.table
    table[SUGGESTED] = [data.spec.classes[label] for label in found.suggested.tolist()]
    table[AGREEING], table[SUGGESTING] = found.agreeing, found.suggesting
    table[RATIO] = [round_significant(value) for value in found.ratio.tolist()]
    notes = [
        f"{len(table):,} of {len(items.codes):,} items have another label than most of their "
        f"{VOTERS} nearest neighbors; the likeliest errors come first"
    ]
    if isinstance(network.model, Predicts | Compares):
        notes.append(
            "this network was trained with these labels, so that it may have learned wrong ones: "
            "the codes of an autoencoder find more of them"
        )
    title = "The most doubtful labels, and the nearest items; another label is red"
    is_image = data.spec.kind == "image"
    sheet = make_sheet(doubtful, found.neighbors, items) if is_image else ()
    return Findings(table, PRINTED, tuple(notes), title, sheet)
