"""Settings of the fork server, which imports this file first."""

import atexit
import os

from ..study.garbage_collection import delay_garbage_collection

delay_garbage_collection()  # until a worker starts it
atexit.register(os._exit, 0)  # Python would unload PyTorch for seconds
