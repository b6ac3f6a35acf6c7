"""Every model by its name on the command line, and by its family."""

from collections.abc import Mapping

from .autoencoders import AUTOENCODERS
from .embedders import EMBEDDERS
from .entry import CatalogEntry
from .gans import GANS
from .heads import HEADS
from .predictors import PREDICTORS
from .vaes import VAES

FAMILIES: dict[str, Mapping[str, CatalogEntry]] = {
    "autoencoders": AUTOENCODERS,
    "variational autoencoders": VAES,
    "adversarial": GANS,
    "metric learning": EMBEDDERS,
    "predictors": PREDICTORS,
    "predictors on an encoder": HEADS,
}
MODELS: dict[str, CatalogEntry] = {
    name: entry for family in FAMILIES.values() for name, entry in family.items()
}
