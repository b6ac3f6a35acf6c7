"""Every model by the name that the command line uses."""

from .autoencoders import AUTOENCODERS
from .entry import Entry
from .heads import HEADS
from .vaes import VAES

MODELS: dict[str, Entry] = AUTOENCODERS | VAES | HEADS
