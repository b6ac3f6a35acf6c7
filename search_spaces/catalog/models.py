"""Every model by the name that the command line uses."""

from .autoencoders import AUTOENCODERS
from .embedders import EMBEDDERS
from .entry import Entry
from .gans import GANS
from .heads import HEADS
from .predictors import PREDICTORS
from .vaes import VAES

MODELS: dict[str, Entry] = AUTOENCODERS | VAES | GANS | EMBEDDERS | PREDICTORS | HEADS
