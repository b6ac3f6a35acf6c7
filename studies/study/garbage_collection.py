"""Turns Python's garbage collection off while libraries are imported.

Without it, PyTorch and Lightning are imported in four fifths of the time. Nearly all objects that
an import creates live as long as the process.
"""

import gc

_is_delayed = False


def delay_garbage_collection() -> None:
    """Turns garbage collection off until `start_garbage_collection` is called."""
    global _is_delayed
    _is_delayed = True
    gc.disable()


def start_garbage_collection() -> None:
    """Turns garbage collection on if it was delayed.

    It ignores all objects that exist at the time of this call.
    """
    global _is_delayed
    if _is_delayed:
        _is_delayed = False
        gc.freeze()
        gc.enable()
