"""Every published system by the name of its row."""

from .row import Row
from .supervised import SUPERVISED
from .unsupervised import UNSUPERVISED
from .uses import USES

ROWS: dict[str, Row] = {**UNSUPERVISED, **SUPERVISED, **USES}
